//! What every store must do, whatever database is behind it. A store is named at the end of the file, once.

use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::FlowId;
use oauth_sync_server::envelope::Sealed;
use oauth_sync_server::store::{
    Cancelling, Claim, Completing, Completion, FlowState, NewAttempt, NewConnection, NewFlow,
    Opening, PendingRevocation, Return, Store, Swept, TokenKind,
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

pub async fn opens_attempts_up_to_the_limit(store: Arc<dyn Store>) {
    let store = &*store;
    for number in 0..5 {
        let opening = store
            .open_attempt(&new_flow("flow-0001", "ann"), &new_attempt(number), NOW)
            .await
            .unwrap();
        assert!(matches!(opening, Opening::Opened(_, is_new) if is_new == (number == 0)));
    }
    let sixth = store
        .open_attempt(&new_flow("flow-0001", "ann"), &new_attempt(9), NOW)
        .await
        .unwrap();
    assert!(matches!(sixth, Opening::Exhausted(_)));
    let foreign = store
        .open_attempt(&new_flow("flow-0001", "bob"), &new_attempt(9), NOW)
        .await
        .unwrap();
    assert!(matches!(foreign, Opening::Foreign));
    let late = store
        .open_attempt(&new_flow("flow-0001", "ann"), &new_attempt(9), NOW + 1000)
        .await
        .unwrap();
    assert!(matches!(late, Opening::Closed(_)));
    assert!(store.attempt(&[9; 32]).await.unwrap().is_none());
    let found = store.attempt(&[3; 32]).await.unwrap().unwrap();
    assert_eq!(
        (found.attempt.binding_hash, found.flow.id),
        ([103; 32], id("flow-0001"))
    );
    assert_eq!(found.attempt.verifier, Some(b"verifier".to_vec()));
}

pub async fn one_claim_wins_whatever_does_not_fit_does_not(store: Arc<dyn Store>) {
    opened(&*store, "flow-0001", 1).await;
    let mut wrong = vec![back(1), back(1), back(1), back(1)];
    wrong[0].state_hash = [2; 32];
    wrong[1].binding_hash = [2; 32];
    wrong[2].provider = "other".to_owned();
    wrong[3].user = "bob".to_owned();
    for of in &wrong {
        assert!(
            store.claim(of, &claim("c"), NOW).await.unwrap().is_none(),
            "{of:?}"
        );
        assert!(
            !store
                .refuse(of, FlowState::Cancelled, &ErrorCode::ACCESS_DENIED, NOW)
                .await
                .unwrap()
        );
        assert!(
            store
                .resume(
                    of,
                    &new_flow("flow-0002", "ann"),
                    &new_attempt(2),
                    NOW + 2000
                )
                .await
                .unwrap()
                .is_none()
        );
    }
    assert!(
        store
            .claim(&back(1), &claim("late"), NOW + 1200)
            .await
            .unwrap()
            .is_none()
    );
    let mut claims = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        claims.spawn(async move {
            store
                .claim(&back(1), &claim(&format!("c{number}")), NOW + 1199)
                .await
                .unwrap()
        });
    }
    let claimed: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    let [claimed] = &claimed[..] else {
        panic!("{} claims", claimed.len())
    };
    assert_eq!(claimed.verifier, Some(b"verifier".to_vec()));
    assert_eq!(claimed.flow.state, FlowState::Exchanging);
    assert!(
        store
            .attempt(&[1; 32])
            .await
            .unwrap()
            .unwrap()
            .attempt
            .verifier
            .is_none()
    );
}

