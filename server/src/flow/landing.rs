//! Back from the provider: who came, with what, and what follows from it.

use super::{Departure, FlowError, FlowService, binding_name, random_flow_id};
use crate::clock::millis;
use crate::config::Provider;
use crate::halt;
use crate::metrics::FlowEnd;
use crate::random::{random_text, sha256};
use crate::store::{AttemptOf, Claim, Flow, FlowState, NewFlow, Return};
use oauth_sync::proto::error::ErrorCode;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tracing::{info, warn};

/// How long a callback page waits for an exchange before it says that it goes on.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a second callback looks whether the first has settled the flow.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a callback brought. `state` and `code` are in no log and no page.
pub struct Callback {
    /// The provider of the route.
    pub provider: String,
    /// The signed-in person, if any.
    pub user: Option<String>,
    /// The state.
    pub state: SecretString,
    /// RFC 9207.
    pub issuer: Option<String>,
    /// The code, or the provider's error.
    pub answer: ProviderAnswer,
}

/// The code, or the provider's error.
pub enum ProviderAnswer {
    /// RFC 6749 4.1.2.
    Code(SecretString),
    /// RFC 6749 4.1.2.1, in our own words.
    Error(ErrorCode),
    /// Neither.
    Nothing,
}

/// What follows from a callback.
#[derive(Debug)]
pub enum Landing {
    /// Nothing is known of it, or it is another person's, another browser's or another provider's: all look the same.
    Unknown,
    /// `iss` is missing or wrong: another authorization server may have sent it. Nothing was changed.
    WrongIssuer,
    /// The flow, as it stands; `binding` names the cookie that is no longer needed.
    Flow {
        /// The flow.
        flow: Box<Flow>,
        /// The cookie to drop.
        binding: String,
    },
    /// The flow had expired: go on into a new one.
    Resume {
        /// The way to the provider.
        departure: Box<Departure>,
        /// The cookie to drop.
        binding: String,
    },
}

impl FlowService {
    /// Takes a callback. `cookie` reads the browser's cookies by name.
    ///
    /// # Errors
    ///
    /// When the database does not answer. The same callback may come again.
    pub async fn land(
        &self,
        callback: Callback,
        cookie: impl Fn(&str) -> Option<String> + Send,
    ) -> Result<Landing, FlowError> {
        use secrecy::ExposeSecret as _;

        let Some(provider) = self.providers.get(&callback.provider) else {
            return Ok(Landing::Unknown);
        };
        if !issuer_holds(provider, callback.issuer.as_deref()) {
            warn!(
                operation = "callback",
                provider = provider.id,
                outcome = "wrong_issuer",
                "refused: the issuer is missing or wrong"
            );
            return Ok(Landing::WrongIssuer);
        }
        let Some(user) = callback.user else {
            return Ok(Landing::Unknown);
        };
        let state_hash = sha256(callback.state.expose_secret().as_bytes());
        let Some(AttemptOf { attempt, flow }) = self.store.attempt(&state_hash).await? else {
            return Ok(Landing::Unknown);
        };
        if flow.user != user || flow.provider != provider.id {
            return Ok(Landing::Unknown);
        }
        let binding = binding_name(&state_hash);
        let binding_hash = cookie(&binding).map(|value| sha256(value.as_bytes()));
        let bound = binding_hash.is_some_and(|hash| bool::from(hash.ct_eq(&attempt.binding_hash)));
        let state = self.state(&flow);
        let of = match binding_hash {
            Some(binding_hash) if bound => Return {
                state_hash,
                binding_hash,
                provider: provider.id.clone(),
                user,
            },
            // Its owner may see how it ended, also once the cookie is gone: a callback is delivered more than once.
            _ if state != FlowState::Pending => {
                self.second(&flow);
                return self.settled(flow, binding).await;
            }
            _ => {
                warn!(
                    operation = "callback",
                    flow = flow.id.as_str(),
                    provider = flow.provider,
                    user = flow.user,
                    outcome = "another_browser",
                    "refused: another browser"
                );
                return Ok(Landing::Unknown);
            }
        };
        match (state, callback.answer) {
            (FlowState::Pending, ProviderAnswer::Code(code)) => {
                self.claim(of, flow, binding, code).await
            }
            (FlowState::Pending, ProviderAnswer::Error(error)) => {
                self.refuse(of, flow, binding, error).await
            }
            (FlowState::Pending, ProviderAnswer::Nothing) => {
                self.refuse(of, flow, binding, ErrorCode::SERVER_ERROR)
                    .await
            }
            (FlowState::Expired, ProviderAnswer::Code(_)) => {
                self.resume(provider, of, flow, binding).await
            }
            _ => {
                self.second(&flow);
                self.settled(flow, binding).await
            }
        }
    }

