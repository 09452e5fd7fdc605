//! What a page finds when it starts, what it is told was written, and what is swept.

use super::entry::Entry;
use super::io::{Area, EventKind, Output, Stored, Via};
use super::verdicts::Source;
use super::{MAX_FLOWS, Machine};
use crate::proto::flow::FlowId;
use crate::proto::message::State;
use crate::proto::notice::Notice;
use crate::proto::record::{Record, Tab};
use crate::proto::time::{Millis, Now};
use crate::proto::verdict::Place;
use alloc::string::String;
use alloc::vec::Vec;

/// How long anything is kept after it has settled or expired, and a removal is remembered.
const KEEP: Millis = Millis::hours(24);
/// How many slots of flows that nobody here knows are kept.
const MAX_UNKNOWN_SLOTS: usize = 64;
/// How many flows that a reset took away are remembered: all that can have been stored.
const MAX_GONE: usize = 512;
/// Bounds what somebody else may have put into the storage.
const MAX_FOUND: usize = 8 * MAX_FLOWS;

/// The last turn in which records are read.
const LAST_TURN: u8 = 5;

/// What has been fed and is not yet read as a whole: keys come in no order.
#[derive(Clone, Debug)]
pub(super) struct Loading {
    running: bool,
    first: bool,
    records: Vec<(String, Record)>,
    notices: Vec<(String, Notice)>,
    /// Heard before the page knew what is stored.
    heard: Vec<(Notice, Via)>,
}

impl Default for Loading {
    fn default() -> Self {
        Self {
            running: true,
            first: true,
            records: Vec::new(),
            notices: Vec::new(),
            heard: Vec::new(),
        }
    }
}

impl Loading {
    /// Whether the page has not started yet.
    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    /// Keeps a notice until what is stored has been read.
    pub(super) fn keep(&mut self, notice: &Notice, via: Via) {
        if self.heard.len() < MAX_UNKNOWN_SLOTS {
            self.heard.push((notice.clone(), via));
        }
    }
}

impl Machine {
    pub(super) fn on_stored(&mut self, key: String, stored: Stored, live: bool) {
        match stored {
            Stored::Unreadable => self.drop_input("malformed"),
            _ if !live && self.loading.records.len() + self.loading.notices.len() >= MAX_FOUND => {
                self.drop_input("flood");
            }
            Stored::Record(record) if live => self.read_record(&key, record),
            Stored::Record(record) => self.loading.records.push((key, record)),
            Stored::Notice(notice) if live => self.on_notice(&notice, Via::Storage),
            Stored::Notice(notice) => self.loading.notices.push((key, notice)),
        }
    }

    pub(super) fn on_loaded(&mut self) {
        let first = core::mem::take(&mut self.loading.first);
        let records = core::mem::take(&mut self.loading.records);
        let notices = core::mem::take(&mut self.loading.notices);
        // A reset before what it forbids, a start before what is said of it.
        let turn = |record: &Record| match record {
            Record::Removal { flow_id: None, .. } => 0,
            Record::Start { .. } => 1,
            Record::Tab(_) => 2,
            Record::Superseded { .. } => 3,
            Record::Verdict { .. } | Record::Count { .. } => 4,
            Record::Removal { .. } => LAST_TURN,
        };
        self.loading.running = first;
        for now in 0..=LAST_TURN {
            for (key, record) in records.iter().filter(|(_, record)| turn(record) == now) {
                self.read_record(key, record.clone());
            }
        }
        self.loading.running = false;
        if first {
            self.outputs.push(Output::RequestLock);
            self.tell_what_was_missed();
        }
        for (_, notice) in &notices {
            self.on_stored_notice(notice);
        }
        self.prune_slots(notices);
        for (notice, via) in core::mem::take(&mut self.loading.heard) {
            self.on_notice(&notice, via);
        }
    }

    fn read_record(&mut self, key: &str, record: Record) {
        match record {
            Record::Start {
                flow_id,
                provider,
                started_at,
                expires_at,
                retry_of,
            } => {
                let is_new = self.find(&flow_id).is_none();
                let state = remembered(flow_id, provider, started_at, expires_at, retry_of);
                let index = self.learn(&state, Via::Storage);
                if let Some(index) = index.filter(|_| is_new) {
                    self.follow(index, Via::Storage);
                    self.claim(&state.flow_id);
                }
            }
            Record::Tab(tab) => self.remember_tab(tab),
            Record::Verdict { flow_id, verdict } => {
                if let Some(index) = self.find(&flow_id) {
                    self.adopt(index, verdict, Via::Storage, Source::Window);
                }
            }
            Record::Superseded { flow_id, by } => {
                if let Some(index) = self.find(&flow_id) {
                    self.supersede(index, by, Via::Storage, Source::Window);
                }
            }
            Record::Removal {
                flow_id,
                at,
                dismissed,
            } => {
                if at + KEEP < self.now.wall {
                    self.outputs.push(Output::Remove {
                        area: Area::Local,
                        key: String::from(key),
                    });
                } else if let Some(flow_id) = flow_id {
                    self.remove(&flow_id, at, dismissed, Via::Storage);
                } else {
                    self.remove_all(at, Via::Storage);
                }
            }
            Record::Count {
                flow_id,
                polls,
                attempt,
                attempt_at,
                runs,
            } => {
                if let Some(index) = self.find(&flow_id) {
                    self.hear_count(index, (attempt, polls, runs), attempt_at);
                }
            }
        }
    }

