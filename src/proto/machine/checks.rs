//! When one flow is to be checked, and why.
//!
//! Five reasons, each a time on the monotonic clock:
//!
//! | reason | when | counted |
//! |---|---|---|
//! | schedule | the tier's wait after the last counted poll | yes |
//! | wanted | a wake, `start`, `check()`, a lock handed over | no |
//! | hint | 1, 2, 4 and 8 s after the window read as closed | no |
//! | burst | at once, 250 ms and 1 s after a notice | no |
//! | run | ten at 2 s after the burst | no |
//!
//! At most one check begins in a second; only those of a burst are exempt. One that comes too early is put off, never
//! dropped. A check answers only what was asked before it began. A notice past the third of an attempt has no burst and
//! no run, only a check: whoever loads a callback URL for ever must not make us ask for ever.

use super::CHECK_DEADLINE;
use super::io::RequestId;
use super::push::LOOKED_INTO;
use crate::proto::schedule::Schedule;
use crate::proto::state::State;
use crate::proto::time::Millis;
use alloc::vec::Vec;

/// The shortest time between the beginnings of two checks.
const SPACING: Millis = Millis::seconds(1);
/// Enough for a slow endpoint and a burst beside it; the next waits for an answer or its deadline.
const MAX_IN_FLIGHT: usize = 4;
/// After a window has closed, its message may still be on the way.
const HINTS: [Millis; 4] = [
    Millis::seconds(1),
    Millis::seconds(2),
    Millis::seconds(4),
    Millis::seconds(8),
];
/// The callback page may speak before the server has committed.
const BURST: [Millis; 3] = [Millis::ZERO, Millis(250), Millis::seconds(1)];
const RUN_LENGTH: u8 = 10;
const RUN_EVERY: Millis = Millis::seconds(2);
/// How many runs a flow may have: a callback URL can be loaded by anyone, any number of times.
const MAX_RUNS: u32 = 3;
/// The polling window has had this long to look after a poll of the schedule, and has not been heard of.
const NEGLECT: Millis = Millis::seconds(3);

/// The plan of one flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Checks {
    /// Counted polls of this attempt, of all windows and loads.
    pub(super) polls: u32,
    /// How often the flow's window was opened again.
    pub(super) attempt: u32,
    /// Runs of this attempt, of all windows and loads.
    pub(super) runs: u32,
    /// When the schedule's next poll is due.
    next_poll: Millis,
    /// Since when a check is wanted.
    wanted: Millis,
    hints: Vec<Millis>,
    burst: Vec<Millis>,
    run_left: u8,
    next_run: Millis,
    last_begun: Option<Millis>,
    in_flight: Vec<InFlight>,
    /// The latest of our checks that has been answered or has failed.
    concluded: Option<RequestId>,
    /// When the latest check began of whose answer or failure another window has told.
    heard: Option<Millis>,
    /// Push began anew, and no check has been answered since: it does not know what was before.
    is_owed: bool,
    /// Some check has been answered since this page loaded.
    pub(super) answered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct InFlight {
    request: RequestId,
    begun: Millis,
    counted: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            polls: 0,
            attempt: 0,
            runs: 0,
            next_poll: Millis::NEVER,
            wanted: Millis::NEVER,
            hints: Vec::new(),
            burst: Vec::new(),
            run_left: 0,
            next_run: Millis::NEVER,
            last_begun: None,
            in_flight: Vec::new(),
            concluded: None,
            heard: None,
            is_owed: false,
            answered: false,
        }
    }
}

/// A moment, and the last check that had been begun by then: later checks answer what was asked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) at: Millis,
    pub(super) after: RequestId,
}

impl Checks {
    /// Begins, or after a load goes on: one check at once, then the schedule from where the count stands.
    pub(super) fn start(&mut self, schedule: &Schedule, now: Millis) {
        self.want(now);
        self.follow(schedule, now);
    }

    /// Goes on with the schedule where another window makes the first check.
    pub(super) fn follow(&mut self, schedule: &Schedule, now: Millis) {
        self.schedule_next(schedule, now, false);
    }

    /// Begins to count again, for a new attempt.
    pub(super) fn begin_attempt(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
        self.polls = 0;
        self.runs = 0;
    }

    /// Plans nothing more, and gives the checks that are on their way.
    pub(super) fn stop(&mut self) -> Vec<RequestId> {
        self.next_poll = Millis::NEVER;
        self.wanted = Millis::NEVER;
        self.hints.clear();
        self.burst.clear();
        self.run_left = 0;
        self.interrupt()
    }

