//! One window: its machine, and what the driver around it does with each output.

use super::network::Parcel;
use super::{Sabotage, World};
use oauth_sync::proto::connection::Refreshed;
use oauth_sync::proto::machine::{
    Area, Config, ConnectionEvent, Event, Input, Machine, Output, Reason, RequestId,
};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::time::Millis;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// No single input may cause more than this; flows are bounded, and so is what is said of each.
const MAX_OUTPUTS: usize = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Running,
    Frozen,
    Cached,
    Closed,
}

#[derive(Clone, Debug)]
pub struct Window {
    pub machine: Machine,
    pub config: Config,
    pub state: State,
    /// Which load of the page this is: what was meant for an earlier one does not arrive.
    pub load: u32,
    pub loaded_at: u64,
    pub session: BTreeMap<String, Value>,
    pub session_works: bool,
    /// Listeners return, and the machine is told so. A page that crashes in between is not.
    pub tells: bool,
    /// What listeners were told, over all loads.
    pub events: Vec<Event>,
    /// How many of them came in earlier loads.
    pub events_before: usize,
    pub checked: Vec<u32>,
    pub in_flight: Vec<RequestId>,
    pub closed_windows: Vec<String>,
    /// What listeners were told of connections since the page was loaded.
    pub connections: Vec<ConnectionEvent>,
    /// Refreshes that it has asked the server for and still waits for.
    pub refreshing: Vec<RequestId>,
    /// The outcomes of refreshes since then, by their tokens.
    pub refreshed: Vec<(u32, Refreshed)>,
    /// The stream of server push that is open, how many there were, and the last that one said.
    pub stream: Option<u32>,
    pub streams: u32,
    pub last_event: Option<u64>,
    pub wait: (Millis, Reason),
    pub(super) held_back: Vec<Parcel>,
    /// Outputs since the page was loaded: a bound on work.
    pub outputs: u64,
}

impl Window {
    pub(super) fn new(config: Config) -> Self {
        Self {
            machine: Machine::new(config.clone()),
            config,
            state: State::Running,
            load: 0,
            loaded_at: 0,
            session: BTreeMap::new(),
            session_works: true,
            tells: true,
            events: Vec::new(),
            events_before: 0,
            checked: Vec::new(),
            in_flight: Vec::new(),
            closed_windows: Vec::new(),
            connections: Vec::new(),
            refreshing: Vec::new(),
            refreshed: Vec::new(),
            stream: None,
            streams: 0,
            last_event: None,
            wait: (Millis::NEVER, Reason::Nothing),
            held_back: Vec::new(),
            outputs: 0,
        }
    }

    pub(super) fn restart(&mut self, now: u64) {
        self.machine = Machine::new(self.config.clone());
        self.state = State::Running;
        self.load += 1;
        self.loaded_at = now;
        self.in_flight.clear();
        self.connections.clear();
        self.refreshing.clear();
        self.refreshed.clear();
        self.stream = None;
        self.last_event = None;
        self.held_back.clear();
        self.wait = (Millis::NEVER, Reason::Nothing);
        self.events_before = self.events.len();
    }
}

impl World {
    /// When a window's timer fires, in the world's time.
    pub(super) fn wakes_at(&self, w: usize) -> Option<u64> {
        let window = &self.windows[w];
        let (until, _) = window.wait;
        let shift = self.monotonic_shift();
        (window.state == State::Running && until != Millis::NEVER).then(|| {
            let until = (until.0 - 1).saturating_add(window.loaded_at);
            until.saturating_add_signed(-shift).max(self.now)
        })
    }

    /// Feeds a window and performs what comes out, as the driver does: handle, drain, perform, next.
    pub fn feed(&mut self, w: usize, input: Input) {
        let mut todo = VecDeque::from([input]);
        while let Some(input) = todo.pop_front() {
            if self.windows[w].state == State::Closed {
                return;
            }
            for output in self.drain(w, input) {
                self.perform(w, output, &mut todo);
            }
        }
        self.grant();
    }

    fn drain(&mut self, w: usize, input: Input) -> Vec<Output> {
        let now = self.clock(w);
        let is_stored = matches!(input, Input::Stored { .. });
        let is_for_nothing =
            self.sabotage == Some(Sabotage::WaitsForWhatIsGone) && matches!(input, Input::Reset);
        let window = &mut self.windows[w];
        let text = input.clone();
        window.machine.handle(input, now);
        let mut outputs = Vec::new();
        loop {
            match window.machine.poll_output() {
                Output::Wait { until, reason } => {
                    let until = if is_for_nothing { now.monotonic } else { until };
                    assert!(
                        until > now.monotonic || is_stored,
                        "a wait that is over already ({reason:?}) after {text:?}"
                    );
                    window.wait = (until, reason);
                    break;
                }
                output => outputs.push(output),
            }
            assert!(
                outputs.len() < MAX_OUTPUTS,
                "no end of outputs after {text:?}"
            );
        }
        if std::env::var_os("TRACE").is_some() {
            println!("{:>8} window {w}: {text:?}\n{outputs:?}", self.now);
        }
        window.outputs += outputs.len() as u64;
        outputs
    }

