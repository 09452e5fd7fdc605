//! Several windows of one browser, what lies between them, and a clock that the test moves.

mod alone;
mod callback;
mod locks;
mod network;
mod pages;
mod person;
mod read;
mod sabotage;
mod server;
mod storage;
mod window;

pub use alone::{Alone, bare_start, connection, start};
pub use callback::{ALL, Callback, Channels};
pub use locks::LockMode;
pub use network::Faults;
pub use person::{AHEAD, LIFE, Person, Provider, PushMode};
pub use sabotage::Sabotage;
pub use server::{Mode, Server};
pub use window::{State, Window};

use locks::Locks;
use network::{Happening, Network, Parcel};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::{Config, EventKind, FlowView, Input, Start, WindowHint};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::{Millis, Now};
use serde_json::Value;
use std::collections::BTreeMap;
use storage::Storage;

/// What the wall clock said when the world began.
pub const EPOCH: u64 = 1_700_000_000_000;

#[derive(Clone, Debug)]
pub struct World {
    /// Milliseconds since the world began.
    pub now: u64,
    /// How far somebody has moved the wall clock.
    pub wall_shift: i64,
    /// What windows that open from now on are configured with.
    pub config: Config,
    pub windows: Vec<Window>,
    pub network: Network,
    pub local: Storage,
    pub locks: Locks,
    pub server: Server,
    pub person: Person,
    /// Which notices were acknowledged, by which window.
    pub acknowledged: Vec<(usize, String)>,
    /// Which notices were passed on, by which window.
    pub relayed: Vec<(usize, Value)>,
    /// A fault that is put in on purpose.
    pub sabotage: Option<Sabotage>,
    /// The highest attempt and count of polls that any window has told of, for each flow.
    pub counts: BTreeMap<String, (u64, u64)>,
}

impl World {
    /// A browser whose app has a status endpoint that answers `pending` after 20 ms.
    pub fn asking() -> Self {
        Self::of(Config {
            askable: true,
            confirm: true,
            tells_cancel: true,
            ..Config::default()
        })
    }

    /// A browser whose app has none.
    pub fn without_server() -> Self {
        Self::of(Config::default())
    }

    /// As `asking`, with connections and server push.
    pub fn pushing() -> Self {
        let mut world = Self::asking();
        world.config.connections = true;
        world.config.push = true;
        world
    }

    /// As `asking`, with connections and without server push.
    pub fn connecting() -> Self {
        let mut world = Self::asking();
        world.config.connections = true;
        world
    }

    fn of(config: Config) -> Self {
        Self {
            now: 0,
            wall_shift: 0,
            config,
            windows: Vec::new(),
            network: Network::default(),
            local: Storage::default(),
            locks: Locks::default(),
            server: Server::default(),
            person: Person::default(),
            acknowledged: Vec::new(),
            relayed: Vec::new(),
            counts: BTreeMap::new(),
            sabotage: None,
        }
    }

    /// What the clocks of a window say.
    pub fn clock(&self, w: usize) -> Now {
        let since = self.now - self.windows[w].loaded_at + 1;
        Now {
            monotonic: Millis(since.saturating_add_signed(self.monotonic_shift())),
            wall: Millis(self.wall()),
        }
    }

    /// The monotonic clock does not jump with the other.
    fn monotonic_shift(&self) -> i64 {
        if self.sabotage == Some(Sabotage::TrustsTheWallClock) {
            self.wall_shift
        } else {
            0
        }
    }

    pub fn wall(&self) -> u64 {
        (EPOCH + self.now).saturating_add_signed(self.wall_shift)
    }

    /// Starts a flow whose window opens with an address.
    pub fn start(&mut self, w: usize, flow_id: &str) {
        self.start_of(w, flow_id, "github");
    }

    /// Starts a flow of a provider.
    pub fn start_of(&mut self, w: usize, flow_id: &str, provider: &str) {
        let start = Start {
            window: WindowHint::Open,
            href: Some(String::from("https://app.example/start")),
            ..self.bare_start(flow_id, provider)
        };
        self.feed(w, Input::Start(start));
    }

    /// A start of which nothing is known but the click.
    pub fn bare_start(&self, flow_id: &str, provider: &str) -> Start {
        bare_start(flow_id, provider, self.wall())
    }

    /// Lets time pass, and everything happen that is due by then.
    pub fn run(&mut self, span: u64) {
        let until = self.now + span;
        let mut steps = 0_u32;
        while self.step(until) {
            steps += 1;
            assert!(steps < 2_000_000, "the world does not come to rest");
        }
        self.now = until;
    }

