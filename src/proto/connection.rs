//! A connection, as the server tells of it and as windows pass it on: what is known about it, never a token.
//!
//! Times are said as how long from now, so that no two clocks are compared; what has passed already is zero.

use crate::proto::bag::{Bag, Value, is_plain, span};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{MAX_INTEGRATION_ID, MAX_NAME};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use alloc::string::String;
use alloc::vec::Vec;

/// The most connections of one person that are read and kept.
pub const MAX_CONNECTIONS: usize = 256;
/// The most tools, and the most scopes, of one connection.
const MAX_TEXTS: usize = 64;
/// The longest scope, in bytes; some are addresses.
const MAX_SCOPE: usize = 256;

/// What can be done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// It works.
    Active,
    /// Its token's time is over.
    Expired,
    /// The last refresh came to nothing; another may not.
    RefreshFailed,
    /// The person has to connect again: no refresh will do.
    ReauthRequired,
    /// It is gone.
    Disconnected,
}

impl ConnectionState {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::RefreshFailed => "refresh_failed",
            Self::ReauthRequired => "reauth_required",
            Self::Disconnected => "disconnected",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [
            Self::Active,
            Self::Expired,
            Self::RefreshFailed,
            Self::ReauthRequired,
            Self::Disconnected,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

/// What came of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refreshed {
    /// The connection works.
    Done,
    /// It came to nothing; another may not.
    Failed,
    /// The person has to connect again.
    ReconnectRequired,
    /// There is no such connection any more.
    Removed,
}

impl Refreshed {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "refresh_failed",
            Self::ReconnectRequired => "reconnect_required",
            Self::Removed => "removed",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [
            Self::Done,
            Self::Failed,
            Self::ReconnectRequired,
            Self::Removed,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == word)
    }

    /// What the state of a connection means to who wanted it refreshed.
    pub(crate) fn of(state: ConnectionState) -> Self {
        match state {
            ConnectionState::Active => Self::Done,
            ConnectionState::Expired | ConnectionState::RefreshFailed => Self::Failed,
            ConnectionState::ReauthRequired => Self::ReconnectRequired,
            ConnectionState::Disconnected => Self::Removed,
        }
    }
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The app's own id of it; opaque.
    pub id: String,
    /// Which provider.
    pub provider: String,
    /// What it connects.
    pub tools: Vec<String>,
    /// What can be done with it.
    pub state: ConnectionState,
    /// Which change of this person's flows and connections it is from: the higher of two holds.
    pub version: u64,
    /// What the provider granted.
    pub scopes: Vec<String>,
    /// There is a refresh token.
    pub refreshable: bool,
    /// When its token's time is over; `None` for never, as far as is known.
    pub expires_in: Option<Millis>,
    /// When it should be refreshed.
    pub refresh_in: Option<Millis>,
    /// When a refresh that failed may be tried again.
    pub retry_in: Option<Millis>,
    /// Why it does not work.
    pub error: Option<ErrorCode>,
    /// When it was made, by the server's wall clock.
    pub connected_at: Millis,
    /// When it was refreshed last, by the same clock.
    pub refreshed_at: Option<Millis>,
}

impl Connection {
    /// Reads a connection. `None` for whatever is not one; more tools and scopes than are kept are left out.
    #[must_use]
    pub fn read(bag: &impl Bag) -> Option<Self> {
        Some(Self {
            id: bag.text("id", MAX_INTEGRATION_ID)?,
            provider: bag.text("provider", MAX_NAME)?,
            tools: texts(bag, "tools", MAX_NAME),
            state: ConnectionState::parse(&bag.text("state", 16)?)?,
            version: bag.whole("version")?,
            scopes: texts(bag, "scopes", MAX_SCOPE),
            refreshable: bag.flag("refreshable") == Some(true),
            expires_in: time_left(bag, "expiresIn"),
            refresh_in: time_left(bag, "refreshIn"),
            retry_in: time_left(bag, "retryIn"),
            error: ErrorCode::read(bag),
            connected_at: bag.time("connectedAt").unwrap_or_default(),
            refreshed_at: bag.time("refreshedAt"),
        })
    }

    /// The connections of `{ connections }`; what is none is left out.
    #[must_use]
    pub fn read_list(bag: &impl Bag) -> Option<Vec<Self>> {
        let mut connections = Vec::new();
        for item in bag.list("connections", MAX_CONNECTIONS)? {
            if let Value::Bag(item) = item
                && let Some(connection) = Self::read(&item)
            {
                connections.push(connection);
            }
        }
        Some(connections)
    }

    /// The connection as it is passed on.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        self.write(&mut object);
        object
            .some_time("expiresIn", self.expires_in)
            .some_time("refreshIn", self.refresh_in)
            .some_time("retryIn", self.retry_in);
        if let Some(code) = &self.error {
            let mut error = Tree::object();
            error.text("code", code.as_str());
            object.put("error", error);
        }
        object
    }

    /// Writes what is said of it to windows and apps alike.
    pub(crate) fn write(&self, object: &mut Tree) {
        object
            .text("id", &self.id)
            .text("provider", &self.provider)
            .put("tools", list(&self.tools))
            .text("state", self.state.as_str())
            .put("version", Tree::Number(self.version))
            .put("scopes", list(&self.scopes))
            .flag("refreshable", self.refreshable)
            .time("connectedAt", self.connected_at)
            .some_time("refreshedAt", self.refreshed_at);
    }
}

fn list(texts: &[String]) -> Tree {
    let mut list = Vec::new();
    for text in texts {
        list.push(Tree::Text(text.clone()));
    }
    Tree::List(list)
}

fn texts(bag: &impl Bag, name: &str, max: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for item in bag.list(name, MAX_TEXTS).unwrap_or_default() {
        if let Value::Text(text) = item
            && is_plain(&text, max)
        {
            texts.push(text);
        }
    }
    texts
}

/// A time from now.
fn time_left(bag: &impl Bag, name: &str) -> Option<Millis> {
    match bag.field(name) {
        Value::Number(number) if number.is_finite() => Some(span(number)),
        _ => None,
    }
}
