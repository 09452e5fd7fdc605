//! What is on its way, and what may befall it there. Randomness is a small generator of our own, so that a seed is a run.

use oauth_sync::proto::machine::{Lock, RequestId};
use serde_json::Value;

/// What is on its way to a window.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// Over the scope's BroadcastChannel.
    Message(Value),
    /// By postMessage, or over the namespace's BroadcastChannel.
    Notice(Value, oauth_sync::proto::machine::Via),
    /// A `storage` event.
    Storage(String, Value),
    /// An answer of the status endpoint.
    Reply(RequestId, Value),
    /// None, or none that can be read.
    Failure(RequestId, Option<u64>),
    Lock(Lock),
    /// The list of connections, or none that can be read.
    List(RequestId, Option<Value>),
    /// What a refresh came to: the connection, or that there is none.
    Refreshed(RequestId, Option<Value>, bool),
    /// By server push: over which stream, the counter, the kind of event and its data.
    Pushed(u32, u64, &'static str, Value),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    pub(super) at: u64,
    seq: u64,
    pub(super) to: usize,
    pub(super) load: u32,
    pub(super) parcel: Parcel,
}

/// Of a hundred messages between windows, how many are lost and repeated; and how long each may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub lost: u64,
    pub repeated: u64,
    /// Each takes up to this long more, so they overtake each other.
    pub delay: u64,
    /// Of storage as well: its events, and how late other processes see a write.
    pub storage: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Network {
    pub faults: Faults,
    pub broadcast_missing: bool,
    pub random: u64,
    seq: u64,
    pub(super) underway: Vec<Happening>,
}

impl Network {
    pub fn len(&self) -> usize {
        self.underway.len()
    }

    pub(super) fn take(&mut self, place: usize) -> Option<Happening> {
        (place < self.underway.len()).then(|| self.underway.remove(place))
    }

    /// False for what cannot get lost: answers have a deadline, a lock is granted.
    pub fn lose(&mut self, place: usize) -> bool {
        let can = self.is_a_message(place);
        if can {
            self.underway.remove(place);
        }
        can
    }

    /// False for what cannot come twice.
    pub fn repeat(&mut self, place: usize) -> bool {
        let can = self.is_a_message(place);
        if can {
            self.underway.push(self.underway[place].clone());
        }
        can
    }

    fn is_a_message(&self, place: usize) -> bool {
        self.underway.get(place).is_some_and(|happening| {
            matches!(
                happening.parcel,
                Parcel::Message(_) | Parcel::Notice(..) | Parcel::Storage(..)
            )
        })
    }

    /// What is on its way, without when it left.
    pub fn parcels(&self) -> String {
        let parcels = self.underway.iter();
        let mut parcels: Vec<String> = parcels
            .map(|happening| format!("{} {} {:?}", happening.to, happening.load, happening.parcel))
            .collect();
        parcels.sort();
        parcels.concat()
    }

    pub(super) fn next_at(&self) -> Option<u64> {
        self.underway.iter().map(|happening| happening.at).min()
    }

    pub(super) fn take_next(&mut self) -> Option<Happening> {
        let place = self
            .underway
            .iter()
            .enumerate()
            .min_by_key(|(_, happening)| (happening.at, happening.seq))?
            .0;
        Some(self.underway.swap_remove(place))
    }

    pub(super) fn forget(&mut self, w: usize) {
        self.underway.retain(|happening| happening.to != w);
    }

    pub(super) fn forget_grant(&mut self, w: usize) {
        self.underway
            .retain(|happening| happening.to != w || !matches!(happening.parcel, Parcel::Lock(_)));
    }

    /// Sends between windows: it may be lost, repeated and late.
    pub(super) fn send(&mut self, now: u64, to: usize, load: u32, parcel: Parcel) {
        let is_storage = matches!(parcel, Parcel::Storage(..));
        if !is_storage
            && !matches!(parcel, Parcel::Notice(_, via) if via == oauth_sync::proto::machine::Via::PostMessage)
            && !self.works()
        {
            return;
        }
        let faults = if is_storage && !self.faults.storage {
            Faults::default()
        } else {
            self.faults
        };
        if self.chance(faults.lost) {
            return;
        }
        let copies = if self.chance(faults.repeated) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = 1 + self.below(faults.delay + 1);
            self.deliver(now + delay, to, load, parcel.clone());
        }
    }

    fn works(&self) -> bool {
        !self.broadcast_missing
    }

    /// Brings something for certain.
    pub(super) fn deliver(&mut self, at: u64, to: usize, load: u32, parcel: Parcel) {
        self.seq += 1;
        self.underway.push(Happening {
            at,
            seq: self.seq,
            to,
            load,
            parcel,
        });
    }

    pub(super) fn chance(&mut self, of_hundred: u64) -> bool {
        of_hundred > 0 && self.below(100) < of_hundred
    }

    /// A number below `bound` (SplitMix64).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}
