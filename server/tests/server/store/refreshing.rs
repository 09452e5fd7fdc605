//! Leases, generations, and the end of a connection.

use super::{LATER, NOW, back, claim, completion, opened, sealed};
use oauth_sync_server::store::{
    Beginning, Disconnection, Ending, Intent, PendingRevocation, ReauthReason, Renewal, Renewing,
    Store, TokenKind, Verdict,
};
use std::sync::Arc;

pub async fn connected(store: &dyn Store) {
    opened(store, "flow-0001", 1).await;
    store.claim(&back(1), &claim("c1"), NOW).await.unwrap();
    let completion = completion("flow-0001", "c1", "int-1");
    store.complete(&completion, NOW).await.unwrap();
}

pub fn intent(lease: &str, generation: i64, now: i64) -> Intent {
    Intent {
        connection: "int-1".to_owned(),
        generation,
        lease: lease.to_owned(),
        until: now + 1000,
        forced: false,
        sends: true,
    }
}

pub fn queued(id: &str, kind: TokenKind) -> PendingRevocation {
    PendingRevocation {
        id: id.to_owned(),
        user: "ann".to_owned(),
        provider: "mona".to_owned(),
        kind,
        token: sealed(id),
    }
}

pub fn renewal(generation: i64, name: &str) -> Renewal {
    Renewal {
        connection: "int-1".to_owned(),
        generation,
        access_token: sealed(name),
        refresh_token: Some(sealed("refresh-2")),
        scope: None,
        access_expires_at: Some(NOW + 9000),
        otherwise: vec![queued(&format!("rev-{name}"), TokenKind::Access)],
    }
}

pub fn ending(lease: &str, generation: i64, verdict: Verdict) -> Ending {
    Ending {
        connection: "int-1".to_owned(),
        generation,
        lease: lease.to_owned(),
        verdict,
    }
}

pub async fn begins(store: &dyn Store, intent: Intent, now: i64) -> bool {
    matches!(
        store.begin_refresh(&intent, now).await.unwrap(),
        Beginning::Begun(_)
    )
}

pub async fn a_lease_is_held_by_one(store: Arc<dyn Store>) {
    connected(&*store).await;
    let mut wishes = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        wishes.spawn(async move {
            begins(&*store, intent(&format!("l{number}"), 1, LATER), LATER).await
        });
    }
    let taken = wishes.join_all().await;
    assert_eq!(taken.iter().filter(|&&taken| taken).count(), 1);
    let row = store.connection("ann", "mona").await.unwrap().unwrap();
    assert!(
        row.is_uncertain(),
        "the intent is noted before anything is sent"
    );

    assert!(!begins(&*store, intent("next", 1, LATER + 999), LATER + 999).await);
    assert!(begins(&*store, intent("next", 1, LATER + 1000), LATER + 1000).await);
    // The clock goes back by hours: what was taken before that does not hold for hours.
    assert!(begins(&*store, intent("back", 1, 50), 50).await);
    assert!(
        !begins(&*store, intent("gone", 2, 5000), 5000).await,
        "another generation"
    );
}

pub async fn a_generation_is_replaced_once(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    assert!(begins(store, intent("paused", 1, LATER), LATER).await);
    let late = LATER + 2000;
    assert!(begins(store, intent("second", 1, late), late).await);
    // Whoever was paused past the lease still holds the successor: by the generation, not by the lease.
    let stored = store.renew(&renewal(1, "first"), late).await.unwrap();
    assert_eq!(stored, Renewing::Stored);
    let moved = store.renew(&renewal(1, "second"), late).await.unwrap();
    assert_eq!(moved, Renewing::Moved);
    let row = store.connection("ann", "mona").await.unwrap().unwrap();
    assert_eq!((row.generation, row.access_token), (2, b"first".to_vec()));
    assert_eq!(row.refresh_token, Some(b"refresh-2".to_vec()));
    assert_eq!(row.access_issued_at, Some(late));
    assert_eq!(row.scope.as_deref(), Some("read"), "kept where none came");
    assert_eq!((row.lease_until, row.sent_generation), (None, None));
    assert!(store.revocations().await.unwrap().is_empty());
}

