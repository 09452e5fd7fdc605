//! The life of a page: seen and hidden, left and come back to, frozen and resumed.
//!
//! Never `unload`: a page that listens for it is kept out of the back/forward cache.

use super::listener::Listener;
use super::value;
use std::rc::Rc;
use web_sys::EventTarget;

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
    _listeners: Vec<Listener>,
}

impl Page {
    /// Calls `on_moment` at every moment from now on. `None` in a worker.
    pub fn watch(on_moment: impl Fn(Moment) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let on_moment: Rc<dyn Fn(Moment)> = Rc::new(on_moment);
        let on = |target: &EventTarget, kind, moment| {
            let on_moment = on_moment.clone();
            Listener::new(target, kind, move |_| on_moment(moment))
        };
        let mut listeners = vec![
            on(&window, "focus", Moment::Focus),
            on(&window, "online", Moment::Online),
            on(&window, "pagehide", Moment::Hide),
            on(&document, "freeze", Moment::Freeze),
            on(&document, "resume", Moment::Resume),
        ];
        let on_show = on_moment.clone();
        listeners.push(Listener::new(&window, "pageshow", move |event| {
            // The first `pageshow` of a page only says that it has loaded.
            if value::property(&event, "persisted").is_truthy() {
                on_show(Moment::Show);
            }
        }));
        listeners.push(Listener::new(&document, "visibilitychange", move |_| {
            on_moment(Moment::Visible(is_visible()));
        }));
        Some(Self {
            _listeners: listeners.into_iter().flatten().collect(),
        })
    }
}

/// Whether a person can see the page; nobody can see a worker.
#[must_use]
pub fn is_visible() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_some_and(|document| !document.hidden())
}
