//! The machine, put among the facilities of a page: feed, handle, drain, perform.
//!
//! ```text
//!   event ──▶ feed ──▶ queue ──▶ Machine::handle ──▶ poll_output ──▶ perform ──▶ storage, channels, fetch, lock, timer
//!               ▲                                        │
//!               └── what arrives meanwhile               └──▶ events ──▶ one call, at the end
//! ```
//!
//! No code of the app and no call into the platform runs while the machine is borrowed. Whatever feeds this again from
//! below such a call is queued and handled after it.

mod attach;
mod connections;
mod perform;

use super::channel::Channel;
use super::clock::Clock;
use super::facility::{Facilities, Facility};
use super::fetch::{Check, Source};
use super::listener::Listener;
use super::lock::LockRequest;
use super::page::Page;
use super::popup::Popups;
use super::push::{LastId, Stream};
use super::storage::Storage;
use super::timer::Timer;
use super::window::{Messages, Sender};
use crate::proto::flow::FlowId;
use crate::proto::machine::{
    Config, ConnectionEvent, ConnectionView, Event, FlowView, Input, Machine, Output, Poller,
    RequestId,
};
use crate::proto::record::Names;
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use core::cell::{Cell, RefCell};
use js_sys::{Function, Promise};
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// What an app may set.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the machine needs to know. `askable`, `connections`, `push`, `tells_cancel` and `seed` are set from the rest, and `confirm` counts
    /// only with a `source`.
    pub config: Config,
    /// Who knows where a flow stands. Default nobody: then notices decide.
    pub source: Option<Source>,
    /// For a [`Source::Url`] and `cancel_url`. Default the global one, looked up at each call.
    pub fetch: Option<Function>,
    /// Lists connections by GET; a POST to `/<id>/refresh` below it refreshes one. Default none: there are no connections.
    pub connections_url: Option<String>,
    /// Server push. Default none: everything is polled.
    pub events_url: Option<String>,
    /// POSTed on cancel, `{flow}` filled in. Default none: the server is not told.
    pub cancel_url: Option<String>,
    /// Exact origins of callback pages. Default empty: the page's own.
    pub callback_origins: Vec<String>,
}

/// Something for the app's log. It names what happened and never what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// `warn`.
    pub level: &'static str,
    /// What happened.
    pub code: &'static str,
    /// When, by the wall clock.
    pub at: Millis,
}

/// How this page fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// Which window polls for the scope.
    pub poller: Poller,
    /// What of the platform works here.
    pub facilities: Facilities,
    /// What could not be used or kept, by reason, with its count.
    pub dropped: Vec<(&'static str, u32)>,
}

impl LogEntry {
    /// The entry as the app's log gets it.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        object
            .text("level", self.level)
            .text("code", self.code)
            .time("at", self.at);
        object
    }
}

impl Diagnostics {
    /// The diagnostics as the front gets them.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut dropped = Tree::object();
        for (reason, count) in &self.dropped {
            dropped.count(reason, *count);
        }
        let mut object = Tree::object();
        object
            .text("poller", self.poller.as_str())
            .put("facilities", self.facilities.to_wire())
            .put("dropped", dropped);
        object
    }
}

/// One page's part in the flows of one namespace and scope. Dropping it lets go of everything it holds.
#[must_use = "dropping the driver lets go of everything"]
pub struct Driver {
    inner: Rc<Inner>,
}

type OnConnections = Rc<dyn Fn(Vec<ConnectionEvent>)>;

struct Inner {
    /// The one borrow that matters: it is over before anything else is called.
    machine: RefCell<Machine>,
    names: Names,
    options: Options,
    on_events: Box<dyn Fn(Vec<Event>)>,
    on_connections: Cell<Option<OnConnections>>,
    on_log: Box<dyn Fn(LogEntry)>,
    clock: Clock,
    queue: Cell<Vec<Heard>>,
    events: Cell<Vec<Event>>,
    connection_events: Cell<Vec<ConnectionEvent>>,
    logs: Cell<Vec<LogEntry>>,
    is_performing: Cell<bool>,
    is_delivering: Cell<bool>,
    is_closed: Cell<bool>,
    /// Between `pagehide` or `freeze` and the next sign of life.
    is_away: Cell<bool>,
    facilities: Cell<Facilities>,
    local: Slot<Storage>,
    session: Slot<Storage>,
    /// The namespace's channel: notices and acknowledgements.
    plain: Slot<Channel>,
    /// The scope's channel: what windows tell each other.
    scoped: Slot<Channel>,
    lock: Slot<LockRequest>,
    stream: Slot<Stream>,
    /// The last event of server push that this page has heard, for the next stream.
    last_event_id: LastId,
    popups: Slot<Popups>,
    listeners: Slot<(Option<Messages>, Option<Listener>, Option<Page>)>,
    /// Until when, and what wakes us then.
    timer: Cell<Option<(Millis, Timer)>>,
    checks: Cell<Vec<(RequestId, Check)>>,
    /// What resolves the promise of a `check` or `refresh`.
    waiters: Cell<Vec<(u32, Function)>>,
    next_token: Cell<u32>,
}

