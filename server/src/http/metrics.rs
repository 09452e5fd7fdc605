//! The numbers, for Prometheus: on an address of their own, or to whoever has the token. Never to the public.

use crate::app::App;
use crate::config::MetricsAccess;
use crate::metrics::CONTENT_TYPE;
use axum::Router;
use axum::extract::State;
use axum::http::header::{self, AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// What the address of their own serves.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

/// `GET /metrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    security(("metrics_token" = [])),
    responses(
        (status = 200, description = "Metrics in the OpenMetrics text format", body = String,
         content_type = "application/openmetrics-text"),
        (status = 401, description = "The token is missing or wrong"),
    )
)]
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !may_see(&app.metrics_access, &headers) {
        let challenge = [(WWW_AUTHENTICATE, "Bearer realm=\"metrics\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, app.metrics.render()).into_response()
}

fn may_see(access: &MetricsAccess, headers: &HeaderMap) -> bool {
    let Some(token) = &access.token else {
        // Then there is an address of their own, and whoever reaches it may.
        return access.listen.is_some();
    };
    headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .is_some_and(|(scheme, given)| {
            let (given, token) = (given.trim().as_bytes(), token.expose_secret().as_bytes());
            scheme.eq_ignore_ascii_case("bearer") && bool::from(given.ct_eq(token))
        })
}
