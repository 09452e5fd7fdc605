//! The life of a page: it opens, loads anew, is put away, comes back, is duplicated and closes.

use super::World;
use super::window::{State, Window};
use oauth_sync::proto::machine::{Config, Input};

impl World {
    /// Opens one more window.
    pub fn open(&mut self) -> usize {
        let w = self.windows.len();
        let mut window = Window::new(Config {
            seed: seed(w),
            ..self.config.clone()
        });
        window.loaded_at = self.now;
        self.windows.push(window);
        self.load(w);
        w
    }

    /// Loads the page of a window anew. What its tab remembers stays.
    pub fn reload(&mut self, w: usize) {
        self.unload(w);
        let window = &mut self.windows[w];
        window.restart(self.now);
        self.load(w);
    }

    /// Duplicate Tab: one more window, whose tab remembers what the first one's does.
    pub fn duplicate(&mut self, w: usize) -> usize {
        let copy = self.windows.len();
        let mut window = Window::new(Config {
            seed: seed(copy),
            ..self.config.clone()
        });
        let first = &self.windows[w];
        window.session.clone_from(&first.session);
        window.session_works = first.session_works;
        // What the first has told, the second has told.
        window.events.clone_from(&first.events);
        window.events_before = window.events.len();
        window.loaded_at = self.now;
        self.windows.push(window);
        self.load(copy);
        copy
    }

    /// Ends a window for good.
    pub fn close(&mut self, w: usize) {
        self.unload(w);
        self.windows[w].state = State::Closed;
    }

    fn unload(&mut self, w: usize) {
        self.release(w);
        self.network.forget(w);
        self.windows[w].state = State::Closed;
        self.windows[w].stream = None;
        self.grant();
    }

    fn load(&mut self, w: usize) {
        for input in self.everything_stored(w) {
            self.feed(w, input);
        }
    }

    /// A page is frozen: it does nothing, and finds what came meanwhile when it is thawed.
    pub fn freeze(&mut self, w: usize) {
        self.feed(w, Input::Leave);
        self.windows[w].state = State::Frozen;
    }

    /// A page goes into the back/forward cache: its channels are closed, and what comes meanwhile is lost to it.
    pub fn cache(&mut self, w: usize) {
        self.feed(w, Input::Leave);
        self.windows[w].state = State::Cached;
    }

    /// A page without warning: the laptop sleeps, or the process is stopped. The lock stays held.
    pub fn stall(&mut self, w: usize) {
        self.windows[w].state = State::Frozen;
    }

    /// The end of `stall`: timers that were due fire at once.
    pub fn unstall(&mut self, w: usize) {
        self.windows[w].state = State::Running;
        self.deliver_held_back(w);
    }

    /// The end of `freeze` or `cache`.
    pub fn thaw(&mut self, w: usize) {
        self.windows[w].state = State::Running;
        self.feed(w, Input::Return);
        self.deliver_held_back(w);
    }

    fn deliver_held_back(&mut self, w: usize) {
        for parcel in std::mem::take(&mut self.windows[w].held_back) {
            self.arrive(w, parcel);
        }
    }
}

/// Far apart, so that who steps in first is known: the lower index.
fn seed(w: usize) -> u32 {
    u32::try_from(w).unwrap_or(0) * 300 + 7
}
