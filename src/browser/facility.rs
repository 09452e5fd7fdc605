//! Which parts of the platform are there, found by using them.

use crate::proto::tree::Tree;
use wasm_bindgen::JsValue;

/// What became of an attempt to use a part of the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Facility {
    /// It works.
    #[default]
    Ok,
    /// This browser, or this kind of page, does not have it.
    Missing,
    /// It is there and threw: blocked site data, a sandboxed frame, a full quota.
    Refused,
}

/// Every part of the platform that carries something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each field is named as the platform names it")]
pub struct Facilities {
    pub post_message: Facility,
    pub broadcast_channel: Facility,
    pub local_storage: Facility,
    pub session_storage: Facility,
    pub locks: Facility,
    pub fetch: Facility,
    pub event_source: Facility,
}

impl Facilities {
    /// The facilities as `diagnostics()` gives them.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        for (name, facility) in [
            ("post_message", self.post_message),
            ("broadcast_channel", self.broadcast_channel),
            ("local_storage", self.local_storage),
            ("session_storage", self.session_storage),
            ("locks", self.locks),
            ("fetch", self.fetch),
            ("event_source", self.event_source),
        ] {
            let state = match facility {
                Facility::Ok => "ok",
                Facility::Missing => "missing",
                Facility::Refused => "refused",
            };
            object.text(name, state);
        }
        object
    }
}

/// A property of the global object or of something below it, as a facility: what throws is refused, what is not there
/// is missing.
pub(super) fn probe(target: &JsValue, name: &str) -> Result<JsValue, Facility> {
    match js_sys::Reflect::get(target, &JsValue::from_str(name)) {
        Err(_) => Err(Facility::Refused),
        Ok(value) if value.is_undefined() || value.is_null() => Err(Facility::Missing),
        Ok(value) => Ok(value),
    }
}
