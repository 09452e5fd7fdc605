//! What the driver does about connections, and the stream of server push.

use super::super::facility::Facility;
use super::super::fetch::{Answer, Check, Request, Spoken};
use super::super::push::Stream;
use super::Inner;
use crate::proto::bag::Bag;
use crate::proto::connection::Connection;
use crate::proto::machine::{Input, Pushed, RequestId};
use crate::proto::text::{cut, join};
use std::rc::Rc;

impl Inner {
    /// Asks for the list, or that one be refreshed.
    pub(super) fn ask_of_connections(
        self: &Rc<Self>,
        request: RequestId,
        refresh: Option<(String, u64)>,
    ) {
        let Some(url) = &self.options.connections_url else {
            return;
        };
        let is_refresh = refresh.is_some();
        let question = match refresh {
            Some((id, seen)) => Request::Refresh(below(url, &id), seen),
            None => Request::List(url.clone()),
        };
        let weak = Rc::downgrade(self);
        let check = Check::of_connections(question, self.options.fetch.as_ref(), move |answer| {
            let Some(inner) = weak.upgrade() else { return };
            drop(inner.take_check(request));
            let spoken = match answer {
                Answer::Spoken(spoken) => Some(spoken),
                _ => None,
            };
            inner.feed(if is_refresh {
                refreshed(request, spoken)
            } else {
                listed(request, spoken)
            });
        });
        self.keep_check(request, check);
    }

    pub(super) fn open_push(self: &Rc<Self>) {
        // Closed first: a server bounds how many streams a person has.
        self.stream.set(None);
        let Some(url) = &self.options.events_url else {
            return;
        };
        let weak = Rc::downgrade(self);
        let stream = Stream::open(url, &self.last_event_id, move |pushed| {
            let Some(inner) = weak.upgrade() else { return };
            inner.feed(match pushed {
                Some(pushed) => {
                    match pushed {
                        Pushed::Ready { .. } => inner.found_push(Facility::Ok),
                        Pushed::Ended => inner.found_push(Facility::Refused),
                        _ => {}
                    }
                    Input::Pushed(pushed)
                }
                None => Input::Dropped("malformed"),
            });
        });
        match stream {
            Ok(stream) => self.stream.set(Some(stream)),
            Err(state) => {
                self.found_push(state);
                self.feed(Input::Pushed(if state == Facility::Missing {
                    Pushed::Missing
                } else {
                    Pushed::Ended
                }));
            }
        }
    }

    fn found_push(&self, state: Facility) {
        self.found("event_source", |all| &mut all.event_source, state);
    }
}

fn listed(request: RequestId, spoken: Option<Spoken>) -> Input {
    let retry_after = spoken.as_ref().and_then(|spoken| spoken.retry_after);
    let body = spoken
        .filter(|spoken| spoken.status == 200)
        .and_then(|spoken| spoken.body);
    Input::Connections {
        request,
        list: body.and_then(|body| Some((body.whole("version")?, Connection::read_list(&body)?))),
        retry_after,
    }
}

/// 200, 409 and 503 come with the connection, which says what they mean.
fn refreshed(request: RequestId, spoken: Option<Spoken>) -> Input {
    let retry_after = spoken.as_ref().and_then(|spoken| spoken.retry_after);
    let is_gone = spoken.as_ref().is_some_and(|spoken| spoken.status == 404);
    let body = spoken.and_then(|spoken| spoken.body);
    Input::Refreshed {
        request,
        connection: body.and_then(|body| Connection::read(&body)),
        is_gone,
        retry_after,
    }
}

/// Where one connection is refreshed.
fn below(url: &str, id: &str) -> String {
    let (path, query) = cut(url, b'?');
    let id = String::from(js_sys::encode_uri_component(id));
    let (mark, query) = query.map_or(("", ""), |query| ("?", query));
    join(&[path, "/", &id, "/refresh", mark, query])
}