pub async fn a_verdict_holds_for_its_generation_alone(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    let reauth = || Verdict::Reauth(ReauthReason::GrantRejected);
    let cooling = || Verdict::Cooling {
        error: "503".to_owned(),
        until: LATER + 400,
    };
    assert!(begins(store, intent("one", 1, LATER), LATER).await);
    let foreign = ending("other", 1, cooling());
    assert!(!store.end_refresh(&foreign, LATER).await.unwrap());
    let under_way = ending("other", 1, reauth());
    assert!(
        !store.end_refresh(&under_way, LATER).await.unwrap(),
        "the one under way may hold the successor"
    );
    let own = ending("one", 1, cooling());
    assert!(store.end_refresh(&own, LATER).await.unwrap());
    let row = store.connection("ann", "mona").await.unwrap().unwrap();
    assert!(!row.is_uncertain());
    assert_eq!(row.refresh_error.as_deref(), Some("503"));
    assert!(!begins(store, intent("cool", 1, LATER + 399), LATER + 399).await);
    let forced = Intent {
        forced: true,
        ..intent("two", 1, LATER + 399)
    };
    assert!(begins(store, forced, LATER + 399).await);

    let own = ending("two", 1, reauth());
    assert!(store.end_refresh(&own, LATER).await.unwrap());
    let row = store.connection("ann", "mona").await.unwrap().unwrap();
    assert_eq!(row.reauth_reason, Some(ReauthReason::GrantRejected));
    assert_eq!(
        row.refresh_token,
        Some(b"refresh".to_vec()),
        "never deleted"
    );
    assert!(!begins(store, intent("three", 1, 90_000), 90_000).await);

    // The successor comes late after all.
    let stored = store.renew(&renewal(1, "late"), LATER).await.unwrap();
    assert_eq!(stored, Renewing::Stored);
    let row = store.connection("ann", "mona").await.unwrap().unwrap();
    assert_eq!((row.generation, row.reauth_reason), (2, None));
    let stale = ending("two", 1, reauth());
    assert!(!store.end_refresh(&stale, LATER).await.unwrap());
}

pub async fn disconnected_is_final(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    assert!(begins(store, intent("one", 1, LATER), LATER).await);
    let of = |generation| Disconnection {
        connection: "int-1".to_owned(),
        generation,
        tokens: vec![queued("rev-1", TokenKind::Refresh)],
    };
    assert!(!store.disconnect(&of(2), LATER).await.unwrap());
    assert!(store.revocations().await.unwrap().is_empty());
    assert!(store.disconnect(&of(1), LATER).await.unwrap());
    assert!(!store.disconnect(&of(1), LATER).await.unwrap());
    assert!(store.connection("ann", "mona").await.unwrap().is_none());
    assert!(store.connections(None).await.unwrap().is_empty());
    assert_eq!(store.revocations().await.unwrap().len(), 1);

    let refused = store.renew(&renewal(1, "late"), LATER).await.unwrap();
    assert_eq!(refused, Renewing::Disconnected);
    let verdict = ending("one", 1, Verdict::Reauth(ReauthReason::GrantRejected));
    assert!(!store.end_refresh(&verdict, LATER).await.unwrap());
    assert_eq!(
        store.revocations().await.unwrap().len(),
        2,
        "queued, not dropped"
    );
    assert_eq!(store.waiting_revocations(Some("ann")).await.unwrap(), 2);
    assert_eq!(store.waiting_revocations(Some("bob")).await.unwrap(), 0);
    assert!(matches!(
        store
            .begin_refresh(&intent("two", 1, LATER), LATER)
            .await
            .unwrap(),
        Beginning::Gone
    ));
}

/// Whoever looks after the queue, in however many instances.
pub async fn a_queued_token_is_taken_by_one(store: Arc<dyn Store>) {
    connected(&*store).await;
    let of = Disconnection {
        connection: "int-1".to_owned(),
        generation: 1,
        tokens: (0..10)
            .map(|number| queued(&format!("rev-{number}"), TokenKind::Refresh))
            .collect(),
    };
    assert!(store.disconnect(&of, LATER).await.unwrap());
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        takers.spawn(async move {
            let mut mine = Vec::new();
            while let Some((token, attempts)) = store
                .take_revocation(None, LATER, LATER + 500)
                .await
                .unwrap()
            {
                assert_eq!(attempts, 1);
                mine.push(token.id);
            }
            mine
        });
    }
    let mut taken: Vec<String> = takers.join_all().await.into_iter().flatten().collect();
    taken.sort();
    let all: Vec<String> = (0..10).map(|number| format!("rev-{number}")).collect();
    assert_eq!(taken, all);
}

pub async fn of_queued_tokens_the_refresh_token_goes_first(store: Arc<dyn Store>) {
    let store = &*store;
    connected(store).await;
    let of = Disconnection {
        connection: "int-1".to_owned(),
        generation: 1,
        // The other way round, so that it is the kind and not the place in the queue.
        tokens: vec![
            queued("rev-access", TokenKind::Access),
            queued("rev-refresh", TokenKind::Refresh),
        ],
    };
    assert!(store.disconnect(&of, LATER).await.unwrap());
    let take = async |now: i64| {
        let taken = store.take_revocation(None, now, now + 500).await.unwrap();
        taken.map(|(pending, attempts)| (pending.id, attempts))
    };
    assert_eq!(take(LATER).await, Some(("rev-refresh".to_owned(), 1)));
    assert_eq!(take(LATER).await, None, "taken, and the other waits for it");
    // Whoever took it died.
    assert_eq!(take(LATER + 500).await, Some(("rev-refresh".to_owned(), 2)));
    store
        .postpone_revocation("rev-refresh", LATER + 9000)
        .await
        .unwrap();
    assert_eq!(take(LATER + 8999).await, None);
    assert_eq!(
        take(LATER + 9000).await,
        Some(("rev-refresh".to_owned(), 3))
    );
    store.finish_revocation("rev-refresh").await.unwrap();
    assert_eq!(take(LATER + 9000).await, Some(("rev-access".to_owned(), 1)));
}
