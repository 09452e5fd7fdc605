//! How a flow stands, as a page: it tells every window of the app, and leaves.

use super::identity::Asking;
use super::pages::{Action, Page, Script};
use super::respond;
use crate::app::App;
use crate::flow::{FlowError, error_of, outcome_of};
use crate::store::{Flow, FlowState};
use axum::extract::{Extension, Path, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /oauth/flows/{id}`: where a callback page's address leads when it is loaded again, without its code.
#[utoipa::path(
    get,
    path = "/oauth/flows/{id}",
    tag = "pages",
    params(("id" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "How the flow stands, as a page", content_type = "text/html"),
        (status = 404, description = "There is none, or it is another person's, as a page", content_type = "text/html"),
        (status = 429, description = "Too many requests, as a page or as JSON", headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer, as a page", content_type = "text/html", headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    Path(id): Path<String>,
) -> Response {
    let (Some(person), Some(id)) = (person, FlowId::parse(id)) else {
        return unknown(&app);
    };
    match app.flows.flow(&person.user, &id).await {
        Ok(Some(flow)) => page(&app, &flow),
        Ok(None) => unknown(&app),
        Err(error) => unavailable("outcome", &error),
    }
}

/// The page about a flow.
pub(super) fn page(app: &App, flow: &Flow) -> Response {
    let provider = app
        .flows
        .provider(&flow.provider)
        .map_or(flow.provider.as_str(), |provider| provider.name.as_str());
    let back = flow.return_to.clone().unwrap_or_else(|| home(app));
    let state = app.flows.state(flow);
    let connected = format!("{provider} is connected");
    let not_connected = format!("{provider} is not connected");
    let (title, paragraph): (&str, String) = match state {
        FlowState::Pending | FlowState::Exchanging => {
            return waiting(flow, provider);
        }
        FlowState::Completed => (&connected, "The app knows already.".to_owned()),
        FlowState::Cancelled => (
            &not_connected,
            reason(error_of(flow, state).as_ref()).to_owned(),
        ),
        FlowState::Failed => (
            &not_connected,
            reason(error_of(flow, state).as_ref()).to_owned(),
        ),
        FlowState::Expired => return expired(flow, provider, &back),
    };
    Page {
        status: StatusCode::OK,
        title,
        paragraphs: &[&paragraph],
        action: Some(Action::Fallback {
            href: &back,
            text: "Back to the app",
        }),
        script: Some(Script {
            data: notice(app, flow, state),
        }),
        refresh: None,
    }
    .respond()
}

fn waiting(flow: &Flow, provider: &str) -> Response {
    let address = address(flow);
    Page {
        status: StatusCode::OK,
        title: &format!("Connecting {provider}"),
        paragraphs: &["This takes longer than usual. This page looks again by itself."],
        action: Some(Action::Link {
            href: &address,
            text: "Look now",
        }),
        script: None,
        refresh: Some(&address),
    }
    .respond()
}

/// The reason, the limit, and a retry: in the flow that goes on in its place, where there is one.
fn expired(flow: &Flow, provider: &str, back: &str) -> Response {
    let retry = match &flow.superseded_by {
        Some(next) => format!("/oauth/start/{}?flow={next}", flow.provider),
        None => format!("/oauth/start/{}", flow.provider),
    };
    Page {
        status: StatusCode::OK,
        title: &format!("{provider} is not connected"),
        paragraphs: &[
            "This took too long: a connection has to be made within an hour of the click that began it.",
            &format!("You can try again here, or go back to the app at {back}."),
        ],
        action: Some(Action::Link { href: &retry, text: "Try again" }),
        // Without `finish`, which would close the page before it is read: the app knows by asking.
        script: None,
        refresh: None,
    }
    .respond()
}

/// What is said of a flow that is unknown, another person's, another browser's or another provider's: always the same.
pub(super) fn unknown(app: &App) -> Response {
    Page {
        status: StatusCode::NOT_FOUND,
        title: "This connection is not known here",
        paragraphs: &[
            "It was begun in another browser or by another person, it is long over, or the link is not complete. \
             Nothing was connected.",
        ],
        action: Some(Action::Link { href: &home(app), text: "Back to the app" }),
        script: None,
        refresh: None,
    }
    .respond()
}

/// What is said while the database does not answer.
pub(super) fn unavailable(operation: &str, error: &FlowError) -> Response {
    tracing::error!(operation, %error, "not available");
    let mut response = Page {
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "Please try again",
        paragraphs: &["The server is busy. Load this page again in a moment: nothing is lost."],
        action: None,
        script: None,
        refresh: None,
    }
    .respond();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static(respond::BUSY_SECONDS));
    response
}

/// Where the app is, for a link.
pub(super) fn home(app: &App) -> String {
    app.app_origins.first().unwrap_or(&app.origin).at("/")
}

/// What the windows of the app are told: a hint by which they ask.
fn notice(app: &App, flow: &Flow, state: FlowState) -> Value {
    // A window knows the flow that it started, not the one that went on in its place.
    let id = flow.resumed_from.as_ref().unwrap_or(&flow.id);
    let mut notice = json!({
        "provider": flow.provider,
        "flowId": id.as_str(),
        "success": state == FlowState::Completed,
    });
    if state == FlowState::Completed {
        let outcome = outcome_of(flow);
        notice["integrationId"] = json!(outcome.integration_id);
        if !outcome.integrations.is_empty() {
            notice["integrations"] = outcome
                .integrations
                .iter()
                .map(|one| json!({ "tool": one.tool, "id": one.id }))
                .collect();
        }
    } else if let Some(code) = error_of(flow, state) {
        notice["error"] = json!({ "code": code.as_str() });
    }
    let mut options = json!({});
    if let Some(namespace) = &app.namespace {
        options["namespace"] = json!(namespace);
    }
    if let Some(origin) = app
        .app_origins
        .first()
        .filter(|origin| **origin != app.origin)
    {
        options["origin"] = json!(origin.as_str());
    }
    json!({ "notice": notice, "options": options, "address": address(flow) })
}

fn address(flow: &Flow) -> String {
    format!("/oauth/flows/{}", flow.id)
}

/// Our own words for an error; the provider's are never shown.
fn reason(code: Option<&ErrorCode>) -> &'static str {
    match code.map_or("", ErrorCode::as_str) {
        "access_denied" => "The access was not granted, so nothing was connected.",
        "cancelled_by_user" => "The connection was cancelled in the app.",
        "admin_consent_required" => {
            "An administrator of your organisation has to allow this app first."
        }
        "temporarily_unavailable" => {
            "The service is not available at the moment. Please try again later."
        }
        "interrupted" => "The connection was interrupted. Please try again.",
        "login_required"
        | "interaction_required"
        | "account_selection_required"
        | "consent_required" => {
            "The service needs you to sign in or to choose an account. Please try again."
        }
        "invalid_client"
        | "unauthorized_client"
        | "invalid_request"
        | "invalid_scope"
        | "unsupported_response_type"
        | "unsupported_grant_type" => {
            "The service does not accept how this app is set up. Its operator has to look at it."
        }
        _ => "Something went wrong at the service. Please try again.",
    }
}
