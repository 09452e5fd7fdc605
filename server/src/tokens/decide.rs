//! What a refresh does next, decided from a row, an answer and the time: pure, so that the same code decides in the server
//! and in the model that explores it (`model/`).

use super::endpoint::EndpointError;
use crate::clock::{Millis, millis};
use crate::config::Rotation;
use crate::store::{ReauthReason, StoredConnection, Verdict};
use std::time::Duration;

/// A token is refreshed this long before it expires, so that a request that carries it arrives in time.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// Or when a third of its life is left: a token of five minutes would be refreshed on every call.
const SHARE: i64 = 3;

/// The waits between the requests of one attempt.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// A provider that wants a longer wait than this is left alone instead.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// After a failure that may pass by itself.
const COOLING: Duration = Duration::from_secs(30);

/// After a refusal that somebody has to see to: a wrong secret does not get right in seconds.
const COOLING_AFTER_REFUSAL: Duration = Duration::from_secs(5 * 60);

/// The longest that a provider's `Retry-After` is obeyed.
const LONGEST_COOLING: Duration = Duration::from_secs(60 * 60);

/// What a caller wants.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// A token that is good for a while.
    Good,
    /// A newer one than that of this row, as soon as the provider may be asked.
    NewerThan(&'a StoredConnection),
    /// A newer one than there is, though the provider is being left alone.
    Forced,
}

impl Wish<'_> {
    /// Whether the token that is there will not do, though it may be good.
    pub const fn is_for_a_new_one(self) -> bool {
        !matches!(self, Self::Good)
    }

    /// Whether the provider is asked though it is being left alone.
    pub const fn is_forced(self) -> bool {
        matches!(self, Self::Forced)
    }
}

/// What a caller does with a row that it has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Its token will do.
    HandOut,
    /// The person has to connect again.
    Reauth(ReauthReason),
    /// A new token is asked for, and there is no refresh token. The one that is there is good.
    NotRefreshable,
    /// It has expired, and there is no refresh token.
    End,
    /// The provider is not asked now: the token that is there, as long as it is good.
    MakeDo {
        /// Why.
        reason: String,
        /// When to look again.
        wait: Millis,
    },
    /// Ask the provider, under a lease.
    Ask,
}

/// What follows from `row`. `has_moved`: it is newer than what the caller has.
pub fn next(
    rotation: Rotation,
    row: &StoredConnection,
    wish: Wish<'_>,
    has_moved: bool,
    now: Millis,
) -> Next {
    if let Some(reason) = row.reauth_reason {
        return Next::Reauth(reason);
    }
    let is_wanted = if wish.is_for_a_new_one() {
        !has_moved
    } else {
        is_due(row, now)
    };
    if !is_wanted {
        return Next::HandOut;
    }
    if row.refresh_token.is_none() {
        return match (row.is_good(now), wish.is_for_a_new_one()) {
            (false, _) => Next::End,
            (true, true) => Next::NotRefreshable,
            (true, false) => Next::HandOut,
        };
    }
    match waits(rotation, row, wish, now) {
        Some(reason) => Next::MakeDo {
            reason,
            wait: row.cooling_until.unwrap_or(now) - now,
        },
        None => Next::Ask,
    }
}

/// When it is time for a new token, if ever.
#[must_use]
pub fn due_at(row: &StoredConnection) -> Option<Millis> {
    let expires = row.access_expires_at?;
    let issued = row.access_issued_at.unwrap_or(row.updated_at);
    let share = expires.saturating_sub(issued).max(0) / SHARE;
    Some(expires.saturating_sub(share.min(millis(AHEAD))))
}

fn is_due(row: &StoredConnection, now: Millis) -> bool {
    due_at(row).is_some_and(|due| due <= now)
}

/// Whether a refresh token that may have been used is kept for when nothing is lost by trying.
#[must_use]
pub fn is_held_back(rotation: Rotation, row: &StoredConnection, now: Millis) -> bool {
    row.is_uncertain() && rotation == Rotation::Strict && row.is_good(now)
}

/// Why the provider is not asked now, if it is not.
fn waits(
    rotation: Rotation,
    row: &StoredConnection,
    wish: Wish<'_>,
    now: Millis,
) -> Option<String> {
    // One that is under way ends with a verdict of its own.
    let is_under_way = row.lease_until.is_some_and(|until| now < until);
    if !is_under_way && is_held_back(rotation, row, now) {
        return Some(
            "a refresh token was sent and no answer came; it is not sent again while the access token is good"
                .to_owned(),
        );
    }
    let cools = row.cooling_until.is_some_and(|until| now < until);
    (cools && !wish.is_forced()).then(|| {
        let error = row.refresh_error.as_deref().unwrap_or("unknown");
        format!("the last refresh failed ({error}), and the provider is left alone for a while")
    })
}

