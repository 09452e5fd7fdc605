//! Random runs of hundreds of flows in two or three windows whose channels are late: far more than are kept, so that what
//! one window has let go of another still tells. Nothing is told twice, nothing grows, and nothing stays open that the
//! server has settled.

use crate::world::{ALL, Callback, Faults, LockMode, Sabotage, State, World};
use oauth_sync::proto::machine::{EventKind, Input};
use oauth_sync::proto::status::Status;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Several times what is kept.
const FLOWS: usize = 260;
/// People who are at a provider at one time.
const MAX_OPEN: usize = 24;
/// 64 settled and these open flows, each with its start, its count, two verdicts and its slot; 64 slots of flows that are
/// known no more, and removals.
const MAX_KEYS: usize = 600;
/// What a machine looks like that knows as many.
const MAX_SIZE: usize = 400_000;

proptest! {
    #![proptest_config(ProptestConfig {
        // Each is as long as a hundred others.
        cases: super::cases().div_ceil(40),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn hundreds_of_flows_are_told_once_each_and_let_go(seed in any::<u64>().no_shrink()) {
        simulate(seed);
    }
}

/// Runs that once failed.
#[test]
fn a_flow_that_was_let_go_is_known_by_a_start_that_others_place_later() {
    simulate(10_968_074_382_905_452_374);
}

#[test]
fn an_answer_about_a_flow_that_was_let_go_meanwhile_is_no_news() {
    simulate(11_702_928_756_072_103_290);
}

/// The bounds bite.
#[test]
#[should_panic(expected = "keys")]
fn records_that_are_never_removed_are_found() {
    let mut run = Many::new(1);
    run.world.sabotage = Some(Sabotage::KeepsEverything);
    run.go();
}

pub fn simulate(seed: u64) {
    println!("seed {seed}");
    Many::new(seed).go();
}

struct Many {
    world: World,
    started: usize,
    open: VecDeque<String>,
    settled: BTreeMap<String, &'static str>,
    /// Where among a window's events a page begins that was loaded anew.
    loads: HashSet<(usize, usize)>,
}

impl Many {
    fn new(seed: u64) -> Self {
        let mut world = if seed.is_multiple_of(4) {
            World::without_server()
        } else {
            World::asking()
        };
        world.network.random = seed;
        if seed.is_multiple_of(5) {
            world.locks.mode = LockMode::Missing;
        }
        world.network.faults = Faults {
            lost: [0, 10, 30][super::steps::pick(&mut world, 3)],
            repeated: 20,
            delay: [300, 2500, 30_000][super::steps::pick(&mut world, 3)],
            storage: seed.is_multiple_of(2),
        };
        for _ in 0..2 + super::steps::pick(&mut world, 2) {
            world.open();
        }
        Self {
            world,
            started: 0,
            open: VecDeque::new(),
            settled: BTreeMap::new(),
            loads: HashSet::new(),
        }
    }

    fn go(&mut self) {
        while self.started < FLOWS {
            self.step();
        }
        self.come_to_rest();
    }

    fn pick(&mut self, bound: usize) -> usize {
        super::steps::pick(&mut self.world, bound)
    }

    fn step(&mut self) {
        let windows = self.world.windows.len();
        let w = self.pick(windows);
        let is_running = self.world.windows[w].state == State::Running;
        match self.pick(32) {
            0..=11 if self.open.len() < MAX_OPEN && is_running => {
                let flow = format!("flow-{:04}", self.started);
                self.started += 1;
                self.world.start(w, &flow);
                self.open.push_back(flow);
            }
            12..=21 => self.settle(),
            22 => self.world.feed(w, Input::Wake),
            23 if is_running => self.world.cache(w),
            24 if is_running => self.world.freeze(w),
            25 | 26 if !is_running => self.world.thaw(w),
            27 if is_running && self.pick(4) == 0 => {
                self.loads.insert((w, self.world.windows[w].events.len()));
                self.world.reload(w);
            }
            _ => {
                let span = [10, 200, 900, 3000][self.pick(4)];
                self.world.run(span);
            }
        }
    }

    /// A callback page speaks, and the server, where there is one, knows; in either order.
    fn settle(&mut self) {
        let place = self.pick(3).min(self.open.len().saturating_sub(1));
        let Some(flow) = self.open.remove(place) else {
            return;
        };
        let is_success = self.pick(4) > 0;
        let end = if is_success { "completed" } else { "cancelled" };
        let page = if is_success {
            Callback::success(&flow)
        } else {
            Callback::failure(&flow, "access_denied")
        };
        if self.pick(2) == 0 {
            self.world.notify(page.clone().of(&flow), ALL);
            self.world.run(100);
        }
        self.world.server_says(&flow, json!({ "status": end }));
        self.world.notify(page.of(&flow), ALL);
        self.settled.insert(flow, end);
    }

    /// A page remembers what it let go of, a tab does not: after a reload a late word of it is news.
    fn each_end_is_told_once(&self, w: usize) {
        let (mut told, mut removed) = (HashSet::new(), HashSet::new());
        for (place, event) in self.world.windows[w].events.iter().enumerate() {
            if self.loads.contains(&(w, place)) {
                told.retain(|(flow, _)| !removed.contains(flow));
            }
            let flow = event.flow.id.as_str();
            match event.kind {
                EventKind::Removed => {
                    removed.insert(flow);
                }
                EventKind::Completed | EventKind::Failed | EventKind::Cancelled => {
                    let is_first = told.insert((flow, event.kind));
                    assert!(is_first, "window {w}: {:?} of {flow}", event.kind);
                }
                _ => {}
            }
        }
    }

    fn come_to_rest(&mut self) {
        while !self.open.is_empty() {
            self.settle();
            self.world.run(500);
        }
        self.world.network.faults = Faults::default();
        self.world.run(40_000);
        for w in 0..self.world.windows.len() {
            if self.world.windows[w].state != State::Running {
                self.world.thaw(w);
            }
            self.world.feed(w, Input::Visible(false));
            self.world.feed(w, Input::Visible(true));
        }
        self.world.run(75_000);
        for w in 0..self.world.windows.len() {
            self.each_end_is_told_once(w);
            self.is_settled_as_the_server_says(w);
            self.nothing_grows(w);
        }
    }

    fn is_settled_as_the_server_says(&self, w: usize) {
        for flow in self.world.windows[w].machine.flows() {
            if flow.status == Status::Pending && !self.world.config.askable {
                // The window was away, and what the others knew they have let go of.
                continue;
            }
            let end = self.settled.get(flow.id.as_str());
            assert_eq!(Some(&flow.status.as_str()), end, "window {w}: {}", flow.id);
        }
    }

    fn nothing_grows(&self, w: usize) {
        let keys = self.world.local.keys().len();
        let window = &self.world.windows[w];
        let size = format!("{:?}", window.machine).len();
        println!(
            "window {w}: {keys} keys, {} of the tab, {size}",
            window.session.len()
        );
        assert!(keys < MAX_KEYS, "{keys} keys");
        assert!(window.session.len() < MAX_KEYS, "{}", window.session.len());
        assert!(size < MAX_SIZE, "window {w}: {size}");
    }
}
