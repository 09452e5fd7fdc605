//! What a callback page says of a flow's end: a hint, never proof.

use crate::proto::bag::{Bag, Value, whole};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{FlowId, MAX_NAME, Outcome};
use crate::proto::seen::hash;
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use alloc::string::{String, ToString};

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
        let end = if success {
            End::Success(Outcome::read(bag))
        } else {
            End::Failure(ErrorCode::read(bag).unwrap_or(ErrorCode::SERVER_ERROR))
        };
        let id = match bag.field("id") {
            Value::Missing | Value::Null => None,
            Value::Number(number) => Some(whole(number)?.to_string()),
            _ => Some(bag.text("id", MAX_ID)?),
        };
        Some(Self {
            plain: id.is_none(),
            id: id.unwrap_or_else(|| plain_id(&provider, &end)),
            provider,
            flow_id,
            end,
            timestamp: bag.whole("timestamp").map(Millis),
            relayed: bag.flag("relayed").unwrap_or(false),
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
        let object = Tree::object()
            .with("type", kind)
            .with("v", 1)
            // Of the plain form a receiver makes the same one, of what it says.
            .with_some("id", (!self.plain).then_some(&self.id))
            .with("provider", &self.provider)
            .with("success", is_success)
            .with_some("flowId", self.flow_id.as_ref())
            .with_some("timestamp", self.timestamp)
            .with("relayed", true);
        match &self.end {
            End::Success(outcome) => outcome.write(object),
            End::Failure(code) => object.with("error", Tree::object().with("code", code)),
        }
    }
}

fn plain_id(provider: &str, end: &End) -> String {
    let mut text = String::from(provider);
    match end {
        End::Success(outcome) => {
            text.push_str("\n1\n");
            text.push_str(outcome.integration_id.as_deref().unwrap_or_default());
        }
        End::Failure(code) => {
            text.push_str("\n0\n");
            text.push_str(code.as_str());
        }
    }
    hash(&text)
}
