//! A person's connections: how they stand, and what can be done with them. A token is in no answer.

use super::connection::Connection;
use super::identity::{Asking, Person};
use super::openapi::Problem;
use super::{origin, respond};
use crate::app::App;
use crate::store::{ConnectionState, StoredConnection};
use crate::tokens::{TokenError, Validity};
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use utoipa::ToSchema;

/// How long a request waits for a provider: below the half minute after which proxies give up. What it waits for goes on.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// When to ask again about what goes on.
const SOON: Duration = Duration::from_secs(1);

/// When to ask again after what only an operator can put right.
const MUCH_LATER: Duration = Duration::from_secs(5 * 60);

/// A person's connections.
#[derive(Serialize, ToSchema)]
struct Listed {
    /// The person's counter.
    version: i64,
    connections: Vec<Connection>,
}

/// A connection that has ended.
#[derive(Serialize, ToSchema)]
struct Disconnected {
    connection: Connection,
    /// `revoked` where the provider knows it too, `queued` where it will, `none` where it cannot be told.
    #[schema(pattern = "^(revoked|queued|none)$")]
    revocation: &'static str,
}

/// Whether a person's connections work.
#[derive(Serialize, ToSchema)]
struct Validated {
    connections: Vec<ValidatedConnection>,
}

#[derive(Serialize, ToSchema)]
struct ValidatedConnection {
    #[serde(flatten)]
    connection: Connection,
    /// `valid`, `invalid` or `unknown`.
    #[schema(pattern = "^(valid|invalid|unknown)$")]
    validity: &'static str,
}

/// What a caller knows of the connection that it wants refreshed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Known {
    /// The `version` that it has.
    version: Option<i64>,
}

/// Why there is no new token: the connection, or only that the database does not answer.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes two answers of one status")]
enum Unrefreshed {
    Connection(Connection),
    Problem(Problem),
}

/// `GET /oauth/connections`: the active ones. `ETag` is the person's counter: where a stream can begin without a gap.
#[utoipa::path(
    get,
    path = "/oauth/connections",
    tag = "connections",
    responses(
        (status = 200, description = "The active ones", body = Listed, headers(("ETag" = String, description = "The person's counter"))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
) -> Response {
    let Some(person) = person else {
        return respond::sign_in_required();
    };
    match app.tokens.listing(&person.user).await {
        Ok(listing) => {
            let rows = listing.connections.iter();
            let listed = Listed {
                version: listing.version,
                connections: rows.map(|row| Connection::of(&app, row)).collect(),
            };
            respond::versioned(respond::json(StatusCode::OK, &listed), listing.version)
        }
        Err(error) => failed("list", &error),
    }
}

/// `POST /oauth/connections/{id}/refresh`, with `{ "version": n }` where the caller knows one: a connection that has
/// been refreshed since is not refreshed again. 200; 409 where the person has to connect again or nothing can be
/// refreshed; 503 where it may work later.
#[utoipa::path(
    post,
    path = "/oauth/connections/{id}/refresh",
    tag = "connections",
    params(("id" = String, Path, description = "The connection's id")),
    request_body(content = Option<Known>, content_type = "application/json"),
    responses(
        (status = 200, description = "It has a new token", body = Connection),
        (status = 400, description = "The body is not of this form", body = Problem),
        (status = 403, description = "Not from a page of the app", body = Problem),
        (status = 404, description = "There is none, it is another person's, or it has ended: all look the same", body = Problem),
        (status = 409, description = "The person has to connect again, or there is no refresh token", body = Connection),
        (status = 413, description = "Too large"),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 500, description = "What is stored does not open: for the operator", body = Problem),
        (status = 503, description = "It may work later", body = Unrefreshed, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let row = match changed_by(&app, person, &id, &headers).await {
        Ok(row) => row,
        Err(response) => return *response,
    };
    let known = if body.is_empty() {
        Ok(Known::default())
    } else {
        serde_json::from_slice(&body)
    };
    let Ok(known) = known else {
        return respond::error(StatusCode::BAD_REQUEST, "invalid_request");
    };
    // Whatever happened since, a token that works now is a newer one.
    let is_newer = known.version.is_some_and(|version| version < row.version);
    if is_newer && row.state_at(app.clock.now()) == ConnectionState::Active {
        return respond::json(StatusCode::OK, &Connection::of(&app, &row));
    }
    let (status, retry_after) =
        match tokio::time::timeout(LONGEST_WAIT, app.tokens.renew(&row)).await {
            Ok(Ok(_)) => (StatusCode::OK, None),
            Ok(Err(TokenError::NotConnected)) => return respond::unknown_connection(),
            Ok(Err(TokenError::ReauthRequired(_) | TokenError::NotRefreshable)) => {
                (StatusCode::CONFLICT, None)
            }
            Ok(Err(TokenError::Later { retry_after, .. })) => {
                (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after))
            }
            Ok(Err(TokenError::UnknownProvider(_))) => {
                (StatusCode::SERVICE_UNAVAILABLE, Some(MUCH_LATER))
            }
            Ok(Err(error)) => return failed("refresh", &error),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Some(SOON)),
        };
    let row = match app.tokens.connection_of(&row.user, &row.id).await {
        Ok(Some(row)) if row.disconnected_at.is_none() => row,
        Ok(_) => return respond::unknown_connection(),
        Err(error) => return failed("refresh", &error),
    };
    let response = respond::json(status, &Connection::of(&app, &row));
    match retry_after {
        Some(span) => respond::retry_after(response, span.as_millis().div_ceil(1000)),
        None => response,
    }
}

