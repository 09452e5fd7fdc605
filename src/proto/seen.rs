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
        if let Some((_, known_until)) = self.ids.iter_mut().find(|(known, _)| known == id) {
            let is_new = *known_until < now;
            if is_new {
                *known_until = until;
            }
            return is_new;
        }
        if self.ids.len() >= MAX_SEEN {
            self.ids.remove(0);
        }
        self.ids.push((String::from(id), until));
        true
    }
}

/// 64-bit FNV-1a in hexadecimal. Names things; protects nothing.
#[must_use]
pub fn hash(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (0..16)
        .rev()
        .map(|digit| {
            let nibble = (sum >> (digit * 4)) & 0xf;
            DIGITS
                .get(usize::try_from(nibble).unwrap_or(0))
                .map_or('0', |byte| char::from(*byte))
        })
        .collect()
}
