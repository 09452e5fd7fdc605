//! What comes with time alone: slow, overdue, expired. The last two are announced only after one check made at that moment.

use super::entry::{Entry, Moment};
use super::io::{EventKind, Via};
use super::{CHECK_DEADLINE, Machine};
use crate::proto::time::{Millis, Since};

impl Machine {
    /// Slow, overdue, expired, and failures that nobody contradicted.
    pub(super) fn pass_deadlines(&mut self) {
        for index in 0..self.entries.len() {
            self.conclude_failure(index);
            self.pass_expiry(index);
            self.pass_stages(index);
        }
    }

    fn pass_stages(&mut self, index: usize) {
        let now = self.now;
        let (slow_after, overdue_after) = (self.config.slow_after, self.config.overdue_after);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if entry.confirming && entry.checks.notice_is_spent() {
            entry.confirming = false;
            entry.dirty = true;
        }
        if !entry.is_pending() {
            return;
        }
        let age = entry.attempt.elapsed(now);
        if !entry.slow && age >= slow_after {
            entry.slow = true;
            entry.dirty = true;
            self.emit_once(index, EventKind::Slow, Via::Local);
        }
        if self.passes(index, |entry| &mut entry.overdue, age >= overdue_after) {
            self.emit_once(index, EventKind::Overdue, Via::Local);
        }
    }

    fn pass_expiry(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index) else {
            return;
        };
        let has_come = entry.started.elapsed(self.now) >= self.config.expire_after;
        if entry.is_pending() && self.passes(index, |entry| &mut entry.expiry, has_come) {
            self.expire(index);
        }
    }

    /// Moves a moment on. True when it has passed just now: where a server can be asked, after one check made since.
    fn passes(
        &mut self,
        index: usize,
        moment: impl Fn(&mut Entry) -> &mut Moment,
        has_come: bool,
    ) -> bool {
        let now = self.now.monotonic;
        let asked = self.asked();
        let askable = self.config.askable;
        let Some(entry) = self.entries.get_mut(index) else {
            return false;
        };
        let before = *moment(entry);
        let next = match before {
            Moment::Ahead if has_come && askable => Moment::Verifying(asked),
            Moment::Ahead if has_come => Moment::Past,
            Moment::Verifying(asked)
                if entry.checks.has_answered(asked) || now >= asked.at + CHECK_DEADLINE =>
            {
                Moment::Past
            }
            unchanged => unchanged,
        };
        let changed = before != next;
        *moment(entry) = next;
        if changed && matches!(next, Moment::Verifying(_)) {
            entry.checks.want(now);
        }
        if changed && next == Moment::Past {
            entry.dirty = true;
        }
        changed && next == Moment::Past
    }

    pub(super) fn next_deadline(&self, entry: &Entry) -> Millis {
        let moment = |moment: Moment, since: Since, span| match moment {
            Moment::Ahead => since.plus(span),
            Moment::Verifying(asked) => asked.at + CHECK_DEADLINE,
            Moment::Past => Millis::NEVER,
        };
        let mut next = entry
            .failure
            .as_ref()
            .map_or(Millis::NEVER, |failure| failure.at_the_latest)
            .min(entry.checks.gives_up_at());
        if entry.is_pending() {
            if !entry.slow {
                next = next.min(entry.attempt.plus(self.config.slow_after));
            }
            next = next
                .min(moment(
                    entry.overdue,
                    entry.attempt,
                    self.config.overdue_after,
                ))
                .min(moment(
                    entry.expiry,
                    entry.started,
                    self.config.expire_after,
                ));
        }
        next
    }
}
