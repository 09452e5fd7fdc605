//! Time as a number of milliseconds, and as something that is only ever compared.

use core::ops::{Add, Sub};

/// A point in time or a span, in milliseconds. Arithmetic saturates; [`Millis::NEVER`] is later than everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Later than every other time; adding to it changes nothing.
    pub const NEVER: Self = Self(u64::MAX);

    /// A number of seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// A number of hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self::seconds(hours.saturating_mul(3600))
    }
}

impl Add for Millis {
    type Output = Self;
    #[inline(never)]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Millis {
    type Output = Self;
    #[inline(never)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// What the two clocks of a page say at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since an arbitrary start, never backwards: `performance.now()`. All waiting is measured on it.
    pub monotonic: Millis,
    /// Since the epoch: `Date.now()`. It jumps, so it is only written down, and compared once after a load.
    pub wall: Millis,
}

/// How long ago something was, kept on the monotonic clock once this document has learnt of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    age: Millis,
    learnt: Millis,
}

impl Since {
    /// Something that happened at `wall`; a time in the future is taken as now.
    #[must_use]
    #[inline(never)]
    pub fn wall(wall: Millis, now: Now) -> Self {
        Self {
            age: now.wall - wall,
            learnt: now.monotonic,
        }
    }

    /// How long ago it was.
    #[must_use]
    #[inline(never)]
    pub fn elapsed(self, now: Now) -> Millis {
        self.age + (now.monotonic - self.learnt)
    }

    /// The monotonic time at which `span` will have passed since; zero if it has.
    #[must_use]
    #[inline(never)]
    pub fn plus(self, span: Millis) -> Millis {
        if self.age >= span {
            Millis::ZERO
        } else {
            self.learnt + (span - self.age)
        }
    }
}
