//! Which parts of the platform are there, found by using them.

use serde::Serialize;
use wasm_bindgen::JsValue;

/// What became of an attempt to use a part of the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "each field is named as the platform names it")]
pub struct Facilities {
    pub post_message: Facility,
    pub broadcast_channel: Facility,
    pub local_storage: Facility,
    pub session_storage: Facility,
    pub locks: Facility,
    pub fetch: Facility,
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
