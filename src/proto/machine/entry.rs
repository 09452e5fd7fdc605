//! One flow, as one window holds it.

use super::checks::{Asked, Checks};
use super::io::{Config, ErrorView, EventKind, FlowView, Stage, WindowHint};
use crate::proto::error::ErrorCode;
use crate::proto::flow::Outcome;
use crate::proto::record::Record;
use crate::proto::state::{Part, State};
use crate::proto::status::Status;
use crate::proto::time::{Millis, Now, Since};
use crate::proto::verdict::{Place, Verdict};
use alloc::boxed::Box;
use alloc::string::String;

/// A flow and all that this window has done about it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What is known of it. Its counts are in `checks` and put in when it is told or written down.
    pub(super) state: Box<State>,
    /// Since the start; what expires is measured on it.
    pub(super) started: Since,
    /// Since the window was opened last; what is slow or overdue is measured on it.
    pub(super) attempt: Since,
    pub(super) window: WindowHint,
    pub(super) href: Option<String>,
    /// Since the person may have reached the provider; `None` while that cannot have been.
    pub(super) opened: Option<Since>,
    /// Since the verdict was reached.
    pub(super) settled: Option<Since>,
    /// A failure that a notice spoke of, until the server has had its chance to say better.
    pub(super) failure: Option<PendingFailure>,
    /// The first of two answers that the flow is unknown.
    pub(super) not_found: Option<Millis>,
    /// A notice has been heard and the server is being asked.
    pub(super) confirming: bool,
    pub(super) slow: bool,
    pub(super) overdue: Moment,
    pub(super) expiry: Moment,
    /// It is in `flows()`.
    pub(super) shown: bool,
    /// The highest verdict that somebody dismissed.
    pub(super) dismissed: Option<Place>,
    /// It may be written down: pending flows past the bound live in memory.
    pub(super) storable: bool,
    /// Kinds of events that this machine has emitted: bits.
    pub(super) emitted: u32,
    /// The verdict of the last event about one.
    pub(super) announced: Option<Verdict>,
    /// The highest verdict that listeners were told, this load or an earlier one.
    pub(super) told_verdict: Option<Verdict>,
    /// Something that shows has changed since the last event.
    pub(super) dirty: bool,
    /// When the other windows were last told of it without news.
    pub(super) repeated: Option<Millis>,
    pub(super) checks: Checks,
}

/// A verdict that waits for the server to say better.
#[derive(Clone, Debug)]
pub(super) struct PendingFailure {
    pub(super) code: ErrorCode,
    /// Adopt it at this time even if nobody could be asked.
    pub(super) at_the_latest: Millis,
}

/// A point in a flow's life that is announced only after one check made at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Moment {
    /// It has not come.
    Ahead,
    /// It came at this time, and the check is being made.
    Verifying(Asked),
    /// It has passed.
    Past,
}

impl Entry {
    /// A flow of which nothing is known but its start.
    #[inline(never)]
    pub(super) fn new(state: Box<State>, now: Now) -> Box<Self> {
        let started = Since::wall(state.started_at, now);
        Box::new(Self {
            state,
            started,
            attempt: started,
            window: WindowHint::Unknown,
            href: None,
            opened: Some(started),
            settled: None,
            failure: None,
            not_found: None,
            confirming: false,
            slow: false,
            overdue: Moment::Ahead,
            expiry: Moment::Ahead,
            shown: true,
            dismissed: None,
            storable: true,
            emitted: 0,
            announced: None,
            told_verdict: None,
            dirty: false,
            repeated: None,
            checks: Checks::default(),
        })
    }

    /// Nothing final is known: it is still listened for and, where there is a server, asked about.
    pub(super) fn is_open(&self, config: &Config) -> bool {
        self.state
            .verdict
            .as_ref()
            .is_none_or(|verdict| verdict.is_provisional(config.confirm_or_ask()))
    }

    /// Whether the server can be asked about it at all: of a flow that another goes on for, the other is asked about.
    pub(super) fn is_asked_about(&self, config: &Config) -> bool {
        self.is_open(config) && self.state.superseded_by.is_none()
    }

    /// The order of flows, the same in every window.
    pub(super) fn is_older_than(&self, other: &Self) -> bool {
        let (this, that) = (&self.state, &other.state);
        this.started_at
            .cmp(&that.started_at)
            .then_with(|| this.flow_id.cmp(&that.flow_id))
            .is_lt()
    }

