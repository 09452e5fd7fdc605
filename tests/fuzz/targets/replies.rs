//! What the server says: of a flow, of connections, by push.

use super::{
    MAX_WHOLE, code_is_bounded, connections_are_bounded, flow_id_is_bounded, outcome_is_bounded,
    wire,
};
use oauth_sync::proto::connection::Connection;
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::Pushed;
use oauth_sync::proto::record::{Key, Names, Record};
use oauth_sync::proto::reply::{Reply, Standing};
use oauth_sync::proto::state::{Part, State};
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::Millis;
use serde_json::Value;

/// The bytes are JSON.
pub fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    if let Some(reply) = Reply::read(&value) {
        holds(&reply);
    }
    connections_are_bounded(&Connection::read(&value).into_iter().collect::<Vec<_>>());
    connections_are_bounded(&Connection::read_list(&value).unwrap_or_default());
    pushed(&value);
}

fn holds(reply: &Reply) {
    reply.error.iter().for_each(code_is_bounded);
    reply.superseded_by.iter().for_each(flow_id_is_bounded);
    outcome_is_bounded(&reply.outcome);
    assert!(reply.retry_after.is_none_or(|span| span.0 <= MAX_WHOLE));
    let again = Reply::read(&wire(&reply.to_wire()));
    assert_eq!(
        again.as_ref(),
        Some(reply),
        "is read as the server writes it"
    );

    let verdict = reply.verdict(Millis(5));
    let is_open = matches!(
        reply.standing,
        Standing::Unknown | Standing::Known(Status::Pending)
    );
    assert_eq!(verdict.is_none(), is_open);
    let Some(verdict) = verdict else { return };
    assert_eq!(
        (verdict.basis, Standing::Known(verdict.status)),
        (Basis::Server, reply.standing)
    );
    // And what a window makes of it is found by the next.
    let flow_id = FlowId::parse(String::from("flow-aaaa")).expect("a flow id");
    let mut state = State::new(flow_id, String::new(), Millis::ZERO, Millis::ZERO);
    state.verdict = Some(verdict);
    let record = Record::Flow(Part::Verdict, state);
    let names = Names::new("oauth-status", "");
    let key = names.record_key(&record);
    let Some(Key::Record(rest)) = names.key(&key) else {
        panic!("{key} is no key of a record");
    };
    assert_eq!(Record::read(rest, &wire(&record.to_wire())), Some(record));
}

fn pushed(value: &Value) {
    match Pushed::read("flow", value) {
        Some(Pushed::Flow { flow_id, reply }) => {
            flow_id_is_bounded(&flow_id);
            assert_eq!(Some(reply), Reply::read(value));
        }
        other => assert_eq!(other, None),
    }
    let connection = Connection::read(value).map(Box::new);
    assert_eq!(
        Pushed::read("connection", value),
        connection.map(Pushed::Connection)
    );
}
