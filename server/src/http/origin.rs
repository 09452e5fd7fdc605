//! Where a request comes from: what a page elsewhere must not be able to do.

use crate::app::App;
use crate::config::Origin;
use axum::http::header::{ORIGIN, REFERER};
use axum::http::{HeaderMap, Method};
use url::Url;

/// A request that nobody made: it gets 204 and changes nothing. Browsers and mail scanners fetch links ahead.
pub(super) fn is_ahead_of_time(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::HEAD
        || headers.contains_key("sec-purpose")
        || headers.contains_key("purpose")
}

/// Whether the request fetches a page for a window of its own, as far as the browser says.
pub(super) fn is_document_navigation(headers: &HeaderMap) -> bool {
    let says = |name: &str, expected: &str| {
        headers
            .get(name)
            .is_none_or(|value| value.as_bytes() == expected.as_bytes())
    };
    says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}

/// Whether a navigation began on a page of the app. A link elsewhere must not connect an account silently.
pub(super) fn comes_from_the_app(app: &App, headers: &HeaderMap) -> bool {
    match text(headers, "sec-fetch-site") {
        Some("same-origin") => true,
        Some("same-site") => text(headers, REFERER.as_str())
            .and_then(|referrer| Url::parse(referrer).ok())
            .is_some_and(|referrer| {
                app.app_origins
                    .iter()
                    .any(|origin| origin.as_str() == referrer.origin().ascii_serialization())
            }),
        _ => false,
    }
}

/// Whether a request may change something: it comes from a page of the app, or from a client that names the person
/// itself (`ambient` is false), which no page elsewhere can make a browser do.
pub(super) fn may_change(app: &App, headers: &HeaderMap, ambient: bool) -> bool {
    match headers.get(ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| is_ours(app, origin)),
        None => text(headers, "sec-fetch-site") == Some("same-origin") || !ambient,
    }
}

/// Whether a request may hold something open: a page elsewhere could not read it, but use up what the person may have.
/// Browsers name the origin of such a page; older ones name nothing where it is the same.
pub(super) fn may_listen(app: &App, headers: &HeaderMap) -> bool {
    match headers.get(ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| is_ours(app, origin)),
        None => matches!(
            text(headers, "sec-fetch-site"),
            None | Some("same-origin" | "none")
        ),
    }
}

/// `reference` as an address on the app: a path, or a URL on one of its origins.
pub(super) fn page_of_the_app(app: &App, reference: &str) -> Option<String> {
    // Checked as a browser reads it, so that `//elsewhere` and `/\elsewhere` are seen as what they are.
    let url = app
        .app_origins
        .first()
        .and_then(|first: &Origin| first.resolve(reference))?;
    let origin = url.origin().ascii_serialization();
    is_ours(app, &origin).then(|| url.into())
}

fn is_ours(app: &App, origin: &str) -> bool {
    origin == app.origin.as_str() || app.app_origins.iter().any(|known| known.as_str() == origin)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
