//! Which window checks: one for all, and another when it goes or falls silent.
//!
//! ```text
//!   follower ── lock held ───────────────────────▶ holder      (answers `here`, polls)
//!      ▲  └──── nobody answers, or no locks ─────▶ stand-in    (the same, without the lock)
//!      └─ `here` of a higher rank ──────────────────┘
//! ```
//!
//! Nobody steals. The lock is let go of when the page is put away.

use super::io::{Lock, Output, Poller};
use super::{MAX_FLOWS, Machine};
use crate::proto::flow::FlowId;
use crate::proto::message::Message;
use crate::proto::state::Part;
use crate::proto::time::Millis;

/// How often a window that can be seen asks whether anybody polls.
pub(super) const ASK_EVERY: Millis = Millis::seconds(1);
/// After how long without an answer it polls itself; up to a second more, so that not all do at once.
const SILENCE: Millis = Millis::seconds(3);
/// How long a wake waits for an answer; up to a quarter of a second more, for the same reason.
const WAKE_ANSWER: Millis = Millis(400);
/// A holder whose tick comes this late was frozen or asleep, and others may have stepped in.
const LATE: Millis = Millis::seconds(3);
/// How long it then lets the others go first, once.
const GRACE: Millis = Millis::seconds(1);
/// One `here` is enough for what is heard at about the same time.
const HERE_EVERY: Millis = Millis(200);
/// What the server may ask for: at least, and at most.
const HOLD: (Millis, Millis) = (Millis::seconds(1), Millis::seconds(60));
/// The rank of the holder of the lock.
const HIGHEST: u32 = u32::MAX;

/// What this window knows of who polls.
#[derive(Clone, Debug)]
pub(super) struct PollerState {
    seed: u32,
    lock: Option<Lock>,
    standing_in: bool,
    visible: bool,
    /// Put away: in the back/forward cache, or frozen.
    away: bool,
    /// Something is planned, so somebody has to be polling.
    watching: bool,
    /// When another poller was last heard, or watching began.
    heard: Millis,
    asked: Millis,
    /// Answers to a wake are waited for until then.
    wake_until: Millis,
    said_here: Option<Millis>,
    /// When the next tick was due.
    tick_due: Millis,
    may_skip: bool,
    skip_until: Millis,
}

impl PollerState {
    pub(super) fn new(seed: u32) -> Self {
        Self {
            seed,
            lock: None,
            standing_in: false,
            visible: true,
            away: false,
            watching: false,
            heard: Millis::ZERO,
            asked: Millis::ZERO,
            wake_until: Millis::NEVER,
            said_here: None,
            tick_due: Millis::NEVER,
            may_skip: true,
            skip_until: Millis::ZERO,
        }
    }

    pub(super) fn who(&self, now: Millis) -> Poller {
        if self.polls() {
            Poller::This
        } else if self.heard > Millis::ZERO && now < self.heard + SILENCE + ASK_EVERY {
            Poller::Other
        } else {
            Poller::None
        }
    }

    /// Whether this window polls for the scope.
    pub(super) fn polls(&self) -> bool {
        !self.away && (self.is_holder() || self.standing_in)
    }

    /// Whether it holds the lock of the scope.
    pub(super) fn is_holder(&self) -> bool {
        self.lock == Some(Lock::Held)
    }

    /// Whether it looks for who polls: a page that waits for the lock and that nobody sees can wait; without locks nobody
    /// would wake it.
    fn watches(&self) -> bool {
        self.visible || self.lock == Some(Lock::Missing)
    }

    fn rank(&self) -> u32 {
        if self.is_holder() {
            HIGHEST
        } else {
            self.seed.min(HIGHEST - 1)
        }
    }

    /// Put away: in the back/forward cache, or frozen.
    pub(super) fn is_away(&self) -> bool {
        self.away
    }

    /// Others go first until then.
    pub(super) fn skips_until(&self) -> Millis {
        self.skip_until
    }

    /// Spreads windows that would otherwise act at the same moment: the same for one window, always.
    pub(super) fn spread(&self, span: u64) -> Millis {
        Millis(u64::from(self.seed) % span)
    }

    fn silence(&self) -> Millis {
        SILENCE + self.spread(1000)
    }

    pub(super) fn waits_until(&mut self, until: Millis) {
        self.tick_due = until;
    }

    /// A holder that was frozen or slept lets one tick pass, unless it did so at the last.
    pub(super) fn on_tick(&mut self, now: Millis) {
        let late = now > self.tick_due + LATE;
        if late && self.may_skip && self.is_holder() {
            self.skip_until = now + GRACE;
        }
        self.may_skip = !late;
    }
}

impl Machine {
    pub(super) fn on_lock(&mut self, lock: Lock) {
        if self.poller.away {
            // Granted just as the page was put away: a page that nobody sees must not keep the others waiting.
            if lock == Lock::Held {
                self.put(Output::ReleaseLock);
            }
            return;
        }
        self.poller.lock = Some(lock);
        match lock {
            Lock::Held => {
                self.poller.standing_in = false;
                self.wake_all();
            }
            Lock::Lost => self.poller.heard = self.now.monotonic,
            Lock::Missing => self.stand_in(),
        }
    }

