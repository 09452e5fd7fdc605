//! Cookies in and out.

use crate::config::Origin;
use crate::flow::Binding;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// How long a binding lives: longer than its row, so that an expired flow can still tell its browser.
const BINDING_LIFE_SECONDS: u32 = 24 * 60 * 60;

/// At most so many bindings in one browser, or abandoned ones would fill the header.
const MOST_BINDINGS: usize = 20;

/// What every binding's name begins with.
const BINDING: &str = "oauth-attempt-";

/// The value of the cookie `name`.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    pairs(headers)
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The value of an attempt's binding cookie.
pub(super) fn binding<'a>(headers: &'a HeaderMap, origin: &Origin, name: &str) -> Option<&'a str> {
    cookie(headers, &prefixed(origin, name))
}

/// The headers that give a browser a binding, and take the oldest ones away where there are too many.
pub(super) fn bind(headers: &HeaderMap, origin: &Origin, binding: &Binding) -> Vec<HeaderValue> {
    let prefix = prefixed(origin, BINDING);
    // Browsers send the oldest first.
    let held: Vec<&str> = pairs(headers)
        .map(|(name, _)| name)
        .filter(|name| name.starts_with(&prefix))
        .collect();
    let surplus = (held.len() + 1).saturating_sub(MOST_BINDINGS);
    let mut cookies: Vec<HeaderValue> = held
        .into_iter()
        .take(surplus)
        .filter_map(|name| set(origin, name, "", 0))
        .collect();
    cookies.extend(set(
        origin,
        &prefixed(origin, &binding.name),
        &binding.value,
        BINDING_LIFE_SECONDS,
    ));
    cookies
}

/// The header that takes a binding away.
pub(super) fn unbind(origin: &Origin, name: &str) -> Option<HeaderValue> {
    set(origin, &prefixed(origin, name), "", 0)
}

/// A cookie for this host alone. `Lax`: it must come with the provider's redirect, which is a navigation.
pub(super) fn set(
    origin: &Origin,
    name: &str,
    value: &str,
    life_seconds: u32,
) -> Option<HeaderValue> {
    let secure = if origin.is_https() { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; Max-Age={life_seconds}; HttpOnly; SameSite=Lax{secure}"
    ))
    .ok()
}

/// `__Host-` binds a cookie to this very host, and needs https: on loopback there is none.
fn prefixed(origin: &Origin, name: &str) -> String {
    if origin.is_https() {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}
