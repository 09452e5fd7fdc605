//! A person changes their mind in the app.

use super::identity::Asking;
use super::openapi::{Problem, Reply};
use super::{origin, respond};
use crate::app::App;
use crate::store::Cancelling;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use oauth_sync::proto::flow::FlowId;
use std::sync::Arc;

/// `POST /oauth/flows/{id}/cancel`: 200 where it is cancelled, now or before; 409 with the status where it is too late.
#[utoipa::path(
    post,
    path = "/oauth/flows/{id}/cancel",
    tag = "flows",
    params(("id" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "It is cancelled, now or before", body = Reply),
        (status = 403, description = "Not from a page of the app", body = Problem),
        (status = 404, description = "There is none, or it is another person's", body = Reply),
        (status = 409, description = "It is too late: how it stands", body = Reply),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer. Never a verdict", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let ambient = person.as_ref().is_none_or(|person| person.ambient);
    if !origin::may_change(&app, &headers, ambient) {
        return respond::error(StatusCode::FORBIDDEN, "wrong_origin");
    }
    let (Some(person), Some(id)) = (person, FlowId::parse(id)) else {
        return respond::unknown();
    };
    match app.flows.cancel(&person.user, &id).await {
        Ok(Cancelling::Cancelled(flow)) => respond::reply(StatusCode::OK, &app.flows.reply(&flow)),
        Ok(Cancelling::TooLate(flow)) => {
            respond::reply(StatusCode::CONFLICT, &app.flows.reply(&flow))
        }
        Ok(Cancelling::Unknown) => respond::unknown(),
        Err(error) => respond::unavailable("cancel", &error),
    }
}
