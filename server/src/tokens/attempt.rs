//! One refresh of one generation: lease, intent, request, commit. Crash-safe at every step.
//!
//! ```text
//!  begin_refresh ──▶ ask the provider ──▶ renew         generation + 1, guarded by the generation
//!   lease, intent     no transaction  └─▶ end_refresh   cooling, uncertain or reauth_required
//! ```
//!
//! Dies between `begin_refresh` and the rest: the row says that the generation's refresh token may have been used, and the
//! provider's [`Rotation`] says what may be done about it once the lease is over.

use super::decide::{self, Asking};
use super::endpoint::{self, EndpointError, Grant, Request};
use super::seal::sealed_connection;
use super::{TokenError, TokenService};
use crate::clock::{Millis, millis};
use crate::config::Provider;
use crate::envelope::OpenError;
use crate::halt;
use crate::metrics::RefreshEnd;
use crate::random::random_text;
use crate::store::{
    Beginning, Ending, Intent, ReauthReason, Renewal, Renewing, StoreError, StoredConnection,
    Verdict,
};
use secrecy::SecretString;
use std::time::Duration;
use tracing::{error, info, warn};

/// What a request of an attempt brought.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which request it was, from 1.
    pub attempt: usize,
    /// `renewed`, or why not.
    pub outcome: String,
    /// How long the provider took.
    pub duration: Duration,
    /// The wait before the next request, where there is one.
    pub wait: Option<Duration>,
}

/// How an attempt went.
#[derive(Clone, Debug)]
pub struct Report {
    /// What to do now.
    pub(super) outcome: Outcome,
    /// What was asked of the provider.
    pub steps: Vec<Step>,
}

/// What to do after an attempt.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// The row has changed: look at it.
    Changed,
    /// Another process holds the lease.
    Held,
    /// It did not work.
    Failed {
        /// Why.
        reason: String,
        /// Until when the provider is left alone.
        until: Millis,
    },
    /// What is stored does not open.
    Broken(OpenError),
}

impl Report {
    pub(super) fn failed(reason: &str, until: Millis) -> Self {
        Self {
            outcome: Outcome::Failed {
                reason: reason.to_owned(),
                until,
            },
            steps: Vec::new(),
        }
    }
}

/// What the provider said in the end.
pub(super) struct Said {
    pub answer: Result<Grant, EndpointError>,
    /// When the answered request was sent: a token's life counts from there at the latest.
    pub sent_at: Millis,
    /// Whether one of the requests may have used the refresh token without saying so.
    pub is_uncertain: bool,
    pub steps: Vec<Step>,
}

impl TokenService {
    /// Refreshes the generation of `seen`, if nobody else does.
    pub(super) async fn attempt(&self, seen: StoredConnection, forced: bool) -> Report {
        let mut steps = Vec::new();
        let outcome = match self.attempt_with(seen, forced, &mut steps).await {
            Ok(outcome) => outcome,
            Err(TokenError::Open(error)) => Outcome::Broken(error),
            Err(error) => Outcome::Failed {
                reason: error.to_string(),
                until: self.clock.now(),
            },
        };
        Report { outcome, steps }
    }

    async fn attempt_with(
        &self,
        seen: StoredConnection,
        forced: bool,
        steps: &mut Vec<Step>,
    ) -> Result<Outcome, TokenError> {
        let Some(provider) = self.providers.get(&seen.provider) else {
            return Err(TokenError::UnknownProvider(seen.provider));
        };
        let now = self.clock.now();
        let intent = self.intent(&seen, forced, true)?;
        let row = match self.store.begin_refresh(&intent, now).await? {
            Beginning::Begun(row) => *row,
            Beginning::Gone => return Ok(Outcome::Changed),
            Beginning::Refused(row) if decide::is_held(&row, seen.generation, now) => {
                return Ok(Outcome::Held);
            }
            Beginning::Refused(_) => return Ok(Outcome::Changed),
        };
        if decide::is_held_back(provider.rotation, &row, now) {
            // Another has sent it between the look at the row and the lease.
            self.end(&ending(&row, &intent, Verdict::Untouched)).await?;
            return Ok(Outcome::Changed);
        }
        let Some(refresh) = self.open(&row)?.refresh else {
            return Ok(Outcome::Changed);
        };
        halt::at("refresh_begun").await;
        let said = self
            .ask_patiently(provider, &row.user, &refresh, intent.until)
            .await;
        *steps = said.steps;
        halt::at("refresh_answered").await;
        let was_uncertain = row.is_uncertain() || said.is_uncertain;
        match said.answer {
            Ok(grant) => self.keep(&row, &grant, &refresh, said.sent_at).await,
            Err(error) => {
                let now = self.clock.now();
                let verdict = decide::verdict(
                    provider.rotation,
                    &error,
                    was_uncertain,
                    intent.until <= now,
                    now,
                );
                self.settle(&row, &intent, verdict, &error).await
            }
        }
    }

    /// The wish for a lease that covers all requests of an attempt.
    pub(super) fn intent(
        &self,
        seen: &StoredConnection,
        forced: bool,
        sends: bool,
    ) -> Result<Intent, TokenError> {
        Ok(Intent {
            connection: seen.id.clone(),
            generation: seen.generation,
            lease: random_text::<16>()?,
            until: self
                .clock
                .now()
                .saturating_add(millis(decide::lease(self.timeout))),
            forced,
            sends,
        })
    }

