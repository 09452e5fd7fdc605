//! Whether a connection works: asked of the provider where it can be asked.

use super::attempt::Step;
use super::decide::Wish;
use super::{TokenError, TokenService, Tokens};
use crate::config::Provider;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use std::sync::Arc;

/// What became of a validation.
#[derive(Debug)]
pub struct Validated {
    /// The provider's id.
    pub provider: String,
    /// What was found.
    pub validity: Validity,
    /// What was asked of the token endpoint on the way.
    pub steps: Vec<Step>,
}

/// Whether a connection works.
#[derive(Debug)]
pub enum Validity {
    /// The provider takes the token.
    Valid,
    /// The token has not expired; the provider was not asked, or did not say.
    Unchecked,
    /// The provider refuses the token, and a new one as well.
    Refused,
    /// There is no token to ask with.
    Failed(TokenError),
}

enum Taken {
    Yes,
    No,
    Unknown,
}

impl TokenService {
    /// Validates a person's connection to a provider: a token is obtained as for any use, shown to the provider's
    /// validation endpoint, and on 401 refreshed once and shown again.
    pub async fn validate(self: &Arc<Self>, user: &str, provider: &str) -> Validated {
        let mut steps = Vec::new();
        let validity = self
            .try_validate(user, provider, &mut steps)
            .await
            .unwrap_or_else(Validity::Failed);
        Validated {
            provider: provider.to_owned(),
            validity,
            steps,
        }
    }

    async fn try_validate(
        self: &Arc<Self>,
        user: &str,
        provider: &str,
        steps: &mut Vec<Step>,
    ) -> Result<Validity, TokenError> {
        let have = self.obtain(user, provider, Wish::Good, steps).await?;
        steps.extend(have.steps);
        let known = self
            .providers
            .get(provider)
            .ok_or_else(|| TokenError::UnknownProvider(provider.to_owned()))?;
        match self.show(known, &have.tokens).await {
            Taken::Yes => return Ok(Validity::Valid),
            Taken::Unknown => return Ok(Validity::Unchecked),
            Taken::No => {}
        }
        let mut asked = Vec::new();
        let renewed = self.refresh(user, provider, &mut asked).await;
        steps.append(&mut asked);
        let renewed = match renewed {
            Ok(renewed) => renewed,
            Err(TokenError::NotRefreshable) => return Ok(Validity::Refused),
            Err(error) => return Err(error),
        };
        steps.extend(renewed.steps);
        Ok(match self.show(known, &renewed.tokens).await {
            Taken::Yes => Validity::Valid,
            Taken::No => Validity::Refused,
            Taken::Unknown => Validity::Unchecked,
        })
    }

    /// Only 401 is about the token (RFC 6750 3.1): 403 is about its scopes, the rest about the provider.
    async fn show(&self, provider: &Provider, tokens: &Tokens) -> Taken {
        let Some(url) = &provider.validation_endpoint else {
            return Taken::Unknown;
        };
        let sent = self
            .client
            .get(url.clone())
            .bearer_auth(tokens.access.expose_secret())
            .send()
            .await;
        match sent.map(|response| response.status()) {
            Ok(StatusCode::UNAUTHORIZED) => Taken::No,
            Ok(status) if status.is_success() || status == StatusCode::FORBIDDEN => Taken::Yes,
            _ => Taken::Unknown,
        }
    }
}
