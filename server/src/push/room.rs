//! A person with listeners, and the one reader that reads for all of them.

use super::{MOST_REPLAYED, RETRY, Told};
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, OnceCell, Semaphore, broadcast, watch};
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

/// How many changes a listener may be behind. A person makes a handful in a minute, and each place costs memory in every
/// room.
const QUEUE: usize = 32;

/// The rooms by person; each lives as long as somebody is in it.
pub(super) struct Rooms {
    doors: Mutex<HashMap<String, Door>>,
    count: watch::Sender<usize>,
    streams: usize,
}

/// What a map may hold of a room: to drop the last hold of one under the map's lock would lock it again.
struct Door {
    room: Weak<Room>,
    woken: Arc<Notify>,
}

/// A person with listeners.
pub(super) struct Room {
    pub user: String,
    pub told: broadcast::Sender<Told>,
    pub streams: Arc<Semaphore>,
    woken: Arc<Notify>,
    reader: OnceCell<AbortOnDropHandle<()>>,
    rooms: Arc<Rooms>,
}

impl Rooms {
    pub fn new(streams: usize) -> Self {
        Self {
            doors: Mutex::default(),
            count: watch::Sender::new(0),
            streams,
        }
    }

    /// The person's room; a new one where nobody is in one.
    pub fn of(self: &Arc<Self>, user: &str) -> Arc<Room> {
        let mut doors = self.doors();
        if let Some(room) = doors.get(user).and_then(|door| door.room.upgrade()) {
            return room;
        }
        let room = Arc::new(Room {
            user: user.to_owned(),
            told: broadcast::Sender::new(QUEUE),
            streams: Arc::new(Semaphore::new(self.streams)),
            woken: Arc::default(),
            reader: OnceCell::new(),
            rooms: Arc::clone(self),
        });
        let door = Door {
            room: Arc::downgrade(&room),
            woken: Arc::clone(&room.woken),
        };
        doors.insert(user.to_owned(), door);
        self.count.send_replace(doors.len());
        room
    }

    pub fn wake(&self, people: &[String]) {
        let doors = self.doors();
        for door in people.iter().filter_map(|user| doors.get(user)) {
            door.woken.notify_one();
        }
    }

    pub fn wake_all(&self) {
        for door in self.doors().values() {
            door.woken.notify_one();
        }
    }

    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until somebody is in a room.
    pub async fn occupied(&self) {
        self.counted(|count| count > 0).await;
    }

    /// Waits until nobody has been in a room for `span`.
    pub async fn deserted(&self, span: Duration) {
        loop {
            self.counted(|count| count == 0).await;
            if tokio::time::timeout(span, self.occupied()).await.is_err() {
                return;
            }
        }
    }

    async fn counted(&self, holds: impl Fn(usize) -> bool) {
        let mut count = self.count.subscribe();
        // It ends early only when the sender is gone, and `self` holds the sender.
        let _counted = count.wait_for(|&count| holds(count)).await;
    }

    fn doors(&self) -> MutexGuard<'_, HashMap<String, Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Sees to it that somebody reads, from the counter as it is now or was before.
    pub async fn open(&self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let begin = async || {
            let known = store.version(&self.user).await?;
            let reader = Reader {
                store: Arc::clone(store),
                user: self.user.clone(),
                woken: Arc::clone(&self.woken),
                told: self.told.clone(),
            };
            let reading = tokio::spawn(reader.read(known));
            Ok(AbortOnDropHandle::new(reading))
        };
        self.reader.get_or_try_init(begin).await.map(|_reading| ())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut doors = self.rooms.doors();
        // Somebody may have come meanwhile, and be in a new one.
        if doors
            .get(&self.user)
            .is_some_and(|door| door.room.strong_count() == 0)
        {
            doors.remove(&self.user);
            self.rooms.count.send_replace(doors.len());
        }
    }
}

/// It holds nothing of its room, which ends it.
struct Reader {
    store: Arc<dyn Store>,
    user: String,
    woken: Arc<Notify>,
    told: broadcast::Sender<Told>,
}

impl Reader {
    async fn read(self, mut known: i64) {
        loop {
            self.woken.notified().await;
            match self.store.changes(&self.user, known, MOST_REPLAYED).await {
                Ok(replay) => {
                    known = replay.version;
                    for told in Told::all(replay) {
                        // Nobody may be in the room any more.
                        let _listeners = self.told.send(told);
                    }
                }
                Err(error) => {
                    warn!(operation = "push", %error, "will read again");
                    tokio::time::sleep(RETRY).await;
                    self.woken.notify_one();
                }
            }
        }
    }
}
