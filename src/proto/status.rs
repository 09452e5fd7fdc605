//! Where a flow stands, and on whose word.

/// The status of a flow, lowest first: `pending < expired < cancelled < failed < completed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing is decided.
    Pending,
    /// Nobody came back in time.
    Expired,
    /// The person said no, in the app or at the provider.
    Cancelled,
    /// It went wrong.
    Failed,
    /// The connection was made.
    Completed,
}

impl Status {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Completed => "completed",
        }
    }

    /// The status that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Expired,
            Self::Cancelled,
            Self::Failed,
            Self::Completed,
        ]
        .into_iter()
        .find(|status| status.as_str() == word)
    }
}

/// On whose word a verdict rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// A reply of the status endpoint, push, or the app's `report`.
    Server,
    /// What a callback page said.
    Notice,
    /// The person pressed cancel.
    Person,
    /// `expireAfter` has passed.
    Clock,
    /// The flow could not be started here (`start_failed`): final, and nobody is asked.
    Local,
}

impl Basis {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Notice => "notice",
            Self::Person => "person",
            Self::Clock => "clock",
            Self::Local => "local",
        }
    }

    /// The basis that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Server,
            Self::Notice,
            Self::Person,
            Self::Clock,
            Self::Local,
        ]
        .into_iter()
        .find(|basis| basis.as_str() == word)
    }
}
