//! The steps of a refresh, each one conditional update guarded by the generation.

use super::super::{Beginning, Ending, Intent, Renewal, Renewing, StoreError, Verdict};
use super::rows;
use super::write::queue_revocation;
use crate::clock::Millis;
use sqlx::postgres::PgConnection;

pub(super) async fn begin(
    connection: &mut PgConnection,
    intent: &Intent,
    now: Millis,
) -> Result<Beginning, StoreError> {
    let Some(row) = rows::active_for_update(connection, &intent.connection).await? else {
        return Ok(Beginning::Gone);
    };
    // A lease that ends much later than one that begins now was taken before the clock went back.
    let latest = intent.until.saturating_add(intent.until - now);
    let result = sqlx::query(
        "UPDATE connections SET lease_id = $3, lease_until = $4, \
           sent_generation = CASE WHEN $7 THEN generation ELSE sent_generation END \
         WHERE id = $1 AND generation = $2 AND disconnected_at IS NULL AND reauth_reason IS NULL \
           AND (lease_id IS NULL OR lease_until <= $5 OR lease_until > $6) \
           AND ($8 OR cooling_until IS NULL OR cooling_until <= $5)",
    )
    .bind(&intent.connection)
    .bind(intent.generation)
    .bind(&intent.lease)
    .bind(intent.until)
    .bind(now)
    .bind(latest)
    .bind(intent.sends)
    .bind(intent.forced)
    .execute(connection)
    .await?;
    Ok(if result.rows_affected() == 1 {
        Beginning::Begun(Box::new(row))
    } else {
        Beginning::Refused(Box::new(row))
    })
}

pub(super) async fn renew(
    connection: &mut PgConnection,
    renewal: &Renewal,
    now: Millis,
) -> Result<Renewing, StoreError> {
    let result = sqlx::query(
        "UPDATE connections SET key_id = $3, access_token = $4, refresh_token = $5, \
           scope = coalesce($6, scope), access_expires_at = $7, access_issued_at = $8, updated_at = $8, \
           generation = generation + 1, reauth_reason = NULL, lease_id = NULL, lease_until = NULL, \
           sent_generation = NULL, refresh_error = NULL, cooling_until = NULL \
         WHERE id = $1 AND generation = $2 AND disconnected_at IS NULL",
    )
    .bind(&renewal.connection)
    .bind(renewal.generation)
    .bind(&renewal.access_token.key_id)
    .bind(&renewal.access_token.bytes)
    .bind(renewal.refresh_token.as_ref().map(|sealed| &sealed.bytes))
    .bind(&renewal.scope)
    .bind(renewal.access_expires_at)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if result.rows_affected() == 1 {
        return Ok(Renewing::Stored);
    }
    // Asked again because the answer to the first commit was lost, the tokens are the stored ones: `Moved` too.
    if rows::active_for_update(connection, &renewal.connection)
        .await?
        .is_some()
    {
        return Ok(Renewing::Moved);
    }
    for revocation in &renewal.otherwise {
        queue_revocation(connection, revocation, now).await?;
    }
    Ok(Renewing::Disconnected)
}

pub(super) async fn end(
    connection: &mut PgConnection,
    ending: &Ending,
    now: Millis,
) -> Result<bool, StoreError> {
    let query = match &ending.verdict {
        Verdict::Untouched => sqlx::query(
            "UPDATE connections SET lease_id = NULL, lease_until = NULL \
             WHERE id = $1 AND generation = $2 AND lease_id = $3 AND disconnected_at IS NULL",
        )
        .bind(&ending.connection)
        .bind(ending.generation)
        .bind(&ending.lease),
        Verdict::Cooling { error, until } | Verdict::Uncertain { error, until } => sqlx::query(
            "UPDATE connections SET lease_id = NULL, lease_until = NULL, refresh_error = $4, cooling_until = $5, \
               sent_generation = CASE WHEN $6 THEN generation END \
             WHERE id = $1 AND generation = $2 AND lease_id = $3 AND disconnected_at IS NULL",
        )
        .bind(&ending.connection)
        .bind(ending.generation)
        .bind(&ending.lease)
        .bind(error)
        .bind(until)
        .bind(matches!(ending.verdict, Verdict::Uncertain { .. })),
        // Not by the lease: whoever was paused past it still knows what the provider said of this generation. But
        // where another attempt is under way, that one may hold the successor.
        Verdict::Reauth(reason) => sqlx::query(
            "UPDATE connections SET lease_id = NULL, lease_until = NULL, cooling_until = NULL, \
               refresh_error = 'invalid_grant', reauth_reason = $4 \
             WHERE id = $1 AND generation = $2 AND disconnected_at IS NULL \
               AND (lease_id IS NULL OR lease_id = $3 OR lease_until <= $5)",
        )
        .bind(&ending.connection)
        .bind(ending.generation)
        .bind(&ending.lease)
        .bind(reason.as_str())
        .bind(now),
    };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}
