//! What each of the operator's commands does and says.

use super::operator::{Command, Keys, One, Refused, token_code};
use super::report::{Entry, Report, steps_json};
use oauth_sync_server::App;
use oauth_sync_server::clock::Clock;
use oauth_sync_server::store::StoredConnection;
use oauth_sync_server::tokens::{Consequence, TokenError, Validity};
use serde_json::json;
use std::sync::Arc;

/// An application that commands are asked of.
pub struct Asked<'a> {
    app: &'a Arc<App>,
    clock: Clock,
}

impl<'a> Asked<'a> {
    pub const fn new(app: &'a Arc<App>, clock: Clock) -> Self {
        Self { app, clock }
    }

    pub async fn answer(&self, command: &Command) -> Result<Report, Refused> {
        match command {
            Command::Status { user, .. } => self.status(user.as_deref()).await,
            Command::Inspect(one) => self.inspect(one).await,
            Command::Refresh(one) => self.refresh(one).await,
            Command::ValidateAll { user, .. } => self.validate_all(user).await,
            Command::Disconnect(one) => self.disconnect(one).await,
            Command::SimulateFailure(one) => self.simulate_failure(one).await,
            Command::Keys(Keys::Rotate { .. }) => self.rotate().await,
        }
    }

    fn entry(&self, connection: &StoredConnection) -> Entry {
        Entry::of(&self.app.tokens, connection, self.clock.now())
    }

    async fn status(&self, user: Option<&str>) -> Result<Report, Refused> {
        let listed = self.app.tokens.connections(user).await?;
        let waiting = self.app.tokens.waiting_revocations(user).await?;
        let entries: Vec<Entry> = listed.iter().map(|row| self.entry(row)).collect();
        let mut report = Report::new(json!({
            "connections": entries.iter().map(Entry::json).collect::<Vec<_>>(),
            "waitingRevocations": waiting,
        }));
        report.table(&entries);
        if waiting > 0 {
            report.line(format!("{waiting} token(s) wait to be revoked"));
        }
        Ok(report)
    }

    async fn inspect(&self, one: &One) -> Result<Report, Refused> {
        let row = self.app.tokens.connection(&one.user, &one.provider).await?;
        let entry = self.entry(&row);
        let mut report = Report::new(json!({ "connection": entry.json() }));
        report.lines(entry.lines());
        Ok(report)
    }

    async fn refresh(&self, one: &One) -> Result<Report, Refused> {
        let mut steps = Vec::new();
        let done = self
            .app
            .tokens
            .refresh(&one.user, &one.provider, &mut steps)
            .await;
        let mut report = match done {
            Ok(refreshed) => {
                let entry = self.entry(&refreshed.connection);
                steps = refreshed.steps;
                let mut report = Report::new(json!({
                    "outcome": "refreshed",
                    "connection": entry.json(),
                }));
                report.line(format!("{}: refreshed, {}", one.provider, entry.expiry()));
                report
            }
            Err(error @ (TokenError::UnknownProvider(_) | TokenError::NotConnected)) => {
                return Err(error.into());
            }
            Err(error) => {
                let mut report = Report::new(failure(&error));
                report.good = false;
                report.line(format!("{}: {error}", one.provider));
                report
            }
        };
        report.steps(&steps);
        Ok(report)
    }

    async fn validate_all(&self, user: &str) -> Result<Report, Refused> {
        let listed = self.app.tokens.connections(Some(user)).await?;
        let mut found = Vec::new();
        let mut report = Report::new(json!({}));
        if listed.is_empty() {
            report.line("no connections".to_owned());
        }
        for row in listed {
            let validated = self.app.tokens.validate(user, &row.provider).await;
            let provider = &validated.provider;
            let (mut body, text) = match &validated.validity {
                Validity::Valid => (json!({ "outcome": "valid" }), "valid".to_owned()),
                Validity::Unchecked => (
                    json!({ "outcome": "unchecked" }),
                    "not expired; the provider could not be asked".to_owned(),
                ),
                Validity::Refused => (
                    json!({ "outcome": "refused" }),
                    "the provider refuses the token".to_owned(),
                ),
                Validity::Failed(error) => (failure(error), error.to_string()),
            };
            report.good &= matches!(validated.validity, Validity::Valid | Validity::Unchecked);
            report.line(format!("{provider}: {text}"));
            report.steps(&validated.steps);
            body["provider"] = json!(provider);
            body["attempts"] = steps_json(&validated.steps);
            found.push(body);
        }
        report.json = json!({ "user": user, "connections": found });
        Ok(report)
    }

    async fn disconnect(&self, one: &One) -> Result<Report, Refused> {
        let ended = self.app.tokens.disconnect(&one.user, &one.provider).await?;
        // What is not done now is done by the server: the queue is in the database.
        let revoked = self.app.tokens.revoke_due().await?;
        let waiting = self.app.tokens.waiting_revocations(Some(&one.user)).await?;
        let mut report = Report::new(json!({
            "outcome": "disconnected",
            "id": ended.connection,
            "queued": ended.queued.len(),
            "revoked": revoked.revoked,
            "givenUp": revoked.given_up,
            "waitingRevocations": waiting,
        }));
        report.line(format!("{}: disconnected", one.provider));
        if revoked.revoked > 0 {
            report.line(format!(
                "{} token(s) revoked at the provider",
                revoked.revoked
            ));
        }
        if revoked.given_up > 0 {
            report.line(format!(
                "{} token(s) cannot be revoked at the provider",
                revoked.given_up
            ));
        }
        if waiting > 0 {
            report.line(format!("{waiting} token(s) wait to be revoked"));
        }
        Ok(report)
    }

    async fn simulate_failure(&self, one: &One) -> Result<Report, Refused> {
        let simulated = self
            .app
            .tokens
            .simulate_failure(&one.user, &one.provider)
            .await?;
        let consequence = simulated.consequence;
        let mut report = Report::new(json!({
            "outcome": consequence.as_str(),
            "attempts": steps_json(&simulated.steps),
        }));
        report.good = consequence != Consequence::Accepted;
        let text = match consequence {
            Consequence::ReauthRequired => "the person would have to connect again",
            Consequence::Cooling => {
                "the connection would stay, and the provider be left alone for a while"
            }
            Consequence::Accepted => "the provider took a token that it never gave out",
        };
        report.line(format!("{}: {text}; nothing was changed", one.provider));
        report.steps(&simulated.steps);
        Ok(report)
    }

    async fn rotate(&self) -> Result<Report, Refused> {
        let rotated = self.app.tokens.rotate_keys().await?;
        let mut report = Report::new(json!({
            "key": rotated.key,
            "connections": rotated.connections,
            "revocations": rotated.revocations,
            "verifiers": rotated.verifiers,
            "damaged": rotated.damaged,
        }));
        report.good = rotated.damaged == 0;
        report.line(format!(
            "{} connection(s), {} token(s) to be revoked and {} verifier(s) are encrypted with {} now",
            rotated.connections, rotated.revocations, rotated.verifiers, rotated.key
        ));
        if rotated.damaged > 0 {
            report.line(format!(
                "{} row(s) do not open and were left as they are",
                rotated.damaged
            ));
        }
        Ok(report)
    }
}

fn failure(error: &TokenError) -> serde_json::Value {
    let mut body = json!({ "outcome": token_code(error), "message": error.to_string() });
    match error {
        TokenError::ReauthRequired(reason) => body["reason"] = json!(reason.as_str()),
        TokenError::Later { retry_after, .. } => {
            body["retryAfter"] = json!(retry_after.as_secs());
        }
        _ => {}
    }
    body
}
