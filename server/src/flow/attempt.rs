//! One way to the provider and back: state, verifier, cookie, and the authorization request that carries them.

use super::FlowService;
use crate::config::{Pkce, Provider};
use crate::random::{RandomUnavailable, base64url, random_text, sha256};
use crate::store::NewAttempt;
use crate::tokens::seal_verifier;
use zeroize::Zeroizing;

/// The cookie that binds an attempt to the browser it began in. One for each attempt: two cards clicked at once would
/// overwrite a common one.
pub struct Binding {
    /// Its name, without the prefix that the scheme asks for.
    pub name: String,
    /// Its value, which is nowhere else: the row has its hash.
    pub value: Zeroizing<String>,
}

impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Binding")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The name of the cookie for the state with this hash: a part of the hash, so that the state itself is not in it.
#[must_use]
pub fn binding_name(state_hash: &[u8; 32]) -> String {
    format!("oauth-attempt-{}", base64url(&state_hash[..12]))
}

/// An attempt before the store has taken it.
pub(super) struct Draft {
    pub attempt: NewAttempt,
    pub url: String,
    pub binding: Binding,
}

impl FlowService {
    pub(super) fn draft(
        &self,
        provider: &Provider,
        user: &str,
    ) -> Result<Draft, RandomUnavailable> {
        let state = random_text::<32>()?;
        let state_hash = sha256(state.as_bytes());
        let value = Zeroizing::new(random_text::<32>()?);
        // RFC 7636 4.1: 32 random bytes give the 43 characters that a verifier has at least.
        let verifier = match provider.pkce {
            Pkce::S256 => Some(Zeroizing::new(random_text::<32>()?)),
            Pkce::Unsupported => None,
        };
        let redirect_uri = self.origin.at(&format!("/oauth/callback/{}", provider.id));
        let challenge = verifier
            .as_ref()
            .map(|verifier| base64url(&sha256(verifier.as_bytes())));
        Ok(Draft {
            url: authorization_url(provider, &redirect_uri, &state, challenge.as_deref()),
            attempt: NewAttempt {
                state_hash,
                binding_hash: sha256(value.as_bytes()),
                redirect_uri,
                verifier: match &verifier {
                    Some(verifier) => Some(seal_verifier(&self.keys, &state_hash, user, verifier)?),
                    None => None,
                },
                limit: self.limits.attempts,
            },
            binding: Binding {
                name: binding_name(&state_hash),
                value,
            },
        })
    }
}

fn authorization_url(
    provider: &Provider,
    redirect_uri: &str,
    state: &str,
    challenge: Option<&str>,
) -> String {
    let mut url = provider.authorization_endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state);
        if !provider.scopes.is_empty() {
            query.append_pair("scope", &provider.scopes.join(" "));
        }
        if let Some(challenge) = challenge {
            query
                .append_pair("code_challenge", challenge)
                .append_pair("code_challenge_method", "S256");
        }
        query.extend_pairs(&provider.authorization_parameters);
    }
    url.into()
}
