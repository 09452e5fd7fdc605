//! The machine of one window: the only thing in the protocol that changes.
//!
//! After every [`handle`](Machine::handle), drain [`poll_output`](Machine::poll_output) until it gives
//! [`Output::Wait`]; then wait, until the time that it says or until something happens.
//!
//! ```text
//!                      notice                      reply, push, report
//!   pending ──────────────────────▶ confirming ──────────────────────▶ completed
//!     │  2 min    5 min                 │  three checks                    ▲
//!     ├──▶ slow ──▶ overdue             ▼  without a word                  │ a success, however late
//!     │                            provisional ◀── cancel, expireAfter     │
//!     └──────────────────────────▶ expired < cancelled < failed ───────────┘
//! ```
//!
//! | file | decides |
//! |---|---|
//! | `io` | what goes in and comes out |
//! | `entry` | what is known of one flow, and how it looks |
//! | `checks` | when one flow is to be checked |
//! | `poller` | which window checks |
//! | `commands` | what the app wants |
//! | `notices` | what a callback page's word is worth |
//! | `replies` | what the server's answer means |
//! | `verdicts` | merging, and telling it once |
//! | `words` | how what comes out is said |
//! | `stored` | what a page finds when it starts, and what is swept |

mod checks;
mod commands;
mod entry;
mod io;
mod notices;
mod poller;
mod replies;
mod stored;
mod verdicts;
mod words;

pub use io::*;

use crate::proto::flow::FlowId;
use crate::proto::message::{Message, State};
use crate::proto::notice::Notice;
use crate::proto::record::Names;
use crate::proto::seen::Seen;
use crate::proto::time::{Millis, Now, Since};
use alloc::vec::Vec;
use checks::Asked;
use core::cmp::Ordering;
use entry::{Entry, Moment};
use notices::Probe;
use poller::PollerState;
use stored::Loading;

/// The most flows that are kept in memory; what comes from other windows past it is dropped.
const MAX_FLOWS: usize = 1024;
/// A check is over after ten seconds at the latest, so whoever waits for one waits a little longer.
const CHECK_DEADLINE: Millis = Millis::seconds(11);
/// Who asked for a check and never fetched the answer does not pile up.
const MAX_WAITERS: usize = 256;

