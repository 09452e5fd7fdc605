//! Rust to JavaScript: plain objects, and JSON made from them by the browser.

use js_sys::JsString;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// `value` as a plain object, fit for a structured clone. `None` for a number that JavaScript does not hold exactly.
#[must_use]
pub fn to_js(value: &impl Serialize) -> Option<JsValue> {
    value.serialize(&Serializer::json_compatible()).ok()
}

/// `value` as JSON text.
#[must_use]
pub fn to_json(value: &impl Serialize) -> Option<JsString> {
    js_sys::JSON::stringify(&to_js(value)?).ok()
}
