//! One attempt for each connection in this process, whoever asks and goes away.

use super::TokenService;
use super::attempt::Report;
use crate::store::StoredConnection;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// The attempts that are under way in this process, by connection.
#[derive(Default)]
pub(super) struct Flights {
    running: Mutex<HashMap<String, watch::Receiver<Option<Report>>>>,
    tasks: TaskTracker,
}

impl Flights {
    /// Runs a task that the process waits for before it ends.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Report>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenService {
    /// Waits for the attempts that are under way in this process.
    pub async fn finish(&self) {
        self.flights.tasks.close();
        self.flights.tasks.wait().await;
    }

    /// Joins the attempt that is under way for this connection, or begins one: in a task of its own, so that a caller
    /// who goes away does not take a spent refresh token along.
    pub(super) async fn fly(self: &Arc<Self>, row: StoredConnection, forced: bool) -> Report {
        let mut landing = {
            let mut running = self.flights.running();
            match running.get(&row.id) {
                Some(flight) => flight.clone(),
                None => {
                    let (told, flight) = watch::channel(None);
                    running.insert(row.id.clone(), flight.clone());
                    let service = Arc::clone(self);
                    self.flights.tasks.spawn(async move {
                        let landed = Landed {
                            service: &service,
                            connection: row.id.clone(),
                        };
                        let report = service.attempt(row, forced).await;
                        // Before anybody is told: who comes now has to look at the row again.
                        drop(landed);
                        told.send_replace(Some(report));
                    });
                    flight
                }
            }
        };
        match landing.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(report)) => report.clone(),
            // The task is gone without a word: it panicked, or the runtime ends.
            _ => Report::failed("the attempt ended early", self.clock.now()),
        }
    }
}

/// Takes an attempt off the list when it ends, however it ends.
struct Landed<'a> {
    service: &'a TokenService,
    connection: String,
}

impl Drop for Landed<'_> {
    fn drop(&mut self) {
        self.service.flights.running().remove(&self.connection);
    }
}
