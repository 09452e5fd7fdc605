//! Where the database is: a file, or a server.

use super::{PostgresStore, SqliteStore, Store, StoreError};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// Where the database is. What is shown of it never holds the password.
#[derive(Clone)]
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Server(Box<PgConnectOptions>),
}

/// The parameters of a PostgreSQL address that are understood. Others are refused: one that is passed over may be the
/// one that was to make the connection safe.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

impl Database {
    /// Reads a file's path, or an address that begins with `postgres://` or `postgresql://`. What such an address leaves
    /// out is taken from PostgreSQL's own variables (`PGPASSWORD`, …) and `~/.pgpass`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without its text.
    pub fn parse(setting: &Path) -> Result<Self, String> {
        let address = setting.to_str().filter(|text| text.contains("://"));
        let Some(address) = address else {
            return Ok(Self::File(setting.to_owned()));
        };
        let url = Url::parse(address).map_err(|error| format!("is not an address: {error}"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!(
                "begins with {}://, and only postgres:// is understood; a SQLite file is given by its path alone",
                url.scheme()
            ));
        }
        let unknown = url
            .query_pairs()
            .find(|(key, _)| !PARAMETERS.contains(&&**key) && !key.starts_with("options["));
        if let Some((key, _)) = unknown {
            return Err(format!(
                "has the parameter {key}, which is not understood; there are {}",
                PARAMETERS.join(", ")
            ));
        }
        let options: PgConnectOptions = address
            .parse()
            .map_err(|error: sqlx::Error| format!("is not an address of PostgreSQL: {error}"))?;
        let is_named = url.query_pairs().any(|(key, _)| key == "application_name");
        Ok(Self::Server(Box::new(if is_named {
            options
        } else {
            // As `pg_stat_activity` shows it.
            options.application_name("oauth-sync-server")
        })))
    }

    /// Opens it, makes what is missing in it, and brings it up to date.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, reached or changed, or a newer version of this program made it.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(file) => Arc::new(SqliteStore::open(file).await?),
            Self::Server(options) => Arc::new(PostgresStore::open((**options).clone()).await?),
        })
    }

    /// Whether a server of this kind has ever opened it.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn is_there(&self) -> Result<bool, StoreError> {
        match self {
            Self::File(file) => Ok(file.exists()),
            Self::Server(options) => PostgresStore::is_there(options).await,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Server(options) => {
                write!(f, "postgres://{}@", options.get_username())?;
                match options.get_socket() {
                    Some(directory) => write!(f, "{}", directory.display())?,
                    None => write!(f, "{}", options.get_host())?,
                }
                let name = options.get_database().unwrap_or(options.get_username());
                write!(f, ":{}/{name}", options.get_port())?;
                if matches!(options.get_ssl_mode(), PgSslMode::Disable) {
                    write!(f, " (without TLS)")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
