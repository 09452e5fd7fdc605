//! What a callback page says, in both forms.

use super::{
    MAX_NAME, MAX_WHOLE, code_is_bounded, flow_id_is_bounded, is_plain, outcome_is_bounded, wire,
};
use oauth_sync::proto::notice::{End, Form, Notice};
use oauth_sync::proto::record::{Key, Names};
use serde_json::Value;

/// The bytes are JSON.
pub fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let heard = Notice::read(&value, Form::Message);
    let found = Notice::read(&value, Form::PlainKey);
    if let Some(notice) = &heard {
        assert_eq!(found.as_ref(), Some(notice), "the plain key asks for less");
    }
    if let Some(notice) = found {
        holds(&value, notice);
    }
}

/// What holds of a notice that was read from `value`.
pub fn holds(value: &Value, notice: Notice) {
    assert!(is_plain(&notice.id, 64) && is_plain(&notice.provider, MAX_NAME));
    notice.flow_id.iter().for_each(flow_id_is_bounded);
    assert!(notice.timestamp.is_none_or(|said| said.0 <= MAX_WHOLE));
    match &notice.end {
        End::Success(outcome) => outcome_is_bounded(outcome),
        End::Failure(code) => code_is_bounded(code),
    }
    let is_success = matches!(notice.end, End::Success(_));
    assert_eq!(value["success"], Value::Bool(is_success));
    assert!(!is_success || value["type"] != "oauth-failed");

    let names = Names::new("oauth-status", "");
    let slot = names.slot_key(notice.flow_id.as_ref(), &notice.id);
    assert_eq!(names.key(&slot), Some(Key::Slot));
    if let Some(flow_id) = &notice.flow_id {
        assert!(names.concerns(&slot, flow_id));
    }

    let passed_on = Notice::read(&wire(&notice.to_wire()), Form::Message);
    let relayed = Notice {
        relayed: true,
        ..notice
    };
    assert_eq!(passed_on, Some(relayed), "is read as it was passed on");
}
