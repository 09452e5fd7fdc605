//! Claims, completions, and what is final.

use super::refreshing::connected;
use super::{LATER, NOW, back, claim, completion, id, new_attempt, new_flow, opened, state};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync_server::store::{Cancelling, Completing, Disconnection, FlowState, Store, Swept};
use std::sync::Arc;

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

/// The connection that tokens were encrypted for was disconnected meanwhile.
pub async fn tokens_for_a_connection_that_ended_are_to_be_encrypted_anew(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    opened(store, "flow-0002", 2).await;
    store.claim(&back(2), &claim("c2"), NOW).await.unwrap();
    let of = Disconnection {
        connection: "int-1".to_owned(),
        generation: 1,
        tokens: Vec::new(),
    };
    assert!(store.disconnect(&of, NOW).await.unwrap());
    let stale = completion("flow-0002", "c2", "int-1");
    assert_eq!(
        store.complete(&stale, NOW).await.unwrap(),
        Completing::Moved
    );
    let fresh = completion("flow-0002", "c2", "int-2");
    let completed = store.complete(&fresh, NOW).await.unwrap();
    assert_eq!(completed, Completing::Completed);
}

/// As instances do that share a database.
pub async fn of_sweeps_at_once_each_flow_is_swept_by_one(store: Arc<dyn Store>) {
    const FLOWS: u8 = 30;
    for number in 0..FLOWS {
        opened(&*store, &format!("flow-{number:04}"), number).await;
    }
    let mut sweeps = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = Arc::clone(&store);
        sweeps.spawn(async move { store.sweep(NOW + 5000, 0).await.unwrap().expired });
    }
    let swept: u64 = sweeps.join_all().await.into_iter().sum();
    assert_eq!(swept, u64::from(FLOWS));
    assert_eq!(store.version("ann").await.unwrap(), i64::from(FLOWS) * 2);
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
