//! Numbers of changes, and who hears of them.

use super::refreshing::{begins, connected, ending, intent, queued, renewal};
use super::{LATER, NOW, back, claim, id, new_attempt, new_flow, opened, sealed};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync_server::store::{
    Change, Disconnection, FlowState, ReauthReason, Replay, Risen, Store, TokenKind, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;

async fn after(store: &dyn Store, number: i64) -> Vec<(i64, String)> {
    let replay = store.changes("ann", number, 100).await.unwrap();
    let changes = replay.changes.unwrap();
    changes.iter().map(short).collect()
}

fn short(change: &Change) -> (i64, String) {
    let text = match change {
        Change::Flow(flow) => format!("{} {}", flow.id.as_str(), flow.state.as_str()),
        Change::Connection(row) => format!(
            "{} {}{}",
            row.id,
            row.generation,
            match (row.disconnected_at, row.reauth_reason, &row.refresh_error) {
                (Some(_), ..) => " disconnected",
                (_, Some(_), _) => " reauth",
                (.., Some(_)) => " failed",
                _ => "",
            }
        ),
    };
    (change.version(), text)
}

async fn told(store: &dyn Store, number: i64, expected: &[(i64, &str)]) {
    let expected: Vec<(i64, String)> = expected
        .iter()
        .map(|&(version, text)| (version, text.to_owned()))
        .collect();
    assert_eq!(after(store, number).await, expected);
}

pub async fn every_change_takes_the_next_number_of_its_person(store: Arc<dyn Store>) {
    let store = &*store;
    assert_eq!(store.version("ann").await.unwrap(), 0);
    connected(store).await;
    // Made, and not: claimed, which nobody outside sees. Then the connection and its flow, in one transaction.
    told(store, 0, &[(2, "int-1 1"), (3, "flow-0001 completed")]).await;

    let other = new_flow("flow-of-bob", "bob");
    store
        .open_attempt(&other, &new_attempt(9), NOW)
        .await
        .unwrap();
    assert_eq!(store.version("bob").await.unwrap(), 1, "a counter each");
    assert_eq!(store.version("ann").await.unwrap(), 3);

    opened(store, "flow-0002", 2).await;
    opened(store, "flow-0002", 3).await;
    told(store, 3, &[(4, "flow-0002 pending")]).await;
    store.cancel("ann", &id("flow-0002"), NOW).await.unwrap();
    store.cancel("ann", &id("flow-0002"), NOW).await.unwrap();
    told(store, 3, &[(5, "flow-0002 cancelled")]).await;

    opened(store, "flow-0003", 4).await;
    let denied = ErrorCode::ACCESS_DENIED;
    store
        .refuse(&back(4), FlowState::Cancelled, &denied, NOW)
        .await
        .unwrap();
    told(store, 6, &[(7, "flow-0003 cancelled")]).await;

    opened(store, "flow-0004", 5).await;
    store.claim(&back(5), &claim("c5"), NOW).await.unwrap();
    store
        .fail(&id("flow-0004"), "c5", &ErrorCode::SERVER_ERROR, NOW)
        .await
        .unwrap();
    told(store, 8, &[(9, "flow-0004 failed")]).await;

    opened(store, "flow-0005", 6).await;
    opened(store, "flow-0006", 7).await;
    store.claim(&back(7), &claim("c7"), NOW).await.unwrap();
    let late = NOW + 2000;
    store.sweep(late, 0).await.unwrap();
    let swept = after(store, 11).await;
    let kinds: Vec<&str> = swept.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        (swept[0].0, swept[1].0),
        (12, 13),
        "a number for each of a sweep"
    );
    assert!(kinds.contains(&"flow-0005 expired") && kinds.contains(&"flow-0006 failed"));

    let resumed = store
        .resume(
            &back(6),
            &new_flow("flow-0007", "ann"),
            &new_attempt(8),
            late,
        )
        .await
        .unwrap();
    assert_eq!(
        resumed.unwrap().version,
        15,
        "what is returned has its number"
    );
    told(
        store,
        13,
        &[(14, "flow-0005 expired"), (15, "flow-0007 pending")],
    )
    .await;
}

