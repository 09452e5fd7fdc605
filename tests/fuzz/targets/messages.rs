//! What windows tell each other: verdicts, dismissals, who polls, connections.

use super::{
    MAX_INTEGRATION_ID, MAX_NAME, MAX_WHOLE, code_is_bounded, connections_are_bounded,
    flow_id_is_bounded, is_plain, verdict_is_bounded, wire,
};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::state::State;
use serde_json::Value;

const SCOPE: &str = "scope";

/// The bytes are JSON.
pub fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Some(message) = Message::read(&value, SCOPE) else {
        return;
    };
    assert_eq!(
        Message::read(&value, "scope2"),
        None,
        "is of one scope alone"
    );
    match &message {
        Message::State(state) => state_is_bounded(state),
        Message::Removal(removal) => {
            removal.flow_id.iter().for_each(flow_id_is_bounded);
            assert!(removal.at.0 <= MAX_WHOLE);
        }
        Message::Ask { flow_id, .. } => flow_id.iter().for_each(flow_id_is_bounded),
        Message::Here { hold, .. } => assert!(hold.0 <= MAX_WHOLE),
        Message::Connections(told) => {
            connections_are_bounded(&told.connections);
            assert!(told.complete.is_none_or(|version| version <= MAX_WHOLE));
            if let Some((id, _)) = &told.refreshed {
                assert!(is_plain(id, MAX_INTEGRATION_ID));
            }
        }
        Message::Want { id, seen } => {
            assert!(
                id.as_ref()
                    .is_none_or(|id| is_plain(id, MAX_INTEGRATION_ID))
            );
            assert!(*seen <= MAX_WHOLE);
        }
    }
    let again = Message::read(&wire(&message.to_wire(SCOPE)), SCOPE);
    assert_eq!(again, Some(message), "is read as it was told");
}

/// What holds of every flow that is heard of or found.
pub fn state_is_bounded(state: &State) {
    flow_id_is_bounded(&state.flow_id);
    assert!(state.provider.is_empty() || is_plain(&state.provider, MAX_NAME));
    for time in [
        Some(state.started_at),
        Some(state.expires_at),
        state.attempt_at,
        state.checked_at,
    ] {
        assert!(time.is_none_or(|time| time.0 <= MAX_WHOLE));
    }
    state.retry_of.iter().for_each(flow_id_is_bounded);
    state.superseded_by.iter().for_each(flow_id_is_bounded);
    state.error.iter().for_each(code_is_bounded);
    state.verdict.iter().for_each(verdict_is_bounded);
    assert!(
        state
            .app_state
            .as_ref()
            .is_none_or(|json| json.len() <= 2048)
    );
}
