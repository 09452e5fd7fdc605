//! The names of a flow and of what it makes.

use crate::proto::bag::{Bag, Value, is_plain, whole};
use crate::proto::text::{decimal, is_name};
use crate::proto::tree::Tree;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The longest provider name and tool name, in bytes.
pub const MAX_NAME: usize = 64;
/// The longest id of a connection, in bytes.
pub const MAX_INTEGRATION_ID: usize = 256;

/// The id of a flow: 8 to 64 of `[A-Za-z0-9_-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(String);

impl FlowId {
    /// `text`, if it is a flow id.
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        is_name(&text, (8, 64), b"_-").then_some(Self(text))
    }

    /// The flow id in field `name`.
    pub(crate) fn read(bag: &impl Bag, name: &str) -> Option<Self> {
        bag.text(name, 64).and_then(Self::parse)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One tool that a consent connected (Atlassian: Jira and Confluence).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Integration {
    /// The tool's name.
    pub tool: String,
    /// The app's own id of the connection.
    pub id: String,
}

/// What a success brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// The app's own id of the connection that was made; opaque.
    pub integration_id: Option<String>,
    /// The tools that one consent connected.
    pub integrations: Vec<Integration>,
}

impl Outcome {
    /// Reads `integrationId` and `integrations`; what is not of their shape counts as missing.
    pub(crate) fn read(bag: &impl Bag) -> Self {
        let mut integrations = Vec::new();
        if let Value::List(items) = bag.field("integrations") {
            for item in items {
                if let (Some(tool), Some(id)) = (item.text("tool", MAX_NAME), read_id(&item, "id"))
                {
                    integrations.push(Integration { tool, id });
                }
            }
        }
        Self {
            integration_id: read_id(bag, "integrationId"),
            integrations,
        }
    }

    /// Adds what there is to an object.
    pub(crate) fn write(&self, object: &mut Tree) {
        object.some_text("integrationId", self.integration_id.as_deref());
        if self.integrations.is_empty() {
            return;
        }
        let mut list = Vec::new();
        for each in &self.integrations {
            let mut item = Tree::object();
            item.text("tool", &each.tool).text("id", &each.id);
            list.push(item);
        }
        object.put("integrations", Tree::List(list));
    }
}

/// An id that other people's back ends may give as a number.
fn read_id(bag: &impl Bag, name: &str) -> Option<String> {
    match bag.field(name) {
        Value::Text(text) if is_plain(&text, MAX_INTEGRATION_ID) => Some(text),
        Value::Number(number) => whole(number).map(decimal),
        _ => None,
    }
}
