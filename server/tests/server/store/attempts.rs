//! Attempts, whose they are, and what comes after an hour and after a week.

use super::{LATER, NOW, back, id, new_attempt, new_flow, opened, state};
use oauth_sync_server::store::{Cancelling, FlowState, Opening, Store};
use std::sync::Arc;

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
