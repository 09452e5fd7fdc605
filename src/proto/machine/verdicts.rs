//! Merging what is heard, and telling each rise once.

use super::entry::Entry;
use super::io::{Area, Event, EventKind, Output, Via};
use super::{MAX_FLOWS, Machine};
use crate::proto::flow::FlowId;
use crate::proto::record::Record;
use crate::proto::state::{Part, State};
use crate::proto::status::{Basis, Status};
use crate::proto::time::{Millis, Since};
use crate::proto::verdict::Verdict;
use core::cmp::Ordering;

/// Flows that have settled are kept for those who come late, but not without bound; oldest out first.
const MAX_SETTLED: usize = 64;
/// A longer chain of flows that went on in each other's place is somebody's mistake.
const MAX_HOPS: usize = 3;
/// A page without listeners keeps its events for the first one, but not without bound.
const MAX_UNTOLD: usize = 4 * MAX_FLOWS;

/// Who brought a verdict, and so who still has to hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// This window: it is written down and passed on.
    Own,
    /// Another window, which has done both.
    Window,
}

/// What an event told.
#[derive(Clone, Debug)]
pub(super) struct Untold {
    seq: u32,
    flow_id: FlowId,
    kind: EventKind,
    verdict: Option<Verdict>,
}

impl Machine {
    /// Merges a verdict: it is taken, and gives true, if it is higher than what is held.
    pub(super) fn adopt(
        &mut self,
        index: usize,
        verdict: &Verdict,
        via: Via,
        source: Source,
    ) -> bool {
        let confirm = self.config.confirm_or_ask();
        let now = self.now;
        let Some(entry) = self.entries.get_mut(index) else {
            return false;
        };
        let unconfirmed = self.config.confirm
            && verdict.status == Status::Completed
            && verdict.basis != Basis::Server;
        let rises = entry
            .state
            .verdict
            .as_ref()
            .is_none_or(|held| verdict.compare(held, confirm) == Ordering::Greater);
        if unconfirmed || !rises {
            return false;
        }
        let is_success = verdict.status == Status::Completed;
        let began = entry.started;
        entry.settled = Some(Since::wall(verdict.settled_at, now));
        entry.state.verdict = Some(verdict.clone());
        entry.state.error = None;
        entry.confirming = false;
        if source == Source::Own {
            self.write_down(index, Part::Verdict);
            self.tell(index, None, false);
        }
        if !self.is_open(index) {
            self.stop_checks(index);
        }
        if !self.loading.is_running() {
            self.announce(index, via);
            if is_success {
                self.expect_list(verdict.outcome.integration_id.as_deref(), began);
            }
        }
        self.settle_predecessors(index, via, source);
        true
    }

    /// Tells a rise under the name that it has after what was told before.
    pub(super) fn announce(&mut self, index: usize, via: Via) {
        let confirm = self.config.confirm_or_ask();
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let Some(verdict) = entry.state.verdict.clone() else {
            return;
        };
        let kind = match entry.announced.replace(verdict.clone()) {
            Some(before) if before == verdict => return,
            Some(before) if before.status != verdict.status => EventKind::of(verdict.status),
            Some(before) if before.is_provisional(confirm) && !verdict.is_provisional(confirm) => {
                EventKind::Confirmed
            }
            Some(_) => EventKind::Changed,
            None => EventKind::of(verdict.status),
        };
        if entry.is_dismissed(confirm) {
            self.hide(index, via);
            return;
        }
        // What was told under its name once is not announced again, should the server change its mind twice.
        let kind = if entry.has_emitted(kind) {
            EventKind::Changed
        } else {
            kind
        };
        // What has left the list comes back for news, not for the server's word for the same.
        entry.shown |= !matches!(kind, EventKind::Changed | EventKind::Confirmed);
        self.emit(index, kind, via);
    }

    /// Tells what may be told once in a flow's life, unless it has been.
    pub(super) fn emit_once(&mut self, index: usize, kind: EventKind, via: Via) {
        match self.entries.get(index) {
            Some(entry) if !entry.has_emitted(kind) => self.emit(index, kind, via),
            _ => {}
        }
    }

