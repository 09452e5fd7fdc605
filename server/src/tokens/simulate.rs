//! What a refresh token that is not good any more would lead to, without harm to the one that is.

use super::attempt::Step;
use super::{TokenError, TokenService};
use crate::random::random_text;
use crate::store::{Beginning, Ending, Verdict};
use secrecy::SecretString;
use std::time::Duration;
use tracing::info;

/// What a simulated failure showed.
#[derive(Debug)]
pub struct Simulated {
    /// What would follow from the provider's answer.
    pub consequence: Consequence,
    /// What was asked of the provider.
    pub steps: Vec<Step>,
}

/// What would follow from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// The person would have to connect again.
    ReauthRequired,
    /// The connection would stay, and the provider be left alone for a while.
    Cooling,
    /// The provider took a token that it never gave out.
    Accepted,
}

impl Consequence {
    /// As replies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReauthRequired => "reauth_required",
            Self::Cooling => "cooling",
            Self::Accepted => "accepted",
        }
    }
}

impl TokenService {
    /// Goes the way of a refresh with a bad token that exists in memory alone. The lease is held meanwhile, so that no
    /// real refresh comes between; tokens, generation and state stay as they are.
    ///
    /// # Errors
    ///
    /// [`TokenError::NotConnected`], and [`TokenError::Later`] while another process holds the lease.
    pub async fn simulate_failure(
        &self,
        user: &str,
        provider: &str,
    ) -> Result<Simulated, TokenError> {
        let (known, row) = self.row(user, provider).await?;
        if let Some(reason) = row.reauth_reason {
            return Err(TokenError::ReauthRequired(reason));
        }
        let intent = self.intent(&row, true, false)?;
        match self.store.begin_refresh(&intent, self.clock.now()).await? {
            Beginning::Begun(_) => {}
            Beginning::Gone => return Err(TokenError::NotConnected),
            Beginning::Refused(_) => {
                return Err(TokenError::Later {
                    reason: "the connection is being refreshed".to_owned(),
                    retry_after: Duration::from_secs(1),
                });
            }
        }
        let bad = random_text::<32>().map(|text| SecretString::from(format!("simulated-{text}")));
        let said = match bad {
            Ok(bad) => Ok(self.ask_patiently(known, user, &bad, intent.until).await),
            Err(error) => Err(error),
        };
        let ending = Ending {
            connection: intent.connection,
            generation: intent.generation,
            lease: intent.lease,
            verdict: Verdict::Untouched,
        };
        self.end(&ending).await?;
        let said = said?;
        let consequence = match &said.answer {
            Err(error) if error.ends_the_grant() => Consequence::ReauthRequired,
            Err(_) => Consequence::Cooling,
            Ok(_) => Consequence::Accepted,
        };
        info!(
            operation = "simulate-failure",
            provider,
            user,
            consequence = consequence.as_str(),
            "simulated"
        );
        Ok(Simulated {
            consequence,
            steps: said.steps,
        })
    }
}