    /// Asks up to three times, and never after the lease.
    pub(super) async fn ask_patiently(
        &self,
        provider: &Provider,
        user: &str,
        refresh: &SecretString,
        until: Millis,
    ) -> Said {
        let mut said = Said {
            answer: Err(EndpointError::Unreachable),
            sent_at: self.clock.now(),
            is_uncertain: false,
            steps: Vec::new(),
        };
        let mut asking = Asking::new(provider.rotation, self.timeout, until);
        while let Some(attempt) = asking.may_send(self.clock.now()) {
            said.sent_at = self.clock.now();
            said.answer = endpoint::ask(&self.client, provider, &Request::Refresh(refresh)).await;
            let took = self.clock.now() - said.sent_at;
            let wait = asking.answered(said.answer.as_ref().err());
            said.is_uncertain = asking.is_uncertain;
            said.steps.push(Step {
                attempt,
                outcome: match &said.answer {
                    Ok(_) => "renewed".to_owned(),
                    Err(error) => error.to_string(),
                },
                duration: Duration::from_millis(u64::try_from(took).unwrap_or_default()),
                wait,
            });
            info!(
                operation = "refresh",
                provider = provider.id,
                user,
                attempt,
                duration_ms = took,
                wait_ms = wait.map(millis),
                outcome = said
                    .answer
                    .as_ref()
                    .err()
                    .map_or("answered", EndpointError::as_str),
                "asked the provider"
            );
            let Some(wait) = wait else { break };
            self.clock.sleep(wait).await;
        }
        said
    }

    /// Stores what came. Only then is it handed out.
    async fn keep(
        &self,
        row: &StoredConnection,
        grant: &Grant,
        used: &SecretString,
        sent_at: Millis,
    ) -> Result<Outcome, TokenError> {
        let refresh = grant.refresh_token.as_ref().unwrap_or(used);
        let (access_token, refresh_token) = sealed_connection(
            &self.keys,
            &row.id,
            &row.user,
            &grant.access_token,
            Some(refresh),
        )?;
        let renewal = Renewal {
            connection: row.id.clone(),
            generation: row.generation,
            access_token,
            refresh_token,
            scope: grant.scope.clone(),
            access_expires_at: grant
                .expires_in
                .map(|life| sent_at.saturating_add(millis(life))),
            otherwise: self.queued(&row.user, &row.provider, &grant.access_token, Some(refresh))?,
        };
        let stored = self
            .patiently(|| async { Ok(self.store.renew(&renewal, self.clock.now()).await?) })
            .await;
        let (provider, user, generation) = (&row.provider, &row.user, row.generation);
        let end = match &stored {
            Ok(Renewing::Stored) => RefreshEnd::Renewed,
            Ok(Renewing::Moved) => RefreshEnd::Superseded,
            Ok(Renewing::Disconnected) => RefreshEnd::Disconnected,
            Err(_) => RefreshEnd::NotStored,
        };
        self.metrics.refreshed(provider, end);
        let outcome = end.as_str();
        if let Err(error) = stored {
            // Of a token that was used, the only successor is in this process's memory, and goes with it.
            if grant.refresh_token.is_some() {
                self.metrics.rotation_lost(provider);
            }
            error!(operation = "refresh", provider, user, generation, outcome, %error, "the new tokens could not be stored");
            return Err(error);
        }
        info!(
            operation = "refresh",
            provider, user, generation, outcome, "new tokens came"
        );
        Ok(Outcome::Changed)
    }

    async fn settle(
        &self,
        row: &StoredConnection,
        intent: &Intent,
        verdict: Verdict,
        error: &EndpointError,
    ) -> Result<Outcome, TokenError> {
        let (provider, user) = (&row.provider, &row.user);
        let end = match &verdict {
            Verdict::Untouched | Verdict::Cooling { .. } => RefreshEnd::Failed,
            Verdict::Uncertain { .. } => RefreshEnd::Uncertain,
            Verdict::Reauth(_) => RefreshEnd::ReauthRequired,
        };
        let is_lost = matches!(verdict, Verdict::Reauth(ReauthReason::RotationLost));
        let outcome = match &verdict {
            Verdict::Untouched | Verdict::Reauth(_) => Outcome::Changed,
            Verdict::Cooling { error, until } | Verdict::Uncertain { error, until } => {
                Outcome::Failed {
                    reason: error.clone(),
                    until: *until,
                }
            }
        };
        let stands = self.end(&ending(row, intent, verdict)).await?;
        if stands {
            self.metrics.refreshed(provider, end);
            if is_lost {
                self.metrics.rotation_lost(provider);
            }
        }
        warn!(
            operation = "refresh",
            provider, user, generation = row.generation, outcome = end.as_str(), stands, %error, "brought nothing"
        );
        Ok(if stands { outcome } else { Outcome::Changed })
    }

    pub(super) async fn end(&self, ending: &Ending) -> Result<bool, StoreError> {
        self.store.end_refresh(ending, self.clock.now()).await
    }
}

fn ending(row: &StoredConnection, intent: &Intent, verdict: Verdict) -> Ending {
    Ending {
        connection: row.id.clone(),
        generation: row.generation,
        lease: intent.lease.clone(),
        verdict,
    }
}
