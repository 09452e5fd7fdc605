//! What is written down: names of keys, and what stands under them.
//!
//! localStorage is not coherent between processes, lock or no lock. So what correctness depends on is written once,
//! under a key of its own, and never read, changed and written back; a reader takes the maximum. Only the count of
//! polls is overwritten: a lost update costs a poll.
//!
//! ```text
//!   localStorage     N                                   the last success notice (plain key)
//!                    N:<flow>  N:p:<hash>                slot of a notice
//!                    N~T:s:<flow>                        start of a flow
//!                    N~T:v:<flow>:<status>:<basis>:<digest>   verdict
//!                    N~T:u:<flow>:<next flow>            superseded
//!                    N~T:x:<flow>:<at>                   a flow was dismissed
//!                    N~T:r:<at>  N~T:g:<flow>:<at>       a reset, and a flow that it took for good
//!                    N~T:c:<flow>:<attempt>              count of polls
//!                    N~T:m                               a message between windows that have no other channel, gone at once
//!   sessionStorage   N~T:t:<flow>                        what this tab did and told of a flow
//! ```
//!
//! N is the namespace, T a hash of the scope.

use crate::proto::bag::Bag;
use crate::proto::flow::FlowId;
use crate::proto::state::{Part, Removal, State};
use crate::proto::text::{cut, decimal, hash, join};
use crate::proto::tree::Tree;
use alloc::boxed::Box;
use alloc::string::{String, ToString};

/// What stands in the place of a record's key where windows pass a message on.
const MESSAGE: &str = "m";

/// The names that a namespace and a scope give to channels, keys and the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The namespace: the channel of notices and the plain key.
    pub namespace: String,
    /// Stands for the scope in names and messages, so that storage does not show who was signed in.
    pub scope: String,
    /// The channel between windows, and the lock: `namespace~scope`.
    pub scoped: String,
}

/// What stands under a key of localStorage that is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// The plain key.
    Plain,
    /// A slot of a notice.
    Slot,
    /// A record of this scope; the rest of its key.
    Record(&'a str),
    /// A message between windows of this scope.
    Message,
}

impl Names {
    /// The names of this namespace and scope.
    #[must_use]
    pub fn new(namespace: &str, scope: &str) -> Self {
        let scope = hash(scope);
        Self {
            namespace: String::from(namespace),
            scoped: join(&[namespace, "~", &scope]),
            scope,
        }
    }

    /// What `key` holds; `None` for somebody else's.
    #[must_use]
    pub fn key<'a>(&self, key: &'a str) -> Option<Key<'a>> {
        let rest = key.strip_prefix(self.namespace.as_str())?;
        if rest.is_empty() {
            return Some(Key::Plain);
        }
        if let Some(slot) = rest.strip_prefix(":") {
            return (!slot.is_empty()).then_some(Key::Slot);
        }
        let record = key.strip_prefix(self.scoped.as_str())?.strip_prefix(":")?;
        Some(if record == MESSAGE {
            Key::Message
        } else {
            Key::Record(record)
        })
    }

    /// The key that carries messages where there is no BroadcastChannel.
    #[must_use]
    pub fn message_key(&self) -> String {
        join(&[&self.scoped, ":", MESSAGE])
    }

    /// Whether `key` is a record or slot of this flow that goes with it. That a reset took it stays, for a day.
    #[must_use]
    pub fn concerns(&self, key: &str, flow_id: &FlowId) -> bool {
        let flow_id = flow_id.as_str();
        match self.key(key) {
            Some(Key::Slot) => key
                .strip_suffix(flow_id)
                .is_some_and(|before| before.ends_with(":")),
            Some(Key::Record(record)) => {
                let (kind, rest) = cut(record, b':');
                kind != "g" && cut(rest.unwrap_or_default(), b':').0 == flow_id
            }
            _ => false,
        }
    }

    /// The key of a record.
    #[must_use]
    pub fn record_key(&self, record: &Record) -> String {
        let (kind, flow_id) = match record {
            Record::Flow(part, state) => (letter(*part), Some(&state.flow_id)),
            Record::Removal(removal) => {
                let kind = match (&removal.flow_id, removal.dismissed) {
                    (None, _) => "r",
                    (_, None) => "g",
                    _ => "x",
                };
                (kind, removal.flow_id.as_ref())
            }
        };
        let mut key = join(&[&self.scoped, ":", kind]);
        let mut add = |part: &str| {
            key.push(':');
            key.push_str(part);
        };
        if let Some(flow_id) = flow_id {
            add(flow_id.as_str());
        }
        match record {
            Record::Flow(Part::Verdict, state) => {
                if let Some(verdict) = &state.verdict {
                    add(verdict.status.as_str());
                    add(verdict.basis.as_str());
                    add(&verdict.digest());
                }
            }
            Record::Flow(Part::Heir, state) => {
                add(state.superseded_by.as_ref().map_or("", FlowId::as_str));
            }
            // With the attempt, which must not be lost when a window that has not heard of it writes its count.
            Record::Flow(Part::Count, state) => add(&decimal(u64::from(state.attempt))),
            Record::Flow(..) => {}
            Record::Removal(removal) => add(&decimal(removal.at.0)),
        }
        key
    }

    /// The key of the slot that a notice is passed on under.
    #[must_use]
    pub fn slot_key(&self, flow_id: Option<&FlowId>, id: &str) -> String {
        match flow_id {
            Some(flow_id) => join(&[&self.namespace, ":", flow_id.as_str()]),
            None => join(&[&self.namespace, ":p:", &hash(id)]),
        }
    }
}

/// Something that is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// What is known of a flow, or a part of it.
    Flow(Part, Box<State>),
    /// A flow, or every flow of the scope, was taken away.
    Removal(Removal),
}

/// Every part that is written down, in the order in which parts are read at a start.
const WRITTEN: [Part; 5] = [
    Part::Start,
    Part::Tab,
    Part::Heir,
    Part::Verdict,
    Part::Count,
];

fn letter(part: Part) -> &'static str {
    match part {
        Part::Start => "s",
        Part::Verdict => "v",
        Part::Heir => "u",
        Part::Count => "c",
        Part::Tab => "t",
        // Never written down.
        Part::Shared => "",
    }
}

impl Record {
    /// Reads what stands under `key` (the part after the scope). `None` for whatever is not a record.
    #[must_use]
    pub fn read(key: &str, bag: &impl Bag) -> Option<Self> {
        let (kind, rest) = cut(key, b':');
        let rest = rest?;
        if kind == "r" {
            return Removal::read(bag, None).map(Self::Removal);
        }
        let flow_id = FlowId::parse(cut(rest, b':').0.to_string())?;
        if kind == "x" || kind == "g" {
            return Removal::read(bag, Some(flow_id)).map(Self::Removal);
        }
        for part in WRITTEN {
            if letter(part) == kind {
                return State::read(bag, flow_id, part).map(|state| Self::Flow(part, state));
            }
        }
        None
    }

    /// The record as it is written down.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        match self {
            Self::Flow(part, state) => state.write(*part, &mut object),
            Self::Removal(removal) => removal.write(&mut object),
        }
        object
    }
}
