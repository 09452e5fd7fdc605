//! One browser in front of the router.

use super::{ORIGIN, searched};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tower::ServiceExt as _;

/// One browser: cookies, and who is signed in.
#[derive(Clone)]
pub struct Browser {
    pub user: Option<String>,
    pub cookies: BTreeMap<String, String>,
    pub router: Router,
}

/// On the way to the provider.
#[derive(Debug)]
pub struct Departure {
    pub state: String,
    pub query: BTreeMap<String, String>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn cookies(&self) -> Vec<&str> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    /// What the page hands to `finish`.
    pub fn notice(&self) -> Option<Value> {
        let (_, rest) = self.body.split_once("id=\"outcome\">")?;
        let (json, _) = rest.split_once("</script>")?;
        Some(serde_json::from_str::<Value>(json).unwrap()["notice"].clone())
    }

    /// The departure that a redirect begins.
    pub fn departure(&self) -> Departure {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        departure(self.header("location"))
    }

    /// The page without what differs on every load.
    pub fn page(&self) -> String {
        let (_, rest) = self
            .header("content-security-policy")
            .split_once("'nonce-")
            .unwrap();
        let (nonce, _) = rest.split_once('\'').unwrap();
        self.body.replace(nonce, "")
    }
}

pub fn departure(url: &str) -> Departure {
    let url = url::Url::parse(url).unwrap();
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    Departure {
        state: query["state"].clone(),
        query,
    }
}

pub const FROM_THE_APP: &[(&str, &str)] = &[
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

pub const FROM_ELSEWHERE: &[(&str, &str)] = &[
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

pub const BY_SCRIPT: &[(&str, &str)] = &[
    ("origin", ORIGIN),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
];

impl Browser {
    pub async fn send(
        &mut self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let response = self.ask(method, uri, headers, body).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        searched(uri, answer.body.as_bytes());
        searched(uri, format!("{:?}", answer.headers).as_bytes());
        for cookie in answer.cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// An answer whose body is still to come.
    pub async fn open(&self, uri: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, uri, headers, "").await
    }

    async fn ask(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(user) = &self.user {
            request = request.header("x-user", user);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&mut self, uri: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, uri, headers, "").await
    }

    pub async fn post(&mut self, uri: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(Method::POST, uri, headers, body).await
    }

    /// Clicks "connect" in the app.
    pub async fn start(&mut self, provider: &str, flow: &str) -> Departure {
        let uri = format!("/oauth/start/{provider}?flow={flow}");
        self.get(&uri, FROM_THE_APP).await.departure()
    }

    /// Comes back with a code.
    pub async fn land(&mut self, provider: &str, state: &str, code: &str) -> Answer {
        let uri = callback(provider, state, &format!("code={code}"));
        self.get(&uri, FROM_ELSEWHERE).await
    }

    /// Comes back with an error.
    pub async fn land_with_error(&mut self, provider: &str, state: &str, error: &str) -> Answer {
        let uri = callback(provider, state, &format!("error={error}"));
        self.get(&uri, FROM_ELSEWHERE).await
    }

    pub async fn status(&mut self, flow: &str) -> Value {
        self.get(&format!("/oauth/status?flow={flow}"), BY_SCRIPT)
            .await
            .json()
    }

    pub async fn cancel(&mut self, flow: &str) -> Answer {
        self.post(&format!("/oauth/flows/{flow}/cancel"), BY_SCRIPT, "")
            .await
    }
}

/// The address that the provider sends people back to, with the issuer where it sends one.
pub fn callback(provider: &str, state: &str, rest: &str) -> String {
    let issuer = if provider == "mona" {
        "&iss=https%3A%2F%2Fmona.example"
    } else {
        ""
    };
    format!("/oauth/callback/{provider}?state={state}&{rest}{issuer}")
}
