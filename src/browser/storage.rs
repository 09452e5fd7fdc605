//! localStorage and sessionStorage, and the `storage` event.
//!
//! Storage can be missing (`null`), refused (the getter throws), full, or emptied at any moment, and it is not coherent
//! between processes. So nothing here is ever read in order to be changed.

use super::facility::Facility;
use super::listener::Listener;
use super::value;
use crate::proto::machine::Area;
use gloo_storage::{LocalStorage, SessionStorage, Storage as _};
use js_sys::JsString;
use wasm_bindgen::prelude::*;

/// The longest key that can be ours.
const MAX_KEY: u32 = 512;

#[wasm_bindgen]
extern "C" {
    /// `Storage` of the platform, with values left on the side of JavaScript until their length is known.
    #[derive(Clone, Debug)]
    type Items;
    #[wasm_bindgen(method, catch, getter)]
    fn length(this: &Items) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn key(this: &Items, index: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getItem)]
    fn get_item(this: &Items, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setItem)]
    fn set_item(this: &Items, key: &str, text: &JsString) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeItem)]
    fn remove_item(this: &Items, key: &str) -> Result<(), JsValue>;
}

/// One of the two storages.
#[derive(Clone, Debug)]
pub struct Storage {
    items: Items,
}

impl Storage {
    /// Opens a storage.
    ///
    /// # Errors
    ///
    /// Missing where there is none, refused where site data are blocked or the origin is opaque.
    pub fn open(area: Area) -> Result<Self, Facility> {
        let window = web_sys::window().ok_or(Facility::Missing)?;
        let probe = match area {
            Area::Local => window.local_storage(),
            Area::Session => window.session_storage(),
        };
        probe
            .map_err(|_| Facility::Refused)?
            .ok_or(Facility::Missing)?;
        // `raw` panics where the probe has just failed, and only there.
        let storage = match area {
            Area::Local => LocalStorage::raw(),
            Area::Session => SessionStorage::raw(),
        };
        Ok(Self {
            items: storage.unchecked_into(),
        })
    }

    /// Every key that is short enough to be ours.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let length = self.items.length().unwrap_or(0);
        let mut keys = Vec::new();
        for index in 0..length {
            if let Ok(key) = self.items.key(index)
                && let Some(key) = value::text(&key, MAX_KEY)
            {
                keys.push(key);
            }
        }
        keys
    }

    /// The text under `key`; `null` or `undefined` if there is none.
    #[must_use]
    pub fn read(&self, key: &str) -> JsValue {
        self.items.get_item(key).unwrap_or(JsValue::NULL)
    }

    /// Puts `text` under `key`. Whether it could be written: a quota may be full.
    pub fn write(&self, key: &str, text: &JsString) -> bool {
        self.items.set_item(key, text).is_ok()
    }

    /// Removes what stands under `key`.
    pub fn remove(&self, key: &str) {
        // A storage that refuses this has refused reading before.
        let _ = self.items.remove_item(key);
    }

    /// Calls `on_write` with the key and text of every write of another document. Removals and `clear()` are not told.
    /// Some versions of Safari tell the writer as well.
    pub fn listen(&self, on_write: impl Fn(String, JsValue) + 'static) -> Option<Listener> {
        let window = web_sys::window()?;
        let items = self.items.clone();
        Listener::new(&window, "storage", move |event| {
            let area = value::property(&event, "storageArea");
            if !area.is_null() && area != *items {
                return;
            }
            // `key` is null after `clear()`. The event's own value is read: the storage may not have it yet.
            let text = value::property(&event, "newValue");
            if let Some(key) = value::text(&value::property(&event, "key"), MAX_KEY)
                && text.is_string()
            {
                on_write(key, text);
            }
        })
    }
}
