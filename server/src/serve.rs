//! `serve`: from a configuration to a process that answers, until it is told to stop.

use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Identity};
use crate::http::{self, router};
use crate::store::StoreError;
use std::future::IntoFuture as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing::{info, warn};

/// For requests in flight; a client that reads slowly does not hold the process for ever.
const REQUESTS: Duration = Duration::from_secs(25);

/// For exchanges in flight: above their own timeouts. What is not done is called interrupted at the next start.
const EXCHANGES: Duration = Duration::from_secs(25);

/// Why a server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is refused.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Another process listens there.
    #[error("{0} is in use by another process: stop it, or choose another address with --listen")]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The database cannot be opened.
    #[error("{database}: {source}")]
    Store {
        /// Where it is, without a password.
        database: String,
        /// What it said.
        source: StoreError,
    },
    /// The parts do not fit.
    #[error(transparent)]
    App(#[from] AppError),
    /// The operating system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ServeError {
    /// 2 for what the operator has to change, 1 for the rest.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::PortInUse(_)
            | Self::Listen(..)
            | Self::App(AppError::MissingKeys(_)) => 2,
            Self::Store { .. } | Self::App(_) | Self::Io(_) => 1,
        }
    }
}

/// Listens and serves until SIGTERM or SIGINT. Calls `ready` once with the address for people.
///
/// # Errors
///
/// See [`ServeError`].
pub async fn serve(mut config: Config, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let listener = listen(config.listen).await?;
    let bound = listener.local_addr()?;
    config.bound(bound.port());
    let address = match config.demo {
        Some(_) => config.origin.to_string(),
        None => format!("http://{bound}"),
    };
    if matches!(config.identity, Identity::Demo) {
        warn!(
            "DEMO: every browser that reaches {} is let in as a person of its own. Never use --demo for real accounts",
            config.origin
        );
    }
    let store = config
        .database
        .open()
        .await
        .map_err(|source| ServeError::Store {
            database: config.database.to_string(),
            source,
        })?;
    info!(database = %config.database, "opened");
    let app = App::new(config, Arc::clone(&store), Clock::system()).await?;
    let stopping = app.stopping.clone();
    let watching = metrics_on_their_own(&app).await?;
    let sweeping = tokio::spawn(app.sweeper.clone().run(stopping.clone()));
    let revoking = tokio::spawn(app.revoker.clone().run(stopping.clone()));
    let telling = tokio::spawn(Arc::clone(&app.hub).run(stopping.clone()));
    let told = told_to_stop()?;
    let stop = stopping.clone();
    tokio::spawn(async move {
        told.await;
        info!("stopping");
        stop.cancel();
    });
    let service = router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(stopping.clone().cancelled_owned())
        .into_future();
    ready(&address);
    let overdue = async {
        stopping.cancelled().await;
        tokio::time::sleep(REQUESTS).await;
    };
    tokio::select! {
        served = serving => served?,
        () = overdue => warn!("some requests did not end in time"),
    }
    let finish = async { tokio::join!(app.flows.finish(), app.tokens.finish()) };
    if tokio::time::timeout(EXCHANGES, finish).await.is_err() {
        warn!("some exchanges or refreshes did not end in time; they will be called interrupted");
    }
    let _ended = tokio::join!(sweeping, revoking, telling, watching);
    store.close().await;
    info!("stopped");
    Ok(())
}

/// Serves the metrics on an address of their own, where there is one, until the server stops.
async fn metrics_on_their_own(app: &Arc<App>) -> Result<JoinHandle<()>, ServeError> {
    let Some(address) = app.metrics_access.listen else {
        return Ok(tokio::spawn(std::future::ready(())));
    };
    let listener = listen(address).await?;
    info!(operation = "metrics", address = %listener.local_addr()?, "listening");
    let serving = axum::serve(listener, http::metrics::router(Arc::clone(app)))
        .with_graceful_shutdown(app.stopping.clone().cancelled_owned())
        .into_future();
    Ok(tokio::spawn(async move {
        if let Err(error) = serving.await {
            warn!(operation = "metrics", %error, "no longer served");
        }
    }))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse(address),
            _ => ServeError::Listen(address, error),
        })
}

/// SIGTERM, or SIGINT. Listened for before this returns, so that none is missed.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ctrl-C.
#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _pressed = tokio::signal::ctrl_c().await;
    })
}