/// `POST /oauth/connections/{id}/disconnect`: ended at once here, and at the provider as soon as it listens.
#[utoipa::path(
    post,
    path = "/oauth/connections/{id}/disconnect",
    tag = "connections",
    params(("id" = String, Path, description = "The connection's id")),
    responses(
        (status = 200, description = "It has ended", body = Disconnected),
        (status = 403, description = "Not from a page of the app", body = Problem),
        (status = 404, description = "There is none, it is another person's, or it has ended: all look the same", body = Problem),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 500, description = "What is stored does not open: for the operator", body = Problem),
        (status = 503, description = "The database does not answer", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn disconnect(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let row = match changed_by(&app, person, &id, &headers).await {
        Ok(row) => row,
        Err(response) => return *response,
    };
    let ended = match app.tokens.disconnect_only(&row).await {
        Ok(ended) => ended,
        Err(TokenError::NotConnected) => return respond::unknown_connection(),
        Err(error) => return failed("disconnect", &error),
    };
    let announced = app.tokens.announce(ended).await;
    match app.tokens.connection_of(&row.user, &row.id).await {
        Ok(Some(row)) => {
            let disconnected = Disconnected {
                connection: Connection::of(&app, &row),
                revocation: announced.as_str(),
            };
            respond::json(StatusCode::OK, &disconnected)
        }
        Ok(None) => respond::unknown_connection(),
        Err(error) => failed("disconnect", &error),
    }
}

/// `POST /oauth/connections/validate`: obtains every token as for any use, and shows it to its provider where that can
/// be asked.
#[utoipa::path(
    post,
    path = "/oauth/connections/validate",
    tag = "connections",
    responses(
        (status = 200, description = "The active ones, and whether they work", body = Validated),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not from a page of the app", body = Problem),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn validate(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    headers: HeaderMap,
) -> Response {
    let Some(person) = person else {
        return respond::sign_in_required();
    };
    if !origin::may_change(&app, &headers, person.ambient) {
        return respond::error(StatusCode::FORBIDDEN, "wrong_origin");
    }
    let before = match app.tokens.listing(&person.user).await {
        Ok(listing) => listing.connections,
        Err(error) => return failed("validate", &error),
    };
    let found = validities(&app, before).await;
    match app.tokens.listing(&person.user).await {
        Ok(listing) => {
            let rows = listing.connections.iter();
            let connections = rows
                .map(|row| ValidatedConnection {
                    connection: Connection::of(&app, row),
                    validity: found.get(&row.id).copied().unwrap_or("unknown"),
                })
                .collect();
            respond::json(StatusCode::OK, &Validated { connections })
        }
        Err(error) => failed("validate", &error),
    }
}

/// By connection, all at once; what takes too long is not in it.
async fn validities(app: &App, rows: Vec<StoredConnection>) -> HashMap<String, &'static str> {
    let mut asked = JoinSet::new();
    for row in rows {
        let tokens = Arc::clone(&app.tokens);
        asked.spawn(async move {
            let validated = tokens.validate(&row.user, &row.provider).await;
            (row.id, validity(&validated.validity))
        });
    }
    let mut found = HashMap::new();
    let collect = async {
        while let Some(answered) = asked.join_next().await {
            found.extend(answered);
        }
    };
    let _all_or_late = tokio::time::timeout(LONGEST_WAIT, collect).await;
    found
}

const fn validity(validity: &Validity) -> &'static str {
    match validity {
        Validity::Valid => "valid",
        Validity::Refused | Validity::Failed(TokenError::ReauthRequired(_)) => "invalid",
        Validity::Unchecked | Validity::Failed(_) => "unknown",
    }
}

/// The connection of that id, if the request may change it. Unknown, foreign and disconnected look the same.
async fn changed_by(
    app: &App,
    person: Option<Person>,
    id: &str,
    headers: &HeaderMap,
) -> Result<StoredConnection, Box<Response>> {
    let ambient = person.as_ref().is_none_or(|person| person.ambient);
    if !origin::may_change(app, headers, ambient) {
        let refused = respond::error(StatusCode::FORBIDDEN, "wrong_origin");
        return Err(Box::new(refused));
    }
    let unknown = || Box::new(respond::unknown_connection());
    let person = person.ok_or_else(unknown)?;
    match app.tokens.connection_of(&person.user, id).await {
        Ok(row) => row
            .filter(|row| row.disconnected_at.is_none())
            .ok_or_else(unknown),
        Err(error) => Err(Box::new(failed("connection", &error))),
    }
}

/// What does not open is the operator's affair, and never "not connected".
fn failed(operation: &'static str, error: &TokenError) -> Response {
    match error {
        TokenError::Open(_) => {
            tracing::error!(operation, %error, "failed");
            respond::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
        }
        _ => respond::unavailable(operation, error),
    }
}
