//! What a callback page's word is worth: anyone can load its URL, so where a server can be asked it is only a reason to
//! look; where none can, it decides.

use super::entry::{Entry, PendingFailure};
use super::io::{Area, EventKind, Output, RequestId, Via};
use super::verdicts::Source;
use super::{CHECK_DEADLINE, Machine};
use crate::proto::error::ErrorCode;
use crate::proto::flow::FlowId;
use crate::proto::notice::{End, Notice};
use crate::proto::reply::Reply;
use crate::proto::seen::{PLAIN_WINDOW, hash};
use crate::proto::status::Basis;
use crate::proto::time::{Millis, Since};
use crate::proto::verdict::Verdict;
use alloc::string::String;
use alloc::vec::Vec;

/// How many notices of flows that this window does not know may wait for their check.
const MAX_PROBES: usize = 20;
/// And how often one is made.
const PROBE_EVERY: Millis = Millis::seconds(1);

/// A check of a flow that only a notice speaks of.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    flow_id: FlowId,
    provider: String,
    started_at: Millis,
    request: Option<RequestId>,
}

impl Machine {
    /// A notice that is heard now, not found.
    pub(super) fn on_notice(&mut self, notice: &Notice, via: Via) {
        let now = self.now.monotonic;
        let until = if notice.plain {
            now + PLAIN_WINDOW
        } else {
            Millis::NEVER
        };
        if self.is_stale(notice) {
            self.drop_input("stale");
            return;
        }
        if !self.seen.insert(&notice.id, until, now) {
            // By a second channel, whose sender waits for an answer as well.
            if self.is_known(notice) {
                self.acknowledge(notice);
            }
            return;
        }
        if via == Via::PostMessage && !notice.relayed {
            self.outputs.push_back(Output::Relay {
                notice: notice.clone(),
                slot: self.names.slot_key(notice.flow_id.as_ref(), &notice.id),
            });
        }
        let taken = self.take_notice(notice, via, true);
        if taken {
            self.acknowledge(notice);
        }
    }

    /// A notice that was found in a slot or under the plain key when this page looked.
    pub(super) fn on_stored_notice(&mut self, notice: &Notice) {
        let now = self.now.monotonic;
        if self.is_stale(notice) || !self.is_known(notice) {
            return;
        }
        let until = if notice.plain {
            now + PLAIN_WINDOW
        } else {
            Millis::NEVER
        };
        if self.seen.insert(&notice.id, until, now) {
            self.take_notice(notice, Via::Storage, false);
        }
    }

    /// Whether it is from before the last reset.
    fn is_stale(&self, notice: &Notice) -> bool {
        match (self.reset_at, notice.timestamp) {
            (Some(reset), Some(said)) => said <= reset,
            _ => false,
        }
    }

    /// Whether this window knows a flow that it can be about.
    fn is_known(&self, notice: &Notice) -> bool {
        match &notice.flow_id {
            Some(flow_id) => self.find(flow_id).is_some(),
            None => self
                .entries
                .iter()
                .any(|entry| entry.provider == notice.provider),
        }
    }

    fn acknowledge(&mut self, notice: &Notice) {
        self.outputs.push_back(Output::Acknowledge {
            id: notice.id.clone(),
        });
    }

    /// Gives whether it was merged or its check is planned.
    fn take_notice(&mut self, notice: &Notice, via: Via, live: bool) -> bool {
        let targets = self.targets(notice, live);
        if let Some(flow_id) = &notice.flow_id
            && self.find(flow_id).is_none()
        {
            return live && self.take_unknown(notice, Some(flow_id), via);
        }
        if targets.is_empty() {
            return if self.is_known(notice) {
                // Its flow has settled already: nothing is left to say.
                true
            } else {
                live && self.take_unknown(notice, None, via)
            };
        }
        for index in targets {
            self.apply_notice(index, notice, via);
        }
        true
    }

