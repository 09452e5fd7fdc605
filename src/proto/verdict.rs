//! What this browser holds to be a flow's end, and how two such views become one.
//!
//! Every window merges what it hears by taking the higher verdict, so order, loss and repetition cannot make two
//! windows disagree:
//!
//! ```text
//!   provisional                    final                          highest
//!   expired < cancelled < failed < expired < cancelled < failed < completed
//! ```

use crate::proto::bag::Bag;
use crate::proto::error::ErrorCode;
use crate::proto::flow::Outcome;
use crate::proto::status::{Basis, Status};
use crate::proto::text::{hash, join};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use alloc::string::String;
use core::cmp::Ordering;

/// The part of a verdict that says how high it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Never pending.
    pub status: Status,
    /// On whose word.
    pub basis: Basis,
}

impl Place {
    pub(crate) fn read(bag: &impl Bag) -> Option<Self> {
        let status = Status::parse(&bag.text("status", 16)?)?;
        let basis = Basis::parse(&bag.text("basis", 16)?)?;
        (status != Status::Pending).then_some(Self { status, basis })
    }

    pub(crate) fn write(self, object: &mut Tree) {
        object
            .text("status", self.status.as_str())
            .text("basis", self.basis.as_str());
    }

    /// Whether checking goes on as for a pending flow: where a server can be asked, until the server has spoken.
    #[must_use]
    pub fn is_provisional(self, confirm: bool) -> bool {
        confirm
            && self.status != Status::Completed
            && !matches!(self.basis, Basis::Server | Basis::Local)
    }

    /// Lower places first; a basis matters only in so far as it makes a place final.
    #[must_use]
    pub fn height(self, confirm: bool) -> u8 {
        // A group of final verdicts stands above one of provisional ones.
        let group = u8::from(!self.is_provisional(confirm));
        group * 8 + self.status as u8
    }

    /// Whether a person who dismissed a verdict of this place has dismissed one of that place as well: news is a
    /// higher status, not the server's word for the same.
    #[must_use]
    pub fn covers(self, other: Self, confirm: bool) -> bool {
        self.status == other.status || other.height(confirm) <= self.height(confirm)
    }
}

/// A status other than pending, with its basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Never pending.
    pub status: Status,
    /// On whose word.
    pub basis: Basis,
    /// Why, for all but completed.
    pub error: Option<ErrorCode>,
    /// What it brought, for completed.
    pub outcome: Outcome,
    /// When this browser learnt of it, by the wall clock. No part of the order.
    pub settled_at: Millis,
}

impl Verdict {
    /// A success.
    #[must_use]
    pub fn completed(basis: Basis, outcome: Outcome, settled_at: Millis) -> Self {
        Self {
            status: Status::Completed,
            basis,
            error: None,
            outcome,
            settled_at,
        }
    }

    /// Anything but a success; without a code the status has one of its own.
    #[must_use]
    pub fn unsuccessful(
        status: Status,
        basis: Basis,
        error: Option<ErrorCode>,
        settled_at: Millis,
    ) -> Self {
        let error = error.unwrap_or(match status {
            Status::Expired => ErrorCode::EXPIRED,
            Status::Cancelled => ErrorCode::CANCELLED_BY_USER,
            _ => ErrorCode::SERVER_ERROR,
        });
        Self {
            status,
            basis,
            error: Some(error),
            outcome: Outcome::default(),
            settled_at,
        }
    }

    /// `access_denied` is the person's no; any other code is a failure.
    #[must_use]
    pub fn of_error(basis: Basis, error: Option<ErrorCode>, settled_at: Millis) -> Self {
        let status = match &error {
            Some(code) if *code == ErrorCode::ACCESS_DENIED => Status::Cancelled,
            _ => Status::Failed,
        };
        Self::unsuccessful(status, basis, error, settled_at)
    }

    /// Reads a verdict that a window wrote down or sent.
    pub(crate) fn read(bag: &impl Bag) -> Option<Self> {
        let Place { status, basis } = Place::read(bag)?;
        let settled_at = bag.time("settledAt")?;
        match status {
            Status::Completed => Some(Self::completed(basis, Outcome::read(bag), settled_at)),
            _ => Some(Self::unsuccessful(
                status,
                basis,
                ErrorCode::read_flat(bag),
                settled_at,
            )),
        }
    }

    /// The verdict as it is sent and written down.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        self.place().write(&mut object);
        object
            .some_text("error", self.error.as_ref().map(ErrorCode::as_str))
            .time("settledAt", self.settled_at);
        self.outcome.write(&mut object);
        object
    }

    /// Whether checking goes on as for a pending flow: where a server can be asked, until the server has spoken.
    #[must_use]
    pub fn is_provisional(&self, confirm: bool) -> bool {
        self.place().is_provisional(confirm)
    }

    /// How high it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            status: self.status,
            basis: self.basis,
        }
    }

    /// Which of two verdicts holds. `Equal` only for verdicts that say the same.
    #[must_use]
    pub fn compare(&self, other: &Self, confirm: bool) -> Ordering {
        let rank = |verdict: &Self| {
            (
                verdict.place().height(confirm),
                verdict.basis == Basis::Server,
            )
        };
        match rank(self).cmp(&rank(other)) {
            Ordering::Equal => other.canonical().cmp(&self.canonical()),
            higher_or_lower => higher_or_lower,
        }
    }

    /// The text that decides between verdicts of one place, and that names the verdict's key in storage.
    #[must_use]
    pub fn canonical(&self) -> String {
        let error = self.error.as_ref().map_or("", ErrorCode::as_str);
        let id = self.outcome.integration_id.as_deref().unwrap_or_default();
        let mut text = join(&[self.basis.as_str(), "\n", error, "\n", id]);
        for integration in &self.outcome.integrations {
            text.push_str(&join(&["\n", &integration.tool, "\t", &integration.id]));
        }
        text
    }

    /// A short name for [`canonical`](Self::canonical).
    #[must_use]
    pub fn digest(&self) -> String {
        hash(&self.canonical())
    }
}
