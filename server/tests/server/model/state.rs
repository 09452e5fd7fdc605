//! One state of the exploration, and what may happen in it.

use super::Refresh;
use super::row::{Lease, Row, Sabotage};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync_server::clock::{Millis, millis};
use oauth_sync_server::config::Rotation;
use oauth_sync_server::store::{ReauthReason, Renewing, Verdict};
use oauth_sync_server::tokens::EndpointError;
use oauth_sync_server::tokens::decide::{self, Asking, Next, Wish};
use std::collections::BTreeSet;
use std::time::Duration;

/// A token lives for an hour, and the exploration begins when it is due and still good.
const LIFE: Millis = 3_600_000;
const DUE: Millis = LIFE - 5 * 60_000;
/// For an answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A generation, and the access token that goes with it.
type Pair = (i64, u8);

/// What a process is about to do. It may pause before it for any time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    Nothing,
    Read,
    Begin { seen: i64 },
    Send(Attempt),
    Wait(Attempt, Wire),
    Sleep(Attempt, Millis),
    Store(Attempt, (u8, u8)),
    End(Attempt, End),
}

/// One attempt under a lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    lease: u8,
    until: Millis,
    generation: i64,
    refresh: u8,
    was_uncertain: bool,
    asking: Asking,
}

/// A request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    Request,
    Taken(u8, u8),
    Failed(Failure),
}

/// A verdict before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    Untouched,
    Cooling(Millis),
    Uncertain(Millis),
    Reauth(&'static str),
}

impl End {
    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Untouched => Self::Untouched,
            Verdict::Cooling { until, .. } => Self::Cooling(*until),
            Verdict::Uncertain { until, .. } => Self::Uncertain(*until),
            Verdict::Reauth(reason) => Self::Reauth(reason.as_str()),
        }
    }

    fn verdict(self) -> Verdict {
        let error = String::new();
        match self {
            Self::Untouched => Verdict::Untouched,
            Self::Cooling(until) => Verdict::Cooling { error, until },
            Self::Uncertain(until) => Verdict::Uncertain { error, until },
            Self::Reauth(reason) => Verdict::Reauth(ReauthReason::parse(reason).unwrap()),
        }
    }
}

/// What may come instead of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    Refused,
    Busy,
    NoAnswer,
    NothingSent,
}

impl Failure {
    fn error(self) -> EndpointError {
        match self {
            Self::Refused => EndpointError::Refused(invalid_grant()),
            Self::Busy => EndpointError::Unavailable(503, None),
            Self::NoAnswer => EndpointError::NoAnswer,
            Self::NothingSent => EndpointError::Unreachable,
        }
    }
}

fn invalid_grant() -> ErrorCode {
    ErrorCode::parse("invalid_grant".to_owned()).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Call(usize),
    /// The process does its next step.
    Step(usize),
    /// The provider looks at a process's request; or says 503 without looking.
    Answer(usize),
    Refuse(usize),
    /// The answer, or the request with it, does not arrive.
    Lose(usize),
    Die(usize),
    /// The provider looks at a request whose process is gone.
    AnswerNobody(u8),
    /// Time passes until something is over.
    Pass,
    Disconnect,
    Withdraw,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub row: Row,
    processes: [Doing; 2],
    now: Millis,
    leases: u8,
    /// The provider: the newest refresh token, and how many access tokens it has made.
    newest: u8,
    issued: u8,
    adrift: Vec<u8>,
    calls: u8,
    losses: u8,
    deaths: u8,
    passes: u8,
    refusals: u8,
    may_disconnect: bool,
    may_withdraw: bool,
    // What the properties ask for.
    pub is_disconnected: bool,
    pub is_withdrawn: bool,
    pub handed_out: BTreeSet<Pair>,
    pub stored: BTreeSet<Pair>,
    pub taken: Vec<(u8, u8)>,
    pub was_doubled: bool,
    pub was_late: bool,
    has_lost: bool,
    has_died: bool,
    has_passed: bool,
}

