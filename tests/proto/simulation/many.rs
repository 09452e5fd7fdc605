//! Random runs of hundreds of flows in two or three windows whose channels are late: far more than are kept, so that what
//! one window has let go of another still tells. Nothing is told twice, nothing grows, and nothing stays open that the
//! server has settled.

use crate::world::{ALL, Callback, Faults, LockMode, State, World};
use oauth_sync::proto::machine::{EventKind, Input};
use oauth_sync::proto::status::Status;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, VecDeque};

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
        cases: super::cases().div_ceil(20),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn hundreds_of_flows_are_told_once_each_and_let_go(seed in any::<u64>().no_shrink()) {
        simulate(seed);
    }
}

pub fn simulate(seed: u64) {
    println!("seed {seed}");
    let mut run = Many::new(seed);
    while run.started < FLOWS {
        run.step();
    }
    run.come_to_rest();
}

struct Many {
    world: World,
    started: usize,
    open: VecDeque<String>,
    settled: BTreeMap<String, &'static str>,
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
        }
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
            27 if is_running && self.pick(4) == 0 => self.world.reload(w),
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

    fn each_end_is_told_once(&self, w: usize) {
        {
            let mut told = HashMap::new();
            for event in &self.world.windows[w].events {
                let is_an_end = matches!(
                    event.kind,
                    EventKind::Completed | EventKind::Failed | EventKind::Cancelled
                );
                if is_an_end {
                    let times = told
                        .entry((event.flow.id.as_str(), event.kind))
                        .or_insert(0);
                    *times += 1;
                    assert!(
                        *times <= 1,
                        "window {w}: {:?} of {}",
                        event.kind,
                        event.flow.id
                    );
                }
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
            let end = self.settled.get(flow.id.as_str());
            assert_ne!(flow.status, Status::Pending, "window {w}: {}", flow.id);
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
