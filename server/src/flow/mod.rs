//! From a click to a settled flow: start, callback, status, cancel.
//!
//! A flow belongs to a person and has up to five attempts, each with a state, a verifier and a cookie of its own. The
//! first callback that brings one of them claims the flow; the others find it claimed.

mod attempt;
mod landing;

pub use attempt::{Binding, binding_name};
pub use landing::{Callback, Landing, ProviderAnswer};

use crate::clock::{Clock, Millis, millis};
use crate::config::{Origin, Provider, Providers};
use crate::envelope::KeyRing;
use crate::metrics::{FlowEnd, Metrics};
use crate::random::{RandomUnavailable, random_text};
use crate::store::{Cancelling, Flow, FlowState, NewFlow, Opening, Store, StoreError};
use crate::tokens::TokenService;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::{FlowId, Integration, Outcome};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::status::Status;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tracing::info;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the start to the last new attempt. An hour: real people took 26 minutes.
    pub life: Duration,
    /// For a redirect that is in flight when the life ends.
    pub grace: Duration,
    /// Attempts of one flow.
    pub attempts: u32,
    /// For the provider's answer to a code.
    pub exchange: Duration,
    /// After this the sweeper calls an exchange interrupted: above the sum of the exchange's own timeouts.
    pub claim: Duration,
    /// How long settled flows are kept: well above the day for which a browser may ask.
    pub keep: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            life: Duration::from_secs(60 * 60),
            grace: Duration::from_secs(2 * 60),
            attempts: 5,
            exchange: Duration::from_secs(15),
            claim: Duration::from_secs(60),
            keep: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

/// Starts, claims and settles flows.
pub struct FlowService {
    store: Arc<dyn Store>,
    keys: Arc<KeyRing>,
    providers: Arc<Providers>,
    tokens: Arc<TokenService>,
    clock: Clock,
    origin: Origin,
    limits: Limits,
    metrics: Arc<Metrics>,
    exchanges: TaskTracker,
}

/// What a person asks for who starts a flow.
#[derive(Debug)]
pub struct Start {
    /// The person.
    pub user: String,
    /// The provider's id.
    pub provider: String,
    /// The browser's id of the flow; ours where there is none.
    pub flow: Option<FlowId>,
    /// The page of the app to go back to; already checked.
    pub return_to: Option<String>,
    /// The same key of the same person gives the same flow.
    pub idempotency_key: Option<String>,
}

/// What became of a start.
#[derive(Debug)]
pub enum Started {
    /// Send the person to the provider.
    Go(Departure),
    /// The flow has settled, is being exchanged, or is out of time: show how it stands.
    Closed(Flow),
    /// All attempts are used.
    Exhausted(Flow),
    /// There is no such provider, or the flow is another's: both look the same.
    Unknown,
}

/// A person on the way to a provider.
#[derive(Debug)]
pub struct Departure {
    /// The flow.
    pub flow: Flow,
    /// Whether it is new.
    pub is_new: bool,
    /// The authorization request.
    pub url: String,
    /// The cookie that binds the attempt to this browser.
    pub binding: Binding,
}