    /// How far another window, or an earlier page, has come with a flow.
    pub(super) fn hear_count(
        &mut self,
        index: usize,
        count: (u32, u32, u32),
        attempt_at: Option<Millis>,
    ) {
        let now = self.now;
        let (schedule, askable) = (&self.config.schedule, self.config.askable);
        if let Some(entry) = self.entries.get_mut(index)
            && entry.is_open(&self.config)
        {
            if count.0 > entry.checks.attempt {
                entry.begin_attempt(attempt_at.unwrap_or(now.wall), now);
            }
            if askable {
                entry.checks.heard_of_count(count, schedule, now.monotonic);
            } else {
                entry.checks.attempt = entry.checks.attempt.max(count.0);
            }
        }
    }

    /// What this tab did and told before it was reloaded. Its verdict counts like a stored one, so that a page that
    /// has told it cannot fall back.
    fn remember_tab(&mut self, tab: Tab) {
        if !self.loading.is_running() {
            return;
        }
        let state = remembered(
            tab.flow_id,
            tab.provider,
            tab.started_at,
            tab.expires_at,
            None,
        );
        let is_new = self.find(&state.flow_id).is_none();
        let Some(index) = self.learn(&state, Via::Storage) else {
            return;
        };
        if is_new {
            self.follow(index, Via::Storage);
        }
        if let Some(entry) = self.entries.get_mut(index) {
            entry.started_here = tab.started_here;
            entry.app_state = tab.app_state;
            entry.told = tab.told;
            entry.told_verdict.clone_from(&tab.verdict);
            entry.announced.clone_from(&tab.verdict);
        }
        if let Some(verdict) = tab.verdict {
            self.adopt(index, verdict, Via::Storage, Source::Window);
        }
    }

    /// At the start: a verdict that this tab has not told is told if it is recent; what was told is shown as long.
    fn tell_what_was_missed(&mut self) {
        for index in 0..self.entries.len() {
            let now = self.now;
            let keep = self.config.keep_settled;
            let confirm = self.config.confirm_or_ask();
            let Some(entry) = self.entries.get_mut(index) else {
                continue;
            };
            entry.mark_emitted(EventKind::Started);
            let Some(settled) = entry.settled else {
                continue;
            };
            if settled.elapsed(now) < keep && !entry.is_dismissed(confirm) {
                self.announce(index, Via::Storage);
            } else {
                entry.announced.clone_from(&entry.verdict);
                entry.shown = false;
            }
        }
    }

    /// Takes a flow out of `flows()`: what is higher than the `dismissed` verdict brings it back. Without one a reset took
    /// it, and nothing does.
    pub(super) fn remove(
        &mut self,
        flow_id: &FlowId,
        at: Millis,
        dismissed: Option<Place>,
        via: Via,
    ) {
        let confirm = self.config.confirm_or_ask();
        let index = self.find(flow_id);
        let Some(dismissed) = dismissed else {
            self.remember_gone(flow_id.clone());
            if index
                .and_then(|index| self.entries.get(index))
                .is_some_and(|entry| entry.started_at <= at)
            {
                self.forget(flow_id, via);
            }
            return;
        };
        let Some((index, entry)) =
            index.and_then(|index| Some((index, self.entries.get_mut(index)?)))
        else {
            return;
        };
        if entry
            .dismissed
            .is_none_or(|before| before.height(confirm) < dismissed.height(confirm))
        {
            entry.dismissed = Some(dismissed);
        }
        // While loading, what was taken away is weighed against the verdict once all has been read.
        if self.loading.is_running() || !entry.is_dismissed(confirm) {
            return;
        }
        if entry.shown {
            self.emit(index, EventKind::Removed, via);
        }
        self.hide(index);
    }

