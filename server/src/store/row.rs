//! How the rows of either database become records.

use super::{
    Attempt, Flow, FlowState, PendingRevocation, ReauthReason, SealedRow, SealedTable, StoreError,
    StoredConnection, TokenKind,
};
use crate::envelope::Sealed;
use crate::random::base64url;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use sqlx::Row as _;

/// The columns of a row by name. sqlx has a row type for each database and no bound that covers both.
pub(super) trait Columns {
    fn text(&self, name: &str) -> Result<String, StoreError>;
    fn text_or_null(&self, name: &str) -> Result<Option<String>, StoreError>;
    fn number(&self, name: &str) -> Result<i64, StoreError>;
    fn number_or_null(&self, name: &str) -> Result<Option<i64>, StoreError>;
    fn bytes(&self, name: &str) -> Result<Vec<u8>, StoreError>;
    fn bytes_or_null(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
}

macro_rules! columns_of {
    ($row:ty, $($method:ident -> $value:ty),+) => {
        impl Columns for $row {
            $(fn $method(&self, name: &str) -> Result<$value, StoreError> {
                Ok(self.try_get(name)?)
            })+
        }
    };
    ($row:ty) => {
        columns_of!(
            $row,
            text -> String,
            text_or_null -> Option<String>,
            number -> i64,
            number_or_null -> Option<i64>,
            bytes -> Vec<u8>,
            bytes_or_null -> Option<Vec<u8>>
        );
    };
}

columns_of!(sqlx::sqlite::SqliteRow);
columns_of!(sqlx::postgres::PgRow);

pub(super) fn read_flow(row: &impl Columns) -> Result<Flow, StoreError> {
    let state = row.text("status")?;
    let other = |name| row.text_or_null(name)?.map(flow_id).transpose();
    Ok(Flow {
        id: flow_id(row.text("id")?)?,
        user: row.text("user_id")?,
        provider: row.text("provider")?,
        state: FlowState::parse(&state)
            .ok_or_else(|| StoreError::Impossible(format!("the status {state}")))?,
        error: row.text_or_null("error_code")?.and_then(ErrorCode::parse),
        return_to: row.text_or_null("return_to")?,
        created_at: row.number("created_at")?,
        expires_at: row.number("expires_at")?,
        claimable_until: row.number("claimable_until")?,
        settled_at: row.number_or_null("settled_at")?,
        connection_id: row.text_or_null("connection_id")?,
        tools: row
            .text_or_null("tools")?
            .map_or(Ok(Vec::new()), read_tools)?,
        resumed_from: other("resumed_from")?,
        superseded_by: other("superseded_by")?,
        version: row.number("version")?,
    })
}

pub(super) fn read_attempt(row: &impl Columns) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        binding_hash: row
            .bytes("binding_hash")?
            .try_into()
            .map_err(|_| StoreError::Impossible("a binding hash is not 32 bytes".to_owned()))?,
        redirect_uri: row.text("redirect_uri")?,
        verifier: row.bytes_or_null("verifier")?,
    })
}

pub(super) fn read_connection(row: &impl Columns) -> Result<StoredConnection, StoreError> {
    Ok(StoredConnection {
        id: row.text("id")?,
        user: row.text("user_id")?,
        provider: row.text("provider")?,
        tools: read_tools(row.text("tools")?)?,
        scope: row.text_or_null("scope")?,
        access_token: row.bytes("access_token")?,
        refresh_token: row.bytes_or_null("refresh_token")?,
        access_issued_at: row.number_or_null("access_issued_at")?,
        access_expires_at: row.number_or_null("access_expires_at")?,
        generation: row.number("generation")?,
        reauth_reason: match row.text_or_null("reauth_reason")? {
            Some(text) => Some(
                ReauthReason::parse(&text)
                    .ok_or_else(|| StoreError::Impossible(format!("the reason {text}")))?,
            ),
            None => None,
        },
        lease_until: row.number_or_null("lease_until")?,
        sent_generation: row.number_or_null("sent_generation")?,
        refresh_error: row.text_or_null("refresh_error")?,
        cooling_until: row.number_or_null("cooling_until")?,
        created_at: row.number("created_at")?,
        updated_at: row.number("updated_at")?,
        disconnected_at: row.number_or_null("disconnected_at")?,
        version: row.number("version")?,
    })
}

pub(super) fn read_revocation(row: &impl Columns) -> Result<PendingRevocation, StoreError> {
    Ok(PendingRevocation {
        id: row.text("id")?,
        user: row.text("user_id")?,
        provider: row.text("provider")?,
        kind: if row.text("kind")? == TokenKind::Refresh.as_str() {
            TokenKind::Refresh
        } else {
            TokenKind::Access
        },
        token: Sealed {
            key_id: row.text("key_id")?,
            bytes: row.bytes("token")?,
        },
    })
}

pub(super) fn read_sealed(row: &impl Columns) -> Result<SealedRow, StoreError> {
    let table = match row.text("place")?.as_str() {
        "connections" => SealedTable::Connections,
        "revocations" => SealedTable::Revocations,
        _ => SealedTable::Attempts,
    };
    let id = row.bytes("row")?;
    Ok(SealedRow {
        row: if table == SealedTable::Attempts {
            base64url(&id)
        } else {
            String::from_utf8(id).map_err(|_| StoreError::Impossible("an id".to_owned()))?
        },
        table,
        user: row.text("user_id")?,
        key_id: row.text("key_id")?,
        first: row.bytes("first")?,
        second: row.bytes_or_null("second")?,
    })
}

/// The tools as a row holds them.
pub(super) fn write_tools(tools: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(tools).map_err(|error| StoreError::Impossible(error.to_string()))
}

fn read_tools(json: String) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(&json).map_err(|_| StoreError::Impossible("a list of tools".to_owned()))
}

fn flow_id(text: String) -> Result<FlowId, StoreError> {
    FlowId::parse(text).ok_or_else(|| StoreError::Impossible("a flow id".to_owned()))
}