impl State {
    pub fn new(model: &Refresh) -> Self {
        Self {
            row: Row {
                generation: 1,
                refresh: 0,
                access: 0,
                issued_at: 0,
                expires_at: LIFE,
                lease: None,
                sent: None,
                reauth: None,
                cooling_until: None,
                is_disconnected: false,
                sabotage: model.sabotage,
            },
            processes: [Doing::Nothing, Doing::Nothing],
            now: DUE,
            leases: 0,
            newest: 0,
            issued: 0,
            adrift: Vec::new(),
            calls: model.calls,
            losses: model.losses,
            deaths: model.deaths,
            passes: model.passes,
            refusals: model.refusals,
            may_disconnect: model.disconnects,
            may_withdraw: model.withdraws,
            is_disconnected: false,
            is_withdrawn: false,
            handed_out: BTreeSet::new(),
            stored: BTreeSet::from([(1, 0)]),
            taken: Vec::new(),
            was_doubled: false,
            was_late: false,
            has_lost: false,
            has_died: false,
            has_passed: false,
        }
    }

    pub fn actions(&self, actions: &mut Vec<Action>) {
        for (index, doing) in self.processes.iter().enumerate() {
            match doing {
                Doing::Nothing if self.calls > 0 => actions.push(Action::Call(index)),
                Doing::Nothing => continue,
                Doing::Wait(_, Wire::Request) => {
                    actions.push(Action::Answer(index));
                    if self.refusals > 0 {
                        actions.push(Action::Refuse(index));
                    }
                }
                Doing::Sleep(_, until) if self.now < *until => {}
                _ => actions.push(Action::Step(index)),
            }
            if self.losses > 0 && matches!(doing, Doing::Wait(..)) {
                actions.push(Action::Lose(index));
            }
            if self.deaths > 0 && *doing != Doing::Nothing {
                actions.push(Action::Die(index));
            }
        }
        let adrift: BTreeSet<u8> = self.adrift.iter().copied().collect();
        actions.extend(adrift.into_iter().map(Action::AnswerNobody));
        if self.passes > 0 && self.next_moment().is_some() {
            actions.push(Action::Pass);
        }
        if self.may_disconnect {
            actions.push(Action::Disconnect);
        }
        if self.may_withdraw {
            actions.push(Action::Withdraw);
        }
    }

    pub fn after(&self, model: &Refresh, action: Action) -> Option<Self> {
        let mut next = self.clone();
        match action {
            Action::Call(index) => {
                next.calls -= 1;
                next.processes[index] = Doing::Read;
            }
            Action::Step(index) => next.step(model, index),
            Action::Answer(index) => {
                let Doing::Wait(attempt, _) = &self.processes[index] else {
                    return None;
                };
                let wire = next.provider_takes(model.provider, attempt.refresh);
                next.processes[index] = Doing::Wait(attempt.clone(), wire);
            }
            Action::Refuse(index) => {
                next.refusals -= 1;
                let Doing::Wait(attempt, _) = &self.processes[index] else {
                    return None;
                };
                next.processes[index] = Doing::Wait(attempt.clone(), Wire::Failed(Failure::Busy));
            }
            Action::Lose(index) => {
                next.losses -= 1;
                next.has_lost = true;
                let Doing::Wait(attempt, wire) = &self.processes[index] else {
                    return None;
                };
                if *wire == Wire::Request {
                    next.adrift.push(attempt.refresh);
                }
                next.processes[index] =
                    Doing::Wait(attempt.clone(), Wire::Failed(Failure::NoAnswer));
            }
            Action::Die(index) => {
                next.deaths -= 1;
                next.has_died = true;
                if let Doing::Wait(attempt, Wire::Request) = &self.processes[index] {
                    next.adrift.push(attempt.refresh);
                }
                next.processes[index] = Doing::Nothing;
            }
            Action::AnswerNobody(refresh) => {
                let at = self.adrift.iter().position(|one| *one == refresh)?;
                next.adrift.remove(at);
                next.provider_takes(model.provider, refresh);
            }
            Action::Pass => {
                next.passes -= 1;
                next.has_passed = true;
                next.now = self.next_moment()?;
            }
            Action::Disconnect => {
                next.may_disconnect = false;
                next.is_disconnected = true;
                next.row.is_disconnected = true;
            }
            Action::Withdraw => {
                next.may_withdraw = false;
                next.is_withdrawn = true;
            }
        }
        Some(next)
    }

