//! The checks that turn a file into a [`Config`].

use super::origin::Origin;
use super::provider::Providers;
use super::raw::{RawConfig, RawIdentity, RawKey};
use super::{Config, Identity, Overrides, Problem, Surroundings};
use crate::envelope::{Key, KeyRing};
use crate::flow::Limits;
use crate::push;
use crate::store::Database;
use axum::http::HeaderName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    let namespace = check.namespace(raw.namespace);
    let database = check.database(overrides.database, raw.database);
    if demo.is_some() {
        const LOOPBACK: &str = "must be on loopback in a demo: everybody who reaches it is let in";
        if origin.as_ref().is_some_and(|origin| !origin.is_loopback()) {
            check.wrong("origin", LOOPBACK);
        }
        if listen.is_some_and(|address| !address.ip().is_loopback()) {
            check.wrong("listen", LOOPBACK);
        }
    }
    let keys = if demo.is_some() && raw.encryption.keys.is_empty() {
        check.demo_keys(database.as_ref())
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
    let rates = Check::rates(raw.rate_limits, identity.as_ref());
    let metrics = check.metrics(raw.metrics);
    match (listen, origin, database, keys, identity) {
        (Some(listen), Some(origin), Some(database), Some(keys), Some(identity))
            if check.problems.is_empty() =>
        {
            Ok(Config {
                origin,
                origin_follows_port,
                app_origins,
                listen,
                database,
                keys,
                identity,
                providers,
                namespace,
                limits: Limits::default(),
                rates,
                metrics,
                push: push::Limits::default(),
                demo,
            })
        }
        _ => Err(check.problems),
    }
}

pub(super) struct Check<'a> {
    pub problems: Vec<Problem>,
    surroundings: &'a Surroundings<'a>,
}

impl Check<'_> {
    pub(super) fn wrong(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            key: key.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn missing<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
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

    /// As the module and `notify` have it: what they would refuse is refused before anybody meets it.
    fn namespace(&mut self, text: Option<String>) -> Option<String> {
        let is_wrong = |text: &String| {
            text.is_empty()
                || text.len() > 64
                || text.contains(|c: char| c.is_control() || matches!(c, ':' | '~'))
        };
        if text.as_ref().is_some_and(is_wrong) {
            self.wrong(
                "namespace",
                "is not 1 to 64 bytes without `:`, `~` and control characters",
            );
        }
        text
    }

    /// What the command line says, else the environment, else the file: so a secret that the environment holds need not
    /// stand in the file, and the same file serves on both databases.
    fn database(&mut self, said: Option<PathBuf>, written: Option<PathBuf>) -> Option<Database> {
        const VARIABLE: &str = "DATABASE_URL";
        let variable = (self.surroundings.variable)(VARIABLE).filter(|text| !text.is_empty());
        let (key, setting) = match (said, variable, written) {
            (Some(said), ..) => ("--database", said),
            (None, Some(variable), _) => (VARIABLE, PathBuf::from(variable)),
            (None, None, Some(written)) => ("database", written),
            (None, None, None) => ("database", PathBuf::from("oauth-sync.db")),
        };
        match Database::parse(&setting) {
            Ok(database) => Some(database),
            Err(message) => {
                self.wrong(key, message);
                None
            }
        }
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
    pub(super) fn secret(
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

    fn demo_keys(&mut self, database: Option<&Database>) -> Option<KeyRing> {
        let Database::File(file) = database? else {
            self.wrong(
                "encryption.keys",
                "is missing: a demo keeps a key of its own beside a SQLite file, and this database is none",
            );
            return None;
        };
        let made = (self.surroundings.demo_key)(file)
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
                let Ok(name) = HeaderName::from_bytes(header.as_bytes()) else {
                    self.wrong("identity.header", "is not a header's name");
                    return None;
                };
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
}
