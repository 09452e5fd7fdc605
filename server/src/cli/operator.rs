//! The operator's commands: another process on the same database, by the same services.

use super::commands::Asked;
use super::report::Report;
use super::{complain, configuration};
use clap::{Args, Subcommand};
use oauth_sync_server::App;
use oauth_sync_server::app::AppError;
use oauth_sync_server::clock::Clock;
use oauth_sync_server::config::{Config, ConfigError, Demo, Overrides};
use oauth_sync_server::store::StoreError;
use oauth_sync_server::tokens::TokenError;
use serde_json::json;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// What an operator can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List connections and how they stand.
    Status {
        /// Only this person's.
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Show one connection.
    Inspect(One),
    /// Refresh one connection's tokens now.
    Refresh(One),
    /// Obtain every token of a person as the app would, and show it to the provider where it can be asked.
    ValidateAll {
        /// The person.
        #[arg(long, value_name = "ID")]
        user: String,
        #[command(flatten)]
        common: Common,
    },
    /// End one connection, and tell the provider.
    Disconnect(One),
    /// Show what a refresh token that is not good any more would lead to. The one that is stays as it is.
    SimulateFailure(One),
    /// Look after the encryption keys.
    #[command(subcommand)]
    Keys(Keys),
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Encrypt everything with the first configured key, so that the others may go.
    Rotate {
        #[command(flatten)]
        common: Common,
    },
}

/// A person's connection to a provider.
#[derive(Debug, Args)]
pub struct One {
    /// The provider's id, as it is configured.
    pub provider: String,
    /// The person.
    #[arg(long, value_name = "ID")]
    pub user: String,
    #[command(flatten)]
    common: Common,
}

/// Where the database is, and how to answer.
#[derive(Debug, Args)]
pub struct Common {
    /// The configuration of the server, a TOML file.
    #[arg(long, value_name = "FILE", required_unless_present = "demo")]
    config: Option<PathBuf>,
    /// The demo's configuration.
    #[arg(long)]
    demo: bool,
    /// The SQLite file or PostgreSQL address, instead of the configuration's.
    #[arg(long, value_name = "FILE|URL")]
    database: Option<PathBuf>,
    /// Answer with one JSON object.
    #[arg(long)]
    json: bool,
    /// Show every request, its wait and its time.
    #[arg(long)]
    verbose: bool,
}

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}: nothing of a server is there; has it run?")]
    NoDatabase(String),
    #[error("{0}: {1}")]
    Open(String, StoreError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Refused {
    /// 2 for what has to be called or configured in another way.
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::NoDatabase(_)
            | Self::App(AppError::MissingKeys(_))
            | Self::Token(TokenError::UnknownProvider(_)) => 2,
            Self::Open(..) | Self::App(_) | Self::Token(_) | Self::Io(_) => 1,
        }
    }

    /// A word that stays the same when the text changes.
    const fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "configuration",
            Self::NoDatabase(_) => "no_database",
            Self::App(AppError::MissingKeys(_)) => "missing_keys",
            Self::Open(..) => "database",
            Self::App(_) | Self::Io(_) => "failed",
            Self::Token(error) => token_code(error),
        }
    }
}

/// Runs a command: 0 is done, 1 failed, 2 has to be called or configured in another way.
pub fn run(command: Command) -> ExitCode {
    let json = command.common().json;
    let verbose = command.common().verbose;
    match answer(command) {
        Ok(report) => {
            let text = if json {
                format!("{}\n", report.json)
            } else {
                report.text(verbose)
            };
            // Nobody may read it any more; what was asked for is done all the same.
            let _ = stdout().lock().write_all(text.as_bytes());
            ExitCode::from(u8::from(!report.good))
        }
        Err(error) => {
            if json {
                let body =
                    json!({ "error": { "code": error.code(), "message": error.to_string() } });
                let _ = writeln!(stdout().lock(), "{body}");
            } else {
                complain(&error.to_string());
            }
            ExitCode::from(error.exit_code())
        }
    }
}

impl Command {
    const fn common(&self) -> &Common {
        match self {
            Self::Status { common, .. }
            | Self::ValidateAll { common, .. }
            | Self::Keys(Keys::Rotate { common }) => common,
            Self::Inspect(one)
            | Self::Refresh(one)
            | Self::Disconnect(one)
            | Self::SimulateFailure(one) => &one.common,
        }
    }
}

fn answer(command: Command) -> Result<Report, Refused> {
    let config = command.common().config()?;
    let database = config.database.clone();
    let name = database.to_string();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let open = |error| Refused::Open(name.clone(), error);
        // Looked for first: with a wrong name a new one would be made.
        if !database.is_there().await.map_err(open)? {
            return Err(Refused::NoDatabase(name));
        }
        let store = database.open().await.map_err(open)?;
        let clock = Clock::system();
        let app = App::new(config, Arc::clone(&store), clock.clone()).await?;
        let answered = Asked::new(&app, clock).answer(&command).await;
        app.tokens.finish().await;
        store.close().await;
        answered
    })
}

impl Common {
    fn config(&self) -> Result<Config, ConfigError> {
        let overrides = Overrides {
            database: self.database.clone(),
            demo: self.demo.then(|| Demo {
                www: PathBuf::new(),
                package: PathBuf::new(),
            }),
            ..Overrides::default()
        };
        configuration(self.config.as_deref(), self.demo, overrides)
    }
}

/// A word for what is wrong with a token.
pub const fn token_code(error: &TokenError) -> &'static str {
    match error {
        TokenError::Store(_) => "database",
        TokenError::Open(_) => "not_decryptable",
        TokenError::Random(_) => "failed",
        TokenError::Restless => "restless",
        TokenError::NotConnected => "not_connected",
        TokenError::UnknownProvider(_) => "unknown_provider",
        TokenError::ReauthRequired(_) => "reauth_required",
        TokenError::NotRefreshable => "not_refreshable",
        TokenError::Later { .. } => "refresh_failed",
    }
}
