//! What is known of a person's connections: merged by version, told once, and read again when there is a reason to.
//!
//! ```text
//!   list of the server ──┐                    ┌── added, refreshed, … → subscribers
//!   push ────────────────┼──▶ higher version ─┤
//!   another window ──────┘                    └── the other windows
//! ```
//!
//! A page that starts or wakes asks the window that polls for the list, and reads it itself where nobody answers.
//! Nothing of it is written down.

use super::Machine;
use super::io::{Change, ConnectionEvent, ConnectionView, ErrorView, Output, RequestId, Via};
use super::refreshes::Refreshes;
use crate::proto::connection::{Connection, ConnectionState, MAX_CONNECTIONS, Refreshed};
use crate::proto::message::{Connections as Told, Message};
use crate::proto::time::{Millis, Now, Since};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// How long the window that polls is given to tell the list; up to a quarter of a second more, so that not all read at
/// once.
const TOLD_WITHIN: Millis = Millis(400);
/// How long it is given to read and tell it where every window knows that it has changed; up to a second more.
const READ_WITHIN: Millis = Millis::seconds(3);
/// Wakes come in swarms.
const WAKE_EVERY: Millis = Millis::seconds(10);
/// The first wait after a list that could not be had; each next is twice as long.
const RETRY: Millis = Millis::seconds(5);
/// Five minutes and some: a page in the background must not ask for ever.
const MAX_DOUBLINGS: u32 = 6;

/// What this window knows of connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    /// In no order. Those that are gone stay, so that nothing older brings them back.
    pub(super) held: Vec<Held>,
    /// Where the person's counter stood when the last whole list was made; from the first on, what is new was added.
    listed: Option<u64>,
    /// What was added last, and when that was heard.
    added: Option<(String, Millis)>,
    /// When the list is to be read.
    read_at: Millis,
    reading: Option<RequestId>,
    /// When it was read or asked for last.
    sought: Option<Millis>,
    failures: u32,
    /// Push began anew, and the list has not been read since: what was before is not known.
    is_owed: bool,
    pub(super) refreshes: Refreshes,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            held: Vec::new(),
            listed: None,
            added: None,
            read_at: Millis::NEVER,
            reading: None,
            sought: None,
            failures: 0,
            is_owed: false,
            refreshes: Refreshes::default(),
        }
    }
}

/// A connection as this window holds it: its times by the monotonic clock.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) connection: Connection,
    expires: Millis,
    /// The same by the wall clock, for people.
    expires_at: Option<Millis>,
    /// When the window that polls refreshes it unasked.
    pub(super) refresh: Millis,
}

impl Held {
    fn new(connection: Connection, now: Now) -> Self {
        let due = |span: Option<Millis>| span.map_or(Millis::NEVER, |span| now.monotonic + span);
        let refresh = if !connection.refreshable {
            Millis::NEVER
        } else {
            match connection.state {
                ConnectionState::Active | ConnectionState::Expired => due(connection.refresh_in),
                ConnectionState::RefreshFailed => due(connection.retry_in),
                _ => Millis::NEVER,
            }
        };
        Self {
            expires: due(connection.expires_in),
            expires_at: connection.expires_in.map(|span| now.wall + span),
            refresh,
            connection,
        }
    }

    /// Later changes stand above earlier ones, and being gone above all else of one change.
    fn place(&self) -> (u64, bool) {
        (self.connection.version, self.is_gone())
    }

    fn is_gone(&self) -> bool {
        self.connection.state == ConnectionState::Disconnected
    }

    fn expires_by_the_clock(&self) -> Millis {
        if self.connection.state == ConnectionState::Active {
            self.expires
        } else {
            Millis::NEVER
        }
    }

    /// As another window is told of it: times from now.
    fn told(&self, now: Millis) -> Connection {
        let left = |due: Millis| (due != Millis::NEVER).then(|| due - now);
        let is_failed = self.connection.state == ConnectionState::RefreshFailed;
        Connection {
            expires_in: left(self.expires),
            refresh_in: left(self.refresh).filter(|_| !is_failed),
            retry_in: left(self.refresh).filter(|_| is_failed),
            ..self.connection.clone()
        }
    }

    fn view(&self) -> ConnectionView {
        ConnectionView {
            error: self.connection.error.as_ref().map(|code| ErrorView {
                code: code.clone(),
                retryable: self.connection.state == ConnectionState::RefreshFailed,
            }),
            expires_at: self.expires_at,
            connection: self.connection.clone(),
        }
    }
}

