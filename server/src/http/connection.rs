//! A connection as replies and events show it: what a page may know, and never a token.

use crate::app::App;
use crate::clock::Millis;
use crate::store::{ConnectionState, StoredConnection};
use crate::tokens::due_at;
use serde::Serialize;
use utoipa::ToSchema;

/// A connection. Spans are relative to the answer, so that the browser's clock need not be right.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection {
    /// The `integrationId` of its flow.
    pub id: String,
    /// The provider's id.
    pub provider: String,
    /// The tools that it connects.
    pub tools: Vec<String>,
    /// `active`, `expired`, `refresh_failed`, `reauth_required` or `disconnected`.
    pub state: &'static str,
    /// The number of its last change, on the person's counter: of two, the higher holds.
    pub version: i64,
    /// What was granted.
    pub scopes: Vec<String>,
    /// Whether its access token can be refreshed.
    pub refreshable: bool,
    /// Until the access token expires, if it does; negative since it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_in: Option<Millis>,
    /// Until it is time to refresh, if it ever is; negative since it has been.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refresh_in: Option<Millis>,
    /// After a failed refresh, how long the provider is left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_in: Option<Millis>,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<Error>,
    /// When it was first made, by the server's clock, in milliseconds since the epoch.
    pub connected_at: Millis,
    /// When its tokens were last replaced, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refreshed_at: Option<Millis>,
}

/// An error by its code alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionError)]
pub(super) struct Error {
    /// `grant_rejected`, `rotation_lost`, `no_refresh_token` or `refresh_failed`.
    pub code: &'static str,
}

impl Connection {
    /// `row` as it is now.
    pub(super) fn of(app: &App, row: &StoredConnection) -> Self {
        let now = app.clock.now();
        let state = row.state_at(now);
        let is_there = state != ConnectionState::Disconnected;
        let refreshable = is_there && row.refresh_token.is_some();
        Self {
            id: row.id.clone(),
            provider: row.provider.clone(),
            tools: row.tools.clone(),
            state: state.as_str(),
            version: row.version,
            scopes: scopes(app, row),
            refreshable,
            expires_in: row
                .access_expires_at
                .filter(|_| is_there)
                .map(|at| at - now),
            refresh_in: due_at(row).filter(|_| refreshable).map(|at| at - now),
            retry_in: match state {
                ConnectionState::RefreshFailed => row.cooling_until.map(|at| (at - now).max(0)),
                _ => None,
            },
            error: code(row, state).map(|code| Error { code }),
            connected_at: row.created_at,
            refreshed_at: row.access_issued_at.filter(|_| row.generation > 1),
        }
    }
}

fn code(row: &StoredConnection, state: ConnectionState) -> Option<&'static str> {
    match state {
        ConnectionState::ReauthRequired => row.reauth_reason.map(|reason| reason.as_str()),
        ConnectionState::RefreshFailed => Some("refresh_failed"),
        _ => None,
    }
}

/// RFC 6749 5.1: where the provider says nothing, what was asked for. Some separate scopes by commas.
fn scopes(app: &App, row: &StoredConnection) -> Vec<String> {
    match &row.scope {
        Some(scope) => scope
            .split([' ', ','])
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect(),
        None => app
            .flows
            .provider(&row.provider)
            .map(|provider| provider.scopes.clone())
            .unwrap_or_default(),
    }
}
