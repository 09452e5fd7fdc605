//! Requests to a provider's token endpoint (RFC 6749 4.1.3 and 6), and what their answers mean.

use crate::config::{ClientAuthentication, Provider, Providers};
use oauth_sync::proto::error::ErrorCode;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::time::Duration;
use zeroize::Zeroizing;

/// A provider that does not take a connection in this time does not work.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Far above the largest real answer; Microsoft's are some 8 KiB.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What a code or a refresh token brought.
pub struct Grant {
    pub access_token: SecretString,
    pub refresh_token: Option<SecretString>,
    pub token_type: Option<String>,
    pub expires_in: Option<Duration>,
    pub scope: Option<String>,
}

/// Why a request brought nothing, in our own words: the provider's never travel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There was no connection: nothing was sent.
    #[error("the provider could not be reached")]
    Unreachable,
    /// It was sent, and no answer came in time.
    #[error("the provider did not answer")]
    NoAnswer,
    /// It answered with a status that says "later", and perhaps when.
    #[error("the provider answered {0}")]
    Unavailable(u16, Option<Duration>),
    /// It answered something that is no token response.
    #[error("the provider's answer is no token response (status {0})")]
    Unusable(u16),
    /// It refused, with a code of RFC 6749 5.2 or an alias.
    #[error("the provider refused: {}", .0.as_str())]
    Refused(ErrorCode),
}

impl EndpointError {
    /// What a flow fails with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unreachable | Self::NoAnswer | Self::Unavailable(..) => {
                known("temporarily_unavailable")
            }
            Self::Unusable(_) => ErrorCode::SERVER_ERROR,
            Self::Refused(code) => code.clone(),
        }
    }

    /// The kind, in a word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no_answer",
            Self::Unavailable(..) => "unavailable",
            Self::Unusable(_) => "unusable",
            Self::Refused(_) => "refused",
        }
    }

    /// Whether the provider says that the grant is over. Nothing else ends a connection.
    pub fn ends_the_grant(&self) -> bool {
        matches!(self, Self::Refused(code) if code.as_str() == "invalid_grant")
    }

    /// Whether the provider may have used the refresh token though it did not say so.
    pub const fn is_uncertain(&self) -> bool {
        match self {
            Self::NoAnswer => true,
            // 429 and 503 are said before the work. A gateway's 502 or 504 says nothing of what was done behind it.
            Self::Unavailable(status, _) => !matches!(status, 429 | 503),
            // A 4xx without a code is still a no.
            Self::Unusable(status) => *status < 400 || 499 < *status,
            Self::Unreachable | Self::Refused(_) => false,
        }
    }

    /// Whether it may be different in a second.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable | Self::NoAnswer | Self::Unavailable(..) => true,
            Self::Unusable(_) => self.is_uncertain(),
            Self::Refused(code) => code.as_str() == "temporarily_unavailable",
        }
    }

    /// How long the provider asks to be left alone.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_, after) => *after,
            _ => None,
        }
    }
}

/// What is asked for, beside what names the client.
pub enum Request<'a> {
    /// RFC 6749 4.1.3.
    Code {
        code: &'a SecretString,
        redirect_uri: &'a str,
        verifier: Option<&'a str>,
    },
    /// RFC 6749 6. No scope is named: it stays what was granted.
    Refresh(&'a SecretString),
}

/// The client for providers: no redirects (a code must not follow one), and bounded in time.
pub fn client(timeout: Duration, providers: &Providers) -> Result<Client, reqwest::Error> {
    // The first caller in a process sets it, and any later one finds it set: both are right.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .user_agent(concat!("oauth-sync-server/", env!("CARGO_PKG_VERSION")));
    let is_local = |provider: &Provider| provider.token_endpoint.scheme() == "http";
    if providers.values().all(is_local) {
        // Plain http on loopback alone: a demo runs also where no certificates are installed.
        builder.tls_certs_only([]).build()
    } else {
        builder.build()
    }
}

/// Sends one request, once.
pub async fn ask(
    client: &Client,
    provider: &Provider,
    request: &Request<'_>,
) -> Result<Grant, EndpointError> {
    let form = match request {
        Request::Code {
            code,
            redirect_uri,
            verifier,
        } => {
            let mut form = vec![
                ("grant_type", "authorization_code"),
                ("code", code.expose_secret()),
                ("redirect_uri", *redirect_uri),
            ];
            form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
            form
        }
        Request::Refresh(token) => vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose_secret()),
        ],
    };
    let builder = client
        .post(provider.token_endpoint.clone())
        // GitHub answers in a form of its own unless it is asked for JSON.
        .header(ACCEPT, HeaderValue::from_static("application/json"));
    let response = authenticate(builder, provider, form)
        .send()
        .await
        .map_err(|error| {
            if error.is_connect() {
                EndpointError::Unreachable
            } else {
                EndpointError::NoAnswer
            }
        })?;
    read(response).await
}

/// `Retry-After` in seconds. A date in it is not read: it is rare, and our clock may be another.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

