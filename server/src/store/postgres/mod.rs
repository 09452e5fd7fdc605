//! PostgreSQL: several instances against one database.
//!
//! Every transaction runs at READ COMMITTED, where a statement that waited for a row looks at its condition again. So each
//! step is one conditional update as in SQLite, and where a step reads first, it locks the row that it reads. Locks are taken
//! in one order everywhere: flow, connection, the person's counter; whoever takes many (the sweep) is alone in that.
//!
//! The tables stand in a schema of their own, `oauth_sync`, for the database may be the app's.

mod changes;
mod flows;
mod keys;
mod migrate;
mod refresh;
mod revocation;
mod rows;
mod session;
mod tokens;
mod watch;
mod write;

use super::StoreError;
use session::{CONNECTIONS, Session, before_use, prepare};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};
use std::time::Duration;

/// How long a call waits for a connection of the pool, and then for its transaction: as long as SQLite's does for a lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// A [`Store`](super::Store) in a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    options: PgConnectOptions,
}

/// Options hold the password.
impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects, makes the tables where they are missing, and brings them up to date.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached or changed, or a newer version of this program made the tables.
    pub async fn open(options: PgConnectOptions) -> Result<Self, StoreError> {
        // By a connection of its own: a pool would try again for a while and then say only that it took too long.
        bounded(async {
            let mut connection = options.connect().await?;
            prepare(&mut connection).await?;
            let mut transaction = connection.begin().await?;
            migrate::migrate(&mut transaction).await?;
            transaction.commit().await?;
            Ok(connection.close().await?)
        })
        .await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, state| Box::pin(before_use(connection, state)))
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .connect_lazy_with(options.clone());
        Ok(Self { pool, options })
    }

    /// Whether the tables are there.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub async fn is_there(options: &PgConnectOptions) -> Result<bool, StoreError> {
        let asking = async {
            let mut connection = options.connect().await?;
            let found = migrate::is_there(&mut connection, migrate::EXISTS).await;
            connection.close().await?;
            found
        };
        bounded(asking).await
    }

    /// One transaction, which is committed unless `work` fails.
    async fn transact<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transact_with("BEGIN", work).await
    }

    /// One that sees the database as of one moment, and changes nothing.
    async fn snapshot<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transact_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work)
            .await
    }

    async fn transact_with<T>(
        &self,
        begin: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.within(async |connection| {
            let mut transaction = connection.begin_with(begin).await?;
            let done = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(done)
        })
        .await
    }

    /// One statement, which is a transaction by itself.
    async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.within(work).await
    }

    /// Bounds what is done with a connection: a server that went away without a word would keep it for a quarter of an
    /// hour, until the system's TCP gives up.
    async fn within<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut session = Session::of(self.pool.acquire().await?);
        let done = tokio::time::timeout(PATIENCE, work(session.connection())).await;
        let done = done.map_err(|_| silent())?;
        session.end();
        done
    }
}

async fn bounded<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| Err(silent()))
}

fn silent() -> StoreError {
    StoreError::Unavailable(format!("it did not answer within {} s", PATIENCE.as_secs()))
}
