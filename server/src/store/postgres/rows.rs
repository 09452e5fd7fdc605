//! What is read.

use super::super::row::{read_attempt, read_connection, read_flow, read_revocation};
use super::super::{AttemptOf, Flow, PendingRevocation, StoreError, StoredConnection};
use crate::clock::Millis;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

/// A flow and the tools of its connection, and then the given end of the statement.
macro_rules! select_flow {
    ($end:literal) => {
        concat!(
            "SELECT flows.*, (SELECT tools FROM connections WHERE connections.id = flows.connection_id) AS tools ",
            "FROM flows ",
            $end
        )
    };
}

pub(super) async fn flow(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query(select_flow!("WHERE id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_flow).transpose()
}

/// The flow that stands in the way of a new one, by its id or else by the person's idempotency key. Locked, so that its
/// attempts can be counted and nobody settles it meanwhile.
pub(super) async fn flow_for_update(
    connection: &mut PgConnection,
    id: &str,
    user: &str,
    key: Option<&str>,
) -> Result<Option<Flow>, StoreError> {
    let mut row = sqlx::query(select_flow!("WHERE id = $1 FOR UPDATE OF flows"))
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    if let (None, Some(key)) = (&row, key) {
        row = sqlx::query(select_flow!(
            "WHERE user_id = $1 AND idempotency_key = $2 FOR UPDATE OF flows"
        ))
        .bind(user)
        .bind(key)
        .fetch_optional(connection)
        .await?;
    }
    row.as_ref().map(read_flow).transpose()
}

pub(super) async fn latest_flow(
    connection: &mut PgConnection,
    user: &str,
    provider: &str,
    since: Millis,
) -> Result<Option<Flow>, StoreError> {
    if !is_text(provider) {
        return Ok(None);
    }
    let row = sqlx::query(select_flow!(
        "WHERE user_id = $1 AND provider = $2 AND (created_at >= $3 OR settled_at >= $3) \
         ORDER BY created_at DESC, number DESC LIMIT 1"
    ))
    .bind(user)
    .bind(provider)
    .bind(since)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_flow).transpose()
}

/// The flows whose number is higher, in their order.
pub(super) async fn flows_after(
    connection: &mut PgConnection,
    user: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Flow>, StoreError> {
    sqlx::query(select_flow!(
        "WHERE user_id = $1 AND version > $2 ORDER BY version LIMIT $3"
    ))
    .bind(user)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?
    .iter()
    .map(read_flow)
    .collect()
}

pub(super) async fn attempt(
    connection: &mut PgConnection,
    state_hash: &[u8; 32],
) -> Result<Option<AttemptOf>, StoreError> {
    let Some(row) = sqlx::query(
        "SELECT flow_id, binding_hash, redirect_uri, verifier FROM attempts WHERE state_hash = $1",
    )
    .bind(state_hash.as_slice())
    .fetch_optional(&mut *connection)
    .await?
    else {
        return Ok(None);
    };
    let attempt = read_attempt(&row)?;
    let flow_id: String = row.try_get("flow_id")?;
    let flow = flow(connection, &flow_id).await?;
    Ok(flow.map(|flow| AttemptOf { attempt, flow }))
}

pub(super) async fn connection(
    connection: &mut PgConnection,
    user: &str,
    provider: &str,
) -> Result<Option<StoredConnection>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM connections WHERE user_id = $1 AND provider = $2 AND disconnected_at IS NULL",
    )
    .bind(user)
    .bind(provider)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_connection).transpose()
}

/// The active connections, of one person or of all.
pub(super) async fn connections(
    connection: &mut PgConnection,
    user: Option<&str>,
) -> Result<Vec<StoredConnection>, StoreError> {
    // Byte by byte, as SQLite sorts: the order must not follow the database's language.
    sqlx::query(
        "SELECT * FROM connections WHERE disconnected_at IS NULL AND ($1 IS NULL OR user_id = $1) \
         ORDER BY user_id COLLATE \"C\", provider COLLATE \"C\"",
    )
    .bind(user)
    .fetch_all(connection)
    .await?
    .iter()
    .map(read_connection)
    .collect()
}

/// The active connection of that id. Locked, so that what is decided by it still holds when it is written.
pub(super) async fn active_for_update(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<StoredConnection>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM connections WHERE id = $1 AND disconnected_at IS NULL FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_connection).transpose()
}

/// A person's connection of that id, also when it is disconnected.
pub(super) async fn connection_of(
    connection: &mut PgConnection,
    user: &str,
    id: &str,
) -> Result<Option<StoredConnection>, StoreError> {
    if !is_text(id) {
        return Ok(None);
    }
    let row = sqlx::query("SELECT * FROM connections WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(user)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_connection).transpose()
}

/// The connections whose number is higher, in their order.
pub(super) async fn connections_after(
    connection: &mut PgConnection,
    user: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredConnection>, StoreError> {
    sqlx::query(
        "SELECT * FROM connections WHERE user_id = $1 AND version > $2 ORDER BY version LIMIT $3",
    )
    .bind(user)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?
    .iter()
    .map(read_connection)
    .collect()
}

pub(super) async fn revocations(
    connection: &mut PgConnection,
) -> Result<Vec<PendingRevocation>, StoreError> {
    sqlx::query("SELECT * FROM revocations ORDER BY queued_at, number")
        .fetch_all(connection)
        .await?
        .iter()
        .map(read_revocation)
        .collect()
}

pub(super) async fn key_ids(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT key_id FROM connections WHERE disconnected_at IS NULL UNION SELECT key_id FROM revocations \
         UNION SELECT key_id FROM attempts WHERE key_id IS NOT NULL ORDER BY key_id",
    )
    .fetch_all(connection)
    .await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(row.try_get(0)?);
    }
    Ok(ids)
}

/// Whether a row may hold it: no text of PostgreSQL has a NUL in it, and to ask for one is an error there.
fn is_text(text: &str) -> bool {
    !text.contains('\0')
}
