//! Disconnecting, and the queue of tokens that wait to be revoked.

use super::super::row::read_revocation;
use super::super::{Disconnection, PendingRevocation, StoreError};
use super::write::queue_revocation;
use crate::clock::Millis;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

pub(super) async fn disconnect(
    connection: &mut PgConnection,
    of: &Disconnection,
    now: Millis,
) -> Result<bool, StoreError> {
    // The row stays, for flows point to it; the tokens live on in the queue alone.
    let result = sqlx::query(
        "UPDATE connections SET disconnected_at = $3, updated_at = $3, access_token = '', refresh_token = NULL, \
           lease_id = NULL, lease_until = NULL, sent_generation = NULL \
         WHERE id = $1 AND generation = $2 AND disconnected_at IS NULL",
    )
    .bind(&of.connection)
    .bind(of.generation)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if result.rows_affected() != 1 {
        return Ok(false);
    }
    for token in &of.tokens {
        queue_revocation(connection, token, now).await?;
    }
    Ok(true)
}

/// Putting it off is what takes it: whoever dies with it leaves it to be taken again. One that another instance takes at
/// this moment is skipped: to wait for it would be to take it twice.
pub(super) async fn take(
    connection: &mut PgConnection,
    id: Option<&str>,
    now: Millis,
    until: Millis,
) -> Result<Option<(PendingRevocation, u32)>, StoreError> {
    let row = sqlx::query(
        "UPDATE revocations SET attempts = attempts + 1, next_attempt_at = $2 \
         WHERE id = (SELECT due.id FROM revocations AS due \
           WHERE due.next_attempt_at <= $1 AND ($3 IS NULL OR due.id = $3) AND (due.kind = 'refresh_token' OR NOT EXISTS ( \
             SELECT 1 FROM revocations AS before WHERE before.kind = 'refresh_token' \
               AND before.user_id = due.user_id AND before.provider = due.provider \
               AND before.queued_at = due.queued_at)) \
           ORDER BY due.next_attempt_at, due.queued_at, due.number LIMIT 1 FOR UPDATE SKIP LOCKED) \
         RETURNING *",
    )
    .bind(now)
    .bind(until)
    .bind(id)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let attempts: i64 = row.try_get("attempts")?;
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    Ok(Some((read_revocation(&row)?, attempts)))
}

pub(super) async fn postpone(
    connection: &mut PgConnection,
    id: &str,
    until: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE revocations SET next_attempt_at = $2 WHERE id = $1")
        .bind(id)
        .bind(until)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn finish(connection: &mut PgConnection, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM revocations WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn waiting(
    connection: &mut PgConnection,
    user: Option<&str>,
) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT count(*) FROM revocations WHERE $1 IS NULL OR user_id = $1")
        .bind(user)
        .fetch_one(connection)
        .await?;
    let count: i64 = row.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or_default())
}
