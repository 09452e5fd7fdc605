//! Web Locks: granted in order, missing, or never answering.

use super::World;
use super::network::Parcel;
use oauth_sync::proto::machine::Lock;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockMode {
    #[default]
    Works,
    Missing,
    /// As a holder that was orphaned.
    NeverAnswers,
}

#[derive(Clone, Debug, Default)]
pub struct Locks {
    pub mode: LockMode,
    pub holder: Option<usize>,
    queue: VecDeque<usize>,
}

impl Locks {
    pub(super) fn request(&mut self, w: usize) -> Option<Lock> {
        match self.mode {
            LockMode::Missing => return Some(Lock::Missing),
            LockMode::NeverAnswers => {}
            LockMode::Works => {
                if self.holder != Some(w) && !self.queue.contains(&w) {
                    self.queue.push_back(w);
                }
            }
        }
        None
    }

    fn release(&mut self, w: usize) {
        self.queue.retain(|queued| *queued != w);
        if self.holder == Some(w) {
            self.holder = None;
        }
    }
}

impl World {
    /// A window lets go of the lock or of its request; a grant on its way does not arrive.
    pub(super) fn release(&mut self, w: usize) {
        self.locks.release(w);
        self.network.forget_grant(w);
        let is_grant = |parcel: &Parcel| matches!(parcel, Parcel::Lock(_));
        self.windows[w].held_back.retain(|parcel| !is_grant(parcel));
    }

    pub(super) fn grant(&mut self) {
        if self.locks.holder.is_none()
            && let Some(w) = self.locks.queue.pop_front()
        {
            self.locks.holder = Some(w);
            let load = self.windows[w].load;
            self.network
                .deliver(self.now + 1, w, load, Parcel::Lock(Lock::Held));
        }
    }
}