    /// Tells.
    pub(super) fn emit(&mut self, index: usize, kind: EventKind, via: Via) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if !entry.shown {
            return;
        }
        entry.mark_emitted(kind);
        entry.dirty = false;
        self.next_event = self.next_event.wrapping_add(1);
        let flow = entry.view(&self.config);
        self.untold.push(Untold {
            seq: self.next_event,
            flow_id: entry.state.flow_id.clone(),
            kind,
            verdict: entry.announced.clone(),
        });
        if self.untold.len() > MAX_UNTOLD {
            self.untold.remove(0);
        }
        self.put(Output::Emit(Event {
            seq: self.next_event,
            kind,
            at: self.now.wall,
            via,
            flow,
        }));
    }

    /// Whatever else shows differently than at the last event is a `changed`.
    pub(super) fn flush_changes(&mut self) {
        for index in 0..self.entries.len() {
            if self.entries.get(index).is_some_and(|entry| entry.dirty) {
                self.emit(index, EventKind::Changed, Via::Local);
                if let Some(entry) = self.entries.get_mut(index) {
                    entry.dirty = false;
                }
            }
        }
    }

    /// The listeners have returned: what they were told is marked, so that a reload does not tell it again.
    pub(super) fn on_told(&mut self, seq: u32) {
        for untold in core::mem::take(&mut self.untold) {
            if untold.seq > seq {
                self.untold.push(untold);
                continue;
            }
            let Some(index) = self.find(&untold.flow_id) else {
                continue;
            };
            if let Some(entry) = self.entries.get_mut(index) {
                entry.state.told |= untold.kind.bit();
                entry.told_verdict = untold.verdict;
            }
            self.write_tab(index);
        }
    }

    /// `expireAfter` has passed, and one check since has brought nothing.
    pub(super) fn expire(&mut self, index: usize) {
        let verdict = Verdict::unsuccessful(Status::Expired, Basis::Clock, None, self.now.wall);
        self.adopt(index, &verdict, Via::Local, Source::Own);
    }

    /// Another flow went on in this one's place; this one ends as that one does.
    ///
    /// False where it cannot: the chain would be too long or a circle, and then the reply counts for itself.
    pub(super) fn supersede(
        &mut self,
        index: usize,
        next: FlowId,
        via: Via,
        source: Source,
    ) -> bool {
        let Some(entry) = self.entries.get(index) else {
            return false;
        };
        if entry.state.superseded_by.is_some() || !entry.is_open(&self.config) {
            return true;
        }
        if next == entry.state.flow_id
            || self.hops(index) >= MAX_HOPS
            || self.leads_to(&next, index)
        {
            return false;
        }
        let now = self.now.wall;
        let mut heir = State::new(
            next.clone(),
            entry.state.provider.clone(),
            now,
            now + self.config.expire_after,
        );
        heir.started_here = entry.state.started_here;
        heir.app_state.clone_from(&entry.state.app_state);
        self.stop_checks(index);
        let Some(entry) = self.entries.get_mut(index) else {
            return false;
        };
        entry.state.superseded_by = Some(next.clone());
        let is_own = source == Source::Own;
        if is_own {
            self.write_down(index, Part::Heir);
        }
        if self.find(&next).is_none()
            && let Some(heir_index) = self.insert(Entry::new(heir, self.now))
        {
            if is_own {
                self.begin_flow(heir_index, via);
            } else {
                self.follow(heir_index, via);
            }
        }
        if is_own {
            self.tell(index, None, false);
        }
        self.adopt_heir(index, &next, via, source);
        true
    }

    /// The last of the flows that went on in each other's place.
    pub(super) fn end_of_chain(&self, index: usize) -> usize {
        let mut end = index;
        for _ in 0..=MAX_HOPS {
            let next = self
                .entries
                .get(end)
                .and_then(|entry| entry.state.superseded_by.as_ref())
                .and_then(|next| self.find(next));
            match next {
                Some(next) => end = next,
                None => break,
            }
        }
        end
    }

    /// The verdict of the flow that went on, where it has one already.
    fn adopt_heir(&mut self, index: usize, next: &FlowId, via: Via, source: Source) {
        let confirm = self.config.confirm_or_ask();
        let verdict = self
            .find_mut(next)
            .and_then(|entry| entry.state.verdict.clone())
            .filter(|verdict| !verdict.is_provisional(confirm));
        if let Some(verdict) = verdict {
            self.adopt(index, &verdict, via, source);
        }
    }

    fn settle_predecessors(&mut self, index: usize, via: Via, source: Source) {
        let Some(entry) = self.entries.get(index) else {
            return;
        };
        let id = entry.state.flow_id.clone();
        let verdict = entry.state.verdict.clone();
        let confirm = self.config.confirm_or_ask();
        let Some(verdict) = verdict.filter(|verdict| !verdict.is_provisional(confirm)) else {
            return;
        };
        for before in 0..self.entries.len() {
            let follows = self
                .entries
                .get(before)
                .is_some_and(|entry| entry.state.superseded_by.as_ref() == Some(&id));
            if follows {
                self.adopt(before, &verdict, via, source);
            }
        }
    }

    /// How many flows this one has already gone on in place of.
    fn hops(&self, index: usize) -> usize {
        let mut hops = 0;
        let mut id = self.entries.get(index).map(|entry| &entry.state.flow_id);
        while let Some(before) = self
            .entries
            .iter()
            .find(|entry| entry.state.superseded_by.as_ref() == id && id.is_some())
        {
            hops += 1;
            if hops >= MAX_HOPS {
                break;
            }
            id = Some(&before.state.flow_id);
        }
        hops
    }

    /// Whether the chain of flows after `from` comes to the one at `index`: a circle would never settle.
    fn leads_to(&self, from: &FlowId, index: usize) -> bool {
        let target = self.entries.get(index).map(|entry| &entry.state.flow_id);
        let mut id = Some(from);
        for _ in 0..=MAX_HOPS {
            if id == target {
                return true;
            }
            id = self
                .entries
                .iter()
                .find(|entry| Some(&entry.state.flow_id) == id)
                .and_then(|entry| entry.state.superseded_by.as_ref());
        }
        id.is_some()
    }

    /// The flow that settled first, where there are too many.
    pub(super) fn settled_in_excess(&self) -> Option<FlowId> {
        let mut count = 0;
        let mut first: Option<(Millis, &FlowId)> = None;
        for entry in &self.entries {
            if let Some(verdict) = &entry.state.verdict
                && !entry.is_open(&self.config)
            {
                count += 1;
                // The same in every window.
                let this = (verdict.settled_at, &entry.state.flow_id);
                first = Some(first.map_or(this, |before| before.min(this)));
            }
        }
        first
            .filter(|_| count > MAX_SETTLED)
            .map(|(_, id)| id.clone())
    }

    pub(super) fn is_open(&self, index: usize) -> bool {
        self.entries
            .get(index)
            .is_some_and(|entry| entry.is_open(&self.config))
    }

    /// Plans nothing more for a flow and gives up what is on its way.
    pub(super) fn stop_checks(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index) {
            for request in entry.checks.stop() {
                self.outputs.push(Output::Abort { request });
            }
        }
    }

    pub(super) fn write(&mut self, area: Area, record: Record) {
        let key = self.names.record_key(&record);
        self.put(Output::Write { area, key, record });
    }

    /// Writes a part of a flow down, unless it lives in memory.
    pub(super) fn write_down(&mut self, index: usize, part: Part) {
        if let Some(entry) = self.entries.get(index)
            && entry.storable
        {
            let record = entry.record(part);
            self.write(Area::Local, record);
        }
    }

    pub(super) fn write_tab(&mut self, index: usize) {
        if let Some(entry) = self.entries.get(index) {
            let record = entry.record(Part::Tab);
            self.write(Area::Session, record);
        }
    }
}