    fn perform(&mut self, w: usize, output: Output, todo: &mut VecDeque<Input>) {
        if self.swallows(&output) {
            return;
        }
        match output {
            Output::Emit(event) => {
                let seq = event.seq;
                self.windows[w].events.push(event);
                if self.marks(w) {
                    todo.push_back(Input::Told { seq });
                }
            }
            Output::Broadcast(message) => self.broadcast(w, &message),
            Output::Relay { notice, slot } => {
                let wire = as_json(&notice.to_wire());
                self.relayed.push((w, wire.clone()));
                self.send_notice(Some(w), &wire);
                self.write_slot(Some(w), &slot, wire);
            }
            Output::Acknowledge { id } => self.acknowledged.push((w, id)),
            Output::Write {
                area: Area::Local,
                key,
                record,
            } => self.write_local(Some(w), &key, as_json(&record.to_wire())),
            Output::Write {
                area: Area::Session,
                key,
                record,
            } => {
                if self.windows[w].session_works {
                    self.windows[w]
                        .session
                        .insert(key, as_json(&record.to_wire()));
                }
            }
            Output::Remove { area, key } => match area {
                Area::Local => self.local.remove(&key),
                Area::Session => {
                    self.windows[w].session.remove(&key);
                }
            },
            Output::Forget { flow_id } => {
                let window = &mut self.windows[w];
                let names = window.machine.names().clone();
                window
                    .session
                    .retain(|key, _| !names.concerns(key, &flow_id));
                self.local.retain(|key| !names.concerns(key, &flow_id));
            }
            Output::Reread => todo.extend(self.everything_stored(w)),
            Output::Check {
                request, flow_id, ..
            } => self.ask_server(w, request, flow_id.as_str()),
            Output::Abort { request } => {
                let window = &mut self.windows[w];
                window.in_flight.retain(|known| *known != request);
                window.refreshing.retain(|known| *known != request);
            }
            Output::TellCancel { flow_id } => self.server.cancelled.push(flow_id.to_string()),
            Output::CloseWindow { flow_id } => {
                let closed = flow_id.map(|flow_id| flow_id.to_string());
                self.windows[w].closed_windows.extend(closed);
            }
            Output::RequestLock => {
                if let Some(lock) = self.locks.request(w) {
                    todo.push_back(Input::Lock(lock));
                }
            }
            Output::ReleaseLock => self.release(w),
            Output::EmitConnection(event) => {
                let seq = event.seq;
                if self.sabotage == Some(Sabotage::TellsChangesTwice) {
                    self.windows[w].connections.push((*event).clone());
                }
                self.windows[w].connections.push(*event);
                if self.marks(w) {
                    todo.push_back(Input::Told { seq });
                }
            }
            Output::ReadConnections { request } => self.answer_list(w, request),
            Output::Refresh { request, id, seen } => {
                let forgets = self.sabotage == Some(Sabotage::ForgetsWhatWasSeen);
                self.answer_refresh(w, request, id, if forgets { 0 } else { seen });
            }
            Output::Refreshed { token, outcome } => {
                self.windows[w].refreshed.push((token, outcome));
            }
            Output::OpenPush => self.open_stream(w),
            Output::ClosePush => self.windows[w].stream = None,
            Output::Checked { token } => self.windows[w].checked.push(token),
            Output::Wait { .. } => {}
        }
    }

    fn marks(&self, w: usize) -> bool {
        self.windows[w].tells || self.sabotage == Some(Sabotage::MarksBeforeItTells)
    }

    fn broadcast(&mut self, w: usize, message: &Message) {
        if let (Message::Want { id: Some(id), seen }, Some(Sabotage::RefreshesByItself)) =
            (message, self.sabotage)
        {
            return self.answer_refresh(w, RequestId(0), id.clone(), *seen);
        }
        let scope = self.windows[w].machine.names().scope.clone();
        let wire = as_json(&message.to_wire(&scope));
        if let (Some(flow_id), Some(attempt), Some(polls)) = (
            wire["flowId"].as_str(),
            wire["attempt"].as_u64(),
            wire["polls"].as_u64(),
        ) {
            let count = self.counts.entry(String::from(flow_id)).or_default();
            *count = (*count).max((attempt, polls));
        }
        for to in self.others(Some(w)) {
            let load = self.windows[to].load;
            self.network
                .send(self.now, to, load, Parcel::Message(wire.clone()));
        }
    }

    /// Windows that are there to hear, without the one that speaks.
    pub(super) fn others(&self, from: Option<usize>) -> Vec<usize> {
        (0..self.windows.len())
            .filter(|to| Some(*to) != from && self.windows[*to].state != State::Closed)
            .collect()
    }
}

fn as_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| json!({ "error": error.to_string() }))
}
