//! Web Locks, by bindings of our own: web-sys keeps its own behind a flag that a library cannot set for others.
//!
//! A lock must be let go of in `pagehide` and `freeze`: Chromium keeps the locks of a page in the back/forward cache,
//! and nobody else gets them. It is never stolen: the holder would not stop.

use super::facility::{Facility, probe};
use super::value;
use core::cell::Cell;
use js_sys::{Function, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Granted {
    /// The lock is held from now on.
    Held,
    /// It was held, and was taken away.
    Lost,
    /// It will never be: `SecurityError`, `InvalidStateError`.
    Refused,
}

/// A lock, or the wait for it, which may have no end. Dropping it lets go of either.
#[must_use = "dropping it releases the lock"]
pub struct LockRequest {
    shared: Rc<Shared>,
    abort: Option<AbortController>,
}

struct Shared {
    is_wanted: Cell<bool>,
    is_held: Cell<bool>,
    /// Resolves the promise that holds the lock.
    release: Cell<Option<Function>>,
    on_change: Box<dyn Fn(Granted)>,
}

#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &JsValue,
        callback: &JsValue,
    ) -> Result<JsValue, JsValue>;
}

/// Whether there are locks here at all.
///
/// # Errors
///
/// Missing in old browsers and on insecure origins.
pub fn locks() -> Result<JsValue, Facility> {
    probe(&probe(&js_sys::global(), "navigator")?, "locks")
}

impl LockRequest {
    /// Asks for the exclusive lock called `name`.
    ///
    /// # Errors
    ///
    /// As [`locks`]; most refusals come later, as [`Granted::Refused`].
    pub fn new(name: &str, on_change: impl Fn(Granted) + 'static) -> Result<Self, Facility> {
        let locks: LockManager = locks()?.unchecked_into();
        let abort = AbortController::new().ok();
        let options = match &abort {
            Some(abort) => value::object(&[("signal", &abort.signal())]),
            None => value::object(&[]),
        };
        let shared = Rc::new(Shared {
            is_wanted: Cell::new(true),
            is_held: Cell::new(false),
            release: Cell::new(None),
            on_change: Box::new(on_change),
        });
        let granted = shared.clone();
        // Called once or never, and perhaps after this request was dropped: so it frees itself.
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if lock.is_null() || !granted.is_wanted.get() {
                return JsValue::UNDEFINED;
            }
            let held = Promise::new(&mut |resolve, _| granted.release.set(Some(resolve)));
            granted.is_held.set(true);
            (granted.on_change)(Granted::Held);
            held.into()
        });
        let outcome = locks
            .request(name, &options, &callback)
            .map_err(|_| Facility::Refused)?;
        let waiting = shared.clone();
        value::later(async move {
            // Fulfilled after the release, rejected by an abort, a refusal or a thief.
            if let Ok(settled) = value::settled(&outcome) {
                let _ = settled.await;
            }
            if waiting.is_wanted.replace(false) {
                (waiting.on_change)(if waiting.is_held.get() {
                    Granted::Lost
                } else {
                    Granted::Refused
                });
            }
        });
        Ok(Self { shared, abort })
    }
}

impl Drop for LockRequest {
    fn drop(&mut self) {
        self.shared.is_wanted.set(false);
        if let Some(release) = self.shared.release.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        } else if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

impl core::fmt::Debug for LockRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LockRequest")
    }
}
