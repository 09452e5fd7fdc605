//! The tables, brought up to date at the start.

use super::super::StoreError;
use sqlx::postgres::PgConnection;
use sqlx::{Executor as _, Row as _};

/// In order; `schema_version` says how many a database has.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_store.sql")];

/// Instances that start at once wait for each other: any number that is always the same.
const LOCK: i64 = 0x6f61_7574_6873_796e;

pub(super) async fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *connection)
        .await?;
    // Looked for first: `IF NOT EXISTS` asks for the right to make it also where it is there.
    if !is_there(
        connection,
        "SELECT to_regnamespace('oauth_sync') IS NOT NULL",
    )
    .await?
    {
        connection.execute("CREATE SCHEMA oauth_sync").await?;
    }
    if !is_there(connection, EXISTS).await? {
        connection
            .execute(
                "CREATE TABLE oauth_sync.schema_version (version BIGINT NOT NULL); \
                 INSERT INTO oauth_sync.schema_version VALUES (0)",
            )
            .await?;
    }
    let version: i64 = sqlx::query("SELECT version FROM oauth_sync.schema_version")
        .fetch_one(&mut *connection)
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
        connection.execute(sqlx::raw_sql(*migration)).await?;
    }
    sqlx::query("UPDATE oauth_sync.schema_version SET version = version + $1")
        .bind(i64::try_from(missing.len()).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether the tables are there.
pub(super) const EXISTS: &str = "SELECT to_regclass('oauth_sync.schema_version') IS NOT NULL";

pub(super) async fn is_there(
    connection: &mut PgConnection,
    question: &'static str,
) -> Result<bool, StoreError> {
    Ok(sqlx::query(question)
        .fetch_one(connection)
        .await?
        .try_get(0)?)
}
