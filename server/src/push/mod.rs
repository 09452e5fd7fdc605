//! Who is told of changes: one room for each person with somebody who listens.
//!
//! ```text
//!  commits, of any process ──▶ Store::watch ──▶ Hub ──▶ the person's room: one reader ──▶ each listener
//! ```
//!
//! A listener reads what it missed, then hears what the room's reader finds; the numbers of the person's counter say
//! what it has had. However many listen, a change is read once.

mod listener;
mod room;

pub use listener::{Listener, Told};

use crate::store::{Risen, Store, StoreError};
use room::{Room, Rooms};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How many changes are told again. Beyond, reading everything anew is less.
const MOST_REPLAYED: u32 = 256;

/// The wait after the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// How long the store is watched after the last listener went: most come back.
const LINGER: Duration = Duration::from_secs(30);

/// How much is held for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Streams of one person.
    pub streams: usize,
    /// How often an idle stream says that it is alive: below the minute after which proxies close one.
    pub keep_alive: Duration,
    /// After this a client has to come back, and is asked who it is.
    pub life: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // One for each browser, for of its windows one listens; and what has died unnoticed.
            streams: 16,
            keep_alive: Duration::from_secs(15),
            life: Duration::from_secs(60 * 60),
        }
    }
}

/// Where a listener begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It knows nothing, and reads what there is by itself.
    Now,
    /// It knows everything up to this number.
    After(i64),
    /// It says that it knows something, and nobody can tell what.
    Unreadable,
}

/// Tells listeners of changes.
pub struct Hub {
    store: Arc<dyn Store>,
    rooms: Arc<Rooms>,
}

impl Hub {
    /// A hub over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, limits: Limits) -> Self {
        Self {
            store,
            rooms: Arc::new(Rooms::new(limits.streams)),
        }
    }

    /// Watches the store until `stop`, while somebody listens. Run it beside the router, once for each process.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let _stopped = stop.run_until_cancelled(self.watch()).await;
    }

    /// How many people somebody listens for.
    #[must_use]
    pub fn people(&self) -> usize {
        self.rooms.count()
    }

    /// Listens to a person's changes.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn listen(&self, user: &str, start: Start) -> Result<Listener, StoreError> {
        self.join(self.rooms.of(user), start, None).await
    }

    /// Listens for a client that stays; none where the person has as many as they may have.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn stream(&self, user: &str, start: Start) -> Result<Option<Listener>, StoreError> {
        let room = self.rooms.of(user);
        match Arc::clone(&room.streams).try_acquire_owned() {
            Ok(permit) => self.join(room, start, Some(permit)).await.map(Some),
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => Ok(None),
        }
    }

    /// Each step begins when the one before has ended, so that no change falls between two: the reader knows where it
    /// begins, then the listener hears it, then it reads what was before.
    async fn join(
        &self,
        room: Arc<Room>,
        start: Start,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Listener, StoreError> {
        room.open(&self.store).await?;
        let hears = room.told.subscribe();
        let user = room.user.as_str();
        let (from, known, missed) = match start {
            Start::Now => {
                let version = self.store.version(user).await?;
                (Some(version), version, Vec::new())
            }
            Start::After(number) => {
                let replay = self.store.changes(user, number, MOST_REPLAYED).await?;
                (Some(number), replay.version, Told::all(replay))
            }
            Start::Unreadable => {
                let version = self.store.version(user).await?;
                (None, version, vec![Told::Reset(version)])
            }
        };
        Ok(Listener {
            from,
            known,
            missed: missed.into(),
            hears,
            _room: room,
            _permit: permit,
        })
    }

    async fn watch(&self) {
        loop {
            self.rooms.occupied().await;
            let mut watch = self.store.watch();
            loop {
                let risen = tokio::select! {
                    risen = watch.next() => risen,
                    () = self.rooms.deserted(LINGER) => break,
                };
                match risen {
                    Ok(Risen::Of(people)) => self.rooms.wake(&people),
                    Ok(Risen::Anyone) => self.rooms.wake_all(),
                    Err(error) => {
                        warn!(operation = "push", %error, "will watch again");
                        tokio::time::sleep(RETRY).await;
                    }
                }
            }
        }
    }
}
