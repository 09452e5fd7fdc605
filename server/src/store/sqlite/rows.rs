//! What is read, and how rows become records.

use super::super::{
    Attempt, AttemptOf, Flow, FlowState, PendingRevocation, ReauthReason, StoreError,
    StoredConnection, TokenKind,
};
use crate::clock::Millis;
use crate::envelope::Sealed;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

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
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query(select_flow!("WHERE id = ?1"))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_flow).transpose()
}

pub(super) async fn flow_by_idempotency_key(
    connection: &mut SqliteConnection,
    user: &str,
    key: &str,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query(select_flow!("WHERE user_id = ?1 AND idempotency_key = ?2"))
        .bind(user)
        .bind(key)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_flow).transpose()
}

pub(super) async fn latest_flow(
    connection: &mut SqliteConnection,
    user: &str,
    provider: &str,
    since: Millis,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query(select_flow!(
        "WHERE user_id = ?1 AND provider = ?2 AND (created_at >= ?3 OR settled_at >= ?3) \
         ORDER BY created_at DESC, rowid DESC LIMIT 1"
    ))
    .bind(user)
    .bind(provider)
    .bind(since)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_flow).transpose()
}

pub(super) async fn attempt(
    connection: &mut SqliteConnection,
    state_hash: &[u8; 32],
) -> Result<Option<AttemptOf>, StoreError> {
    let Some(row) = sqlx::query(
        "SELECT flow_id, binding_hash, redirect_uri, verifier FROM attempts WHERE state_hash = ?1",
    )
    .bind(state_hash.as_slice())
    .fetch_optional(&mut *connection)
    .await?
    else {
        return Ok(None);
    };
    let binding_hash: Vec<u8> = row.try_get("binding_hash")?;
    let attempt = Attempt {
        binding_hash: binding_hash
            .try_into()
            .map_err(|_| StoreError::Impossible("a binding hash is not 32 bytes".to_owned()))?,
        redirect_uri: row.try_get("redirect_uri")?,
        verifier: row.try_get("verifier")?,
    };
    let flow_id: String = row.try_get("flow_id")?;
    let flow = flow(connection, &flow_id).await?;
    Ok(flow.map(|flow| AttemptOf { attempt, flow }))
}

pub(super) async fn connection(
    connection: &mut SqliteConnection,
    user: &str,
    provider: &str,
) -> Result<Option<StoredConnection>, StoreError> {
    let Some(row) = sqlx::query(
        "SELECT * FROM connections WHERE user_id = ?1 AND provider = ?2 AND disconnected_at IS NULL",
    )
    .bind(user)
    .bind(provider)
    .fetch_optional(connection)
    .await?
    else {
        return Ok(None);
    };
    read_connection(&row).map(Some)
}

/// The active connections, of one person or of all.
pub(super) async fn connections(
    connection: &mut SqliteConnection,
    user: Option<&str>,
) -> Result<Vec<StoredConnection>, StoreError> {
    sqlx::query(
        "SELECT * FROM connections WHERE disconnected_at IS NULL AND (?1 IS NULL OR user_id = ?1) \
         ORDER BY user_id, provider",
    )
    .bind(user)
    .fetch_all(connection)
    .await?
    .iter()
    .map(read_connection)
    .collect()
}

/// The active connection of that id.
pub(super) async fn connection_by_id(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<StoredConnection>, StoreError> {
    let row = sqlx::query("SELECT * FROM connections WHERE id = ?1 AND disconnected_at IS NULL")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_connection).transpose()
}

/// A person's connection of that id, also when it is disconnected.
pub(super) async fn connection_of(
    connection: &mut SqliteConnection,
    user: &str,
    id: &str,
) -> Result<Option<StoredConnection>, StoreError> {
    let row = sqlx::query("SELECT * FROM connections WHERE id = ?1 AND user_id = ?2")
        .bind(id)
        .bind(user)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_connection).transpose()
}

