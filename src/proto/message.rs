//! What one window of the app tells the others. Same origin only: over the scope's own BroadcastChannel.

use crate::proto::bag::{Bag, Value};
use crate::proto::connection::{Connection, Refreshed};
use crate::proto::flow::{FlowId, MAX_INTEGRATION_ID};
use crate::proto::state::{Part, Removal, State};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// A message between windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// All that a window needs to show a flow that it never saw start.
    State(Box<State>),
    /// A flow, or every flow of the scope, was taken away.
    Removal(Removal),
    /// Is anybody polling?
    Ask {
        /// And let them look at once, not when the schedule says so.
        check: bool,
        /// At this flow alone.
        flow_id: Option<FlowId>,
    },
    /// I am.
    Here {
        /// The server wants quiet for this long.
        hold: Millis,
        /// Of two windows that poll, the lower gives way. The holder of the lock has the highest.
        rank: u32,
        /// And I hear of changes by push, so that nothing is asked on schedule.
        push: bool,
    },
    /// Connections as one window knows them.
    Connections(Connections),
    /// Something about connections that the window that polls is asked for.
    Want {
        /// Let this one be refreshed; without it, tell the list.
        id: Option<String>,
        /// The version that its caller has seen, and that is not good enough.
        seen: u64,
    },
}

/// What one window tells of connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Those that are told of.
    pub connections: Vec<Connection>,
    /// These are all that there were then.
    pub complete: Option<u64>,
    /// What came of the refresh of one.
    pub refreshed: Option<(String, Refreshed)>,
}

impl Connections {
    fn read_refreshed(bag: &impl Bag) -> Option<(String, Refreshed)> {
        let id = bag.text("refreshed", MAX_INTEGRATION_ID)?;
        let outcome = Refreshed::parse(&bag.text("outcome", 32)?)?;
        Some((id, outcome))
    }
}

impl Message {
    /// Reads a message of `scope`. `None` for whatever is not one.
    #[must_use]
    pub fn read(bag: &impl Bag, scope: &str) -> Option<Self> {
        if bag.text("scope", 64)? != scope {
            return None;
        }
        let flow_id = match bag.field("flowId") {
            Value::Missing | Value::Null => None,
            _ => Some(FlowId::read(bag, "flowId")?),
        };
        match bag.text("type", 32)?.as_str() {
            "oauth-sync" => State::read(bag, flow_id?, Part::Shared).map(Self::State),
            "oauth-sync-removal" => Removal::read(bag, flow_id).map(Self::Removal),
            "oauth-sync-ask" => Some(Self::Ask {
                check: bag.flag("check") == Some(true),
                flow_id,
            }),
            "oauth-sync-here" => Some(Self::Here {
                hold: bag.time("holdMs").unwrap_or_default(),
                rank: bag.count("rank"),
                push: bag.flag("push") == Some(true),
            }),
            "oauth-sync-connections" => Some(Self::Connections(Connections {
                connections: Connection::read_list(bag)?,
                complete: bag.whole("complete"),
                refreshed: Connections::read_refreshed(bag),
            })),
            "oauth-sync-want" => Some(Self::Want {
                id: bag.text("id", MAX_INTEGRATION_ID),
                seen: bag.whole("seen").unwrap_or(0),
            }),
            _ => None,
        }
    }

    /// The message as it is sent in `scope`.
    #[must_use]
    pub fn to_wire(&self, scope: &str) -> Tree {
        let kind = match self {
            Self::State(_) => "oauth-sync",
            Self::Removal(_) => "oauth-sync-removal",
            Self::Ask { .. } => "oauth-sync-ask",
            Self::Here { .. } => "oauth-sync-here",
            Self::Connections(_) => "oauth-sync-connections",
            Self::Want { .. } => "oauth-sync-want",
        };
        let mut object = Tree::object();
        object.text("type", kind).count("v", 1).text("scope", scope);
        match self {
            Self::State(state) => state.write(Part::Shared, &mut object),
            Self::Removal(removal) => removal.write(&mut object),
            Self::Ask { check, flow_id } => {
                object.some_text("flowId", flow_id.as_ref().map(FlowId::as_str));
                if *check {
                    object.flag("check", true);
                }
            }
            Self::Here { hold, rank, push } => {
                object.count("rank", *rank);
                if *hold > Millis::ZERO {
                    object.time("holdMs", *hold);
                }
                if *push {
                    object.flag("push", true);
                }
            }
            Self::Connections(told) => {
                let mut list = Vec::new();
                for connection in &told.connections {
                    list.push(connection.to_wire());
                }
                object
                    .put("connections", Tree::List(list))
                    .some_time("complete", told.complete.map(Millis));
                if let Some((id, outcome)) = &told.refreshed {
                    object
                        .text("refreshed", id)
                        .text("outcome", outcome.as_str());
                }
            }
            Self::Want { id, seen } => {
                object
                    .some_text("id", id.as_deref())
                    .put("seen", Tree::Number(*seen));
            }
        }
        object
    }
}
