//! Every order of events within stated bounds, over the real machines: stateright explores, breadth first, a world of two
//! or three windows whose messages arrive in any order, or never, or twice. In every state that it reaches the
//! properties of the simulation hold, and from it the world comes to rest as it should.
//!
//! `cargo test --test proto model` has small bounds; `cargo test --release --test proto large_bounds -- --ignored
//! --nocapture` has large ones, and prints how many states there were.

mod node;
mod sabotage;

use crate::simulation::properties;
use crate::world::{LockMode, Sabotage, World};
use node::{Action, Node};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What may happen in one exploration.
#[derive(Clone)]
pub struct Protocol {
    pub world: World,
    pub windows: usize,
    /// How deep, how many timers, and how often a message is lost or comes twice.
    pub depth: usize,
    pub ticks: u8,
    pub losses: u8,
    pub repeats: u8,
    /// What people, callback pages and the server do; each at most once.
    pub deeds: Vec<Action>,
    /// Of how many states one is let come to rest.
    pub rest_of: u64,
}

impl Protocol {
    pub fn asking() -> Self {
        Self::of(World::asking())
    }

    fn of(world: World) -> Self {
        Self {
            world,
            windows: 2,
            depth: 5,
            ticks: 1,
            losses: 1,
            repeats: 1,
            deeds: vec![
                Action::Succeed { by_opener: true },
                Action::Settle("completed"),
                Action::Reload(0),
            ],
            rest_of: 48,
        }
    }

    pub fn with(mut self, sabotage: Sabotage) -> Self {
        self.world.sabotage = Some(sabotage);
        self
    }
}

impl Model for Protocol {
    type State = Node;
    type Action = Action;

    fn init_states(&self) -> Vec<Node> {
        vec![Node::new(self)]
    }

    fn actions(&self, state: &Node, actions: &mut Vec<Action>) {
        state.actions(self, actions);
    }

    fn next_state(&self, last: &Node, action: Action) -> Option<Node> {
        last.after(action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("holds", |_, state: &Node| {
                catch_unwind(AssertUnwindSafe(|| properties::hold_always(&state.run))).is_ok()
            }),
            Property::always("comes to rest", |model: &Self, state: &Node| {
                !state.mark().is_multiple_of(model.rest_of) || state.comes_to_rest()
            }),
        ]
    }
}

/// A property that does not hold panics, and says so in the result: the checker's own threads need not say it as well.
fn quiet_checkers() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            if !thread
                .name()
                .is_some_and(|name| name.starts_with("checker"))
            {
                others(panic);
            }
        }));
    });
}

/// Explores, and gives how many states there were and which properties were found not to hold.
pub fn explore(protocol: Protocol) -> (usize, Vec<&'static str>) {
    quiet_checkers();
    let depth = protocol.depth;
    let checker = protocol
        .checker()
        .threads(1)
        .target_max_depth(depth)
        .finish_when(HasDiscoveries::Any)
        .spawn_bfs()
        .join();
    let mut broken = Vec::new();
    for (name, path) in checker.discoveries() {
        println!("{name}: {:?}", path.into_actions());
        broken.push(name);
    }
    (checker.unique_state_count(), broken)
}

fn holds(name: &str, protocol: Protocol) {
    let (states, broken) = explore(protocol);
    println!("{name}: {states} states");
    assert!(broken.is_empty(), "{name}: {broken:?}");
    assert!(
        states > 500,
        "{name}: the bounds leave nothing to explore ({states})"
    );
}

fn every_case(large: bool) -> Vec<(&'static str, Protocol)> {
    let failure = vec![Action::Fail, Action::Settle("failed"), Action::Cancel(1)];
    let pages = vec![
        Action::Succeed { by_opener: false },
        Action::Settle("completed"),
        Action::PutAway(0),
        Action::Dismiss(1),
    ];
    let mut without_locks = Protocol::asking();
    without_locks.world.locks.mode = LockMode::Missing;
    let cases = vec![
        ("a success and a reload", Protocol::asking()),
        (
            "a failure and a cancel",
            Protocol {
                deeds: failure,
                ..Protocol::asking()
            },
        ),
        (
            "pages put away",
            Protocol {
                deeds: pages,
                depth: 4,
                ..Protocol::asking()
            },
        ),
        (
            "no locks",
            Protocol {
                depth: 4,
                ..without_locks
            },
        ),
        ("no server", Protocol::of(World::without_server())),
    ];
    if !large {
        return cases;
    }
    let three = |case: &Protocol| Protocol {
        windows: 3,
        depth: 5,
        ..case.clone()
    };
    let deep = |case: &Protocol| Protocol {
        ticks: 3,
        depth: 6,
        rest_of: 64,
        ..case.clone()
    };
    cases
        .iter()
        .flat_map(|(name, case)| [(*name, deep(case)), (*name, three(case))])
        .collect()
}

/// Every second case, so that two cores share them.
fn small_bounds(first: usize) {
    for (name, protocol) in every_case(false).into_iter().skip(first).step_by(2) {
        holds(name, protocol);
    }
}

#[test]
fn small_bounds_hold() {
    small_bounds(0);
}

#[test]
fn small_bounds_hold_in_the_other_cases() {
    small_bounds(1);
}

#[test]
#[ignore = "takes minutes in a release build"]
fn large_bounds_hold() {
    for (name, protocol) in every_case(true) {
        let windows = protocol.windows;
        holds(&format!("{name}, {windows} windows"), protocol);
    }
}
