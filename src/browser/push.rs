//! Server-sent events. The browser reads the stream, opens it again after a break, and then says where it was.
//!
//! A stream must be closed in `pagehide`: a page with an open one is kept out of the back/forward cache.

use super::bag::JsBag;
use super::facility::{Facility, probe};
use super::listener::{Listener, kind_of};
use super::value::{self, property, text};
use crate::proto::machine::Pushed;
use crate::proto::text::join;
use core::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::EventSource;

/// The longest event, in code units.
const MAX_EVENT: u32 = 65_536;
/// The longest `id`, in code units.
const MAX_ID: u32 = 256;
/// What is listened for beside `error`, which is the browser's own.
const KINDS: [&str; 4] = ["ready", "flow", "connection", "reset"];

/// The last `id` that was heard, for the next stream.
pub type LastId = Rc<RefCell<Option<String>>>;

/// An open stream. Dropping it closes it.
#[must_use = "dropping a stream closes it"]
pub struct Stream {
    source: EventSource,
    _listener: Option<Listener>,
}

impl Stream {
    /// Opens the stream at `url`, from where `last_id` says, and calls `on_pushed` with what it says; with `None` for
    /// what cannot be read. `last_id` follows it.
    ///
    /// # Errors
    ///
    /// Missing in old browsers.
    pub fn open(
        url: &str,
        last_id: &LastId,
        on_pushed: impl Fn(Option<Pushed>) + 'static,
    ) -> Result<Self, Facility> {
        probe(&js_sys::global(), "EventSource")?;
        let source = EventSource::new(&address(url, last_id)).map_err(|_| Facility::Refused)?;
        let (stream, last_id) = (source.clone(), last_id.clone());
        let mut listener = Listener::new(&source, "error", move |event| {
            on_pushed(read(&event, &stream, &last_id));
        });
        for kind in KINDS {
            listener = listener.and_then(|listener| listener.with(&source, kind));
        }
        Ok(Self {
            source,
            _listener: listener,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

fn read(event: &JsValue, stream: &EventSource, last_id: &LastId) -> Option<Pushed> {
    let kind = kind_of(event);
    if kind == "error" {
        let is_over = stream.ready_state() == EventSource::CLOSED;
        return Some(if is_over {
            Pushed::Ended
        } else {
            Pushed::Reconnects
        });
    }
    let mut resumed = false;
    if let Some(id) = text(&property(event, "lastEventId"), MAX_ID).filter(|id| !id.is_empty())
        && let Ok(mut last_id) = last_id.try_borrow_mut()
    {
        resumed = last_id.replace(id).is_some();
    }
    if kind == "ready" {
        return Some(Pushed::Ready { resumed });
    }
    let bag = value::parse(&property(event, "data"), MAX_EVENT).and_then(JsBag::new)?;
    Pushed::read(&kind, &bag)
}

/// A stream of this page that is opened anew has no header for where it was.
fn address(url: &str, last_id: &LastId) -> String {
    let id = last_id.try_borrow().ok().and_then(|id| id.clone());
    let Some(id) = id else {
        return String::from(url);
    };
    let id = String::from(js_sys::encode_uri_component(&id));
    let mark = if url.contains('?') { "&" } else { "?" };
    join(&[url, mark, "lastEventId=", &id])
}
