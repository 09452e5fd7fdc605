//! The wire vectors, which the JavaScript side replays as well.

use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::Record;
use oauth_sync::proto::reply::Reply;
use serde_json::{Value, json};

/// Reads each input of a file and compares what comes out with what should: `"dropped"`, or what would be written.
fn replay(file: &str, read: impl Fn(&Value) -> Option<Value>) {
    let vectors: Value = serde_json::from_str(file).expect("JSON");
    let vectors = vectors.as_array().expect("a list");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let out = read(vector).unwrap_or_else(|| json!("dropped"));
        assert_eq!(out, vector["read"], "{}", vector["name"]);
    }
}

fn wire(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

#[test]
fn notices() {
    replay(include_str!("../vectors/notices.json"), |vector| {
        let form = match vector["from"].as_str() {
            Some("plain key") => Form::PlainKey,
            _ => Form::Message,
        };
        Notice::read(&vector["input"], form).map(|notice| wire(&notice.to_wire()))
    });
}

#[test]
fn messages() {
    replay(include_str!("../vectors/messages.json"), |vector| {
        let message = Message::read(&vector["input"], "scope")?;
        Some(wire(&message.to_wire("scope")))
    });
}

#[test]
fn replies() {
    replay(include_str!("../vectors/replies.json"), |vector| {
        Reply::read(&vector["input"]).map(|reply| wire(&reply.to_wire()))
    });
}

#[test]
fn records() {
    replay(include_str!("../vectors/records.json"), |vector| {
        let key = vector["key"].as_str()?;
        Record::read(key, &vector["input"]).map(|record| wire(&record.to_wire()))
    });
}
