//! Changes as they happen, by server-sent events.

use super::connection::Connection;
use super::identity::Asking;
use super::openapi::Problem;
use super::parameters::Parameters;
use super::{origin, respond};
use crate::app::App;
use crate::push::{Listener, Start, Told};
use crate::store::Change;
use axum::extract::{Extension, RawQuery, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _, stream};
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;

/// How long a browser waits before it comes back.
const COME_BACK: Duration = Duration::from_secs(1);

/// When to come back where there are too many streams: the server hears within two keep-alives that one is dead.
const FULL_SECONDS: &str = "30";

/// `GET /oauth/events`, from `Last-Event-ID` or `?lastEventId=` on.
#[utoipa::path(
    get,
    path = "/oauth/events",
    tag = "connections",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The last number that was heard"),
        ("lastEventId" = Option<String>, Query, description = "The same, for a page that was loaded again"),
    ),
    responses(
        (status = 200, description = "`ready`, then `flow`, `connection` and `reset`", content_type = "text/event-stream"),
        (status = 400, description = "A parameter came twice or is too large", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not from a page of the app", body = Problem),
        (status = 429, description = "Too many requests, or too many streams of this person", body = Problem, headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !origin::may_listen(&app, &headers) {
        return respond::error(StatusCode::FORBIDDEN, "wrong_origin");
    }
    let Some(person) = person else {
        return respond::sign_in_required();
    };
    let Some(parameters) = Parameters::parse(query.as_deref().unwrap_or_default()) else {
        return respond::error(StatusCode::BAD_REQUEST, "invalid_request");
    };
    match app
        .hub
        .stream(&person.user, start(&headers, &parameters))
        .await
    {
        Ok(Some(listener)) => answer(app, listener),
        Ok(None) => {
            let too_many = respond::error(StatusCode::TOO_MANY_REQUESTS, "too_many_streams");
            respond::retry_after(too_many, FULL_SECONDS)
        }
        Err(error) => respond::unavailable("events", &error),
    }
}

/// The header is the newer of the two: a browser that comes back sends the address as it was.
fn start(headers: &HeaderMap, parameters: &Parameters) -> Start {
    let header = headers.get("last-event-id").map(HeaderValue::as_bytes);
    let parameter = parameters.value("lastEventId").map(str::as_bytes);
    match header.filter(|id| !id.is_empty()).or(parameter) {
        None => Start::Now,
        Some(id) => std::str::from_utf8(id)
            .ok()
            .and_then(|id| id.parse().ok())
            .map_or(Start::Unreadable, Start::After),
    }
}

fn answer(app: Arc<App>, listener: Listener) -> Response {
    let keep_alive = KeepAlive::new().interval(app.push.keep_alive).text("");
    let over = over(Arc::clone(&app));
    let events = told(app, listener).take_until(over);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx keeps answers back until a buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// The process stops, or who is asking has to be found out anew.
async fn over(app: Arc<App>) {
    tokio::select! {
        () = app.stopping.cancelled() => {}
        () = tokio::time::sleep(app.push.life) => {}
    }
}

/// Counted as long as it is open.
struct Open(Gauge);

impl Open {
    fn new(app: &App) -> Self {
        let clients = app.metrics.sse_clients().clone();
        clients.inc();
        Self(clients)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn told(app: Arc<App>, listener: Listener) -> impl Stream<Item = Result<Event, axum::Error>> {
    let ready = Event::default().event("ready").retry(COME_BACK).data("{}");
    let ready = match listener.from {
        Some(number) => ready.id(number.to_string()),
        None => ready,
    };
    let open = Open::new(&app);
    let changes = stream::unfold((app, listener, open), async |(app, mut listener, open)| {
        let Some(told) = listener.next().await else {
            debug!(operation = "events", "a client was too slow");
            return None;
        };
        Some((event(&app, &told), (app, listener, open)))
    });
    stream::once(std::future::ready(Ok(ready))).chain(changes)
}

fn event(app: &App, told: &Told) -> Result<Event, axum::Error> {
    let event = Event::default().id(told.version().to_string());
    match told {
        Told::Reset(_) => Ok(event.event("reset").data("{}")),
        Told::Change(change) => match &**change {
            Change::Flow(flow) => {
                let mut data = app.flows.reply(flow).to_wire();
                data.text("flow", flow.id.as_str())
                    .text("provider", &flow.provider);
                event.event("flow").json_data(data)
            }
            Change::Connection(row) => event
                .event("connection")
                .json_data(Connection::of(app, row)),
        },
    }
}
