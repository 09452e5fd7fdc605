//! A connection's row and the guards that the database keeps, in memory. [`guards_a_row_as_the_model_does`] holds it against
//! the real stores: the same steps in any order get the same answers and leave the same row.

use oauth_sync_server::clock::Millis;
use oauth_sync_server::store::{ReauthReason, Renewing, StoredConnection, Verdict};

/// What is done wrongly on purpose, to see that the model notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sabotage {
    /// A lease is taken though another holds it.
    NoLease,
    /// The intent is not noted.
    NoIntent,
    /// A commit asks for the lease instead of the generation.
    CommitByLease,
    /// A commit does not look whether the connection has ended.
    CommitAfterTheEnd,
    /// "Connect again" is written whatever the generation is by now.
    ReauthOfAnyGeneration,
    /// A new token is handed out before it is stored.
    HandOutEarly,
}

/// The row, with numbers for tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub generation: i64,
    pub refresh: u8,
    pub access: u8,
    pub issued_at: Millis,
    pub expires_at: Millis,
    pub lease: Option<(u8, Millis)>,
    pub sent: Option<i64>,
    pub reauth: Option<&'static str>,
    pub cooling_until: Option<Millis>,
    pub is_disconnected: bool,
    pub sabotage: Option<Sabotage>,
}

/// What became of the wish for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    Taken,
    Refused,
    Gone,
}

impl Row {
    pub fn begin(
        &mut self,
        generation: i64,
        (lease, until): (u8, Millis),
        forced: bool,
        now: Millis,
    ) -> Lease {
        if self.is_disconnected {
            return Lease::Gone;
        }
        let is_free = self.lease.is_none_or(|(_, held)| {
            held <= now || until + (until - now) < held || self.is(Sabotage::NoLease)
        });
        let cools = self.cooling_until.is_some_and(|until| now < until);
        if self.generation != generation || self.reauth.is_some() || !is_free || (cools && !forced)
        {
            return Lease::Refused;
        }
        self.lease = Some((lease, until));
        if !self.is(Sabotage::NoIntent) {
            self.sent = Some(generation);
        }
        Lease::Taken
    }

    /// `used` is the generation and the lease under which the refresh token was sent.
    pub fn renew(
        &mut self,
        used: (i64, u8),
        (refresh, access): (u8, u8),
        expires_at: Millis,
        now: Millis,
    ) -> Renewing {
        if self.is_disconnected && !self.is(Sabotage::CommitAfterTheEnd) {
            return Renewing::Disconnected;
        }
        let holds = if self.is(Sabotage::CommitByLease) {
            self.lease.is_some_and(|(lease, _)| lease == used.1)
        } else {
            self.generation == used.0
        };
        if !holds {
            return Renewing::Moved;
        }
        *self = Self {
            generation: self.generation + 1,
            refresh,
            access,
            issued_at: now,
            expires_at,
            lease: None,
            sent: None,
            reauth: None,
            cooling_until: None,
            is_disconnected: false,
            sabotage: self.sabotage,
        };
        Renewing::Stored
    }

    pub fn end(&mut self, (generation, lease): (i64, u8), verdict: &Verdict, now: Millis) -> bool {
        let is_ours = self.lease.is_some_and(|(held, _)| held == lease);
        let is_free = self.lease.is_none_or(|(_, until)| until <= now);
        if self.is_disconnected
            || (self.generation != generation && !self.is(Sabotage::ReauthOfAnyGeneration))
        {
            return false;
        }
        match verdict {
            Verdict::Reauth(reason) if is_ours || is_free => {
                self.reauth = Some(reason.as_str());
                self.cooling_until = None;
            }
            Verdict::Untouched if is_ours => {}
            Verdict::Cooling { until, .. } if is_ours => {
                self.cooling_until = Some(*until);
                self.sent = None;
            }
            Verdict::Uncertain { until, .. } if is_ours => {
                self.cooling_until = Some(*until);
                self.sent = Some(generation);
            }
            _ => return false,
        }
        self.lease = None;
        true
    }

    /// As the code that decides sees it.
    pub fn stored(&self) -> StoredConnection {
        StoredConnection {
            id: "int-1".to_owned(),
            user: "ann".to_owned(),
            provider: "mona".to_owned(),
            tools: Vec::new(),
            scope: None,
            access_token: vec![self.access],
            refresh_token: Some(vec![self.refresh]),
            access_issued_at: Some(self.issued_at),
            access_expires_at: Some(self.expires_at),
            generation: self.generation,
            reauth_reason: self.reauth.and_then(ReauthReason::parse),
            lease_until: self.lease.map(|(_, until)| until),
            sent_generation: self.sent,
            refresh_error: None,
            cooling_until: self.cooling_until,
            created_at: 0,
            updated_at: self.issued_at,
            disconnected_at: None,
            version: 1,
        }
    }

    fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}
