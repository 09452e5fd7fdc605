//! One wait. Browsers keep delays in 31 bits, and what is longer fires at once: so a long wait is cut short, and who
//! waits looks at the clock again.

use crate::proto::time::Millis;
use gloo_timers::callback::Timeout;

/// The longest delay that a browser keeps, some 24 days.
const MAX_DELAY: u32 = i32::MAX as u32;

/// A pending call. Dropping it takes the call back.
#[must_use = "dropping a timer cancels it"]
#[derive(Debug)]
pub struct Timer {
    _timeout: Timeout,
}

impl Timer {
    /// Calls `on_time` after `delay`, or after 24 days if that is sooner.
    pub fn after(delay: Millis, on_time: impl FnOnce() + 'static) -> Self {
        Self::boxed(delay, Box::new(on_time))
    }

    /// Once for all callers: each of their closures has a type of its own.
    fn boxed(delay: Millis, on_time: Box<dyn FnOnce()>) -> Self {
        let delay = u32::try_from(delay.0).map_or(MAX_DELAY, |delay| delay.min(MAX_DELAY));
        Self {
            _timeout: Timeout::new(delay, on_time),
        }
    }
}
