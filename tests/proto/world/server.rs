//! The status endpoint.

use super::World;
use super::network::Parcel;
use oauth_sync::proto::machine::RequestId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Whoever asks gives up after this.
const DEADLINE: u64 = 10_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Answers,
    /// 500, HTML, a redirect, no network.
    Fails,
    /// 429 or 503 with `Retry-After`, in milliseconds.
    WantsQuiet(u64),
    NotFound,
    /// Until the deadline.
    Silent,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub at: u64,
    pub window: usize,
    pub flow_id: String,
}

#[derive(Clone, Debug)]
pub struct Server {
    pub mode: Mode,
    pub latency: u64,
    pub requests: Vec<Request>,
    /// Flows that it was told the person gave up.
    pub cancelled: Vec<String>,
    replies: BTreeMap<String, Value>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            mode: Mode::Answers,
            latency: 20,
            requests: Vec::new(),
            cancelled: Vec::new(),
            replies: BTreeMap::new(),
        }
    }
}

impl Server {
    pub fn says(&mut self, flow_id: &str, reply: Value) {
        self.replies.insert(String::from(flow_id), reply);
    }
}

impl World {
    pub(super) fn ask_server(&mut self, w: usize, request: RequestId, flow_id: &str) {
        self.server.requests.push(super::server::Request {
            at: self.now,
            window: w,
            flow_id: String::from(flow_id),
        });
        let load = self.windows[w].load;
        let (after, parcel) = match self.server.mode {
            Mode::Answers => {
                let reply = self.server.replies.get(flow_id).cloned();
                let reply = reply.unwrap_or_else(|| json!({ "status": "pending" }));
                (self.server.latency, Parcel::Reply(request, reply))
            }
            Mode::NotFound => (
                self.server.latency,
                Parcel::Reply(request, json!({ "status": "unknown" })),
            ),
            Mode::Fails => (self.server.latency, Parcel::Failure(request, None)),
            Mode::WantsQuiet(span) => (self.server.latency, Parcel::Failure(request, Some(span))),
            Mode::Silent => (DEADLINE, Parcel::Failure(request, None)),
        };
        self.windows[w].in_flight.push(request);
        self.network.deliver(self.now + after, w, load, parcel);
    }
}
