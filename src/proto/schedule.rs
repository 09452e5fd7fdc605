//! The schedule as a value: how long to wait after a given number of counted polls.

use crate::proto::time::Millis;
use alloc::vec;
use alloc::vec::Vec;

/// Polls of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tier {
    /// The wait before each.
    pub every: Millis,
    /// How many.
    pub polls: u32,
}

/// Tiers, one after the other. The tier follows from the count of polls, not from the time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule(Vec<Tier>);

impl Default for Schedule {
    /// 2 s, 5 s and 10 s, ten polls each: the last at 170 s.
    fn default() -> Self {
        let tier = |seconds| Tier {
            every: Millis::seconds(seconds),
            polls: 10,
        };
        Self(vec![tier(2), tier(5), tier(10)])
    }
}

impl Schedule {
    /// The schedule of these tiers; of at most 16.
    #[must_use]
    pub fn new(mut tiers: Vec<Tier>) -> Self {
        tiers.truncate(16);
        Self(tiers)
    }

    /// The wait before the next counted poll when `polls` have been made; `None` at the cap.
    #[must_use]
    pub fn wait_after(&self, polls: u32) -> Option<Millis> {
        let mut before = 0_u32;
        for tier in &self.0 {
            before = before.saturating_add(tier.polls);
            if polls < before {
                return Some(tier.every);
            }
        }
        None
    }
}
