//! One state of the exploration, and what may happen in it.

use super::Protocol;
use crate::simulation::properties;
use crate::simulation::steps::{FLOWS, Run};
use crate::world::{Callback, Channels, State, id};
use oauth_sync::proto::machine::Input;
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A timer that is farther off fires when everything has arrived: nothing is on its way for longer, and what has settled
/// is still there when it is looked at.
const LONGEST_WAIT: u64 = 60_000;
/// The one flow of the exploration.
const FLOW: &str = FLOWS[0];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// What is on its way at this place arrives, whatever left before it.
    Deliver(usize),
    Lose(usize),
    Repeat(usize),
    /// The next timer fires; what is on its way may take longer than that.
    Tick,
    /// A callback page says that it went well, by its opener or by the other ways.
    Succeed {
        by_opener: bool,
    },
    Fail,
    Settle(&'static str),
    Reload(usize),
    PutAway(usize),
    Return(usize),
    Cancel(usize),
    Dismiss(usize),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub run: Run,
    ticks: u8,
    losses: u8,
    repeats: u8,
    deeds: Vec<Action>,
    mark: u64,
}

impl Node {
    pub fn new(protocol: &Protocol) -> Self {
        let mut world = protocol.world.clone();
        for _ in 0..protocol.windows {
            world.open();
        }
        world.run(5);
        let mut run = Run::of(world);
        run.started.insert(FLOW);
        let last = protocol.windows - 1;
        run.world.start(last, FLOW);
        let mut node = Self {
            run,
            ticks: protocol.ticks,
            losses: protocol.losses,
            repeats: protocol.repeats,
            deeds: protocol.deeds.clone(),
            mark: 0,
        };
        node.remark();
        node
    }

    pub fn actions(&self, _: &Protocol, actions: &mut Vec<Action>) {
        let underway = self.run.world.network.len();
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
        let run = &mut next.run;
        match action {
            Action::Deliver(place) => run.world.deliver(place),
            Action::Lose(place) => {
                // An answer that never comes is a failed check, which the world has of its own.
                next.losses -= 1;
                if !run.world.network.lose(place) {
                    return None;
                }
            }
            Action::Repeat(place) => {
                next.repeats -= 1;
                if !run.world.network.repeat(place) {
                    return None;
                }
            }
            Action::Tick => {
                next.ticks -= 1;
                if !run.world.tick_next(LONGEST_WAIT) {
                    return None;
                }
            }
            Action::Succeed { by_opener } => {
                run.noticed.insert(FLOW);
                let last = run.world.windows.len() - 1;
                let channels = if by_opener {
                    run.posted += 1;
                    Channels {
                        post_message: Some(last),
                        broadcast: false,
                        storage: true,
                    }
                } else {
                    crate::world::ALL
                };
                run.world.notify(Callback::success("n1").of(FLOW), channels);
            }
            Action::Fail => {
                let failure = Callback::failure("n2", "access_denied").of(FLOW);
                run.world.notify(failure, crate::world::ALL);
            }
            Action::Settle(end) => {
                run.settled.insert(FLOW, end);
                run.world.server_says(FLOW, json!({ "status": end }));
            }
            Action::Reload(w) => run.world.reload(w),
            Action::PutAway(w) => {
                run.world.cache(w);
                next.deeds.push(Action::Return(w));
            }
            Action::Return(w) => run.world.thaw(w),
            Action::Cancel(w) => feed(run, w, Input::Cancel { flow_id: id(FLOW) }),
            Action::Dismiss(w) => {
                run.dismissed.insert(FLOW);
                feed(run, w, Input::Dismiss { flow_id: id(FLOW) });
            }
        }
        next.deeds.retain(|deed| *deed != action);
        next.remark();
        (next.mark != self.mark).then_some(next)
    }

    /// Everything arrives, everybody wakes: does it end as it should?
    pub fn comes_to_rest(&self) -> bool {
        let mut run = self.run.clone();
        catch_unwind(AssertUnwindSafe(|| {
            run.come_to_rest();
            properties::hold_at_rest(&run);
        }))
        .is_ok()
    }

    /// Stands for the state: equal states have equal marks.
    pub fn mark(&self) -> u64 {
        self.mark
    }

    fn remark(&mut self) {
        let mut hasher = DefaultHasher::new();
        let world = &self.run.world;
        for window in &world.windows {
            format!("{:?}{:?}", window.machine, window.session).hash(&mut hasher);
            // How much was told, for what was told twice leaves no other trace.
            (window.events.len(), window.load, window.state).hash(&mut hasher);
        }
        format!("{:?}{:?}{:?}", world.local, world.locks, self.run.settled).hash(&mut hasher);
        world.network.parcels().hash(&mut hasher);
        (
            world.now,
            world.relayed.len(),
            self.ticks,
            self.losses,
            self.repeats,
        )
            .hash(&mut hasher);
        self.deeds.hash(&mut hasher);
        self.mark = hasher.finish();
    }
}

fn feed(run: &mut Run, w: usize, input: Input) {
    if run.world.windows[w].state == State::Running {
        run.world.feed(w, input);
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