/// The protocol of one window.
#[derive(Clone, Debug)]
pub struct Machine {
    config: Config,
    names: Names,
    now: Now,
    /// In no order.
    entries: Vec<Entry>,
    /// No flow that started at or before this time exists: the last `reset`, by the wall clock.
    reset_at: Option<Millis>,
    loading: Loading,
    seen: Seen,
    /// Notices of flows that are not known yet, oldest first: a callback page can be quicker than the page that started.
    unclaimed: Vec<Notice>,
    /// Flows that a reset took away.
    gone: Vec<FlowId>,
    probes: Vec<Probe>,
    next_probe: Millis,
    poller: PollerState,
    /// The server wants quiet until then.
    hold: Millis,
    next_request: u32,
    next_event: u32,
    /// Events whose listeners have not returned yet, and what they told.
    untold: Vec<verdicts::Untold>,
    waiters: Vec<Waiter>,
    /// What is still to be done, and of it what is being handed out, last first.
    outputs: Vec<Output>,
    handed: Vec<Output>,
    dropped: Vec<(&'static str, u32)>,
}

/// A `check()` that waits for its answer.
#[derive(Clone, Debug)]
struct Waiter {
    token: u32,
    flow_ids: Vec<FlowId>,
    asked: Asked,
}

impl Machine {
    /// A machine that knows nothing yet. Feed it what is stored, then [`Input::Loaded`].
    #[must_use]
    pub fn new(config: Config) -> Self {
        let names = Names::new(&config.namespace, &config.scope);
        let poller = PollerState::new(config.seed);
        Self {
            config,
            names,
            now: Now::default(),
            entries: Vec::new(),
            reset_at: None,
            loading: Loading::default(),
            seen: Seen::default(),
            unclaimed: Vec::new(),
            gone: Vec::new(),
            probes: Vec::new(),
            next_probe: Millis::ZERO,
            poller,
            hold: Millis::ZERO,
            next_request: 0,
            next_event: 0,
            untold: Vec::new(),
            waiters: Vec::new(),
            outputs: Vec::new(),
            handed: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// The names of this machine's keys, channels and lock.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What `flows()` shows, newest first.
    #[must_use]
    pub fn flows(&self) -> Vec<FlowView> {
        // Few flows, so an insertion does; a sort from the library would be 4 KB of wasm.
        let mut shown: Vec<&Entry> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.shown) {
            let place = shown
                .iter()
                .position(|other| (other.started_at, &other.id) < (entry.started_at, &entry.id))
                .unwrap_or(shown.len());
            shown.insert(place, entry);
        }
        shown
            .into_iter()
            .map(|entry| entry.view(&self.config))
            .collect()
    }

    /// What could not be used, by reason, with its count.
    #[must_use]
    pub fn dropped(&self) -> &[(&'static str, u32)] {
        &self.dropped
    }

    /// Who polls for the scope.
    #[must_use]
    pub fn poller(&self) -> Poller {
        self.poller.who(self.now.monotonic)
    }

    /// Takes in what happened at `now`.
    pub fn handle(&mut self, input: Input, now: Now) {
        // The monotonic clock does not go back; where one does, time stands still until it has caught up.
        self.now = Now {
            monotonic: now.monotonic.max(self.now.monotonic),
            wall: now.wall,
        };
        match input {
            Input::Stored { key, stored, live } => self.on_stored(key, stored, live),
            Input::Loaded => self.on_loaded(),
            Input::Start(start) => self.on_start(start),
            Input::Href { flow_id, href } => self.on_href(&flow_id, href),
            Input::StartFailed { flow_id } => self.on_start_failed(&flow_id),
            Input::Reopened {
                flow_id,
                window,
                href,
            } => self.on_reopened(&flow_id, window, href),
            Input::WindowClosed { flow_id } => self.on_window_closed(&flow_id),
            Input::Cancel { flow_id } => self.on_cancel(&flow_id),
            Input::Dismiss { flow_id } => self.on_dismiss(&flow_id),
            Input::Reset => self.on_reset(),
            Input::Check { token, flow_id } => self.on_check(token, flow_id.as_ref()),
            Input::Report { flow_id, reply } => self.on_report(&flow_id, &reply),
            Input::Told { seq } => self.on_told(seq),
            Input::Notice { notice, via } => self.on_notice(&notice, via),
            Input::Message(message) => self.on_message(message),
            Input::Reply { request, reply } => self.on_reply(request, &reply),
            Input::CheckFailed {
                request,
                retry_after,
            } => self.on_check_failed(request, retry_after),
            Input::Tick => self.poller.on_tick(self.now.monotonic),
            Input::Wake => self.wake_all(),
            Input::Visible(visible) => self.on_visible(visible),
            Input::Leave => self.on_leave(),
            Input::Return => self.on_return(),
            Input::Lock(lock) => self.on_lock(lock),
            Input::Dropped(reason) => self.drop_input(reason),
        }
        self.advance();
    }

    /// The next thing to do; [`Output::Wait`] when there is none.
    pub fn poll_output(&mut self) -> Output {
        if self.handed.is_empty() {
            core::mem::swap(&mut self.handed, &mut self.outputs);
            self.handed.reverse();
        }
        if let Some(output) = self.handed.pop() {
            return output;
        }
        let (until, reason) = self.next_wake();
        self.poller.waits_until(until);
        Output::Wait { until, reason }
    }

    /// Lets the time that has passed have its effects, then plans.
    fn advance(&mut self) {
        if self.loading.is_running() {
            return;
        }
        self.give_up_checks();
        self.pass_deadlines();
        self.sweep();
        self.ask_around();
        self.begin_checks();
        self.answer_waiters();
        self.flush_changes();
    }

    /// A driver answers every check in time; should one not, the schedule must go on.
    fn give_up_checks(&mut self) {
        let now = self.now.monotonic;
        for entry in &mut self.entries {
            for request in entry.checks.give_up(now) {
                self.outputs.push(Output::Abort { request });
            }
        }
        self.give_up_probes();
    }

    /// Slow, overdue, expired, and failures that nobody contradicted.
    fn pass_deadlines(&mut self) {
        for index in 0..self.entries.len() {
            self.conclude_failure(index);
            self.pass_expiry(index);
            self.pass_stages(index);
        }
    }

    fn pass_stages(&mut self, index: usize) {
        let now = self.now;
        let (slow_after, overdue_after) = (self.config.slow_after, self.config.overdue_after);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if entry.confirming && entry.checks.notice_is_spent() {
            entry.confirming = false;
            entry.dirty = true;
        }
        if !entry.is_pending() {
            return;
        }
        let age = entry.attempt.elapsed(now);
        if !entry.slow && age >= slow_after {
            entry.slow = true;
            entry.dirty = true;
            self.emit_once(index, EventKind::Slow, Via::Local);
        }
        if self.passes(index, |entry| &mut entry.overdue, age >= overdue_after) {
            self.emit_once(index, EventKind::Overdue, Via::Local);
        }
    }

    fn pass_expiry(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index) else {
            return;
        };
        let has_come = entry.started.elapsed(self.now) >= self.config.expire_after;
        if entry.is_pending() && self.passes(index, |entry| &mut entry.expiry, has_come) {
            self.expire(index);
        }
    }

    /// Moves a moment on. True when it has passed just now: where a server can be asked, after one check made since.
    fn passes(
        &mut self,
        index: usize,
        moment: impl Fn(&mut Entry) -> &mut Moment,
        has_come: bool,
    ) -> bool {
        let now = self.now.monotonic;
        let asked = self.asked();
        let askable = self.config.askable;
        let Some(entry) = self.entries.get_mut(index) else {
            return false;
        };
        let before = *moment(entry);
        let next = match before {
            Moment::Ahead if has_come && askable => Moment::Verifying(asked),
            Moment::Ahead if has_come => Moment::Past,
            Moment::Verifying(asked)
                if entry.checks.has_answered(asked) || now >= asked.at + CHECK_DEADLINE =>
            {
                Moment::Past
            }
            unchanged => unchanged,
        };
        let changed = before != next;
        *moment(entry) = next;
        if changed && matches!(next, Moment::Verifying(_)) {
            entry.checks.want(now);
        }
        if changed && next == Moment::Past {
            entry.dirty = true;
        }
        changed && next == Moment::Past
    }

    /// What another window says.
    fn on_message(&mut self, message: Message) {
        match message {
            Message::State(state) => self.on_state(state),
            Message::Removal {
                flow_id: Some(flow_id),
                at,
                dismissed,
            } => self.remove(&flow_id, at, dismissed, Via::BroadcastChannel),
            Message::Removal {
                flow_id: None, at, ..
            } => {
                self.remove_all(at, Via::BroadcastChannel);
            }
            Message::Ask { check, flow_id } => self.on_ask(check, flow_id.as_ref()),
            Message::Here { hold, rank } => self.on_here(hold, rank),
        }
    }

    fn on_state(&mut self, state: State) {
        let via = Via::BroadcastChannel;
        let now = self.now;
        let is_new = self.find(&state.flow_id).is_none();
        let Some(index) = self.learn(&state, via) else {
            return;
        };
        let count = (state.attempt, state.polls, 0);
        self.hear_count(index, count, state.attempt_at);
        self.correct(index, &state);
        if let Some(entry) = self.entries.get_mut(index) {
            if let Some(checked_at) = state.checked_at {
                let begun = now.monotonic - (now.wall - checked_at);
                entry.checks.heard_of_check(begun, now.monotonic);
            }
            let knows_error = state.checked_at.is_some() || state.error.is_some();
            if entry.is_pending() && knows_error && entry.error != state.error {
                entry.error = state.error;
                entry.dirty = true;
            }
        }
        let flow_id = state.flow_id;
        if let Some(verdict) = state.verdict {
            self.adopt(index, verdict, via, verdicts::Source::Window);
        }
        if is_new && self.is_open(index) {
            self.follow(index, via);
            self.claim(&flow_id);
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
        let knows_more = match (&entry.verdict, &state.verdict) {
            (Some(held), Some(theirs)) => held.compare(theirs, confirm) == Ordering::Greater,
            (held, None) => held.is_some(),
            (None, Some(_)) => false,
        };
        let knows_heir = entry.superseded_by.is_some() && state.superseded_by.is_none();
        if self.poller.polls() && (knows_more || knows_heir) {
            self.repeat(index, AT_MOST_EVERY);
        }
    }

    /// Tells the others of a flow without news, for those who have missed it.
    fn repeat(&mut self, index: usize, at_most_every: Millis) {
        let now = self.now.monotonic;
        if let Some(entry) = self.entries.get_mut(index)
            && entry
                .repeated
                .is_none_or(|before| now >= before + at_most_every)
        {
            entry.repeated = Some(now);
            let state = entry.state(None);
            self.outputs.push(Output::Broadcast(Message::State(state)));
        }
    }

    /// The place of a flow that another window or an earlier page has told of; made where there is none yet.
    fn learn(&mut self, state: &State, via: Via) -> Option<usize> {
        if self.reset_at.is_some_and(|reset| state.started_at <= reset) {
            self.drop_input("stale");
            return None;
        }
        let index = match self.find(&state.flow_id) {
            Some(index) => index,
            None => {
                let mut entry = Entry::new(
                    state.flow_id.clone(),
                    state.provider.clone(),
                    state.started_at,
                    state.expires_at,
                    self.now,
                );
                entry.retry_of.clone_from(&state.retry_of);
                self.insert(entry)?
            }
        };
        if let Some(next) = &state.superseded_by {
            self.supersede(index, next.clone(), via, verdicts::Source::Window);
        }
        Some(index)
    }

    /// Begins to ask about a flow that this window did not start, and tells of it.
    fn follow(&mut self, index: usize, via: Via) {
        let now = self.now.monotonic;
        // Where another window polls, it makes the first check.
        let is_first = self.loading.is_running() || self.poller.polls();
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
        let is_pending = self.entries.get(index).is_some_and(Entry::is_pending);
        if is_pending && !self.loading.is_running() {
            self.emit_once(index, EventKind::Started, via);
        }
    }

    /// Adds a flow, unless there are too many. What others told of leaves room for what is started here.
    fn insert(&mut self, entry: Entry) -> Option<usize> {
        let bound = if entry.started_here {
            2 * MAX_FLOWS
        } else {
            MAX_FLOWS
        };
        if self.entries.len() >= bound {
            self.drop_input("flood");
            return None;
        }
        self.entries.push(entry);
        Some(self.entries.len() - 1)
    }

    fn find(&self, flow_id: &FlowId) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == *flow_id)
    }

