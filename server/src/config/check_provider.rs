//! The checks of one provider's table.

use super::check::Check;
use super::origin::is_loopback;
use super::provider::{
    BUILT_IN, BuiltIn, ClientAuthentication, GITHUB_REVOCATION, Pkce, Provider, Revocation,
    Rotation,
};
use super::raw::{RawClientAuthentication, RawPkce, RawProvider, RawRotation};
use std::collections::BTreeMap;
use url::Url;

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

impl Check<'_> {
    pub(super) fn provider(
        &mut self,
        id: &str,
        raw: RawProvider,
        instead: Option<&str>,
    ) -> Option<Provider> {
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
        // Another host's tokens are not for the built-in host to see: a `base_url` takes no endpoint but its own.
        let at_home = built_in.filter(|_| base.is_none());
        let revocation = match (&raw.revocation_endpoint, at_home) {
            (Some(text), _) => self
                .endpoint(&key("revocation_endpoint"), Some(text), base.as_ref())
                .map(Revocation::Rfc7009),
            (None, Some(known)) => client_id
                .as_deref()
                .and_then(|client| built_in_revocation(known, client)),
            (None, None) => None,
        };
        let validation_endpoint = raw
            .validation_endpoint
            .as_deref()
            .or_else(|| at_home.and_then(|known| known.validation_endpoint))
            .and_then(|text| self.endpoint(&key("validation_endpoint"), Some(text), base.as_ref()));
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
            revocation,
            validation_endpoint,
            rotation: match (raw.rotation, at_home) {
                (Some(RawRotation::None), _) => Rotation::None,
                (Some(RawRotation::Grace), _) => Rotation::Grace,
                (Some(RawRotation::Strict), _) => Rotation::Strict,
                (None, Some(known)) => known.rotation,
                (Some(RawRotation::Unknown), _) | (None, None) => Rotation::Unknown,
            },
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

fn built_in_revocation(known: &BuiltIn, client_id: &str) -> Option<Revocation> {
    let text = known.revocation_endpoint?;
    if text == GITHUB_REVOCATION {
        let client: String = url::form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
        let url = Url::parse(&text.replace("{client_id}", &client)).ok()?;
        return Some(Revocation::GitHub(url));
    }
    Url::parse(text).ok().map(Revocation::Rfc7009)
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
