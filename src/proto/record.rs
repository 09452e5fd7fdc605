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
//!                    N~T:x:<flow>:<at>  N~T:r:<at>       removal of a flow, of all
//!                    N~T:c:<flow>:<attempt>              count of polls
//!   sessionStorage   N~T:t:<flow>                        what this tab did and told of a flow
//! ```
//!
//! N is the namespace, T a hash of the scope.

use crate::proto::bag::{Bag, Value};
use crate::proto::flow::{FlowId, MAX_NAME};
use crate::proto::message::count;
use crate::proto::seen::hash;
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use crate::proto::verdict::{Place, Verdict};
use alloc::format;
use alloc::string::{String, ToString};

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
}

impl Names {
    /// The names of this namespace and scope.
    #[must_use]
    pub fn new(namespace: &str, scope: &str) -> Self {
        let scope = hash(scope);
        Self {
            namespace: namespace.to_string(),
            scoped: format!("{namespace}~{scope}"),
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
        if let Some(slot) = rest.strip_prefix(':') {
            return (!slot.is_empty()).then_some(Key::Slot);
        }
        let record = key.strip_prefix(self.scoped.as_str())?.strip_prefix(':')?;
        Some(Key::Record(record))
    }

    /// Whether `key` is a record or slot of this flow that goes with it. What says that it was taken away stays, for a day.
    #[must_use]
    pub fn concerns(&self, key: &str, flow_id: &FlowId) -> bool {
        match self.key(key) {
            Some(Key::Slot) => key.rsplit(':').next() == Some(flow_id.as_str()),
            Some(Key::Record(record)) => {
                let mut parts = record.split(':');
                parts.next() != Some("x") && parts.next() == Some(flow_id.as_str())
            }
            _ => false,
        }
    }

    /// The key of a record.
    #[must_use]
    pub fn record_key(&self, record: &Record) -> String {
        let scoped = &self.scoped;
        match record {
            Record::Start { flow_id, .. } => format!("{scoped}:s:{flow_id}"),
            Record::Verdict { flow_id, verdict } => format!(
                "{scoped}:v:{flow_id}:{}:{}:{}",
                verdict.status.as_str(),
                verdict.basis.as_str(),
                verdict.digest()
            ),
            Record::Superseded { flow_id, by } => format!("{scoped}:u:{flow_id}:{by}"),
            Record::Removal {
                flow_id: Some(flow_id),
                at,
                ..
            } => format!("{scoped}:x:{flow_id}:{}", at.0),
            Record::Removal {
                flow_id: None, at, ..
            } => format!("{scoped}:r:{}", at.0),
            // With the attempt, which must not be lost when a window that has not heard of it writes its count.
            Record::Count {
                flow_id, attempt, ..
            } => format!("{scoped}:c:{flow_id}:{attempt}"),
            Record::Tab(Tab { flow_id, .. }) => format!("{scoped}:t:{flow_id}"),
        }
    }

    /// The key of the slot that a notice is passed on under.
    #[must_use]
    pub fn slot_key(&self, flow_id: Option<&FlowId>, id: &str) -> String {
        match flow_id {
            Some(flow_id) => format!("{}:{flow_id}", self.namespace),
            None => format!("{}:p:{}", self.namespace, hash(id)),
        }
    }
}

/// Something that is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A flow was started.
    Start {
        /// Which.
        flow_id: FlowId,
        /// Of which provider.
        provider: String,
        /// By the wall clock.
        started_at: Millis,
        /// By the wall clock.
        expires_at: Millis,
        /// The settled flow that it retries.
        retry_of: Option<FlowId>,
    },
    /// What was learnt of its end.
    Verdict {
        /// Of which flow.
        flow_id: FlowId,
        /// What.
        verdict: Verdict,
    },
    /// Another flow went on in its place.
    Superseded {
        /// Which.
        flow_id: FlowId,
        /// By which.
        by: FlowId,
    },
    /// It was taken away; with `None` every flow of the scope.
    Removal {
        /// Which.
        flow_id: Option<FlowId>,
        /// When, by the wall clock.
        at: Millis,
        /// The verdict that was dismissed; `None` where a reset took the flow away for good.
        dismissed: Option<Place>,
    },
    /// How often the schedule has asked.
    Count {
        /// Of which flow.
        flow_id: FlowId,
        /// Counted polls of this attempt.
        polls: u32,
        /// How often the flow's window was opened again.
        attempt: u32,
        /// When that was, by the wall clock.
        attempt_at: Option<Millis>,
        /// Runs that notices have caused.
        runs: u32,
    },
    /// What this tab did with a flow; in sessionStorage.
    Tab(Tab),
}

