//! Who learns of changes: each person's counter, what changed after a number, and who has to look.
//!
//! A change of a flow or a connection that a reply can show takes the next number of its person's counter, under that
//! row's lock and in the transaction that makes it, and its row keeps the number. So the rows are their own log: what
//! changed after a number is what has a higher one, each once and as it is now. A number shared by all people would not
//! be in the order of commits, and a reader would miss what commits late.

use super::{Answer, Flow, StoredConnection};

/// The part of a store that tells of changes.
pub trait ChangeStore: Send + Sync + 'static {
    /// A person's counter; 0 where nothing of theirs was ever made.
    fn version<'a>(&'a self, user: &'a str) -> Answer<'a, i64>;

    /// What changed after the number `after`, as of one moment.
    fn changes<'a>(&'a self, user: &'a str, after: i64, most: u32) -> Answer<'a, Replay>;

    /// A person's active connections and their counter, as of one moment.
    fn listing<'a>(&'a self, user: &'a str) -> Answer<'a, Listing>;

    /// A person's connection of that id, also when it is disconnected.
    fn connection_of<'a>(
        &'a self,
        user: &'a str,
        id: &'a str,
    ) -> Answer<'a, Option<StoredConnection>>;

    /// Begins to watch whose counters rise.
    fn watch(&self) -> Box<dyn Watch>;
}

/// Whose counters rise, whichever process makes them.
pub trait Watch: Send {
    /// Waits until somebody's counter may have risen. The first answer is [`Risen::Anyone`], and so is the one after an
    /// error or after an answer that was dropped halfway.
    fn next(&mut self) -> Answer<'_, Risen>;
}

/// Whose counters may have risen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Risen {
    /// These people's.
    Of(Vec<String>),
    /// Nobody can say: everyone who is waited for has to be looked at.
    Anyone,
}

/// What changed after a number.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The counter.
    pub version: i64,
    /// Oldest first. None where it cannot be told: rows are gone, there are too many, or the number is not of this
    /// counter.
    pub changes: Option<Vec<Change>>,
}

/// A flow or a connection that changed, as it is now.
#[derive(Clone, Debug)]
pub enum Change {
    /// A flow was made or settled, or goes on in another one.
    Flow(Box<Flow>),
    /// A connection was made, refreshed, not refreshed, or ended.
    Connection(Box<StoredConnection>),
}

impl Change {
    /// Its number.
    #[must_use]
    pub fn version(&self) -> i64 {
        match self {
            Self::Flow(flow) => flow.version,
            Self::Connection(connection) => connection.version,
        }
    }
}

/// A person's counter.
#[derive(Default)]
pub(super) struct Counter {
    pub version: i64,
    /// The highest number whose row is gone.
    pub forgotten: i64,
}

impl Counter {
    /// Whether everything after that number can be told.
    pub fn knows(&self, number: i64) -> bool {
        (self.forgotten..=self.version).contains(&number)
    }
}

/// Flows and connections as one list by number, if they are not too many.
pub(super) fn in_order(
    flows: Vec<Flow>,
    connections: Vec<StoredConnection>,
    most: u32,
) -> Option<Vec<Change>> {
    let flows = flows.into_iter().map(|flow| Change::Flow(Box::new(flow)));
    let connections = connections
        .into_iter()
        .map(|connection| Change::Connection(Box::new(connection)));
    let mut changes: Vec<Change> = flows.chain(connections).collect();
    changes.sort_by_key(Change::version);
    (changes.len() <= most as usize).then_some(changes)
}

/// A person's connections.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The counter.
    pub version: i64,
    /// The active ones, by provider.
    pub connections: Vec<StoredConnection>,
}
