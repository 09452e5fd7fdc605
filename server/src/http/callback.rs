//! Back from the provider.

use super::identity::Asking;
use super::pages::{Action, Page};
use super::parameters::Parameters;
use super::{cookies, origin, outcome, respond, start};
use crate::app::App;
use crate::flow::{Callback, Landing, ProviderAnswer};
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use oauth_sync::proto::error::ErrorCode;
use std::sync::Arc;

/// `GET /oauth/callback/{provider}`.
#[utoipa::path(
    get,
    path = "/oauth/callback/{provider}",
    tag = "pages",
    params(
        ("provider" = String, Path, description = "The provider's id"),
        ("state" = String, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "RFC 6749 4.1.2"),
        ("error" = Option<String>, Query, description = "RFC 6749 4.1.2.1"),
        ("error_description" = Option<String>, Query, description = "The same"),
        ("iss" = Option<String>, Query, description = "RFC 9207"),
    ),
    responses(
        (status = 200, description = "How the flow ended, as a page that tells every window", content_type = "text/html"),
        (status = 204, description = "For requests that nobody made: nothing"),
        (status = 303, description = "The flow had expired: on into a new one", headers(("Location" = String))),
        (status = 400, description = "`iss` is missing or wrong, as a page", content_type = "text/html"),
        (status = 404, description = "An unknown state, or not this person's, browser's or provider's, as a page", content_type = "text/html"),
        (status = 429, description = "Too many requests, as a page or as JSON", headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer, as a page", content_type = "text/html", headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn land(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if origin::is_ahead_of_time(&method, &headers) {
        return respond::nothing();
    }
    let Some(parameters) = Parameters::parse(query.as_deref().unwrap_or_default()) else {
        return outcome::unknown(&app);
    };
    let Some(state) = parameters.secret("state") else {
        return outcome::unknown(&app);
    };
    let callback = Callback {
        provider,
        user: person.map(|person| person.user),
        state,
        issuer: parameters.value("iss").map(str::to_owned),
        answer: answer(&parameters),
    };
    let cookie = |name: &str| cookies::binding(&headers, &app.origin, name).map(str::to_owned);
    match app.flows.land(callback, cookie).await {
        Ok(Landing::Unknown) => outcome::unknown(&app),
        Ok(Landing::WrongIssuer) => wrong_issuer(&app),
        Ok(Landing::Flow { flow, binding }) => unbind(&app, outcome::page(&app, &flow), &binding),
        Ok(Landing::Resume { departure, binding }) => {
            unbind(&app, start::depart(&app, &headers, &departure), &binding)
        }
        Err(error) => outcome::unavailable("callback", &error),
    }
}

fn unbind(app: &App, mut response: Response, binding: &str) -> Response {
    if let Some(cookie) = cookies::unbind(&app.origin, binding) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// RFC 6749 4.1.2 and 4.1.2.1. An error goes before a code: with both, nothing was granted.
fn answer(parameters: &Parameters) -> ProviderAnswer {
    match (parameters.value("error"), parameters.secret("code")) {
        (Some(error), _) => {
            ProviderAnswer::Error(refusal(error, parameters.value("error_description")))
        }
        (None, Some(code)) => ProviderAnswer::Code(code),
        (None, None) => ProviderAnswer::Nothing,
    }
}

/// The codes of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6; any other word of the provider's is `server_error`.
fn refusal(error: &str, description: Option<&str>) -> ErrorCode {
    // Microsoft says in the description alone that an administrator has to consent.
    let needs_administrator = description.is_some_and(|text| {
        ["AADSTS90094", "AADSTS90093", "AADSTS65001"]
            .iter()
            .any(|code| text.contains(code))
    });
    match error {
        _ if needs_administrator => respond::code("admin_consent_required"),
        // What RFC 6749 calls it, and what some providers do.
        "access_denied" | "user_denied" | "user_cancelled_login" | "user_cancelled_authorize" => {
            ErrorCode::ACCESS_DENIED
        }
        "admin_consent_required"
        | "temporarily_unavailable"
        | "invalid_request"
        | "unauthorized_client"
        | "unsupported_response_type"
        | "invalid_scope"
        | "interaction_required"
        | "login_required"
        | "account_selection_required"
        | "consent_required" => respond::code(error),
        "redirect_uri_mismatch" => respond::code("invalid_request"),
        _ => ErrorCode::SERVER_ERROR,
    }
}

fn wrong_issuer(app: &App) -> Response {
    Page {
        status: StatusCode::BAD_REQUEST,
        title: "This answer is not from the service",
        paragraphs: &[
            "It does not come from where you were sent, so it was not used. Nothing was connected.",
        ],
        action: Some(Action::Link {
            href: &outcome::home(app),
            text: "Back to the app",
        }),
        script: None,
        refresh: None,
    }
    .respond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_known_errors_and_calls_the_rest_server_error() {
        for (error, description, expected) in [
            ("access_denied", None, "access_denied"),
            ("user_cancelled_login", None, "access_denied"),
            ("temporarily_unavailable", None, "temporarily_unavailable"),
            ("login_required", None, "login_required"),
            ("redirect_uri_mismatch", None, "invalid_request"),
            (
                "access_denied",
                Some("AADSTS65001: consent"),
                "admin_consent_required",
            ),
            ("server_error", None, "server_error"),
            ("<script>", None, "server_error"),
            ("completed", None, "server_error"),
        ] {
            assert_eq!(refusal(error, description).as_str(), expected, "{error}");
        }
    }
}
