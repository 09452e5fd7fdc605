//! The machine of one window: the only thing in the protocol that changes.
//!
//! After every [`handle`](Machine::handle), drain [`poll_output`](Machine::poll_output) until it gives
//! [`Output::Wait`]; then wait, until the time that it says or until something happens.
//!
//! ```text
//!                      notice                      reply, push, report
//!   pending ──────────────────────▶ confirming ──────────────────────▶ completed
//!     │  2 min    5 min                 │  three checks                    ▲
//!     ├──▶ slow ──▶ overdue             ▼  without a word                  │ a success, however late
//!     │                            provisional ◀── cancel, expireAfter     │
//!     └──────────────────────────▶ expired < cancelled < failed ───────────┘
//! ```
//!
//! | file | decides |
//! |---|---|
//! | `io` | what goes in and comes out |
//! | `entry` | what is known of one flow, and how it looks |
//! | `checks` | when one flow is to be checked |
//! | `connections` | what is known of connections, and when the list is read |
//! | `deadlines` | what comes with time alone |
//! | `messages` | what other windows say, and are told |
//! | `poller` | which window checks |
//! | `commands` | what the app wants |
//! | `push` | when the stream of server push is open, and whether it is believed |
//! | `refreshes` | who refreshes a connection, and when |
//! | `notices` | what a callback page's word is worth |
//! | `replies` | what the server's answer means |
//! | `verdicts` | merging, and telling it once |
//! | `words` | how what comes out is said |
//! | `stored` | what a page finds when it starts, and what is swept |

mod checks;
mod commands;
mod connections;
mod deadlines;
mod entry;
mod io;
mod messages;
mod notices;
mod poller;
mod push;
mod refreshes;
mod replies;
mod stored;
mod verdicts;
mod words;

pub use io::*;

use crate::proto::flow::FlowId;
use crate::proto::notice::Notice;
use crate::proto::record::Names;
use crate::proto::seen::Seen;
use crate::proto::time::{Millis, Now};
use alloc::boxed::Box;
use alloc::vec::{self, Vec};
use checks::Asked;
use connections::Connections;
use entry::Entry;
use notices::Probe;
use poller::PollerState;
use push::Push;
use stored::{Gone, Loading};

/// The most flows that are kept in memory; what comes from other windows past it is dropped.
const MAX_FLOWS: usize = 1024;
/// A check is over after ten seconds at the latest, so whoever waits for one waits a little longer.
const CHECK_DEADLINE: Millis = Millis::seconds(11);
/// Who asked for a check and never fetched the answer does not pile up.
const MAX_WAITERS: usize = 256;

/// The protocol of one window.
#[derive(Clone, Debug)]
pub struct Machine {
    config: Config,
    names: Names,
    now: Now,
    /// In no order.
    #[expect(
        clippy::vec_box,
        reason = "an entry is large: each place that moves one would be some hundred bytes of wasm"
    )]
    entries: Vec<Box<Entry>>,
    /// No flow that started at or before this time exists: the last `reset`, by the wall clock.
    reset_at: Option<Millis>,
    loading: Loading,
    seen: Seen,
    /// Notices of flows that are not known yet, oldest first: a callback page can be quicker than the page that started.
    unclaimed: Vec<Notice>,
    /// Oldest first.
    gone: Vec<Gone>,
    probes: Vec<Probe>,
    next_probe: Millis,
    poller: PollerState,
    push: Push,
    connections: Connections,
    /// The server wants quiet until then.
    hold: Millis,
    next_request: u32,
    next_event: u32,
    /// Events whose listeners have not returned yet, and what they told.
    untold: Vec<verdicts::Untold>,
    waiters: Vec<Waiter>,
    /// What is still to be done, and of it what is being handed out.
    outputs: Vec<Output>,
    handed: vec::IntoIter<Output>,
    dropped: Vec<(&'static str, u32)>,
}

/// A `check()` that waits for its answer.
#[derive(Clone, Debug)]
struct Waiter {
    token: u32,
    flow_ids: Vec<FlowId>,
    asked: Asked,
}

