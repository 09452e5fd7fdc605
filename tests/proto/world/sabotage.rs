//! Faults between the machine and the world, each of which the proofs must find.

use super::World;
use super::network::Parcel;
use oauth_sync::proto::connection::Connection;
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::{Area, EventKind, Input, Machine, Output, Pushed, Via};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::Record;
use oauth_sync::proto::reply::{Reply, Standing};
use oauth_sync::proto::state::{Part, State};
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Takes a callback page's word for the server's.
    BelievesNotices,
    /// Does not write down what was told.
    ForgetsWhatItTold,
    /// Writes it down before the listeners have returned.
    MarksBeforeItTells,
    /// Neither writes nor broadcasts a verdict.
    KeepsVerdictsToItself,
    /// Does not read what is stored when it comes back.
    DoesNotReadAgain,
    /// Polls without answering who asks.
    DoesNotSayHere,
    /// Passes on what was passed on.
    PassesOnEverything,
    /// Measures time by the wall clock.
    TrustsTheWallClock,
    /// Shows a flow of which only a callback page has spoken.
    ShowsStrangers,
    /// Takes a server that does not know a flow for one that says it failed.
    TakesNotFoundForAnEnd,
    /// Never removes what it has written down.
    KeepsEverything,
    /// Tells listeners what another window says of a flow, though it knows better.
    TellsWhatOthersSay,
    /// Forgets every flow and lets nobody know.
    KeepsResetsToItself,
    /// Waits on for a flow that a reset took away.
    WaitsForWhatIsGone,
    /// Does not tell callers how a refresh has ended.
    LeavesCallersWaiting,
    /// Tells each change of a connection twice.
    TellsChangesTwice,
    /// Refreshes a connection without asking the window that polls.
    RefreshesByItself,
    /// Has a connection refreshed whatever the caller has seen.
    ForgetsWhatWasSeen,
    /// Of two views of a connection takes the one that comes last.
    TakesTheLastView,
    /// Does not close its stream.
    KeepsItsStream,
    /// Believes that a stream has missed nothing.
    TrustsTheStream,
}

impl World {
    /// Whether an output is not performed.
    pub(super) fn swallows(&self, output: &Output) -> bool {
        match (self.sabotage, output) {
            (
                Some(Sabotage::ForgetsWhatItTold),
                Output::Write {
                    area: Area::Session,
                    ..
                },
            )
            | (Some(Sabotage::DoesNotSayHere), Output::Broadcast(Message::Here { .. }))
            | (Some(Sabotage::KeepsEverything), Output::Forget { .. } | Output::Remove { .. })
            | (
                Some(Sabotage::KeepsResetsToItself),
                Output::Broadcast(Message::Removal(_))
                | Output::Write {
                    record: Record::Removal(_),
                    ..
                },
            )
            | (Some(Sabotage::LeavesCallersWaiting), Output::Refreshed { .. })
            | (Some(Sabotage::DoesNotReadAgain), Output::Reread)
            | (Some(Sabotage::KeepsItsStream), Output::ClosePush) => true,
            (Some(Sabotage::KeepsVerdictsToItself), Output::Broadcast(Message::State(state))) => {
                state.verdict.is_some()
            }
            (Some(Sabotage::KeepsVerdictsToItself), Output::Write { record, .. }) => {
                matches!(record, Record::Flow(Part::Verdict, _))
            }
            _ => false,
        }
    }

    /// What listeners are told of that has not happened.
    pub(super) fn tells_falsely(&mut self, w: usize, parcel: &Parcel) {
        let window = &mut self.windows[w];
        let Parcel::Message(wire) = parcel else {
            return;
        };
        let scope = &window.machine.names().scope;
        let last = window.events.last().cloned();
        if let (Some(Message::State(told)), Some(mut event)) = (Message::read(wire, scope), last)
            && told.verdict.is_none()
            && event.flow.id == told.flow_id
        {
            event.kind = EventKind::Changed;
            event.flow.status = Status::Pending;
            window.events.push(event);
        }
    }
}

/// What a machine is fed in place of what has arrived.
pub(super) fn misread(machine: &Machine, parcel: &Parcel, sabotage: Sabotage) -> Option<Input> {
    match (sabotage, parcel) {
        (Sabotage::BelievesNotices, Parcel::Notice(wire, _)) => Some(Input::Report {
            flow_id: FlowId::parse(String::from(wire["flowId"].as_str()?))?,
            reply: Reply::of(Status::Completed),
        }),
        (Sabotage::PassesOnEverything, Parcel::Notice(wire, _)) => {
            let mut wire = wire.clone();
            wire["relayed"] = Value::Bool(false);
            wire["id"] = Value::from(format!("{}+", wire["id"].as_str()?));
            Some(Input::Notice {
                notice: Notice::read(&wire, Form::Message)?,
                via: Via::PostMessage,
            })
        }
        (Sabotage::ShowsStrangers, Parcel::Notice(wire, _)) => {
            let notice = Notice::read(wire, Form::Message)?;
            let at = notice.timestamp?;
            let state = State::new(notice.flow_id?, notice.provider, at, at + Millis::hours(1));
            Some(Input::Message(Message::State(state)))
        }
        (Sabotage::TakesNotFoundForAnEnd, Parcel::Reply(request, wire)) => {
            let reply = Reply::read(wire)?;
            (reply.standing == Standing::Unknown).then_some(Input::Reply {
                request: *request,
                reply: Reply::of(Status::Failed),
            })
        }
        (Sabotage::TakesTheLastView, Parcel::Pushed(_, _, "connection", wire)) => {
            let connection = raised(machine, Connection::read(wire)?);
            Some(Input::Pushed(Pushed::Connection(Box::new(connection))))
        }
        (Sabotage::TakesTheLastView, Parcel::Message(wire)) => {
            match Message::read(wire, &machine.names().scope)? {
                Message::Connections(mut told) => {
                    let connections = std::mem::take(&mut told.connections);
                    let connections = connections.into_iter();
                    told.connections = connections.map(|each| raised(machine, each)).collect();
                    Some(Input::Message(Message::Connections(told)))
                }
                _ => None,
            }
        }
        (Sabotage::TrustsTheStream, Parcel::Pushed(_, _, "ready", _)) => {
            Some(Input::Pushed(Pushed::Ready { resumed: true }))
        }
        _ => None,
    }
}

/// The same connection as if it were newer than what is held, where it says something else.
fn raised(machine: &Machine, connection: Connection) -> Connection {
    let views = machine.connections().into_iter();
    let held = views
        .map(|view| view.connection)
        .find(|held| held.id == connection.id && held.state != connection.state);
    match held {
        Some(held) => Connection {
            version: held.version + 1,
            ..connection
        },
        None => connection,
    }
}