pub async fn what_becomes_of_a_connection_takes_a_number(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    assert!(begins(store, intent("one", 1, LATER), LATER).await);
    let untouched = ending("one", 1, Verdict::Untouched);
    assert!(store.end_refresh(&untouched, LATER).await.unwrap());
    let row = store.connection("ann", "mona").await.unwrap().unwrap();
    assert_eq!(row.version, 2, "a lease and an intent are nobody's affair");
    let rows = store.sealed_otherwise("k2").await.unwrap();
    let rotated = store
        .reseal(&rows[0], &sealed("again"), Some(&sealed("again")))
        .await;
    assert!(rotated.unwrap());
    told(store, 3, &[]).await;

    assert!(begins(store, intent("two", 1, LATER), LATER).await);
    let cooling = |until| Verdict::Cooling {
        error: "503".to_owned(),
        until,
    };
    let failed = ending("two", 1, cooling(LATER + 1));
    assert!(store.end_refresh(&failed, LATER).await.unwrap());
    told(store, 3, &[(4, "int-1 1 failed")]).await;
    assert!(begins(store, intent("three", 1, LATER + 1), LATER + 1).await);
    let failed = ending("three", 1, cooling(LATER + 2));
    assert!(store.end_refresh(&failed, LATER + 1).await.unwrap());
    told(store, 3, &[(5, "int-1 1 failed")]).await;

    store.renew(&renewal(1, "first"), LATER).await.unwrap();
    store.renew(&renewal(1, "stale"), LATER).await.unwrap();
    told(store, 5, &[(6, "int-1 2")]).await;

    let rejected = ending("none", 2, Verdict::Reauth(ReauthReason::GrantRejected));
    assert!(store.end_refresh(&rejected, LATER).await.unwrap());
    told(store, 6, &[(7, "int-1 2 reauth")]).await;

    let of = Disconnection {
        connection: "int-1".to_owned(),
        generation: 2,
        tokens: vec![queued("rev-1", TokenKind::Access)],
    };
    assert!(store.disconnect(&of, LATER).await.unwrap());
    assert!(!store.disconnect(&of, LATER).await.unwrap());
    told(store, 7, &[(8, "int-1 2 disconnected")]).await;
    let row = store.connection_of("ann", "int-1").await.unwrap().unwrap();
    assert_eq!((row.version, row.disconnected_at), (8, Some(LATER)));
    assert!(store.connection_of("bob", "int-1").await.unwrap().is_none());
    let listing = store.listing("ann").await.unwrap();
    assert_eq!((listing.version, listing.connections.len()), (8, 0));
}

pub async fn what_cannot_be_told_is_said_to_be_so(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    opened(store, "flow-0002", 2).await;
    store.cancel("ann", &id("flow-0002"), LATER).await.unwrap();
    let tell = async |after, most| -> Replay { store.changes("ann", after, most).await.unwrap() };
    assert!(tell(6, 100).await.changes.is_none(), "not of this counter");
    assert!(tell(-1, 100).await.changes.is_none());
    assert!(tell(0, 2).await.changes.is_none(), "too many");
    assert_eq!(tell(0, 3).await.changes.unwrap().len(), 3);
    assert_eq!(tell(5, 100).await.changes.unwrap().len(), 0);
    assert_eq!(tell(9, 100).await.version, 5);

    // The flow that settled first is forgotten: whoever has not heard of it can no longer.
    store.sweep(LATER, LATER).await.unwrap();
    assert!(tell(2, 100).await.changes.is_none());
    told(store, 3, &[(5, "flow-0002 cancelled")]).await;
    assert_eq!(store.version("ann").await.unwrap(), 5, "it never goes back");
    let nobody = store.changes("nobody", 0, 100).await.unwrap();
    assert_eq!((nobody.version, nobody.changes.unwrap().len()), (0, 0));
}

/// A reader that asks again and again from where it is misses nothing, however writers overlap.
pub async fn numbers_are_in_the_order_of_commits(store: Arc<dyn Store>) {
    const WRITERS: u8 = 8;
    const FLOWS: u8 = 6;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for number in 0..FLOWS {
                let flow = format!("flow-{writer:02}-{number:02}");
                opened(&*store, &flow, 1 + writer * FLOWS + number).await;
                store.cancel("ann", &id(&flow), NOW).await.unwrap();
            }
        });
    }
    let mut known = 0;
    let mut last = BTreeMap::new();
    loop {
        let done = writers.is_empty();
        let replay = store.changes("ann", known, 1000).await.unwrap();
        for change in replay.changes.unwrap() {
            let Change::Flow(flow) = change else {
                unreachable!("no connections here")
            };
            assert!(known < flow.version && flow.version <= replay.version);
            last.insert(flow.id.as_str().to_owned(), flow.state);
        }
        known = replay.version;
        if done {
            break;
        }
        while let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }
    assert_eq!(known, i64::from(WRITERS * FLOWS) * 2);
    assert_eq!(last.len(), usize::from(WRITERS * FLOWS));
    assert!(last.values().all(|&state| state == FlowState::Cancelled));
}

pub async fn a_watch_tells_whose_counter_rose(store: Arc<dyn Store>) {
    let mut watch = store.watch();
    assert_eq!(watch.next().await.unwrap(), Risen::Anyone, "at first");
    opened(&*store, "flow-0001", 1).await;
    assert_eq!(
        watch.next().await.unwrap(),
        Risen::Of(vec!["ann".to_owned()])
    );
    // What changes nothing that anybody sees tells nobody.
    store.claim(&back(1), &claim("c1"), NOW).await.unwrap();
    let other = new_flow("flow-of-bob", "bob");
    store
        .open_attempt(&other, &new_attempt(9), NOW)
        .await
        .unwrap();
    assert_eq!(
        watch.next().await.unwrap(),
        Risen::Of(vec!["bob".to_owned()])
    );
    // An answer that was dropped halfway loses nothing: the next one makes everyone look.
    drop(tokio::time::timeout(std::time::Duration::from_millis(1), watch.next()).await);
    assert_eq!(watch.next().await.unwrap(), Risen::Anyone);
}
