//! The configuration: read from a TOML file, checked whole, and refused whole with every problem named.

mod check;
mod check_operation;
mod check_provider;
mod origin;
mod provider;
mod raw;

pub use origin::Origin;
pub use provider::{ClientAuthentication, Pkce, Provider, Providers, Revocation, Rotation};

use crate::envelope::KeyRing;
use crate::flow::Limits;
use crate::limit::Rates;
use crate::push;
use crate::store::Database;
use axum::http::HeaderName;
use secrecy::{SecretSlice, SecretString};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// What `serve --demo` uses where no file is given.
pub const DEMO: &str = include_str!("../../demo.toml");

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// Where browsers reach this server; redirect URIs are built on it.
    pub origin: Origin,
    /// Whether the origin's port is the one listened on: so in a demo, whose port may be any free one.
    pub origin_follows_port: bool,
    /// The origins of the app's pages: where `return` may lead, and who may ask across origins.
    pub app_origins: Vec<Origin>,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Where the database is.
    pub database: Database,
    /// What encrypts tokens and verifiers.
    pub keys: KeyRing,
    /// How the person is known.
    pub identity: Identity,
    /// The providers by id.
    pub providers: Providers,
    /// The channel name of the app's pages, where it is not the default.
    pub namespace: Option<String>,
    /// How long things may take.
    pub limits: Limits,
    /// How often one may ask.
    pub rates: Rates,
    /// Who may see the numbers.
    pub metrics: MetricsAccess,
    /// What is held for clients that listen.
    pub push: push::Limits,
    /// The directories that a demo serves.
    pub demo: Option<Demo>,
}

/// How the person is known. The person is the app's to know.
#[derive(Debug)]
pub enum Identity {
    /// A header that a proxy sets, believed only from these addresses.
    Header {
        /// The header's name.
        name: HeaderName,
        /// The proxies' addresses.
        proxies: Vec<IpAddr>,
    },
    /// A token that the app signs: a JWT with HS256, in a cookie or as a bearer.
    Token {
        /// The secret that the app shares, at least 32 bytes.
        secret: SecretSlice<u8>,
        /// The cookie that holds it.
        cookie: String,
        /// The audience it must name, if any.
        audience: Option<String>,
    },
    /// Each browser is a person of its own. For a demo alone.
    Demo,
}

/// Who may see the numbers. Nobody, where neither is given.
#[derive(Clone, Debug, Default)]
pub struct MetricsAccess {
    /// An address of their own, for those who reach it. Without it they stand beside the other routes.
    pub listen: Option<SocketAddr>,
    /// What has to be shown.
    pub token: Option<SecretString>,
}

impl MetricsAccess {
    /// Whether they stand beside the other routes: never without a token.
    #[must_use]
    pub const fn is_with_the_rest(&self) -> bool {
        self.listen.is_none() && self.token.is_some()
    }
}

/// The directories that a demo serves.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Served at `/`.
    pub www: PathBuf,
    /// The built npm package, served at `/oauth-sync/`.
    pub package: PathBuf,
}

/// What a command line may say over the file.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Instead of `listen`.
    pub listen: Option<SocketAddr>,
    /// Instead of `database` and of `DATABASE_URL`.
    pub database: Option<PathBuf>,
    /// Instead of `origin`.
    pub origin: Option<String>,
    /// In a demo, where the local provider is: instead of every provider's `base_url`.
    pub provider: Option<String>,
    /// Makes it a demo.
    pub demo: Option<Demo>,
}

/// What surrounds a configuration, so that tests can replace it.
pub struct Surroundings<'a> {
    /// Reads an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Makes or reads the demo's own key, kept beside the database's file.
    pub demo_key: &'a dyn Fn(&Path) -> Result<[u8; 32], String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as `providers.github.client_id`; empty where it is the file as a whole.
    pub key: String,
    /// What is wrong. Never a value that may be secret.
    pub message: String,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: ", self.file)?;
            if !problem.key.is_empty() {
                write!(f, "{}: ", problem.key)?;
            }
            write!(f, "{}", problem.message)?;
        }
        Ok(())
    }
}

impl Config {
    /// Takes note of the port that was bound.
    pub fn bound(&mut self, port: u16) {
        if self.origin_follows_port {
            let now = self.origin.with_port(port);
            let before = std::mem::replace(&mut self.origin, now);
            for origin in &mut self.app_origins {
                if *origin == before {
                    *origin = self.origin.clone();
                }
            }
        }
    }

    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or anything in it is wrong.
    pub fn load(
        path: &Path,
        overrides: Overrides,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text, overrides, surroundings),
            Err(error) => Err(ConfigError {
                problems: vec![Problem {
                    key: String::new(),
                    message: format!("cannot be read: {error}"),
                }],
                file,
            }),
        }
    }

    /// Checks `text`, which stands in `file`.
    ///
    /// # Errors
    ///
    /// When anything in it is wrong.
    pub fn parse(
        file: &str,
        text: &str,
        overrides: Overrides,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, ConfigError> {
        raw::parse(text)
            .and_then(|raw| check::check(raw, overrides, surroundings))
            .map_err(|problems| ConfigError {
                file: file.to_owned(),
                problems,
            })
    }
}
