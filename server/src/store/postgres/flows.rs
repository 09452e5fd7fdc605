//! [`Store`] over PostgreSQL: each method one transaction.

use super::super::{
    Answer, AttemptOf, Cancelling, Claim, Claimed, Completing, Completion, Flow, FlowState,
    NewAttempt, NewFlow, Opening, PendingRevocation, Return, Store, StoreError, StoredConnection,
    Swept,
};
use super::{PostgresStore, rows, write};
use crate::clock::Millis;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use sqlx::Row as _;
use std::pin::Pin;

impl Store for PostgresStore {
    fn open_attempt<'a>(
        &'a self,
        flow: &'a NewFlow,
        attempt: &'a NewAttempt,
        now: Millis,
    ) -> Answer<'a, Opening> {
        Box::pin(self.transact(async move |it| write::open_attempt(it, flow, attempt, now).await))
    }

    fn attempt<'a>(&'a self, state_hash: &'a [u8; 32]) -> Answer<'a, Option<AttemptOf>> {
        Box::pin(self.read(async move |it| rows::attempt(it, state_hash).await))
    }

    fn claim<'a>(
        &'a self,
        of: &'a Return,
        claim: &'a Claim,
        now: Millis,
    ) -> Answer<'a, Option<Claimed>> {
        Box::pin(self.transact(async move |it| write::claim(it, of, claim, now).await))
    }

    fn refuse<'a>(
        &'a self,
        of: &'a Return,
        to: FlowState,
        error: &'a ErrorCode,
        now: Millis,
    ) -> Answer<'a, bool> {
        Box::pin(self.transact(async move |it| write::refuse(it, of, to, error, now).await))
    }

    fn cancel<'a>(
        &'a self,
        user: &'a str,
        flow: &'a FlowId,
        now: Millis,
    ) -> Answer<'a, Cancelling> {
        Box::pin(self.transact(async move |it| write::cancel(it, user, flow, now).await))
    }

    fn complete<'a>(&'a self, completion: &'a Completion, now: Millis) -> Answer<'a, Completing> {
        Box::pin(self.transact(async move |it| write::complete(it, completion, now).await))
    }

    fn fail<'a>(
        &'a self,
        flow: &'a FlowId,
        claim_id: &'a str,
        error: &'a ErrorCode,
        now: Millis,
    ) -> Answer<'a, bool> {
        Box::pin(self.transact(async move |it| write::fail(it, flow, claim_id, error, now).await))
    }

    fn resume<'a>(
        &'a self,
        of: &'a Return,
        flow: &'a NewFlow,
        attempt: &'a NewAttempt,
        now: Millis,
    ) -> Answer<'a, Option<Flow>> {
        Box::pin(self.transact(async move |it| write::resume(it, of, flow, attempt, now).await))
    }

    fn flow<'a>(&'a self, user: &'a str, id: &'a FlowId) -> Answer<'a, Option<Flow>> {
        Box::pin(self.read(async move |it| {
            let flow = rows::flow(it, id.as_str()).await?;
            Ok(flow.filter(|flow| flow.user == user))
        }))
    }

    fn latest_flow<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
        since: Millis,
    ) -> Answer<'a, Option<Flow>> {
        Box::pin(self.read(async move |it| rows::latest_flow(it, user, provider, since).await))
    }

    fn connection<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
    ) -> Answer<'a, Option<StoredConnection>> {
        Box::pin(self.read(async move |it| rows::connection(it, user, provider).await))
    }

    fn revocations(&self) -> Answer<'_, Vec<PendingRevocation>> {
        Box::pin(self.read(async move |it| rows::revocations(it).await))
    }

    fn sweep(&self, now: Millis, forget_before: Millis) -> Answer<'_, Swept> {
        Box::pin(async move {
            let mut all = Swept::default();
            loop {
                let (swept, more) = self
                    .transact(async move |it| write::sweep(it, now, forget_before).await)
                    .await?;
                all.expired += swept.expired;
                all.interrupted += swept.interrupted;
                all.removed += swept.removed;
                if !more {
                    return Ok(all);
                }
            }
        })
    }

    fn key_ids(&self) -> Answer<'_, Vec<String>> {
        Box::pin(self.read(async move |it| rows::key_ids(it).await))
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(self.read(async move |it| {
            // A standby says so too.
            let row = sqlx::query("SELECT current_setting('transaction_read_only') = 'on'")
                .fetch_one(it)
                .await?;
            if row.try_get(0)? {
                return Err(StoreError::Unavailable("it takes no writes".to_owned()));
            }
            Ok(())
        }))
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.pool.close())
    }
}
