//! What stands in storage: keys, and what is under them.

use super::messages::state_is_bounded;
use super::{MAX_WHOLE, notices, wire};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::{Key, Names, Record};
use oauth_sync::proto::state::Part;
use serde_json::Value;

/// The first line is a key, the rest JSON.
pub fn run(data: &[u8]) {
    let line = data.iter().position(|byte| *byte == b'\n');
    let Some((key, json)) = line.and_then(|end| data.split_at_checked(end)) else {
        return;
    };
    let (Ok(key), Ok(value)) = (
        core::str::from_utf8(key),
        serde_json::from_slice::<Value>(json),
    ) else {
        return;
    };
    // Its tag is af63ee4c86020b22, which is in the corpus: 64 bits are not found by chance.
    let names = Names::new("n", "s");
    let notice = match names.key(key) {
        None => {
            assert!(!names.concerns(key, &other()));
            return;
        }
        Some(Key::Record(rest)) => {
            assert_eq!(key, format!("{}:{rest}", names.scoped));
            if let Some(record) = Record::read(rest, &value) {
                holds(&names, &record);
            }
            return;
        }
        Some(Key::Message) => {
            assert_eq!(key, names.message_key());
            return;
        }
        Some(Key::Plain) => Notice::read(&value, Form::PlainKey),
        Some(Key::Slot) => Notice::read(&value, Form::Message),
    };
    if let Some(notice) = notice {
        notices::holds(&value, notice);
    }
}

/// What holds of a record that is found or written.
pub fn holds(names: &Names, record: &Record) {
    let key = names.record_key(record);
    let Some(Key::Record(rest)) = names.key(&key) else {
        panic!("{key} is no key of a record");
    };
    let written = wire(&record.to_wire());
    let Some(again) = Record::read(rest, &written) else {
        panic!("{written} is not read under {key}");
    };
    assert_eq!(wire(&again.to_wire()), written, "is read as it was written");
    assert_eq!(names.record_key(&again), key, "has one key");

    let flow_id = match &again {
        Record::Flow(part, state) => {
            state_is_bounded(state);
            assert!(*part != Part::Shared, "is never written down");
            Some(&state.flow_id)
        }
        Record::Removal(removal) => {
            assert!(removal.at.0 <= MAX_WHOLE);
            None
        }
    };
    if let Some(flow_id) = flow_id {
        assert!(names.concerns(&key, flow_id), "{key} goes with its flow");
    }
    let others = flow_id.filter(|id| **id == other()).is_none();
    assert!(
        !others || !names.concerns(&key, &other()),
        "{key} goes with no other"
    );
}

fn other() -> FlowId {
    FlowId::parse(String::from("flow-other")).expect("a flow id")
}
