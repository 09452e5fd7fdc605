//! Messages as the browser hands them over: structured clones, results of `JSON.parse`, objects of the app.

use super::value;
use crate::proto::bag::{Bag, MAX_LIST, MAX_TEXT, Value};
use wasm_bindgen::prelude::*;

/// An object of JavaScript, read one own field at a time, and copied only once it is known to be small.
#[derive(Clone, Debug, PartialEq)]
pub struct JsBag(JsValue);

impl JsBag {
    /// `value`, if it is an object.
    #[must_use]
    pub fn new(value: JsValue) -> Option<Self> {
        value.is_object().then_some(Self(value))
    }
}

impl Bag for JsBag {
    fn field(&self, name: &str) -> Value<Self> {
        match value::own_property(&self.0, name) {
            None => Value::Missing,
            Some(value) => read(value),
        }
    }

    fn list(&self, name: &str, max: usize) -> Option<Vec<Value<Self>>> {
        let list = value::own_property(&self.0, name).filter(value::is_array)?;
        let items = value::items(&list, max)?;
        let mut list = Vec::new();
        for item in items {
            list.push(read(item));
        }
        Some(list)
    }
}

fn read(value: JsValue) -> Value<JsBag> {
    if value.is_undefined() {
        return Value::Missing;
    }
    if value.is_null() {
        return Value::Null;
    }
    if let Some(flag) = value.as_bool() {
        return Value::Bool(flag);
    }
    if let Some(number) = value.as_f64() {
        return Value::Number(number);
    }
    if value.is_string() {
        let max = u32::try_from(MAX_TEXT).unwrap_or(u32::MAX);
        return value::text(&value, max).map_or(Value::Other, Value::Text);
    }
    if !value.is_object() {
        return Value::Other;
    }
    if value::is_array(&value) {
        let Some(items) = value::objects(&value, MAX_LIST) else {
            return Value::Other;
        };
        let mut list = Vec::new();
        for item in items {
            list.push(JsBag(item));
        }
        return Value::List(list);
    }
    Value::Bag(JsBag(value))
}
