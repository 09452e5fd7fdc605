//! What is fuzzed, one target a file, each a function of bytes that panics where a property does not hold. Texts are JSON,
//! as they come over the wire; the machine's bytes are a script.

pub mod machine;
pub mod messages;
pub mod notices;
pub mod records;
pub mod replies;

use oauth_sync::proto::connection::Connection;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::{FlowId, Outcome};
use oauth_sync::proto::tree::Tree;
use oauth_sync::proto::verdict::Verdict;
use serde_json::Value;

/// The bounds of `docs/protocol.md` and `docs/connections.md`.
const MAX_NAME: usize = 64;
const MAX_INTEGRATION_ID: usize = 256;
const MAX_CONNECTIONS: usize = 256;
/// The largest whole number that JavaScript holds exactly.
const MAX_WHOLE: u64 = (1 << 53) - 1;

/// What is written, as it is read.
fn wire(tree: &Tree) -> Value {
    serde_json::to_value(tree).expect("JSON")
}

/// Said here once more, so that a reader that forgets a bound is not measured by itself.
fn is_plain(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_name(text: &str, least: usize, others: &str) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || others.contains(char);
    (least..=64).contains(&text.len()) && text.chars().all(fits)
}

fn flow_id_is_bounded(flow_id: &FlowId) {
    assert!(is_name(flow_id.as_str(), 8, "_-"), "{flow_id}");
}

fn code_is_bounded(code: &ErrorCode) {
    assert!(is_name(code.as_str(), 1, "_.-"), "{code:?}");
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