    /// The next thing that happens by `until`, if any.
    pub fn step(&mut self, until: u64) -> bool {
        let happening = self.network.next_at();
        let timer = (0..self.windows.len())
            .filter_map(|w| Some((self.wakes_at(w)?, w)))
            .min();
        match (happening, timer) {
            (Some(at), Some((wake, w))) if wake < at && wake <= until => self.tick(w, wake),
            (Some(at), _) if at <= until => {
                self.now = self.now.max(at);
                if let Some(happening) = self.network.take_next() {
                    self.happen(happening);
                }
            }
            (_, Some((wake, w))) if wake <= until => self.tick(w, wake),
            _ => return false,
        }
        true
    }

    /// The earliest timer fires, whatever is on its way, unless it is farther off than that.
    pub fn tick_next(&mut self, longest: u64) -> bool {
        let timer = (0..self.windows.len())
            .filter_map(|w| Some((self.wakes_at(w)?, w)))
            .min();
        match timer {
            Some((at, w)) if at <= self.now + longest => {
                self.tick(w, at);
                true
            }
            _ => false,
        }
    }

    /// What is on its way at this place arrives, whatever left before it.
    pub fn deliver(&mut self, place: usize) {
        if let Some(happening) = self.network.take(place) {
            self.happen(happening);
        }
    }

    fn tick(&mut self, w: usize, at: u64) {
        self.now = self.now.max(at);
        self.feed(w, Input::Tick);
    }

    fn happen(&mut self, happening: Happening) {
        let w = happening.to;
        let window = &mut self.windows[w];
        if window.load != happening.load || window.state == State::Closed {
            return;
        }
        if window.state == State::Frozen {
            window.held_back.push(happening.parcel);
            return;
        }
        if window.state == State::Cached {
            return;
        }
        self.arrive(w, happening.parcel);
    }

    fn arrive(&mut self, w: usize, parcel: Parcel) {
        let window = &mut self.windows[w];
        if let Parcel::Pushed(stream, version, kind, _) = &parcel {
            if window.stream != Some(*stream) {
                return;
            }
            let has_id = !matches!(*kind, "reconnects" | "ended" | "missing");
            window.last_event = window.last_event.max(Some(*version).filter(|_| has_id));
        }
        if let Parcel::Refreshed(request, ..) = &parcel {
            window.refreshing.retain(|known| known != request);
        }
        if self.sabotage == Some(Sabotage::TellsWhatOthersSay) {
            self.tells_falsely(w, &parcel);
        }
        let window = &self.windows[w];
        let misread = self
            .sabotage
            .and_then(|sabotage| sabotage::misread(&window.machine, &parcel, sabotage));
        if let Some(input) = misread.or_else(|| read::input(&window.machine, parcel)) {
            self.feed(w, input);
        }
    }

    /// What the server says of a flow from now on.
    pub fn server_says(&mut self, flow_id: &str, reply: Value) {
        self.tell_streams_of_flow(flow_id, &reply);
        self.server.says(flow_id, reply);
    }

    /// The app's own push brings the server's word to one window.
    pub fn report(&mut self, w: usize, flow_id: &str, reply: &Value) {
        let reply = Reply::read(reply).expect("a reply");
        self.feed(
            w,
            Input::Report {
                flow_id: id(flow_id),
                reply,
            },
        );
    }

    pub fn view(&self, w: usize, flow_id: &str) -> Option<FlowView> {
        let flows = self.windows[w].machine.flows();
        flows.into_iter().find(|flow| flow.id.as_str() == flow_id)
    }

    pub fn status(&self, w: usize, flow_id: &str) -> Option<Status> {
        self.view(w, flow_id).map(|flow| flow.status)
    }

    /// The kinds of events that a window's listeners were told of a flow, `changed` left out.
    pub fn told(&self, w: usize, flow_id: &str) -> Vec<EventKind> {
        let mut told = self.told_all(w, flow_id);
        told.retain(|kind| *kind != EventKind::Changed);
        told
    }

    pub fn told_all(&self, w: usize, flow_id: &str) -> Vec<EventKind> {
        self.windows[w]
            .events
            .iter()
            .filter(|event| event.flow.id.as_str() == flow_id)
            .map(|event| event.kind)
            .collect()
    }

    /// When each check of a flow began, of all windows.
    pub fn asked(&self, flow_id: &str) -> Vec<u64> {
        self.server
            .requests
            .iter()
            .filter(|request| request.flow_id == flow_id)
            .map(|request| request.at)
            .collect()
    }

    /// How often a window has dropped something for this reason.
    pub fn dropped(&self, w: usize, reason: &str) -> u32 {
        self.windows[w]
            .machine
            .dropped()
            .iter()
            .find(|(known, _)| *known == reason)
            .map_or(0, |(_, count)| *count)
    }
}

/// A flow id, padded to the length that one has.
pub fn id(text: &str) -> FlowId {
    FlowId::parse(String::from(text)).expect("a flow id")
}
