//! An access token that is good for a while, whoever asks and however many ask at once.

use super::attempt::{Outcome, Step};
use super::decide::{self, Next, Wish};
use super::{TokenError, TokenService, Tokens};
use crate::clock::{Millis, millis};
use crate::store::{Ending, ReauthReason, StoredConnection, Verdict};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// How often the row is looked at while another process asks the provider.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a caller waits for another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a caller waits whose token is still good: it is refreshed ahead so that nobody has to wait.
const PATIENCE_WHILE_GOOD: Duration = Duration::from_secs(2);

/// When to ask again where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// How often a row may change under a caller before something else must be wrong.
const CHANGES: usize = 20;

/// An access token, decrypted.
pub struct AccessToken {
    /// The token.
    pub token: SecretString,
    /// When it expires, if it does.
    pub expires_at: Option<Millis>,
    /// Which pair of its connection it is of.
    pub generation: i64,
}

/// A refresh that was asked for.
pub struct Refreshed {
    /// The connection, as it is now.
    pub connection: StoredConnection,
    /// Its tokens.
    pub tokens: Tokens,
    /// What was asked of the provider by this process: nothing, where another one did it.
    pub steps: Vec<Step>,
}

impl TokenService {
    /// A person's access token for a provider, refreshed ahead of its expiry: once, however many callers and processes
    /// ask. Where a refresh does not work, the token that is there, as long as it is good.
    ///
    /// # Errors
    ///
    /// [`TokenError::NotConnected`], [`TokenError::ReauthRequired`], and [`TokenError::Later`] where the token has
    /// expired and a new one cannot be had now.
    pub async fn access_token(
        self: &Arc<Self>,
        user: &str,
        provider: &str,
    ) -> Result<AccessToken, TokenError> {
        let have = self
            .obtain(user, provider, Wish::Good, &mut Vec::new())
            .await?;
        Ok(AccessToken {
            token: have.tokens.access,
            expires_at: have.connection.access_expires_at,
            generation: have.connection.generation,
        })
    }

    /// Refreshes now, though the token may be good, and though the provider is being left alone after a failure.
    /// `steps` gets what was asked of the provider, also where it did not work.
    ///
    /// # Errors
    ///
    /// As [`access_token`](Self::access_token), and [`TokenError::NotRefreshable`].
    pub async fn refresh(
        self: &Arc<Self>,
        user: &str,
        provider: &str,
        steps: &mut Vec<Step>,
    ) -> Result<Refreshed, TokenError> {
        self.obtain(user, provider, Wish::Forced, steps).await
    }

    /// Refreshes for somebody who holds the token of `seen`, though it may be good: one request, however many hold it
    /// and ask. Where it has been renewed since, there is none; while the provider is being left alone neither.
    ///
    /// # Errors
    ///
    /// As [`refresh`](Self::refresh).
    pub async fn renew(self: &Arc<Self>, seen: &StoredConnection) -> Result<Refreshed, TokenError> {
        let wish = Wish::NewerThan(seen);
        self.obtain(&seen.user, &seen.provider, wish, &mut Vec::new())
            .await
    }

    /// As [`access_token`](Self::access_token), with the row and what was asked of the provider.
    pub(super) async fn obtain(
        self: &Arc<Self>,
        user: &str,
        provider: &str,
        wish: Wish<'_>,
        steps: &mut Vec<Step>,
    ) -> Result<Refreshed, TokenError> {
        let began = self.clock.now();
        let mut seen = match wish {
            Wish::NewerThan(row) => Some((row.id.clone(), row.generation)),
            Wish::Good | Wish::Forced => None,
        };
        let mut changes = 0;
        while changes < CHANGES {
            let (known, row) = self.row(user, provider).await?;
            let now = self.clock.now();
            let first = seen.get_or_insert_with(|| (row.id.clone(), row.generation));
            let has_moved = (&first.0, first.1) != (&row.id, row.generation);
            match decide::next(known.rotation, &row, wish, has_moved, now) {
                Next::HandOut => return self.hand_out(row, steps),
                Next::Reauth(reason) => return Err(TokenError::ReauthRequired(reason)),
                Next::NotRefreshable => return Err(TokenError::NotRefreshable),
                Next::End => return self.end_of_the_only_token(row, now).await,
                Next::MakeDo { reason, wait } => {
                    return self.make_do(row, wish, reason, wait, steps);
                }
                Next::Ask => {}
            }
            // What does not open is the operator's affair, and no reason to spend a refresh token.
            self.open(&row)?;
            let may_make_do = !wish.is_for_a_new_one() && row.is_good(now);
            let flight = self.fly(row.clone(), wish.is_forced());
            let report = if may_make_do {
                match tokio::time::timeout(PATIENCE_WHILE_GOOD, flight).await {
                    Ok(report) => report,
                    // It goes on without this caller.
                    Err(_) => return self.hand_out(row, steps),
                }
            } else {
                flight.await
            };
            let patience = if may_make_do {
                PATIENCE_WHILE_GOOD
            } else {
                PATIENCE
            };
            let patient_until = began.saturating_add(millis(patience));
            steps.extend(report.steps);
            match report.outcome {
                Outcome::Changed => changes += 1,
                Outcome::Held if self.clock.now() < patient_until => {
                    self.clock.sleep(LOOK_EVERY).await;
                }
                Outcome::Held => {
                    let reason = "another process is refreshing it".to_owned();
                    return self.make_do(row, wish, reason, millis(SOON), steps);
                }
                Outcome::Failed { reason, until } => {
                    let wait = until - self.clock.now();
                    return self.make_do(row, wish, reason, wait, steps);
                }
                Outcome::Broken(error) => return Err(error.into()),
            }
        }
        Err(TokenError::Restless)
    }

    fn hand_out(
        &self,
        row: StoredConnection,
        steps: &mut Vec<Step>,
    ) -> Result<Refreshed, TokenError> {
        Ok(Refreshed {
            tokens: self.open(&row)?,
            connection: row,
            steps: std::mem::take(steps),
        })
    }

    /// The token that is there, if it is still good and no new one was asked for by name.
    fn make_do(
        &self,
        row: StoredConnection,
        wish: Wish<'_>,
        reason: String,
        wait: Millis,
        steps: &mut Vec<Step>,
    ) -> Result<Refreshed, TokenError> {
        if !wish.is_for_a_new_one() && row.is_good(self.clock.now()) {
            return self.hand_out(row, steps);
        }
        let wait = u64::try_from(wait).map_or(SOON, Duration::from_millis);
        Err(TokenError::Later {
            reason,
            retry_after: wait.max(SOON),
        })
    }

    /// It has expired, and there is nothing to refresh it with.
    async fn end_of_the_only_token(
        &self,
        row: StoredConnection,
        now: Millis,
    ) -> Result<Refreshed, TokenError> {
        let reason = ReauthReason::NoRefreshToken;
        let ending = Ending {
            connection: row.id,
            generation: row.generation,
            lease: String::new(),
            verdict: Verdict::Reauth(reason),
        };
        self.store.end_refresh(&ending, now).await?;
        Err(TokenError::ReauthRequired(reason))
    }
}
