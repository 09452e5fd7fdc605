//! HTTP: routes, and what every request meets before its handler.

mod callback;
mod cancel;
mod cookies;
mod health;
pub(crate) mod identity;
mod log;
mod origin;
mod outcome;
mod pages;
mod parameters;
mod respond;
mod start;
mod status;

use crate::app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// Far above any form or request of ours.
const LARGEST_BODY: usize = 16 * 1024;

/// The server's routes. Serve them with `into_make_service_with_connect_info::<SocketAddr>()` where people are known
/// by a proxy's header: the proxy is known by its address.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/oauth/status", get(status::status))
        .route("/oauth/flows", post(start::create))
        .route("/oauth/flows/{id}/cancel", post(cancel::cancel))
        .layer(cors(&app))
        .route("/oauth/flows/{id}", get(outcome::show))
        .route(
            "/oauth/start/{provider}",
            get(start::open).post(start::press),
        )
        .route("/oauth/callback/{provider}", get(callback::land))
        .route("/oauth/callback.js", get(pages::callback_module))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));
    if let Some(demo) = &app.demo {
        // A build replaces these files, so a browser must ask each time.
        let files = Router::new()
            .nest_service("/oauth-sync", ServeDir::new(&demo.package))
            .fallback_service(ServeDir::new(&demo.www))
            .layer(SetResponseHeaderLayer::overriding(
                CACHE_CONTROL,
                HeaderValue::from_static("no-cache"),
            ));
        router = router.merge(files);
    }
    router
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&app), identity::identify))
        .layer(from_fn(log::log))
        .with_state(app)
}

/// For an app on another origin of the same site: exact origins, with credentials.
fn cors(app: &App) -> CorsLayer {
    let origins = app
        .app_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([ETAG, RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}
