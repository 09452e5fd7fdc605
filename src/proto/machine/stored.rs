//! What a page finds when it starts, what it is told was written, and what is swept.

use super::entry::Entry;
use super::io::{Area, EventKind, Output, Stored, Via};
use super::verdicts::Source;
use super::{MAX_FLOWS, Machine};
use crate::proto::flow::FlowId;
use crate::proto::notice::Notice;
use crate::proto::record::Record;
use crate::proto::state::{Part, Removal, State};
use crate::proto::time::Millis;
use alloc::string::String;
use alloc::vec::Vec;

/// How long anything is kept after it has settled or expired, and a removal is remembered.
const KEEP: Millis = Millis::hours(24);
/// How many slots of flows that nobody here knows are kept.
const MAX_UNKNOWN_SLOTS: usize = 64;
/// How many flows that are forgotten are remembered as such: all that can have been known at once.
const MAX_GONE: usize = 2 * MAX_FLOWS;
/// Higher than every end: what a reset took away does not come back.
const FOR_GOOD: u8 = u8::MAX;
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

/// A flow that was forgotten while others may still tell of it.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    flow_id: FlowId,
    /// One of the same name that started later is another.
    started_by: Millis,
    /// Of the end that it had; a higher one is news.
    height: u8,
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
            Stored::Record(record) if live => self.read_record(&key, &record),
            Stored::Record(record) => self.loading.records.push((key, record)),
            Stored::Notice(notice) if live => self.on_notice(&notice, Via::Storage),
            Stored::Notice(notice) => self.loading.notices.push((key, notice)),
        }
    }

    pub(super) fn on_loaded(&mut self) {
        let first = core::mem::take(&mut self.loading.first);
        let records = core::mem::take(&mut self.loading.records);
        let notices = core::mem::take(&mut self.loading.notices);
        self.loading.running = first;
        for turn in 0..=LAST_TURN {
            for (key, record) in &records {
                if turn_of(record) == turn {
                    self.read_record(key, record);
                }
            }
        }
        self.loading.running = false;
        if first {
            self.put(Output::RequestLock);
            self.seek_list();
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

    fn read_record(&mut self, key: &str, record: &Record) {
        let (part, state) = match record {
            Record::Flow(part, state) => (*part, state),
            Record::Removal(removal) if removal.at + KEEP < self.now.wall => {
                self.put(Output::Remove {
                    area: Area::Local,
                    key: String::from(key),
                });
                return;
            }
            Record::Removal(removal) => {
                self.take_away(removal, Via::Storage);
                return;
            }
        };
        match part {
            Part::Start => {
                self.remember(state);
            }
            Part::Tab => self.remember_tab(state),
            _ => {
                if let Some(index) = self.find(&state.flow_id) {
                    self.read_more(index, part, state);
                }
            }
        }
    }

    /// What is written down of a flow beside its start.
    fn read_more(&mut self, index: usize, part: Part, state: &State) {
        if part == Part::Count {
            self.hear_count(index, state);
        } else if let Some(next) = &state.superseded_by {
            self.supersede(index, next.clone(), Via::Storage, Source::Window);
        } else if let Some(verdict) = &state.verdict {
            self.adopt(index, verdict, Via::Storage, Source::Window);
        }
    }

    /// The place of a flow whose start was written down.
    fn remember(&mut self, state: &State) -> Option<usize> {
        let is_new = self.find(&state.flow_id).is_none();
        let index = self.learn(state, Via::Storage)?;
        if is_new {
            self.follow(index, Via::Storage);
            self.claim(&state.flow_id);
        }
        Some(index)
    }

    /// How far another window, or an earlier page, has come with a flow.
    pub(super) fn hear_count(&mut self, index: usize, state: &State) {
        let now = self.now;
        if let Some(entry) = self.entries.get_mut(index)
            && entry.is_open(&self.config)
        {
            if state.attempt > entry.checks.attempt {
                entry.begin_attempt(state.attempt_at.unwrap_or(now.wall), now);
            }
            if self.config.askable {
                let schedule = &self.config.schedule;
                entry.checks.heard_of_count(state, schedule, now.monotonic);
            } else {
                entry.checks.attempt = entry.checks.attempt.max(state.attempt);
            }
        }
    }

    /// What this tab did and told before it was reloaded. Its verdict counts like a stored one, so that a page that
    /// has told it cannot fall back.
    fn remember_tab(&mut self, tab: &State) {
        if !self.loading.is_running() {
            return;
        }
        let Some(index) = self.remember(tab) else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(index) {
            entry.state.started_here = tab.started_here;
            entry.state.app_state.clone_from(&tab.app_state);
            entry.state.told = tab.told;
            entry.told_verdict.clone_from(&tab.verdict);
            entry.announced.clone_from(&tab.verdict);
        }
        if let Some(verdict) = &tab.verdict {
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
                entry.announced.clone_from(&entry.state.verdict);
                entry.shown = false;
            }
        }
    }

    /// What another window took away, now or before this page was there.
    pub(super) fn take_away(&mut self, removal: &Removal, via: Via) {
        match &removal.flow_id {
            Some(flow_id) => self.remove(flow_id, removal, via),
            None => {
                self.remove_all(removal.at, via);
            }
        }
    }

    /// Takes a flow out of `flows()`: what is higher than the dismissed verdict brings it back. Without one a reset took
    /// it, and nothing does.
    pub(super) fn remove(&mut self, flow_id: &FlowId, removal: &Removal, via: Via) {
        let confirm = self.config.confirm_or_ask();
        let Some(dismissed) = removal.dismissed else {
            self.remember_gone(flow_id, removal.at, FOR_GOOD);
            if let Some(entry) = self.find_mut(flow_id)
                && entry.state.started_at <= removal.at
            {
                self.forget(flow_id, via);
            }
            return;
        };
        let is_running = self.loading.is_running();
        let Some(index) = self.find(flow_id) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if entry
            .dismissed
            .is_none_or(|before| before.height(confirm) < dismissed.height(confirm))
        {
            entry.dismissed = Some(dismissed);
        }
        // While loading, what was taken away is weighed against the verdict once all has been read.
        if !is_running && entry.is_dismissed(confirm) {
            self.hide(index, via);
        }
    }

    /// Takes a flow out of the list; what is stored of it stays.
    pub(super) fn hide(&mut self, index: usize, via: Via) {
        if let Some(entry) = self.entries.get(index)
            && entry.shown
        {
            self.emit(index, EventKind::Removed, via);
        }
        if let Some(entry) = self.entries.get_mut(index) {
            entry.shown = false;
            entry.dirty = false;
        }
    }

    /// Forgets every flow that started by then, for good. Gives their ids.
    pub(super) fn remove_all(&mut self, at: Millis, via: Via) -> Vec<FlowId> {
        self.reset_at = self.reset_at.max(Some(at));
        let mut gone = Vec::new();
        for entry in &self.entries {
            if entry.state.started_at <= at {
                gone.push(entry.state.flow_id.clone());
            }
        }
        for flow_id in &gone {
            self.forget(flow_id, via);
            self.remember_gone(flow_id, at, FOR_GOOD);
        }
        self.unclaimed.clear();
        self.abort_probes();
        gone
    }

    fn remember_gone(&mut self, flow_id: &FlowId, started_by: Millis, height: u8) {
        if self.is_gone(flow_id, started_by, height) {
            return;
        }
        if self.gone.len() >= MAX_GONE {
            self.gone.remove(0);
        }
        self.gone.push(Gone {
            flow_id: flow_id.clone(),
            started_by,
            height,
        });
    }

    /// Whether this window has forgotten a flow that started by then, and an end of this height is no news: another
    /// window may still be telling of it.
    pub(super) fn is_gone(&self, flow_id: &FlowId, started_at: Millis, height: u8) -> bool {
        for gone in &self.gone {
            if gone.flow_id == *flow_id && started_at <= gone.started_by && height <= gone.height {
                return true;
            }
        }
        false
    }

    /// Removes all that is known and stored of a flow.
    pub(super) fn forget(&mut self, flow_id: &FlowId, via: Via) {
        let Some(index) = self.find(flow_id) else {
            return;
        };
        self.stop_checks(index);
        self.hide(index, via);
        self.entries.swap_remove(index);
        self.put(Output::Forget {
            flow_id: flow_id.clone(),
        });
    }

    /// What has been shown or kept for long enough goes.
    pub(super) fn sweep(&mut self) {
        let mut index = 0;
        while let Some(entry) = self.entries.get(index) {
            let id = entry.state.flow_id.clone();
            let is_shown_enough = entry
                .settled
                .is_some_and(|settled| settled.elapsed(self.now) >= self.config.keep_settled);
            let is_over = self.is_over(entry);
            if is_shown_enough {
                self.hide(index, Via::Local);
            }
            if is_over {
                self.let_go(&id);
            } else {
                index += 1;
            }
        }
        while let Some(flow_id) = self.settled_in_excess() {
            self.let_go(&flow_id);
        }
    }

    /// Forgets a flow, but not that it was told: another window's late word for the same end is no news.
    fn let_go(&mut self, flow_id: &FlowId) {
        let confirm = self.config.confirm_or_ask();
        if let Some(entry) = self.find_mut(flow_id)
            && let Some(verdict) = &entry.state.verdict
        {
            let height = verdict.place().height(confirm);
            // Windows that first heard of it from a callback page believe that it started when that spoke.
            let started_by = entry.state.started_at.max(self.now.wall);
            self.remember_gone(flow_id, started_by, height);
        }
        self.forget(flow_id, Via::Local);
    }

    /// Whether nothing about a flow is needed any more.
    fn is_over(&self, entry: &Entry) -> bool {
        if !entry.is_open(&self.config) {
            return entry
                .settled
                .is_some_and(|settled| settled.elapsed(self.now) >= KEEP);
        }
        self.is_out_of_time(entry) && !self.awaits_answer(entry)
    }

    /// Nothing unsettled goes before one answered check, where one will ever be made.
    fn awaits_answer(&self, entry: &Entry) -> bool {
        self.config.askable && entry.is_asked_about(&self.config) && !entry.checks.answered
    }

    fn is_out_of_time(&self, entry: &Entry) -> bool {
        entry.started.elapsed(self.now) >= self.config.expire_after + KEEP
    }

    /// Whether a wake asks about this flow: until the server has spoken, or 24 hours after expiry.
    pub(super) fn is_worth_checking(&self, entry: &Entry) -> bool {
        entry.is_asked_about(&self.config)
            && (!self.is_out_of_time(entry) || !entry.checks.answered)
    }

    pub(super) fn next_sweep(&self, entry: &Entry) -> Millis {
        let shown = match entry.settled {
            Some(settled) if entry.shown => settled.plus(self.config.keep_settled),
            _ => Millis::NEVER,
        };
        let kept = match entry.settled {
            Some(settled) if !entry.is_open(&self.config) => settled.plus(KEEP),
            _ if self.awaits_answer(entry) => Millis::NEVER,
            _ => entry.started.plus(self.config.expire_after + KEEP),
        };
        shown.min(kept)
    }

    /// Slots of flows that nobody here knows are bounded, and go after a day.
    fn prune_slots(&mut self, notices: Vec<(String, Notice)>) {
        let mut unknown: Vec<(Millis, String)> = Vec::new();
        for (key, notice) in notices {
            let is_known = match &notice.flow_id {
                Some(flow_id) => self.find(flow_id).is_some(),
                None => false,
            };
            if key != self.names.namespace && !is_known {
                unknown.push((notice.timestamp.unwrap_or_default(), key));
            }
        }
        let stale = self.now.wall - KEEP;
        loop {
            let mut oldest: Option<(&(Millis, String), usize)> = None;
            for (place, slot) in unknown.iter().enumerate() {
                let this = (slot, place);
                oldest = Some(oldest.map_or(this, |before| before.min(this)));
            }
            let is_excess = unknown.len() > MAX_UNKNOWN_SLOTS;
            match oldest {
                Some(((said, _), place)) if is_excess || *said < stale => {
                    let (_, key) = unknown.swap_remove(place);
                    self.put(Output::Remove {
                        area: Area::Local,
                        key,
                    });
                }
                _ => return,
            }
        }
    }
}

/// When a record is read: a reset before what it forbids, a start before what is said of it.
fn turn_of(record: &Record) -> u8 {
    match record {
        Record::Removal(removal) if removal.flow_id.is_none() => 0,
        Record::Flow(Part::Start, _) => 1,
        Record::Flow(Part::Tab, _) => 2,
        Record::Flow(Part::Heir, _) => 3,
        Record::Flow(..) => 4,
        Record::Removal(_) => LAST_TURN,
    }
}