/// A person's flows that changed after a number, oldest change first.
pub(super) async fn flows_after(
    connection: &mut SqliteConnection,
    user: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Flow>, StoreError> {
    sqlx::query(select_flow!(
        "WHERE user_id = ?1 AND version > ?2 ORDER BY version LIMIT ?3"
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

/// A person's connections that changed after a number, oldest change first, also those that are disconnected.
pub(super) async fn connections_after(
    connection: &mut SqliteConnection,
    user: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredConnection>, StoreError> {
    sqlx::query(
        "SELECT * FROM connections WHERE user_id = ?1 AND version > ?2 ORDER BY version LIMIT ?3",
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
    connection: &mut SqliteConnection,
) -> Result<Vec<PendingRevocation>, StoreError> {
    sqlx::query("SELECT * FROM revocations ORDER BY queued_at, rowid")
        .fetch_all(connection)
        .await?
        .iter()
        .map(read_revocation)
        .collect()
}

pub(super) fn read_revocation(row: &SqliteRow) -> Result<PendingRevocation, StoreError> {
    let kind: String = row.try_get("kind")?;
    Ok(PendingRevocation {
        id: row.try_get("id")?,
        user: row.try_get("user_id")?,
        provider: row.try_get("provider")?,
        kind: if kind == TokenKind::Refresh.as_str() {
            TokenKind::Refresh
        } else {
            TokenKind::Access
        },
        token: Sealed {
            key_id: row.try_get("key_id")?,
            bytes: row.try_get("token")?,
        },
    })
}

pub(super) async fn key_ids(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT key_id FROM connections WHERE disconnected_at IS NULL UNION SELECT key_id FROM revocations \
         UNION SELECT key_id FROM attempts WHERE key_id IS NOT NULL",
    )
    .fetch_all(connection)
    .await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(row.try_get(0)?);
    }
    Ok(ids)
}

fn read_connection(row: &SqliteRow) -> Result<StoredConnection, StoreError> {
    let reason: Option<String> = row.try_get("reauth_reason")?;
    Ok(StoredConnection {
        id: row.try_get("id")?,
        user: row.try_get("user_id")?,
        provider: row.try_get("provider")?,
        tools: read_tools(row.try_get("tools")?)?,
        scope: row.try_get("scope")?,
        access_token: row.try_get("access_token")?,
        refresh_token: row.try_get("refresh_token")?,
        access_issued_at: row.try_get("access_issued_at")?,
        access_expires_at: row.try_get("access_expires_at")?,
        generation: row.try_get("generation")?,
        reauth_reason: match reason {
            Some(text) => Some(
                ReauthReason::parse(&text)
                    .ok_or_else(|| StoreError::Impossible(format!("the reason {text}")))?,
            ),
            None => None,
        },
        lease_until: row.try_get("lease_until")?,
        sent_generation: row.try_get("sent_generation")?,
        refresh_error: row.try_get("refresh_error")?,
        cooling_until: row.try_get("cooling_until")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        disconnected_at: row.try_get("disconnected_at")?,
        version: row.try_get("version")?,
    })
}

fn read_flow(row: &SqliteRow) -> Result<Flow, StoreError> {
    let state: String = row.try_get("status")?;
    let error: Option<String> = row.try_get("error_code")?;
    let tools: Option<String> = row.try_get("tools")?;
    Ok(Flow {
        id: flow_id(row.try_get("id")?)?,
        user: row.try_get("user_id")?,
        provider: row.try_get("provider")?,
        state: FlowState::parse(&state)
            .ok_or_else(|| StoreError::Impossible(format!("the status {state}")))?,
        error: error.and_then(ErrorCode::parse),
        return_to: row.try_get("return_to")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        claimable_until: row.try_get("claimable_until")?,
        settled_at: row.try_get("settled_at")?,
        connection_id: row.try_get("connection_id")?,
        tools: tools.map_or(Ok(Vec::new()), read_tools)?,
        resumed_from: other_flow(row.try_get("resumed_from")?)?,
        superseded_by: other_flow(row.try_get("superseded_by")?)?,
        version: row.try_get("version")?,
    })
}

fn flow_id(text: String) -> Result<FlowId, StoreError> {
    FlowId::parse(text).ok_or_else(|| StoreError::Impossible("a flow id".to_owned()))
}

fn other_flow(text: Option<String>) -> Result<Option<FlowId>, StoreError> {
    text.map(flow_id).transpose()
}

fn read_tools(json: String) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(&json).map_err(|_| StoreError::Impossible("a list of tools".to_owned()))
}
