//! What a command answers: one JSON object, or lines for a person. No token is in either.

use oauth_sync_server::clock::Millis;
use oauth_sync_server::store::StoredConnection;
use oauth_sync_server::tokens::{Step, TokenService};
use serde_json::{Value, json};

/// An answer, in both forms.
pub struct Report {
    /// The one for programs.
    pub json: Value,
    /// Whether the command did what it was asked for.
    pub good: bool,
    lines: Vec<Line>,
}

enum Line {
    Always(String),
    Verbose(String),
}

impl Report {
    pub const fn new(json: Value) -> Self {
        Self {
            json,
            good: true,
            lines: Vec::new(),
        }
    }

    pub fn line(&mut self, text: String) {
        self.lines.push(Line::Always(text));
    }

    pub fn lines(&mut self, texts: Vec<String>) {
        self.lines.extend(texts.into_iter().map(Line::Always));
    }

    /// What was asked of the provider: always in the JSON, and in the text where it is verbose.
    pub fn steps(&mut self, steps: &[Step]) {
        self.json["attempts"] = steps_json(steps);
        for step in steps {
            let wait = step.wait.map_or_else(String::new, |wait| {
                format!(", then {} s of waiting", wait.as_secs_f64())
            });
            self.lines.push(Line::Verbose(format!(
                "  attempt {}: {} in {} ms{wait}",
                step.attempt,
                step.outcome,
                step.duration.as_millis()
            )));
        }
    }

    pub fn table(&mut self, entries: &[Entry]) {
        if entries.is_empty() {
            self.line("no connections".to_owned());
            return;
        }
        let mut rows = vec![["PERSON", "PROVIDER", "STATE", "EXPIRES"].map(str::to_owned)];
        rows.extend(entries.iter().map(|entry| {
            [
                entry.row.user.clone(),
                entry.row.provider.clone(),
                entry.state_text(),
                entry.expiry(),
            ]
        }));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..3).map(|column| width(column).unwrap_or(0)).collect();
        for [user, provider, state, expiry] in &rows {
            let (one, two, three) = (widths[0], widths[1], widths[2]);
            self.line(format!(
                "{user:one$}  {provider:two$}  {state:three$}  {expiry}"
            ));
        }
    }

    pub fn text(&self, verbose: bool) -> String {
        self.lines
            .iter()
            .filter_map(|line| match line {
                Line::Always(text) => Some(text),
                Line::Verbose(text) => verbose.then_some(text),
            })
            .map(|text| format!("{}\n", text.trim_end()))
            .collect()
    }
}

/// A connection, as an operator sees it.
pub struct Entry {
    row: StoredConnection,
    now: Millis,
    /// What is stored does not open otherwise.
    fingerprint: Result<String, String>,
}

impl Entry {
    pub fn of(tokens: &TokenService, row: &StoredConnection, now: Millis) -> Self {
        Self {
            fingerprint: tokens
                .open(row)
                .map(|tokens| tokens.fingerprint())
                .map_err(|error| error.to_string()),
            row: row.clone(),
            now,
        }
    }

    /// Apart from each other: what a person has to do, what passes, and what is the operator's.
    fn state(&self) -> &'static str {
        if self.fingerprint.is_err() {
            "not_decryptable"
        } else {
            self.row.state_at(self.now).as_str()
        }
    }

    fn state_text(&self) -> String {
        match self.row.reauth_reason {
            Some(reason) => format!("{} ({})", self.state(), reason.as_str()),
            None => self.state().to_owned(),
        }
    }

    pub fn expiry(&self) -> String {
        match self.row.access_expires_at {
            None => "never expires".to_owned(),
            Some(at) if at <= self.now => format!("expired {} ago", span(self.now - at)),
            Some(at) => format!("expires in {}", span(at - self.now)),
        }
    }

    pub fn json(&self) -> Value {
        let row = &self.row;
        json!({
            "id": row.id,
            "user": row.user,
            "provider": row.provider,
            "tools": row.tools,
            "state": self.state(),
            "reason": row.reauth_reason.map(|reason| reason.as_str()),
            "scope": row.scope,
            "expiresAt": row.access_expires_at,
            "refreshable": row.refresh_token.is_some(),
            "generation": row.generation,
            "fingerprint": self.fingerprint.as_ref().ok(),
            "refreshError": row.refresh_error,
            "coolingUntil": row.cooling_until,
            "uncertain": row.is_uncertain(),
            "createdAt": row.created_at,
            "updatedAt": row.updated_at,
        })
    }

    pub fn lines(&self) -> Vec<String> {
        let row = &self.row;
        let mut lines = vec![
            format!("connection   {}", row.id),
            format!("person       {}", row.user),
            format!("provider     {}", row.provider),
            format!("tools        {}", row.tools.join(", ")),
            format!("state        {}", self.state_text()),
            format!(
                "scope        {}",
                row.scope.as_deref().unwrap_or("not said")
            ),
            format!("access token {}", self.expiry()),
            format!(
                "refreshable  {}",
                if row.refresh_token.is_some() {
                    "yes"
                } else {
                    "no"
                }
            ),
            format!("generation   {}", row.generation),
            match &self.fingerprint {
                Ok(fingerprint) => format!("fingerprint  {fingerprint}"),
                Err(error) => format!("fingerprint  none: {error}"),
            },
            format!("connected    {} ago", span(self.now - row.created_at)),
            format!("renewed      {} ago", span(self.now - row.updated_at)),
        ];
        if let Some(error) = &row.refresh_error {
            lines.push(format!("last refresh failed: {error}"));
        }
        if let Some(until) = row.cooling_until.filter(|&until| self.now < until) {
            lines.push(format!(
                "provider left alone for {}",
                span(until - self.now)
            ));
        }
        if row.is_uncertain() {
            lines.push("a refresh token was sent, and no answer is stored".to_owned());
        }
        lines
    }
}

/// What was asked of the provider, as JSON.
pub fn steps_json(steps: &[Step]) -> serde_json::Value {
    steps
        .iter()
        .map(|step| {
            json!({
                "attempt": step.attempt,
                "outcome": step.outcome,
                "durationMs": step.duration.as_millis(),
                "waitMs": step.wait.map(|wait| wait.as_millis()),
            })
        })
        .collect()
}

/// A span for people: its two largest units at most.
fn span(millis: Millis) -> String {
    let seconds = millis.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_short() {
        const SECOND: i64 = 1000;
        for (millis, text) in [
            (-5, "0 s"),
            (59 * SECOND, "59 s"),
            (60 * SECOND, "1 min"),
            (3660 * SECOND, "1 h 1 min"),
            (90_000 * SECOND, "1 d 1 h"),
        ] {
            assert_eq!(span(millis), text);
        }
    }
}
