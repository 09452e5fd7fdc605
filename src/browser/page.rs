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
        let on_moment: Rc<dyn Fn(Moment)> = Rc::new(on_moment);
        Self::shared(&on_moment)
    }

    fn shared(on_moment: &Rc<dyn Fn(Moment)>) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let mut listeners = Vec::new();
        for (kind, moment) in MOMENTS {
            let on_moment = on_moment.clone();
            let target: &EventTarget = match moment {
                Moment::Visible(_) | Moment::Freeze | Moment::Resume => &document,
                _ => &window,
            };
            listeners.extend(Listener::new(target, kind, move |event| {
                on_moment(match moment {
                    Moment::Visible(_) => Moment::Visible(is_visible()),
                    // The first `pageshow` of a page only says that it has loaded.
                    Moment::Show if !value::property(&event, "persisted").is_truthy() => return,
                    moment => moment,
                });
            }));
        }
        Some(Self {
            _listeners: listeners,
        })
    }
}

/// What is listened for.
const MOMENTS: [(&str, Moment); 7] = [
    ("visibilitychange", Moment::Visible(true)),
    ("focus", Moment::Focus),
    ("online", Moment::Online),
    ("pagehide", Moment::Hide),
    ("pageshow", Moment::Show),
    ("freeze", Moment::Freeze),
    ("resume", Moment::Resume),
];

/// Whether a person can see the page; nobody can see a worker.
#[must_use]
pub fn is_visible() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_some_and(|document| !document.hidden())
}
