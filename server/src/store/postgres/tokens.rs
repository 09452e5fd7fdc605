//! [`TokenStore`] over PostgreSQL: each method one transaction.

use super::super::{
    Answer, Beginning, Disconnection, Ending, Intent, PendingRevocation, Renewal, Renewing,
    SealedRow, StoredConnection, TokenStore,
};
use super::{PostgresStore, keys, refresh, revocation, rows};
use crate::clock::Millis;
use crate::envelope::Sealed;

impl TokenStore for PostgresStore {
    fn connections<'a>(&'a self, user: Option<&'a str>) -> Answer<'a, Vec<StoredConnection>> {
        Box::pin(self.read(async move |it| rows::connections(it, user).await))
    }

    fn begin_refresh<'a>(&'a self, intent: &'a Intent, now: Millis) -> Answer<'a, Beginning> {
        Box::pin(self.transact(async move |it| refresh::begin(it, intent, now).await))
    }

    fn renew<'a>(&'a self, renewal: &'a Renewal, now: Millis) -> Answer<'a, Renewing> {
        Box::pin(self.transact(async move |it| refresh::renew(it, renewal, now).await))
    }

    fn end_refresh<'a>(&'a self, ending: &'a Ending, now: Millis) -> Answer<'a, bool> {
        Box::pin(self.transact(async move |it| refresh::end(it, ending, now).await))
    }

    fn disconnect<'a>(&'a self, of: &'a Disconnection, now: Millis) -> Answer<'a, bool> {
        Box::pin(self.transact(async move |it| revocation::disconnect(it, of, now).await))
    }

    fn take_revocation<'a>(
        &'a self,
        id: Option<&'a str>,
        now: Millis,
        until: Millis,
    ) -> Answer<'a, Option<(PendingRevocation, u32)>> {
        Box::pin(self.transact(async move |it| revocation::take(it, id, now, until).await))
    }

    fn postpone_revocation<'a>(&'a self, id: &'a str, until: Millis) -> Answer<'a, ()> {
        Box::pin(self.transact(async move |it| revocation::postpone(it, id, until).await))
    }

    fn finish_revocation<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(self.transact(async move |it| revocation::finish(it, id).await))
    }

    fn waiting_revocations<'a>(&'a self, user: Option<&'a str>) -> Answer<'a, u64> {
        Box::pin(self.read(async move |it| revocation::waiting(it, user).await))
    }

    fn sealed_otherwise<'a>(&'a self, active: &'a str) -> Answer<'a, Vec<SealedRow>> {
        Box::pin(self.read(async move |it| keys::sealed_otherwise(it, active).await))
    }

    fn reseal<'a>(
        &'a self,
        old: &'a SealedRow,
        first: &'a Sealed,
        second: Option<&'a Sealed>,
    ) -> Answer<'a, bool> {
        Box::pin(self.transact(async move |it| keys::reseal(it, old, first, second).await))
    }
}
