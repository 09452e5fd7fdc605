//! Refreshing a connection: once, however many tabs and callers want it, and before it expires.
//!
//! ```text
//!   caller ── refresh ──▶ follower ── want ──▶ window that polls ── one request ──▶ server
//!                            ▲                        │
//!                            └──── the outcome ◀──────┴──▶ its own callers
//! ```
//!
//! Whoever wants it asks again each second, so that a window that goes is replaced; the server is told which version was
//! seen, so that a question that is asked twice is not work that is done twice.

use super::io::{Output, RequestId, Via};
use super::poller::ASK_EVERY;
use super::{MAX_WAITERS, Machine};
use crate::proto::connection::{Connection, ConnectionState, MAX_CONNECTIONS, Refreshed};
use crate::proto::message::Message;
use crate::proto::time::Millis;
use alloc::string::String;
use alloc::vec::Vec;

/// Longer than a server and a provider may take; who waits is told then that it came to nothing.
const WAIT: Millis = Millis::seconds(40);
/// What is wanted within this time of an outcome is what it was the outcome of: the word of it crosses the question.
const SAME_MOMENT: Millis = Millis::seconds(1);
/// No connection is refreshed unasked more often.
const PAUSE: Millis = Millis::seconds(30);
/// A window that polls has had this long to refresh a connection unasked.
const NEGLECT: Millis = Millis::seconds(3);
/// How many outcomes are remembered for `SAME_MOMENT`.
const MAX_RECENT: usize = 32;

/// What is being refreshed, and what just was.
#[derive(Clone, Debug, Default)]
pub(super) struct Refreshes {
    tasks: Vec<Task>,
    recent: Vec<Recent>,
}

#[derive(Clone, Debug)]
struct Task {
    id: String,
    /// The version that was not good enough.
    seen: u64,
    /// Callers in this window.
    tokens: Vec<u32>,
    until: Millis,
    /// When the window that polls was asked last.
    asked: Option<Millis>,
    /// Ours, where this window polls.
    request: Option<RequestId>,
    /// The version that was held when it began: a word that there is none says nothing of a later one.
    begun_with: u64,
}

#[derive(Clone, Debug)]
struct Recent {
    id: String,
    outcome: Refreshed,
    at: Millis,
}

impl Task {
    fn ask_at(&self) -> Millis {
        self.asked.map_or(Millis::ZERO, |asked| asked + ASK_EVERY)
    }
}

impl Refreshes {
    /// Whether the window that polls should be asked at once.
    pub(super) fn are_urgent(&self, now: Millis) -> bool {
        self.next_ask() <= now
    }

    /// When it should be asked next.
    pub(super) fn next_ask(&self) -> Millis {
        let mut next = Millis::NEVER;
        for task in &self.tasks {
            next = next.min(task.ask_at());
        }
        next
    }

    /// When somebody has waited for long enough.
    pub(super) fn next_end(&self) -> Millis {
        let mut next = Millis::NEVER;
        for task in &self.tasks {
            next = next.min(task.until);
        }
        next
    }

    /// Forgets the requests on their way, without an answer: they are made again when the page comes back.
    pub(super) fn interrupt(&mut self) -> Vec<RequestId> {
        let mut requests = Vec::new();
        for task in &mut self.tasks {
            if let Some(request) = task.request.take() {
                requests.push(request);
            }
        }
        requests
    }
}

impl Machine {
    /// The app wants a connection refreshed: one that it has seen in this version, or in the one that is held.
    pub(super) fn on_refresh(&mut self, token: u32, id: String, seen: Option<u64>) {
        let held = self.held(&id).map(|held| held.connection.version);
        let seen = seen.or(held).unwrap_or(0);
        let mut waiting = 0;
        for task in &self.connections.refreshes.tasks {
            waiting += task.tokens.len();
        }
        let outcome = if waiting >= MAX_WAITERS || !self.config.connections {
            Some(Refreshed::Failed)
        } else {
            self.is_refreshed(&id, seen)
        };
        match outcome {
            Some(outcome) => self.put(Output::Refreshed { token, outcome }),
            None => self.want_refresh(id, seen, Some(token)),
        }
    }

    /// Another window wants it. Only the window that polls answers, where it can.
    pub(super) fn on_want(&mut self, id: Option<String>, seen: u64) {
        if !self.poller.polls() || !self.config.connections {
            return;
        }
        self.say_here();
        match id {
            None => self.on_list_wanted(),
            Some(id) => match self.is_refreshed(&id, seen) {
                Some(outcome) => self.tell_connection(&id, Some(outcome)),
                // Each is a request to the server.
                None if self.connections.refreshes.tasks.len() >= MAX_CONNECTIONS => {
                    self.drop_input("flood");
                }
                None => self.want_refresh(id, seen, None),
            },
        }
    }

    /// The outcome where no request is needed.
    fn is_refreshed(&self, id: &str, seen: u64) -> Option<Refreshed> {
        let now = self.now.monotonic;
        let recent = self.connections.refreshes.recent.iter();
        let just = |recent: &&Recent| recent.id == id && now <= recent.at + SAME_MOMENT;
        let outcome = recent.into_iter().find(just).map(|recent| recent.outcome);
        let held = self.held(id).map(|held| &held.connection);
        outcome.or_else(|| {
            held.filter(|held| match held.state {
                ConnectionState::Active => seen > 0 && held.version > seen,
                state => state == ConnectionState::Disconnected,
            })
            .map(|held| Refreshed::of(held.state))
        })
    }