/// Whether a row that refused a lease did so because another holds it.
pub fn is_held(row: &StoredConnection, generation: i64, now: Millis) -> bool {
    row.generation == generation
        && row.reauth_reason.is_none()
        && row.lease_until.is_some_and(|until| now < until)
}

/// How long a lease has to hold: for all requests of an attempt and the waits between them.
pub fn lease(timeout: Duration) -> Duration {
    let requests = timeout.saturating_mul(1 + WAITS.len() as u32);
    let waits: Duration = WAITS.iter().map(|wait| LONGEST_WAIT.max(*wait)).sum();
    requests + waits + Duration::from_secs(1)
}

/// The requests of one attempt: up to three, and none that could be answered after the lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asking {
    rotation: Rotation,
    timeout: Duration,
    until: Millis,
    sent: usize,
    is_over: bool,
    /// Whether one of the requests may have used the refresh token without saying so.
    pub is_uncertain: bool,
}

impl Asking {
    /// Under a lease until `until`, with a provider that answers within `timeout`.
    pub const fn new(rotation: Rotation, timeout: Duration, until: Millis) -> Self {
        Self {
            rotation,
            timeout,
            until,
            sent: 0,
            is_over: false,
            is_uncertain: false,
        }
    }

    /// The number of the request to send now, if one is.
    pub fn may_send(&mut self, now: Millis) -> Option<usize> {
        // Later than that this process was paused: somebody else may hold the lease by the time an answer comes.
        if self.is_over || self.until < now.saturating_add(millis(self.timeout)) {
            return None;
        }
        self.sent += 1;
        Some(self.sent)
    }

    /// Takes what came. The wait before the next request, if there is one.
    pub fn answered(&mut self, error: Option<&EndpointError>) -> Option<Duration> {
        let wait = error.and_then(|error| {
            self.is_uncertain |= error.is_uncertain();
            next_wait(self.rotation, error, self.sent)
        });
        self.is_over = wait.is_none();
        wait
    }
}

/// Whether and when the same refresh token is sent again by the same attempt.
fn next_wait(rotation: Rotation, error: &EndpointError, attempt: usize) -> Option<Duration> {
    let wait = *WAITS.get(attempt - 1)?;
    let wait = wait.max(error.retry_after().unwrap_or_default());
    let may = error.is_passing() && (!error.is_uncertain() || rotation.forgives());
    (may && wait <= LONGEST_WAIT).then_some(wait)
}

/// What becomes of a row after an attempt that brought nothing; `is_late` where that came after the lease.
pub fn verdict(
    rotation: Rotation,
    error: &EndpointError,
    is_uncertain: bool,
    is_late: bool,
    now: Millis,
) -> Verdict {
    if error.ends_the_grant() {
        // Where a refresh token stays good, one that was sent before is refused for another reason.
        // And after the lease somebody else may have used it.
        let is_lost = (is_uncertain || is_late) && rotation != Rotation::None;
        return Verdict::Reauth(if is_lost {
            ReauthReason::RotationLost
        } else {
            ReauthReason::GrantRejected
        });
    }
    let cooling = if error.is_passing() {
        COOLING
    } else {
        COOLING_AFTER_REFUSAL
    };
    let cooling = cooling
        .max(error.retry_after().unwrap_or_default())
        .min(LONGEST_COOLING);
    let until = now.saturating_add(millis(cooling));
    let error = error.to_string();
    if is_uncertain {
        Verdict::Uncertain { error, until }
    } else {
        Verdict::Cooling { error, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(issued: Millis, expires: Option<Millis>) -> StoredConnection {
        StoredConnection {
            id: "int_1".to_owned(),
            user: "ann".to_owned(),
            provider: "mona".to_owned(),
            tools: Vec::new(),
            scope: None,
            access_token: Vec::new(),
            refresh_token: None,
            access_issued_at: Some(issued),
            access_expires_at: expires,
            generation: 1,
            reauth_reason: None,
            lease_until: None,
            sent_generation: None,
            refresh_error: None,
            cooling_until: None,
            created_at: issued,
            updated_at: issued,
            disconnected_at: None,
            version: 1,
        }
    }

    #[test]
    fn is_due_five_minutes_or_a_third_of_its_life_ahead() {
        const MINUTE: Millis = 60_000;
        for (life, due) in [(60, 55), (15, 10), (6, 4), (3, 2)] {
            let row = row(0, Some(life * MINUTE));
            assert!(!is_due(&row, due * MINUTE - 1), "{life}");
            assert!(is_due(&row, due * MINUTE), "{life}");
        }
        assert!(!is_due(&row(0, None), Millis::MAX), "it never expires");
        assert!(is_due(&row(10, Some(5)), 5), "issued after its expiry");
    }
}