    fn step(&mut self, model: &Refresh, index: usize) {
        let doing = std::mem::replace(&mut self.processes[index], Doing::Nothing);
        self.processes[index] = match doing {
            Doing::Nothing => Doing::Nothing,
            Doing::Read => self.read(model),
            Doing::Begin { seen } => self.begin(model, seen),
            Doing::Send(attempt) => self.send(model, index, attempt),
            Doing::Wait(attempt, wire) => self.hear(model, attempt, wire),
            Doing::Sleep(attempt, _) => Doing::Send(attempt),
            Doing::Store(attempt, pair) => self.store(&attempt, pair),
            Doing::End(attempt, end) => self.end(&attempt, end),
        };
    }

    /// As `TokenService::obtain` does.
    fn read(&mut self, model: &Refresh) -> Doing {
        if self.row.is_disconnected {
            return Doing::Nothing;
        }
        let row = self.row.stored();
        match decide::next(model.rotation, &row, Wish::Good, false, self.now) {
            Next::HandOut => self.hand_out(),
            Next::MakeDo { .. } if row.is_good(self.now) => self.hand_out(),
            Next::Ask => {
                return Doing::Begin {
                    seen: row.generation,
                };
            }
            Next::Reauth(_) | Next::NotRefreshable | Next::End | Next::MakeDo { .. } => {}
        }
        Doing::Nothing
    }

    /// As `TokenService::attempt` does, up to the request.
    fn begin(&mut self, model: &Refresh, seen: i64) -> Doing {
        let until = self.now + millis(decide::lease(TIMEOUT));
        self.leases += 1;
        let lease = self.leases;
        let before = self.row.stored();
        match self.row.begin(seen, (lease, until), false, self.now) {
            Lease::Taken => {
                let attempt = Attempt {
                    lease,
                    until,
                    generation: before.generation,
                    refresh: self.row.refresh,
                    was_uncertain: before.is_uncertain(),
                    asking: Asking::new(model.rotation, TIMEOUT, until),
                };
                if decide::is_held_back(model.rotation, &before, self.now) {
                    Doing::End(attempt, End::Untouched)
                } else {
                    Doing::Send(attempt)
                }
            }
            // It waits a while, and makes do with the token that is there.
            Lease::Refused if decide::is_held(&before, seen, self.now) => {
                if before.is_good(self.now) {
                    self.hand_out();
                }
                Doing::Nothing
            }
            Lease::Refused | Lease::Gone => Doing::Read,
        }
    }

    fn send(&mut self, model: &Refresh, index: usize, mut attempt: Attempt) -> Doing {
        if attempt.asking.may_send(self.now).is_none() {
            return self.decide(model, attempt, Failure::NothingSent);
        }
        let other = &self.processes[1 - index];
        self.was_doubled |= other
            .attempt()
            .is_some_and(|other| other.generation == attempt.generation && self.now < other.until);
        Doing::Wait(attempt, Wire::Request)
    }

    fn hear(&mut self, model: &Refresh, mut attempt: Attempt, wire: Wire) -> Doing {
        match wire {
            Wire::Request => Doing::Wait(attempt, wire),
            Wire::Taken(refresh, access) => {
                attempt.asking.answered(None);
                if self.row.sabotage == Some(Sabotage::HandOutEarly) {
                    self.handed_out.insert((attempt.generation + 1, access));
                }
                Doing::Store(attempt, (refresh, access))
            }
            Wire::Failed(failure) => match attempt.asking.answered(Some(&failure.error())) {
                Some(wait) => {
                    let until = self.now + millis(wait);
                    Doing::Sleep(attempt, until)
                }
                None => self.decide(model, attempt, failure),
            },
        }
    }

