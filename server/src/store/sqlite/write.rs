//! What is written: each step of a flow is one conditional update.

use super::super::row::write_tools;
use super::super::{
    Cancelling, Claim, Claimed, Completing, Completion, Flow, FlowState, NewAttempt, NewConnection,
    NewFlow, Opening, PendingRevocation, Return, StoreError, Swept,
};
use super::rows;
use crate::clock::Millis;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use sqlx::{Row as _, SqliteConnection};

pub(super) async fn open_attempt(
    connection: &mut SqliteConnection,
    new: &NewFlow,
    attempt: &NewAttempt,
    now: Millis,
) -> Result<Opening, StoreError> {
    let mut existing = rows::flow(connection, new.id.as_str()).await?;
    if let (None, Some(key)) = (&existing, &new.idempotency_key) {
        existing = rows::flow_by_idempotency_key(connection, &new.user, key).await?;
    }
    let Some(flow) = existing else {
        insert_flow(connection, new, None, now).await?;
        insert_attempt(connection, &new.id, attempt, now).await?;
        return Ok(Opening::Opened(written(connection, &new.id).await?, true));
    };
    if flow.user != new.user || flow.provider != new.provider {
        return Ok(Opening::Foreign);
    }
    if flow.state != FlowState::Pending || flow.expires_at <= now {
        return Ok(Opening::Closed(flow));
    }
    let attempts: i64 = sqlx::query("SELECT count(*) FROM attempts WHERE flow_id = ?1")
        .bind(flow.id.as_str())
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if attempts >= i64::from(attempt.limit) {
        return Ok(Opening::Exhausted(flow));
    }
    insert_attempt(connection, &flow.id, attempt, now).await?;
    Ok(Opening::Opened(flow, false))
}

pub(super) async fn claim(
    connection: &mut SqliteConnection,
    of: &Return,
    claim: &Claim,
    now: Millis,
) -> Result<Option<Claimed>, StoreError> {
    // Read first, for the update's trigger removes the verifier; the update alone decides.
    let Some(found) = rows::attempt(connection, &of.state_hash).await? else {
        return Ok(None);
    };
    let row = sqlx::query(
        "UPDATE flows SET status = 'exchanging', claim_id = ?5, claim_until = ?6 \
         WHERE id = (SELECT flow_id FROM attempts WHERE state_hash = ?1 AND binding_hash = ?2) \
           AND provider = ?3 AND user_id = ?4 AND status = 'pending' AND claimable_until > ?7 \
         RETURNING id",
    )
    .bind(of.state_hash.as_slice())
    .bind(of.binding_hash.as_slice())
    .bind(&of.provider)
    .bind(&of.user)
    .bind(&claim.id)
    .bind(claim.until)
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    if row.is_none() {
        return Ok(None);
    }
    Ok(Some(Claimed {
        flow: written(connection, &found.flow.id).await?,
        claim_id: claim.id.clone(),
        state_hash: of.state_hash,
        redirect_uri: found.attempt.redirect_uri,
        verifier: found.attempt.verifier,
    }))
}

pub(super) async fn refuse(
    connection: &mut SqliteConnection,
    of: &Return,
    to: FlowState,
    error: &ErrorCode,
    now: Millis,
) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "UPDATE flows SET status = ?5, error_code = ?6, settled_at = ?7 \
         WHERE id = (SELECT flow_id FROM attempts WHERE state_hash = ?1 AND binding_hash = ?2) \
           AND provider = ?3 AND user_id = ?4 AND status = 'pending' AND claimable_until > ?7",
    )
    .bind(of.state_hash.as_slice())
    .bind(of.binding_hash.as_slice())
    .bind(&of.provider)
    .bind(&of.user)
    .bind(to.as_str())
    .bind(error.as_str())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(result.rows_affected() == 1)
}

pub(super) async fn cancel(
    connection: &mut SqliteConnection,
    user: &str,
    flow: &FlowId,
    now: Millis,
) -> Result<Cancelling, StoreError> {
    let result = sqlx::query(
        "UPDATE flows SET status = 'cancelled', error_code = ?3, settled_at = ?4 \
         WHERE id = ?1 AND user_id = ?2 AND status = 'pending' AND claimable_until > ?4",
    )
    .bind(flow.as_str())
    .bind(user)
    .bind(ErrorCode::CANCELLED_BY_USER.as_str())
    .bind(now)
    .execute(&mut *connection)
    .await?;
    let cancelled = result.rows_affected() == 1;
    Ok(match rows::flow(connection, flow.as_str()).await? {
        Some(flow) if flow.user != user => Cancelling::Unknown,
        Some(flow) if cancelled || flow.state == FlowState::Cancelled => {
            Cancelling::Cancelled(flow)
        }
        Some(flow) => Cancelling::TooLate(flow),
        None => Cancelling::Unknown,
    })
}

