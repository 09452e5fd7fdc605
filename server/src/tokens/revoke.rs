//! Ending connections: disconnect, and the queue of tokens of which the provider has yet to hear.
//!
//! Best effort: the connection has ended when the row says so, whatever the provider answers and whenever.

use super::endpoint::{authenticate, retry_after, small_body};
use super::seal::{open_text, revocation_place};
use super::{TokenError, TokenService};
use crate::clock::millis;
use crate::config::{Provider, Revocation};
use crate::halt;
use crate::metrics::RevocationEnd;
use crate::store::{Disconnection, PendingRevocation, StoredConnection, TokenKind};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often the queue is looked at.
const EVERY: Duration = Duration::from_secs(10);

/// The wait after a first failure; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait, also where a provider asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

/// With the waits above they take about a day and a half. Few access tokens live as long.
const ATTEMPTS: u32 = 15;

/// How long a caller who has ended a connection waits until the provider knows.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a connection may change under a disconnection before something else must be wrong.
const CHANGES: usize = 5;

/// What a disconnection did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// The connection.
    pub connection: String,
    /// Its provider's id.
    pub provider: String,
    /// The ids under which its tokens wait to be revoked at the provider, in the order in which they are.
    pub queued: Vec<String>,
}

/// What the provider knows of an ended connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// Its tokens are void there too.
    Revoked,
    /// It will be told.
    Queued,
    /// It has no way to be told.
    Never,
}

impl Announced {
    /// As replies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Queued => "queued",
            Self::Never => "none",
        }
    }
}

/// What became of the tokens that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// The provider knows that they are void.
    pub revoked: u64,
    /// It cannot be told, or has not listened for too long.
    pub given_up: u64,
    /// It will be told later.
    pub postponed: u64,
}

enum Told {
    Void,
    Useless(&'static str),
    Later(String, Option<Duration>),
}

impl TokenService {
    /// Ends a person's connection: at once here, and as soon as it listens at the provider.
    ///
    /// # Errors
    ///
    /// [`TokenError::NotConnected`], and when the tokens do not open.
    pub async fn disconnect(&self, user: &str, provider: &str) -> Result<Disconnected, TokenError> {
        self.end_connection(user, provider, None).await
    }

    /// Ends this connection, and not one that the person has made since.
    ///
    /// # Errors
    ///
    /// As [`disconnect`](Self::disconnect).
    pub async fn disconnect_only(
        &self,
        connection: &StoredConnection,
    ) -> Result<Disconnected, TokenError> {
        self.end_connection(&connection.user, &connection.provider, Some(&connection.id))
            .await
    }

    async fn end_connection(
        &self,
        user: &str,
        provider: &str,
        id: Option<&str>,
    ) -> Result<Disconnected, TokenError> {
        for _ in 0..CHANGES {
            let row = self.store.connection(user, provider).await?;
            let Some(row) = row.filter(|row| id.is_none_or(|id| row.id == id)) else {
                return Err(TokenError::NotConnected);
            };
            let tokens = self.open(&row)?;
            let tokens = self.queued(user, provider, &tokens.access, tokens.refresh.as_ref())?;
            let of = Disconnection {
                connection: row.id,
                generation: row.generation,
                tokens,
            };
            if self.store.disconnect(&of, self.clock.now()).await? {
                let queued: Vec<String> = of.tokens.into_iter().map(|token| token.id).collect();
                info!(
                    operation = "disconnect",
                    provider,
                    user,
                    queued = queued.len(),
                    outcome = "disconnected",
                    "disconnected"
                );
                return Ok(Disconnected {
                    connection: of.connection,
                    provider: provider.to_owned(),
                    queued,
                });
            }
        }
        Err(TokenError::Restless)
    }

    /// Tells providers of every token that is due.
    ///
    /// # Errors
    ///
    /// When the database does not answer. What was taken is taken again later.
    pub async fn revoke_due(&self) -> Result<Revoked, TokenError> {
        let mut counts = Revoked::default();
        while self.revoke_next(None, &mut counts).await? {}
        Ok(counts)
    }

    /// Tells the provider of a connection that has just ended, without waiting for the worker; what it does not hear in
    /// a few seconds it hears later.
    pub async fn announce(self: &Arc<Self>, ended: Disconnected) -> Announced {
        let provider = self.providers.get(&ended.provider);
        if provider.is_none_or(|provider| provider.revocation.is_none()) {
            return Announced::Never;
        }
        let service = Arc::clone(self);
        // Tracked and not dropped with its caller: a token that was taken from the queue should not wait for its turn.
        let telling = self.flights.spawn(async move {
            let mut counts = Revoked::default();
            for id in &ended.queued {
                if !service.revoke_next(Some(id), &mut counts).await? {
                    counts.postponed += 1;
                }
            }
            Ok::<_, TokenError>(counts)
        });
        match tokio::time::timeout(PATIENCE, telling).await {
            Ok(Ok(Ok(counts))) if counts.postponed == 0 && counts.revoked > 0 => Announced::Revoked,
            Ok(Ok(Err(error))) => {
                warn!(operation = "revoke", %error, "will try again");
                Announced::Queued
            }
            _ => Announced::Queued,
        }
    }

