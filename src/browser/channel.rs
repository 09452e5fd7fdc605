//! BroadcastChannel: every window of the origin and storage partition, also one that Cross-Origin-Opener-Policy has
//! cut off.
//!
//! A channel must be closed in `pagehide`: a message to a page in the back/forward cache evicts it.

use super::facility::{Facility, probe};
use super::listener::Listener;
use super::value;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

/// An open channel. Dropping it closes it.
#[must_use = "dropping a channel closes it"]
#[derive(Debug)]
pub struct Channel {
    channel: BroadcastChannel,
    _listeners: [Option<Listener>; 2],
}

impl Channel {
    /// Opens the channel called `name` and calls `on_message` with what others post; with `None` for what arrived and
    /// could not be decoded (`messageerror`).
    ///
    /// # Errors
    ///
    /// Missing in old browsers; refused in Firefox where site data are blocked.
    pub fn open(
        name: &str,
        on_message: impl Fn(Option<JsValue>) + 'static,
    ) -> Result<Self, Facility> {
        Self::shared(name, Rc::new(on_message))
    }

    fn shared(name: &str, on_message: Rc<dyn Fn(Option<JsValue>)>) -> Result<Self, Facility> {
        probe(&js_sys::global(), "BroadcastChannel")?;
        let channel = BroadcastChannel::new(name).map_err(|_| Facility::Refused)?;
        let on_error = on_message.clone();
        let listeners = [
            Listener::new(&channel, "message", move |event| {
                on_message(Some(value::property(&event, "data")));
            }),
            Listener::new(&channel, "messageerror", move |_| on_error(None)),
        ];
        Ok(Self {
            channel,
            _listeners: listeners,
        })
    }

    /// Posts to every other holder of the channel. Whether it could be posted.
    pub fn post(&self, message: &JsValue) -> bool {
        self.channel.post_message(message).is_ok()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.close();
    }
}
