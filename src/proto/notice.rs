//! What a callback page says of a flow's end: a hint, never proof.

use crate::proto::bag::{Bag, Value, whole};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{FlowId, MAX_NAME, Outcome};
use crate::proto::text::{decimal, hash, join};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use alloc::string::String;

/// The longest id of a notice, in bytes.
const MAX_ID: usize = 64;

/// A notice, read and bounded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    /// Its own id; in the plain form a hash of what it says.
    pub id: String,
    /// Whether the id is such a hash, which names equal notices alike only for a while.
    pub plain: bool,
    /// Which provider.
    pub provider: String,
    /// Which flow, where the callback page knows it.
    pub flow_id: Option<FlowId>,
    /// How it ended.
    pub end: End,
    /// When it was said, by the sender's wall clock.
    pub timestamp: Option<Millis>,
    /// Passed on by the window that got it by postMessage; never passed on again.
    pub relayed: bool,
}

/// How a notice says that the flow ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// With a connection.
    Success(Outcome),
    /// Without.
    Failure(ErrorCode),
}

/// Which form a notice must have where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A message: `type` says what it is.
    Message,
    /// The plain key of localStorage, where hand-written pages write without `type`. Ours write no failure there.
    PlainKey,
}

impl Notice {
    /// Reads a notice. `None` for whatever is not one.
    #[must_use]
    pub fn read(bag: &impl Bag, form: Form) -> Option<Self> {
        let kind = match bag.field("type") {
            Value::Text(kind) => Some(kind),
            Value::Missing => None,
            _ => return None,
        };
        let success = match (kind.as_deref(), bag.flag("success")) {
            (Some("oauth-complete"), Some(success)) => success,
            (Some("oauth-failed"), Some(false)) => false,
            (None, Some(success)) if form == Form::PlainKey => success,
            _ => return None,
        };
        let provider = bag.text("provider", MAX_NAME)?;
        let flow_id = match bag.field("flowId") {
            Value::Missing | Value::Null => None,
            _ => Some(FlowId::read(bag, "flowId")?),
        };
        // A text past every bound is not read at all; without it the notice would say something else.
        let told = if success { "integrationId" } else { "error" };
        if matches!(bag.field(told), Value::Other) {
            return None;
        }
        let end = if success {
            End::Success(Outcome::read(bag))
        } else {
            End::Failure(ErrorCode::read(bag).unwrap_or(ErrorCode::SERVER_ERROR))
        };
        let id = match bag.field("id") {
            Value::Missing | Value::Null => None,
            Value::Number(number) => Some(decimal(whole(number)?)),
            _ => Some(bag.text("id", MAX_ID)?),
        };
        Some(Self {
            plain: id.is_none(),
            id: id.unwrap_or_else(|| plain_id(&provider, &end)),
            provider,
            flow_id,
            end,
            timestamp: bag.time("timestamp"),
            relayed: bag.flag("relayed") == Some(true),
        })
    }

    /// The notice as it is passed on: unchanged but for `relayed`.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let is_success = matches!(self.end, End::Success(_));
        let kind = if is_success {
            "oauth-complete"
        } else {
            "oauth-failed"
        };
        let mut object = Tree::object();
        object.text("type", kind).count("v", 1);
        // Of the plain form a receiver makes the same one, of what it says.
        if !self.plain {
            object.text("id", &self.id);
        }
        object
            .text("provider", &self.provider)
            .flag("success", is_success)
            .some_text("flowId", self.flow_id.as_ref().map(FlowId::as_str))
            .some_time("timestamp", self.timestamp)
            .flag("relayed", true);
        match &self.end {
            End::Success(outcome) => outcome.write(&mut object),
            End::Failure(code) => {
                let mut error = Tree::object();
                error.text("code", code.as_str());
                object.put("error", error);
            }
        }
        object
    }
}

fn plain_id(provider: &str, end: &End) -> String {
    let (success, what) = match end {
        End::Success(outcome) => ("\n1\n", outcome.integration_id.as_deref()),
        End::Failure(code) => ("\n0\n", Some(code.as_str())),
    };
    hash(&join(&[provider, success, what.unwrap_or_default()]))
}