    /// Stored; then its caller reads the row again, and hands out what stands there.
    fn store(&mut self, attempt: &Attempt, (refresh, access): (u8, u8)) -> Doing {
        let used = (attempt.generation, attempt.lease);
        let expires_at = self.now + LIFE;
        let stored = self
            .row
            .renew(used, (refresh, access), expires_at, self.now);
        if stored == Renewing::Stored {
            self.stored.insert((self.row.generation, access));
        }
        Doing::Read
    }

    fn decide(&self, model: &Refresh, attempt: Attempt, failure: Failure) -> Doing {
        let is_uncertain = attempt.was_uncertain || attempt.asking.is_uncertain;
        let is_late = attempt.until <= self.now;
        let error = failure.error();
        let verdict = decide::verdict(model.rotation, &error, is_uncertain, is_late, self.now);
        Doing::End(attempt, End::of(&verdict))
    }

    fn end(&mut self, attempt: &Attempt, end: End) -> Doing {
        let used = (attempt.generation, attempt.lease);
        let stands = self.row.end(used, &end.verdict(), self.now);
        match end {
            // Its caller makes do with the token that it has read, or is told to come later.
            End::Cooling(_) | End::Uncertain(_) if stands => Doing::Nothing,
            _ => Doing::Read,
        }
    }

    fn hand_out(&mut self) {
        self.was_late |= self.is_disconnected;
        self.handed_out
            .insert((self.row.generation, self.row.access));
    }

    fn provider_takes(&mut self, policy: Rotation, refresh: u8) -> Wire {
        if self.is_withdrawn || refresh < self.oldest(policy) {
            return Wire::Failed(Failure::Refused);
        }
        match self.taken.iter_mut().find(|(one, _)| *one == refresh) {
            Some((_, times)) if policy != Rotation::None => *times += 1,
            Some(_) => {}
            None => self.taken.push((refresh, 1)),
        }
        self.issued += 1;
        if policy != Rotation::None {
            self.newest += 1;
        }
        Wire::Taken(self.newest, self.issued)
    }

    /// The oldest refresh token that the provider takes.
    const fn oldest(&self, policy: Rotation) -> u8 {
        match policy {
            Rotation::None => 0,
            Rotation::Grace => self.newest.saturating_sub(1),
            Rotation::Strict | Rotation::Unknown => self.newest,
        }
    }

    /// When the next lease, wait, pause or token is over.
    fn next_moment(&self) -> Option<Millis> {
        let sleeps = self.processes.iter().filter_map(|doing| match doing {
            Doing::Sleep(_, until) => Some(*until),
            _ => None,
        });
        let attempts = self.processes.iter().filter_map(Doing::attempt);
        self.row
            .lease
            .map(|(_, until)| until)
            .into_iter()
            .chain(self.row.cooling_until)
            .chain([self.row.expires_at])
            .chain(attempts.map(|attempt| attempt.until))
            .chain(sleeps)
            .filter(|moment| self.now < *moment)
            .min()
    }

    /// Nobody does anything, and nothing is on its way.
    pub fn is_at_rest(&self) -> bool {
        self.processes.iter().all(|doing| *doing == Doing::Nothing) && self.adrift.is_empty()
    }

    /// Whether the provider still takes the refresh token in the row.
    pub fn grant_is_there(&self, policy: Rotation) -> bool {
        self.is_withdrawn
            || self.is_disconnected
            || (self.row.reauth.is_none() && self.oldest(policy) <= self.row.refresh)
    }

    /// Something was lost that nobody can bring back.
    pub fn was_cut(&self) -> bool {
        self.has_lost || self.has_died
    }

    /// More than the callers and the provider had a part in it.
    pub fn was_disturbed(&self) -> bool {
        self.was_cut() || self.has_passed
    }
}

impl Doing {
    fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Send(attempt)
            | Self::Wait(attempt, _)
            | Self::Sleep(attempt, _)
            | Self::Store(attempt, _)
            | Self::End(attempt, _) => Some(attempt),
            Self::Nothing | Self::Read | Self::Begin { .. } => None,
        }
    }
}
