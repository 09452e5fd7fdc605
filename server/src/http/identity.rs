//! Who is asking. The person is the app's to know: by a proxy's header, by a token that the app signs, or, in a demo,
//! by a cookie that gives each browser a person of its own.

use super::cookies;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Identity;
use crate::envelope::KeyRing;
use crate::random::{base64url, random_text};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::Deserialize;
use sha2::Sha256;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The demo's cookie.
const DEMO_COOKIE: &str = "oauth_sync_demo";

/// A month: a demo that is opened again tomorrow still shows what was connected.
const DEMO_LIFE_SECONDS: u32 = 30 * 24 * 60 * 60;

/// For the clocks of two machines.
const LEEWAY_SECONDS: i64 = 30;

/// The longest name of a person, in bytes.
const LONGEST_USER: usize = 256;

/// A person, and how a request named them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The app's name for them.
    pub user: String,
    /// Whether a browser names them by itself, so that a page elsewhere could make it do so.
    pub ambient: bool,
}

/// Every request's extension: the person, if one is known.
#[derive(Clone, Debug)]
pub(crate) struct Asking(pub Option<Person>);

/// Knows people.
pub(crate) enum Identifier {
    Header {
        name: HeaderName,
        proxies: Vec<IpAddr>,
    },
    Token {
        secret: SecretSlice<u8>,
        cookie: String,
        audience: Option<String>,
        clock: Clock,
    },
    Demo {
        key: Zeroizing<[u8; 32]>,
    },
}

impl Identifier {
    pub(crate) fn new(identity: Identity, keys: &KeyRing, clock: Clock) -> Self {
        match identity {
            Identity::Header { name, proxies } => Self::Header { name, proxies },
            Identity::Token {
                secret,
                cookie,
                audience,
            } => Self::Token {
                secret,
                cookie,
                audience,
                clock,
            },
            Identity::Demo => Self::Demo {
                key: keys.derive("demo session"),
            },
        }
    }

