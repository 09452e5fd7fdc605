//! What every store must do, whatever database is behind it. The harness says which.

mod attempts;
mod changes;
mod guards;
mod refreshing;
mod settling;
mod triggers;

use attempts::{
    an_idempotency_key_finds_its_flow, forgets_what_settled_long_ago,
    goes_on_from_an_expired_flow_once, opens_attempts_up_to_the_limit,
    shows_a_person_their_own_flows_alone,
};
use changes::{
    a_watch_tells_whose_counter_rose, every_change_takes_the_next_number_of_its_person,
    numbers_are_in_the_order_of_commits, what_becomes_of_a_connection_takes_a_number,
    what_cannot_be_told_is_said_to_be_so,
};
use guards::guards_a_row_as_the_model_does;
use refreshing::{
    a_generation_is_replaced_once, a_lease_is_held_by_one, a_queued_token_is_taken_by_one,
    a_verdict_holds_for_its_generation_alone, disconnected_is_final,
    of_queued_tokens_the_refresh_token_goes_first,
};
use settling::{
    an_interrupted_exchange_still_takes_its_own_late_answer,
    completes_with_its_connection_or_not_at_all, of_sweeps_at_once_each_flow_is_swept_by_one,
    one_claim_wins_whatever_does_not_fit_does_not, settled_is_final,
    tokens_for_a_connection_that_ended_are_to_be_encrypted_anew,
};

use oauth_sync::proto::flow::FlowId;
use oauth_sync_server::envelope::Sealed;
use oauth_sync_server::store::{
    Claim, Completion, Database, FlowState, NewAttempt, NewConnection, NewFlow, Opening,
    PendingRevocation, Return, Store, TokenKind,
};
use std::sync::Arc;

const NOW: i64 = 1_000_000;
const LATER: i64 = NOW + 100;

fn id(text: &str) -> FlowId {
    FlowId::parse(text.to_owned()).unwrap()
}

fn new_flow(flow: &str, user: &str) -> NewFlow {
    NewFlow {
        id: id(flow),
        user: user.to_owned(),
        provider: "mona".to_owned(),
        return_to: Some("https://app.example/".to_owned()),
        idempotency_key: None,
        expires_at: NOW + 1000,
        claimable_until: NOW + 1200,
    }
}

fn sealed(text: &str) -> Sealed {
    Sealed {
        key_id: "k1".to_owned(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn new_attempt(number: u8) -> NewAttempt {
    NewAttempt {
        state_hash: [number; 32],
        binding_hash: [number + 100; 32],
        redirect_uri: "https://app.example/callback".to_owned(),
        verifier: Some(sealed("verifier")),
        limit: 5,
    }
}

fn back(number: u8) -> Return {
    Return {
        state_hash: [number; 32],
        binding_hash: [number + 100; 32],
        provider: "mona".to_owned(),
        user: "ann".to_owned(),
    }
}

fn claim(text: &str) -> Claim {
    Claim {
        id: text.to_owned(),
        until: NOW + 500,
    }
}

fn completion(flow: &str, claim: &str, connection: &str) -> Completion {
    Completion {
        flow: id(flow),
        claim_id: claim.to_owned(),
        connection: NewConnection {
            id: connection.to_owned(),
            user: "ann".to_owned(),
            provider: "mona".to_owned(),
            tools: vec!["jira".to_owned()],
            scope: Some("read".to_owned()),
            token_type: None,
            access_token: sealed("access"),
            refresh_token: Some(sealed("refresh")),
            access_expires_at: Some(NOW + 5000),
        },
        otherwise: vec![PendingRevocation {
            id: format!("rev-{flow}-{claim}-{connection}"),
            user: "ann".to_owned(),
            provider: "mona".to_owned(),
            kind: TokenKind::Refresh,
            token: sealed("refresh"),
        }],
    }
}

async fn opened(store: &dyn Store, flow: &str, attempt: u8) {
    let opening = store
        .open_attempt(&new_flow(flow, "ann"), &new_attempt(attempt), NOW)
        .await
        .unwrap();
    assert!(matches!(opening, Opening::Opened(..)), "{opening:?}");
}

async fn state(store: &dyn Store, flow: &str) -> FlowState {
    store.flow("ann", &id(flow)).await.unwrap().unwrap().state
}

/// Runs the whole suite on the database that the harness chooses.
macro_rules! contract {
    ($($fact:ident),+ $(,)?) => {
        mod contract {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $fact() {
                let home = crate::harness::Home::chosen().await;
                super::$fact(super::opened_at(&home).await).await;
            })+
        }
    };
}

async fn opened_at(home: &crate::harness::Home) -> Arc<dyn Store> {
    let database = Database::parse(&home.setting()).unwrap();
    database.open().await.unwrap()
}

contract!(
    a_queued_token_is_taken_by_one,
    of_sweeps_at_once_each_flow_is_swept_by_one,
    tokens_for_a_connection_that_ended_are_to_be_encrypted_anew,
    opens_attempts_up_to_the_limit,
    one_claim_wins_whatever_does_not_fit_does_not,
    completes_with_its_connection_or_not_at_all,
    settled_is_final,
    an_interrupted_exchange_still_takes_its_own_late_answer,
    goes_on_from_an_expired_flow_once,
    shows_a_person_their_own_flows_alone,
    an_idempotency_key_finds_its_flow,
    forgets_what_settled_long_ago,
    a_lease_is_held_by_one,
    a_generation_is_replaced_once,
    a_verdict_holds_for_its_generation_alone,
    disconnected_is_final,
    guards_a_row_as_the_model_does,
    of_queued_tokens_the_refresh_token_goes_first,
    every_change_takes_the_next_number_of_its_person,
    what_becomes_of_a_connection_takes_a_number,
    what_cannot_be_told_is_said_to_be_so,
    numbers_are_in_the_order_of_commits,
    a_watch_tells_whose_counter_rose,
);