    /// Tells a provider of one token. Whether there was one to tell of.
    async fn revoke_next(
        &self,
        id: Option<&str>,
        counts: &mut Revoked,
    ) -> Result<bool, TokenError> {
        let now = self.clock.now();
        // For whoever dies with it: after this it is taken again. RFC 7009 takes a token twice.
        let until = now.saturating_add(millis(self.timeout.saturating_mul(2)));
        let Some((pending, attempt)) = self.store.take_revocation(id, now, until).await? else {
            return Ok(false);
        };
        let (provider, user, kind) = (&pending.provider, &pending.user, pending.kind.as_str());
        let started = self.clock.steady();
        halt::at("revocation_taken").await;
        let told = self.tell(&pending).await;
        halt::at("revocation_told").await;
        let duration_ms = millis(self.clock.steady().saturating_sub(started));
        let (end, reason, wait) = match told {
            Told::Void => (RevocationEnd::Revoked, None, None),
            Told::Useless(reason) => (RevocationEnd::GivenUp, Some(reason.to_owned()), None),
            Told::Later(reason, _) if ATTEMPTS <= attempt => {
                (RevocationEnd::GivenUp, Some(reason), None)
            }
            Told::Later(reason, after) => {
                let wait = wait_after(attempt, after);
                (RevocationEnd::Postponed, Some(reason), Some(wait))
            }
        };
        match wait {
            None => self.store.finish_revocation(&pending.id).await?,
            Some(wait) => {
                let until = self.clock.now().saturating_add(millis(wait));
                self.store.postpone_revocation(&pending.id, until).await?;
            }
        }
        let wait_ms = wait.map(millis);
        info!(
            operation = "revoke",
            provider,
            user,
            kind,
            attempt,
            duration_ms,
            wait_ms,
            outcome = end.as_str(),
            reason,
            "told the provider"
        );
        self.metrics.revoked(provider, end);
        if end == RevocationEnd::GivenUp {
            warn!(operation = "revoke", provider, user, kind, "given up");
        }
        match end {
            RevocationEnd::Revoked => counts.revoked += 1,
            RevocationEnd::Postponed => counts.postponed += 1,
            RevocationEnd::GivenUp => counts.given_up += 1,
        }
        Ok(true)
    }

    async fn tell(&self, pending: &PendingRevocation) -> Told {
        let Some(provider) = self.providers.get(&pending.provider) else {
            return Told::Later("the provider is not configured".to_owned(), None);
        };
        let Some(revocation) = &provider.revocation else {
            return Told::Useless("the provider has no revocation endpoint");
        };
        let place = revocation_place(&pending.id, &pending.user);
        let token = match open_text(&self.keys, place, &pending.token.bytes) {
            Ok(token) => token,
            Err(error) => return Told::Later(error.to_string(), None),
        };
        match revocation {
            Revocation::Rfc7009(url) => {
                let form = vec![
                    ("token", token.expose_secret()),
                    ("token_type_hint", pending.kind.as_str()),
                ];
                let builder = self
                    .client
                    .post(url.clone())
                    .header(ACCEPT, HeaderValue::from_static("application/json"));
                match authenticate(builder, provider, form).send().await {
                    Ok(response) => rfc7009_outcome(response).await,
                    Err(_) => unreachable_for_now(),
                }
            }
            Revocation::GitHub(_) if pending.kind == TokenKind::Refresh => {
                Told::Useless("GitHub ends access tokens alone")
            }
            Revocation::GitHub(url) => self.tell_github(provider, url.clone(), &token).await,
        }
    }

    async fn tell_github(&self, provider: &Provider, url: url::Url, token: &SecretString) -> Told {
        let secret = provider
            .client_secret
            .as_ref()
            .map(|secret| secret.expose_secret().to_owned());
        let body = serde_json::json!({ "access_token": token.expose_secret() }).to_string();
        let sent = self
            .client
            .delete(url)
            .basic_auth(&provider.client_id, secret)
            .header(
                ACCEPT,
                HeaderValue::from_static("application/vnd.github+json"),
            )
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body)
            .send()
            .await;
        match sent {
            // It answers 404 and 422 to a token that it does not know, or not any more.
            Ok(response) if matches!(response.status().as_u16(), 204 | 404 | 422) => Told::Void,
            Ok(response) => Told::Later(
                format!("the provider answered {}", response.status().as_u16()),
                retry_after(response.headers()),
            ),
            Err(_) => unreachable_for_now(),
        }
    }
}

fn wait_after(attempt: u32, asked: Option<Duration>) -> Duration {
    FIRST_WAIT
        .saturating_mul(1 << attempt.saturating_sub(1).min(ATTEMPTS))
        .max(asked.unwrap_or_default())
        .min(LONGEST_WAIT)
}

fn unreachable_for_now() -> Told {
    Told::Later("the provider could not be reached".to_owned(), None)
}

/// RFC 7009 2.2: 200 also for a token that was void already.
async fn rfc7009_outcome(mut response: Response) -> Told {
    #[derive(Deserialize)]
    struct Answer {
        error: Option<String>,
    }

    let status = response.status();
    if status.is_success() {
        return Told::Void;
    }
    let after = retry_after(response.headers());
    if status == StatusCode::BAD_REQUEST {
        let body = small_body(&mut response).await.unwrap_or_default();
        let error = serde_json::from_slice::<Answer>(&body)
            .ok()
            .and_then(|answer| answer.error);
        match error.as_deref() {
            // Google's word for one that is void already.
            Some("invalid_token") => return Told::Void,
            Some("unsupported_token_type") => {
                return Told::Useless("the provider does not revoke tokens of this kind");
            }
            _ => {}
        }
    }
    Told::Later(format!("the provider answered {}", status.as_u16()), after)
}

/// Tells providers of tokens that are void.
#[derive(Clone)]
pub struct Revoker {
    tokens: Arc<TokenService>,
}

impl Revoker {
    /// A revoker of what `tokens` has queued.
    #[must_use]
    pub const fn new(tokens: Arc<TokenService>) -> Self {
        Self { tokens }
    }

    /// Works on the queue until `stop`. What is in flight then is taken again by the next process.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            loop {
                if let Err(error) = self.tokens.revoke_due().await {
                    warn!(operation = "revoke", %error, "will try again");
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        let _stopped = stop.run_until_cancelled(work).await;
    }
}
