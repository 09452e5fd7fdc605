//! What the page does to the driver.

use super::super::bag::JsBag;
use super::super::channel::Channel;
use super::super::facility::Facility;
use super::super::fetch;
use super::super::lock;
use super::super::page::{self, Moment, Page};
use super::super::popup::Popups;
use super::super::storage::Storage;
use super::super::window::{Messages, Posted};
use super::super::{decode, value};
use super::{Heard, Inner};
use crate::proto::machine::{Area, Input, Via};
use crate::proto::record::Key;
use std::rc::Rc;

impl Inner {
    /// Listens first and reads then, so that nothing falls between.
    pub(super) fn attach(self: &Rc<Self>) {
        // What is fed from here on waits until all of it is in line.
        self.is_performing.set(true);
        let local = Storage::open(Area::Local);
        let session = Storage::open(Area::Session);
        self.found("local_storage", |all| &mut all.local_storage, state(&local));
        self.found(
            "session_storage",
            |all| &mut all.session_storage,
            state(&session),
        );
        let weak = Rc::downgrade(self);
        let storage = local.as_ref().ok().and_then(|local| {
            local.listen(move |key, text| {
                if let Some(inner) = weak.upgrade()
                    && let Some(input) = decode::stored(&inner.names, key, &text, true)
                {
                    inner.feed(input);
                }
            })
        });
        self.local.set(local.ok());
        self.session.set(session.ok());

        let messages = self.listen_to_window();
        self.found(
            "post_message",
            |all| &mut all.post_message,
            state(&messages),
        );
        let weak = Rc::downgrade(self);
        let page = Page::watch(move |moment| {
            if let Some(inner) = weak.upgrade() {
                inner.on_moment(moment);
            }
        });
        self.listeners.set(Some((messages.ok(), storage, page)));
        self.open_channels();
        let weak = Rc::downgrade(self);
        self.popups.set(Some(Popups::new(move |flow_id| {
            if let Some(inner) = weak.upgrade() {
                inner.feed(Input::WindowClosed { flow_id });
            }
        })));
        if self.options.fetch.is_none() {
            self.found("fetch", |all| &mut all.fetch, state(&fetch::available()));
        }
        self.found("locks", |all| &mut all.locks, state(&lock::locks()));

        self.feed(Input::Visible(page::is_visible()));
        self.read_all();
        self.is_performing.set(false);
        self.feed(Input::Loaded);
    }

    /// Puts everything that is stored in line.
    pub(super) fn read_all(self: &Rc<Self>) {
        for slot in [&self.local, &self.session] {
            let Some(storage) = slot.get() else { continue };
            let is_tab = core::ptr::eq(slot, &self.session);
            for key in storage.keys() {
                // sessionStorage holds records alone; under the plain key stands what `start` left for its window.
                let is_ours = match self.names.key(&key) {
                    Some(Key::Record(_)) => true,
                    Some(Key::Plain | Key::Slot) => !is_tab,
                    Some(Key::Message) | None => false,
                };
                if !is_ours {
                    continue;
                }
                let text = storage.read(&key);
                if let Some(input) = decode::stored(&self.names, key, &text, false) {
                    self.feed(input);
                }
            }
        }
    }

    fn listen_to_window(self: &Rc<Self>) -> Result<Messages, Facility> {
        let mut origins = self.options.callback_origins.clone();
        if origins.is_empty() {
            let location = value::property(&js_sys::global(), "location");
            if let Some(own) = value::text(&value::property(&location, "origin"), 1024) {
                origins.push(own);
            }
        }
        let weak = Rc::downgrade(self);
        Messages::listen(origins, move |posted| {
            let Some(inner) = weak.upgrade() else { return };
            match posted {
                Posted::Message(data, sender) => {
                    if let Some(input) = decode::spoken(&data, Via::PostMessage) {
                        inner.hear(Heard {
                            input,
                            sender: Some(sender),
                        });
                    }
                }
                Posted::ForeignOrigin => inner.feed(decode::FOREIGN_ORIGIN),
                Posted::Undecodable => inner.feed(decode::UNDECODABLE),
            }
        })
    }

    fn open_channels(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let plain = Channel::open(&self.names.namespace, move |data| {
            let Some(inner) = weak.upgrade() else { return };
            let input = match data {
                Some(data) => decode::spoken(&data, Via::BroadcastChannel),
                None => Some(decode::UNDECODABLE),
            };
            if let Some(input) = input {
                inner.feed(input);
            }
        });
        let weak = Rc::downgrade(self);
        let scoped = Channel::open(&self.names.scoped, move |data| {
            let Some(inner) = weak.upgrade() else { return };
            inner.feed(data.map_or(decode::UNDECODABLE, |data| {
                decode::message(JsBag::new(data), &inner.names)
            }));
        });
        self.found(
            "broadcast_channel",
            |all| &mut all.broadcast_channel,
            state(&plain),
        );
        self.plain.set(plain.ok());
        self.scoped.set(scoped.ok());
    }

    fn on_moment(self: &Rc<Self>, moment: Moment) {
        match moment {
            Moment::Focus | Moment::Online => self.feed(Input::Wake),
            Moment::Visible(visible) => {
                // A page that comes back from the back/forward cache hears this before `pageshow`.
                if visible {
                    self.come_back();
                }
                self.feed(Input::Visible(visible));
            }
            Moment::Hide => {
                self.leave();
                self.plain.set(None);
                self.scoped.set(None);
            }
            Moment::Freeze => self.leave(),
            Moment::Show | Moment::Resume => self.come_back(),
        }
    }

    fn leave(self: &Rc<Self>) {
        if !self.is_away.replace(true) {
            self.feed(Input::Leave);
        }
    }

    fn come_back(self: &Rc<Self>) {
        if !self.is_away.replace(false) || self.is_closed.get() {
            return;
        }
        if self.plain.get().is_none() {
            self.open_channels();
        }
        self.feed(Input::Return);
    }
}

fn state<T>(result: &Result<T, Facility>) -> Facility {
    result.as_ref().err().copied().unwrap_or(Facility::Ok)
}
