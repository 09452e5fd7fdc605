//! `postMessage` from callback pages to the window that opened them.

use super::facility::Facility;
use super::listener::{Listener, kind_of};
use super::value;
use wasm_bindgen::JsValue;

/// Who sent a message, to be answered.
#[derive(Clone, Debug)]
pub struct Sender {
    source: JsValue,
    origin: String,
}

impl Sender {
    /// Answers at the exact origin that the message came from. Nobody hears it if the sender has moved on or closed.
    pub fn answer(&self, message: &JsValue) {
        let origin = JsValue::from_str(&self.origin);
        let _ = value::call(&self.source, "postMessage", &[message, &origin]);
    }
}

/// What arrived.
#[derive(Clone, Debug)]
pub enum Posted {
    /// A message from a listed origin.
    Message(JsValue, Sender),
    /// A message from any other origin.
    ForeignOrigin,
    /// Something that could not be decoded (`messageerror`).
    Undecodable,
}

/// Listens for messages to this window. Dropping it stops.
#[must_use = "dropping it stops listening"]
#[derive(Debug)]
pub struct Messages {
    _listener: Listener,
}

impl Messages {
    /// Calls `on_message` with every message; `origins` are compared as a whole and exactly (RFC 9700 4.17), and the
    /// opaque origin `null` is never one of them.
    ///
    /// # Errors
    ///
    /// Missing in a worker.
    pub fn listen(
        origins: Vec<String>,
        on_message: impl Fn(Posted) + 'static,
    ) -> Result<Self, Facility> {
        let window = web_sys::window().ok_or(Facility::Missing)?;
        let listener = Listener::new(&window, "message", move |event| {
            on_message(if kind_of(&event) == "message" {
                read(&event, &origins)
            } else {
                Posted::Undecodable
            });
        });
        let listener = listener.and_then(|listener| listener.with(&window, "messageerror"));
        Ok(Self {
            _listener: listener.ok_or(Facility::Refused)?,
        })
    }
}

fn read(event: &JsValue, origins: &[String]) -> Posted {
    let origin = value::text(&value::property(event, "origin"), 1024).unwrap_or_default();
    if origin == "null" || !origins.contains(&origin) {
        return Posted::ForeignOrigin;
    }
    let sender = Sender {
        source: value::property(event, "source"),
        origin,
    };
    Posted::Message(value::property(event, "data"), sender)
}
