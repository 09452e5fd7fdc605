//! What the server keeps of one person: connections, one counter for every change, and the streams that tell of them.

use super::World;
use super::network::Parcel;
use oauth_sync::proto::machine::RequestId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a provider takes to refresh a token.
const PROVIDER: u64 = 300;
const LATENCY: u64 = 20;
/// How long a token lives.
pub const LIFE: u64 = 3_600_000;
/// How long before its end it should be refreshed.
pub const AHEAD: u64 = 300_000;

/// How a refresh ends at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    #[default]
    Refreshes,
    /// It may work later.
    Fails,
    /// The grant is gone.
    Rejects,
}

/// How a stream fares that is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushMode {
    #[default]
    Delivers,
    /// An error, HTML, no such address.
    Refuses,
    /// It is accepted and says nothing, ever.
    Hangs,
    /// The browser has no streams.
    Missing,
}

#[derive(Clone, Debug)]
struct Row {
    state: &'static str,
    version: u64,
    expires_at: u64,
    refreshed_at: Option<u64>,
    busy_until: u64,
    error: Option<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub struct Person {
    pub version: u64,
    pub provider: Provider,
    pub push: PushMode,
    /// The server does not answer about connections.
    pub is_down: bool,
    /// By which windows the list was read.
    pub lists: Vec<usize>,
    /// By which windows a refresh was asked for.
    pub refreshes: Vec<usize>,
    /// Which connections the provider was asked to refresh.
    pub provider_asked: Vec<String>,
    rows: BTreeMap<String, Row>,
    /// What streams tell, by the counter.
    events: Vec<(u64, &'static str, Value)>,
}

impl World {
    /// A connection was made, elsewhere or by a flow.
    pub fn connect(&mut self, id: &str) {
        let version = self.next_version();
        let row = Row {
            state: "active",
            version,
            expires_at: self.now + LIFE,
            refreshed_at: None,
            busy_until: 0,
            error: None,
        };
        self.person.rows.insert(String::from(id), row);
        self.tell_streams_of(id);
    }

    /// Something became of a connection at the server: an operator, or a provider's word.
    pub fn change(&mut self, id: &str, state: &'static str, error: Option<&'static str>) {
        let version = self.next_version();
        if let Some(row) = self.person.rows.get_mut(id) {
            row.state = state;
            row.error = error;
            row.version = version;
        }
        self.tell_streams_of(id);
    }

    /// The state of a connection at the server.
    pub fn kept(&self, id: &str) -> Option<&'static str> {
        let row = self.person.rows.get(id);
        row.map(|row| row.state)
            .filter(|state| *state != "disconnected")
    }

    fn next_version(&mut self) -> u64 {
        self.person.version += 1;
        self.person.version
    }

    fn wire(&self, id: &str) -> Value {
        let Some(row) = self.person.rows.get(id) else {
            return Value::Null;
        };
        let left = |at: u64| i64::try_from(at).unwrap_or(0) - i64::try_from(self.now).unwrap_or(0);
        let mut wire = json!({
            "id": id, "provider": "github", "tools": ["github"], "state": row.state, "version": row.version,
            "scopes": ["repo"], "refreshable": true, "connectedAt": 1,
            "expiresIn": left(row.expires_at), "refreshIn": left(row.expires_at - AHEAD),
        });
        if let Some(refreshed_at) = row.refreshed_at {
            wire["refreshedAt"] = json!(refreshed_at);
        }
        if let Some(code) = row.error {
            wire["error"] = json!({ "code": code });
        }
        if row.state == "refresh_failed" {
            wire["retryIn"] = json!(60_000);
        }
        wire
    }

    pub(super) fn answer_list(&mut self, w: usize, request: RequestId) {
        self.person.lists.push(w);
        let rows = self.person.rows.iter();
        let list: Vec<Value> = rows
            .filter(|(_, row)| row.state != "disconnected")
            .map(|(id, _)| self.wire(id))
            .collect();
        let answer = (!self.person.is_down)
            .then(|| json!({ "version": self.person.version, "connections": list }));
        let load = self.windows[w].load;
        let parcel = Parcel::List(request, answer);
        self.network.deliver(self.now + LATENCY, w, load, parcel);
    }

    /// As the server does it: a row that is newer and good is no work, and one that is being refreshed is waited for.
    pub(super) fn answer_refresh(&mut self, w: usize, request: RequestId, id: String, seen: u64) {
        self.person.refreshes.push(w);
        self.windows[w].refreshing.push(request);
        let now = self.now;
        let provider = self.person.provider;
        let is_down = self.person.is_down;
        let mut after = LATENCY;
        let mut told = false;
        if let Some(row) = self.person.rows.get_mut(&id).filter(|_| !is_down) {
            let is_newer = seen > 0 && row.version > seen && row.state == "active";
            if row.busy_until > now {
                after += row.busy_until - now;
            } else if !is_newer && row.state != "disconnected" && row.state != "reauth_required" {
                self.person.provider_asked.push(id.clone());
                after += PROVIDER;
                row.busy_until = now + PROVIDER;
                self.person.version += 1;
                row.version = self.person.version;
                match provider {
                    Provider::Refreshes => {
                        row.state = "active";
                        row.error = None;
                        row.expires_at = now + LIFE;
                        row.refreshed_at = Some(now);
                    }
                    Provider::Fails => {
                        row.state = "refresh_failed";
                        row.error = Some("temporarily_unavailable");
                    }
                    Provider::Rejects => {
                        row.state = "reauth_required";
                        row.error = Some("grant_rejected");
                    }
                }
                told = true;
            }
        }
        let is_gone = !is_down && self.kept(&id).is_none();
        let answer = (!is_down && !is_gone).then(|| self.wire(&id));
        let load = self.windows[w].load;
        let parcel = Parcel::Refreshed(request, answer, is_gone);
        self.network.deliver(now + after, w, load, parcel);
        if told {
            self.tell_streams_of(&id);
        }
    }

    /// What the server has just learnt of a flow.
    pub(super) fn tell_streams_of_flow(&mut self, flow_id: &str, reply: &Value) {
        let version = self.next_version();
        let mut data = reply.clone();
        data["flow"] = json!(flow_id);
        self.tell_streams(version, "flow", data);
    }

    fn tell_streams_of(&mut self, id: &str) {
        let (version, data) = (self.person.version, self.wire(id));
        self.tell_streams(version, "connection", data);
    }

    fn tell_streams(&mut self, version: u64, kind: &'static str, data: Value) {
        self.person.events.push((version, kind, data.clone()));
        for w in 0..self.windows.len() {
            if self.windows[w].stream.is_some() && self.person.push == PushMode::Delivers {
                self.send_event(w, version, kind, data.clone());
            }
        }
    }

    pub(super) fn open_stream(&mut self, w: usize) {
        let window = &mut self.windows[w];
        window.streams += 1;
        window.stream = Some(window.streams);
        match self.person.push {
            PushMode::Delivers => self.resume_stream(w),
            PushMode::Hangs => {}
            PushMode::Refuses => self.send_event(w, 0, "ended", Value::Null),
            PushMode::Missing => self.send_event(w, 0, "missing", Value::Null),
        }
    }

    fn resume_stream(&mut self, w: usize) {
        let last = self.windows[w].last_event;
        let resumed = json!({ "resumed": last.is_some() });
        self.send_event(w, last.unwrap_or(self.person.version), "ready", resumed);
        let Some(last) = last else { return };
        let missed: Vec<_> = self.person.events.clone();
        for (version, kind, data) in missed {
            if version > last {
                self.send_event(w, version, kind, data);
            }
        }
    }

    /// Every stream breaks: the browser tells, and goes on trying to open it.
    pub fn break_push(&mut self) {
        self.person.push = PushMode::Hangs;
        for w in 0..self.windows.len() {
            self.send_event(w, 0, "reconnects", Value::Null);
        }
    }

    /// And the browser succeeds.
    pub fn mend_push(&mut self) {
        self.person.push = PushMode::Delivers;
        for w in 0..self.windows.len() {
            if self.windows[w].stream.is_some() {
                self.resume_stream(w);
            }
        }
    }

    fn send_event(&mut self, w: usize, version: u64, kind: &'static str, data: Value) {
        if let Some(stream) = self.windows[w].stream {
            let load = self.windows[w].load;
            let parcel = Parcel::Pushed(stream, version, kind, data);
            self.network.deliver(self.now + LATENCY, w, load, parcel);
        }
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        let windows = self.windows.iter();
        windows.filter(|window| window.stream.is_some()).count()
    }
}
