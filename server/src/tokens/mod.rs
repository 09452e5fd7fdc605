//! The only code that touches a token.
//!
//! A claimed flow comes in with its code; what leaves is the flow, settled. Tokens are encrypted for the row that will
//! hold them before they reach the store, and a token that no row takes is queued to be revoked.

mod exchange;

pub use exchange::ExchangeError;

use crate::clock::{Clock, millis};
use crate::config::{Provider, Providers};
use crate::envelope::{KeyRing, OpenError, Place, Sealed};
use crate::random::{RandomUnavailable, base64url, random_text};
use crate::store::{
    Claimed, Completing, Completion, NewConnection, PendingRevocation, Store, StoreError,
    StoredConnection, TokenKind,
};
use exchange::{Grant, Request};
use oauth_sync::proto::error::ErrorCode;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

/// The waits between attempts to commit: tokens in hand are worth some patience, and the sum stays within a claim.
const COMMIT_WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How often an active connection may change under a completion before something else must be wrong.
const MOVES: usize = 4;

/// Fetches, encrypts and stores tokens.
pub struct TokenService {
    store: Arc<dyn Store>,
    keys: Arc<KeyRing>,
    providers: Arc<Providers>,
    clock: Clock,
    client: reqwest::Client,
}

/// A person's tokens, decrypted.
pub struct Tokens {
    /// The access token.
    pub access: SecretString,
    /// The refresh token, where there is one.
    pub refresh: Option<SecretString>,
}

/// Why there is no token. Never means "not connected".
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The connection kept changing.
    #[error("the connection changed under every attempt to store its tokens")]
    Restless,
}

impl TokenService {
    /// A service over `store` that waits `timeout` for a provider's answer.
    ///
    /// # Errors
    ///
    /// When the HTTP client cannot be made: the machine has no certificates.
    pub fn new(
        store: Arc<dyn Store>,
        keys: Arc<KeyRing>,
        providers: Arc<Providers>,
        clock: Clock,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = exchange::client(timeout, &providers)?;
        Ok(Self {
            store,
            keys,
            providers,
            clock,
            client,
        })
    }

    /// Exchanges the code of a claimed flow, and settles the flow. Run it in a task of its own: a client that hangs up
    /// must not stop it. Should it die half-way, the sweeper says `interrupted`.
    pub async fn complete(&self, claimed: Claimed, code: SecretString) {
        let flow = claimed.flow.id.as_str();
        let started = self.clock.now();
        let Some(provider) = self.providers.get(&claimed.flow.provider) else {
            return self.fail(&claimed, &ErrorCode::SERVER_ERROR).await;
        };
        let verifier = match self.open_verifier(&claimed) {
            Ok(verifier) => verifier,
            Err(error) => {
                error!(flow, provider = provider.id, %error, "the verifier does not open");
                return self.fail(&claimed, &ErrorCode::SERVER_ERROR).await;
            }
        };
        let request = Request {
            code: &code,
            redirect_uri: &claimed.redirect_uri,
            verifier: verifier.as_ref().map(|text| text.as_str()),
        };
        let answer = exchange::exchange(&self.client, provider, &request).await;
        let duration_ms = self.clock.now() - started;
        match answer {
            Ok(grant) => match self.commit(&claimed, provider, &grant).await {
                Ok(Completing::Completed) => {
                    info!(
                        operation = "exchange",
                        flow,
                        provider = provider.id,
                        duration_ms,
                        "completed"
                    );
                }
                Ok(_) => warn!(
                    operation = "exchange",
                    flow,
                    provider = provider.id,
                    "the claim was lost; the tokens are queued for revocation"
                ),
                Err(error) => {
                    error!(operation = "exchange", flow, provider = provider.id, %error, "the tokens could not be stored");
                    self.fail(&claimed, &ErrorCode::SERVER_ERROR).await;
                }
            },
            Err(error) => {
                warn!(operation = "exchange", flow, provider = provider.id, duration_ms, %error, "failed");
                self.fail(&claimed, &error.code()).await;
            }
        }
    }

    /// The tokens of a stored connection.
    ///
    /// # Errors
    ///
    /// When they do not open.
    pub fn open(&self, connection: &StoredConnection) -> Result<Tokens, TokenError> {
        let open = |column, envelope: &[u8]| -> Result<SecretString, TokenError> {
            let place = Place {
                table: "connections",
                row: &connection.id,
                column,
                user: &connection.user,
            };
            let plain = self.keys.open(place, envelope)?;
            let text = std::str::from_utf8(&plain).map_err(|_| OpenError::Damaged)?;
            Ok(SecretString::from(text))
        };
        Ok(Tokens {
            access: open("access_token", &connection.access_token)?,
            refresh: match &connection.refresh_token {
                Some(envelope) => Some(open("refresh_token", envelope)?),
                None => None,
            },
        })
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
        let seal = |column, token: &SecretString| {
            let place = Place {
                table: "connections",
                row: &id,
                column,
                user,
            };
            self.keys.seal(place, token.expose_secret().as_bytes())
        };
        let mut otherwise = Vec::new();
        if let Some(token) = &grant.refresh_token {
            otherwise.push(self.revocation(claimed, TokenKind::Refresh, token)?);
        }
        otherwise.push(self.revocation(claimed, TokenKind::Access, &grant.access_token)?);
        Ok(Completion {
            flow: claimed.flow.id.clone(),
            claim_id: claimed.claim_id.clone(),
            connection: NewConnection {
                access_token: seal("access_token", &grant.access_token)?,
                refresh_token: match &grant.refresh_token {
                    Some(token) => Some(seal("refresh_token", token)?),
                    None => None,
                },
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
            otherwise,
        })
    }

    fn revocation(
        &self,
        claimed: &Claimed,
        kind: TokenKind,
        token: &SecretString,
    ) -> Result<PendingRevocation, RandomUnavailable> {
        let id = format!("rev_{}", random_text::<16>()?);
        let user = claimed.flow.user.clone();
        let place = Place {
            table: "revocations",
            row: &id,
            column: "token",
            user: &user,
        };
        let token = self.keys.seal(place, token.expose_secret().as_bytes())?;
        Ok(PendingRevocation {
            id,
            user,
            provider: claimed.flow.provider.clone(),
            kind,
            token,
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
            Ok(true) => {}
            Ok(false) => warn!(flow, code = code.as_str(), "the claim was lost"),
            Err(error) => error!(flow, %error, "the failure could not be stored"),
        }
    }

    /// Asks again while the database is busy: what is at stake was spent at the provider and cannot be had again.
    async fn patiently<T, F>(&self, operation: impl Fn() -> F) -> Result<T, TokenError>
    where
        F: Future<Output = Result<T, TokenError>>,
    {
        for wait in COMMIT_WAITS {
            match operation().await {
                Err(TokenError::Store(StoreError::Unavailable(_))) => {
                    tokio::time::sleep(wait).await
                }
                done => return done,
            }
        }
        operation().await
    }
}

/// Encrypts a PKCE verifier for its attempt.
pub(crate) fn seal_verifier(
    keys: &KeyRing,
    state_hash: &[u8; 32],
    user: &str,
    verifier: &str,
) -> Result<Sealed, RandomUnavailable> {
    let row = base64url(state_hash);
    keys.seal(verifier_place(&row, user), verifier.as_bytes())
}

const fn verifier_place<'a>(row: &'a str, user: &'a str) -> Place<'a> {
    Place {
        table: "attempts",
        row,
        column: "verifier",
        user,
    }
}