    fn identify(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<Person> {
        match self {
            Self::Header { name, proxies } => {
                if !proxies.contains(&peer?.to_canonical()) {
                    return None;
                }
                let mut values = headers.get_all(name).into_iter();
                // A second value is one that a proxy passed on instead of replacing.
                let (Some(value), None) = (values.next(), values.next()) else {
                    return None;
                };
                person(value.to_str().ok()?.to_owned(), true)
            }
            Self::Token {
                secret,
                cookie,
                audience,
                clock,
            } => {
                let (token, ambient) = match bearer(headers) {
                    Some(token) => (token, false),
                    None => (cookies::cookie(headers, cookie)?, true),
                };
                let user = verify(
                    token,
                    secret.expose_secret(),
                    audience.as_deref(),
                    clock.now() / 1000,
                )?;
                person(user, ambient)
            }
            Self::Demo { key } => {
                let (user, signature) = cookies::cookie(headers, DEMO_COOKIE)?.split_once('.')?;
                let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
                mac(key.as_slice(), user.as_bytes())?
                    .verify_slice(&signature)
                    .ok()?;
                person(user.to_owned(), true)
            }
        }
    }

    /// A new person for a browser that has none; only in a demo.
    fn newcomer(&self) -> Option<(Person, String)> {
        let Self::Demo { key } = self else {
            return None;
        };
        let user = format!("demo-{}", random_text::<16>().ok()?);
        let signature = mac(key.as_slice(), user.as_bytes())?
            .finalize()
            .into_bytes();
        let cookie = format!("{user}.{}", base64url(&signature));
        Some((person(user, true)?, cookie))
    }
}

/// Finds out who asks, before any handler runs.
pub(super) async fn identify(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip());
    let mut known = app.identifier.identify(request.headers(), peer);
    let mut cookie = None;
    if known.is_none() && is_document(request.headers()) {
        // With a page alone: the files that it loads at once would each bring a person of their own.
        if let Some((newcomer, value)) = app.identifier.newcomer() {
            known = Some(newcomer);
            cookie = cookies::set(&app.origin, DEMO_COOKIE, &value, DEMO_LIFE_SECONDS);
        }
    }
    request.extensions_mut().insert(Asking(known));
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Clients that are no browsers do not say; each of their requests counts as a page.
fn is_document(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-dest")
        .is_none_or(|destination| destination == HeaderValue::from_static("document"))
}

fn person(user: String, ambient: bool) -> Option<Person> {
    let fits = (1..=LONGEST_USER).contains(&user.len()) && !user.chars().any(char::is_control);
    fits.then_some(Person { user, ambient })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// The subject of a JWT (RFC 7519) with HS256 and nothing else: whoever writes a token does not choose how it is checked.
fn verify(token: &str, secret: &[u8], audience: Option<&str>, now: i64) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(secret, signed.as_bytes())?
        .verify_slice(&signature)
        .ok()?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let holds = header.alg == "HS256"
        && header.crit.is_none()
        && claims.exp.saturating_add(LEEWAY_SECONDS) > now
        && claims
            .nbf
            .is_none_or(|from| from.saturating_sub(LEEWAY_SECONDS) <= now)
        && audience.is_none_or(|audience| claims.aud.is_some_and(|aud| aud.names(audience)));
    holds.then_some(claims.sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

    fn token(header: &str, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            base64url(header.as_bytes()),
            base64url(claims.as_bytes())
        );
        let signature = mac(SECRET, signed.as_bytes())
            .unwrap()
            .finalize()
            .into_bytes();
        format!("{signed}.{}", base64url(&signature))
    }

    #[test]
    fn takes_a_signed_token_that_has_not_expired() {
        let good = token(
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"sub":"u1","exp":1000,"aud":["x","y"]}"#,
        );
        assert_eq!(verify(&good, SECRET, None, 900).as_deref(), Some("u1"));
        assert_eq!(verify(&good, SECRET, Some("y"), 900).as_deref(), Some("u1"));
        assert_eq!(verify(&good, SECRET, Some("z"), 900), None);
        assert_eq!(verify(&good, SECRET, None, 1030), None);
        assert_eq!(
            verify(&good, b"another secret of thirty-two bytes!!", None, 900),
            None
        );
        assert_eq!(verify(&good[..good.len() - 2], SECRET, None, 900), None);
    }

    #[test]
    fn refuses_tokens_that_choose_their_own_check_or_never_expire() {
        for (header, claims) in [
            (r#"{"alg":"none"}"#, r#"{"sub":"u1","exp":1000}"#),
            (r#"{"alg":"HS512"}"#, r#"{"sub":"u1","exp":1000}"#),
            (
                r#"{"alg":"HS256","crit":["b64"]}"#,
                r#"{"sub":"u1","exp":1000}"#,
            ),
            (r#"{"alg":"HS256"}"#, r#"{"sub":"u1"}"#),
            (r#"{"alg":"HS256"}"#, r#"{"exp":1000}"#),
            (r#"{"alg":"HS256"}"#, r#"{"sub":"u1","exp":1000,"nbf":950}"#),
        ] {
            assert_eq!(
                verify(&token(header, claims), SECRET, None, 900),
                None,
                "{header} {claims}"
            );
        }
        assert_eq!(verify("", SECRET, None, 0), None);
        assert_eq!(verify("..", SECRET, None, 0), None);
    }

    #[test]
    fn believes_a_header_only_from_a_proxy_and_only_once() {
        let identifier = Identifier::Header {
            name: HeaderName::from_static("x-user"),
            proxies: vec![IpAddr::from([10, 0, 0, 1])],
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-user", HeaderValue::from_static("u1"));
        let user = |headers: &HeaderMap, peer: Option<IpAddr>| {
            identifier.identify(headers, peer).map(|person| person.user)
        };
        assert_eq!(
            user(&headers, Some([10, 0, 0, 1].into())).as_deref(),
            Some("u1")
        );
        assert_eq!(user(&headers, Some([10, 0, 0, 2].into())), None);
        assert_eq!(user(&headers, None), None);
        headers.append("x-user", HeaderValue::from_static("u2"));
        assert_eq!(user(&headers, Some([10, 0, 0, 1].into())), None);
    }
}
