//! One line and one count for each request: the route's pattern, never the URL, which may hold a code and a state.

use crate::app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use tracing::{debug, info};

pub(super) async fn log(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = app.clock.steady();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took = app.clock.steady().saturating_sub(started);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let route = route.as_ref().map_or("file", MatchedPath::as_str);
    app.metrics.answered(known(&method), route, status, took);
    // Polls, files and whoever watches the process are many and say little.
    if route.starts_with("/oauth/") && route != "/oauth/status" {
        info!(
            operation = "request",
            %method, route, status, duration_ms, "request"
        );
    } else {
        debug!(
            operation = "request",
            %method, route, status, duration_ms, "request"
        );
    }
    response
}

/// A client may make up any method; a label must not be made up.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
