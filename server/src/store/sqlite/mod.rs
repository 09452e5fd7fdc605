//! SQLite: a file, nothing to install.
//!
//! WAL with `synchronous=FULL`, so that a commit that was answered survives a loss of power. Writes begin with
//! `BEGIN IMMEDIATE`: a transaction that begins to read and then writes fails under contention without waiting. One
//! connection of the pool writes, the others read; other processes wait by SQLite's own busy timeout.

mod changes;
mod keys;
mod refresh;
mod revocation;
mod rows;
mod tokens;
mod write;

use super::error::{SQLITE_BUSY, sqlite_code};
use super::{
    Answer, AttemptOf, Cancelling, Claim, Claimed, Completing, Completion, Flow, FlowState,
    NewAttempt, NewFlow, Opening, PendingRevocation, Return, Store, StoreError, StoredConnection,
    Swept,
};
use crate::clock::Millis;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite, Transaction};
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// In order; a database's `user_version` says how many it has.
const MIGRATIONS: [&str; 3] = [
    include_str!("migrations/0001_flows.sql"),
    include_str!("migrations/0002_tokens.sql"),
    include_str!("migrations/0003_changes.sql"),
];

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Enough for the reads of two cores; each holds a file handle and a page cache.
const READERS: u32 = 4;

/// A [`Store`] in a SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    options: SqliteConnectOptions,
    committed: watch::Sender<()>,
}

impl SqliteStore {
    /// Opens the file, makes it where it is missing, and brings it up to date.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or written, or a newer version of this program made it.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(BUSY_TIMEOUT)
        };
        let writer = open_patiently(|| pool(1).connect_with(options.clone())).await?;
        let store = Self {
            readers: pool(READERS).connect_lazy_with(options.clone()),
            writer,
            options,
            committed: watch::Sender::new(()),
        };
        store.migrate().await?;
        Ok(store)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        // The version is read under the write lock: two processes may start at once.
        let mut transaction = self.begin().await?;
        let version: i64 = sqlx::query("PRAGMA user_version")
            .fetch_one(&mut *transaction)
            .await?
            .try_get(0)?;
        let Some(missing) = usize::try_from(version)
            .ok()
            .and_then(|version| MIGRATIONS.get(version..))
        else {
            return Err(StoreError::Impossible(format!(
                "it has version {version}, which a newer release made"
            )));
        };
        if missing.is_empty() {
            return Ok(());
        }
        for migration in missing {
            sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        }
        // A pragma takes no parameters. It is part of the transaction.
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "PRAGMA user_version = {}",
            MIGRATIONS.len()
        )))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Commits, and wakes whoever watches: most changes are this process's own.
    async fn commit(&self, transaction: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.committed.send_replace(());
        Ok(())
    }
}

/// Two processes that make a file at once both turn it to WAL, and SQLite tells the second that it is busy without
/// asking its busy timeout, so the waiting is done here.
async fn open_patiently<F>(connect: impl Fn() -> F) -> Result<SqlitePool, sqlx::Error>
where
    F: Future<Output = Result<SqlitePool, sqlx::Error>>,
{
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connect().await {
            Err(error)
                if error.as_database_error().and_then(sqlite_code) == Some(SQLITE_BUSY)
                    && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

impl Store for SqliteStore {
    fn open_attempt<'a>(
        &'a self,
        flow: &'a NewFlow,
        attempt: &'a NewAttempt,
        now: Millis,
    ) -> Answer<'a, Opening> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let opening = write::open_attempt(&mut transaction, flow, attempt, now).await?;
            self.commit(transaction).await?;
            Ok(opening)
        })
    }

    fn attempt<'a>(&'a self, state_hash: &'a [u8; 32]) -> Answer<'a, Option<AttemptOf>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::attempt(&mut connection, state_hash).await
        })
    }

    fn claim<'a>(
        &'a self,
        of: &'a Return,
        claim: &'a Claim,
        now: Millis,
    ) -> Answer<'a, Option<Claimed>> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let claimed = write::claim(&mut transaction, of, claim, now).await?;
            self.commit(transaction).await?;
            Ok(claimed)
        })
    }

    fn refuse<'a>(
        &'a self,
        of: &'a Return,
        to: FlowState,
        error: &'a ErrorCode,
        now: Millis,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let refused = write::refuse(&mut transaction, of, to, error, now).await?;
            self.commit(transaction).await?;
            Ok(refused)
        })
    }

    fn cancel<'a>(
        &'a self,
        user: &'a str,
        flow: &'a FlowId,
        now: Millis,
    ) -> Answer<'a, Cancelling> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let cancelling = write::cancel(&mut transaction, user, flow, now).await?;
            self.commit(transaction).await?;
            Ok(cancelling)
        })
    }

    fn complete<'a>(&'a self, completion: &'a Completion, now: Millis) -> Answer<'a, Completing> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let completing = write::complete(&mut transaction, completion, now).await?;
            if completing == Completing::Moved {
                transaction.rollback().await?;
            } else {
                self.commit(transaction).await?;
            }
            Ok(completing)
        })
    }

    fn fail<'a>(
        &'a self,
        flow: &'a FlowId,
        claim_id: &'a str,
        error: &'a ErrorCode,
        now: Millis,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let failed = write::fail(&mut transaction, flow, claim_id, error, now).await?;
            self.commit(transaction).await?;
            Ok(failed)
        })
    }

    fn resume<'a>(
        &'a self,
        of: &'a Return,
        flow: &'a NewFlow,
        attempt: &'a NewAttempt,
        now: Millis,
    ) -> Answer<'a, Option<Flow>> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let resumed = write::resume(&mut transaction, of, flow, attempt, now).await?;
            self.commit(transaction).await?;
            Ok(resumed)
        })
    }

    fn flow<'a>(&'a self, user: &'a str, id: &'a FlowId) -> Answer<'a, Option<Flow>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            let flow = rows::flow(&mut connection, id.as_str()).await?;
            Ok(flow.filter(|flow| flow.user == user))
        })
    }

    fn latest_flow<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
        since: Millis,
    ) -> Answer<'a, Option<Flow>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::latest_flow(&mut connection, user, provider, since).await
        })
    }

    fn connection<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
    ) -> Answer<'a, Option<StoredConnection>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::connection(&mut connection, user, provider).await
        })
    }

    fn revocations(&self) -> Answer<'_, Vec<PendingRevocation>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::revocations(&mut connection).await
        })
    }

    fn sweep(&self, now: Millis, forget_before: Millis) -> Answer<'_, Swept> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let swept = write::sweep(&mut transaction, now, forget_before).await?;
            self.commit(transaction).await?;
            Ok(swept)
        })
    }

    fn key_ids(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::key_ids(&mut connection).await
        })
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            sqlx::query("SELECT count(*) FROM sqlite_schema")
                .fetch_one(&self.readers)
                .await?;
            Ok(())
        })
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.readers.close().await;
            self.writer.close().await;
        })
    }
}