    /// Forgets the checks on their way, without an answer, and gives them.
    pub(super) fn interrupt(&mut self) -> Vec<RequestId> {
        let mut requests = Vec::new();
        for check in core::mem::take(&mut self.in_flight) {
            requests.push(check.request);
        }
        requests
    }

    /// Push knows nothing of it before now: polling goes on until a check has been answered.
    pub(super) fn owe(&mut self) {
        self.is_owed = true;
    }

    /// Some check has been answered.
    pub(super) fn answer(&mut self) {
        self.answered = true;
        self.is_owed = false;
    }

    /// A check is wanted as soon as one may begin.
    pub(super) fn want(&mut self, at: Millis) {
        self.wanted = self.wanted.min(at);
    }

    /// The window reads as closed.
    pub(super) fn hint(&mut self, now: Millis) {
        self.want(now);
        self.hints = after(now, &HINTS);
    }

    /// A notice has come. Gives whether it has a run; the count of runs is to be kept then.
    pub(super) fn burst(&mut self, now: Millis) -> bool {
        let has_run = self.runs < MAX_RUNS;
        if has_run {
            self.runs += 1;
            self.run_left = RUN_LENGTH;
            self.next_run = now + Millis::seconds(1) + RUN_EVERY;
            self.burst = after(now, &BURST);
        } else {
            self.want(now);
        }
        has_run
    }

    /// A notice has come while push delivers: one check, unless push has said by then what there is to say.
    pub(super) fn burst_after_push(&mut self, at: Millis) {
        self.want(at);
        self.run_left = self.run_left.max(1);
        self.next_run = self.next_run.min(at);
    }

    /// The checks of the last notice have all been answered or have failed.
    pub(super) fn burst_is_over(&self) -> bool {
        self.burst.is_empty() && self.in_flight.is_empty() && self.wanted == Millis::NEVER
    }

    /// Neither burst nor run is under way: nothing more is expected of the last notice.
    pub(super) fn notice_is_spent(&self) -> bool {
        self.burst_is_over() && self.run_left == 0
    }

    /// Gives up the checks of the last notice that the server's own word to wait forbids.
    pub(super) fn skip_burst(&mut self) {
        self.burst.clear();
    }

    /// Whether anything is planned for which somebody has to be polling.
    pub(super) fn is_active(&self) -> bool {
        self.next_poll != Millis::NEVER
            || self.wanted != Millis::NEVER
            || self.run_left > 0
            || !self.hints.is_empty()
            || !self.burst.is_empty()
    }

    /// Whether a check is wanted out of turn, for which the polling window should be asked at once.
    pub(super) fn is_urgent(&self, now: Millis) -> bool {
        self.wanted <= now || first(&self.burst) <= now || first(&self.hints) <= now
    }

    /// Another window looks after what is wanted out of turn by now. It has heard the notice as well, but not that a
    /// window has closed: those checks it is asked for one by one.
    pub(super) fn hand_over(&mut self, now: Millis) {
        self.wanted = Millis::NEVER;
        drop_due(&mut self.hints, now);
        self.burst.clear();
    }

    /// A poll of the schedule is overdue, and the window that polls has told of none.
    pub(super) fn is_neglected(&self, now: Millis) -> bool {
        self.next_poll + NEGLECT <= now
    }

