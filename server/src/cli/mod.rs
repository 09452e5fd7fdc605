//! The command line.

mod commands;
mod operator;
mod report;

use crate::demo;
use clap::{Args, Parser, Subcommand};
use oauth_sync_server::config::{
    Config, ConfigError, DEMO, Demo, Overrides, Problem, Surroundings,
};
use oauth_sync_server::serve::{ServeError, serve};
use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The server half of oauth-sync.
#[derive(Debug, Parser)]
#[command(name = "oauth-sync-server", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve flows, callbacks and status.
    Serve(Serve),
    #[command(flatten)]
    Operator(operator::Command),
}

#[derive(Debug, Args)]
struct Serve {
    /// The configuration, a TOML file.
    #[arg(long, value_name = "FILE", required_unless_present = "demo")]
    config: Option<PathBuf>,
    /// Serve the demo: each browser is a person of its own, the key is kept beside the database.
    #[arg(long)]
    demo: bool,
    /// The address to listen on, instead of the configuration's.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The SQLite file or PostgreSQL address, instead of the configuration's.
    #[arg(long, value_name = "FILE|URL")]
    database: Option<PathBuf>,
    /// Where browsers reach the server, instead of the configuration's. A demo's has the port that is listened on.
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// With --demo: where the local authorization server is.
    #[arg(long, value_name = "URL", requires = "demo")]
    provider: Option<String>,
    /// With --demo: the directory served at /.
    #[arg(long, value_name = "DIR", requires = "demo", default_value = "./www")]
    www: PathBuf,
    /// With --demo: the built npm package, served at /oauth-sync/.
    #[arg(long, value_name = "DIR", requires = "demo", default_value = "./dist")]
    package: PathBuf,
}

/// Runs the command; 0 is done, 1 failed, 2 has to be called or configured in another way.
pub fn run(cli: Cli) -> ExitCode {
    let arguments = match cli.command {
        Command::Serve(arguments) => arguments,
        Command::Operator(command) => {
            // What an operator asks for is on standard output; the log is for what goes wrong.
            start_logs(LevelFilter::WARN);
            return operator::run(command);
        }
    };
    start_logs(LevelFilter::INFO);
    let done = arguments
        .config()
        .map_err(ServeError::from)
        .and_then(|config| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            runtime.block_on(serve(config, say_ready))
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

/// To standard error, each line with the program's name.
fn complain(text: &str) {
    for line in text.lines() {
        eprintln!("oauth-sync-server: {line}");
    }
}

/// The one line on standard output: whoever started the process waits for it.
fn say_ready(address: &str) {
    let mut out = stdout().lock();
    // Nobody may read it any more; that is no reason to stop.
    let _ = writeln!(out, "oauth-sync-server listening on {address}");
    let _ = out.flush();
}

impl Serve {
    fn config(self) -> Result<Config, ConfigError> {
        let overrides = Overrides {
            listen: self.listen,
            database: self.database,
            origin: self.origin,
            provider: self.provider,
            demo: self.demo.then_some(Demo {
                www: self.www,
                package: self.package,
            }),
        };
        configuration(self.config.as_deref(), self.demo, overrides)
    }
}

/// The configuration in `file`, or the demo's own.
fn configuration(
    file: Option<&Path>,
    demo: bool,
    overrides: Overrides,
) -> Result<Config, ConfigError> {
    let surroundings = Surroundings {
        variable: &|name| std::env::var(name).ok(),
        demo_key: &demo::key_beside,
    };
    match file {
        Some(file) => Config::load(file, overrides, &surroundings),
        None if demo => Config::parse("built-in demo", DEMO, overrides, &surroundings),
        None => Err(ConfigError {
            file: "--config".to_owned(),
            problems: vec![Problem {
                key: String::new(),
                message: "is missing".to_owned(),
            }],
        }),
    }
}

/// To standard error, by `OAUTH_SYNC_LOG`: a level, or targets with levels (`info,oauth_sync_server=debug`). As JSON, a line
/// each, where `OAUTH_SYNC_LOG_FORMAT` is `json`.
fn start_logs(level: LevelFilter) {
    let targets = std::env::var("OAUTH_SYNC_LOG")
        .ok()
        .and_then(|text| text.parse::<Targets>().ok())
        .unwrap_or_else(|| {
            Targets::new()
                .with_default(LevelFilter::WARN)
                .with_target("oauth_sync_server", level)
        });
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let is_json = std::env::var("OAUTH_SYNC_LOG_FORMAT").is_ok_and(|format| format == "json");
    let layer = if is_json {
        layer.json().flatten_event(true).boxed()
    } else {
        layer.boxed()
    };
    tracing_subscriber::registry()
        .with(layer)
        .with(targets)
        .init();
}
