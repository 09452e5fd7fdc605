//! JavaScript to input: what was heard or found becomes an [`Input`], what cannot be read becomes the reason it is
//! counted under.

use super::bag::JsBag;
use super::encode::to_json;
use super::value;
use crate::proto::bag::Bag;
use crate::proto::machine::{Input, Stored, Via};
use crate::proto::message::Message;
use crate::proto::notice::{Form, Notice};
use crate::proto::record::{Key, Names, Record};
use wasm_bindgen::JsValue;

/// The longest notice, in code units of its JSON.
const MAX_NOTICE: u32 = 4096;
/// The longest record: a verdict with every integration it may have and the app's state, all of characters that JSON escapes.
const MAX_RECORD: u32 = 32_768;
/// The longest message that comes by storage: every connection that may be told of.
const MAX_MESSAGE: u32 = 262_144;

/// A window could not read what it was sent (`messageerror`).
pub(super) const UNDECODABLE: Input = Input::Dropped("undecodable");
/// It came by postMessage from an origin that is not listed.
pub(super) const FOREIGN_ORIGIN: Input = Input::Dropped("foreign_origin");
/// It is of a kind that nobody here speaks: other scripts share the channels.
const FOREIGN: Input = Input::Dropped("foreign");
/// It is of our kind and breaks its rules.
const MALFORMED: Input = Input::Dropped("malformed");
/// It is of our kind and too long.
const OVERSIZED: Input = Input::Dropped("oversized");

/// What was said by postMessage or on the namespace's channel. `None` for what is meant for callback pages.
pub(super) fn spoken(data: &JsValue, via: Via) -> Option<Input> {
    let Some(bag) = JsBag::new(data.clone()) else {
        return Some(FOREIGN);
    };
    match bag.text("type", 32).as_deref() {
        Some("oauth-complete" | "oauth-failed") => {}
        Some("oauth-ack") => return None,
        _ => return Some(FOREIGN),
    }
    let Some(notice) = Notice::read(&bag, Form::Message) else {
        return Some(MALFORMED);
    };
    // What was read is measured, not what came: JSON of a cycle or of a huge object keeps the browser busy.
    let is_short = to_json(&notice.to_wire()).is_some_and(|json| json.length() <= MAX_NOTICE);
    Some(if is_short {
        Input::Notice { notice, via }
    } else {
        OVERSIZED
    })
}

/// What a window of the app said on the scope's own channel.
pub(super) fn message(bag: Option<JsBag>, names: &Names) -> Input {
    bag.and_then(|bag| Message::read(&bag, &names.scope))
        .map_or(MALFORMED, Input::Message)
}

/// What stands, or was just written, under a key of localStorage or sessionStorage. `None` for somebody else's key, and for
/// a message that nobody took away: it is of another time.
pub(super) fn stored(names: &Names, key: String, json: &JsValue, live: bool) -> Option<Input> {
    let bag = |max| value::parse(json, max).and_then(JsBag::new);
    let notice = |form| {
        bag(MAX_NOTICE)
            .and_then(|bag| Notice::read(&bag, form))
            .map(Stored::Notice)
    };
    let stored = match names.key(&key)? {
        Key::Plain => notice(Form::PlainKey),
        Key::Slot => notice(Form::Message),
        Key::Record(record) => bag(MAX_RECORD)
            .and_then(|bag| Record::read(record, &bag))
            .map(Stored::Record),
        Key::Message => return live.then(|| message(bag(MAX_MESSAGE), names)),
    };
    Some(Input::Stored {
        stored: stored.unwrap_or(Stored::Unreadable),
        key,
        live,
    })
}
