//! What the server's answer means. Only a status other than pending is a verdict; failures, 404 and silence never are.

use super::Machine;
use super::checks::Asked;
use super::entry::Moment;
use super::io::{EventKind, RequestId, Via};
use super::verdicts::Source;
use crate::proto::error::ErrorCode;
use crate::proto::reply::{Reply, Standing};
use crate::proto::status::Status;
use crate::proto::time::Millis;

/// The server may learn of a flow only when its start page is opened.
const UNKNOWN_AFTER: Millis = Millis::seconds(60);
/// Two answers this far apart are no hiccup.
const UNKNOWN_APART: Millis = Millis::seconds(10);

impl Machine {
    pub(super) fn on_reply(&mut self, request: RequestId, reply: &Reply) {
        if let Some((index, begun)) = self.concluded(request) {
            if let Some(entry) = self.entries.get_mut(index) {
                entry.checks.answer();
            }
            self.take_reply(index, reply, Via::Poll);
            self.tell_of_check(index, begun, false);
        } else {
            self.on_probe_reply(request, reply);
        }
    }

    pub(super) fn on_check_failed(&mut self, request: RequestId, retry_after: Option<Millis>) {
        self.hold_for(retry_after);
        match self.concluded(request) {
            // The others follow the count: to them a window that polls in vain must not look like one that does not.
            Some((index, begun)) => self.tell_of_check(index, begun, true),
            None => {
                self.end_probe(request);
            }
        }
    }

    /// Tells the others that a check of a flow is over, for those who wait for it.
    fn tell_of_check(&mut self, index: usize, begun: Millis, failed: bool) {
        if self.is_open(index) {
            let ago = self.now.monotonic - begun;
            self.tell(index, Some(self.now.wall - ago), failed);
        }
    }

    /// The flow that a check was about, and when it began.
    fn concluded(&mut self, request: RequestId) -> Option<(usize, Millis)> {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if let Some(begun) = entry.checks.conclude(request) {
                return Some((index, begun));
            }
        }
        None
    }

    /// The server's word about a flow, by whichever way.
    pub(super) fn take_reply(&mut self, index: usize, reply: &Reply, via: Via) {
        self.hold_for(reply.retry_after);
        if reply.standing == Standing::Unknown {
            self.count_unknown(index);
            return;
        }
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        entry.not_found = None;
        if entry.state.error == Some(ErrorCode::UNKNOWN_FLOW) {
            entry.state.error = None;
            entry.dirty = true;
        }
        let goes_on = reply
            .superseded_by
            .clone()
            .is_some_and(|next| self.supersede(index, next, via, Source::Own));
        if !goes_on && let Some(verdict) = reply.verdict(self.now.wall) {
            self.adopt(index, &verdict, via, Source::Own);
        }
    }

    fn count_unknown(&mut self, index: usize) {
        let now = self.now;
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let too_early = entry
            .opened
            .is_none_or(|opened| opened.elapsed(now) < UNKNOWN_AFTER);
        if too_early || !entry.is_pending() {
            return;
        }
        match entry.not_found {
            None => entry.not_found = Some(now.monotonic),
            Some(first) if now.monotonic >= first + UNKNOWN_APART => {
                if entry.state.error.is_none() {
                    entry.state.error = Some(ErrorCode::UNKNOWN_FLOW);
                    entry.dirty = true;
                }
                if entry.overdue != Moment::Past {
                    entry.overdue = Moment::Past;
                    self.emit_once(index, EventKind::Overdue, Via::Poll);
                }
            }
            Some(_) => {}
        }
    }

    /// A question asked now: only checks that begin from now on answer it.
    pub(super) fn asked(&self) -> Asked {
        Asked {
            at: self.now.monotonic,
            after: RequestId(self.next_request),
        }
    }

    pub(super) fn next_request(&mut self) -> RequestId {
        self.next_request = self.next_request.wrapping_add(1);
        RequestId(self.next_request)
    }

    /// Whether a reply speaks of a connection that was made.
    pub(super) fn says_completed(reply: &Reply) -> bool {
        reply.standing == Standing::Known(Status::Completed)
    }
}