pub(super) async fn complete(
    connection: &mut SqliteConnection,
    completion: &Completion,
    now: Millis,
) -> Result<Completing, StoreError> {
    let row = sqlx::query(
        "SELECT status = 'completed' FROM flows WHERE id = ?1 AND claim_id = ?2 \
           AND (status IN ('exchanging', 'completed') OR (status = 'failed' AND error_code = 'interrupted'))",
    )
    .bind(completion.flow.as_str())
    .bind(&completion.claim_id)
    .fetch_optional(&mut *connection)
    .await?;
    let done: Option<bool> = row.map(|row| row.try_get(0)).transpose()?;
    if done == Some(true) {
        // Asked again because the answer to the first commit was lost: these tokens are the stored ones.
        return Ok(Completing::Completed);
    }
    if done.is_none() {
        for revocation in &completion.otherwise {
            queue_revocation(connection, revocation, now).await?;
        }
        return Ok(Completing::Refused);
    }
    if !upsert_connection(connection, &completion.connection, now).await? {
        return Ok(Completing::Moved);
    }
    let result = sqlx::query(
        "UPDATE flows SET status = 'completed', error_code = NULL, connection_id = ?3, settled_at = ?4 \
         WHERE id = ?1 AND claim_id = ?2 \
           AND (status = 'exchanging' OR (status = 'failed' AND error_code = 'interrupted'))",
    )
    .bind(completion.flow.as_str())
    .bind(&completion.claim_id)
    .bind(&completion.connection.id)
    .bind(now)
    .execute(connection)
    .await?;
    if result.rows_affected() == 1 {
        Ok(Completing::Completed)
    } else {
        // The write lock is held since the check above.
        Err(StoreError::Impossible(
            "a claim was lost inside a transaction".to_owned(),
        ))
    }
}

pub(super) async fn fail(
    connection: &mut SqliteConnection,
    flow: &FlowId,
    claim_id: &str,
    error: &ErrorCode,
    now: Millis,
) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "UPDATE flows SET status = 'failed', error_code = ?3, settled_at = ?4 \
         WHERE id = ?1 AND claim_id = ?2 AND status = 'exchanging'",
    )
    .bind(flow.as_str())
    .bind(claim_id)
    .bind(error.as_str())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(result.rows_affected() == 1)
}

pub(super) async fn resume(
    connection: &mut SqliteConnection,
    of: &Return,
    new: &NewFlow,
    attempt: &NewAttempt,
    now: Millis,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query(
        "UPDATE flows SET superseded_by = ?5, status = 'expired', \
           error_code = 'expired', settled_at = coalesce(settled_at, ?6) \
         WHERE id = (SELECT flow_id FROM attempts WHERE state_hash = ?1 AND binding_hash = ?2) \
           AND provider = ?3 AND user_id = ?4 AND superseded_by IS NULL AND resumed_from IS NULL \
           AND (status = 'expired' OR (status = 'pending' AND claimable_until <= ?6)) \
         RETURNING id",
    )
    .bind(of.state_hash.as_slice())
    .bind(of.binding_hash.as_slice())
    .bind(&of.provider)
    .bind(&of.user)
    .bind(new.id.as_str())
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let expired: String = row.try_get("id")?;
    insert_flow(connection, new, Some(&expired), now).await?;
    insert_attempt(connection, &new.id, attempt, now).await?;
    written(connection, &new.id).await.map(Some)
}

