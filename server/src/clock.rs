//! The time, in milliseconds since the Unix epoch, so that tests can move it.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Milliseconds since the Unix epoch, as the database holds them.
pub type Millis = i64;

/// Where the server reads the time, and waits.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    now: watch::Sender<Millis>,
    steady: Mutex<Duration>,
    skipping: Mutex<Skipping>,
}

#[derive(Debug, Default)]
struct Skipping {
    skips: bool,
    waits: Vec<Duration>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`ManualClock::advance`] moves it.
    #[must_use]
    pub fn manual(now: Millis) -> (Self, ManualClock) {
        let shared = Arc::new(Manual {
            now: watch::Sender::new(now),
            steady: Mutex::default(),
            skipping: Mutex::default(),
        });
        (
            Self(Source::Manual(Arc::clone(&shared))),
            ManualClock(shared),
        )
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, millis),
            Source::Manual(manual) => *manual.now.borrow(),
        }
    }

    /// Time that only goes forward, from any beginning: for spans within this process.
    #[must_use]
    pub fn steady(&self) -> Duration {
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Source::System => BEGIN.elapsed(),
            Source::Manual(manual) => *manual.steady(),
        }
    }

    /// Waits.
    pub async fn sleep(&self, span: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(span).await,
            Source::Manual(manual) => manual.sleep(span).await,
        }
    }
}

impl Manual {
    async fn sleep(&self, span: Duration) {
        let deadline = self.now.borrow().saturating_add(millis(span));
        if self.skips(span) {
            *self.steady() += span;
            self.now.send_modify(|now| *now = (*now).max(deadline));
            // Somebody else may be what is waited for.
            tokio::task::yield_now().await;
            return;
        }
        let mut now = self.now.subscribe();
        // It ends early only when the sender is gone, and `self` holds the sender.
        let _reached = now.wait_for(|&now| deadline <= now).await;
    }

    fn steady(&self) -> MutexGuard<'_, Duration> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn skips(&self, span: Duration) -> bool {
        let mut skipping = self.skipping.lock().unwrap_or_else(PoisonError::into_inner);
        skipping.waits.push(span);
        skipping.skips
    }
}

/// Moves a [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Manual>);

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.0.steady() += by;
        self.0.now.send_modify(|now| *now += millis(by));
    }

    /// Sets the clock, also back: clocks jump. Steady time stays.
    pub fn set(&self, now: Millis) {
        self.0.now.send_modify(|current| *current = now);
    }

    /// From now on whoever waits moves the clock and goes on at once.
    pub fn skip_waits(&self) {
        self.0
            .skipping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .skips = true;
    }

    /// The waits so far, in the order they began.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.0
            .skipping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .waits
            .clone()
    }
}

/// A span as the database counts it.
#[must_use]
pub fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}
