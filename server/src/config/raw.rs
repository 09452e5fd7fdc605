//! The file as it is written.

use super::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub origin: Option<String>,
    #[serde(default)]
    pub app_origins: Vec<String>,
    pub listen: Option<String>,
    pub database: Option<PathBuf>,
    pub namespace: Option<String>,
    #[serde(default)]
    pub encryption: RawEncryption,
    pub identity: Option<RawIdentity>,
    #[serde(default)]
    pub rate_limits: RawRates,
    pub metrics: Option<RawMetrics>,
    #[serde(default)]
    pub providers: BTreeMap<String, RawProvider>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEncryption {
    #[serde(default)]
    pub keys: Vec<RawKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKey {
    pub id: String,
    pub key: Option<String>,
    pub key_env: Option<String>,
    pub key_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    pub header: Option<String>,
    #[serde(default)]
    pub proxies: Vec<IpAddr>,
    pub token_secret: Option<String>,
    pub token_secret_env: Option<String>,
    pub token_secret_file: Option<PathBuf>,
    pub token_cookie: Option<String>,
    pub token_audience: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRates {
    pub proxies: Option<Vec<IpAddr>>,
    pub read: Option<RawRate>,
    pub change: Option<RawRate>,
    pub callback: Option<RawRate>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRate {
    pub user: Option<u32>,
    pub address: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetrics {
    pub listen: Option<String>,
    pub token: Option<String>,
    pub token_env: Option<String>,
    pub token_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProvider {
    pub kind: Option<String>,
    pub name: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_secret_env: Option<String>,
    pub client_secret_file: Option<PathBuf>,
    pub client_authentication: Option<RawClientAuthentication>,
    pub base_url: Option<String>,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub revocation_endpoint: Option<String>,
    pub validation_endpoint: Option<String>,
    pub rotation: Option<RawRotation>,
    pub issuer: Option<String>,
    pub require_iss: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub pkce: Option<RawPkce>,
    pub authorization_parameters: Option<BTreeMap<String, String>>,
    pub tools: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawClientAuthentication {
    Basic,
    Post,
    Public,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawRotation {
    None,
    Grace,
    Strict,
    Unknown,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) enum RawPkce {
    S256,
    #[serde(rename = "unsupported")]
    Unsupported,
}

/// Reads the file's form. What it says of a mistake never shows the line, which may hold a secret.
pub(super) fn parse(text: &str) -> Result<RawConfig, Vec<Problem>> {
    let one = |key: String, message: String| vec![Problem { key, message }];
    let deserializer = toml::Deserializer::parse(text)
        .map_err(|error| one(String::new(), at_line(text, &error)))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let key = if path == "." { String::new() } else { path };
        one(key, at_line(text, error.inner()))
    })
}

fn at_line(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => {
            let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
            format!("line {line}: {message}")
        }
        None => message.to_owned(),
    }
}
