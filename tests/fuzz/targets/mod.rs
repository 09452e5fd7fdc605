//! What is fuzzed, one target a file, each a function of bytes that panics where a property does not hold. Texts are JSON,
//! as they come over the wire; the machine's bytes are a script.

pub mod machine;
pub mod messages;
pub mod notices;
pub mod records;
pub mod replies;

use oauth_sync::proto::bag::{MAX_WHOLE, is_plain};
use oauth_sync::proto::connection::{Connection, MAX_CONNECTIONS};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::{FlowId, MAX_INTEGRATION_ID, MAX_NAME, Outcome};
use oauth_sync::proto::tree::Tree;
use oauth_sync::proto::verdict::Verdict;
use serde_json::Value;

/// What is written, as it is read.
fn wire(tree: &Tree) -> Value {
    serde_json::to_value(tree).expect("JSON")
}

fn flow_id_is_bounded(flow_id: &FlowId) {
    assert_eq!(FlowId::parse(flow_id.to_string()).as_ref(), Some(flow_id));
}

fn code_is_bounded(code: &ErrorCode) {
    assert_eq!(
        ErrorCode::parse(String::from(code.as_str())).as_ref(),
        Some(code)
    );
}

fn outcome_is_bounded(outcome: &Outcome) {
    assert!(
        outcome
            .integration_id
            .as_ref()
            .is_none_or(|id| is_plain(id, MAX_INTEGRATION_ID))
    );
    assert!(outcome.integrations.len() <= 32);
    for each in &outcome.integrations {
        assert!(is_plain(&each.tool, MAX_NAME) && is_plain(&each.id, MAX_INTEGRATION_ID));
    }
}

fn verdict_is_bounded(verdict: &Verdict) {
    assert!(verdict.settled_at.0 <= MAX_WHOLE);
    assert_eq!(
        verdict.error.is_none(),
        verdict.status == oauth_sync::proto::status::Status::Completed,
        "every verdict but a success says why"
    );
    verdict.error.iter().for_each(code_is_bounded);
    outcome_is_bounded(&verdict.outcome);
}

fn connections_are_bounded(connections: &[Connection]) {
    assert!(connections.len() <= MAX_CONNECTIONS);
    for connection in connections {
        assert!(is_plain(&connection.id, MAX_INTEGRATION_ID));
        assert!(is_plain(&connection.provider, MAX_NAME));
        assert!(connection.tools.len() <= 64 && connection.scopes.len() <= 64);
        assert!(connection.tools.iter().all(|tool| is_plain(tool, MAX_NAME)));
        assert!(connection.scopes.iter().all(|scope| is_plain(scope, 256)));
        assert!(connection.version <= MAX_WHOLE);
        connection.error.iter().for_each(code_is_bounded);
        let again = Connection::read(&wire(&connection.to_wire()));
        assert_eq!(
            again.as_ref(),
            Some(connection),
            "is read as it was written"
        );
    }
}
