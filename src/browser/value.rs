//! Values of JavaScript that nobody has vouched for: a getter, a proxy or a revoked proxy may throw from every access.
//!
//! The imports below repeat some of js-sys with `catch`: an import that throws without it unwinds through Rust frames
//! and leaves borrows behind.

use core::pin::Pin;
use js_sys::{Array, Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn is_array_or_throw(value: &JsValue) -> Result<bool, JsValue>;
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse_or_throw(text: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Promise, js_name = resolve)]
    fn resolve_or_throw(value: &JsValue) -> Result<js_sys::Promise, JsValue>;
}

/// The property called `name`, inherited ones and getters included; `undefined` where reading it throws.
pub(crate) fn property(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// The property called `name`, if the object has it itself: a polluted prototype adds nothing to a message.
pub(super) fn own_property(value: &JsValue, name: &str) -> Option<JsValue> {
    let key = JsValue::from_str(name);
    match Reflect::get_own_property_descriptor(value.unchecked_ref::<Object>(), &key) {
        Ok(descriptor) if !descriptor.is_undefined() => Reflect::get(value, &key).ok(),
        _ => None,
    }
}

/// A text of at most `max` UTF-16 code units; what is longer is not copied.
pub(crate) fn text(value: &JsValue, max: u32) -> Option<String> {
    if value.is_string() && value.unchecked_ref::<JsString>().length() <= max {
        value.as_string()
    } else {
        None
    }
}

/// A function, of whichever realm.
pub(crate) fn function(value: &JsValue) -> Option<Function> {
    value.is_function().then(|| value.clone().unchecked_into())
}

/// The objects of a list of at most `max`, if it is one and holds nothing else.
pub(crate) fn objects(value: &JsValue, max: usize) -> Option<Vec<JsValue>> {
    let length = property(value, "length").as_f64()?;
    #[expect(clippy::cast_precision_loss, reason = "no list is that long")]
    let fits = length <= max as f64;
    items(value, max).filter(|items| fits && items.iter().all(JsValue::is_object))
}

/// The first `max` items of a list.
pub(super) fn items(value: &JsValue, max: usize) -> Option<Vec<JsValue>> {
    let length = crate::proto::bag::whole(property(value, "length").as_f64()?)?;
    let length = usize::try_from(length).map_or(max, |length| length.min(max));
    let mut items = Vec::new();
    for index in 0..length {
        items.push(Reflect::get_u32(value.unchecked_ref(), u32::try_from(index).ok()?).ok()?);
    }
    Some(items)
}

/// Whether it is an array; a revoked proxy is not.
pub(super) fn is_array(value: &JsValue) -> bool {
    is_array_or_throw(value).unwrap_or(false)
}

/// What a text of at most `max` code units says in JSON.
pub(super) fn parse(text: &JsValue, max: u32) -> Option<JsValue> {
    if text.is_string() && text.unchecked_ref::<JsString>().length() <= max {
        parse_or_throw(text).ok()
    } else {
        None
    }
}

/// Settles as `value` does if it is a promise, or at once.
pub(super) fn settled(value: &JsValue) -> Result<JsFuture, JsValue> {
    Ok(JsFuture::from(resolve_or_throw(value)?))
}

/// Runs `task` in a microtask. Boxed, since what runs a future is compiled for each type of future.
pub(crate) fn later(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    spawn_local(task);
}

/// Calls the method `name` of `target`.
pub(super) fn call(
    target: &JsValue,
    name: &str,
    arguments: &[&JsValue],
) -> Result<JsValue, JsValue> {
    let method = Reflect::get(target, &JsValue::from_str(name))?;
    let method = function(&method).ok_or(JsValue::UNDEFINED)?;
    let list = Array::new();
    for argument in arguments {
        list.push(argument);
    }
    Reflect::apply(&method, target, &list)
}

/// A plain object of these fields.
pub(super) fn object(fields: &[(&str, &JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of an object that was made on the line above does not throw.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}
