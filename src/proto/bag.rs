//! How the protocol reads what it did not write.
//!
//! A [`Bag`] hands out one named field at a time. The browser fills it from a structured clone or from
//! `JSON.parse`, the server and the tests from `serde_json`. Only fields that are asked for are read, and each is
//! bounded before it is copied, so the size and depth of hostile input cost nothing.

use crate::proto::time::Millis;
use alloc::string::String;
use alloc::vec::Vec;

/// The longest text that is read, in UTF-16 code units or bytes, whichever the source counts in.
pub const MAX_TEXT: usize = 2048;
/// The longest list that is read.
pub const MAX_LIST: usize = 32;

/// The largest whole number that JavaScript holds exactly; nothing larger is read, and so none is written.
pub const MAX_WHOLE: u64 = (1 << 53) - 1;

/// An object with named fields.
pub trait Bag: Sized {
    /// The field called `name`; [`Value::Other`] for what is too long or of a kind that no message has.
    fn field(&self, name: &str) -> Value<Self>;

    /// The first `max` items of the list called `name`, of whatever kind; `None` where there is no list.
    fn list(&self, name: &str, max: usize) -> Option<Vec<Value<Self>>>;

    /// A text of one to `max` bytes without control characters.
    fn text(&self, name: &str, max: usize) -> Option<String> {
        match self.field(name) {
            Value::Text(text) if is_plain(&text, max) => Some(text),
            _ => None,
        }
    }

    /// A whole, non-negative number that JavaScript holds exactly.
    fn whole(&self, name: &str) -> Option<u64> {
        match self.field(name) {
            Value::Number(number) => whole(number),
            _ => None,
        }
    }

    /// A time or a span.
    fn time(&self, name: &str) -> Option<Millis> {
        self.whole(name).map(Millis)
    }

    /// A small count; what is no number counts as none.
    fn count(&self, name: &str) -> u32 {
        let count = self.whole(name).unwrap_or(0);
        u32::try_from(count).unwrap_or(0)
    }

    /// `true` or `false`.
    fn flag(&self, name: &str) -> Option<bool> {
        match self.field(name) {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }
}

/// What a field holds.
#[derive(Debug)]
pub enum Value<B> {
    /// Not there, or `undefined`.
    Missing,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// Any number, NaN and infinities included.
    Number(f64),
    /// A text of at most [`MAX_TEXT`].
    Text(String),
    /// An object.
    Bag(B),
    /// The objects of a list of at most [`MAX_LIST`]; a list that holds anything else is [`Value::Other`].
    List(Vec<B>),
    /// Anything else.
    Other,
}

/// Whether `text` has one to `max` bytes, none of them a control character.
#[must_use]
pub fn is_plain(text: &str, max: usize) -> bool {
    let mut before = 0;
    for byte in text.bytes() {
        // U+0080 to U+009F are control characters as well, in UTF-8 C2 80 to C2 9F.
        if byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte < 0xa0) {
            return false;
        }
        before = byte;
    }
    !text.is_empty() && text.len() <= max
}

/// `number` as an integer, if it is one that JavaScript holds exactly.
#[must_use]
pub fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "it is held exactly")]
    const MAX: f64 = MAX_WHOLE as f64;
    if (0.0..=MAX).contains(&number) && number % 1.0 == 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked on the line above"
        )]
        return Some(number as u64);
    }
    None
}

/// `number` as a span in milliseconds: a fraction of one is none, and what lies in the past is now.
#[must_use]
pub fn span(number: f64) -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates"
    )]
    let millis = number as u64;
    Millis(millis.min(MAX_WHOLE))
}

#[cfg(not(target_arch = "wasm32"))]
impl Bag for serde_json::Value {
    fn field(&self, name: &str) -> Value<Self> {
        self.as_object()
            .and_then(|object| object.get(name))
            .map_or(Value::Missing, read)
    }

    fn list(&self, name: &str, max: usize) -> Option<Vec<Value<Self>>> {
        let items = self.as_object()?.get(name)?.as_array()?;
        Some(items.iter().take(max).map(read).collect())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn read(value: &serde_json::Value) -> Value<serde_json::Value> {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number.as_f64().map_or(Value::Other, Value::Number),
        Json::String(text) if text.len() <= MAX_TEXT => Value::Text(text.clone()),
        object @ Json::Object(_) => Value::Bag(object.clone()),
        Json::Array(items) if items.len() <= MAX_LIST && items.iter().all(Json::is_object) => {
            Value::List(items.clone())
        }
        _ => Value::Other,
    }
}
