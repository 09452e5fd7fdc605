//! What a callback page's word is worth: anyone can load its URL, so where a server can be asked it is only a reason to
//! look; where none can, it decides.

use super::entry::{Entry, PendingFailure};
use super::io::{EventKind, Output, RequestId, Via};
use super::verdicts::Source;
use super::{CHECK_DEADLINE, Machine};
use crate::proto::error::ErrorCode;
use crate::proto::flow::FlowId;
use crate::proto::notice::{End, Notice};
use crate::proto::reply::Reply;
use crate::proto::seen::PLAIN_WINDOW;
use crate::proto::state::{Part, State};
use crate::proto::status::Basis;
use crate::proto::text::{decimal, hash, join};
use crate::proto::time::Millis;
use crate::proto::verdict::Verdict;
use alloc::string::String;
use alloc::vec::Vec;

/// How many notices of flows that this window does not know may wait for their check.
const MAX_PROBES: usize = 20;
/// And how often one is made.
const PROBE_EVERY: Millis = Millis::seconds(1);

/// How many notices wait for a flow that is not known yet.
const MAX_UNCLAIMED: usize = 64;

/// A check of a flow that only a notice speaks of.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    flow_id: FlowId,
    provider: String,
    started_at: Millis,
    /// The check, and when it began.
    request: Option<(RequestId, Millis)>,
}

impl Machine {
    /// A notice that is heard now, not found.
    pub(super) fn on_notice(&mut self, notice: &Notice, via: Via) {
        if self.loading.is_running() {
            self.loading.keep(notice, via);
            return;
        }
        if !self.is_new(notice) {
            // By a second channel, whose sender waits for an answer as well.
            if self.is_known(notice) {
                self.acknowledge(notice);
            }
            return;
        }
        if via == Via::PostMessage && !notice.relayed {
            self.put(Output::Relay {
                notice: notice.clone(),
                slot: self.names.slot_key(notice.flow_id.as_ref(), &notice.id),
            });
        }
        if self.take_notice(notice, via, true) {
            self.acknowledge(notice);
        }
    }

    /// A notice that was found in a slot or under the plain key when this page looked.
    pub(super) fn on_stored_notice(&mut self, notice: &Notice) {
        if !self.is_known(notice) {
            self.keep_unclaimed(notice);
        } else if self.is_new(notice) {
            self.take_notice(notice, Via::Storage, false);
        }
    }

    /// Whether it is not one that was handled before. Notices in the plain form are told apart by what they say, for a
    /// while, and where they have a time by that as well, for good: the plain key is read again and again.
    fn is_new(&mut self, notice: &Notice) -> bool {
        let now = self.now.monotonic;
        let until = if notice.plain {
            now + PLAIN_WINDOW
        } else {
            Millis::NEVER
        };
        let is_new = self.seen.insert(&notice.id, until, now);
        match notice.timestamp.filter(|_| notice.plain) {
            Some(said) => {
                let writing = join(&[&notice.id, "@", &decimal(said.0)]);
                self.seen.insert(&writing, Millis::NEVER, now) && is_new
            }
            None => is_new,
        }
    }

    fn keep_unclaimed(&mut self, notice: &Notice) {
        for kept in &self.unclaimed {
            let is_it = kept.id == notice.id && kept.flow_id == notice.flow_id;
            if is_it && kept.timestamp == notice.timestamp {
                return;
            }
        }
        if self.unclaimed.len() >= MAX_UNCLAIMED {
            self.unclaimed.remove(0);
        }
        self.unclaimed.push(notice.clone());
    }

    /// A flow has become known: what was said of it before counts now.
    pub(super) fn claim(&mut self, flow_id: &FlowId) {
        let Some(entry) = self.find(flow_id).and_then(|index| self.entries.get(index)) else {
            return;
        };
        let provider = entry.state.provider.clone();
        for notice in core::mem::take(&mut self.unclaimed) {
            let concerns = match &notice.flow_id {
                Some(about) => about == flow_id,
                None => notice.provider == provider,
            };
            if concerns {
                // Should it be found once more, it is the same.
                self.is_new(&notice);
                self.take_notice(&notice, Via::Storage, false);
            } else {
                self.unclaimed.push(notice);
            }
        }
    }

