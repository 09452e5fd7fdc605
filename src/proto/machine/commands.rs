//! What the app wants.

use super::entry::Entry;
use super::io::{Area, Config, EventKind, Output, Start, Via, WindowHint};
use super::verdicts::Source;
use super::{CHECK_DEADLINE, MAX_WAITERS, Machine, Waiter};
use crate::proto::error::ErrorCode;
use crate::proto::flow::FlowId;
use crate::proto::message::Message;
use crate::proto::record::Record;
use crate::proto::reply::Reply;
use crate::proto::state::{Part, Removal, State};
use crate::proto::status::{Basis, Status};
use crate::proto::time::{Millis, Since};
use crate::proto::verdict::Verdict;

/// Flows nobody finishes must not fill the storage: past it they live in memory, and are counted as `unstored`.
const MAX_PENDING_STORED: usize = 256;

impl Machine {
    pub(super) fn on_start(&mut self, start: Start) {
        if self.find(&start.flow_id).is_some() {
            self.drop_input("known_flow");
            return;
        }
        // Nothing that started before a reset comes back, so what starts after it must say so.
        let started_at = match self.reset_at {
            Some(reset) => start.started_at.max(reset + Millis(1)),
            None => start.started_at,
        };
        let flow_id = start.flow_id.clone();
        let expires_at = started_at + self.config.expire_after;
        let state = State::new(start.flow_id, start.provider, started_at, expires_at);
        let mut entry = Entry::new(state, self.now);
        entry.state.started_here = true;
        entry.state.app_state = start.app_state;
        entry.state.retry_of = start.retry_of;
        entry.window = start.window;
        entry.opened =
            may_have_opened(start.window, start.href.as_deref()).then_some(entry.started);
        entry.href = start.href;
        let Some(index) = self.insert(entry) else {
            return;
        };
        self.begin_flow(index, Via::Local);
        self.emit_window(index);
        self.claim(&flow_id);
    }

    /// Writes a new flow down, tells everybody, and begins to ask.
    pub(super) fn begin_flow(&mut self, index: usize, via: Via) {
        let mut stored = 0;
        for entry in &self.entries {
            stored += usize::from(entry.is_open(&self.config) && entry.storable);
        }
        if stored > MAX_PENDING_STORED {
            self.drop_input("unstored");
        }
        self.begin_to_ask(index);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        entry.storable = stored <= MAX_PENDING_STORED;
        self.write_down(index, Part::Start);
        self.write_tab(index);
        self.tell(index, None, false);
        self.emit_once(index, EventKind::Started, via);
    }

    /// One check at once, then the schedule. Where another window polls and push rests it, that window makes the check when
    /// it hears of the flow.
    fn begin_to_ask(&mut self, index: usize) {
        let now = self.now.monotonic;
        let is_left_to_it = self.rests() && !self.poller.polls();
        let Config {
            askable, schedule, ..
        } = &self.config;
        if let Some(entry) = self.entries.get_mut(index).filter(|_| *askable) {
            if is_left_to_it {
                entry.checks.follow(schedule, now);
            } else {
                entry.checks.start(schedule, now);
            }
        }
    }

    fn emit_window(&mut self, index: usize) {
        match self.entries.get(index).map(|entry| entry.window) {
            Some(WindowHint::Open) => self.emit_once(index, EventKind::Opened, Via::Local),
            Some(WindowHint::Blocked) => self.emit_once(index, EventKind::Blocked, Via::Local),
            _ => {}
        }
    }

    pub(super) fn on_href(&mut self, flow_id: &FlowId, href: alloc::string::String) {
        let now = self.now;
        if let Some(entry) = self.find_mut(flow_id) {
            if may_have_opened(entry.window, Some(&href)) && entry.opened.is_none() {
                entry.opened = Some(Since::wall(now.wall, now));
            }
            entry.href = Some(href);
            entry.dirty = true;
        }
    }

    pub(super) fn on_start_failed(&mut self, flow_id: &FlowId) {
        let Some(index) = self.find(flow_id) else {
            return;
        };
        let verdict = Verdict::unsuccessful(
            Status::Failed,
            Basis::Local,
            Some(ErrorCode::START_FAILED),
            self.now.wall,
        );
        self.adopt(index, &verdict, Via::Local, Source::Own);
        self.close_window(flow_id);
    }

    pub(super) fn on_reopened(
        &mut self,
        flow_id: &FlowId,
        window: WindowHint,
        href: Option<alloc::string::String>,
    ) {
        let now = self.now;
        let Some(index) = self.find(flow_id) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if !entry.is_pending() {
            return;
        }
        entry.begin_attempt(now.wall, now);
        entry.opened = may_have_opened(window, href.as_deref()).then_some(entry.attempt);
        entry.window = window;
        entry.href = href;
        entry.state.started_here = true;
        entry.forget_window_events();
        entry.checks.begin_attempt();
        self.begin_to_ask(index);
        self.write_down(index, Part::Count);
        self.write_tab(index);
        self.tell(index, None, false);
        self.emit_window(index);
    }