pub async fn completes_with_its_connection_or_not_at_all(store: Arc<dyn Store>) {
    let store = &*store;
    opened(store, "flow-0001", 1).await;
    store
        .claim(&back(1), &claim("c1"), NOW)
        .await
        .unwrap()
        .unwrap();
    let refused = store
        .complete(&completion("flow-0001", "other", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(refused, Completing::Refused);
    assert_eq!(
        store.revocations().await.unwrap().len(),
        1,
        "queued, not dropped"
    );
    assert!(store.connection("ann", "mona").await.unwrap().is_none());
    assert_eq!(state(store, "flow-0001").await, FlowState::Exchanging);

    let done = store
        .complete(&completion("flow-0001", "c1", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(done, Completing::Completed);
    let flow = store.flow("ann", &id("flow-0001")).await.unwrap().unwrap();
    assert_eq!(
        (flow.state, flow.connection_id.as_deref()),
        (FlowState::Completed, Some("int-1"))
    );
    assert_eq!(
        (flow.tools, flow.settled_at),
        (vec!["jira".to_owned()], Some(LATER))
    );
    // The answer to the commit was lost, so it is asked for again: the stored tokens must not be revoked.
    let again = store
        .complete(&completion("flow-0001", "c1", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(again, Completing::Completed);
    assert_eq!(store.revocations().await.unwrap().len(), 1);
    let connection = store.connection("ann", "mona").await.unwrap().unwrap();
    assert_eq!(
        (connection.id.as_str(), connection.generation),
        ("int-1", 1)
    );

    opened(store, "flow-0002", 2).await;
    store
        .claim(&back(2), &claim("c2"), NOW)
        .await
        .unwrap()
        .unwrap();
    let moved = store
        .complete(&completion("flow-0002", "c2", "int-2"), LATER)
        .await
        .unwrap();
    assert_eq!(moved, Completing::Moved);
    assert_eq!(
        state(store, "flow-0002").await,
        FlowState::Exchanging,
        "nothing was written"
    );
    store
        .complete(&completion("flow-0002", "c2", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(
        store
            .connection("ann", "mona")
            .await
            .unwrap()
            .unwrap()
            .generation,
        2
    );
    assert_eq!(store.key_ids().await.unwrap(), ["k1"]);
}

pub async fn settled_is_final(store: Arc<dyn Store>) {
    let store = &*store;
    for (number, settle) in ["cancelled", "failed", "completed", "expired"]
        .iter()
        .enumerate()
    {
        let number = u8::try_from(number).unwrap();
        let flow = format!("flow-{number:04}");
        opened(store, &flow, number).await;
        match *settle {
            "cancelled" => assert!(matches!(
                store.cancel("ann", &id(&flow), NOW).await.unwrap(),
                Cancelling::Cancelled(_)
            )),
            "failed" => assert!(
                store
                    .refuse(
                        &back(number),
                        FlowState::Failed,
                        &ErrorCode::SERVER_ERROR,
                        NOW
                    )
                    .await
                    .unwrap()
            ),
            "completed" => {
                store
                    .claim(&back(number), &claim("c"), NOW)
                    .await
                    .unwrap()
                    .unwrap();
                store
                    .complete(&completion(&flow, "c", "int-1"), NOW)
                    .await
                    .unwrap();
            }
            _ => assert_eq!(store.sweep(NOW + 1200, 0).await.unwrap().expired, 1),
        }
        let before = store.flow("ann", &id(&flow)).await.unwrap().unwrap();
        assert_eq!(before.state.as_str(), *settle);
        assert!(
            store
                .claim(&back(number), &claim("x"), NOW)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            !store
                .refuse(
                    &back(number),
                    FlowState::Failed,
                    &ErrorCode::SERVER_ERROR,
                    NOW
                )
                .await
                .unwrap()
        );
        assert!(
            !store
                .fail(&id(&flow), "c", &ErrorCode::SERVER_ERROR, NOW)
                .await
                .unwrap()
        );
        let cancelling = store.cancel("ann", &id(&flow), NOW).await.unwrap();
        assert_eq!(
            matches!(cancelling, Cancelling::Cancelled(_)),
            *settle == "cancelled"
        );
        assert_eq!(store.sweep(NOW + 5000, 0).await.unwrap(), Swept::default());
        assert_eq!(
            store.flow("ann", &id(&flow)).await.unwrap().unwrap(),
            before
        );
    }
}

pub async fn an_interrupted_exchange_still_takes_its_own_late_answer(store: Arc<dyn Store>) {
    let store = &*store;
    opened(store, "flow-0001", 1).await;
    store
        .claim(&back(1), &claim("c1"), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.sweep(NOW + 499, 0).await.unwrap(), Swept::default());
    assert_eq!(store.sweep(NOW + 500, 0).await.unwrap().interrupted, 1);
    assert!(
        !store
            .fail(&id("flow-0001"), "c1", &ErrorCode::SERVER_ERROR, LATER)
            .await
            .unwrap()
    );
    let other = store
        .complete(&completion("flow-0001", "c2", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(other, Completing::Refused);
    let own = store
        .complete(&completion("flow-0001", "c1", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(own, Completing::Completed);

    opened(store, "flow-0002", 2).await;
    store
        .claim(&back(2), &claim("c2"), NOW)
        .await
        .unwrap()
        .unwrap();
    assert!(
        store
            .fail(&id("flow-0002"), "c2", &ErrorCode::SERVER_ERROR, LATER)
            .await
            .unwrap()
    );
    let after = store
        .complete(&completion("flow-0002", "c2", "int-1"), LATER)
        .await
        .unwrap();
    assert_eq!(after, Completing::Refused, "it failed for another reason");
}

pub async fn goes_on_from_an_expired_flow_once(store: Arc<dyn Store>) {
    let store = &*store;
    opened(store, "flow-0001", 1).await;
    let resume = |flow: &'static str, attempt: u8, now: i64| async move {
        let mut new = new_flow(flow, "ann");
        (new.expires_at, new.claimable_until) = (now + 1000, now + 1200);
        store
            .resume(&back(1), &new, &new_attempt(attempt), now)
            .await
            .unwrap()
    };
    assert!(
        resume("flow-0002", 2, NOW + 1199).await.is_none(),
        "it can still be claimed"
    );
    let resumed = resume("flow-0002", 2, NOW + 1200).await.unwrap();
    assert_eq!(resumed.resumed_from, Some(id("flow-0001")));
    let old = store.flow("ann", &id("flow-0001")).await.unwrap().unwrap();
    assert_eq!(
        (old.state, old.superseded_by),
        (FlowState::Expired, Some(id("flow-0002")))
    );
    assert!(resume("flow-0003", 3, NOW + 1300).await.is_none());
    assert!(store.flow("ann", &id("flow-0003")).await.unwrap().is_none());
}

pub async fn shows_a_person_their_own_flows_alone(store: Arc<dyn Store>) {
    let store = &*store;
    opened(store, "flow-0001", 1).await;
    assert!(store.flow("bob", &id("flow-0001")).await.unwrap().is_none());
    assert!(matches!(
        store.cancel("bob", &id("flow-0001"), NOW).await.unwrap(),
        Cancelling::Unknown
    ));
    assert!(store.latest_flow("bob", "mona", 0).await.unwrap().is_none());
    assert!(
        store
            .latest_flow("ann", "other", 0)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .latest_flow("ann", "mona", NOW + 1)
            .await
            .unwrap()
            .is_none()
    );
    store.cancel("ann", &id("flow-0001"), LATER).await.unwrap();
    assert_eq!(
        store
            .latest_flow("ann", "mona", LATER)
            .await
            .unwrap()
            .unwrap()
            .id,
        id("flow-0001")
    );
    assert_eq!(state(store, "flow-0001").await, FlowState::Cancelled);
}

pub async fn an_idempotency_key_finds_its_flow(store: Arc<dyn Store>) {
    let mut first = new_flow("flow-0001", "ann");
    first.idempotency_key = Some("key".to_owned());
    let mut second = new_flow("flow-0002", "ann");
    second.idempotency_key = Some("key".to_owned());
    let mut other = new_flow("flow-0003", "bob");
    other.idempotency_key = Some("key".to_owned());
    store
        .open_attempt(&first, &new_attempt(1), NOW)
        .await
        .unwrap();
    let Opening::Opened(flow, false) = store
        .open_attempt(&second, &new_attempt(2), NOW)
        .await
        .unwrap()
    else {
        panic!("the key was not found")
    };
    assert_eq!(flow.id, id("flow-0001"));
    let opening = store
        .open_attempt(&other, &new_attempt(3), NOW)
        .await
        .unwrap();
    assert!(matches!(opening, Opening::Opened(_, true)));
}

pub async fn forgets_what_settled_long_ago(store: Arc<dyn Store>) {
    opened(&*store, "flow-0001", 1).await;
    store.cancel("ann", &id("flow-0001"), NOW).await.unwrap();
    assert_eq!(store.sweep(NOW, NOW).await.unwrap().removed, 0);
    assert_eq!(store.sweep(NOW, NOW + 1).await.unwrap().removed, 1);
    assert!(
        store.attempt(&[1; 32]).await.unwrap().is_none(),
        "its attempts too"
    );
    store.ping().await.unwrap();
}

/// Runs the whole suite on one store.
macro_rules! contract {
    ($store:ident, $open:expr, [$($fact:ident),+ $(,)?]) => {
        mod $store {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $fact() {
                let directory = tempfile::tempdir().unwrap();
                super::$fact($open(directory.path()).await).await;
            })+
        }
    };
    ($store:ident, $open:expr) => {
        contract!($store, $open, [
            opens_attempts_up_to_the_limit,
            one_claim_wins_whatever_does_not_fit_does_not,
            completes_with_its_connection_or_not_at_all,
            settled_is_final,
            an_interrupted_exchange_still_takes_its_own_late_answer,
            goes_on_from_an_expired_flow_once,
            shows_a_person_their_own_flows_alone,
            an_idempotency_key_finds_its_flow,
            forgets_what_settled_long_ago,
        ]);
    };
}

async fn sqlite_in(directory: &std::path::Path) -> Arc<dyn Store> {
    let file = directory.join("contract.db");
    Arc::new(
        oauth_sync_server::store::SqliteStore::open(&file)
            .await
            .unwrap(),
    )
}

contract!(sqlite, crate::store::sqlite_in);
