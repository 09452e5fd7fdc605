//! How the protocol says what it says: the counterpart of [`Bag`](crate::proto::bag::Bag).
//!
//! Everything that goes out is first a [`Tree`], and only a tree is serialised. A `Serialize` of their own for each
//! message, record and event would say the same and cost some 20 KB of wasm.

use crate::proto::bag::MAX_WHOLE;
use crate::proto::time::Millis;
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
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object, its fields in this order.
    Object(Vec<(&'static str, Tree)>),
}

/// Fields are added one by one, by a function for each kind of value: generic ones would be compiled for each.
impl Tree {
    /// An object without fields.
    #[must_use]
    pub fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// Adds a field; to anything but an object nothing.
    pub fn put(&mut self, name: &'static str, value: Self) -> &mut Self {
        if let Self::Object(fields) = self {
            fields.push((name, value));
        }
        self
    }

    /// Adds a text.
    pub fn text(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.put(name, Self::Text(String::from(text)))
    }

    /// Adds a text if there is one.
    pub fn some_text(&mut self, name: &'static str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Adds a small number.
    pub fn count(&mut self, name: &'static str, count: u32) -> &mut Self {
        self.put(name, Self::Number(u64::from(count)))
    }

    /// Adds a time. One that comes after the last that can be read is written as that.
    pub fn time(&mut self, name: &'static str, Millis(time): Millis) -> &mut Self {
        self.put(name, Self::Number(time.min(MAX_WHOLE)))
    }

    /// Adds a time if there is one.
    pub fn some_time(&mut self, name: &'static str, time: Option<Millis>) -> &mut Self {
        match time {
            Some(time) => self.time(name, time),
            None => self,
        }
    }

    /// Adds a boolean.
    pub fn flag(&mut self, name: &'static str, flag: bool) -> &mut Self {
        self.put(name, Self::Flag(flag))
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serialize_number(*number, serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (*name, value)))
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn serialize_number<S: Serializer>(number: u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(number)
}

/// JavaScript has one kind of number. What it does not hold exactly never comes in
/// ([`whole`](crate::proto::bag::whole)), and would need a text of an error here.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_precision_loss, reason = "such numbers never come in")]
fn serialize_number<S: Serializer>(number: u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(number as f64)
}
