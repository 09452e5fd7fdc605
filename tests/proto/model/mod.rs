//! Every order of events within stated bounds, over the real machines: stateright explores, breadth first, a world of two
//! or three windows, and reports by its name which property of the simulation does not hold in a state. To come to rest is
//! an action as well, the last of a path. (stateright's own `eventually` says nothing of paths that are cut at a bound, so
//! what ends well is asked for in every state that this action leads to.) Some cases let messages arrive in any order, or never, or twice; in the others every message is
//! quick, so that more can be done in any order, and what is true of all windows at one moment can be seen.
//!
//! `cargo test --test proto model` has small bounds; `cargo test --release --test proto large_bounds -- --ignored
//! --nocapture` has large ones, and prints how many states there were.

mod action;
mod cases;
mod node;
mod sabotage;

use crate::simulation::properties::{ALWAYS, AT_REST};
use crate::world::{Sabotage, World};
use action::{Action, CONNECTION};
use cases::every_case;
pub use node::Node;
use stateright::{Checker, HasDiscoveries, Model, Property};

/// When what is on its way arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    AnyOrder,
    /// Before the next thing happens.
    Prompt,
}

/// What may happen in one exploration.
#[derive(Clone)]
pub struct Protocol {
    pub world: World,
    pub pace: Pace,
    pub windows: usize,
    /// The last window has started a flow.
    pub starts: bool,
    /// How many states a path has before it comes to rest, how many timers, and how often a message is lost or comes twice.
    pub depth: usize,
    pub ticks: u8,
    pub losses: u8,
    pub repeats: u8,
    /// What people, callback pages and the server do; each at most once.
    pub deeds: Vec<Action>,
    /// From one of how many states the world is let come to rest.
    pub rest_of: u64,
}

impl Protocol {
    pub fn asking() -> Self {
        Self::of(World::asking())
    }

    /// With a connection, and with or without push.
    pub fn connecting(mut world: World) -> Self {
        world.connect(CONNECTION);
        Self {
            starts: false,
            ..Self::of(world)
        }
    }

    pub fn of(world: World) -> Self {
        Self {
            world,
            pace: Pace::AnyOrder,
            windows: 2,
            starts: true,
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

    pub fn starting(mut self) -> Self {
        self.starts = true;
        self
    }

    /// What may be done, each once.
    pub fn when(mut self, deeds: &[Action]) -> Self {
        self.deeds = deeds.to_vec();
        self
    }

    /// Every message is quick; so much is done.
    pub fn prompt(mut self, depth: usize) -> Self {
        self.pace = Pace::Prompt;
        self.depth = depth;
        self.rest_of = 16;
        self
    }

    /// Every state is let come to rest.
    pub fn resting(mut self) -> Self {
        self.rest_of = 1;
        self
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
        let whole = Property::always(WHOLE, |_, node: &Node| node.is_whole());
        let named = ALWAYS.iter().chain(&AT_REST);
        let named = named.map(|property| Property::always(property.name, property.holds_in));
        named.chain([whole]).collect()
    }
}

/// What the world asserts of every input: where it does not hold, nothing more can be done.
const WHOLE: &str = "a wait lies in the future, and no input makes work without end";

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
    let checker = protocol
        .checker()
        .threads(1)
        .finish_when(HasDiscoveries::Any)
        .spawn_bfs()
        .join();
    let mut broken = Vec::new();
    for (name, path) in checker.discoveries() {
        // Here, and not in the checker's thread, it says what is wrong.
        let property = ALWAYS.iter().chain(&AT_REST).find(|each| each.name == name);
        if let Some(property) = property {
            path.last_state().keeps(property.holds);
        }
        println!("{name}: {:?}", path.into_actions());
        broken.push(name);
    }
    broken.sort_unstable();
    (checker.unique_state_count(), broken)
}

fn holds(name: &str, protocol: Protocol) {
    let (states, broken) = explore(protocol);
    println!("{name}: {states} states");
    assert!(broken.is_empty(), "{name}: {broken:?}");
    assert!(
        states > 200,
        "{name}: the bounds leave nothing to explore ({states})"
    );
}

/// Every second case, so that two cores share them.
fn small_bounds(first: usize) {
    let cases = every_case().into_iter();
    for case in cases.skip(first).step_by(2) {
        holds(case.name, case.protocol);
    }
}

#[test]
fn the_protocol_names_each_property() {
    let page = include_str!("../../../docs/protocol.md");
    let list = page.split("### What holds").nth(1).unwrap_or_default();
    let lines = list.lines().filter_map(|line| line.strip_prefix("- **"));
    let mut told: Vec<&str> = lines.filter_map(|line| line.split("**").next()).collect();
    let properties = Protocol::asking().properties();
    let mut known: Vec<&str> = properties.iter().map(|property| property.name).collect();
    told.sort_unstable();
    known.sort_unstable();
    assert_eq!(told, known);
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
    for case in every_case() {
        for protocol in case.larger() {
            let name = format!("{}, {} windows", case.name, protocol.windows);
            holds(&name, protocol);
        }
    }
}
