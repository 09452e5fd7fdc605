//! Rust to JavaScript: plain objects, and JSON made from them by the browser.

use crate::proto::tree::Tree;
use js_sys::JsString;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// `tree` as a plain object, fit for a structured clone. `None` for a number that JavaScript does not hold exactly.
#[must_use]
pub fn to_js(tree: &Tree) -> Option<JsValue> {
    tree.serialize(&Serializer::json_compatible()).ok()
}

/// `tree` as JSON text.
#[must_use]
pub fn to_json(tree: &Tree) -> Option<JsString> {
    js_sys::JSON::stringify(&to_js(tree)?).ok()
}
