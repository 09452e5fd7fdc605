//! Which notices have been handled: equal ids are one notice.

use crate::proto::time::Millis;
use alloc::string::String;
use alloc::vec::Vec;

/// How many ids are remembered; what is older has long had its effect on a verdict, which only rises.
pub const MAX_SEEN: usize = 256;
/// Notices in the plain form have no id of their own; equal ones within this time are one.
pub const PLAIN_WINDOW: Millis = Millis::seconds(10);

/// A bounded memory of notice ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// Oldest first; the time until which an equal id is the same notice.
    ids: Vec<(String, Millis)>,
}

impl Seen {
    /// Whether `id` is new at `now` (monotonic). It is remembered until `until`.
    pub fn insert(&mut self, id: &str, until: Millis, now: Millis) -> bool {
        for (known, known_until) in &mut self.ids {
            if known == id {
                let is_new = *known_until < now;
                if is_new {
                    *known_until = until;
                }
                return is_new;
            }
        }
        if self.ids.len() >= MAX_SEEN {
            self.ids.remove(0);
        }
        self.ids.push((String::from(id), until));
        true
    }
}
