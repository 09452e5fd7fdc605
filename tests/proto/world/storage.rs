//! localStorage: one for all windows, but what one process writes another may see late.

use super::World;
use super::network::Parcel;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Storage {
    /// Reading and writing work.
    pub works: bool,
    /// How late other processes see a write, whatever else befalls it.
    pub lag: u64,
    entries: BTreeMap<String, Written>,
}

#[derive(Clone, Debug)]
struct Written {
    value: Value,
    by: Option<usize>,
    seen_from: u64,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            works: true,
            lag: 0,
            entries: BTreeMap::new(),
        }
    }
}

impl Storage {
    pub(super) fn seen_by(&self, w: usize, now: u64) -> impl Iterator<Item = (&String, &Value)> {
        self.entries
            .iter()
            .filter(move |(_, written)| {
                self.works && (written.by == Some(w) || written.seen_from <= now)
            })
            .map(|(key, written)| (key, &written.value))
    }

    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.entries.retain(|key, _| keep(key));
    }

    pub fn keys(&self) -> Vec<&str> {
        self.entries.keys().map(String::as_str).collect()
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(|written| &written.value)
    }

    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.entries.values().map(|written| &written.value)
    }
}

impl World {
    /// A page writes: every other window gets an event, if the value is another.
    pub fn write_local(&mut self, by: Option<usize>, key: &str, value: Value) {
        if !self.local.works {
            return;
        }
        let mut late = self.local.lag;
        if self.network.faults.storage {
            let delay = self.network.faults.delay;
            late += self.network.below(delay + 1);
        }
        let before = self.local.entries.insert(
            String::from(key),
            Written {
                value: value.clone(),
                by,
                seen_from: self.now + late,
            },
        );
        if before.is_some_and(|before| before.value == value) {
            return;
        }
        for to in self.others(by) {
            let load = self.windows[to].load;
            let parcel = Parcel::Storage(String::from(key), value.clone());
            self.network.send(self.now, to, load, parcel);
        }
    }
}
