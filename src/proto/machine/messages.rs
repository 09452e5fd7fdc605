//! What other windows say of a flow, and what they are told that have missed it.

use super::Machine;
use super::entry::Entry;
use super::io::{EventKind, Output, Via};
use super::verdicts::Source;
use crate::proto::message::Message;
use crate::proto::state::State;
use crate::proto::time::Millis;
use core::cmp::Ordering;

impl Machine {
    /// What another window says.
    pub(super) fn on_message(&mut self, message: Message) {
        match message {
            Message::State(state) => self.on_state(&state),
            Message::Removal(removal) => self.take_away(&removal, Via::BroadcastChannel),
            Message::Ask { check, flow_id } => self.on_ask(check, flow_id.as_ref()),
            Message::Here { hold, rank, push } => self.on_here(hold, rank, push),
            Message::Connections(told) => self.on_connections(told),
            Message::Want { id, seen } => self.on_want(id, seen),
        }
    }

    fn on_state(&mut self, state: &State) {
        let via = Via::BroadcastChannel;
        let now = self.now;
        let is_new = self.find(&state.flow_id).is_none();
        let Some(index) = self.learn(state, via) else {
            return;
        };
        self.hear_count(index, state);
        self.correct(index, state);
        if let Some(entry) = self.entries.get_mut(index) {
            if let Some(checked_at) = state.checked_at {
                let begun = now.monotonic - (now.wall - checked_at);
                entry.checks.heard_of_check(begun, now.monotonic);
            }
            let is_answered = state.checked_at.is_some() && !state.failed;
            if is_answered {
                entry.checks.answer();
            }
            let knows_error = is_answered || state.error.is_some();
            if entry.is_pending() && knows_error && entry.state.error != state.error {
                entry.state.error.clone_from(&state.error);
                entry.dirty = true;
            }
        }
        if let Some(verdict) = &state.verdict {
            self.adopt(index, verdict, via, Source::Window);
        }
        if is_new && self.is_open(index) {
            self.follow(index, via);
            self.claim(&state.flow_id);
        }
    }

    /// Tells a window that has missed something what is held here. Only the window that polls does: it knows best, and
    /// one answer is enough.
    fn correct(&mut self, index: usize, state: &State) {
        const AT_MOST_EVERY: Millis = Millis::seconds(1);
        let confirm = self.config.confirm_or_ask();
        let Some(entry) = self.entries.get(index) else {
            return;
        };
        let knows_more = match (&entry.state.verdict, &state.verdict) {
            (Some(held), Some(theirs)) => held.compare(theirs, confirm) == Ordering::Greater,
            (held, None) => held.is_some(),
            (None, Some(_)) => false,
        };
        let knows_heir = entry.state.superseded_by.is_some() && state.superseded_by.is_none();
        if self.poller.polls() && (knows_more || knows_heir) {
            self.repeat(index, AT_MOST_EVERY);
        }
    }

    /// Tells the others all that is known of a flow; `checked_at` as in [`State`].
    pub(super) fn tell(&mut self, index: usize, checked_at: Option<Millis>, failed: bool) {
        if let Some(entry) = self.entries.get(index) {
            let mut state = entry.state(checked_at);
            state.failed = failed;
            self.put(Output::Broadcast(Message::State(state)));
        }
    }

    /// Tells the others of a flow without news, for those who have missed it.
    pub(super) fn repeat(&mut self, index: usize, at_most_every: Millis) {
        let now = self.now.monotonic;
        if let Some(entry) = self.entries.get_mut(index)
            && entry
                .repeated
                .is_none_or(|before| now >= before + at_most_every)
        {
            entry.repeated = Some(now);
            self.tell(index, None, false);
        }
    }

    /// The place of a flow that another window or an earlier page has told of; made where there is none yet.
    pub(super) fn learn(&mut self, state: &State, via: Via) -> Option<usize> {
        let known = self.find(&state.flow_id);
        let confirm = self.config.confirm_or_ask();
        let height = state
            .verdict
            .as_ref()
            .map_or(0, |verdict| verdict.place().height(confirm));
        if self.reset_at.is_some_and(|reset| state.started_at <= reset)
            || known.is_none() && self.is_gone(&state.flow_id, state.started_at, height)
        {
            self.drop_input("stale");
            return None;
        }
        let index = match known {
            Some(index) => index,
            None => {
                let mut start = State::new(
                    state.flow_id.clone(),
                    state.provider.clone(),
                    state.started_at,
                    state.expires_at,
                );
                start.retry_of.clone_from(&state.retry_of);
                self.insert(Entry::new(start, self.now))?
            }
        };
        if let Some(next) = &state.superseded_by {
            self.supersede(index, next.clone(), via, Source::Window);
        }
        Some(index)
    }

    /// Begins to ask about a flow that this window did not start, and tells of it.
    pub(super) fn follow(&mut self, index: usize, via: Via) {
        let now = self.now.monotonic;
        // Without the lock there may be many that poll, and the window that started it makes the first check.
        let is_first = self.loading.is_running() || self.poller.is_holder();
        if self.config.askable
            && let Some(entry) = self.entries.get_mut(index)
        {
            let schedule = &self.config.schedule;
            if is_first {
                entry.checks.start(schedule, now);
            } else {
                entry.checks.follow(schedule, now);
            }
        }
        let is_pending = self
            .entries
            .get(index)
            .is_some_and(|entry| entry.is_pending());
        if is_pending && !self.loading.is_running() {
            self.emit_once(index, EventKind::Started, via);
        }
    }
}
