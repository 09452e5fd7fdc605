//! From a claimed flow and its code to a connection. A code is sent once, whatever comes back.

use super::endpoint::{self, Grant, Request};
use super::seal::{sealed_connection, verifier_place};
use super::{TokenError, TokenService};
use crate::clock::millis;
use crate::config::Provider;
use crate::envelope::OpenError;
use crate::halt;
use crate::metrics::FlowEnd;
use crate::random::{RandomUnavailable, base64url, random_text};
use crate::store::{Claimed, Completing, Completion, NewConnection};
use oauth_sync::proto::error::ErrorCode;
use secrecy::SecretString;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

/// How often an active connection may change under a completion before something else must be wrong.
const MOVES: usize = 4;

impl TokenService {
    /// Exchanges the code of a claimed flow, and settles the flow. Run it in a task of its own: a client that hangs up
    /// must not stop it. Should it die half-way, the sweeper says `interrupted`.
    pub async fn complete(&self, claimed: Claimed, code: SecretString) {
        let (flow, user) = (claimed.flow.id.as_str(), claimed.flow.user.as_str());
        let started = self.clock.steady();
        let Some(provider) = self.providers.get(&claimed.flow.provider) else {
            return self.fail(&claimed, &ErrorCode::SERVER_ERROR).await;
        };
        let verifier = match self.open_verifier(&claimed) {
            Ok(verifier) => verifier,
            Err(error) => {
                error!(operation = "exchange", flow, provider = provider.id, user, outcome = "not_decryptable", %error, "the verifier does not open");
                return self.fail(&claimed, &ErrorCode::SERVER_ERROR).await;
            }
        };
        let request = Request::Code {
            code: &code,
            redirect_uri: &claimed.redirect_uri,
            verifier: verifier.as_ref().map(|text| text.as_str()),
        };
        let answer = endpoint::ask(&self.client, provider, &request).await;
        halt::at("exchange_answered").await;
        let duration_ms = millis(self.clock.steady().saturating_sub(started));
        match answer {
            Ok(grant) => match self.commit(&claimed, provider, &grant).await {
                Ok(Completing::Completed) => {
                    let took = self.clock.now() - claimed.flow.created_at;
                    self.metrics.flow_settled(&provider.id, FlowEnd::Completed);
                    self.metrics.flow_took(&provider.id, took);
                    info!(
                        operation = "exchange",
                        flow,
                        provider = provider.id,
                        user,
                        duration_ms,
                        outcome = "completed",
                        "completed"
                    );
                }
                Ok(_) => warn!(
                    operation = "exchange",
                    flow,
                    provider = provider.id,
                    user,
                    duration_ms,
                    outcome = "claim_lost",
                    "the claim was lost; the tokens are queued for revocation"
                ),
                Err(error) => {
                    error!(operation = "exchange", flow, provider = provider.id, user, duration_ms, outcome = "not_stored", %error, "the tokens could not be stored");
                    self.fail(&claimed, &ErrorCode::SERVER_ERROR).await;
                }
            },
            Err(error) => {
                warn!(operation = "exchange", flow, provider = provider.id, user, duration_ms, outcome = "failed", %error, "failed");
                self.fail(&claimed, &error.code()).await;
            }
        }
    }

    fn open_verifier(&self, claimed: &Claimed) -> Result<Option<Zeroizing<String>>, OpenError> {
        let Some(envelope) = &claimed.verifier else {
            return Ok(None);
        };
        let row = base64url(&claimed.state_hash);
        let plain = self
            .keys
            .open(verifier_place(&row, &claimed.flow.user), envelope)?;
        let text = std::str::from_utf8(&plain).map_err(|_| OpenError::Damaged)?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    async fn commit(
        &self,
        claimed: &Claimed,
        provider: &Provider,
        grant: &Grant,
    ) -> Result<Completing, TokenError> {
        for _ in 0..MOVES {
            let outcome = self
                .patiently(|| async {
                    let active = self
                        .store
                        .connection(&claimed.flow.user, &claimed.flow.provider)
                        .await?;
                    let completion =
                        self.completion(claimed, provider, grant, active.map(|row| row.id))?;
                    Ok(self.store.complete(&completion, self.clock.now()).await?)
                })
                .await?;
            if outcome != Completing::Moved {
                return Ok(outcome);
            }
        }
        Err(TokenError::Restless)
    }

    fn completion(
        &self,
        claimed: &Claimed,
        provider: &Provider,
        grant: &Grant,
        active: Option<String>,
    ) -> Result<Completion, RandomUnavailable> {
        let id = match active {
            Some(id) => id,
            None => format!("int_{}", random_text::<16>()?),
        };
        let user = claimed.flow.user.as_str();
        let (access_token, refresh_token) = sealed_connection(
            &self.keys,
            &id,
            user,
            &grant.access_token,
            grant.refresh_token.as_ref(),
        )?;
        Ok(Completion {
            flow: claimed.flow.id.clone(),
            claim_id: claimed.claim_id.clone(),
            connection: NewConnection {
                access_token,
                refresh_token,
                user: user.to_owned(),
                provider: claimed.flow.provider.clone(),
                tools: provider.tools.clone(),
                scope: grant.scope.clone(),
                token_type: grant.token_type.clone(),
                access_expires_at: grant
                    .expires_in
                    .map(|life| self.clock.now().saturating_add(millis(life))),
                id,
            },
            otherwise: self.queued(
                user,
                &claimed.flow.provider,
                &grant.access_token,
                grant.refresh_token.as_ref(),
            )?,
        })
    }

    async fn fail(&self, claimed: &Claimed, code: &ErrorCode) {
        let flow = claimed.flow.id.as_str();
        let failed = self
            .patiently(|| async {
                let now = self.clock.now();
                Ok(self
                    .store
                    .fail(&claimed.flow.id, &claimed.claim_id, code, now)
                    .await?)
            })
            .await;
        match failed {
            Ok(true) => {
                let provider = &claimed.flow.provider;
                self.metrics.flow_settled(provider, FlowEnd::Failed);
            }
            Ok(false) => warn!(
                operation = "exchange",
                flow,
                code = code.as_str(),
                outcome = "claim_lost",
                "the claim was lost"
            ),
            Err(error) => {
                error!(operation = "exchange", flow, outcome = "not_stored", %error, "the failure could not be stored");
            }
        }
    }
}