    pub(super) fn on_visible(&mut self, visible: bool) {
        let appears = visible && !self.poller.visible;
        self.poller.visible = visible;
        self.poller.watching = false;
        if appears {
            // A `storage` event may have been missed; the write itself cannot.
            self.put(Output::Reread);
            self.wake_all();
        }
    }

    pub(super) fn on_leave(&mut self) {
        if self.poller.away {
            return;
        }
        self.poller.away = true;
        self.poller.lock = None;
        self.poller.standing_in = false;
        self.poller.wake_until = Millis::NEVER;
        for entry in &mut self.entries {
            for request in entry.checks.interrupt() {
                self.outputs.push(Output::Abort { request });
            }
        }
        self.abort_probes();
        self.interrupt_connections();
        self.push.hear_elsewhere(false);
        self.put(Output::ReleaseLock);
    }

    pub(super) fn on_return(&mut self) {
        if !self.poller.away {
            return;
        }
        self.poller.away = false;
        self.poller.watching = false;
        self.put(Output::RequestLock);
        self.put(Output::Reread);
        self.wake_all();
    }

    /// A new reason to look at every flow that is not decided.
    pub(super) fn wake_all(&mut self) {
        self.seek_list();
        self.wake_push();
        if !self.rests() {
            self.want_checks(None, self.now.monotonic);
        }
    }

    /// A check is wanted of this flow, or of every flow, unless it is decided.
    pub(super) fn want_checks(&mut self, flow_id: Option<&FlowId>, at: Millis) {
        if !self.config.askable {
            return;
        }
        for index in 0..self.entries.len() {
            if let Some(entry) = self.entries.get(index)
                && flow_id.is_none_or(|id| *id == entry.state.flow_id)
                && self.is_worth_checking(entry)
                && let Some(entry) = self.entries.get_mut(index)
            {
                entry.checks.want(at);
            }
        }
    }

    /// Another window asks whether this one polls.
    pub(super) fn on_ask(&mut self, check: bool, flow_id: Option<&FlowId>) {
        if !self.poller.polls() {
            return;
        }
        self.say_here();
        if check {
            self.want_checks(flow_id, self.soon());
        }
    }

    /// Another window polls.
    pub(super) fn on_here(&mut self, hold: Millis, rank: u32, push: bool) {
        let now = self.now.monotonic;
        let to_own = rank.cmp(&self.poller.rank());
        if to_own.is_eq() && self.poller.polls() {
            // Its own word: some versions of Safari tell of a write to storage in the page that made it, too.
            return;
        }
        if to_own.is_lt() && self.poller.polls() {
            // It gives way now, not only at this window's next check: until then each would ask, and may hold a stream.
            self.say_here_again();
        }
        self.push.hear_elsewhere(push);
        self.poller.heard = now;
        self.poller.skip_until = Millis::ZERO;
        self.hold = self.hold.max(now + hold.min(HOLD.1));
        if self.poller.is_holder() || (self.poller.standing_in && to_own.is_lt()) {
            return;
        }
        self.poller.standing_in = false;
        if self.poller.wake_until != Millis::NEVER {
            self.poller.wake_until = Millis::NEVER;
            for entry in &mut self.entries {
                entry.checks.hand_over(now);
            }
            self.probes.clear();
        }
    }

    /// Asks who polls, and steps in where nobody does.
    pub(super) fn ask_around(&mut self) {
        let now = self.now.monotonic;
        if self.poller.away || self.poller.polls() {
            self.poller.wake_until = Millis::NEVER;
            return;
        }
        if self.poller.wake_until <= now {
            self.stand_in();
            return;
        }
        if self.poller.wake_until == Millis::NEVER && self.is_urgent() {
            self.poller.wake_until = now + WAKE_ANSWER + self.poller.spread(250);
            self.ask_for_refreshes();
            if self.are_checks_urgent() {
                self.ask(true);
            }
        }
        let active =
            self.next_neglect() <= now || self.entries.iter().any(|entry| entry.checks.is_active());
        if !(active && self.poller.watches()) {
            self.poller.watching = false;
            return;
        }
        if !self.poller.watching {
            self.poller.watching = true;
            self.poller.heard = now;
        }
        if now >= self.poller.heard + self.poller.silence() {
            self.stand_in();
        } else if now >= self.poller.heard.max(self.poller.asked) + ASK_EVERY {
            self.ask(false);
        }
    }

