//! The answers that several handlers give.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, ETAG, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::reply::{Reply, Standing};
use serde::Serialize;
use serde_json::json;
use std::fmt::Display;

/// How long a client waits before it asks a busy database again.
pub(super) const BUSY_SECONDS: &str = "1";

/// A reply about a flow.
pub(super) fn reply(status: StatusCode, reply: &Reply) -> Response {
    (status, no_store(), Json(reply.to_wire())).into_response()
}

/// What an unknown flow, another person's and a missing one get alike.
pub(super) fn unknown() -> Response {
    let unknown = Reply {
        standing: Standing::Unknown,
        error: None,
        outcome: Outcome::default(),
        retry_after: None,
        superseded_by: None,
    };
    reply(StatusCode::NOT_FOUND, &unknown)
}

/// An error by its code alone.
pub(super) fn error(status: StatusCode, code: &str) -> Response {
    (
        status,
        no_store(),
        Json(json!({ "error": { "code": code } })),
    )
        .into_response()
}

/// The database does not answer: said to the client without detail, and to the log with it.
pub(super) fn unavailable(operation: &str, cause: &impl Display) -> Response {
    tracing::error!(operation, error = %cause, "not available");
    let unavailable = error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    retry_after(unavailable, BUSY_SECONDS)
}

/// With the time after which to ask again.
pub(super) fn retry_after(mut response: Response, seconds: impl Display) -> Response {
    if let Ok(seconds) = HeaderValue::from_str(&seconds.to_string()) {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// With the number of the last change in it.
pub(super) fn versioned(mut response: Response, version: i64) -> Response {
    if let Ok(version) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, version);
    }
    response
}

/// Something of a person's, as JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    (status, no_store(), Json(body)).into_response()
}

/// Nobody is signed in.
pub(super) fn sign_in_required() -> Response {
    error(StatusCode::UNAUTHORIZED, "sign_in_required")
}

/// What an unknown connection, another person's and one that has ended get alike.
pub(super) fn unknown_connection() -> Response {
    error(StatusCode::NOT_FOUND, "unknown_connection")
}

/// Nothing, for requests that nobody made.
pub(super) fn nothing() -> Response {
    (StatusCode::NO_CONTENT, no_store()).into_response()
}

/// An error code that stands in no table of the protocol's.
pub(super) fn code(text: &str) -> ErrorCode {
    ErrorCode::parse(text.to_owned()).unwrap_or(ErrorCode::SERVER_ERROR)
}

fn no_store() -> HeaderMap {
    HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}
