//! What one window of the app tells the others. Same origin only: over the scope's own BroadcastChannel, and the first
//! two as records in storage as well.

use crate::proto::bag::{Bag, Value};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{FlowId, MAX_NAME};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use crate::proto::verdict::{Place, Verdict};
use alloc::string::String;

/// A message between windows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(
        clippy::large_enum_variant,
        reason = "few are alive at a time, and a box costs more bytes of wasm than it saves"
    )
)]
pub enum Message {
    /// All that a window needs to show a flow that it never saw start.
    State(State),
    /// A flow, or with `None` every flow of the scope, was taken away.
    Removal {
        /// Which; `None` for all.
        flow_id: Option<FlowId>,
        /// When, by the wall clock.
        at: Millis,
        /// The verdict that was dismissed: a higher one brings the flow back.
        dismissed: Option<Place>,
    },
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
    },
}

/// A flow as one window knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Which flow.
    pub flow_id: FlowId,
    /// Of which provider.
    pub provider: String,
    /// When it started, by the wall clock.
    pub started_at: Millis,
    /// When it expires, by the wall clock.
    pub expires_at: Millis,
    /// The settled flow that it retries.
    pub retry_of: Option<FlowId>,
    /// The flow that went on in its place.
    pub superseded_by: Option<FlowId>,
    /// `None` while it is pending.
    pub verdict: Option<Verdict>,
    /// Why it may not end well, while it is pending.
    pub error: Option<ErrorCode>,
    /// How many counted polls there have been in this attempt.
    pub polls: u32,
    /// How often the flow's window was opened again; each time the schedule starts anew.
    pub attempt: u32,
    /// When that was last, by the wall clock.
    pub attempt_at: Option<Millis>,
    /// The server has answered about it: to a check that began then, by the wall clock.
    pub checked_at: Option<Millis>,
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
            "oauth-sync" => Some(Self::State(State {
                flow_id: flow_id?,
                provider: bag.text("provider", MAX_NAME)?,
                started_at: Millis(bag.whole("startedAt")?),
                expires_at: Millis(bag.whole("expiresAt")?),
                retry_of: FlowId::read(bag, "retryOf"),
                superseded_by: FlowId::read(bag, "supersededBy"),
                verdict: match bag.field("verdict") {
                    Value::Missing | Value::Null => None,
                    Value::Bag(verdict) => Some(Verdict::read(&verdict)?),
                    _ => return None,
                },
                error: ErrorCode::read_flat(bag),
                polls: count(bag, "polls"),
                attempt: count(bag, "attempt"),
                attempt_at: bag.whole("attemptAt").map(Millis),
                checked_at: bag.whole("checkedAt").map(Millis),
            })),
            "oauth-sync-removal" => Some(Self::Removal {
                flow_id,
                at: Millis(bag.whole("at")?),
                dismissed: Place::read(bag),
            }),
            "oauth-sync-ask" => Some(Self::Ask {
                check: bag.flag("check").unwrap_or(false),
                flow_id,
            }),
            "oauth-sync-here" => Some(Self::Here {
                hold: bag.whole("holdMs").map_or(Millis::ZERO, Millis),
                rank: count(bag, "rank"),
            }),
            _ => None,
        }
    }

    /// The message as it is sent in `scope`.
    #[must_use]
    pub fn to_wire(&self, scope: &str) -> Tree {
        let object = |kind: &'static str| {
            Tree::object()
                .with("type", kind)
                .with("v", 1)
                .with("scope", String::from(scope))
        };
        match self {
            Self::State(state) => object("oauth-sync")
                .with("flowId", &state.flow_id)
                .with("provider", &state.provider)
                .with("startedAt", state.started_at)
                .with("expiresAt", state.expires_at)
                .with_some("retryOf", state.retry_of.as_ref())
                .with_some("supersededBy", state.superseded_by.as_ref())
                .with(
                    "verdict",
                    state.verdict.as_ref().map_or(Tree::Null, Verdict::to_wire),
                )
                .with_some("error", state.error.as_ref())
                .with("polls", state.polls)
                .with("attempt", state.attempt)
                .with_some("attemptAt", state.attempt_at)
                .with_some("checkedAt", state.checked_at),
            Self::Removal {
                flow_id,
                at,
                dismissed,
            } => {
                let object = object("oauth-sync-removal")
                    .with_some("flowId", flow_id.as_ref())
                    .with("at", *at);
                match dismissed {
                    Some(place) => place.write(object),
                    None => object,
                }
            }
            Self::Ask { check, flow_id } => object("oauth-sync-ask")
                .with_some("flowId", flow_id.as_ref())
                .with_some("check", check.then_some(true)),
            Self::Here { hold, rank } => object("oauth-sync-here")
                .with("rank", *rank)
                .with_some("holdMs", (*hold > Millis::ZERO).then_some(*hold)),
        }
    }
}

/// A small count; what is no number counts as none.
pub(crate) fn count(bag: &impl Bag, name: &str) -> u32 {
    bag.whole(name)
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(0)
}
