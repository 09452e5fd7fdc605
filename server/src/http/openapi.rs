//! The routes as an OpenAPI document, made of the same words that make the router.

use axum::Extension;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Serialize;
use std::sync::Arc;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// The document, as it is sent.
#[derive(Clone)]
pub(super) struct Document(Arc<str>);

impl Document {
    pub(super) fn new(document: utoipa::openapi::OpenApi) -> Self {
        Self(document.to_json().unwrap_or_default().into())
    }
}

/// What stands in the document beside the routes.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        info(
            title = "oauth-sync-server",
            description = "Flows, their status, and what follows from them. People are known by the app: by a header \
                           that its proxy sets, or by a token that it signs.",
            license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        ),
        tags(
            (name = "flows", description = "From a click to a settled flow"),
            (name = "connections", description = "How they stand, and changes as they happen"),
            (name = "pages", description = "What a browser's windows load"),
            (name = "operation", description = "For whoever runs the server"),
        ),
        components(schemas(Reply, Problem)),
        security((), ("bearer" = []), ("session" = [])),
        modifiers(&Schemes),
    )]
    struct Base;

    Base::openapi()
}

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |text: &str| {
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some(text))
                    .build(),
            )
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", bearer("A JWT with HS256 that the app signs"));
        components.add_security_scheme("metrics_token", bearer("`metrics.token`"));
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                "oauth_sync_user",
                "The same JWT; the cookie's name is `identity.token_cookie`",
            ))),
        );
    }
}

/// `GET /oauth/openapi.json`.
#[utoipa::path(
    get,
    path = "/oauth/openapi.json",
    tag = "operation",
    responses(
        (status = 200, description = "This document", body = serde_json::Value),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn show(Extension(Document(text)): Extension<Document>) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text.to_string())
}

/// How a flow stands, as `oauth_sync::proto::reply::Reply` writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Reply {
    status: Standing,
    /// True only for `completed`.
    completed: bool,
    /// True only for `completed`.
    success: bool,
    /// The connection.
    #[schema(nullable = false)]
    integration_id: Option<String>,
    /// The same for each tool of a connection that has several.
    #[schema(nullable = false)]
    integrations: Option<Vec<Integration>>,
    #[schema(nullable = false)]
    error: Option<Code>,
    /// How long to ask nothing.
    #[schema(nullable = false)]
    retry_after_ms: Option<u64>,
    /// The flow that goes on in the place of this expired one.
    #[schema(nullable = false)]
    superseded_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what the root crate writes")]
enum Standing {
    Pending,
    Completed,
    Failed,
    Cancelled,
    Expired,
    /// There is no such flow, or it is another person's.
    Unknown,
}

#[derive(Serialize, ToSchema)]
struct Integration {
    /// The tool.
    tool: String,
    /// The id of its part of the connection.
    id: String,
}

/// A request that was refused.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    error: Code,
}

#[derive(Serialize, ToSchema)]
struct Code {
    /// A word of letters, digits and underscores.
    code: String,
}
