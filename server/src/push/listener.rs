//! Somebody who listens, and what they hear.

use super::room::Room;
use crate::store::{Change, Replay};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, broadcast};

/// What listeners hear.
#[derive(Clone, Debug)]
pub enum Told {
    /// Something changed.
    Change(Arc<Change>),
    /// Nobody can say what changed: read again. The number is the counter's.
    Reset(i64),
}

impl Told {
    /// The number up to which whoever has heard this knows everything.
    #[must_use]
    pub fn version(&self) -> i64 {
        match self {
            Self::Change(change) => change.version(),
            Self::Reset(version) => *version,
        }
    }

    pub(super) fn all(replay: Replay) -> Vec<Self> {
        match replay.changes {
            Some(changes) => changes
                .into_iter()
                .map(|change| Self::Change(Arc::new(change)))
                .collect(),
            None => vec![Self::Reset(replay.version)],
        }
    }
}

/// Somebody who listens; dropped, they listen no more.
pub struct Listener {
    /// The number from which on they are told of everything, where they gave one that can be read.
    pub from: Option<i64>,
    pub(super) known: i64,
    pub(super) missed: VecDeque<Told>,
    pub(super) hears: broadcast::Receiver<Told>,
    pub(super) _room: Arc<Room>,
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

impl Listener {
    /// The next change; none where they are so far behind that changes are lost: they have to begin anew.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.missed.pop_front() {
                return Some(told);
            }
            match self.hears.recv().await {
                // The reader is behind what this listener has read by itself.
                Ok(told) if told.version() <= self.known => {}
                Ok(told) => return Some(told),
                Err(
                    broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed,
                ) => {
                    return None;
                }
            }
        }
    }
}