    /// When `ask_around` has something to do.
    pub(super) fn next_ask(&self) -> Millis {
        let poller = &self.poller;
        if poller.away || poller.polls() {
            return Millis::NEVER;
        }
        let mut next = poller.wake_until;
        if next == Millis::NEVER {
            next = self.connections.refreshes.next_ask();
        }
        if poller.watches() && !poller.watching {
            next = next.min(self.next_neglect());
        }
        if poller.watching {
            next = next
                .min(poller.heard + poller.silence())
                .min(poller.heard.max(poller.asked) + ASK_EVERY);
        }
        next
    }

    fn is_urgent(&self) -> bool {
        let now = self.now.monotonic;
        self.connections.refreshes.are_urgent(now) || self.are_checks_urgent()
    }

    fn are_checks_urgent(&self) -> bool {
        let now = self.now.monotonic;
        !self.probes.is_empty() || self.entries.iter().any(|entry| entry.checks.is_urgent(now))
    }

    fn ask(&mut self, check: bool) {
        let now = self.now.monotonic;
        self.poller.asked = now;
        let mut urgent = 0;
        let mut flow_id = None;
        for entry in &self.entries {
            if check && entry.checks.is_urgent(now) {
                urgent += 1;
                // Several are looked at with all the others.
                flow_id = (urgent == 1).then(|| entry.state.flow_id.clone());
            }
        }
        self.tell_of_neglected(check);
        self.outputs
            .push(Output::Broadcast(Message::Ask { check, flow_id }));
    }

    /// Tells of flows that the polling window may not know, or know better: before it is asked about them, and where it
    /// says that it polls, but not them.
    fn tell_of_neglected(&mut self, check: bool) {
        const AT_MOST: usize = 16;
        const AT_MOST_EVERY: Millis = Millis::seconds(10);
        let now = self.now.monotonic;
        let held = now < self.hold;
        let at_most_every = if check {
            Millis::seconds(1)
        } else {
            AT_MOST_EVERY
        };
        let mut left = AT_MOST;
        for index in 0..self.entries.len() {
            if let Some(entry) = self.entries.get(index)
                && entry.is_open(&self.config)
                && (check && entry.checks.is_urgent(now) || !held && entry.checks.is_neglected(now))
                && left > 0
            {
                left -= 1;
                self.repeat(index, at_most_every);
            }
        }
    }

    fn stand_in(&mut self) {
        self.poller.standing_in = true;
        self.poller.wake_until = Millis::NEVER;
        self.seek_list();
    }

    /// One is enough for what is said at about the same time.
    pub(super) fn say_here_again(&mut self) {
        let now = self.now.monotonic;
        let said = self.poller.said_here;
        if said.is_none_or(|said| now >= said + HERE_EVERY) {
            self.say_here();
        }
    }

    pub(super) fn say_here(&mut self) {
        if !self.config.asks() {
            // It may hold the lock, but others that can ask must not wait for it.
            return;
        }
        let now = self.now.monotonic;
        self.poller.said_here = Some(now);
        self.put(Output::Broadcast(Message::Here {
            hold: self.hold - now,
            rank: self.poller.rank(),
            push: self.push.is_live(),
        }));
    }

    /// Every check waits, where the server wants quiet.
    pub(super) fn hold_for(&mut self, span: Option<Millis>) {
        let Some(span) = span else {
            return;
        };
        let span = span.max(HOLD.0).min(HOLD.1);
        self.hold = self.hold.max(self.now.monotonic + span);
        if self.poller.polls() {
            // Whoever polls next must know as well.
            self.say_here();
        }
        for entry in &mut self.entries {
            if entry.failure.is_some() {
                entry.checks.skip_burst();
            }
        }
    }

    /// Begins every check that is due, if this window is the one to do it.
    pub(super) fn begin_checks(&mut self) {
        let now = self.now.monotonic;
        if !self.poller.polls() || now < self.poller.skip_until {
            return;
        }
        let rests = self.rests();
        for index in 0..self.entries.len().min(MAX_FLOWS) {
            while self
                .entries
                .get(index)
                .is_some_and(|entry| entry.checks.due(self.hold, rests) <= now)
            {
                self.begin_check(index);
            }
        }
        self.begin_probe();
    }

    fn begin_check(&mut self, index: usize) {
        let now = self.now.monotonic;
        self.say_here_again();
        let request = self.next_request();
        let (hidden, rests) = (!self.poller.visible, self.rests());
        let schedule = &self.config.schedule;
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let counted = entry.checks.begin(request, schedule, now, hidden, rests);
        self.outputs.push(Output::Check {
            request,
            flow_id: entry.state.flow_id.clone(),
            provider: entry.state.provider.clone(),
            since: entry.state.started_at,
        });
        if counted {
            self.write_down(index, Part::Count);
        }
    }

    /// When `begin_checks` has something to do.
    pub(super) fn next_check(&self) -> Millis {
        if !self.poller.polls() {
            return Millis::NEVER;
        }
        let mut next = self.next_probe_due();
        for entry in &self.entries {
            next = next.min(entry.checks.due(self.hold, self.push.is_live()));
        }
        next.max(self.poller.skip_until)
    }
}