/// What this tab did with a flow and has told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Which flow.
    pub flow_id: FlowId,
    /// Of which provider: a tab can go on alone where localStorage is refused.
    pub provider: String,
    /// By the wall clock.
    pub started_at: Millis,
    /// By the wall clock.
    pub expires_at: Millis,
    /// `start` was called here.
    pub started_here: bool,
    /// What `start` was given, as JSON text.
    pub app_state: Option<String>,
    /// The events that happen once and were told: a set of bits of the event's kind.
    pub told: u32,
    /// The highest verdict that was told.
    pub verdict: Option<Verdict>,
}

impl Record {
    /// Reads what stands under `key` (the part after the scope). `None` for whatever is not a record.
    #[must_use]
    pub fn read(key: &str, bag: &impl Bag) -> Option<Self> {
        let (kind, rest) = key.split_once(':')?;
        let id = rest.split(':').next()?;
        let removal = |flow_id| {
            Some(Self::Removal {
                flow_id,
                at: Millis(bag.whole("at")?),
                dismissed: Place::read(bag),
            })
        };
        if kind == "r" {
            return removal(None);
        }
        let flow_id = FlowId::parse(id.to_string())?;
        match kind {
            "s" => Some(Self::Start {
                flow_id,
                provider: bag.text("provider", MAX_NAME)?,
                started_at: Millis(bag.whole("startedAt")?),
                expires_at: Millis(bag.whole("expiresAt")?),
                retry_of: FlowId::read(bag, "retryOf"),
            }),
            "v" => Some(Self::Verdict {
                flow_id,
                verdict: read_verdict(bag)?,
            }),
            "u" => Some(Self::Superseded {
                flow_id,
                by: FlowId::read(bag, "by")?,
            }),
            "x" => removal(Some(flow_id)),
            "c" => Some(Self::Count {
                flow_id,
                polls: count(bag, "polls"),
                attempt: count(bag, "attempt"),
                attempt_at: bag.whole("attemptAt").map(Millis),
                runs: count(bag, "runs"),
            }),
            "t" => Some(Self::Tab(Tab {
                flow_id,
                provider: bag.text("provider", MAX_NAME)?,
                started_at: Millis(bag.whole("startedAt")?),
                expires_at: Millis(bag.whole("expiresAt")?),
                started_here: bag.flag("startedHere").unwrap_or(false),
                app_state: match bag.field("appState") {
                    Value::Text(json) => Some(json),
                    _ => None,
                },
                told: count(bag, "told"),
                verdict: read_verdict(bag),
            })),
            _ => None,
        }
    }

    /// The record as it is written down.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let of = |flow_id: &FlowId| Tree::object().with("flowId", flow_id);
        match self {
            Self::Start {
                flow_id,
                provider,
                started_at,
                expires_at,
                retry_of,
            } => of(flow_id)
                .with("provider", provider)
                .with("startedAt", *started_at)
                .with("expiresAt", *expires_at)
                .with_some("retryOf", retry_of.as_ref()),
            Self::Verdict { flow_id, verdict } => of(flow_id).with("verdict", verdict.to_wire()),
            Self::Superseded { flow_id, by } => of(flow_id).with("by", by),
            Self::Removal {
                flow_id,
                at,
                dismissed,
            } => {
                let object = Tree::object()
                    .with_some("flowId", flow_id.as_ref())
                    .with("at", *at);
                match dismissed {
                    Some(place) => place.write(object),
                    None => object,
                }
            }
            Self::Count {
                flow_id,
                polls,
                attempt,
                attempt_at,
                runs,
            } => of(flow_id)
                .with("polls", *polls)
                .with("attempt", *attempt)
                .with_some("attemptAt", *attempt_at)
                .with("runs", *runs),
            Self::Tab(tab) => of(&tab.flow_id)
                .with("provider", &tab.provider)
                .with("startedAt", tab.started_at)
                .with("expiresAt", tab.expires_at)
                .with("startedHere", tab.started_here)
                .with_some("appState", tab.app_state.as_ref())
                .with("told", tab.told)
                .with_some("verdict", tab.verdict.as_ref().map(Verdict::to_wire)),
        }
    }
}

fn read_verdict(bag: &impl Bag) -> Option<Verdict> {
    match bag.field("verdict") {
        Value::Bag(verdict) => Verdict::read(&verdict),
        _ => None,
    }
}