/// An input, with whom to tell that it was taken.
struct Heard {
    input: Input,
    sender: Option<Sender>,
}

impl Driver {
    /// Restores what is stored, attaches to the page, and asks for the lock.
    ///
    /// `on_events` gets the events of each change, oldest first, after it; also from within this call and every other
    /// one of this type. It may call anything.
    pub fn new(
        options: Options,
        on_events: impl Fn(Vec<Event>) + 'static,
        on_log: impl Fn(LogEntry) + 'static,
    ) -> Self {
        let mut config = options.config.clone();
        config.askable = options.source.is_some();
        config.confirm &= config.askable;
        config.connections = options.connections_url.is_some();
        config.push = options.events_url.is_some();
        config.tells_cancel = options.cancel_url.is_some();
        config.seed = seed();
        let machine = Machine::new(config);
        let inner = Rc::new(Inner {
            names: machine.names().clone(),
            machine: RefCell::new(machine),
            options,
            on_events: Box::new(on_events),
            on_connections: Cell::default(),
            on_log: Box::new(on_log),
            clock: Clock::default(),
            queue: Cell::default(),
            events: Cell::default(),
            connection_events: Cell::default(),
            logs: Cell::default(),
            is_performing: Cell::new(false),
            is_delivering: Cell::new(false),
            is_closed: Cell::new(false),
            is_away: Cell::new(false),
            facilities: Cell::default(),
            local: Slot::default(),
            session: Slot::default(),
            plain: Slot::default(),
            scoped: Slot::default(),
            lock: Slot::default(),
            stream: Slot::default(),
            last_event_id: Rc::default(),
            popups: Slot::default(),
            listeners: Slot::default(),
            timer: Cell::default(),
            checks: Cell::default(),
            waiters: Cell::default(),
            next_token: Cell::new(0),
        });
        inner.attach();
        Self { inner }
    }

    /// Takes in what the app does: [`Input::Start`], [`Input::Cancel`], [`Input::Told`] and the like. What the platform
    /// does is fed by the driver itself.
    pub fn feed(&self, input: Input) {
        self.inner.feed(input);
    }

    /// Watches the window of a flow, to notice that it was closed and to close it on cancel.
    pub fn watch(&self, flow_id: FlowId, window: JsValue) {
        if let Some(popups) = self.inner.popups.get() {
            popups.watch(flow_id, window);
        }
    }

    /// Asks the server now, about one flow or all. The promise resolves when the answer is in, or cannot be had.
    pub fn check(&self, flow_id: Option<FlowId>) -> Promise {
        self.inner.promise(|token| Input::Check { token, flow_id })
    }

    /// Refreshes a connection, once however many windows want it: one that its caller has seen in the version `seen`, or in
    /// the one that is held. The promise resolves with [`Refreshed::as_str`](crate::proto::connection::Refreshed::as_str),
    /// after 40 s at the latest; with `undefined` where this was closed.
    pub fn refresh(&self, id: String, seen: Option<u64>) -> Promise {
        self.inner
            .promise(|token| Input::Refresh { token, id, seen })
    }

    /// The person's connections, in no order.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionView> {
        self.inner
            .machine
            .try_borrow()
            .map_or_else(|_| Vec::new(), |machine| machine.connections())
    }

    /// Gives changes of connections to `on_connections`, as `on_events` gets those of flows. Before this nobody is told.
    pub fn on_connections(&self, on_connections: impl Fn(Vec<ConnectionEvent>) + 'static) {
        self.inner.on_connections.set(Some(Rc::new(on_connections)));
    }

    /// The flows to show, newest first.
    #[must_use]
    pub fn flows(&self) -> Vec<FlowView> {
        self.inner
            .machine
            .try_borrow()
            .map_or_else(|_| Vec::new(), |machine| machine.flows())
    }

    /// How this page fares.
    #[must_use]
    pub fn diagnostics(&self) -> Diagnostics {
        let facilities = self.inner.facilities.get();
        match self.inner.machine.try_borrow() {
            Ok(machine) => Diagnostics {
                poller: machine.poller(),
                facilities,
                dropped: machine.dropped().to_vec(),
            },
            Err(_) => Diagnostics {
                poller: Poller::None,
                facilities,
                dropped: Vec::new(),
            },
        }
    }

    /// Lets go of everything in this page; what is stored stays, for other windows and the next start. Safe twice.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.inner.close();
    }
}

impl core::fmt::Debug for Driver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Driver")
    }
}

impl Inner {
    fn feed(self: &Rc<Self>, input: Input) {
        self.hear(Heard {
            input,
            sender: None,
        });
    }

