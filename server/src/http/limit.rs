//! 429 to whoever asks too often.

use super::identity::Asking;
use super::pages::{Action, Page};
use super::{outcome, respond};
use crate::app::App;
use crate::limit::{Class, Limited};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;

/// Whose limits a route is under.
#[derive(Clone)]
pub(super) struct Guard {
    pub app: Arc<App>,
    pub class: Class,
}

/// Before a handler, and after the person is known.
pub(super) async fn limit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let Guard { app, class } = guard;
    let extensions = request.extensions();
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip());
    let user = extensions
        .get::<Asking>()
        .and_then(|Asking(person)| person.as_ref())
        .map(|person| person.user.as_str());
    let client = app.limiter.client(request.headers(), peer);
    let Err(limited) = app.limiter.check(class, client, user) else {
        return next.run(request).await;
    };
    app.metrics.limited(class, limited.by);
    tracing::info!(
        operation = "limit",
        class = class.as_str(),
        by = limited.by.as_str(),
        user,
        client = client.map(tracing::field::display),
        wait_ms = limited.wait.as_millis() as u64,
        "one request too many"
    );
    too_many(&app, limited, wants_page(request.headers()))
}

/// Browsers say so where they load a page; `fetch` and other clients take anything.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepted| accepted.contains("text/html"))
}

fn too_many(app: &App, limited: Limited, is_page: bool) -> Response {
    // Rounded up: whoever comes back in time is let in.
    let seconds = limited.wait.as_millis().div_ceil(1000).max(1);
    let mut response = if is_page {
        page(app, seconds)
    } else {
        respond::error(StatusCode::TOO_MANY_REQUESTS, "rate_limited")
    };
    if let Ok(seconds) = HeaderValue::from_str(&seconds.to_string()) {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// Nothing was used up: the same address works again in a moment, also one that holds a code.
fn page(app: &App, seconds: u128) -> Response {
    Page {
        status: StatusCode::TOO_MANY_REQUESTS,
        title: "Too many requests",
        paragraphs: &[&format!(
            "Wait {seconds} seconds, then load this page again. Nothing is lost."
        )],
        action: Some(Action::Link {
            href: &outcome::home(app),
            text: "Back to the app",
        }),
        script: None,
        refresh: None,
    }
    .respond()
}
