//! From the app to the provider.

use super::identity::{Asking, Person};
use super::openapi::{Problem, Reply};
use super::pages::{Action, Page};
use super::parameters::Parameters;
use super::{cookies, origin, outcome, respond};
use crate::app::App;
use crate::flow::{Departure, Start, Started};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use oauth_sync::proto::flow::FlowId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// `GET /oauth/start/{provider}?flow=&return=`: what the module opens in the click.
#[utoipa::path(
    get,
    path = "/oauth/start/{provider}",
    tag = "pages",
    params(
        ("provider" = String, Path, description = "The provider's id"),
        ("flow" = Option<String>, Query, description = "The flow's id; one of ours where it is missing"),
        ("return" = Option<String>, Query, description = "The page of the app to go back to"),
    ),
    responses(
        (status = 200, description = "A page: the button that asks first, or how a settled flow ended", content_type = "text/html"),
        (status = 204, description = "For requests that nobody made: nothing"),
        (status = 303, description = "On to the provider, with the attempt's cookie", headers(("Location" = String))),
        (status = 400, description = "`return` is no page of the app, as a page", content_type = "text/html"),
        (status = 401, description = "Nobody is signed in, as a page", content_type = "text/html"),
        (status = 403, description = "Not a navigation, or not from a page of the app", body = Problem),
        (status = 404, description = "There is no such provider, or the flow is another person's, as a page", content_type = "text/html"),
        (status = 409, description = "The flow was opened five times, as a page", content_type = "text/html"),
        (status = 429, description = "Too many requests, as a page or as JSON", headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer, as a page", content_type = "text/html", headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn open(
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
    if !origin::is_document_navigation(&headers) {
        return respond::error(StatusCode::FORBIDDEN, "not_a_navigation");
    }
    let request = match Request::read(&app, person, provider, query.as_deref().unwrap_or_default())
    {
        Ok(request) => request,
        Err(response) => return *response,
    };
    if origin::comes_from_the_app(&app, &headers) {
        request.start(&app, &headers).await
    } else {
        request.ask_first(&app)
    }
}

/// `POST /oauth/start/{provider}`: the button of the page that asks first.
#[utoipa::path(
    post,
    path = "/oauth/start/{provider}",
    tag = "pages",
    params(("provider" = String, Path, description = "The provider's id")),
    request_body(
        content = Option<String>,
        content_type = "application/x-www-form-urlencoded",
        description = "`flow` and `return`, as in the query of the page",
    ),
    responses(
        (status = 200, description = "A page: the button that asks first, or how a settled flow ended", content_type = "text/html"),
        (status = 204, description = "For requests that nobody made: nothing"),
        (status = 303, description = "On to the provider, with the attempt's cookie", headers(("Location" = String))),
        (status = 400, description = "`return` is no page of the app, as a page", content_type = "text/html"),
        (status = 401, description = "Nobody is signed in, as a page", content_type = "text/html"),
        (status = 403, description = "Not a navigation, or not from a page of the app", body = Problem),
        (status = 404, description = "There is no such provider, or the flow is another person's, as a page", content_type = "text/html"),
        (status = 409, description = "The flow was opened five times, as a page", content_type = "text/html"),
        (status = 429, description = "Too many requests, as a page or as JSON", headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer, as a page", content_type = "text/html", headers(("Retry-After" = u32))),
        (status = 413, description = "Too large"),
        (status = 415, description = "Not a form"),
    )
)]
pub(super) async fn press(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    form: String,
) -> Response {
    if !origin::may_change(&app, &headers, true) {
        return respond::error(StatusCode::FORBIDDEN, "wrong_origin");
    }
    match Request::read(&app, person, provider, &form) {
        Ok(request) => request.start(&app, &headers).await,
        Err(response) => *response,
    }
}

/// What a person asks for on a page.
struct Request {
    person: Person,
    provider: String,
    flow: Option<FlowId>,
    return_to: Option<String>,
}

impl Request {
    fn read(
        app: &App,
        person: Option<Person>,
        provider: String,
        text: &str,
    ) -> Result<Self, Box<Response>> {
        let unknown = || Box::new(outcome::unknown(app));
        let person = person.ok_or_else(|| {
            Box::new(message(
                app,
                StatusCode::UNAUTHORIZED,
                "Sign in first",
                "Sign in to the app in this browser, then connect from there.",
            ))
        })?;
        let parameters = Parameters::parse(text).ok_or_else(unknown)?;
        if app.flows.provider(&provider).is_none() {
            return Err(unknown());
        }
        let flow = match parameters.value("flow") {
            Some(text) => Some(FlowId::parse(text.to_owned()).ok_or_else(unknown)?),
            None => None,
        };
        let return_to = match parameters.value("return") {
            Some(reference) => Some(origin::page_of_the_app(app, reference).ok_or_else(|| {
                Box::new(message(
                    app,
                    StatusCode::BAD_REQUEST,
                    "This link is not right",
                    "It asks to go back to a page that is not the app's.",
                ))
            })?),
            None => None,
        };
        Ok(Self {
            person,
            provider,
            flow,
            return_to,
        })
    }

