//! What the driver does to the page.

use super::super::encode::{to_js, to_json};
use super::super::facility::Facility;
use super::super::fetch::{self, Answer, Check, Question};
use super::super::lock::{Granted, LockRequest};
use super::super::timer::Timer;
use super::super::value;
use super::super::window::Sender;
use super::{Inner, Slot};
use crate::proto::flow::FlowId;
use crate::proto::machine::{Area, Input, Lock, Output, RequestId};
use crate::proto::notice::End;
use crate::proto::time::{Millis, Now};
use crate::proto::tree::Tree;
use std::rc::Rc;
use wasm_bindgen::JsValue;

impl Inner {
    /// Does one thing. The machine is not borrowed.
    pub(super) fn perform(self: &Rc<Self>, output: Output, sender: Option<&Sender>, now: Now) {
        match output {
            Output::Emit(event) => {
                let mut events = self.events.take();
                events.push(event);
                self.events.set(events);
            }
            Output::Broadcast(message) => self.tell_windows(&message.to_wire(&self.names.scope)),
            Output::Relay { notice, slot } => {
                let is_failure = matches!(notice.end, End::Failure(_));
                let notice = notice.to_wire();
                // A success that nobody has read yet is not lost to a failure that comes after it.
                if !(is_failure && self.is_written(&slot)) {
                    self.write(Area::Local, &slot, &notice);
                }
                if let Some(channel) = self.plain.get()
                    && let Some(notice) = to_js(&notice)
                {
                    channel.post(&notice);
                }
            }
            Output::Acknowledge { id } => {
                let message = value::object(&[
                    ("type", &"oauth-ack".into()),
                    ("v", &1.into()),
                    ("id", &id.into()),
                ]);
                if let Some(sender) = sender {
                    sender.answer(&message);
                }
                if let Some(channel) = self.plain.get() {
                    channel.post(&message);
                }
            }
            Output::Write { area, key, record } => self.write(area, &key, &record.to_wire()),
            Output::Remove { area, key } => {
                if let Some(storage) = self.area(area).get() {
                    storage.remove(&key);
                }
            }
            Output::Forget { flow_id } => self.forget(&flow_id),
            Output::Reread => {
                self.read_all();
                self.feed(Input::Loaded);
            }
            Output::Check {
                request,
                flow_id,
                provider,
                since,
            } => self.ask(
                request,
                Question {
                    flow_id,
                    provider,
                    since,
                    now: now.wall,
                },
            ),
            Output::Abort { request } => drop(self.take_check(request)),
            Output::TellCancel { flow_id } => {
                if let Some(url) = &self.options.cancel_url {
                    fetch::tell_cancel(url, &flow_id, self.options.fetch.as_ref());
                }
            }
            Output::CloseWindow { flow_id } => {
                if let Some(popups) = self.popups.get() {
                    popups.close(flow_id.as_ref());
                }
            }
            Output::RequestLock => self.request_lock(),
            Output::ReleaseLock => self.lock.set(None),
            Output::EmitConnection(event) => {
                let mut events = self.connection_events.take();
                events.push(*event);
                self.connection_events.set(events);
            }
            Output::ReadConnections { request } => self.ask_of_connections(request, None),
            Output::Refresh { request, id, seen } => {
                self.ask_of_connections(request, Some((id, seen)));
            }
            Output::Refreshed { token, outcome } => {
                self.answer_waiters(Some(token), &outcome.as_str().into());
            }
            Output::OpenPush => self.open_push(),
            Output::ClosePush => self.stream.set(None),
            Output::Checked { token } => self.answer_waiters(Some(token), &JsValue::UNDEFINED),
            // The drain ends with it.
            Output::Wait { .. } => {}
        }
    }

    /// Sees to it that the machine is asked again at `until`.
    pub(super) fn wait(self: &Rc<Self>, until: Millis, now: Millis) {
        let armed = self.timer.take();
        if armed.as_ref().is_some_and(|(armed, _)| *armed == until) {
            self.timer.set(armed);
            return;
        }
        drop(armed);
        if until == Millis::NEVER {
            return;
        }
        let weak = Rc::downgrade(self);
        let timer = Timer::after(until - now, move || {
            if let Some(inner) = weak.upgrade() {
                inner.timer.set(None);
                inner.feed(Input::Tick);
            }
        });
        self.timer.set(Some((until, timer)));
    }