    /// Whether this window knows a flow that it can be about.
    fn is_known(&self, notice: &Notice) -> bool {
        match &notice.flow_id {
            Some(flow_id) => self.find(flow_id).is_some(),
            None => self
                .entries
                .iter()
                .any(|entry| entry.state.provider == notice.provider),
        }
    }

    fn acknowledge(&mut self, notice: &Notice) {
        self.put(Output::Acknowledge {
            id: notice.id.clone(),
        });
    }

    /// Gives whether it was merged or causes checks of a flow that is known.
    fn take_notice(&mut self, notice: &Notice, via: Via, live: bool) -> bool {
        if !self.is_known(notice) {
            return live && self.take_unknown(notice, via);
        }
        let targets = self.targets(notice, live);
        let is_taken = !targets.is_empty() || self.has_settled(notice);
        if !is_taken {
            self.drop_input("stale");
        }
        for index in targets {
            self.apply_notice(index, notice, via);
        }
        is_taken
    }

    /// Whether it finds nothing to do because its flow has settled already.
    fn has_settled(&self, notice: &Notice) -> bool {
        notice.flow_id.is_none()
            && self
                .entries
                .iter()
                .filter(|entry| entry.state.provider == notice.provider)
                .all(|entry| !entry.is_open(&self.config))
    }

