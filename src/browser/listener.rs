//! A listener that removes itself.

use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// A listener of an event target. Dropping it removes it, also while it runs.
#[must_use = "dropping a listener removes it at once"]
#[derive(Debug)]
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
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
        Self::boxed(target, kind, Box::new(on_event))
    }

    /// [`new`](Self::new) once for all callers: each of their closures has a type of its own.
    fn boxed(
        target: &EventTarget,
        kind: &'static str,
        on_event: Box<dyn Fn(JsValue)>,
    ) -> Option<Self> {
        let closure = Closure::wrap(on_event);
        target
            .add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref())
            .ok()?;
        Some(Self {
            target: target.clone(),
            kind,
            closure,
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It fails only where adding would have failed.
        let _ = self
            .target
            .remove_event_listener_with_callback(self.kind, self.closure.as_ref().unchecked_ref());
    }
}
