//! The token request of RFC 6749 4.1.3. A code is sent once, whatever comes back.

use crate::config::{ClientAuthentication, Provider, Providers};
use oauth_sync::proto::error::ErrorCode;
use reqwest::header::{ACCEPT, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::time::Duration;
use zeroize::Zeroizing;

/// A provider that does not take a connection in this time does not work.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Far above the largest real answer; Microsoft's are some 8 KiB.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What a code brought.
pub struct Grant {
    pub access_token: SecretString,
    pub refresh_token: Option<SecretString>,
    pub token_type: Option<String>,
    pub expires_in: Option<Duration>,
    pub scope: Option<String>,
}

/// Why a code brought nothing, in our own words: the provider's never travel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// It could not be reached, or did not answer in time.
    #[error("the provider could not be reached")]
    Unreachable,
    /// It answered with a status that says "later".
    #[error("the provider answered {0}")]
    Unavailable(u16),
    /// It answered something that is no token response.
    #[error("the provider's answer is no token response (status {0})")]
    Unusable(u16),
    /// It refused, with a code of RFC 6749 5.2 or an alias.
    #[error("the provider refused: {}", .0.as_str())]
    Refused(ErrorCode),
}

impl ExchangeError {
    /// What the flow fails with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unreachable | Self::Unavailable(_) => known("temporarily_unavailable"),
            Self::Unusable(_) => ErrorCode::SERVER_ERROR,
            Self::Refused(code) => code.clone(),
        }
    }
}

/// What a token request names beside the client.
pub struct Request<'a> {
    pub code: &'a SecretString,
    pub redirect_uri: &'a str,
    pub verifier: Option<&'a str>,
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

/// Sends the code, once.
pub async fn exchange(
    client: &Client,
    provider: &Provider,
    request: &Request<'_>,
) -> Result<Grant, ExchangeError> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", request.code.expose_secret()),
        ("redirect_uri", request.redirect_uri),
    ];
    if let Some(verifier) = request.verifier {
        form.push(("code_verifier", verifier));
    }
    let builder = client
        .post(provider.token_endpoint.clone())
        // GitHub answers in a form of its own unless it is asked for JSON.
        .header(ACCEPT, HeaderValue::from_static("application/json"));
    let response = authenticate(builder, provider, form)
        .send()
        .await
        .map_err(|_| ExchangeError::Unreachable)?;
    read(response).await
}

fn authenticate<'a>(
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

async fn read(mut response: Response) -> Result<Grant, ExchangeError> {
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::SERVICE_UNAVAILABLE
        || (status.is_server_error() && response.headers().contains_key(RETRY_AFTER))
    {
        return Err(ExchangeError::Unavailable(status.as_u16()));
    }
    let unusable = ExchangeError::Unusable(status.as_u16());
    let mut body = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => body.extend(chunk),
            Ok(Some(_)) => return Err(unusable),
            Ok(None) => break,
            Err(error) if error.is_timeout() => return Err(ExchangeError::Unreachable),
            Err(_) => return Err(unusable),
        }
    }
    let answer: Answer = match serde_json::from_slice(&body) {
        Ok(answer) => answer,
        Err(_) if status.is_server_error() => {
            return Err(ExchangeError::Unavailable(status.as_u16()));
        }
        Err(_) => return Err(unusable),
    };
    // GitHub says its errors with status 200, so the body is asked first.
    if let Some(error) = answer.error {
        return Err(ExchangeError::Refused(refusal(&error)));
    }
    match answer.access_token {
        Some(token) if status.is_success() && fits(&token) => Ok(Grant {
            access_token: token,
            refresh_token: answer.refresh_token.filter(fits),
            token_type: answer.token_type.filter(|text| text.len() <= 64),
            expires_in: answer.expires_in.and_then(Seconds::duration),
            scope: answer.scope.filter(|text| text.len() <= 4096),
        }),
        _ => Err(unusable),
    }
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
        "invalid_grant" | "bad_verification_code" => known("invalid_grant"),
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