impl Machine {
    /// A machine that knows nothing yet. Feed it what is stored, then [`Input::Loaded`].
    #[must_use]
    pub fn new(config: Config) -> Self {
        let names = Names::new(&config.namespace, &config.scope);
        let poller = PollerState::new(config.seed);
        let push = Push::new(config.push);
        Self {
            config,
            names,
            now: Now::default(),
            entries: Vec::new(),
            reset_at: None,
            loading: Loading::default(),
            seen: Seen::default(),
            unclaimed: Vec::new(),
            gone: Vec::new(),
            probes: Vec::new(),
            next_probe: Millis::ZERO,
            poller,
            push,
            connections: Connections::default(),
            hold: Millis::ZERO,
            next_request: 0,
            next_event: 0,
            untold: Vec::new(),
            waiters: Vec::new(),
            outputs: Vec::new(),
            handed: Vec::new().into_iter(),
            dropped: Vec::new(),
        }
    }

    /// The names of this machine's keys, channels and lock.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What `flows()` shows, newest first.
    #[must_use]
    pub fn flows(&self) -> Vec<FlowView> {
        // Few flows, so an insertion does; a sort from the library would be 4 KB of wasm.
        let mut shown: Vec<&Entry> = Vec::new();
        for entry in &self.entries {
            if entry.shown {
                let mut place = 0;
                while shown
                    .get(place)
                    .is_some_and(|other| entry.is_older_than(other))
                {
                    place += 1;
                }
                shown.insert(place, entry);
            }
        }
        let mut views = Vec::new();
        for entry in shown {
            views.push(entry.view(&self.config));
        }
        views
    }

    /// What could not be used, by reason, with its count.
    #[must_use]
    pub fn dropped(&self) -> &[(&'static str, u32)] {
        &self.dropped
    }

    /// Who polls for the scope.
    #[must_use]
    pub fn poller(&self) -> Poller {
        self.poller.who(self.now.monotonic)
    }

    /// Takes in what happened at `now`.
    pub fn handle(&mut self, input: Input, now: Now) {
        // The monotonic clock does not go back; where one does, time stands still until it has caught up.
        self.now = Now {
            monotonic: now.monotonic.max(self.now.monotonic),
            wall: now.wall,
        };
        match input {
            Input::Stored { key, stored, live } => self.on_stored(key, stored, live),
            Input::Loaded => self.on_loaded(),
            Input::Start(start) => self.on_start(start),
            Input::Href { flow_id, href } => self.on_href(&flow_id, href),
            Input::StartFailed { flow_id } => self.on_start_failed(&flow_id),
            Input::Reopened {
                flow_id,
                window,
                href,
            } => self.on_reopened(&flow_id, window, href),
            Input::WindowClosed { flow_id } => self.on_window_closed(&flow_id),
            Input::Cancel { flow_id } => self.on_cancel(&flow_id),
            Input::Dismiss { flow_id } => self.on_dismiss(&flow_id),
            Input::Reset => self.on_reset(),
            Input::Check { token, flow_id } => self.on_check(token, flow_id.as_ref()),
            Input::Report { flow_id, reply } => self.on_report(&flow_id, &reply),
            Input::Told { seq } => self.on_told(seq),
            Input::Notice { notice, via } => self.on_notice(&notice, via),
            Input::Message(message) => self.on_message(message),
            Input::Reply { request, reply } => self.on_reply(request, &reply),
            Input::CheckFailed {
                request,
                retry_after,
            } => self.on_check_failed(request, retry_after),
            Input::Connections {
                request,
                list,
                retry_after,
            } => self.on_list(request, list, retry_after),
            Input::Refresh { token, id, seen } => self.on_refresh(token, id, seen),
            Input::Refreshed {
                request,
                connection,
                is_gone,
                retry_after,
            } => self.on_refreshed(request, connection, is_gone, retry_after),
            Input::Pushed(pushed) => self.on_pushed(pushed),
            Input::Tick => self.poller.on_tick(self.now.monotonic),
            Input::Wake => self.wake_all(),
            Input::Visible(visible) => self.on_visible(visible),
            Input::Leave => self.on_leave(),
            Input::Return => self.on_return(),
            Input::Lock(lock) => self.on_lock(lock),
            Input::Dropped(reason) => self.drop_input(reason),
        }
        self.advance();
    }

    /// The next thing to do; [`Output::Wait`] when there is none.
    pub fn poll_output(&mut self) -> Output {
        if self.handed.len() == 0 {
            self.handed = core::mem::take(&mut self.outputs).into_iter();
        }
        if let Some(output) = self.handed.next() {
            return output;
        }
        let (until, reason) = self.next_wake();
        self.poller.waits_until(until);
        Output::Wait { until, reason }
    }

    /// Lets the time that has passed have its effects, then plans.
    fn advance(&mut self) {
        if self.loading.is_running() {
            return;
        }
        self.give_up_checks();
        self.pass_deadlines();
        self.expire_connections();
        self.sweep();
        self.ask_around();
        self.run_push();
        self.begin_checks();
        self.run_refreshes();
        self.begin_reading();
        self.answer_waiters();
        self.flush_changes();
    }

    /// A driver answers every check in time; should one not, the schedule must go on.
    fn give_up_checks(&mut self) {
        let now = self.now.monotonic;
        for entry in &mut self.entries {
            for request in entry.checks.give_up(now) {
                self.outputs.push(Output::Abort { request });
            }
        }
        self.give_up_probes();
    }

    /// Adds a flow, unless there are too many. What others told of leaves room for what is started here.
    fn insert(&mut self, entry: Box<Entry>) -> Option<usize> {
        let bound = if entry.state.started_here {
            2 * MAX_FLOWS
        } else {
            MAX_FLOWS
        };
        if self.entries.len() >= bound {
            self.drop_input("flood");
            return None;
        }
        self.entries.push(entry);
        Some(self.entries.len() - 1)
    }

    fn find(&self, flow_id: &FlowId) -> Option<usize> {
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.state.flow_id == *flow_id {
                return Some(index);
            }
        }
        None
    }

