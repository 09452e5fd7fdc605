//! The life of a page: seen and hidden, left and come back to, frozen and resumed.
//!
//! Never `unload`: a page that listens for it is kept out of the back/forward cache.

use super::listener::{Listener, kind_of};
use super::value;
use wasm_bindgen::JsValue;

/// A moment in the life of a page, called as the platform calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `visibilitychange`: whether a person can see it now.
    Visible(bool),
    /// `focus` of the window.
    Focus,
    /// `online`: a reason to look, no proof of anything.
    Online,
    /// `pagehide`: it is left, perhaps to be kept.
    Hide,
    /// `pageshow` of a page that was kept.
    Show,
    /// `freeze`: it is kept as it is, and runs no more. Chromium alone.
    Freeze,
    /// `resume`: it runs again.
    Resume,
}

/// Watches the page. Dropping it stops.
#[must_use = "dropping it stops watching"]
#[derive(Debug)]
pub struct Page {
    _listener: Option<Listener>,
}

impl Page {
    /// Calls `on_moment` at every moment from now on. `None` in a worker.
    pub fn watch(on_moment: impl Fn(Moment) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let mut listener = Listener::new(&document, "visibilitychange", move |event| {
            if let Some(moment) = moment_of(&event) {
                on_moment(moment);
            }
        });
        for (target, kind) in [
            (window.as_ref(), "focus"),
            (window.as_ref(), "online"),
            (window.as_ref(), "pagehide"),
            (window.as_ref(), "pageshow"),
            (document.as_ref(), "freeze"),
            (document.as_ref(), "resume"),
        ] {
            listener = listener.and_then(|listener| listener.with(target, kind));
        }
        Some(Self {
            _listener: listener,
        })
    }
}

fn moment_of(event: &JsValue) -> Option<Moment> {
    match kind_of(event).as_str() {
        "visibilitychange" => Some(Moment::Visible(is_visible())),
        "focus" => Some(Moment::Focus),
        "online" => Some(Moment::Online),
        "pagehide" => Some(Moment::Hide),
        // The first `pageshow` of a page only says that it has loaded.
        "pageshow" => value::property(event, "persisted")
            .is_truthy()
            .then_some(Moment::Show),
        "freeze" => Some(Moment::Freeze),
        "resume" => Some(Moment::Resume),
        _ => None,
    }
}

/// Whether a person can see the page; nobody can see a worker.
#[must_use]
pub fn is_visible() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_some_and(|document| !document.hidden())
}
