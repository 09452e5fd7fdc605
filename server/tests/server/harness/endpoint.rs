//! Token endpoints that remember.

use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use wiremock::{Request, Respond, ResponseTemplate};

/// One answer after the other; the last for ever.
pub struct Answers(Mutex<Vec<ResponseTemplate>>);

impl Answers {
    pub fn new(mut answers: Vec<ResponseTemplate>) -> Self {
        answers.reverse();
        Self(Mutex::new(answers))
    }
}

impl Respond for Answers {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let mut left = self.0.lock().unwrap();
        if left.len() == 1 {
            left[0].clone()
        } else {
            left.pop().unwrap()
        }
    }
}

/// Takes each refresh token once: `…-0`, then `…-1`. Another one is `invalid_grant`.
pub struct Rotating {
    next: Mutex<u32>,
    prefix: &'static str,
    delay: Duration,
    keeps: Keeps,
}

/// Which refresh tokens besides the newest are taken.
#[derive(Clone, Copy, PartialEq)]
enum Keeps {
    Nothing,
    Previous,
    All,
}

impl Rotating {
    /// The refresh token to begin with is `prefix` itself.
    pub fn new(prefix: &'static str, delay: Duration) -> Self {
        Self {
            next: Mutex::new(0),
            prefix,
            delay,
            keeps: Keeps::Nothing,
        }
    }

    /// Takes the one before the newest too: an answer may have been lost.
    pub fn forgiving(mut self) -> Self {
        self.keeps = Keeps::Previous;
        self
    }

    /// Takes every one.
    pub fn lasting(mut self) -> Self {
        self.keeps = Keeps::All;
        self
    }

    fn name(&self, number: u32) -> String {
        match number {
            0 => self.prefix.to_owned(),
            number => format!("{}-{number}", self.prefix),
        }
    }
}

impl Respond for Rotating {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body)
            .into_owned()
            .collect();
        let mut next = self.next.lock().unwrap();
        let oldest = match self.keeps {
            Keeps::Nothing => *next,
            Keeps::Previous => next.saturating_sub(1),
            Keeps::All => 0,
        };
        let sent = form.get("refresh_token");
        if !(oldest..=*next).any(|number| sent == Some(&self.name(number))) {
            return ResponseTemplate::new(400)
                .set_body_json(json!({ "error": "invalid_grant" }))
                .set_delay(self.delay);
        }
        *next += 1;
        ResponseTemplate::new(200)
            .set_body_json(json!({
                "access_token": format!("renewed-access-{next}"),
                "refresh_token": format!("{}-{next}", self.prefix),
                "expires_in": 3600,
            }))
            .set_delay(self.delay)
    }
}