    async fn start(self, app: &App, headers: &HeaderMap) -> Response {
        let start = Start {
            user: self.person.user,
            provider: self.provider,
            flow: self.flow,
            return_to: self.return_to,
            idempotency_key: None,
        };
        match app.flows.start(start).await {
            Ok(Started::Go(departure)) => depart(app, headers, &departure),
            Ok(Started::Closed(flow)) => match app.flows.when_settled(flow).await {
                Ok(flow) => outcome::page(app, &flow),
                Err(error) => outcome::unavailable("start", &error),
            },
            Ok(Started::Exhausted(_)) => message(
                app,
                StatusCode::CONFLICT,
                "Too many windows",
                "This connection was opened five times. Finish one of the windows, or cancel it in the app and begin again.",
            ),
            Ok(Started::Unknown) => outcome::unknown(app),
            Err(error) => outcome::unavailable("start", &error),
        }
    }

    /// One button: whoever follows a link from elsewhere sees what it would do, and presses or not.
    fn ask_first(&self, app: &App) -> Response {
        let name = app
            .flows
            .provider(&self.provider)
            .map_or(self.provider.as_str(), |provider| provider.name.as_str());
        let mut fields = Vec::new();
        if let Some(flow) = &self.flow {
            fields.push(("flow", flow.as_str()));
        }
        if let Some(page) = &self.return_to {
            fields.push(("return", page.as_str()));
        }
        Page {
            status: StatusCode::OK,
            title: &format!("Connect {name}?"),
            paragraphs: &[&format!(
                "You are about to connect an account at {name} with {}. Go on only if you meant to.",
                app.app_origins.first().unwrap_or(&app.origin)
            )],
            action: Some(Action::Button {
                action: &format!("/oauth/start/{}", self.provider),
                fields: &fields,
                text: &format!("Connect {name}"),
            }),
            script: None,
            refresh: None,
        }
        .respond()
    }
}

/// On to the provider, with the cookie that will be asked for at the callback.
pub(super) fn depart(app: &App, headers: &HeaderMap, departure: &Departure) -> Response {
    let Ok(location) = HeaderValue::from_str(&departure.url) else {
        return outcome::unknown(app);
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let out = response.headers_mut();
    out.insert(LOCATION, location);
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    out.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies::bind(headers, &app.origin, &departure.binding) {
        out.append(SET_COOKIE, cookie);
    }
    response
}

/// What an API client sends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Creation {
    /// The provider's id.
    provider: String,
    /// The flow's id, 8 to 64 characters of `A-Za-z0-9_-`; one of ours where it is missing.
    flow: Option<String>,
    /// The page of the app to go back to.
    #[serde(rename = "return")]
    return_to: Option<String>,
}

/// What it gets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    flow_id: &'a str,
    /// Where to send the person, in the browser that got the cookie.
    url: &'a str,
    /// In milliseconds since the epoch.
    expires_at: i64,
}

/// `POST /oauth/flows`: the same for API clients, who open the address themselves, in the browser that got the cookie.
#[utoipa::path(
    post,
    path = "/oauth/flows",
    tag = "flows",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$", description = "The same key of the same person gives the same flow")),
    request_body = Creation,
    responses(
        (status = 200, description = "A new attempt of a flow that is there", body = Created),
        (status = 201, description = "A new flow", body = Created),
        (status = 400, description = "Malformed", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not from a page of the app", body = Problem),
        (status = 404, description = "There is no such provider, or the flow is another person's", body = Reply),
        (status = 409, description = "The flow has settled (how it stands), or was opened five times", body = serde_json::Value),
        (status = 413, description = "Too large"),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer. Never a verdict", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(person) = person else {
        return respond::sign_in_required();
    };
    if !origin::may_change(&app, &headers, person.ambient) {
        return respond::error(StatusCode::FORBIDDEN, "wrong_origin");
    }
    let Ok(creation) = serde_json::from_slice::<Creation>(&body) else {
        return respond::error(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let flow = creation.flow.map(FlowId::parse);
    let return_to = creation
        .return_to
        .map(|reference| origin::page_of_the_app(&app, &reference));
    let key = headers.get("idempotency-key").map(idempotency_key);
    if matches!(flow, Some(None)) || matches!(return_to, Some(None)) || matches!(key, Some(None)) {
        return respond::error(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let start = Start {
        user: person.user,
        provider: creation.provider,
        flow: flow.flatten(),
        return_to: return_to.flatten(),
        idempotency_key: key.flatten(),
    };
    match app.flows.start(start).await {
        Ok(Started::Go(departure)) => created(&app, &headers, &departure),
        Ok(Started::Closed(flow)) => respond::reply(StatusCode::CONFLICT, &app.flows.reply(&flow)),
        Ok(Started::Exhausted(_)) => respond::error(StatusCode::CONFLICT, "too_many_attempts"),
        Ok(Started::Unknown) => respond::unknown(),
        Err(error) => respond::unavailable("create", &error),
    }
}

fn created(app: &App, headers: &HeaderMap, departure: &Departure) -> Response {
    let status = if departure.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let body = Created {
        flow_id: departure.flow.id.as_str(),
        url: &departure.url,
        expires_at: departure.flow.expires_at,
    };
    let mut response = (status, Json(body)).into_response();
    let out = response.headers_mut();
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies::bind(headers, &app.origin, &departure.binding) {
        out.append(SET_COOKIE, cookie);
    }
    response
}

fn idempotency_key(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    (1..=128).contains(&text.len()).then(|| text.to_owned())
}

fn message(app: &App, status: StatusCode, title: &str, text: &str) -> Response {
    Page {
        status,
        title,
        paragraphs: &[text],
        action: Some(Action::Link {
            href: &outcome::home(app),
            text: "Back to the app",
        }),
        script: None,
        refresh: None,
    }
    .respond()
}
