//! One state of the exploration, and what may happen in it.

use super::action::{Action, FLOW};
use super::{Pace, Protocol};
use crate::simulation::steps::Run;
use oauth_sync::proto::time::Millis;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A timer that is farther off fires when everything has arrived: nothing is on its way for longer, and what has settled
/// is still there when it is looked at.
const LONGEST_WAIT: u64 = 60_000;
/// Within this time everything has arrived that is on its way between windows, and the server has answered.
const PROMPT: u64 = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Underway,
    /// Everything has arrived, everybody woke, and some time has passed.
    AtRest,
    /// A window or the world around it has panicked.
    Broken,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub run: Run,
    phase: Phase,
    /// How many states may still follow on this path.
    depth: usize,
    ticks: u8,
    losses: u8,
    repeats: u8,
    deeds: Vec<Action>,
    mark: u64,
}

impl Node {
    pub fn new(protocol: &Protocol) -> Self {
        let mut world = protocol.world.clone();
        // However the clock jumps, nothing leaves before it is looked at.
        world.config.keep_settled = Millis::hours(10);
        world.config.expire_after = Millis::hours(12);
        for _ in 0..protocol.windows {
            world.open();
        }
        world.run(if world.config.connections { 1500 } else { 5 });
        let mut run = Run::of(world);
        run.prompt = protocol.pace == Pace::Prompt;
        if protocol.starts {
            run.started.insert(FLOW);
            run.world.start(protocol.windows - 1, FLOW);
        }
        if run.prompt {
            run.world.run(PROMPT);
        }
        let mut node = Self {
            run,
            phase: Phase::Underway,
            depth: protocol.depth - 1,
            ticks: protocol.ticks,
            losses: protocol.losses,
            repeats: protocol.repeats,
            deeds: protocol.deeds.clone(),
            mark: 0,
        };
        node.remark();
        node
    }

    pub fn actions(&self, protocol: &Protocol, actions: &mut Vec<Action>) {
        if self.phase != Phase::Underway {
            return;
        }
        if self.mark.is_multiple_of(protocol.rest_of) {
            actions.push(Action::Rest);
        }
        if self.depth == 0 {
            return;
        }
        let underway = if self.run.prompt {
            0
        } else {
            self.run.world.network.len()
        };
        actions.extend((0..underway).map(Action::Deliver));
        if self.losses > 0 {
            actions.extend((0..underway).map(Action::Lose));
        }
        if self.repeats > 0 {
            actions.extend((0..underway).map(Action::Repeat));
        }
        if self.ticks > 0 {
            actions.push(Action::Tick);
        }
        actions.extend(&self.deeds);
    }

    pub fn after(&self, action: Action) -> Option<Self> {
        let mut next = self.clone();
        next.depth = next.depth.saturating_sub(1);
        let done = catch_unwind(AssertUnwindSafe(|| next.perform(action)));
        match done {
            Ok(false) => return None,
            Ok(true) => next.deeds.retain(|deed| *deed != action),
            Err(_) => next.phase = Phase::Broken,
        }
        next.remark();
        Some(next)
    }

    /// False where it cannot happen.
    fn perform(&mut self, action: Action) -> bool {
        if action == Action::Rest {
            self.run.come_to_rest();
            self.phase = Phase::AtRest;
            return true;
        }
        let is_done = self.do_one(action);
        if is_done && self.run.prompt {
            self.run.world.run(PROMPT);
        }
        is_done
    }

    fn do_one(&mut self, action: Action) -> bool {
        let world = &mut self.run.world;
        match action {
            Action::Deliver(place) => {
                world.deliver(place);
                true
            }
            Action::Lose(place) => {
                // An answer that never comes is a failed check, which the world has of its own.
                self.losses -= 1;
                world.network.lose(place)
            }
            Action::Repeat(place) => {
                self.repeats -= 1;
                world.network.repeat(place)
            }
            Action::Tick => {
                self.ticks -= 1;
                world.tick_next(LONGEST_WAIT)
            }
            deed => {
                self.deeds.extend(deed.undone_by());
                deed.done_to(&mut self.run)
            }
        }
    }

    pub fn is_at_rest(&self) -> bool {
        self.phase == Phase::AtRest
    }

    pub fn is_whole(&self) -> bool {
        self.phase != Phase::Broken
    }

    /// Whether a property of a run holds. Of what is broken there is nothing more to say.
    pub fn keeps(&self, holds: fn(&Run)) -> bool {
        !self.is_whole() || catch_unwind(AssertUnwindSafe(|| holds(&self.run))).is_ok()
    }

    fn remark(&mut self) {
        let mut digest = Digest(DefaultHasher::new());
        self.describe(&mut digest)
            .expect("hashing takes everything");
        self.mark = digest.0.finish();
    }

    /// All that what follows may depend on.
    fn describe(&self, to: &mut impl Write) -> std::fmt::Result {
        let Run { world, .. } = &self.run;
        for window in &world.windows {
            write!(to, "{:?}{:?}", window.machine, window.session)?;
            write!(to, "{:?}{}{}", window.state, window.load, window.tells)?;
            write!(to, "{:?}{:?}", window.stream, window.last_event)?;
            write!(to, "{:?}", window.refreshing)?;
            // How much was told, for what was told twice leaves no other trace.
            write!(to, "{} {}", window.events.len(), window.connections.len())?;
            write!(to, "{} ", window.refreshed.len())?;
        }
        let (server, network) = (&world.server, &world.network);
        write!(to, "{:?}{:?}{:?}", world.local, world.locks, world.person)?;
        write!(to, "{:?}{}", server.mode, server.latency)?;
        write!(to, "{} {} ", world.now, world.wall_shift)?;
        write!(to, "{}{}", network.parcels(), network.broadcast_missing)?;
        write!(to, "{:?} {:?}", self.run.settled, self.run.crashed)?;
        write!(to, "{} {} ", world.relayed.len(), self.run.callers.len())?;
        write!(to, "{} {} {}", self.ticks, self.losses, self.repeats)?;
        write!(to, "{:?}{:?}", self.deeds, self.phase)
    }
}

/// Hashes what is written to it.
struct Digest(DefaultHasher);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.mark == other.mark
    }
}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mark.hash(state);
    }
}