impl Machine {
    /// What `connections()` shows, in no order.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionView> {
        let mut views = Vec::new();
        for held in &self.connections.held {
            if !held.is_gone() {
                views.push(held.view());
            }
        }
        views
    }

    pub(super) fn held(&self, id: &str) -> Option<&Held> {
        let held = self.connections.held.iter();
        held.into_iter().find(|held| held.connection.id == id)
    }

    /// A new reason to look at the list.
    pub(super) fn seek_list(&mut self) {
        let now = self.now.monotonic;
        if !self.config.connections || self.poller.is_away() {
            return;
        }
        if self.push.is_live() && !self.connections.is_owed {
            return;
        }
        let polls = self.poller.polls();
        let connections = &mut self.connections;
        let is_first = polls && connections.listed.is_none();
        connections.failures = 0;
        if !is_first
            && connections
                .sought
                .is_some_and(|sought| now < sought + WAKE_EVERY)
        {
            return;
        }
        if polls {
            self.read_list_after(self.push.head_start());
        } else {
            connections.sought = Some(now);
            self.read_list_after(TOLD_WITHIN + self.poller.spread(250));
            self.put(Output::Broadcast(Message::Want { id: None, seen: 0 }));
        }
    }

    /// Every window knows that a flow has made this connection: the one that polls reads the list and tells the others. Push may have
    /// brought the connection since the flow began.
    pub(super) fn expect_list(&mut self, made: Option<&str>, began: Since) {
        if let Some((id, heard)) = &self.connections.added
            && made == Some(id)
            && self.now.monotonic - *heard <= began.elapsed(self.now)
        {
            return;
        }
        if self.poller.polls() {
            self.read_list_after(self.push.head_start());
        } else {
            self.read_list_after(READ_WITHIN + self.poller.spread(1000));
        }
    }

    /// Push begins, or goes on: what it has not told has to be read.
    pub(super) fn catch_up_with_list(&mut self, resumed: bool) {
        self.connections.is_owed |= !resumed;
        if self.connections.is_owed {
            self.read_list_after(Millis::ZERO);
        }
    }

    pub(super) fn read_list_after(&mut self, span: Millis) {
        if self.config.connections {
            let at = self.now.monotonic + span;
            self.connections.read_at = self.connections.read_at.min(at);
        }
    }

    /// Reads the list, if that is due.
    pub(super) fn begin_reading(&mut self) {
        let now = self.now.monotonic;
        if self.next_reading() > now {
            return;
        }
        let request = self.next_request();
        let connections = &mut self.connections;
        connections.read_at = Millis::NEVER;
        connections.reading = Some(request);
        connections.sought = Some(now);
        self.put(Output::ReadConnections { request });
    }

    pub(super) fn next_reading(&self) -> Millis {
        if self.connections.reading.is_some() || self.poller.is_away() {
            Millis::NEVER
        } else {
            self.connections.read_at.max(self.hold)
        }
    }

    /// The server has told the list, or has not.
    pub(super) fn on_list(
        &mut self,
        request: RequestId,
        list: Option<(u64, Vec<Connection>)>,
        retry_after: Option<Millis>,
    ) {
        if self.connections.reading != Some(request) {
            return;
        }
        self.connections.reading = None;
        if let Some((version, list)) = list {
            self.connections.failures = 0;
            self.connections.is_owed = false;
            self.merge_list(version, list, Via::Poll);
            if self.poller.polls() {
                self.tell_list();
            }
            return;
        }
        let failures = self.connections.failures;
        self.connections.failures = failures.saturating_add(1);
        let wait =
            Millis(RETRY.0 << failures.min(MAX_DOUBLINGS)).max(retry_after.unwrap_or_default());
        // Who does not poll is told, or looks at the next wake.
        if self.poller.polls() {
            self.read_list_after(wait);
        }
    }

    /// Another window tells of connections.
    pub(super) fn on_connections(&mut self, told: Told) {
        if !self.config.connections {
            return;
        }
        let via = Via::BroadcastChannel;
        match told.complete {
            Some(version) => {
                self.merge_list(version, told.connections, via);
                if !self.poller.polls() {
                    self.connections.read_at = Millis::NEVER;
                }
            }
            None => {
                for connection in told.connections {
                    self.merge_connection(connection, via);
                }
            }
        }
        if let Some((id, outcome)) = told.refreshed {
            self.conclude_refresh(&id, outcome);
        }
    }

    /// The page is put away: what is on its way is asked for again when it comes back.
    pub(super) fn interrupt_connections(&mut self) {
        let mut requests = self.connections.refreshes.interrupt();
        if let Some(request) = self.connections.reading.take() {
            requests.push(request);
            self.read_list_after(Millis::ZERO);
        }
        for request in requests {
            self.put(Output::Abort { request });
        }
    }

    /// Another window wants the list that this one, which polls, has.
    pub(super) fn on_list_wanted(&mut self) {
        if self.connections.listed.is_some() {
            self.tell_list();
        }
    }

    fn tell_list(&mut self) {
        let now = self.now.monotonic;
        let mut connections = Vec::new();
        for held in &self.connections.held {
            connections.push(held.told(now));
        }
        let told = Told {
            connections,
            complete: self.connections.listed,
            refreshed: None,
        };
        self.put(Output::Broadcast(Message::Connections(told)));
    }

    /// A list that was whole when the person's counter stood at `version`: what is not in it is gone.
    fn merge_list(&mut self, version: u64, list: Vec<Connection>, via: Via) {
        let mut gone = Vec::new();
        for held in &self.connections.held {
            // Another window's list also names what is gone, perhaps by an earlier change than the last that is held here.
            let is_it = |each: &Connection| {
                each.id == held.connection.id && each.state != ConnectionState::Disconnected
            };
            let is_in_it = list.iter().any(is_it);
            if !is_in_it && held.connection.version <= version {
                gone.push(held.connection.clone());
            }
        }
        for connection in list {
            self.merge_connection(connection, via);
        }
        for connection in gone {
            self.merge_gone(connection, via);
        }
        self.connections.listed = self.connections.listed.max(Some(version));
    }

    pub(super) fn merge_gone(&mut self, connection: Connection, via: Via) {
        let gone = Connection {
            state: ConnectionState::Disconnected,
            error: None,
            ..connection
        };
        self.merge_connection(gone, via);
    }

    /// Takes a connection if it is of a later change than what is held, and tells what has changed.
    pub(super) fn merge_connection(&mut self, connection: Connection, via: Via) {
        let new = Held::new(connection, self.now);
        let connections = &mut self.connections;
        let place = connections
            .held
            .iter()
            .position(|held| held.connection.id == new.connection.id);
        let known = place.and_then(|place| connections.held.get_mut(place));
        let change = match known {
            Some(held) if new.place() <= held.place() => {
                // The same once more, perhaps after a sleep in which the monotonic clock stood still.
                if new.connection.version == held.connection.version {
                    held.expires = held.expires.min(new.expires);
                }
                return;
            }
            Some(held) => {
                let change = change(&held.connection, &new.connection);
                *held = new.clone();
                change
            }
            // It was gone by the time of a whole list that has been heard.
            None if connections.listed >= Some(new.connection.version) => return,
            None => {
                let is_gone = new.is_gone();
                if !self.insert_connection(new.clone()) || is_gone {
                    return;
                }
                match self.connections.listed {
                    Some(_) => Change::Added,
                    None => Change::Changed,
                }
            }
        };
        if change == Change::Added && self.connections.listed.is_some() {
            // What the list was to be read for, or would be.
            self.connections.read_at = Millis::NEVER;
            self.connections.added = Some((new.connection.id.clone(), self.now.monotonic));
        }
        self.emit_connection(&new, change, via);
    }

    fn insert_connection(&mut self, new: Held) -> bool {
        let held = &mut self.connections.held;
        if held.len() >= 2 * MAX_CONNECTIONS {
            let Some(oldest) = held.iter().position(Held::is_gone) else {
                self.drop_input("flood");
                return false;
            };
            held.remove(oldest);
        }
        held.push(new);
        true
    }

    /// Active connections whose time is over.
    pub(super) fn expire_connections(&mut self) {
        let now = self.now.monotonic;
        for index in 0..self.connections.held.len() {
            if let Some(held) = self.connections.held.get_mut(index)
                && held.expires_by_the_clock() <= now
            {
                held.connection.state = ConnectionState::Expired;
                let held = held.clone();
                self.emit_connection(&held, Change::Expired, Via::Local);
            }
        }
    }

    /// When `expire_connections` has something to do.
    fn next_expiry(&self) -> Millis {
        let mut next = Millis::NEVER;
        for held in &self.connections.held {
            next = next.min(held.expires_by_the_clock());
        }
        next
    }

    /// When something about connections is due.
    pub(super) fn next_connections(&self) -> Millis {
        let unasked = if self.poller.polls() {
            self.next_unasked()
        } else {
            Millis::NEVER
        };
        self.next_expiry()
            .min(self.next_reading())
            .min(self.connections.refreshes.next_end())
            .min(unasked)
    }

    fn emit_connection(&mut self, held: &Held, change: Change, via: Via) {
        self.next_event = self.next_event.wrapping_add(1);
        self.put(Output::EmitConnection(Box::new(ConnectionEvent {
            seq: self.next_event,
            change,
            at: self.now.wall,
            via,
            connection: held.view(),
        })));
    }

    /// Tells the others of one connection, and what came of its refresh.
    pub(super) fn tell_connection(&mut self, id: &str, refreshed: Option<Refreshed>) {
        let now = self.now.monotonic;
        let mut connections = Vec::new();
        if let Some(held) = self.held(id) {
            connections.push(held.told(now));
        }
        let told = Told {
            connections,
            complete: None,
            refreshed: refreshed.map(|outcome| (String::from(id), outcome)),
        };
        self.put(Output::Broadcast(Message::Connections(told)));
    }
}

/// What a later change is called.
fn change(before: &Connection, after: &Connection) -> Change {
    if before.state == ConnectionState::Disconnected {
        return Change::Added;
    }
    match after.state {
        ConnectionState::Active if after.refreshed_at > before.refreshed_at => Change::Refreshed,
        state if state == before.state => Change::Changed,
        ConnectionState::Active => Change::Changed,
        ConnectionState::Expired => Change::Expired,
        ConnectionState::RefreshFailed => Change::RefreshFailed,
        ConnectionState::ReauthRequired => Change::ReauthRequired,
        ConnectionState::Disconnected => Change::Disconnected,
    }
}