pub fn authenticate<'a>(
    builder: RequestBuilder,
    provider: &'a Provider,
    mut form: Vec<(&'static str, &'a str)>,
) -> RequestBuilder {
    let secret = provider
        .client_secret
        .as_ref()
        .map(secrecy::ExposeSecret::expose_secret);
    match (provider.client_authentication, secret) {
        (ClientAuthentication::Basic, Some(secret)) => builder
            // RFC 6749 2.3.1: both are form-encoded before they are joined.
            .basic_auth(form_encode(&provider.client_id), Some(form_encode(secret)))
            .form(&form),
        (ClientAuthentication::Post, Some(secret)) => {
            form.push(("client_id", &provider.client_id));
            form.push(("client_secret", secret));
            builder.form(&form)
        }
        (ClientAuthentication::Public, _) | (_, None) => {
            form.push(("client_id", &provider.client_id));
            builder.form(&form)
        }
    }
}

fn form_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn read(mut response: Response) -> Result<Grant, EndpointError> {
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::SERVICE_UNAVAILABLE
        || (status.is_server_error() && response.headers().contains_key(RETRY_AFTER))
    {
        let after = retry_after(response.headers());
        return Err(EndpointError::Unavailable(status.as_u16(), after));
    }
    let unusable = EndpointError::Unusable(status.as_u16());
    let body = match small_body(&mut response).await {
        Ok(body) => body,
        Err(Some(error)) if error.is_timeout() => return Err(EndpointError::NoAnswer),
        Err(_) => return Err(unusable),
    };
    let answer: Answer = match serde_json::from_slice(&body) {
        Ok(answer) => answer,
        Err(_) if status.is_server_error() => {
            return Err(EndpointError::Unavailable(status.as_u16(), None));
        }
        Err(_) => return Err(unusable),
    };
    // GitHub says its errors with status 200, so the body is asked first.
    if let Some(error) = answer.error {
        return Err(EndpointError::Refused(refusal(&error)));
    }
    match answer.access_token {
        Some(token) if status.is_success() && fits(&token) => Ok(Grant {
            access_token: token,
            refresh_token: answer.refresh_token.filter(fits),
            token_type: answer.token_type.filter(|text| is_plain(text, 64)),
            expires_in: answer.expires_in.and_then(Seconds::duration),
            scope: answer.scope.filter(|text| is_plain(text, 4096)),
        }),
        _ => Err(unusable),
    }
}

/// RFC 6749 A: printable. PostgreSQL cannot hold a NUL in a text, and no provider has a use for one.
fn is_plain(text: &str, longest: usize) -> bool {
    text.len() <= longest && !text.chars().any(char::is_control)
}

/// The body, if it has a sensible size; the error, where reading it is what failed.
pub async fn small_body(
    response: &mut Response,
) -> Result<Zeroizing<Vec<u8>>, Option<reqwest::Error>> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(Some)? {
        if LARGEST_ANSWER < body.len() + chunk.len() {
            return Err(None);
        }
        body.extend(chunk);
    }
    Ok(body)
}

fn fits(token: &SecretString) -> bool {
    (1..=16 * 1024).contains(&token.expose_secret().len())
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    token_type: Option<String>,
    expires_in: Option<Seconds>,
    scope: Option<String>,
    error: Option<String>,
}

/// A number by RFC 6749 5.1; some providers write it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Whole(u64),
    Fraction(f64),
    Text(String),
}

impl Seconds {
    /// None where it is no sensible span: then the token's life is unknown, which is no reason to refuse it.
    fn duration(self) -> Option<Duration> {
        /// Ten years: more is no life of a token, and would overflow a date.
        const LONGEST: u64 = 10 * 366 * 24 * 60 * 60;
        let seconds = match self {
            Self::Whole(seconds) => seconds,
            Self::Fraction(seconds) => Duration::try_from_secs_f64(seconds).ok()?.as_secs(),
            Self::Text(text) => text.trim().parse().ok()?,
        };
        (seconds <= LONGEST).then(|| Duration::from_secs(seconds))
    }
}

/// The codes of RFC 6749 5.2 and their aliases; any other word of the provider's is `server_error`.
fn refusal(error: &str) -> ErrorCode {
    match error {
        // The first is the standard's word, the others GitHub's and Slack's.
        "invalid_grant"
        | "bad_verification_code"
        | "bad_refresh_token"
        | "invalid_refresh_token" => known("invalid_grant"),
        "invalid_client" | "incorrect_client_credentials" => known("invalid_client"),
        "redirect_uri_mismatch" | "invalid_request" => known("invalid_request"),
        "unauthorized_client" => known("unauthorized_client"),
        "unsupported_grant_type" => known("unsupported_grant_type"),
        "invalid_scope" => known("invalid_scope"),
        "temporarily_unavailable" | "slow_down" => known("temporarily_unavailable"),
        _ => ErrorCode::SERVER_ERROR,
    }
}

fn known(code: &str) -> ErrorCode {
    ErrorCode::parse(code.to_owned()).unwrap_or(ErrorCode::SERVER_ERROR)
}