    fn find_mut(&mut self, flow_id: &FlowId) -> Option<&mut Entry> {
        let index = self.find(flow_id)?;
        self.entries.get_mut(index).map(|entry| &mut **entry)
    }

    fn answer_waiters(&mut self) {
        for waiter in core::mem::take(&mut self.waiters) {
            if self.is_waiting(&waiter) {
                self.waiters.push(waiter);
            } else {
                self.put(Output::Checked {
                    token: waiter.token,
                });
            }
        }
    }

    fn is_waiting(&self, waiter: &Waiter) -> bool {
        if self.now.monotonic >= waiter.asked.at + CHECK_DEADLINE {
            return false;
        }
        for entry in &self.entries {
            if waiter.flow_ids.contains(&entry.state.flow_id)
                && entry.is_asked_about(&self.config)
                && !entry.checks.has_answered(waiter.asked)
            {
                return true;
            }
        }
        false
    }

    #[inline(never)]
    fn put(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// When something changes by itself, and why.
    fn next_wake(&self) -> (Millis, Reason) {
        if self.loading.is_running() {
            return (Millis::NEVER, Reason::Nothing);
        }
        let mut next = (Millis::NEVER, Reason::Nothing);
        let mut consider = |at: Millis, reason| {
            if at < next.0 {
                next = (at, reason);
            }
        };
        for entry in &self.entries {
            consider(self.next_deadline(entry), Reason::Deadline);
            consider(self.next_sweep(entry), Reason::Sweep);
        }
        consider(self.next_check(), Reason::Check);
        consider(self.next_ask(), Reason::Poller);
        consider(self.next_push(), Reason::Push);
        consider(self.next_connections(), Reason::Connections);
        for waiter in &self.waiters {
            consider(waiter.asked.at + CHECK_DEADLINE, Reason::Deadline);
        }
        next
    }

    /// Counts something that could not be used.
    fn drop_input(&mut self, reason: &'static str) {
        for (known, count) in &mut self.dropped {
            if *known == reason {
                *count = count.saturating_add(1);
                return;
            }
        }
        self.dropped.push((reason, 1));
    }
}
