//! The only code that touches a token.
//!
//! A claimed flow comes in with its code; what leaves is the flow, settled. Later a connection comes in, and its access
//! token leaves, refreshed ahead of its expiry. Tokens are encrypted for the row that will hold them before they reach
//! the store, and a token that no row takes is queued to be revoked.

mod access;
mod attempt;
pub mod decide;
mod endpoint;
mod exchange;
mod flights;
mod revoke;
mod rotate;
mod seal;
mod simulate;
mod validate;

pub use access::{AccessToken, Refreshed};
pub use attempt::{Report, Step};
pub use decide::due_at;
pub use endpoint::EndpointError;
pub use revoke::{Announced, Disconnected, Revoked, Revoker};
pub use rotate::Rotated;
pub use simulate::{Consequence, Simulated};
pub use validate::{Validated, Validity};

use crate::clock::Clock;
use crate::config::{Provider, Providers};
use crate::envelope::{KeyRing, OpenError};
use crate::metrics::Metrics;
use crate::random::RandomUnavailable;
use crate::store::{Listing, ReauthReason, Store, StoreError, StoredConnection};
use flights::Flights;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use seal::seal_verifier;

/// The waits between attempts to commit: tokens in hand are worth some patience, and the sum stays within a claim.
const COMMIT_WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Fetches, encrypts and stores tokens.
pub struct TokenService {
    store: Arc<dyn Store>,
    keys: Arc<KeyRing>,
    providers: Arc<Providers>,
    clock: Clock,
    client: reqwest::Client,
    metrics: Arc<Metrics>,
    timeout: Duration,
    flights: Flights,
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
    /// The person has no connection to the provider.
    #[error("not connected")]
    NotConnected,
    /// The provider is not configured.
    #[error("the provider {0} is not configured")]
    UnknownProvider(String),
    /// The person has to connect again.
    #[error("the person has to connect again ({})", .0.as_str())]
    ReauthRequired(ReauthReason),
    /// The provider gave no refresh token.
    #[error("the provider gave no refresh token")]
    NotRefreshable,
    /// It did not work, and may work later. The connection is as good as before.
    #[error("{reason}")]
    Later {
        /// Why.
        reason: String,
        /// When to ask again.
        retry_after: Duration,
    },
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
        metrics: Arc<Metrics>,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = endpoint::client(timeout, &providers)?;
        Ok(Self {
            store,
            keys,
            providers,
            clock,
            client,
            metrics,
            timeout,
            flights: Flights::default(),
        })
    }

    pub(crate) const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The active connections, of one person or of all.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn connections(
        &self,
        user: Option<&str>,
    ) -> Result<Vec<StoredConnection>, TokenError> {
        Ok(self.store.connections(user).await?)
    }

    /// A person's connection to a configured provider.
    ///
    /// # Errors
    ///
    /// [`TokenError::UnknownProvider`] and [`TokenError::NotConnected`].
    pub async fn connection(
        &self,
        user: &str,
        provider: &str,
    ) -> Result<StoredConnection, TokenError> {
        Ok(self.row(user, provider).await?.1)
    }

    /// A person's active connections and their counter, as of one moment.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn listing(&self, user: &str) -> Result<Listing, TokenError> {
        Ok(self.store.listing(user).await?)
    }

    /// A person's connection of that id, also when it is disconnected.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn connection_of(
        &self,
        user: &str,
        id: &str,
    ) -> Result<Option<StoredConnection>, TokenError> {
        Ok(self.store.connection_of(user, id).await?)
    }

    /// How many tokens wait to be revoked, of one person or of all.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn waiting_revocations(&self, user: Option<&str>) -> Result<u64, TokenError> {
        Ok(self.store.waiting_revocations(user).await?)
    }

    /// A person's active connection to a configured provider.
    async fn row(
        &self,
        user: &str,
        provider: &str,
    ) -> Result<(&Provider, StoredConnection), TokenError> {
        let known = self
            .providers
            .get(provider)
            .ok_or_else(|| TokenError::UnknownProvider(provider.to_owned()))?;
        match self.store.connection(user, provider).await? {
            Some(row) => Ok((known, row)),
            None => Err(TokenError::NotConnected),
        }
    }

    /// Asks again while the database is busy: what is at stake was spent at the provider and cannot be had again.
    async fn patiently<T, F>(&self, operation: impl Fn() -> F) -> Result<T, TokenError>
    where
        F: Future<Output = Result<T, TokenError>>,
    {
        for wait in COMMIT_WAITS {
            match operation().await {
                Err(TokenError::Store(StoreError::Unavailable(_))) => self.clock.sleep(wait).await,
                done => return done,
            }
        }
        operation().await
    }
}
