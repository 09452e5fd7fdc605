//! From what arrives to what the machine is fed, as the adapters do it.

use super::World;
use super::network::Parcel;
use oauth_sync::proto::bag::Bag;
use oauth_sync::proto::connection::Connection;
use oauth_sync::proto::machine::{Input, Machine, Pushed, Stored};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::{Key, Record};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::time::Millis;
use serde_json::Value;

pub(super) fn input(machine: &Machine, parcel: Parcel) -> Option<Input> {
    Some(match parcel {
        Parcel::Message(wire) => Message::read(&wire, &machine.names().scope)
            .map_or(Input::Dropped("malformed"), Input::Message),
        Parcel::Notice(wire, via) => {
            Notice::read(&wire, Form::Message).map_or(Input::Dropped("malformed"), |notice| {
                Input::Notice { notice, via }
            })
        }
        Parcel::Storage(key, value) => stored(machine, &key, &value, true)?,
        Parcel::Reply(request, wire) => match Reply::read(&wire) {
            Some(reply) => Input::Reply { request, reply },
            None => Input::CheckFailed {
                request,
                retry_after: None,
            },
        },
        Parcel::Failure(request, retry_after) => Input::CheckFailed {
            request,
            retry_after: retry_after.map(Millis),
        },
        Parcel::Lock(lock) => Input::Lock(lock),
        Parcel::List(request, answer) => Input::Connections {
            request,
            list: answer.and_then(|answer| {
                Some((answer.whole("version")?, Connection::read_list(&answer)?))
            }),
            retry_after: None,
        },
        Parcel::Refreshed(request, answer, is_gone) => Input::Refreshed {
            request,
            connection: answer.and_then(|answer| Connection::read(&answer)),
            is_gone,
            retry_after: None,
        },
        Parcel::Pushed(_, _, kind, data) => Input::Pushed(match kind {
            "ready" => Pushed::Ready {
                resumed: data["resumed"] == true,
            },
            "reconnects" => Pushed::Reconnects,
            "ended" => Pushed::Ended,
            "missing" => Pushed::Missing,
            kind => Pushed::read(kind, &data)?,
        }),
    })
}

fn stored(machine: &Machine, key: &str, value: &Value, live: bool) -> Option<Input> {
    let stored = match machine.names().key(key)? {
        Key::Plain => Notice::read(value, Form::PlainKey).map(Stored::Notice),
        Key::Slot => Notice::read(value, Form::Message).map(Stored::Notice),
        Key::Record(rest) => Record::read(rest, value).map(Stored::Record),
        Key::Message => return None,
    };
    Some(Input::Stored {
        key: String::from(key),
        stored: stored.unwrap_or(Stored::Unreadable),
        live,
    })
}

impl World {
    /// What a window finds in both storages, and the end of it.
    pub(super) fn everything_stored(&self, w: usize) -> Vec<Input> {
        let window = &self.windows[w];
        let session = window.session.iter();
        self.local
            .seen_by(w, self.now)
            .chain(session)
            .filter_map(|(key, value)| stored(&window.machine, key, value, false))
            .chain([Input::Loaded])
            .collect()
    }
}