/// Why a flow could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl FlowService {
    /// A service over `store` for browsers that reach it at `origin`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        keys: Arc<KeyRing>,
        providers: Arc<Providers>,
        tokens: Arc<TokenService>,
        clock: Clock,
        origin: Origin,
        limits: Limits,
    ) -> Self {
        Self {
            store,
            keys,
            providers,
            metrics: Arc::clone(tokens.metrics()),
            tokens,
            clock,
            origin,
            limits,
            exchanges: TaskTracker::new(),
        }
    }

    /// Starts a flow, or a new attempt of a pending one.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn start(&self, start: Start) -> Result<Started, FlowError> {
        let Some(provider) = self.providers.get(&start.provider) else {
            return Ok(Started::Unknown);
        };
        let new = self.new_flow(start)?;
        let draft = self.draft(provider, &new.user)?;
        let opening = self
            .store
            .open_attempt(&new, &draft.attempt, self.clock.now())
            .await?;
        Ok(match opening {
            Opening::Opened(flow, is_new) => {
                if is_new {
                    self.metrics.flow_started(&provider.id);
                }
                info!(
                    operation = "start",
                    flow = flow.id.as_str(),
                    provider = provider.id,
                    user = flow.user,
                    is_new,
                    "attempt opened"
                );
                Started::Go(Departure {
                    flow,
                    is_new,
                    url: draft.url,
                    binding: draft.binding,
                })
            }
            Opening::Foreign => Started::Unknown,
            Opening::Closed(flow) => Started::Closed(flow),
            Opening::Exhausted(flow) => Started::Exhausted(flow),
        })
    }

    /// Cancels a person's pending flow.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn cancel(&self, user: &str, flow: &FlowId) -> Result<Cancelling, FlowError> {
        let cancelling = self.store.cancel(user, flow, self.clock.now()).await?;
        if let Cancelling::Cancelled(cancelled) = &cancelling {
            let provider = &cancelled.provider;
            self.metrics.flow_settled(provider, FlowEnd::Cancelled);
            info!(
                operation = "cancel",
                flow = flow.as_str(),
                provider,
                user,
                outcome = "cancelled",
                "cancelled"
            );
        }
        Ok(cancelling)
    }

    /// A person's flow.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn flow(&self, user: &str, id: &FlowId) -> Result<Option<Flow>, FlowError> {
        Ok(self.store.flow(user, id).await?)
    }

    /// A person's newest flow of a provider that was made or settled in the last `elapsed`.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn latest(
        &self,
        user: &str,
        provider: &str,
        elapsed: Duration,
    ) -> Result<Option<Flow>, FlowError> {
        let since = self.clock.now().saturating_sub(millis(elapsed));
        Ok(self.store.latest_flow(user, provider, since).await?)
    }

    /// What the status endpoint says of a flow.
    #[must_use]
    pub fn reply(&self, flow: &Flow) -> Reply {
        let state = flow.state_at(self.clock.now());
        let mut reply = Reply::of(match state {
            FlowState::Pending | FlowState::Exchanging => Status::Pending,
            FlowState::Completed => Status::Completed,
            FlowState::Failed => Status::Failed,
            FlowState::Cancelled => Status::Cancelled,
            FlowState::Expired => Status::Expired,
        });
        reply.error = error_of(flow, state);
        reply.outcome = outcome_of(flow);
        reply.superseded_by = flow.superseded_by.clone();
        reply
    }

    /// Where a flow stands now.
    #[must_use]
    pub fn state(&self, flow: &Flow) -> FlowState {
        flow.state_at(self.clock.now())
    }

    /// The provider of that id.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.get(id)
    }

    /// Takes no more exchanges, and waits for those in flight. What is not done when the process ends is left to the
    /// sweeper, which calls it interrupted.
    pub async fn finish(&self) {
        self.exchanges.close();
        self.exchanges.wait().await;
    }

    fn new_flow(&self, start: Start) -> Result<NewFlow, RandomUnavailable> {
        let expires_at = self.clock.now().saturating_add(millis(self.limits.life));
        Ok(NewFlow {
            id: match start.flow {
                Some(id) => id,
                None => random_flow_id()?,
            },
            user: start.user,
            provider: start.provider,
            return_to: start.return_to,
            idempotency_key: start.idempotency_key,
            expires_at,
            claimable_until: self.claimable_until(expires_at),
        })
    }

    fn claimable_until(&self, expires_at: Millis) -> Millis {
        expires_at.saturating_add(millis(self.limits.grace))
    }
}

/// Why a flow did not end well, as replies and pages say it.
#[must_use]
pub fn error_of(flow: &Flow, state: FlowState) -> Option<ErrorCode> {
    match state {
        FlowState::Expired => Some(ErrorCode::EXPIRED),
        _ => flow.error.clone(),
    }
}

/// What a flow brought, as replies and notices say it.
#[must_use]
pub fn outcome_of(flow: &Flow) -> Outcome {
    let Some(id) = &flow.connection_id else {
        return Outcome::default();
    };
    Outcome {
        integration_id: Some(id.clone()),
        integrations: flow
            .tools
            .iter()
            .map(|tool| Integration {
                tool: tool.clone(),
                id: format!("{id}.{tool}"),
            })
            .collect(),
    }
}

/// 22 characters of base64url: always a flow id.
fn random_flow_id() -> Result<FlowId, RandomUnavailable> {
    FlowId::parse(random_text::<16>()?).ok_or(RandomUnavailable)
}
