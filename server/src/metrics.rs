//! What an operator watches, in numbers: each server's own registry, in the text format that Prometheus reads.
//!
//! Labels are ids of configured providers, route patterns and words of ours: nothing that a client can choose, and never
//! a person.

use crate::limit::{By, Class};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds: a person takes some at best, and an hour at most.
const FLOW_SECONDS: [f64; 10] = [
    5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3720.0,
];

/// Seconds: a status request takes a few milliseconds, a long poll 25 seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 10.0, 30.0];

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEnd {
    /// It has a connection.
    Completed,
    /// The provider, or the exchange, said no.
    Failed,
    /// The person said no.
    Cancelled,
    /// Nobody came back in time.
    Expired,
    /// Its process died in the exchange.
    Interrupted,
}

impl FlowEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshEnd {
    /// New tokens are stored.
    Renewed,
    /// It did not work, and the refresh token is as good as before.
    Failed,
    /// It was sent, and nobody knows whether it was used.
    Uncertain,
    /// The person has to connect again.
    ReauthRequired,
    /// New tokens came too late: the connection had other ones.
    Superseded,
    /// New tokens came, and the connection had been ended.
    Disconnected,
    /// New tokens came, and the database did not take them.
    NotStored,
}

impl RefreshEnd {
    /// As metrics and logs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::ReauthRequired => "reauth_required",
            Self::Superseded => "superseded",
            Self::Disconnected => "disconnected",
            Self::NotStored => "not_stored",
        }
    }
}

/// How telling a provider that a token is void ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationEnd {
    /// It knows.
    Revoked,
    /// It will be told later.
    Postponed,
    /// It cannot be told.
    GivenUp,
}

impl RevocationEnd {
    /// As metrics and logs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Postponed => "postponed",
            Self::GivenUp => "given_up",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProvider {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProviderAndOutcome {
    provider: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLimit {
    class: &'static str,
    by: &'static str,
}

/// The numbers of one server.
pub struct Metrics {
    registry: Registry,
    flows_started: Family<OfProvider, Counter>,
    flows_settled: Family<OfProviderAndOutcome, Counter>,
    flow_duration: Family<OfProvider, Histogram>,
    duplicate_callbacks: Family<OfProvider, Counter>,
    refreshes: Family<OfProviderAndOutcome, Counter>,
    lost_rotations: Family<OfProvider, Counter>,
    revocations: Family<OfProviderAndOutcome, Counter>,
    sse_clients: Gauge,
    requests: Family<OfRequest, Histogram>,
    limited: Family<OfLimit, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("oauth_sync"),
            flows_started: Family::default(),
            flows_settled: Family::default(),
            flow_duration: Family::new_with_constructor(|| Histogram::new(FLOW_SECONDS)),
            duplicate_callbacks: Family::default(),
            refreshes: Family::default(),
            lost_rotations: Family::default(),
            revocations: Family::default(),
            sse_clients: Gauge::default(),
            requests: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            limited: Family::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The version that runs", Info::new(version));
        registry.register("flows_started", "Flows begun", self.flows_started.clone());
        registry.register(
            "flows_settled",
            "Flows that ended, by how; expired and interrupted ones by the sweep that saw it",
            self.flows_settled.clone(),
        );
        registry.register(
            "flow_duration_seconds",
            "From the start of a flow to its connection",
            self.flow_duration.clone(),
        );
        registry.register(
            "duplicate_callbacks",
            "Callbacks of flows that another callback had claimed",
            self.duplicate_callbacks.clone(),
        );
        registry.register(
            "refreshes",
            "Refreshes that asked the provider, by outcome",
            self.refreshes.clone(),
        );
        registry.register(
            "lost_rotations",
            "Refresh tokens that were used and whose successors were lost",
            self.lost_rotations.clone(),
        );
        registry.register(
            "revocations",
            "Tokens of which a provider was to be told that they are void, by outcome",
            self.revocations.clone(),
        );
        registry.register(
            "sse_clients",
            "Open event streams",
            self.sse_clients.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Requests, by the pattern of their route",
            self.requests.clone(),
        );
        registry.register(
            "limited_requests",
            "Requests that were answered with 429",
            self.limited.clone(),
        );
        self
    }

    /// Everything, as Prometheus reads it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _written = text::encode(&mut out, &self.registry);
        out
    }

    /// A flow began.
    pub fn flow_started(&self, provider: &str) {
        self.flows_started.get_or_create(&of(provider)).inc();
    }

    /// A flow ended.
    pub fn flow_settled(&self, provider: &str, end: FlowEnd) {
        self.flows_settled
            .get_or_create(&with(provider, end.as_str()))
            .inc();
    }

    /// Flows ended because nobody looked after them any more. A sweep does not know whose they were.
    pub fn flows_swept(&self, end: FlowEnd, count: u64) {
        if count > 0 {
            self.flows_settled
                .get_or_create(&with("", end.as_str()))
                .inc_by(count);
        }
    }

    /// A flow got its connection, this long after its start.
    pub fn flow_took(&self, provider: &str, milliseconds: i64) {
        self.flow_duration
            .get_or_create(&of(provider))
            .observe(milliseconds.max(0) as f64 / 1000.0);
    }

    /// A callback came for a flow that another one had claimed.
    pub fn duplicate_callback(&self, provider: &str) {
        self.duplicate_callbacks.get_or_create(&of(provider)).inc();
    }

    /// A refresh ended.
    pub fn refreshed(&self, provider: &str, end: RefreshEnd) {
        self.refreshes
            .get_or_create(&with(provider, end.as_str()))
            .inc();
    }

    /// A refresh token was used, and its successor is nowhere.
    pub fn rotation_lost(&self, provider: &str) {
        self.lost_rotations.get_or_create(&of(provider)).inc();
    }

    /// A provider was told that a token is void, or not.
    pub fn revoked(&self, provider: &str, end: RevocationEnd) {
        self.revocations
            .get_or_create(&with(provider, end.as_str()))
            .inc();
    }

    /// How many event streams are open.
    pub fn sse_clients(&self) -> &Gauge {
        &self.sse_clients
    }

    /// A request was answered.
    pub fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = OfRequest {
            method,
            route: route.to_owned(),
            status,
        };
        self.requests
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// A request was one too many.
    pub fn limited(&self, class: Class, by: By) {
        let labels = OfLimit {
            class: class.as_str(),
            by: by.as_str(),
        };
        self.limited.get_or_create(&labels).inc();
    }
}

fn of(provider: &str) -> OfProvider {
    OfProvider {
        provider: provider.to_owned(),
    }
}

fn with(provider: &str, outcome: &'static str) -> OfProviderAndOutcome {
    OfProviderAndOutcome {
        provider: provider.to_owned(),
        outcome,
    }
}