    pub(super) fn on_window_closed(&mut self, flow_id: &FlowId) {
        let (now, soon, rests) = (self.now.monotonic, self.soon(), self.rests());
        let askable = self.config.askable;
        let Some(index) = self.find(flow_id) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if !entry.is_pending() || entry.window != WindowHint::Open {
            return;
        }
        entry.window = WindowHint::Closed;
        entry.dirty = true;
        if askable && rests {
            entry.checks.want(soon);
        } else if askable {
            entry.checks.hint(now);
        }
        self.emit_once(index, EventKind::WindowClosed, Via::Local);
    }

    pub(super) fn on_cancel(&mut self, flow_id: &FlowId) {
        let Some(index) = self.find(flow_id) else {
            return;
        };
        if !self.is_open(index) {
            return;
        }
        let verdict = Verdict::unsuccessful(
            Status::Cancelled,
            Basis::Person,
            Some(ErrorCode::CANCELLED_BY_USER),
            self.now.wall,
        );
        if !self.adopt(index, &verdict, Via::Local, Source::Own) {
            return;
        }
        if self.config.tells_cancel {
            self.put(Output::TellCancel {
                flow_id: flow_id.clone(),
            });
        }
        self.close_window(flow_id);
    }

    pub(super) fn on_dismiss(&mut self, flow_id: &FlowId) {
        let at = self.now.wall;
        let Some(verdict) = self
            .find_mut(flow_id)
            .and_then(|entry| entry.state.verdict.as_ref())
        else {
            return;
        };
        let removal = Removal {
            flow_id: Some(flow_id.clone()),
            at,
            dismissed: Some(verdict.place()),
        };
        self.take_away(&removal, Via::Local);
        self.write(Area::Local, Record::Removal(removal.clone()));
        self.put(Output::Broadcast(Message::Removal(removal)));
    }

    pub(super) fn on_reset(&mut self) {
        let mut at = self.now.wall;
        // Somebody may have set the clock back since a flow started.
        for entry in &self.entries {
            at = at.max(entry.state.started_at);
        }
        let removal = |flow_id| Removal {
            flow_id,
            at,
            dismissed: None,
        };
        self.write(Area::Local, Record::Removal(removal(None)));
        // A page that opens later cannot know which flows there were, and a callback may still speak of them.
        for flow_id in self.remove_all(at, Via::Local) {
            self.write(Area::Local, Record::Removal(removal(Some(flow_id))));
        }
        self.put(Output::Broadcast(Message::Removal(removal(None))));
    }

    pub(super) fn on_check(&mut self, token: u32, flow_id: Option<&FlowId>) {
        let now = self.now.monotonic;
        if self.waiters.len() >= MAX_WAITERS {
            self.put(Output::Checked { token });
            return;
        }
        let askable = self.config.askable;
        // Where the server wants quiet for longer than anybody waits, there is nothing to wait for.
        let may_be_answered = self.hold < now + CHECK_DEADLINE;
        let config = &self.config;
        let mut waiter = Waiter {
            token,
            flow_ids: alloc::vec::Vec::new(),
            asked: self.asked(),
        };
        // Of a flow that another goes on for, the other is asked about.
        let only = flow_id.map(|id| self.find(id).map(|index| self.end_of_chain(index)));
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let concerned = only.is_none_or(|only| only == Some(index));
            if askable && concerned && entry.is_asked_about(config) {
                entry.checks.want(now);
                if may_be_answered {
                    waiter.flow_ids.push(entry.state.flow_id.clone());
                }
            }
        }
        self.waiters.push(waiter);
    }

    pub(super) fn on_report(&mut self, flow_id: &FlowId, reply: &Reply) {
        match self.find(flow_id) {
            Some(index) => self.take_reply(index, reply, Via::Push),
            None => self.drop_input("unknown_flow"),
        }
    }

    fn close_window(&mut self, flow_id: &FlowId) {
        self.put(Output::CloseWindow {
            flow_id: Some(flow_id.clone()),
        });
    }
}

/// Whether the person may be at the provider: not while the window is blocked or its address is awaited.
fn may_have_opened(window: WindowHint, href: Option<&str>) -> bool {
    match window {
        WindowHint::Blocked => false,
        WindowHint::Unknown => true,
        WindowHint::Open | WindowHint::Closed => href.is_some(),
    }
}
