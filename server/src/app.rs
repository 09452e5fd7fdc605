//! Everything that `serve` holds, put together from a configuration and a store.

use crate::clock::Clock;
use crate::config::{Config, Demo, MetricsAccess, Origin};
use crate::flow::FlowService;
use crate::http::identity::Identifier;
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::push::{self, Hub};
use crate::store::{Store, StoreError};
use crate::sweep::Sweeper;
use crate::tokens::{Revoker, TokenService};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The application behind [`router`](crate::router).
pub struct App {
    /// The flows.
    pub flows: FlowService,
    /// The tokens.
    pub tokens: Arc<TokenService>,
    /// Run it beside the router, once for each process.
    pub sweeper: Sweeper,
    /// Run it beside the router, once for each process.
    pub revoker: Revoker,
    /// Run it beside the router, once for each process.
    pub hub: Arc<Hub>,
    /// Cancelled when the process stops: long waits end.
    pub stopping: CancellationToken,
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// Who asks too often.
    pub limiter: Limiter,
    pub(crate) clock: Clock,
    pub(crate) metrics_access: MetricsAccess,
    pub(crate) push: push::Limits,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) identifier: Identifier,
    pub(crate) origin: Origin,
    pub(crate) app_origins: Vec<Origin>,
    pub(crate) namespace: Option<String>,
    pub(crate) demo: Option<Demo>,
}

/// Why an application could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in the database is encrypted with keys that are not configured.
    #[error(
        "the database holds values encrypted with the key(s) {0}, which the configuration does not have: add them to \
         [[encryption.keys]]"
    )]
    MissingKeys(String),
    /// The HTTP client for providers.
    #[error(
        "the HTTP client for providers cannot be made. Are the certificates of the authorities installed \
         (ca-certificates)? {}",
        causes(.0)
    )]
    Client(#[from] reqwest::Error),
}

impl App {
    /// Puts it together. Refuses when the database needs a key that is missing.
    ///
    /// # Errors
    ///
    /// See [`AppError`].
    pub async fn new(
        config: Config,
        store: Arc<dyn Store>,
        clock: Clock,
    ) -> Result<Arc<Self>, AppError> {
        let missing: Vec<String> = store
            .key_ids()
            .await?
            .into_iter()
            .filter(|id| !config.keys.holds(id))
            .collect();
        if !missing.is_empty() {
            return Err(AppError::MissingKeys(missing.join(", ")));
        }
        let keys = Arc::new(config.keys);
        let providers = Arc::new(config.providers);
        let metrics = Arc::new(Metrics::default());
        let tokens = Arc::new(TokenService::new(
            Arc::clone(&store),
            Arc::clone(&keys),
            Arc::clone(&providers),
            clock.clone(),
            Arc::clone(&metrics),
            config.limits.exchange,
        )?);
        Ok(Arc::new(Self {
            identifier: Identifier::new(config.identity, &keys, clock.clone()),
            sweeper: Sweeper::new(
                Arc::clone(&store),
                clock.clone(),
                Arc::clone(&metrics),
                config.limits,
            ),
            limiter: Limiter::new(config.rates, &clock),
            flows: FlowService::new(
                Arc::clone(&store),
                keys,
                providers,
                Arc::clone(&tokens),
                clock.clone(),
                config.origin.clone(),
                config.limits,
            ),
            revoker: Revoker::new(Arc::clone(&tokens)),
            hub: Arc::new(Hub::new(Arc::clone(&store), config.push)),
            push: config.push,
            tokens,
            stopping: CancellationToken::new(),
            metrics,
            clock,
            metrics_access: config.metrics,
            store,
            origin: config.origin,
            app_origins: config.app_origins,
            namespace: config.namespace,
            demo: config.demo,
        }))
    }
}

/// An error and what is behind it: the first alone says only that there is one.
fn causes(error: &reqwest::Error) -> String {
    use std::error::Error as _;

    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
