//! The status endpoint's answer about one flow.

use crate::proto::bag::{Bag, Value};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{FlowId, Outcome};
use crate::proto::status::{Basis, Status};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use crate::proto::verdict::Verdict;

/// A reply, as the browser understands it and as the server writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// Where the flow stands.
    pub standing: Standing,
    /// Why, where it did not end well.
    pub error: Option<ErrorCode>,
    /// What it brought, where it did.
    pub outcome: Outcome,
    /// How long to ask nothing.
    pub retry_after: Option<Millis>,
    /// The flow that went on in its place.
    pub superseded_by: Option<FlowId>,
}

/// Where the server says that a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It knows the flow.
    Known(Status),
    /// It does not, as with HTTP 404.
    Unknown,
}

impl Reply {
    /// A reply that says where a flow stands and nothing else.
    #[must_use]
    pub fn of(status: Status) -> Self {
        Self {
            standing: Standing::Known(status),
            error: None,
            outcome: Outcome::default(),
            retry_after: None,
            superseded_by: None,
        }
    }

    /// Reads a reply in the full form, or `{ completed, success, integrationId }` alone.
    #[must_use]
    pub fn read(bag: &impl Bag) -> Option<Self> {
        let error = ErrorCode::read(bag);
        let standing = match bag.field("status") {
            Value::Text(word) if word == "unknown" => Standing::Unknown,
            Value::Text(word) => Standing::Known(Status::parse(&word)?),
            Value::Missing | Value::Null => match (bag.flag("completed")?, bag.flag("success")) {
                (false, _) => Standing::Known(Status::Pending),
                (true, Some(true)) => Standing::Known(Status::Completed),
                (true, Some(false)) if error == Some(ErrorCode::ACCESS_DENIED) => {
                    Standing::Known(Status::Cancelled)
                }
                (true, Some(false)) => Standing::Known(Status::Failed),
                (true, None) => return None,
            },
            _ => return None,
        };
        Some(Self {
            standing,
            error,
            outcome: Outcome::read(bag),
            retry_after: bag.time("retryAfterMs"),
            superseded_by: FlowId::read(bag, "supersededBy"),
        })
    }

    /// The verdict in it, if the flow has settled.
    #[must_use]
    pub fn verdict(&self, settled_at: Millis) -> Option<Verdict> {
        match self.standing {
            Standing::Unknown | Standing::Known(Status::Pending) => None,
            Standing::Known(Status::Completed) => Some(Verdict::completed(
                Basis::Server,
                self.outcome.clone(),
                settled_at,
            )),
            Standing::Known(status) => Some(Verdict::unsuccessful(
                status,
                Basis::Server,
                self.error.clone(),
                settled_at,
            )),
        }
    }

    /// The reply as a server writes it. `completed` and `success` are true only for a completed flow.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let status = match self.standing {
            Standing::Known(status) => status.as_str(),
            Standing::Unknown => "unknown",
        };
        let completed = self.standing == Standing::Known(Status::Completed);
        let mut object = Tree::object();
        object
            .text("status", status)
            .flag("completed", completed)
            .flag("success", completed)
            .some_time("retryAfterMs", self.retry_after)
            .some_text(
                "supersededBy",
                self.superseded_by.as_ref().map(FlowId::as_str),
            );
        if let Some(code) = &self.error {
            let mut error = Tree::object();
            error.text("code", code.as_str());
            object.put("error", error);
        }
        self.outcome.write(&mut object);
        object
    }
}
