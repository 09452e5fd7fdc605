//! The database, as the two services see it: one trait of domain methods. SQL stands in its implementations alone.
//!
//! ```text
//!            claim                complete
//!  pending ─────────▶ exchanging ─────────▶ completed
//!     │ refuse, cancel     │ fail, sweep        ▲
//!     ├──▶ cancelled       └──────▶ failed ─────┘  only `interrupted`, only by the same claim
//!     ├──▶ failed
//!     └──▶ expired   sweep, resume
//! ```
//!
//! Every step is one conditional update; a trigger refuses whatever is not in the picture.

pub mod changes;
mod database;
mod error;
pub mod postgres;
pub mod records;
mod row;
pub mod sqlite;
pub mod tokens;

pub use changes::{Change, ChangeStore, Listing, Replay, Risen, Watch};
pub use database::Database;
pub use error::StoreError;
pub use postgres::PostgresStore;
pub use records::{
    Attempt, AttemptOf, Cancelling, Claim, Claimed, Completing, Completion, Flow, FlowState,
    NewAttempt, NewConnection, NewFlow, Opening, PendingRevocation, Return, Swept, TokenKind,
};
pub use sqlite::SqliteStore;
pub use tokens::{
    Beginning, ConnectionState, Disconnection, Ending, Intent, ReauthReason, Renewal, Renewing,
    SealedRow, SealedTable, StoredConnection, TokenStore, Verdict,
};

use crate::clock::Millis;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use std::future::Future;
use std::pin::Pin;

/// A store's answer, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything that the services ask of a database. One contract suite runs on each implementation.
pub trait Store: TokenStore + ChangeStore {
    /// Opens an attempt: on a new flow, or on the same person's pending flow of that id or idempotency key.
    fn open_attempt<'a>(
        &'a self,
        flow: &'a NewFlow,
        attempt: &'a NewAttempt,
        now: Millis,
    ) -> Answer<'a, Opening>;

    /// The attempt with this state and its flow; changes nothing.
    fn attempt<'a>(&'a self, state_hash: &'a [u8; 32]) -> Answer<'a, Option<AttemptOf>>;

    /// Claims a flow for one exchange, if it can still be claimed and everything in `of` holds.
    fn claim<'a>(
        &'a self,
        of: &'a Return,
        claim: &'a Claim,
        now: Millis,
    ) -> Answer<'a, Option<Claimed>>;

    /// Settles a pending flow by the provider's error, under the guards of a claim. Whether it did.
    fn refuse<'a>(
        &'a self,
        of: &'a Return,
        to: FlowState,
        error: &'a ErrorCode,
        now: Millis,
    ) -> Answer<'a, bool>;

    /// Cancels a pending flow for its owner.
    fn cancel<'a>(&'a self, user: &'a str, flow: &'a FlowId, now: Millis)
    -> Answer<'a, Cancelling>;

    /// Stores tokens and completes the flow in one transaction; where the claim no longer holds, queues the tokens
    /// for revocation in the same transaction.
    fn complete<'a>(&'a self, completion: &'a Completion, now: Millis) -> Answer<'a, Completing>;

    /// Settles an exchange that brought nothing, if the claim still holds. Whether it did.
    fn fail<'a>(
        &'a self,
        flow: &'a FlowId,
        claim_id: &'a str,
        error: &'a ErrorCode,
        now: Millis,
    ) -> Answer<'a, bool>;

    /// Goes on from an expired flow into a new one, once. The new flow, if it was made.
    fn resume<'a>(
        &'a self,
        of: &'a Return,
        flow: &'a NewFlow,
        attempt: &'a NewAttempt,
        now: Millis,
    ) -> Answer<'a, Option<Flow>>;

    /// A person's flow.
    fn flow<'a>(&'a self, user: &'a str, id: &'a FlowId) -> Answer<'a, Option<Flow>>;

    /// A person's newest flow of a provider that was made or settled at `since` or later.
    fn latest_flow<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
        since: Millis,
    ) -> Answer<'a, Option<Flow>>;

    /// A person's active connection to a provider.
    fn connection<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
    ) -> Answer<'a, Option<StoredConnection>>;

    /// The tokens that wait to be revoked, oldest first.
    fn revocations(&self) -> Answer<'_, Vec<PendingRevocation>>;

    /// Expires flows that nobody came back to, interrupts exchanges whose claim ran out, and removes flows that
    /// settled before `forget_before`.
    fn sweep(&self, now: Millis, forget_before: Millis) -> Answer<'_, Swept>;

    /// The ids of the keys that encrypted values name.
    fn key_ids(&self) -> Answer<'_, Vec<String>>;

    /// Whether the database answers, and takes writes.
    fn ping(&self) -> Answer<'_, ()>;

    /// Waits until every connection is back and closed.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
