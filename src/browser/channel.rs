//! BroadcastChannel: every window of the origin and storage partition, also one that Cross-Origin-Opener-Policy has
//! cut off.
//!
//! A channel must be closed in `pagehide`: a message to a page in the back/forward cache evicts it.

use super::facility::{Facility, probe};
use super::listener::{Listener, kind_of};
use super::value;
use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

/// An open channel. Dropping it closes it.
#[must_use = "dropping a channel closes it"]
#[derive(Debug)]
pub struct Channel {
    channel: BroadcastChannel,
    _listener: Option<Listener>,
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
        probe(&js_sys::global(), "BroadcastChannel")?;
        let channel = BroadcastChannel::new(name).map_err(|_| Facility::Refused)?;
        let listener = Listener::new(&channel, "message", move |event| {
            on_message((kind_of(&event) == "message").then(|| value::property(&event, "data")));
        });
        let listener = listener.and_then(|listener| listener.with(&channel, "messageerror"));
        Ok(Self {
            channel,
            _listener: listener,
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