    /// When the next check is due; the server wants quiet until `hold`. While push delivers, only what is wanted is.
    pub(super) fn due(&self, hold: Millis, rests: bool) -> Millis {
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            return Millis::NEVER;
        }
        let mut due = self.wanted;
        if !rests || self.is_owed {
            due = due.min(first(&self.hints));
            if self.run_left > 0 {
                due = due.min(self.next_run);
            }
            if !self.is_polling() {
                due = due.min(self.next_poll);
            }
        }
        if let Some(last) = self.last_begun {
            due = due.max(last + SPACING);
        }
        due.min(first(&self.burst)).max(hold)
    }

    /// Begins a check. Gives whether it was counted.
    pub(super) fn begin(
        &mut self,
        request: RequestId,
        schedule: &Schedule,
        now: Millis,
        hidden: bool,
        rests: bool,
    ) -> bool {
        let in_burst = first(&self.burst) <= now;
        if in_burst {
            drop_due(&mut self.burst, now);
        } else if self.run_left > 0 && self.next_run != Millis::NEVER && self.burst.is_empty() {
            self.run_left -= 1;
            self.next_run = now + RUN_EVERY;
        }
        let counted = (!rests || self.is_owed) && self.next_poll <= now && !self.is_polling();
        if counted {
            self.polls = self.polls.saturating_add(1);
            self.schedule_next(schedule, now, hidden);
        }
        if self.wanted <= now {
            self.wanted = Millis::NEVER;
        }
        drop_due(&mut self.hints, now);
        self.last_begun = Some(now);
        self.in_flight.push(InFlight {
            request,
            begun: now,
            counted,
        });
        counted
    }

    /// A check has been answered or has failed. Gives when it began, if it was ours.
    pub(super) fn conclude(&mut self, request: RequestId) -> Option<Millis> {
        for (place, check) in self.in_flight.iter().enumerate() {
            if check.request == request {
                self.concluded = self.concluded.max(Some(request));
                return Some(self.in_flight.swap_remove(place).begun);
            }
        }
        None
    }

    /// Checks that are on their way for longer than any may be: whoever was to answer has forgotten them.
    pub(super) fn give_up(&mut self, now: Millis) -> Vec<RequestId> {
        let mut late = Vec::new();
        for check in core::mem::take(&mut self.in_flight) {
            if now >= check.begun + CHECK_DEADLINE {
                self.concluded = self.concluded.max(Some(check.request));
                late.push(check.request);
            } else {
                self.in_flight.push(check);
            }
        }
        late
    }

    /// When `give_up` has something to do.
    pub(super) fn gives_up_at(&self) -> Millis {
        let mut earliest = Millis::NEVER;
        for check in &self.in_flight {
            earliest = earliest.min(check.begun + CHECK_DEADLINE);
        }
        earliest
    }

    /// Whether a poll of the schedule is on its way.
    fn is_polling(&self) -> bool {
        let mut is_polling = false;
        for check in &self.in_flight {
            is_polling |= check.counted;
        }
        is_polling
    }

    /// A check that another window began at `begun` has been answered or has failed.
    pub(super) fn heard_of_check(&mut self, begun: Millis, now: Millis) {
        self.heard = self.heard.max(Some(begun));
        self.last_begun = self.last_begun.max(Some(begun));
        if self.wanted > now && begun + LOOKED_INTO >= self.wanted {
            self.wanted = Millis::NEVER;
        }
        if self.run_left > 0 && self.burst.is_empty() {
            self.run_left -= 1;
            self.next_run = now + RUN_EVERY;
        }
    }

    /// Another window, or an earlier page, has counted so far. A new attempt begins the schedule again.
    pub(super) fn heard_of_count(&mut self, told: &State, schedule: &Schedule, now: Millis) {
        let (attempt, polls, runs) = (told.attempt, told.polls, told.runs);
        if attempt > self.attempt {
            self.attempt = attempt;
            self.polls = polls;
            self.runs = runs;
            self.start(schedule, now);
        } else if attempt == self.attempt {
            self.runs = self.runs.max(runs);
            if polls > self.polls {
                self.polls = polls;
                self.schedule_next(schedule, now, false);
            }
        }
    }

    /// Whether something asked then has its answer.
    pub(super) fn has_answered(&self, asked: Asked) -> bool {
        self.concluded.is_some_and(|request| request > asked.after)
            || self.heard.is_some_and(|begun| begun >= asked.at)
    }

    fn schedule_next(&mut self, schedule: &Schedule, now: Millis, hidden: bool) {
        // A hidden tab's timers fire on whole seconds: what is due exactly then just misses them and comes a second late.
        const AHEAD_OF_THE_TICK: Millis = Millis(50);
        self.next_poll = schedule
            .wait_after(self.polls)
            .map_or(Millis::NEVER, |wait| {
                now + if hidden {
                    wait - AHEAD_OF_THE_TICK
                } else {
                    wait
                }
            });
    }
}

fn first(times: &[Millis]) -> Millis {
    times.first().copied().unwrap_or(Millis::NEVER)
}

fn after(now: Millis, delays: &[Millis]) -> Vec<Millis> {
    let mut times = Vec::new();
    for delay in delays {
        times.push(now + *delay);
    }
    times
}

/// A late timer makes several due at once: one check is as good as all of them.
fn drop_due(times: &mut Vec<Millis>, now: Millis) {
    while first(times) <= now {
        times.remove(0);
    }
}
