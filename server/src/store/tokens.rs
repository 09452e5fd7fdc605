//! What the token service asks of a database: leases, generations, and what waits to be revoked.

use super::{Answer, PendingRevocation};
use crate::clock::Millis;
use crate::envelope::Sealed;

/// A stored connection, its tokens still encrypted.
#[derive(Clone, Debug)]
pub struct StoredConnection {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// The provider's id.
    pub provider: String,
    /// The tools that it connects.
    pub tools: Vec<String>,
    /// What was granted.
    pub scope: Option<String>,
    /// The access token's envelope.
    pub access_token: Vec<u8>,
    /// The refresh token's envelope.
    pub refresh_token: Option<Vec<u8>>,
    /// When the access token was issued.
    pub access_issued_at: Option<Millis>,
    /// When the access token expires, if it does.
    pub access_expires_at: Option<Millis>,
    /// Counts the token pairs of this row.
    pub generation: i64,
    /// Why the person has to connect again.
    pub reauth_reason: Option<ReauthReason>,
    /// Until when a process may be asking the provider.
    pub lease_until: Option<Millis>,
    /// The generation whose refresh token was sent without a usable answer, or is on its way.
    pub sent_generation: Option<i64>,
    /// Why the last refresh did not work.
    pub refresh_error: Option<String>,
    /// Until when the provider is left alone after that.
    pub cooling_until: Option<Millis>,
    /// When it was first made.
    pub created_at: Millis,
    /// When its tokens last changed.
    pub updated_at: Millis,
    /// When it was disconnected.
    pub disconnected_at: Option<Millis>,
    /// The number of its last change, on its person's counter.
    pub version: i64,
}

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It works, as far as anybody knows.
    Active,
    /// Its access token has expired: by the clock, without a change of the row.
    Expired,
    /// The last refresh did not work; a later one may.
    RefreshFailed,
    /// The person has to connect again.
    ReauthRequired,
    /// It has ended.
    Disconnected,
}

impl ConnectionState {
    /// As replies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::RefreshFailed => "refresh_failed",
            Self::ReauthRequired => "reauth_required",
            Self::Disconnected => "disconnected",
        }
    }
}

impl StoredConnection {
    /// Where it is at `now`: what a person has to do comes before what passes.
    #[must_use]
    pub fn state_at(&self, now: Millis) -> ConnectionState {
        if self.disconnected_at.is_some() {
            ConnectionState::Disconnected
        } else if self.reauth_reason.is_some() {
            ConnectionState::ReauthRequired
        } else if self.refresh_error.is_some() {
            ConnectionState::RefreshFailed
        } else if self.is_good(now) {
            ConnectionState::Active
        } else {
            ConnectionState::Expired
        }
    }

    /// Whether its access token has not expired.
    #[must_use]
    pub fn is_good(&self, now: Millis) -> bool {
        self.access_expires_at.is_none_or(|expires| now < expires)
    }

    /// Whether its refresh token may have been used though no answer came.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.sent_generation == Some(self.generation)
    }
}

/// Why a person has to connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReauthReason {
    /// The provider says that the grant is over: revoked, expired, or another password.
    GrantRejected,
    /// The provider refused a refresh token that was sent before without an answer: its successor was lost.
    RotationLost,
    /// The access token has expired, and the provider gave no refresh token.
    NoRefreshToken,
}

impl ReauthReason {
    /// As the database and replies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GrantRejected => "grant_rejected",
            Self::RotationLost => "rotation_lost",
            Self::NoRefreshToken => "no_refresh_token",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::GrantRejected,
            Self::RotationLost,
            Self::NoRefreshToken,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
    }
}

/// The wish to refresh one generation of a connection.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The connection.
    pub connection: String,
    /// The generation that was seen.
    pub generation: i64,
    /// The lease to take; random.
    pub lease: String,
    /// Until when the lease holds.
    pub until: Millis,
    /// Whether to ask also while the provider is left alone after a failure.
    pub forced: bool,
    /// Whether the refresh token is really sent: a simulation leaves no trace of one.
    pub sends: bool,
}

/// What became of an [`Intent`].
#[derive(Clone, Debug)]
pub enum Beginning {
    /// The lease is taken and the intent noted. The row is as it was before.
    Begun(Box<StoredConnection>),
    /// Another holds the lease, or the generation moved, or the person has to connect again: as the row says.
    Refused(Box<StoredConnection>),
    /// There is no such connection any more.
    Gone,
}

/// New tokens for a generation.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The connection.
    pub connection: String,
    /// The generation whose refresh token was used.
    pub generation: i64,
    /// The access token.
    pub access_token: Sealed,
    /// The refresh token: a new one, or the one that stays good.
    pub refresh_token: Option<Sealed>,
    /// What is granted now, where the provider said so.
    pub scope: Option<String>,
    /// When the access token expires, if it does.
    pub access_expires_at: Option<Millis>,
    /// The same tokens, encrypted for the queue, should the connection be disconnected.
    pub otherwise: Vec<PendingRevocation>,
}

