//! A flow as one window knows it: what windows tell each other, what is written down, and what the machine works on.

use crate::proto::bag::{Bag, Value};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{FlowId, MAX_NAME};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use crate::proto::verdict::{Place, Verdict};
use alloc::boxed::Box;
use alloc::string::String;

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
    /// Runs of checks that notices have caused in this attempt.
    pub runs: u32,
    /// The server has answered about it: to a check that began then, by the wall clock.
    pub checked_at: Option<Millis>,
    /// It has not: the check that began at `checked_at` has failed.
    pub failed: bool,
    /// `start` was called in this tab.
    pub started_here: bool,
    /// What `start` was given, as JSON text.
    pub app_state: Option<String>,
    /// The events that happen once and that this tab has told: a set of bits of the event's kind.
    pub told: u32,
}

/// Which part of a [`State`] is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What other windows need to show a flow that they never saw start.
    Shared,
    /// How it started.
    Start,
    /// What was learnt of its end.
    Verdict,
    /// Which flow went on in its place.
    Heir,
    /// How often the schedule has asked.
    Count,
    /// What this tab did with it and has told of it, and what it needs to go on alone where localStorage is refused.
    Tab,
}

impl State {
    /// A flow of which only the start is known. Boxed, and made in one place: it is handed on a lot, and written out
    /// wherever it is moved it would be some hundred bytes of wasm each time.
    #[must_use]
    #[inline(never)]
    pub fn new(
        flow_id: FlowId,
        provider: String,
        started_at: Millis,
        expires_at: Millis,
    ) -> Box<Self> {
        Box::new(Self {
            flow_id,
            provider,
            started_at,
            expires_at,
            retry_of: None,
            superseded_by: None,
            verdict: None,
            error: None,
            polls: 0,
            attempt: 0,
            attempt_at: None,
            runs: 0,
            checked_at: None,
            failed: false,
            started_here: false,
            app_state: None,
            told: 0,
        })
    }

    /// Reads `part` of a flow; the rest is as at a start. `None` where what makes the part is missing.
    pub(crate) fn read(bag: &impl Bag, flow_id: FlowId, part: Part) -> Option<Box<Self>> {
        let mut state = Self::new(flow_id, String::new(), Millis::ZERO, Millis::ZERO);
        if matches!(part, Part::Shared | Part::Start | Part::Tab) {
            state.provider = bag.text("provider", MAX_NAME)?;
            state.started_at = Millis(bag.whole("startedAt")?);
            state.expires_at = Millis(bag.whole("expiresAt")?);
        }
        state.retry_of = FlowId::read(bag, "retryOf");
        state.superseded_by = match part {
            Part::Heir => Some(FlowId::read(bag, "by")?),
            Part::Shared => FlowId::read(bag, "supersededBy"),
            _ => None,
        };
        state.verdict = match bag.field("verdict") {
            Value::Bag(verdict) => Some(Verdict::read(&verdict)?),
            Value::Missing | Value::Null if part != Part::Verdict => None,
            _ => return None,
        };
        state.error = ErrorCode::read_flat(bag);
        state.polls = bag.count("polls");
        state.attempt = bag.count("attempt");
        state.attempt_at = bag.time("attemptAt");
        if part == Part::Count {
            state.runs = bag.count("runs");
        }
        state.checked_at = bag.time("checkedAt");
        state.failed = bag.flag("failed") == Some(true);
        if part == Part::Tab {
            state.started_here = bag.flag("startedHere") == Some(true);
            if let Value::Text(json) = bag.field("appState") {
                state.app_state = Some(json);
            }
            state.told = bag.count("told");
        }
        Some(state)
    }

    /// Adds `part` of the flow to an object.
    pub(crate) fn write(&self, part: Part, object: &mut Tree) {
        object.text("flowId", self.flow_id.as_str());
        if matches!(part, Part::Shared | Part::Start | Part::Tab) {
            object
                .text("provider", &self.provider)
                .time("startedAt", self.started_at)
                .time("expiresAt", self.expires_at);
        }
        if matches!(part, Part::Shared | Part::Start) {
            object.some_text("retryOf", self.retry_of.as_ref().map(FlowId::as_str));
        }
        let heir = self.superseded_by.as_ref().map(FlowId::as_str);
        match part {
            Part::Heir => object.some_text("by", heir),
            Part::Shared => object.some_text("supersededBy", heir),
            _ => object,
        };
        match &self.verdict {
            Some(verdict) if matches!(part, Part::Shared | Part::Verdict | Part::Tab) => {
                object.put("verdict", verdict.to_wire());
            }
            None if part == Part::Shared => {
                object.put("verdict", Tree::Null);
            }
            _ => {}
        }
        if matches!(part, Part::Shared | Part::Count) {
            object
                .count("polls", self.polls)
                .count("attempt", self.attempt)
                .some_time("attemptAt", self.attempt_at);
        }
        if self.failed {
            object.flag("failed", true);
        }
        match part {
            Part::Shared => object
                .some_text("error", self.error.as_ref().map(ErrorCode::as_str))
                .some_time("checkedAt", self.checked_at),
            Part::Count => object.count("runs", self.runs),
            Part::Tab => object
                .flag("startedHere", self.started_here)
                .some_text("appState", self.app_state.as_deref())
                .count("told", self.told),
            _ => object,
        };
    }
}

/// A flow, or with `None` every flow of the scope, was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Which; `None` for all.
    pub flow_id: Option<FlowId>,
    /// When, by the wall clock.
    pub at: Millis,
    /// The verdict that was dismissed: a higher one brings the flow back. `None` where a reset took it away for good.
    pub dismissed: Option<Place>,
}

impl Removal {
    pub(crate) fn read(bag: &impl Bag, flow_id: Option<FlowId>) -> Option<Self> {
        Some(Self {
            flow_id,
            at: bag.time("at")?,
            dismissed: Place::read(bag),
        })
    }

    pub(crate) fn write(&self, object: &mut Tree) {
        object
            .some_text("flowId", self.flow_id.as_ref().map(FlowId::as_str))
            .time("at", self.at);
        if let Some(place) = self.dismissed {
            place.write(object);
        }
    }
}
