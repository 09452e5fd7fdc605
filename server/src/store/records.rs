//! What goes into and out of a [`Store`](super::Store).

use crate::clock::Millis;
use crate::envelope::Sealed;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;

/// Where a stored flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowState {
    /// A person is at the provider, or gone.
    Pending,
    /// A callback has claimed it; to the outside it is pending.
    Exchanging,
    /// Connected.
    Completed,
    /// It did not work.
    Failed,
    /// The person said no.
    Cancelled,
    /// Nobody came back in time.
    Expired,
}

impl FlowState {
    /// As the database writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Exchanging => "exchanging",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Exchanging,
            Self::Completed,
            Self::Failed,
            Self::Cancelled,
            Self::Expired,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }

    /// Whether nothing follows (but for an interrupted exchange whose answer came late).
    #[must_use]
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Pending | Self::Exchanging)
    }
}

/// A stored flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The browser's id of it, or ours where the browser gave none.
    pub id: FlowId,
    /// Whose it is.
    pub user: String,
    /// The provider's id.
    pub provider: String,
    /// Where it is.
    pub state: FlowState,
    /// Why it did not end well.
    pub error: Option<ErrorCode>,
    /// The page of the app to go back to.
    pub return_to: Option<String>,
    /// When it was made.
    pub created_at: Millis,
    /// When new attempts end.
    pub expires_at: Millis,
    /// When callbacks end: the expiry and its grace.
    pub claimable_until: Millis,
    /// When it settled.
    pub settled_at: Option<Millis>,
    /// The connection that it made.
    pub connection_id: Option<String>,
    /// The tools of that connection.
    pub tools: Vec<String>,
    /// The expired flow that this one continues.
    pub resumed_from: Option<FlowId>,
    /// The flow that continues this expired one.
    pub superseded_by: Option<FlowId>,
    /// The number of its last change, on its person's counter.
    pub version: i64,
}

impl Flow {
    /// Where it is at `now`: one that can no longer be claimed is expired, also before the sweeper has said so.
    #[must_use]
    pub const fn state_at(&self, now: Millis) -> FlowState {
        match self.state {
            FlowState::Pending if self.claimable_until <= now => FlowState::Expired,
            state => state,
        }
    }
}

/// A flow to be made, if its id is new.
#[derive(Clone, Debug)]
pub struct NewFlow {
    /// Its id.
    pub id: FlowId,
    /// Whose it is.
    pub user: String,
    /// The provider's id.
    pub provider: String,
    /// The page of the app to go back to.
    pub return_to: Option<String>,
    /// The same key of the same person gives the same flow.
    pub idempotency_key: Option<String>,
    /// When new attempts end.
    pub expires_at: Millis,
    /// When callbacks end.
    pub claimable_until: Millis,
}

/// An attempt to be added to a flow.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// SHA-256 of its state.
    pub state_hash: [u8; 32],
    /// SHA-256 of its cookie's value.
    pub binding_hash: [u8; 32],
    /// Where the provider sends the person back: the exchange must name the same.
    pub redirect_uri: String,
    /// The encrypted PKCE verifier, where the provider takes PKCE.
    pub verifier: Option<Sealed>,
    /// How many attempts a flow may have.
    pub limit: u32,
}

/// What became of opening an attempt.
#[derive(Clone, Debug)]
pub enum Opening {
    /// It is open; `true` where the flow is new.
    Opened(Flow, bool),
    /// The flow is another person's or another provider's.
    Foreign,
    /// The flow has settled, is being exchanged, or is out of time.
    Closed(Flow),
    /// The flow has all the attempts that it may have.
    Exhausted(Flow),
}

/// An attempt and its flow.
#[derive(Clone, Debug)]
pub struct AttemptOf {
    /// The attempt.
    pub attempt: Attempt,
    /// Its flow.
    pub flow: Flow,
}

/// A stored attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// SHA-256 of its cookie's value.
    pub binding_hash: [u8; 32],
    /// Where the provider was told to send the person.
    pub redirect_uri: String,
    /// The envelope of the verifier, while the flow can be claimed.
    pub verifier: Option<Vec<u8>>,
}

/// Who came back: all of it must hold, in the same statement that changes the flow.
#[derive(Clone, Debug)]
pub struct Return {
    /// SHA-256 of the state that came.
    pub state_hash: [u8; 32],
    /// SHA-256 of the cookie that came.
    pub binding_hash: [u8; 32],
    /// The provider of the route.
    pub provider: String,
    /// The signed-in person.
    pub user: String,
}

/// The right to exchange one code.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Random.
    pub id: String,
    /// After this the sweeper calls the exchange interrupted.
    pub until: Millis,
}

/// A flow that was claimed, with what the exchange needs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The flow.
    pub flow: Flow,
    /// The claim.
    pub claim_id: String,
    /// SHA-256 of the state that came.
    pub state_hash: [u8; 32],
    /// Where the provider was told to send the person.
    pub redirect_uri: String,
    /// The envelope of the verifier.
    pub verifier: Option<Vec<u8>>,
}

/// What became of a cancellation.
#[derive(Clone, Debug)]
pub enum Cancelling {
    /// It is cancelled, now or before.
    Cancelled(Flow),
    /// It is being exchanged, or has ended in another way.
    TooLate(Flow),
    /// There is no such flow of this person.
    Unknown,
}

/// Tokens for a claimed flow, encrypted for the row that will hold them.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The flow.
    pub flow: FlowId,
    /// The claim under which the tokens were fetched.
    pub claim_id: String,
    /// The connection.
    pub connection: NewConnection,
    /// The same tokens, encrypted for the queue, should the claim no longer hold.
    pub otherwise: Vec<PendingRevocation>,
}

/// A connection to be made, or to get new tokens.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Its id: that of the person's active connection, where there is one.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// The provider's id.
    pub provider: String,
    /// The tools that it connects.
    pub tools: Vec<String>,
    /// What was granted.
    pub scope: Option<String>,
    /// RFC 6749 5.1.
    pub token_type: Option<String>,
    /// The access token.
    pub access_token: Sealed,
    /// The refresh token.
    pub refresh_token: Option<Sealed>,
    /// When the access token expires, if it does.
    pub access_expires_at: Option<Millis>,
}

/// What became of a completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completing {
    /// The flow is completed and the tokens are stored.
    Completed,
    /// The claim no longer held: the tokens are queued for revocation.
    Refused,
    /// The person's active connection has another id now: encrypt for that one and come again.
    Moved,
}

/// A token that waits to be revoked.
#[derive(Clone, Debug)]
pub struct PendingRevocation {
    /// The row's id.
    pub id: String,
    /// Whose token it is.
    pub user: String,
    /// The provider's id.
    pub provider: String,
    /// Which token it is.
    pub kind: TokenKind,
    /// The token.
    pub token: Sealed,
}

/// RFC 7009 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A refresh token: revoked first.
    Refresh,
    /// An access token.
    Access,
}

impl TokenKind {
    /// As the database and RFC 7009 write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token",
            Self::Access => "access_token",
        }
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Flows that expired.
    pub expired: u64,
    /// Exchanges that were interrupted.
    pub interrupted: u64,
    /// Settled flows that were removed.
    pub removed: u64,
}