/// What became of a [`Renewal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewing {
    /// Stored, as the next generation.
    Stored,
    /// The generation had moved. The tokens are dropped and not revoked: they may stand on the same grant as the
    /// stored ones, and revoking them would end both.
    Moved,
    /// The connection is disconnected; the tokens are queued for revocation.
    Disconnected,
}

/// How an attempt that brought nothing ends.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The connection.
    pub connection: String,
    /// The generation that was used.
    pub generation: i64,
    /// The lease.
    pub lease: String,
    /// What becomes of the row.
    pub verdict: Verdict,
}

/// What becomes of a row after an attempt that brought nothing.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// As if it had not been.
    Untouched,
    /// It did not work, and the refresh token is as good as before.
    Cooling {
        /// Why.
        error: String,
        /// Until when the provider is left alone.
        until: Millis,
    },
    /// It was sent, and nobody knows whether it was used.
    Uncertain {
        /// Why.
        error: String,
        /// Until when the provider is left alone.
        until: Millis,
    },
    /// The person has to connect again.
    Reauth(ReauthReason),
}

/// The wish to end a connection.
#[derive(Clone, Debug)]
pub struct Disconnection {
    /// The connection.
    pub connection: String,
    /// The generation whose tokens are in `tokens`.
    pub generation: i64,
    /// Its tokens, encrypted for the queue.
    pub tokens: Vec<PendingRevocation>,
}

/// Encrypted values of one row that need a key other than the active one.
#[derive(Clone, Debug)]
pub struct SealedRow {
    /// The table.
    pub table: SealedTable,
    /// The row's id, as it is in the associated data.
    pub row: String,
    /// Whose row it is.
    pub user: String,
    /// The key that it needs now.
    pub key_id: String,
    /// The first value: the access token, the queued token, the verifier.
    pub first: Vec<u8>,
    /// The second: the refresh token.
    pub second: Option<Vec<u8>>,
}

/// A table with encrypted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedTable {
    /// The connections' tokens.
    Connections,
    /// The tokens that wait to be revoked.
    Revocations,
    /// The verifiers of flows that can still be claimed.
    Attempts,
}

/// The part of a store that the token service alone uses.
pub trait TokenStore: Send + Sync + 'static {
    /// The active connections, of one person or of all, by person and provider.
    fn connections<'a>(&'a self, user: Option<&'a str>) -> Answer<'a, Vec<StoredConnection>>;

    /// Takes the lease and notes the intent, where the generation is still the one seen, nobody holds the lease, and
    /// the person need not connect again.
    fn begin_refresh<'a>(&'a self, intent: &'a Intent, now: Millis) -> Answer<'a, Beginning>;

    /// Stores both tokens as the next generation, guarded by the generation that was used; clears a
    /// `reauth_required` of that generation.
    fn renew<'a>(&'a self, renewal: &'a Renewal, now: Millis) -> Answer<'a, Renewing>;

    /// Ends an attempt that brought nothing. Whether its verdict stands: not where the generation has moved or
    /// another attempt is under way.
    fn end_refresh<'a>(&'a self, ending: &'a Ending, now: Millis) -> Answer<'a, bool>;

    /// Disconnects and queues the tokens, where the generation is still this one. Whether it was.
    fn disconnect<'a>(&'a self, of: &'a Disconnection, now: Millis) -> Answer<'a, bool>;

    /// Takes the oldest token that is due to be revoked, or the one of that id, until `until`; a person's refresh token
    /// before the access token that was queued with it. The count is of the attempts with this one.
    fn take_revocation<'a>(
        &'a self,
        id: Option<&'a str>,
        now: Millis,
        until: Millis,
    ) -> Answer<'a, Option<(PendingRevocation, u32)>>;

    /// Puts a token off.
    fn postpone_revocation<'a>(&'a self, id: &'a str, until: Millis) -> Answer<'a, ()>;

    /// Removes a token from the queue.
    fn finish_revocation<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;

    /// How many tokens wait to be revoked, of one person or of all.
    fn waiting_revocations<'a>(&'a self, user: Option<&'a str>) -> Answer<'a, u64>;

    /// The rows that need another key than `active`.
    fn sealed_otherwise<'a>(&'a self, active: &'a str) -> Answer<'a, Vec<SealedRow>>;

    /// Replaces a row's encrypted values, where they are still those of `old`. Whether they were.
    fn reseal<'a>(
        &'a self,
        old: &'a SealedRow,
        first: &'a Sealed,
        second: Option<&'a Sealed>,
    ) -> Answer<'a, bool>;
}