    /// Handles what was heard and all that comes of it, unless that is going on already: then it is next in line.
    fn hear(self: &Rc<Self>, heard: Heard) {
        if self.is_closed.get() {
            return;
        }
        self.enqueue(heard);
        if self.is_performing.replace(true) {
            return;
        }
        while let Some(heard) = self.dequeue() {
            self.step(heard);
        }
        self.is_performing.set(false);
        self.deliver();
    }

    fn step(self: &Rc<Self>, heard: Heard) {
        let now = self.clock.now();
        if let Ok(mut machine) = self.machine.try_borrow_mut() {
            machine.handle(heard.input, now);
        }
        while !self.is_closed.get() {
            let Ok(output) = self
                .machine
                .try_borrow_mut()
                .map(|mut machine| machine.poll_output())
            else {
                return;
            };
            if let Output::Wait { until, .. } = output {
                self.wait(until, now.monotonic);
                return;
            }
            self.perform(output, heard.sender.as_ref(), now);
        }
    }

    /// Gives out what has gathered, in one call; what a listener causes meanwhile follows in its turn.
    fn deliver(&self) {
        if self.is_delivering.replace(true) {
            return;
        }
        loop {
            let (logs, events) = (self.logs.take(), self.events.take());
            let connections = self.connection_events.take();
            let is_idle = logs.is_empty() && events.is_empty() && connections.is_empty();
            if self.is_closed.get() || is_idle {
                break;
            }
            for entry in logs {
                (self.on_log)(entry);
            }
            if !events.is_empty() {
                (self.on_events)(events);
            }
            let listener = self.on_connections.take();
            self.on_connections.set(listener.clone());
            if let Some(listener) = listener.filter(|_| !connections.is_empty()) {
                listener(connections);
            }
        }
        self.is_delivering.set(false);
    }

    fn enqueue(&self, heard: Heard) {
        let mut queue = self.queue.take();
        queue.push(heard);
        self.queue.set(queue);
    }

    fn dequeue(&self) -> Option<Heard> {
        let mut queue = self.queue.take();
        let heard = (!queue.is_empty()).then(|| queue.remove(0));
        self.queue.set(queue);
        heard
    }

    /// A promise that is resolved with what the machine answers to the input of this token.
    fn promise(self: &Rc<Self>, input: impl FnOnce(u32) -> Input) -> Promise {
        let token = self.next_token.get();
        self.next_token.set(token.wrapping_add(1));
        let promise = Promise::new(&mut |resolve, _| {
            let mut waiters = self.waiters.take();
            waiters.push((token, resolve));
            self.waiters.set(waiters);
        });
        if self.is_closed.get() {
            self.answer_waiters(None, &JsValue::UNDEFINED);
        } else {
            self.feed(input(token));
        }
        promise
    }

    /// Resolves one promise, or all.
    fn answer_waiters(&self, token: Option<u32>, answer: &JsValue) {
        let mut waiting = Vec::new();
        let mut answered = Vec::new();
        for (waiter, resolve) in self.waiters.take() {
            if token.is_none_or(|token| token == waiter) {
                answered.push(resolve);
            } else {
                waiting.push((waiter, resolve));
            }
        }
        self.waiters.set(waiting);
        for resolve in answered {
            let _ = resolve.call1(&JsValue::UNDEFINED, answer);
        }
    }

    /// Remembers how a facility fares, and says so once when it begins to fail.
    fn found(
        &self,
        name: &'static str,
        facility: fn(&mut Facilities) -> &mut Facility,
        state: Facility,
    ) {
        let mut facilities = self.facilities.get();
        let known = core::mem::replace(facility(&mut facilities), state);
        self.facilities.set(facilities);
        if known != state && state != Facility::Ok {
            self.warn(name);
        }
    }

    fn warn(&self, code: &'static str) {
        let mut logs = self.logs.take();
        logs.push(LogEntry {
            level: "warn",
            code,
            at: self.clock.now().wall,
        });
        self.logs.set(logs);
    }

    fn close(&self) {
        if self.is_closed.replace(true) {
            return;
        }
        self.listeners.set(None);
        self.timer.set(None);
        drop(self.checks.take());
        self.lock.set(None);
        self.stream.set(None);
        self.plain.set(None);
        self.scoped.set(None);
        self.popups.set(None);
        self.local.set(None);
        self.session.set(None);
        drop(self.queue.take());
        self.on_connections.set(None);
        self.answer_waiters(None, &JsValue::UNDEFINED);
    }
}

/// Something shared that can be put in and taken away while it is in use. A `RefCell` would panic then.
struct Slot<T>(Cell<Option<Rc<T>>>);

impl<T> Slot<T> {
    fn get(&self) -> Option<Rc<T>> {
        let value = self.0.take();
        let shared = value.clone();
        self.0.set(value);
        shared
    }

    fn set(&self, value: Option<T>) {
        drop(self.0.replace(value.map(Rc::new)));
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Cell::new(None))
    }
}

fn seed() -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and any number will do"
    )]
    let seed = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    seed
}
