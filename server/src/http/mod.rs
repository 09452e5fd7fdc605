//! HTTP: routes, and what every request meets before its handler.

mod callback;
mod cancel;
mod connection;
mod connections;
mod cookies;
mod events;
mod health;
pub(crate) mod identity;
mod limit;
mod log;
pub(crate) mod metrics;
mod openapi;
mod origin;
mod outcome;
mod pages;
mod parameters;
mod respond;
mod start;
mod status;

use crate::app::App;
use crate::limit::Class;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Far above any form or request of ours.
const LARGEST_BODY: usize = 16 * 1024;

/// The server's routes. Serve them with `into_make_service_with_connect_info::<SocketAddr>()` where people are known
/// by a proxy's header: the proxy is known by its address.
pub fn router(app: Arc<App>) -> Router {
    let (routes, document) = documented(&app).split_for_parts();
    let mut router = routes.layer(Extension(openapi::Document::new(document)));
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
        .layer(from_fn_with_state(Arc::clone(&app), log::log))
        .with_state(app)
}

type Routes = OpenApiRouter<Arc<App>>;

/// Every route, from the same words that describe it. Those for scripts answer across origins.
fn documented(app: &Arc<App>) -> Routes {
    let read_by_scripts = Routes::new()
        .routes(routes!(status::status))
        .routes(routes!(events::events))
        .routes(routes!(connections::list));
    let change_by_scripts = Routes::new()
        .routes(routes!(start::create))
        .routes(routes!(cancel::cancel))
        .routes(routes!(connections::refresh))
        .routes(routes!(connections::disconnect))
        .routes(routes!(connections::validate));
    let read = Routes::new()
        .routes(routes!(outcome::show))
        .routes(routes!(pages::callback_module))
        .routes(routes!(openapi::show));
    let change = Routes::new().routes(routes!(start::open, start::press));
    let callback = Routes::new().routes(routes!(callback::land));
    // Whoever watches the process is not limited.
    let mut watched = Routes::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready));
    if app.metrics_access.is_with_the_rest() {
        watched = watched.routes(routes!(metrics::show));
    }
    Routes::with_openapi(openapi::base())
        .merge(
            limited(app, Class::Read, read_by_scripts)
                .merge(limited(app, Class::Change, change_by_scripts))
                .layer(cors(app)),
        )
        .merge(limited(app, Class::Read, read))
        .merge(limited(app, Class::Change, change))
        .merge(limited(app, Class::Callback, callback))
        .merge(watched)
}

fn limited(app: &Arc<App>, class: Class, routes: Routes) -> Routes {
    let guard = limit::Guard {
        app: Arc::clone(app),
        class,
    };
    routes.route_layer(from_fn_with_state(guard, limit::limit))
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
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([ETAG, RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}
