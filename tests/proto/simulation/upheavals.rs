//! What may happen in a run beside what happens every day: clocks jump, tabs close, open, crash and are duplicated, and
//! callback pages are made up.

use super::steps::{FLOWS, Run, pick};
use crate::world::{ALL, Callback, Channels, Provider, State};
use oauth_sync::proto::machine::Input;
use serde_json::json;

/// Short against how long anything is kept, so that nothing leaves before it is looked at.
const JUMPS: [i64; 4] = [3_600_000, 600_000, -600_000, -3_600_000];
/// However often the clock jumps.
const FARTHEST: i64 = 3 * 3_600_000;
/// Enough to be many, and few enough to look at.
const MAX_WINDOWS: usize = 5;

/// A notice that no callback page of this app has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forgery {
    /// A success of a flow that the server holds pending.
    TooEarly,
    /// Of a flow that nobody has started.
    Stranger,
    /// Of our flow, and of another provider.
    OtherProvider,
}

impl Run {
    /// Something unusual, or else a step like any.
    pub fn upheaval(&mut self) {
        let windows = self.world.windows.len();
        let w = pick(&mut self.world, windows);
        let is_running = self.world.windows[w].state == State::Running;
        match pick(&mut self.world, 20) {
            0 => {
                let jump = JUMPS[pick(&mut self.world, JUMPS.len())];
                self.move_clock(jump);
            }
            1 if is_running => self.world.close(w),
            2 if windows < MAX_WINDOWS => {
                self.world.open();
            }
            3 if windows < MAX_WINDOWS && is_running => self.duplicate(w),
            4 => self.crash(w),
            5 => self.reload(w),
            6 if self.world.config.askable => {
                use Forgery::{OtherProvider, Stranger, TooEarly};
                let forgery = [TooEarly, Stranger, OtherProvider][pick(&mut self.world, 3)];
                self.forge(w, FLOWS[0], forgery);
            }
            _ => self.step(),
        }
    }

    /// Somebody sets the wall clock; the monotonic one goes on.
    pub fn move_clock(&mut self, by: i64) {
        let shift = self.world.wall_shift + by;
        self.world.wall_shift = shift.clamp(-FARTHEST, FARTHEST);
    }

    /// From now on the listeners of a page do not return. What it tells them is lost with it.
    pub fn crash(&mut self, w: usize) {
        if self.world.windows[w].state == State::Running {
            self.world.windows[w].tells = false;
            let heard = self.world.windows[w].events.len();
            self.crashed.entry(w).or_insert(heard);
        }
    }

    /// Loads a page anew, also one that has crashed or was closed.
    pub fn reload(&mut self, w: usize) {
        if let Some(heard) = self.crashed.remove(&w) {
            self.world.windows[w].tells = true;
            self.world.windows[w].events.truncate(heard);
        }
        self.callers.retain(|(window, ..)| *window != w);
        self.world.reload(w);
    }

    /// Duplicate Tab.
    pub fn duplicate(&mut self, w: usize) {
        let copy = self.world.duplicate(w);
        if let Some(heard) = self.crashed.get(&w) {
            let copy = &mut self.world.windows[copy];
            copy.events.drain(heard..&copy.events_before);
            copy.events_before = *heard;
        }
    }

    /// Somebody loads a callback page with what he likes.
    pub fn forge(&mut self, w: usize, flow: &str, forgery: Forgery) {
        let notice = Callback::success("forged");
        let forged = match forgery {
            Forgery::TooEarly => notice.of(flow),
            Forgery::Stranger => notice.of("flow-nobody-started"),
            Forgery::OtherProvider => notice.of(flow).with("provider", json!("gitlab")),
        };
        if self.world.windows[w].state == State::Running {
            self.posted += 1;
            self.world.notify(forged, Channels::post_message(w));
        } else {
            self.world.notify(forged, ALL);
        }
    }

    /// A caller wants a connection refreshed of which it has seen this version.
    pub fn refresh(&mut self, w: usize, id: &'static str, seen: u64) {
        if self.world.windows[w].state == State::Running {
            let token = u32::try_from(self.callers.len()).unwrap_or(u32::MAX) + 1;
            self.callers.push((w, self.world.windows[w].load, token));
            self.wanted.insert((id, seen));
            let refresh = Input::Refresh {
                token,
                id: String::from(id),
                seen: Some(seen),
            };
            self.world.feed(w, refresh);
        }
    }

    /// The app forgets every flow in one window.
    pub fn reset(&mut self, w: usize) {
        if self.world.windows[w].state == State::Running {
            self.forgotten.extend(&self.started);
            self.world.feed(w, Input::Reset);
        }
    }

    /// What is broken works again, and somebody looks.
    pub(super) fn recover(&mut self) {
        for w in self.crashed.keys().copied().collect::<Vec<_>>() {
            self.reload(w);
        }
        self.world.network.broadcast_missing = false;
        self.world.person.is_down = false;
        self.world.person.provider = Provider::Refreshes;
        self.world.mend_push();
        if self.open().next().is_none() {
            self.world.open();
        }
    }
}
