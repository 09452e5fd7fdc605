//! A listener that removes itself.

use super::value;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// A listener of one or more kinds of events. Dropping it removes it, also while it runs.
#[must_use = "dropping a listener removes it at once"]
#[derive(Debug)]
pub struct Listener {
    heard: Vec<(EventTarget, &'static str)>,
    closure: Closure<dyn Fn(JsValue)>,
}

impl Listener {
    /// Calls `on_event` with every event called `kind`. The event is handed over as it is, because a page can
    /// dispatch one of any class under any name. `None` where the target takes no listener.
    pub fn new(
        target: &EventTarget,
        kind: &'static str,
        on_event: impl Fn(JsValue) + 'static,
    ) -> Option<Self> {
        Self::boxed(Box::new(on_event)).with(target, kind)
    }

    /// Calls it with every event called `kind` of `target` as well; `kind_of` tells them apart.
    pub fn with(mut self, target: &EventTarget, kind: &'static str) -> Option<Self> {
        target
            .add_event_listener_with_callback(kind, self.closure.as_ref().unchecked_ref())
            .ok()?;
        self.heard.push((target.clone(), kind));
        Some(self)
    }

    /// Once for all callers: each of their closures has a type of its own.
    fn boxed(on_event: Box<dyn Fn(JsValue)>) -> Self {
        Self {
            heard: Vec::new(),
            closure: Closure::wrap(on_event),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for (target, kind) in &self.heard {
            // It fails only where adding would have failed.
            let _ = target
                .remove_event_listener_with_callback(kind, self.closure.as_ref().unchecked_ref());
        }
    }
}

/// What an event is called.
pub(super) fn kind_of(event: &JsValue) -> String {
    value::text(&value::property(event, "type"), 32).unwrap_or_default()
}
