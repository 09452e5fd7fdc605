//! The file as it is written, and the checks that turn it into a [`Config`].

use super::origin::{Origin, is_loopback};
use super::provider::{BUILT_IN, BuiltIn, ClientAuthentication, Pkce, Provider, Providers};
use super::{Config, Identity, Overrides, Problem, Surroundings};
use crate::envelope::{Key, KeyRing};
use crate::flow::Limits;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{SecretSlice, SecretString};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use url::Url;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    origin: Option<String>,
    #[serde(default)]
    app_origins: Vec<String>,
    listen: Option<String>,
    database: Option<PathBuf>,
    namespace: Option<String>,
    #[serde(default)]
    encryption: RawEncryption,
    identity: Option<RawIdentity>,
    #[serde(default)]
    providers: BTreeMap<String, RawProvider>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEncryption {
    #[serde(default)]
    keys: Vec<RawKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    id: String,
    key: Option<String>,
    key_env: Option<String>,
    key_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    header: Option<String>,
    #[serde(default)]
    proxies: Vec<IpAddr>,
    token_secret: Option<String>,
    token_secret_env: Option<String>,
    token_secret_file: Option<PathBuf>,
    token_cookie: Option<String>,
    token_audience: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProvider {
    kind: Option<String>,
    name: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_secret_env: Option<String>,
    client_secret_file: Option<PathBuf>,
    client_authentication: Option<RawClientAuthentication>,
    base_url: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    issuer: Option<String>,
    require_iss: Option<bool>,
    scopes: Option<Vec<String>>,
    pkce: Option<RawPkce>,
    authorization_parameters: Option<BTreeMap<String, String>>,
    tools: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawClientAuthentication {
    Basic,
    Post,
    Public,
}

#[derive(Clone, Copy, Deserialize)]
enum RawPkce {
    S256,
    #[serde(rename = "unsupported")]
    Unsupported,
}

/// Parameters that a flow sets itself: a configuration that sets one would undo a protection.
const RESERVED: [&str; 8] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

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

/// Checks everything, and says everything that is wrong at once.
pub(super) fn check(
    raw: RawConfig,
    overrides: Overrides,
    surroundings: &Surroundings<'_>,
) -> Result<Config, Vec<Problem>> {
    let mut check = Check {
        problems: Vec::new(),
        surroundings,
    };
    let demo = overrides.demo;
    let listen = overrides.listen.or_else(|| check.listen(raw.listen));
    let origin_follows_port = demo.is_some() && overrides.origin.is_none();
    let origin = check.server_origin(overrides.origin.or(raw.origin));
    let app_origins = check.app_origins(&raw.app_origins, origin.as_ref());
    let database = overrides
        .database
        .or(raw.database)
        .unwrap_or_else(|| PathBuf::from("oauth-sync.db"));
    if let (true, Some(origin)) = (demo.is_some(), &origin)
        && !origin.is_loopback()
    {
        check.wrong(
            "origin",
            "must be on loopback in a demo: everybody who can reach it is let in",
        );
    }
    let keys = if demo.is_some() && raw.encryption.keys.is_empty() {
        check.demo_keys(&database)
    } else {
        check.keys(raw.encryption.keys)
    };
    let identity = if demo.is_some() {
        Some(Identity::Demo)
    } else {
        check.identity(raw.identity)
    };
    if raw.providers.is_empty() {
        check.wrong(
            "providers",
            "names none: add a table such as [providers.github]",
        );
    }
    let mut providers = Providers::new();
    for (id, provider) in raw.providers {
        let instead = overrides.provider.as_deref().filter(|_| demo.is_some());
        if let Some(provider) = check.provider(&id, provider, instead) {
            providers.insert(id, provider);
        }
    }
    match (listen, origin, keys, identity) {
        (Some(listen), Some(origin), Some(keys), Some(identity)) if check.problems.is_empty() => {
            Ok(Config {
                origin,
                origin_follows_port,
                app_origins,
                listen,
                database,
                keys,
                identity,
                providers,
                namespace: raw.namespace,
                limits: Limits::default(),
                demo,
            })
        }
        _ => Err(check.problems),
    }
}

struct Check<'a> {
    problems: Vec<Problem>,
    surroundings: &'a Surroundings<'a>,
}

impl Check<'_> {
    fn wrong(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            key: key.to_owned(),
            message: message.into(),
        });
    }

    fn missing<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.wrong(key, "is missing");
        }
        value
    }

    fn listen(&mut self, text: Option<String>) -> Option<SocketAddr> {
        let Some(text) = text else {
            return Some(SocketAddr::from(([127, 0, 0, 1], 4180)));
        };
        let address = text.parse().ok();
        if address.is_none() {
            self.wrong(
                "listen",
                "is not an address and port such as 127.0.0.1:4180",
            );
        }
        address
    }

    fn server_origin(&mut self, text: Option<String>) -> Option<Origin> {
        let text = self.missing("origin", text)?;
        match Origin::parse(&text) {
            Ok(origin) => Some(origin),
            Err(message) => {
                self.wrong("origin", message);
                None
            }
        }
    }

    fn app_origins(&mut self, texts: &[String], own: Option<&Origin>) -> Vec<Origin> {
        let mut origins: Vec<Origin> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match Origin::parse(text) {
                Ok(origin) => origins.push(origin),
                Err(message) => self.wrong(&format!("app_origins[{index}]"), message),
            }
        }
        if origins.is_empty() {
            origins.extend(own.cloned());
        }
        origins
    }

    /// The one of `value`, `variable` and `file` that is given.
    fn secret(
        &mut self,
        key: &str,
        value: Option<String>,
        variable: Option<String>,
        file: Option<PathBuf>,
    ) -> Option<SecretString> {
        let found = match (value, variable, file) {
            (Some(value), None, None) => Ok(value),
            (None, Some(name), None) => (self.surroundings.variable)(&name).ok_or_else(|| {
                (
                    format!("{key}_env"),
                    format!("the variable {name} is not set"),
                )
            }),
            (None, None, Some(path)) => std::fs::read_to_string(&path)
                .map(|text| text.trim_end().to_owned())
                .map_err(|error| {
                    (
                        format!("{key}_file"),
                        format!("{} cannot be read: {error}", path.display()),
                    )
                }),
            (None, None, None) => Err((
                key.to_owned(),
                "is missing (give it, or where it is by _env or _file)".to_owned(),
            )),
            _ => Err((
                key.to_owned(),
                "is given more than once: keep one of it, _env and _file".to_owned(),
            )),
        };
        match found {
            Ok(value) if value.is_empty() => {
                self.wrong(key, "is empty");
                None
            }
            Ok(value) => Some(value.into()),
            Err((key, message)) => {
                self.wrong(&key, message);
                None
            }
        }
    }

    fn keys(&mut self, raw: Vec<RawKey>) -> Option<KeyRing> {
        use secrecy::ExposeSecret as _;

        if raw.is_empty() {
            self.wrong(
                "encryption.keys",
                "is missing: tokens are stored encrypted, and there is no default key. Make one with \
                 `openssl rand -base64 32`",
            );
            return None;
        }
        let mut ring = Vec::new();
        let mut ids = BTreeSet::new();
        for (index, raw) in raw.into_iter().enumerate() {
            let name = format!("encryption.keys[{index}]");
            let bytes = self
                .secret(&format!("{name}.key"), raw.key, raw.key_env, raw.key_file)
                .and_then(|text| {
                    let bytes = STANDARD
                        .decode(text.expose_secret())
                        .ok()
                        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                    if bytes.is_none() {
                        self.wrong(&format!("{name}.key"), "is not 32 bytes in base64");
                    }
                    bytes
                });
            if !ids.insert(raw.id.clone()) {
                self.wrong(&format!("{name}.id"), "is used twice");
            }
            match bytes.map(|bytes| Key::new(&raw.id, bytes)) {
                Some(Ok(key)) => ring.push(key),
                Some(Err(error)) => self.wrong(&format!("{name}.id"), error.to_string()),
                None => {}
            }
        }
        if ring.is_empty() {
            return None;
        }
        let active = ring.remove(0);
        Some(KeyRing::new(active, ring))
    }

    fn demo_keys(&mut self, database: &std::path::Path) -> Option<KeyRing> {
        let made = (self.surroundings.demo_key)(database)
            .and_then(|bytes| Key::new("demo", bytes).map_err(|error| error.to_string()));
        match made {
            Ok(key) => Some(KeyRing::new(key, Vec::new())),
            Err(message) => {
                self.wrong("encryption.keys", message);
                None
            }
        }
    }

    fn identity(&mut self, raw: Option<RawIdentity>) -> Option<Identity> {
        use secrecy::ExposeSecret as _;

        const CHOICE: &str =
            "must say how people are known: either header and proxies, or token_secret";
        let Some(raw) = raw else {
            self.wrong("identity", CHOICE);
            return None;
        };
        let has_token = raw.token_secret.is_some()
            || raw.token_secret_env.is_some()
            || raw.token_secret_file.is_some();
        match (raw.header, has_token) {
            (Some(header), false) => {
                let name = header.to_ascii_lowercase();
                if axum::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                    self.wrong("identity.header", "is not a header's name");
                    return None;
                }
                if raw.proxies.is_empty() {
                    self.wrong(
                        "identity.proxies",
                        "is missing: the addresses from which the header is believed",
                    );
                    return None;
                }
                Some(Identity::Header {
                    name,
                    proxies: raw.proxies,
                })
            }
            (None, true) => {
                let secret = self.secret(
                    "identity.token_secret",
                    raw.token_secret,
                    raw.token_secret_env,
                    raw.token_secret_file,
                )?;
                if secret.expose_secret().len() < 32 {
                    self.wrong("identity.token_secret", "is shorter than 32 bytes");
                    return None;
                }
                Some(Identity::Token {
                    secret: SecretSlice::from(secret.expose_secret().as_bytes().to_vec()),
                    cookie: raw
                        .token_cookie
                        .unwrap_or_else(|| "oauth_sync_user".to_owned()),
                    audience: raw.token_audience,
                })
            }
            _ => {
                self.wrong("identity", CHOICE);
                None
            }
        }
    }

    fn provider(&mut self, id: &str, raw: RawProvider, instead: Option<&str>) -> Option<Provider> {
        let key = |field: &str| format!("providers.{id}.{field}");
        let before = self.problems.len();
        let fits = (1..=32).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !fits {
            self.wrong(
                &format!("providers.{id}"),
                "is not a name of 1 to 32 of a-z 0-9 -",
            );
        }
        let kind = raw.kind.as_deref().unwrap_or(id);
        let built_in: Option<&BuiltIn> = BUILT_IN.iter().find(|built_in| built_in.id == kind);
        if built_in.is_none() && raw.kind.is_some() {
            self.wrong(
                &key("kind"),
                "is not built in: github, atlassian, microsoft and google are; leave it out for another",
            );
        }
        let base = match (instead, raw.base_url.as_deref()) {
            (Some(text), _) => self.endpoint("--provider", Some(text), None),
            (None, Some(text)) => self.endpoint(&key("base_url"), Some(text), None),
            (None, None) => None,
        };
        let client_id = self.missing(&key("client_id"), raw.client_id);
        let client_authentication = match raw.client_authentication {
            Some(RawClientAuthentication::Basic) => ClientAuthentication::Basic,
            Some(RawClientAuthentication::Public) => ClientAuthentication::Public,
            Some(RawClientAuthentication::Post) | None => ClientAuthentication::Post,
        };
        let client_secret = if client_authentication == ClientAuthentication::Public {
            None
        } else {
            self.secret(
                &key("client_secret"),
                raw.client_secret,
                raw.client_secret_env,
                raw.client_secret_file,
            )
        };
        let authorization_endpoint = self.endpoint(
            &key("authorization_endpoint"),
            raw.authorization_endpoint
                .as_deref()
                .or_else(|| built_in.map(|known| known.authorization_endpoint)),
            base.as_ref(),
        );
        let token_endpoint = self.endpoint(
            &key("token_endpoint"),
            raw.token_endpoint
                .as_deref()
                .or_else(|| built_in.map(|known| known.token_endpoint)),
            base.as_ref(),
        );
        let revocation_endpoint = raw
            .revocation_endpoint
            .as_deref()
            .or_else(|| built_in.and_then(|known| known.revocation_endpoint))
            .and_then(|text| self.endpoint(&key("revocation_endpoint"), Some(text), base.as_ref()));
        let issuer = match instead {
            Some(url) => Some(url.trim_end_matches('/').to_owned()),
            None => raw
                .issuer
                .or_else(|| built_in.and_then(|known| known.issuer.map(str::to_owned))),
        };
        let requires_issuer = raw.require_iss.unwrap_or(false);
        if requires_issuer && issuer.is_none() {
            self.wrong(&key("issuer"), "is missing, though require_iss is true");
        }
        let authorization_parameters = raw.authorization_parameters.unwrap_or_else(|| {
            built_in.map_or_else(BTreeMap::new, |known| {
                owned_pairs(known.authorization_parameters)
            })
        });
        for name in authorization_parameters.keys() {
            if RESERVED.contains(&name.as_str()) {
                self.wrong(
                    &key(&format!("authorization_parameters.{name}")),
                    "is set by the flow itself",
                );
            }
        }
        if self.problems.len() > before {
            return None;
        }
        Some(Provider {
            id: id.to_owned(),
            name: raw
                .name
                .or_else(|| built_in.map(|known| known.name.to_owned()))
                .unwrap_or_else(|| id.to_owned()),
            client_id: client_id?,
            client_secret,
            client_authentication,
            authorization_endpoint: authorization_endpoint?,
            token_endpoint: token_endpoint?,
            revocation_endpoint,
            issuer,
            requires_issuer,
            scopes: raw
                .scopes
                .or_else(|| built_in.map(|known| owned(known.scopes)))
                .unwrap_or_default(),
            pkce: match (raw.pkce, built_in) {
                (Some(RawPkce::S256), _) | (None, None) => Pkce::S256,
                (Some(RawPkce::Unsupported), _) => Pkce::Unsupported,
                (None, Some(known)) => known.pkce,
            },
            authorization_parameters,
            tools: raw
                .tools
                .or_else(|| built_in.map(|known| owned(known.tools)))
                .unwrap_or_default(),
        })
    }

    fn endpoint(&mut self, key: &str, text: Option<&str>, base: Option<&Url>) -> Option<Url> {
        let text = self.missing(key, text)?;
        let url = match base {
            Some(base) => base.join(text),
            None => Url::parse(text),
        };
        match url {
            Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {
                Some(url)
            }
            Ok(_) => {
                self.wrong(key, "must be https, but on loopback");
                None
            }
            Err(_) => {
                self.wrong(key, "is not a URL");
                None
            }
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn owned_pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
