//! How the protocol says what it says: the counterpart of [`Bag`](crate::proto::bag::Bag).
//!
//! Everything that goes out is first a [`Tree`], and only a tree is serialised. A `Serialize` of their own for each
//! message, record and event would say the same and cost some 20 KB of wasm.

use crate::proto::time::Millis;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Serialize, Serializer};

/// A value on its way to JavaScript or JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// `null`.
    Null,
    /// A boolean.
    Flag(bool),
    /// A whole number.
    Number(u64),
    /// A text.
    Text(Cow<'static, str>),
    /// A list.
    List(Vec<Tree>),
    /// An object, its fields in this order.
    Object(Vec<(&'static str, Tree)>),
}

impl Tree {
    /// An object without fields.
    #[must_use]
    pub fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// Adds a field; to anything but an object nothing.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Self>) -> Self {
        self.push(name, value.into());
        self
    }

    /// Adds a field if there is a value for it.
    #[must_use]
    pub fn with_some(mut self, name: &'static str, value: Option<impl Into<Self>>) -> Self {
        if let Some(value) = value {
            self.push(name, value.into());
        }
        self
    }

    fn push(&mut self, name: &'static str, value: Self) {
        if let Self::Object(fields) = self {
            fields.push((name, value));
        }
    }
}

impl From<bool> for Tree {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Tree {
    fn from(number: u32) -> Self {
        Self::Number(u64::from(number))
    }
}

impl From<Millis> for Tree {
    fn from(Millis(number): Millis) -> Self {
        Self::Number(number)
    }
}

impl From<&'static str> for Tree {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<&String> for Tree {
    fn from(text: &String) -> Self {
        Self::Text(Cow::Owned(text.clone()))
    }
}

impl<T: Into<Self>> FromIterator<T> for Tree {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (*name, value)))
            }
        }
    }
}
