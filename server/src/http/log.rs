//! One line for each request: the route's pattern, never the URL, which may hold a code and a state.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::{debug, info};

pub(super) async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match route {
        Some(route)
            if route.as_str().starts_with("/oauth/") && route.as_str() != "/oauth/status" =>
        {
            info!(%method, route = route.as_str(), status, duration_ms, "request");
        }
        // Polls and files are many and say little.
        Some(route) => debug!(%method, route = route.as_str(), status, duration_ms, "request"),
        None => debug!(%method, route = "file", status, duration_ms, "request"),
    }
    response
}
