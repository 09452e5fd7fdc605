//! What may happen in a run.

use crate::world::{Callback, Channels, Faults, LockMode, Mode, State, World, id};
use oauth_sync::proto::machine::{Input, WindowHint};
use oauth_sync::proto::time::Millis;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

pub const FLOWS: [&str; 3] = ["flow-aaaa", "flow-bbbb", "flow-cccc"];
const ENDS: [&str; 4] = ["completed", "failed", "cancelled", "expired"];
const MODES: [Mode; 6] = [
    Mode::Answers,
    Mode::Answers,
    Mode::Fails,
    Mode::WantsQuiet(5000),
    Mode::NotFound,
    Mode::Silent,
];

/// A run so far.
#[derive(Clone, Debug)]
pub struct Run {
    pub world: World,
    /// Which flows were started.
    pub started: BTreeSet<&'static str>,
    /// How the server has settled them. It does so once.
    pub settled: BTreeMap<&'static str, &'static str>,
    /// Which a notice called a success.
    pub noticed: BTreeSet<&'static str>,
    /// Which somebody dismissed.
    pub dismissed: BTreeSet<&'static str>,
    /// Which a reset took away.
    pub forgotten: BTreeSet<&'static str>,
    /// Notices that came by postMessage.
    pub posted: usize,
    /// Windows that crash in the middle of telling, and how much their listeners have heard.
    pub crashed: BTreeMap<usize, usize>,
    /// Everything arrives before the next thing happens, and always has: what is true of several windows at one moment
    /// can be seen.
    pub prompt: bool,
    /// Windows could not hear each other, and more than one may poll.
    pub was_cut: bool,
    /// Refreshes of connections that were asked for and whose callers are still there: window, load and token.
    pub callers: Vec<(usize, u32, u32)>,
    /// Which version of which connection was not good enough for somebody.
    pub wanted: BTreeSet<(&'static str, u64)>,
    /// Some refresh has failed, so it is tried again.
    pub retries: bool,
    notices: u32,
    last_notice: Option<(&'static str, Callback)>,
}

impl Run {
    pub fn new(mut world: World, seed: u64) -> Self {
        // The run is short against these, so that nothing leaves before it is looked at.
        world.config.keep_settled = Millis::hours(10);
        world.config.expire_after = Millis::hours(12);
        world.network.random = seed;
        world.network.faults = Faults {
            lost: world.network.below(4) * 15,
            repeated: 20,
            delay: [0, 5, 300, 2500][pick(&mut world, 4)],
            storage: world.network.below(2) == 0,
        };
        let windows = 2 + pick(&mut world, 2);
        for _ in 0..windows {
            world.open();
        }
        Self::of(world)
    }

    /// A run in this world, of which nothing has happened yet.
    pub fn of(world: World) -> Self {
        Self {
            world,
            started: BTreeSet::new(),
            settled: BTreeMap::new(),
            noticed: BTreeSet::new(),
            dismissed: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            posted: 0,
            crashed: BTreeMap::new(),
            prompt: false,
            was_cut: false,
            callers: Vec::new(),
            wanted: BTreeSet::new(),
            retries: false,
            notices: 0,
            last_notice: None,
        }
    }

    pub fn step(&mut self) {
        let windows = self.world.windows.len();
        let w = pick(&mut self.world, windows);
        let flow = FLOWS[pick(&mut self.world, FLOWS.len())];
        match pick(&mut self.world, 24) {
            0..=6 => {
                let span = [1, 30, 400, 1500, 4000, 15_000, 70_000][pick(&mut self.world, 7)];
                self.world.run(span);
            }
            7 | 8 => self.start(w, flow),
            9..=11 => self.notify(w, flow),
            12 => self.settle(flow),
            13 => self.world.server.mode = MODES[pick(&mut self.world, MODES.len())],
            14 => {
                self.wake(w);
                self.reload(w);
            }
            15 => self.put_away(w),
            16 => self.wake(w),
            17 => self.feed(w, Input::Visible(false)),
            18 => self.feed(w, Input::Visible(true)),
            19 => self.feed(w, Input::Wake),
            20 => self.feed(w, Input::Cancel { flow_id: id(flow) }),
            21 => self.feed(w, Input::WindowClosed { flow_id: id(flow) }),
            22 => {
                if self
                    .world
                    .status(w, flow)
                    .is_some_and(|status| status.as_str() != "pending")
                {
                    self.dismissed.insert(flow);
                }
                self.feed(w, Input::Dismiss { flow_id: id(flow) });
            }
            _ => self.feed(
                w,
                Input::Reopened {
                    flow_id: id(flow),
                    window: WindowHint::Open,
                    href: None,
                },
            ),
        }
    }

    fn start(&mut self, w: usize, flow: &'static str) {
        if self.world.windows[w].state == State::Running && self.started.insert(flow) {
            self.world.start(w, flow);
        }
    }

    fn notify(&mut self, w: usize, flow: &'static str) {
        // The same one again: a callback page that was reloaded, or another way that is slower.
        let again = self
            .last_notice
            .clone()
            .filter(|_| pick(&mut self.world, 4) == 0);
        let (flow, callback) = again.unwrap_or_else(|| self.next_notice(flow));
        self.last_notice = Some((flow, callback.clone()));
        if callback.0["success"] == true {
            self.noticed.insert(flow);
        }
        let post_message = (pick(&mut self.world, 2) == 0).then_some(w);
        self.posted += usize::from(post_message.is_some());
        let channels = Channels {
            post_message,
            broadcast: pick(&mut self.world, 2) == 0,
            // So that it is not lost on every way.
            storage: true,
        };
        self.world.notify(callback, channels);
    }

    fn next_notice(&mut self, flow: &'static str) -> (&'static str, Callback) {
        self.notices += 1;
        let notice_id = format!("n{}", self.notices);
        let callback = if pick(&mut self.world, 3) > 0 {
            Callback::success(&notice_id)
        } else {
            Callback::failure(&notice_id, "access_denied")
        };
        let callback = callback.with("timestamp", json!(self.world.wall()));
        let bare = pick(&mut self.world, 4) == 0 && self.world.config.askable;
        // A callback page names a flow that was started, or somebody has made it up.
        let callback = if bare { callback } else { callback.of(flow) };
        (flow, callback)
    }

    fn settle(&mut self, flow: &'static str) {
        if self.started.contains(flow) && !self.settled.contains_key(flow) {
            let end = ENDS[pick(&mut self.world, ENDS.len())];
            self.settled.insert(flow, end);
            self.world.server_says(flow, json!({ "status": end }));
        }
    }

    pub(super) fn put_away(&mut self, w: usize) {
        if self.world.windows[w].state == State::Running {
            match pick(&mut self.world, 3) {
                0 => self.world.freeze(w),
                1 => self.world.cache(w),
                _ => self.world.stall(w),
            }
        }
    }

    pub(super) fn wake(&mut self, w: usize) {
        match self.world.windows[w].state {
            State::Cached => self.world.thaw(w),
            // Whether it was frozen or stalled: a page that was not told that it left is not told that it returns.
            State::Frozen => {
                self.world.thaw(w);
            }
            State::Running | State::Closed => {}
        }
    }

    pub fn feed(&mut self, w: usize, input: Input) {
        if self.world.windows[w].state == State::Running {
            self.world.feed(w, input);
        }
    }

    /// Everybody is awake and looks, nothing is lost any more, and some time passes.
    pub fn come_to_rest(&mut self) {
        self.recover();
        self.world.network.faults = Faults::default();
        self.world.server.mode = Mode::Answers;
        self.world.run(3000);
        self.look();
        self.world.run(75_000);
        if self.world.config.connections {
            // A list is not read at every wake. And something may just have begun unasked.
            self.look();
            self.world.run(15_000);
            while self.world.network.len() > 0 {
                self.world.run(400);
            }
        }
    }

    fn look(&mut self) {
        for w in self.all() {
            self.wake(w);
            self.world.feed(w, Input::Visible(false));
            self.world.feed(w, Input::Visible(true));
        }
    }

    /// Every window that there has been.
    pub fn all(&self) -> std::ops::Range<usize> {
        0..self.world.windows.len()
    }

    /// Those that are not closed.
    pub fn open(&self) -> impl Iterator<Item = usize> + '_ {
        self.all()
            .filter(|w| self.world.windows[*w].state != State::Closed)
    }

    /// Locks work and windows have always heard each other at once, so that no two of them act at one moment.
    pub fn hears_at_once(&self) -> bool {
        self.prompt && !self.was_cut && self.has_locks()
    }

    /// Locks work, so that one window can be told from the others.
    pub fn has_locks(&self) -> bool {
        self.world.locks.mode == LockMode::Works
    }
}

pub(super) fn pick(world: &mut World, bound: usize) -> usize {
    usize::try_from(world.network.below(bound as u64)).unwrap_or(0)
}