    /// Which flows it is about.
    fn targets(&self, notice: &Notice, live: bool) -> Vec<usize> {
        let mine = |entry: &Entry| {
            entry.provider == notice.provider
                && notice
                    .flow_id
                    .as_ref()
                    .is_none_or(|flow_id| *flow_id == entry.id)
        };
        if notice.flow_id.is_some() {
            return (0..self.entries.len())
                .filter(|index| self.entries.get(*index).is_some_and(mine))
                .collect();
        }
        let said = match (live, notice.timestamp) {
            (_, Some(timestamp)) => timestamp,
            (true, None) => self.now.wall,
            // Found without a time: there is no telling which flow it was about.
            (false, None) => return Vec::new(),
        };
        let candidates = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| mine(entry) && entry.started_at <= said);
        let everyone = self.config.askable && matches!(notice.end, End::Success(_));
        if everyone {
            candidates
                .filter(|(_, entry)| entry.is_open(&self.config))
                .map(|(index, _)| index)
                .collect()
        } else {
            candidates
                .max_by_key(|(_, entry)| (entry.started_at, entry.id.clone()))
                .map(|(index, _)| index)
                .into_iter()
                .collect()
        }
    }

    fn apply_notice(&mut self, index: usize, notice: &Notice, via: Via) {
        let verdict = self.verdict_of(notice);
        let is_success = matches!(notice.end, End::Success(_));
        let decides = if is_success {
            !self.config.confirm
        } else {
            !self.config.confirm_or_ask()
        };
        if decides {
            self.adopt(index, verdict, via, Source::Own);
            return;
        }
        let now = self.now.monotonic;
        let askable = self.config.askable;
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if !entry.is_open(&self.config) || entry.superseded_by.is_some() {
            return;
        }
        entry.confirming = askable;
        entry.dirty = true;
        let has_run = askable && entry.checks.burst(now);
        if let End::Failure(code) = &notice.end {
            if entry.is_pending() {
                entry.error = Some(code.clone());
            }
            entry.failure = Some(PendingFailure {
                code: code.clone(),
                at_the_latest: now + Millis::seconds(1) + CHECK_DEADLINE,
            });
        } else {
            // What a failure said before is no longer what is most likely.
            entry.failure = None;
            entry.error = None;
        }
        let record = (has_run && entry.storable).then(|| entry.count_record());
        if let Some(record) = record {
            self.write(Area::Local, record);
        }
        if askable
            && self
                .entries
                .get(index)
                .is_some_and(|entry| entry.is_pending())
        {
            self.emit_once(index, EventKind::Confirming, via);
        }
    }

    fn verdict_of(&self, notice: &Notice) -> Verdict {
        let at = self.now.wall;
        match &notice.end {
            End::Success(outcome) => Verdict::completed(Basis::Notice, outcome.clone(), at),
            End::Failure(code) => Verdict::of_error(Basis::Notice, Some(code.clone()), at),
        }
    }

    /// A failure that the checks of its notice left pending, or that nobody could be asked about.
    pub(super) fn conclude_failure(&mut self, index: usize) {
        let now = self.now.monotonic;
        let asks = self.config.askable && self.poller() == super::Poller::This;
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let is_over = entry.failure.as_ref().is_some_and(|failure| {
            (asks && entry.checks.burst_is_over())
                || !self.config.askable
                || now >= failure.at_the_latest
        });
        if !is_over {
            return;
        }
        if let Some(failure) = entry.failure.take() {
            let code: ErrorCode = failure.code;
            let verdict = Verdict::of_error(Basis::Notice, Some(code), self.now.wall);
            self.adopt(index, verdict, Via::Local, Source::Own);
        }
    }

    /// A flow that this window does not know: with a server one check, without one a success is believed.
    fn take_unknown(&mut self, notice: &Notice, flow_id: Option<&FlowId>, via: Via) -> bool {
        let End::Success(outcome) = &notice.end else {
            if self.config.askable && flow_id.is_some() {
                // It may still be a success by now; only that would be adopted.
                return self.plan_probe(notice, flow_id);
            }
            self.drop_input("unknown_flow");
            return false;
        };
        if self.config.askable {
            return self.plan_probe(notice, flow_id);
        }
        let id = match flow_id {
            Some(flow_id) => Some(flow_id.clone()),
            None => FlowId::parse(hash(&notice.id)),
        };
        let Some(id) = id.filter(|_| !self.config.confirm) else {
            self.drop_input("unknown_flow");
            return false;
        };
        let at = notice.timestamp.unwrap_or(self.now.wall).min(self.now.wall);
        let verdict = Verdict::completed(Basis::Notice, outcome.clone(), self.now.wall);
        self.adopt_unknown(id, notice.provider.clone(), at, verdict, via);
        true
    }

    /// Shows a flow whose start this window has never heard of.
    fn adopt_unknown(
        &mut self,
        id: FlowId,
        provider: String,
        started_at: Millis,
        verdict: Verdict,
        via: Via,
    ) {
        let expires_at = started_at + self.config.expire_after;
        let mut entry = Entry::new(id, provider, started_at, expires_at, self.now);
        entry.started = Since::wall(started_at, self.now);
        if let Some(index) = self.insert(entry) {
            if let Some(entry) = self.entries.get(index) {
                let record = entry.start_record();
                self.write(Area::Local, record);
            }
            self.adopt(index, verdict, via, Source::Own);
        }
    }

    fn plan_probe(&mut self, notice: &Notice, flow_id: Option<&FlowId>) -> bool {
        let Some(flow_id) = flow_id else {
            self.drop_input("unknown_flow");
            return false;
        };
        if self.probes.iter().any(|probe| probe.flow_id == *flow_id) {
            return true;
        }
        if self.probes.len() >= MAX_PROBES {
            self.drop_input("flood");
            return false;
        }
        self.probes.push_back(Probe {
            flow_id: flow_id.clone(),
            provider: notice.provider.clone(),
            started_at: notice.timestamp.unwrap_or(self.now.wall).min(self.now.wall),
            request: None,
        });
        true
    }

    pub(super) fn next_probe_due(&self) -> Millis {
        let waiting = self.probes.iter().any(|probe| probe.request.is_none());
        if waiting {
            self.next_probe.max(self.hold)
        } else {
            Millis::NEVER
        }
    }

    pub(super) fn begin_probe(&mut self) {
        let now = self.now.monotonic;
        if self.next_probe_due() > now {
            return;
        }
        let request = self.next_request();
        self.next_probe = now + PROBE_EVERY;
        if let Some(probe) = self.probes.iter_mut().find(|probe| probe.request.is_none()) {
            probe.request = Some(request);
            self.outputs.push_back(Output::Check {
                request,
                flow_id: probe.flow_id.clone(),
                provider: probe.provider.clone(),
                since: probe.started_at,
            });
        }
    }

    pub(super) fn on_probe_reply(&mut self, request: RequestId, reply: &Reply) {
        let Some(probe) = self.end_probe(request) else {
            return;
        };
        let verdict = reply
            .verdict(self.now.wall)
            .filter(|_| Self::says_completed(reply));
        match (verdict, self.find(&probe.flow_id)) {
            (None, None) => self.drop_input("unknown_flow"),
            (None, Some(_)) => {}
            (Some(verdict), Some(index)) => self.adopt(index, verdict, Via::Poll, Source::Own),
            (Some(verdict), None) => self.adopt_unknown(
                probe.flow_id,
                probe.provider,
                probe.started_at,
                verdict,
                Via::Poll,
            ),
        }
    }

    pub(super) fn end_probe(&mut self, request: RequestId) -> Option<Probe> {
        let place = self
            .probes
            .iter()
            .position(|probe| probe.request == Some(request))?;
        self.probes.remove(place)
    }

    pub(super) fn abort_probes(&mut self) {
        for probe in self.probes.drain(..) {
            if let Some(request) = probe.request {
                self.outputs.push_back(Output::Abort { request });
            }
        }
    }
}