    /// Whether what is held now was dismissed.
    pub(super) fn is_dismissed(&self, confirm: bool) -> bool {
        self.dismissed
            .zip(self.state.verdict.as_ref())
            .is_some_and(|(dismissed, verdict)| dismissed.covers(verdict.place(), confirm))
    }

    /// Its window was opened anew, here or elsewhere.
    pub(super) fn begin_attempt(&mut self, at: Millis, now: Now) {
        self.attempt = Since::wall(at, now);
        self.state.attempt_at = Some(at);
        self.state.error = None;
        self.failure = None;
        self.not_found = None;
        self.slow = false;
        self.overdue = Moment::Ahead;
        self.dirty = true;
    }

    /// Nothing at all is known of its end.
    pub(super) fn is_pending(&self) -> bool {
        self.state.verdict.is_none()
    }

    pub(super) fn mark_emitted(&mut self, kind: EventKind) {
        self.emitted |= kind.bit();
    }

    pub(super) fn has_emitted(&self, kind: EventKind) -> bool {
        (self.emitted | self.state.told) & kind.bit() != 0
    }

    /// The window was opened anew: what happens once a window may happen again.
    pub(super) fn forget_window_events(&mut self) {
        for kind in [
            EventKind::Opened,
            EventKind::Blocked,
            EventKind::WindowClosed,
        ] {
            self.emitted &= !kind.bit();
            self.state.told &= !kind.bit();
        }
    }

    fn stage(&self) -> Stage {
        let awaits_address = self.href.is_none()
            && self.state.started_here
            && matches!(self.window, WindowHint::Open | WindowHint::Blocked);
        if self.confirming {
            Stage::Confirming
        } else if self.overdue == Moment::Past {
            Stage::Overdue
        } else if self.slow {
            Stage::Slow
        } else if awaits_address {
            Stage::Opening
        } else {
            Stage::Waiting
        }
    }

    /// The flow as an app sees it.
    pub(super) fn view(&self, config: &Config) -> FlowView {
        let pending = self.is_pending();
        let verdict = self.state.verdict.as_ref();
        let unsuccessful = verdict.filter(|verdict| verdict.status != Status::Completed);
        let error = match verdict {
            Some(verdict) => verdict.error.as_ref(),
            None => self.state.error.as_ref(),
        };
        let state = &self.state;
        FlowView {
            id: state.flow_id.clone(),
            provider: state.provider.clone(),
            started_at: state.started_at,
            expires_at: state.expires_at,
            started_here: state.started_here,
            app_state: state.app_state.clone(),
            retry_of: state.retry_of.clone(),
            status: verdict.map_or(Status::Pending, |verdict| verdict.status),
            stage: pending.then(|| self.stage()),
            window: pending.then_some(self.window),
            href: self.href.clone().filter(|_| pending),
            settled_at: verdict.map(|verdict| verdict.settled_at),
            outcome: verdict.map_or_else(Outcome::default, |verdict| verdict.outcome.clone()),
            provisional: unsuccessful
                .map(|verdict| verdict.is_provisional(config.confirm_or_ask())),
            error: error.map(|code| ErrorView {
                code: code.clone(),
                retryable: code.is_retryable(),
            }),
        }
    }

    /// The flow as the other windows are told of it; `checked_at` as in [`State`].
    pub(super) fn state(&self, checked_at: Option<Millis>) -> Box<State> {
        let mut state = self.state.clone();
        state.polls = self.checks.polls;
        state.attempt = self.checks.attempt;
        state.runs = self.checks.runs;
        state.checked_at = checked_at;
        state
    }

    /// A part of the flow, as it is written down.
    pub(super) fn record(&self, part: Part) -> Record {
        let mut state = self.state(None);
        if part == Part::Tab {
            state.verdict.clone_from(&self.told_verdict);
        }
        Record::Flow(part, state)
    }
}

impl EventKind {
    /// The kind's place in a set of kinds.
    pub(super) fn bit(self) -> u32 {
        1 << (self as u32)
    }

    /// The event that announces a status.
    pub(super) fn of(status: Status) -> Self {
        match status {
            Status::Pending => Self::Changed,
            Status::Expired => Self::Expired,
            Status::Cancelled => Self::Cancelled,
            Status::Failed => Self::Failed,
            Status::Completed => Self::Completed,
        }
    }
}

impl Config {
    /// Whether there is anything for which one window asks for all.
    pub(super) fn asks(&self) -> bool {
        self.askable || self.connections || self.push
    }

    /// Whether anybody's word stands above a window's own conclusion.
    pub(super) fn confirm_or_ask(&self) -> bool {
        self.askable || self.confirm
    }
}