pub(super) async fn sweep(
    connection: &mut SqliteConnection,
    now: Millis,
    forget_before: Millis,
) -> Result<Swept, StoreError> {
    let expired = sqlx::query(
        "UPDATE flows SET status = 'expired', error_code = 'expired', settled_at = ?1 \
         WHERE status = 'pending' AND claimable_until <= ?1",
    )
    .bind(now)
    .execute(&mut *connection)
    .await?;
    let interrupted = sqlx::query(
        "UPDATE flows SET status = 'failed', error_code = 'interrupted', settled_at = ?1 \
         WHERE status = 'exchanging' AND claim_until <= ?1",
    )
    .bind(now)
    .execute(&mut *connection)
    .await?;
    let removed = sqlx::query("DELETE FROM flows WHERE settled_at < ?1")
        .bind(forget_before)
        .execute(connection)
        .await?;
    Ok(Swept {
        expired: expired.rows_affected(),
        interrupted: interrupted.rows_affected(),
        removed: removed.rows_affected(),
    })
}

async fn insert_flow(
    connection: &mut SqliteConnection,
    new: &NewFlow,
    resumed_from: Option<&str>,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO flows (id, user_id, provider, status, return_to, idempotency_key, created_at, expires_at, \
           claimable_until, resumed_from) \
         VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(new.id.as_str())
    .bind(&new.user)
    .bind(&new.provider)
    .bind(&new.return_to)
    .bind(&new.idempotency_key)
    .bind(now)
    .bind(new.expires_at)
    .bind(new.claimable_until)
    .bind(resumed_from)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_attempt(
    connection: &mut SqliteConnection,
    flow: &FlowId,
    attempt: &NewAttempt,
    now: Millis,
) -> Result<(), StoreError> {
    let verifier = attempt.verifier.as_ref();
    sqlx::query(
        "INSERT INTO attempts (state_hash, flow_id, binding_hash, redirect_uri, pkce_method, key_id, verifier, \
           created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(attempt.state_hash.as_slice())
    .bind(flow.as_str())
    .bind(attempt.binding_hash.as_slice())
    .bind(&attempt.redirect_uri)
    .bind(verifier.map(|_| "S256"))
    .bind(verifier.map(|sealed| &sealed.key_id))
    .bind(verifier.map(|sealed| &sealed.bytes))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the connection, or gives the person's active one new tokens. Whether the active one is still this one.
async fn upsert_connection(
    connection: &mut SqliteConnection,
    new: &NewConnection,
    now: Millis,
) -> Result<bool, StoreError> {
    let ended =
        sqlx::query("SELECT 1 FROM connections WHERE id = ?1 AND disconnected_at IS NOT NULL")
            .bind(&new.id)
            .fetch_optional(&mut *connection)
            .await?;
    if ended.is_some() {
        return Ok(false);
    }
    let result = sqlx::query(
        "INSERT INTO connections (id, user_id, provider, tools, scope, token_type, key_id, access_token, \
           refresh_token, access_expires_at, created_at, updated_at, access_issued_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?11) \
         ON CONFLICT (user_id, provider) WHERE disconnected_at IS NULL DO UPDATE SET \
           tools = excluded.tools, scope = excluded.scope, token_type = excluded.token_type, \
           key_id = excluded.key_id, access_token = excluded.access_token, \
           refresh_token = excluded.refresh_token, access_expires_at = excluded.access_expires_at, \
           generation = generation + 1, updated_at = excluded.updated_at, \
           access_issued_at = excluded.access_issued_at, reauth_reason = NULL, lease_id = NULL, \
           lease_until = NULL, sent_generation = NULL, refresh_error = NULL, cooling_until = NULL \
         WHERE connections.id = excluded.id",
    )
    .bind(&new.id)
    .bind(&new.user)
    .bind(&new.provider)
    .bind(write_tools(&new.tools)?)
    .bind(&new.scope)
    .bind(&new.token_type)
    .bind(&new.access_token.key_id)
    .bind(&new.access_token.bytes)
    .bind(new.refresh_token.as_ref().map(|sealed| &sealed.bytes))
    .bind(new.access_expires_at)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(result.rows_affected() == 1)
}

pub(super) async fn queue_revocation(
    connection: &mut SqliteConnection,
    revocation: &PendingRevocation,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO revocations (id, user_id, provider, kind, key_id, token, queued_at, next_attempt_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )
    .bind(&revocation.id)
    .bind(&revocation.user)
    .bind(&revocation.provider)
    .bind(revocation.kind.as_str())
    .bind(&revocation.token.key_id)
    .bind(&revocation.token.bytes)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn written(connection: &mut SqliteConnection, id: &FlowId) -> Result<Flow, StoreError> {
    rows::flow(connection, id.as_str())
        .await?
        .ok_or_else(|| StoreError::Impossible("a flow is gone inside a transaction".to_owned()))
}
