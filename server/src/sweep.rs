//! Looks after flows that nobody looks after any more.

use crate::clock::{Clock, millis};
use crate::flow::Limits;
use crate::metrics::{FlowEnd, Metrics};
use crate::store::{Store, StoreError, Swept};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Replies compute an expiry themselves, so nobody waits for a sweep; an interrupted exchange waits this long at most.
const EVERY: Duration = Duration::from_secs(10);

/// Expires flows, interrupts exchanges that died, forgets what settled long ago.
#[derive(Clone)]
pub struct Sweeper {
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    limits: Limits,
}

impl Sweeper {
    /// A sweeper over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, metrics: Arc<Metrics>, limits: Limits) -> Self {
        Self {
            store,
            clock,
            metrics,
            limits,
        }
    }

    /// Sweeps once.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        let now = self.clock.now();
        let forget_before = now.saturating_sub(millis(self.limits.keep));
        let swept = self.store.sweep(now, forget_before).await?;
        self.metrics.flows_swept(FlowEnd::Expired, swept.expired);
        self.metrics
            .flows_swept(FlowEnd::Interrupted, swept.interrupted);
        Ok(swept)
    }

    /// Sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            match self.sweep().await {
                Ok(swept) if swept != Swept::default() => {
                    info!(
                        operation = "sweep",
                        expired = swept.expired,
                        interrupted = swept.interrupted,
                        removed = swept.removed,
                        "swept"
                    );
                }
                Ok(_) => {}
                Err(error) => warn!(operation = "sweep", %error, "will try again"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
