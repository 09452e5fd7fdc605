//! [`TokenStore`] over SQLite: each method one transaction.

use super::super::{
    Answer, Beginning, Disconnection, Ending, Intent, PendingRevocation, Renewal, Renewing,
    SealedRow, StoredConnection, TokenStore,
};
use super::{SqliteStore, keys, refresh, revocation, rows};
use crate::clock::Millis;
use crate::envelope::Sealed;

impl TokenStore for SqliteStore {
    fn connections<'a>(&'a self, user: Option<&'a str>) -> Answer<'a, Vec<StoredConnection>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::connections(&mut connection, user).await
        })
    }

    fn begin_refresh<'a>(&'a self, intent: &'a Intent, now: Millis) -> Answer<'a, Beginning> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let beginning = refresh::begin(&mut transaction, intent, now).await?;
            self.commit(transaction).await?;
            Ok(beginning)
        })
    }

    fn renew<'a>(&'a self, renewal: &'a Renewal, now: Millis) -> Answer<'a, Renewing> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let renewing = refresh::renew(&mut transaction, renewal, now).await?;
            self.commit(transaction).await?;
            Ok(renewing)
        })
    }

    fn end_refresh<'a>(&'a self, ending: &'a Ending, now: Millis) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let ended = refresh::end(&mut transaction, ending, now).await?;
            self.commit(transaction).await?;
            Ok(ended)
        })
    }

    fn disconnect<'a>(&'a self, of: &'a Disconnection, now: Millis) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let disconnected = revocation::disconnect(&mut transaction, of, now).await?;
            self.commit(transaction).await?;
            Ok(disconnected)
        })
    }

    fn take_revocation<'a>(
        &'a self,
        id: Option<&'a str>,
        now: Millis,
        until: Millis,
    ) -> Answer<'a, Option<(PendingRevocation, u32)>> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let taken = revocation::take(&mut transaction, id, now, until).await?;
            self.commit(transaction).await?;
            Ok(taken)
        })
    }

    fn postpone_revocation<'a>(&'a self, id: &'a str, until: Millis) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            revocation::postpone(&mut transaction, id, until).await?;
            self.commit(transaction).await?;
            Ok(())
        })
    }

    fn finish_revocation<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            revocation::finish(&mut transaction, id).await?;
            self.commit(transaction).await?;
            Ok(())
        })
    }

    fn waiting_revocations<'a>(&'a self, user: Option<&'a str>) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            revocation::waiting(&mut connection, user).await
        })
    }

    fn sealed_otherwise<'a>(&'a self, active: &'a str) -> Answer<'a, Vec<SealedRow>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            keys::sealed_otherwise(&mut connection, active).await
        })
    }

    fn reseal<'a>(
        &'a self,
        old: &'a SealedRow,
        first: &'a Sealed,
        second: Option<&'a Sealed>,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let resealed = keys::reseal(&mut transaction, old, first, second).await?;
            self.commit(transaction).await?;
            Ok(resealed)
        })
    }
}