    /// The flow once it has settled; as it stands when that takes too long.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn when_settled(&self, flow: Flow) -> Result<Flow, FlowError> {
        let wait = async {
            let mut flow = flow.clone();
            while flow.state == FlowState::Exchanging {
                tokio::time::sleep(LOOK_EVERY).await;
                match self.store.flow(&flow.user, &flow.id).await? {
                    Some(now) => flow = now,
                    None => break,
                }
            }
            Ok(flow)
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or(Ok(flow))
    }

    async fn settled(&self, flow: Flow, binding: String) -> Result<Landing, FlowError> {
        let flow = Box::new(self.when_settled(flow).await?);
        Ok(Landing::Flow { flow, binding })
    }

    async fn claim(
        &self,
        of: Return,
        flow: Flow,
        binding: String,
        code: SecretString,
    ) -> Result<Landing, FlowError> {
        let now = self.clock.now();
        let claim = Claim {
            id: random_text::<16>()?,
            until: now.saturating_add(millis(self.limits.claim)),
        };
        let Some(claimed) = self.store.claim(&of, &claim, now).await? else {
            self.second(&flow);
            return self.reread(flow, binding).await;
        };
        info!(
            operation = "callback",
            flow = flow.id.as_str(),
            provider = flow.provider,
            user = flow.user,
            outcome = "claimed",
            "claimed"
        );
        halt::at("claimed").await;
        let tokens = Arc::clone(&self.tokens);
        // A task of its own: a handler dies when its client hangs up, and the code is spent by then.
        let exchange = self
            .exchanges
            .spawn(async move { tokens.complete(claimed, code).await });
        // Whatever became of the task, the row says how the flow stands.
        let _ended_or_late = tokio::time::timeout(PATIENCE, exchange).await;
        self.reread(flow, binding).await
    }

    async fn refuse(
        &self,
        of: Return,
        flow: Flow,
        binding: String,
        error: ErrorCode,
    ) -> Result<Landing, FlowError> {
        let to = if error == ErrorCode::ACCESS_DENIED {
            FlowState::Cancelled
        } else {
            FlowState::Failed
        };
        if self.store.refuse(&of, to, &error, self.clock.now()).await? {
            let end = if to == FlowState::Cancelled {
                FlowEnd::Cancelled
            } else {
                FlowEnd::Failed
            };
            self.metrics.flow_settled(&flow.provider, end);
            info!(
                operation = "callback",
                flow = flow.id.as_str(),
                provider = flow.provider,
                user = flow.user,
                outcome = to.as_str(),
                code = error.as_str(),
                "the provider said no"
            );
        } else {
            self.second(&flow);
        }
        self.reread(flow, binding).await
    }

    /// Once, into a new flow: the verifier ended with the old one, but the person is there, signed in at the provider,
    /// and need not begin again.
    async fn resume(
        &self,
        provider: &Provider,
        of: Return,
        expired: Flow,
        binding: String,
    ) -> Result<Landing, FlowError> {
        let now = self.clock.now();
        let expires_at = now.saturating_add(millis(self.limits.life));
        let new = NewFlow {
            id: random_flow_id()?,
            user: expired.user.clone(),
            provider: expired.provider.clone(),
            return_to: expired.return_to.clone(),
            idempotency_key: None,
            expires_at,
            claimable_until: self.claimable_until(expires_at),
        };
        let draft = self.draft(provider, &new.user)?;
        let Some(flow) = self.store.resume(&of, &new, &draft.attempt, now).await? else {
            return self.reread(expired, binding).await;
        };
        self.metrics.flow_started(&flow.provider);
        info!(
            operation = "callback",
            flow = flow.id.as_str(),
            provider = flow.provider,
            user = flow.user,
            resumed_from = expired.id.as_str(),
            outcome = "resumed",
            "resumed"
        );
        let departure = Departure {
            flow,
            is_new: true,
            url: draft.url,
            binding: draft.binding,
        };
        Ok(Landing::Resume {
            departure: Box::new(departure),
            binding,
        })
    }

    /// Delivered at least once: the same window loaded again, a scanner, a second process.
    fn second(&self, flow: &Flow) {
        self.metrics.duplicate_callback(&flow.provider);
        info!(
            operation = "callback",
            flow = flow.id.as_str(),
            provider = flow.provider,
            user = flow.user,
            outcome = "duplicate",
            "a second callback, or one too late"
        );
    }

    async fn reread(&self, flow: Flow, binding: String) -> Result<Landing, FlowError> {
        let now = self.store.flow(&flow.user, &flow.id).await?.unwrap_or(flow);
        self.settled(now, binding).await
    }
}

/// RFC 9207 2.4: compared as it is, before anything is claimed, for errors too.
fn issuer_holds(provider: &Provider, came: Option<&str>) -> bool {
    match (&provider.issuer, came) {
        (Some(expected), Some(came)) => expected == came,
        (Some(_), None) => !provider.requires_issuer,
        // Nothing to compare with: the redirect URI of its own is what tells this provider from another.
        (None, _) => true,
    }
}