    fn want_refresh(&mut self, id: String, seen: u64, token: Option<u32>) {
        let until = self.now.monotonic + WAIT;
        let tasks = &mut self.connections.refreshes.tasks;
        let mut tokens = Vec::new();
        if let Some(token) = token {
            tokens.push(token);
        }
        match tasks.iter_mut().find(|task| task.id == id) {
            Some(task) => task.tokens.append(&mut tokens),
            None => tasks.push(Task {
                id,
                seen,
                tokens,
                until,
                asked: None,
                request: None,
                begun_with: 0,
            }),
        }
    }

    /// Begins what this window is to do, and gives up what has taken too long.
    pub(super) fn run_refreshes(&mut self) {
        let now = self.now.monotonic;
        let mut late = Vec::new();
        for task in &self.connections.refreshes.tasks {
            if task.until <= now {
                late.push(task.id.clone());
            }
        }
        for id in late {
            self.conclude_refresh(&id, Refreshed::Failed);
        }
        if !self.poller.polls() {
            return;
        }
        if self.next_unasked() <= now {
            self.refresh_unasked();
        }
        for index in 0..self.connections.refreshes.tasks.len() {
            let Some(task) = self.connections.refreshes.tasks.get(index) else {
                return;
            };
            if task.request.is_some() {
                continue;
            }
            let (id, seen) = (task.id.clone(), task.seen);
            let begun_with = self.held(&id).map_or(0, |held| held.connection.version);
            let request = self.next_request();
            if let Some(task) = self.connections.refreshes.tasks.get_mut(index) {
                task.request = Some(request);
                task.begun_with = begun_with;
            }
            self.put(Output::Refresh { request, id, seen });
            self.say_here_again();
        }
    }

    /// Connections whose time to be refreshed has come, where nobody has asked for it.
    fn refresh_unasked(&mut self) {
        let now = self.now.monotonic;
        let mut due = Vec::new();
        for held in &mut self.connections.held {
            if held.refresh <= now {
                held.refresh = now + PAUSE;
                due.push((held.connection.id.clone(), held.connection.version));
            }
        }
        for (id, version) in due {
            self.want_refresh(id, version, None);
        }
    }

    /// When `refresh_unasked` has something to do.
    pub(super) fn next_unasked(&self) -> Millis {
        self.next_due()
            .max(self.hold)
            .max(self.poller.skips_until())
    }

    /// When a window that does not poll should find out whether anybody does.
    pub(super) fn next_neglect(&self) -> Millis {
        self.next_due().max(self.hold) + NEGLECT
    }

    fn next_due(&self) -> Millis {
        let mut next = Millis::NEVER;
        for held in &self.connections.held {
            next = next.min(held.refresh);
        }
        next
    }

    /// The server has answered: with the connection, that there is none, or not at all.
    pub(super) fn on_refreshed(
        &mut self,
        request: RequestId,
        connection: Option<Connection>,
        is_gone: bool,
        retry_after: Option<Millis>,
    ) {
        let tasks = self.connections.refreshes.tasks.iter_mut();
        let Some(task) = tasks.into_iter().find(|task| task.request == Some(request)) else {
            return;
        };
        task.request = None;
        let (id, begun_with) = (task.id.clone(), task.begun_with);
        let held = self.held(&id).map(|held| held.connection.clone());
        let outcome = match (connection.filter(|connection| connection.id == id), held) {
            (Some(connection), _) => {
                let outcome = Refreshed::of(connection.state);
                self.merge_connection(connection, Via::Poll);
                outcome
            }
            (None, Some(held)) if is_gone && held.version > begun_with => Refreshed::of(held.state),
            (None, held) if is_gone => {
                if let Some(held) = held {
                    self.merge_gone(held, Via::Poll);
                }
                Refreshed::Removed
            }
            _ => Refreshed::Failed,
        };
        self.conclude_refresh(&id, outcome);
        if let Some(span) = retry_after {
            self.put_off_refresh(&id, span);
        }
        self.tell_connection(&id, Some(outcome));
    }

    /// Whoever waits for the refresh of this connection has its outcome, whichever window had it made.
    pub(super) fn conclude_refresh(&mut self, id: &str, outcome: Refreshed) {
        let now = self.now.monotonic;
        self.put_off_refresh(id, PAUSE);
        let refreshes = &mut self.connections.refreshes;
        if let Some(place) = refreshes.tasks.iter().position(|task| task.id == id) {
            let task = refreshes.tasks.remove(place);
            if let Some(request) = task.request {
                self.outputs.push(Output::Abort { request });
            }
            for token in task.tokens {
                self.outputs.push(Output::Refreshed { token, outcome });
            }
        }
        for recent in core::mem::take(&mut refreshes.recent) {
            if recent.id != id {
                refreshes.recent.push(recent);
            }
        }
        if refreshes.recent.len() >= MAX_RECENT {
            refreshes.recent.remove(0);
        }
        refreshes.recent.push(Recent {
            id: String::from(id),
            outcome,
            at: now,
        });
    }

    fn put_off_refresh(&mut self, id: &str, span: Millis) {
        let at = self.now.monotonic + span;
        for held in &mut self.connections.held {
            if held.connection.id == id {
                held.refresh = held.refresh.max(at);
            }
        }
    }

    /// Asks the window that polls for what is wanted here.
    pub(super) fn ask_for_refreshes(&mut self) {
        let now = self.now.monotonic;
        for task in &mut self.connections.refreshes.tasks {
            if task.ask_at() <= now {
                task.asked = Some(now);
                self.outputs.push(Output::Broadcast(Message::Want {
                    id: Some(task.id.clone()),
                    seen: task.seen,
                }));
            }
        }
    }
}