    /// Without BroadcastChannel a key of localStorage holds the message for a moment: the others hear that it was written.
    fn tell_windows(&self, message: &Tree) {
        let Some(message) = to_js(message) else {
            return;
        };
        if let Some(channel) = self.scoped.get() {
            channel.post(&message);
        } else if let Some(storage) = self.local.get()
            && let Ok(text) = js_sys::JSON::stringify(&message)
        {
            let key = self.names.message_key();
            storage.write(&key, &text);
            storage.remove(&key);
        }
    }

    fn area(&self, area: Area) -> &Slot<super::Storage> {
        match area {
            Area::Local => &self.local,
            Area::Session => &self.session,
        }
    }

    fn is_written(&self, key: &str) -> bool {
        self.local
            .get()
            .is_some_and(|storage| storage.read(key).is_string())
    }

    fn write(self: &Rc<Self>, area: Area, key: &str, content: &Tree) {
        let storage = self.area(area).get();
        let is_stored = match (to_json(content), &storage) {
            (Some(text), Some(storage)) => storage.write(key, &text),
            _ => false,
        };
        if storage.is_some() {
            let state = if is_stored {
                Facility::Ok
            } else {
                Facility::Refused
            };
            match area {
                Area::Local => self.found("local_storage", |all| &mut all.local_storage, state),
                Area::Session => {
                    self.found("session_storage", |all| &mut all.session_storage, state);
                }
            }
        }
        if !is_stored {
            self.feed(Input::Dropped("unstored"));
        }
    }

    fn forget(&self, flow_id: &FlowId) {
        for storage in [&self.local, &self.session] {
            let Some(storage) = storage.get() else {
                continue;
            };
            for key in storage.keys() {
                if self.names.concerns(&key, flow_id) {
                    storage.remove(&key);
                }
            }
        }
    }

    fn ask(self: &Rc<Self>, request: RequestId, question: Question) {
        let Some(source) = &self.options.source else {
            self.feed(Input::CheckFailed {
                request,
                retry_after: None,
            });
            return;
        };
        let weak = Rc::downgrade(self);
        let check = Check::new(
            source,
            self.options.fetch.as_ref(),
            question,
            move |answer| {
                let Some(inner) = weak.upgrade() else { return };
                drop(inner.take_check(request));
                inner.feed(match answer {
                    Answer::Reply(reply) => Input::Reply { request, reply },
                    Answer::Failed { retry_after } => Input::CheckFailed {
                        request,
                        retry_after,
                    },
                    Answer::Spoken(_) => Input::CheckFailed {
                        request,
                        retry_after: None,
                    },
                });
            },
        );
        self.keep_check(request, check);
    }

    pub(super) fn keep_check(&self, request: RequestId, check: Check) {
        let mut checks = self.checks.take();
        checks.push((request, check));
        self.checks.set(checks);
    }

    /// Dropping what it returns aborts the request, which may run code of the app: so that is left to the caller.
    pub(super) fn take_check(&self, request: RequestId) -> Option<Check> {
        let mut taken = None;
        let mut checks = Vec::new();
        for (known, check) in self.checks.take() {
            if known == request {
                taken = Some(check);
            } else {
                checks.push((known, check));
            }
        }
        self.checks.set(checks);
        taken
    }

    fn request_lock(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let request = LockRequest::new(&self.names.scoped, move |granted| {
            let Some(inner) = weak.upgrade() else { return };
            inner.feed(Input::Lock(match granted {
                Granted::Held => Lock::Held,
                Granted::Lost => Lock::Lost,
                Granted::Refused => {
                    inner.found("locks", |all| &mut all.locks, Facility::Refused);
                    Lock::Missing
                }
            }));
        });
        match request {
            Ok(request) => self.lock.set(Some(request)),
            Err(state) => {
                self.found("locks", |all| &mut all.locks, state);
                self.feed(Input::Lock(Lock::Missing));
            }
        }
    }
}