    /// Takes a flow out of the list; what is stored of it stays.
    pub(super) fn hide(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.shown = false;
            entry.dirty = false;
        }
    }

    /// Forgets every flow that started by then, for good. Gives their ids.
    pub(super) fn remove_all(&mut self, at: Millis, via: Via) -> Vec<FlowId> {
        self.reset_at = self.reset_at.max(Some(at));
        let gone: Vec<FlowId> = self
            .entries
            .iter()
            .filter(|entry| entry.started_at <= at)
            .map(|entry| entry.id.clone())
            .collect();
        for flow_id in &gone {
            self.forget(flow_id, via);
            self.remember_gone(flow_id.clone());
        }
        self.unclaimed.clear();
        self.abort_probes();
        gone
    }

    fn remember_gone(&mut self, flow_id: FlowId) {
        if self.gone.contains(&flow_id) {
            return;
        }
        if self.gone.len() >= MAX_GONE {
            self.gone.remove(0);
        }
        self.gone.push(flow_id);
    }

    /// Removes all that is known and stored of a flow.
    pub(super) fn forget(&mut self, flow_id: &FlowId, via: Via) {
        let Some(index) = self.find(flow_id) else {
            return;
        };
        self.stop_checks(index);
        if self.entries.get(index).is_some_and(|entry| entry.shown) {
            self.emit(index, EventKind::Removed, via);
        }
        self.entries.swap_remove(index);
        self.outputs.push(Output::Forget {
            flow_id: flow_id.clone(),
        });
    }

    /// What has been shown or kept for long enough goes.
    pub(super) fn sweep(&mut self) {
        let now = self.now;
        let mut index = 0;
        while index < self.entries.len() {
            let Some(entry) = self.entries.get_mut(index) else {
                return;
            };
            if entry.shown
                && entry
                    .settled
                    .is_some_and(|settled| settled.elapsed(now) >= self.config.keep_settled)
            {
                self.emit(index, EventKind::Removed, Via::Local);
                self.hide(index);
            }
            if self.is_over(index)
                && let Some(id) = self.entries.get(index).map(|entry| entry.id.clone())
            {
                self.forget(&id, Via::Local);
            } else {
                index += 1;
            }
        }
        while let Some(flow_id) = self.settled_in_excess() {
            self.forget(&flow_id, Via::Local);
        }
    }

    /// Whether nothing about a flow is needed any more. Nothing unsettled goes before one answered check.
    fn is_over(&self, index: usize) -> bool {
        let Some(entry) = self.entries.get(index) else {
            return false;
        };
        if !entry.is_open(&self.config) {
            return entry
                .settled
                .is_some_and(|settled| settled.elapsed(self.now) >= KEEP);
        }
        self.is_out_of_time(entry, self.now) && (entry.checks.answered || !self.config.askable)
    }

    fn is_out_of_time(&self, entry: &Entry, now: Now) -> bool {
        entry.started.elapsed(now) >= self.config.expire_after + KEEP
    }

    /// Whether a wake asks about this flow: until the server has spoken, or 24 hours after expiry.
    pub(super) fn is_worth_checking(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(|entry| {
            entry.is_open(&self.config)
                && entry.superseded_by.is_none()
                && (!self.is_out_of_time(entry, self.now) || !entry.checks.answered)
        })
    }

    pub(super) fn next_sweep(&self, entry: &Entry) -> Millis {
        let shown = match entry.settled {
            Some(settled) if entry.shown => settled.plus(self.config.keep_settled),
            _ => Millis::NEVER,
        };
        let kept = match entry.settled {
            Some(settled) if !entry.is_open(&self.config) => settled.plus(KEEP),
            _ if entry.checks.answered || !self.config.askable => {
                entry.started.plus(self.config.expire_after + KEEP)
            }
            _ => Millis::NEVER,
        };
        shown.min(kept)
    }

    /// Slots of flows that nobody here knows are bounded, and go after a day.
    fn prune_slots(&mut self, notices: Vec<(String, Notice)>) {
        let mut unknown: Vec<(Millis, String)> = notices
            .into_iter()
            .filter(|(key, notice)| {
                *key != self.names.namespace
                    && notice
                        .flow_id
                        .as_ref()
                        .is_none_or(|flow_id| self.find(flow_id).is_none())
            })
            .map(|(key, notice)| (notice.timestamp.unwrap_or_default(), key))
            .collect();
        let stale = self.now.wall - KEEP;
        while let Some(place) = (0..unknown.len()).min_by_key(|place| unknown.get(*place)) {
            let is_excess = unknown.len() > MAX_UNKNOWN_SLOTS;
            let (said, key) = unknown.swap_remove(place);
            if !is_excess && said >= stale {
                return;
            }
            self.outputs.push(Output::Remove {
                area: Area::Local,
                key,
            });
        }
    }
}

fn remembered(
    flow_id: FlowId,
    provider: String,
    started_at: Millis,
    expires_at: Millis,
    retry_of: Option<FlowId>,
) -> State {
    State {
        flow_id,
        provider,
        started_at,
        expires_at,
        retry_of,
        superseded_by: None,
        verdict: None,
        error: None,
        polls: 0,
        attempt: 0,
        attempt_at: None,
        checked_at: None,
    }
}