    fn find_mut(&mut self, flow_id: &FlowId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == *flow_id)
    }

    fn answer_waiters(&mut self) {
        let now = self.now.monotonic;
        let (entries, config, outputs) = (&self.entries, &self.config, &mut self.outputs);
        self.waiters.retain(|waiter| {
            let waits = config.askable
                && now < waiter.asked.at + CHECK_DEADLINE
                && entries.iter().any(|entry| {
                    waiter.flow_ids.contains(&entry.id)
                        && entry.is_open(config)
                        && entry.superseded_by.is_none()
                        && !entry.checks.has_answered(waiter.asked)
                });
            if !waits {
                outputs.push(Output::Checked {
                    token: waiter.token,
                });
            }
            waits
        });
    }

    /// When something changes by itself, and why.
    fn next_wake(&self) -> (Millis, Reason) {
        if self.loading.is_running() {
            return (Millis::NEVER, Reason::Nothing);
        }
        let mut next = (Millis::NEVER, Reason::Nothing);
        let mut consider = |at: Millis, reason| {
            if at < next.0 {
                next = (at, reason);
            }
        };
        for entry in &self.entries {
            consider(self.next_deadline(entry), Reason::Deadline);
            consider(self.next_sweep(entry), Reason::Sweep);
        }
        consider(self.next_check(), Reason::Check);
        consider(self.next_ask(), Reason::Poller);
        for waiter in &self.waiters {
            consider(waiter.asked.at + CHECK_DEADLINE, Reason::Deadline);
        }
        next
    }

    fn next_deadline(&self, entry: &Entry) -> Millis {
        let moment = |moment: Moment, since: Since, span| match moment {
            Moment::Ahead => since.plus(span),
            Moment::Verifying(asked) => asked.at + CHECK_DEADLINE,
            Moment::Past => Millis::NEVER,
        };
        let mut next = entry
            .failure
            .as_ref()
            .map_or(Millis::NEVER, |failure| failure.at_the_latest)
            .min(entry.checks.gives_up_at());
        if entry.is_pending() {
            if !entry.slow {
                next = next.min(entry.attempt.plus(self.config.slow_after));
            }
            next = next
                .min(moment(
                    entry.overdue,
                    entry.attempt,
                    self.config.overdue_after,
                ))
                .min(moment(
                    entry.expiry,
                    entry.started,
                    self.config.expire_after,
                ));
        }
        next
    }

    /// Counts something that could not be used.
    fn drop_input(&mut self, reason: &'static str) {
        if let Some((_, count)) = self.dropped.iter_mut().find(|(known, _)| *known == reason) {
            *count = count.saturating_add(1);
        } else {
            self.dropped.push((reason, 1));
        }
    }
}