    /// Which flows it is about.
    fn targets(&self, notice: &Notice, live: bool) -> Vec<usize> {
        let now = self.now;
        let mut targets = Vec::new();
        if let Some(flow_id) = &notice.flow_id {
            if let Some(index) = self.find(flow_id)
                && let Some(entry) = self.entries.get(index)
                && entry.state.provider == notice.provider
            {
                targets.push(self.end_of_chain(index));
            }
            return targets;
        }
        let said = match (live, notice.timestamp) {
            (_, Some(timestamp)) => timestamp,
            (true, None) => now.wall,
            // Found without a time: there is no telling which flow it was about.
            (false, None) => return targets,
        };
        // What is heard now was said just now, whatever somebody has done to the wall clock since the flow started.
        let before = |entry: &Entry| {
            entry.state.started_at <= said || live && entry.started.elapsed(now) >= now.wall - said
        };
        let concerns_all = self.config.askable && matches!(notice.end, End::Success(_));
        let mut newest: Option<(usize, &Entry)> = None;
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.state.provider != notice.provider {
                continue;
            }
            if concerns_all {
                if (live || before(entry)) && entry.is_asked_about(&self.config) {
                    targets.push(index);
                }
            } else if before(entry) && newest.is_none_or(|(_, other)| other.is_older_than(entry)) {
                newest = Some((index, entry));
            }
        }
        if let Some((index, _)) = newest {
            targets.push(self.end_of_chain(index));
        }
        targets
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
            self.adopt(index, &verdict, via, Source::Own);
            return;
        }
        let (now, soon, rests) = (self.now.monotonic, self.soon(), self.rests());
        let askable = self.config.askable;
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if !entry.is_asked_about(&self.config) {
            return;
        }
        entry.confirming = askable;
        entry.dirty = true;
        let has_run = askable && !rests && entry.checks.burst(now);
        if askable && rests {
            entry.checks.burst_after_push(soon);
        }
        if let End::Failure(code) = &notice.end {
            if entry.is_pending() {
                entry.state.error = Some(code.clone());
            }
            entry.failure = Some(PendingFailure {
                code: code.clone(),
                at_the_latest: now + Millis::seconds(1) + CHECK_DEADLINE,
            });
        } else {
            // What a failure said before is no longer what is most likely.
            entry.failure = None;
            entry.state.error = None;
        }
        let is_pending = entry.is_pending();
        if has_run {
            self.write_down(index, Part::Count);
        }
        if askable && is_pending {
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
            self.adopt(index, &verdict, Via::Local, Source::Own);
        }
    }

    /// A flow that this window does not know: with a server one check, without one a success is believed.
    fn take_unknown(&mut self, notice: &Notice, via: Via) -> bool {
        let confirm = self.config.confirm_or_ask();
        let height = self.verdict_of(notice).place().height(confirm);
        let is_gone = notice
            .flow_id
            .as_ref()
            .is_some_and(|flow_id| self.is_gone(flow_id, Millis::ZERO, height));
        let is_old = self
            .reset_at
            .zip(notice.timestamp)
            .is_some_and(|(reset, said)| said <= reset);
        if is_gone || is_old {
            self.drop_input("stale");
            return false;
        }
        if notice.flow_id.is_some() {
            // Its start may only be late.
            self.keep_unclaimed(notice);
        }
        match (&notice.end, &notice.flow_id) {
            // It may still be a success by now; only that would be adopted. Until then nobody has it.
            (_, Some(flow_id)) if self.config.askable => {
                self.plan_probe(notice, flow_id);
                false
            }
            (End::Success(outcome), flow_id) if !self.config.askable && !self.config.confirm => {
                let id = match flow_id {
                    Some(flow_id) => Some(flow_id.clone()),
                    None => FlowId::parse(hash(&notice.id)),
                };
                let Some(id) = id else {
                    return false;
                };
                let wall = self.now.wall;
                let at = notice.timestamp.unwrap_or(wall).min(wall);
                let verdict = Verdict::completed(Basis::Notice, outcome.clone(), wall);
                self.adopt_unknown(id, notice.provider.clone(), at, verdict, via);
                true
            }
            _ => {
                self.drop_input("unknown_flow");
                false
            }
        }
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
        let state = State::new(id, provider, started_at, expires_at);
        if let Some(index) = self.insert(Entry::new(state, self.now)) {
            self.write_down(index, Part::Start);
            self.adopt(index, &verdict, via, Source::Own);
        }
    }

    fn plan_probe(&mut self, notice: &Notice, flow_id: &FlowId) {
        if self.probes.iter().any(|probe| probe.flow_id == *flow_id) {
            return;
        }
        if self.probes.len() >= MAX_PROBES {
            self.drop_input("flood");
            return;
        }
        self.probes.push(Probe {
            flow_id: flow_id.clone(),
            provider: notice.provider.clone(),
            started_at: notice.timestamp.unwrap_or(self.now.wall).min(self.now.wall),
            request: None,
        });
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
            probe.request = Some((request, now));
            self.outputs.push(Output::Check {
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
        self.hold_for(reply.retry_after);
        let confirm = self.config.confirm_or_ask();
        let verdict = reply.verdict(self.now.wall).filter(|verdict| {
            // The flow may have become known, been told and been let go meanwhile.
            Self::says_completed(reply)
                && !self.is_gone(
                    &probe.flow_id,
                    Millis::ZERO,
                    verdict.place().height(confirm),
                )
        });
        match (verdict, self.find(&probe.flow_id)) {
            (None, None) => self.drop_input("unknown_flow"),
            (None, Some(_)) => {}
            (Some(verdict), Some(index)) => {
                self.adopt(index, &verdict, Via::Poll, Source::Own);
            }
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
            .position(|probe| probe.request.is_some_and(|(known, _)| known == request))?;
        Some(self.probes.remove(place))
    }

    pub(super) fn give_up_probes(&mut self) {
        let now = self.now.monotonic;
        for probe in core::mem::take(&mut self.probes) {
            if probe
                .request
                .is_none_or(|(_, begun)| now < begun + CHECK_DEADLINE)
            {
                self.probes.push(probe);
            }
        }
    }

    pub(super) fn abort_probes(&mut self) {
        for probe in core::mem::take(&mut self.probes) {
            if let Some((request, _)) = probe.request {
                self.outputs.push(Output::Abort { request });
            }
        }
    }
}
