//! Keys come and go; tokens stay.

use crate::harness::{ACCESS_TOKEN, REFRESH_TOKEN, Rotating, Server, eventually};
use crate::refresh::{row, text};
use oauth_sync_server::tokens::Rotated;
use std::sync::Arc;
use std::time::Duration;

fn with_new_key(text: &str) -> String {
    let new = "[[encryption.keys]]\nid = \"k2\"\nkey = \"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\"\n\n";
    text.replacen(
        "[[encryption.keys]]",
        &format!("{new}[[encryption.keys]]"),
        1,
    )
}

fn without_old_key(text: &str) -> String {
    let old = "[[encryption.keys]]\nid = \"k1\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";
    let new = with_new_key(text).replacen(old, "", 1);
    assert!(!new.contains("k1"));
    new
}

#[tokio::test]
async fn everything_is_encrypted_again_and_the_old_key_may_go() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.connected("bob", "flow-0002").await;
    server.connected("cid", "flow-0003").await;
    server.app.tokens.disconnect("cid", "mona").await.unwrap();
    let mut browser = server.browser("ann");
    let waiting = browser.start("mona", "flow-0004").await;

    let (rotating, store) = server.reconfigured(with_new_key).await;
    let rotated = rotating.tokens.rotate_keys().await.unwrap();
    let expected = Rotated {
        key: "k2".to_owned(),
        connections: 2,
        revocations: 2,
        verifiers: 1,
        damaged: 0,
    };
    assert_eq!(rotated, expected);
    assert_eq!(store.key_ids().await.unwrap(), ["k2"]);
    let again = rotating.tokens.rotate_keys().await.unwrap();
    assert_eq!(
        (again.connections, again.revocations, again.verifiers),
        (0, 0, 0)
    );

    let (after, _) = server.reconfigured(without_old_key).await;
    assert_eq!(text(&after).await, ACCESS_TOKEN);
    assert_eq!(row(&server).await.generation, 1);
    browser.router = oauth_sync_server::router(Arc::clone(&after));
    browser.land("mona", &waiting.state, "c").await;
    assert_eq!(browser.status("flow-0004").await["status"], "completed");
}

#[tokio::test]
async fn a_rotation_in_the_middle_of_a_refresh_harms_neither() {
    let server = Server::rotating("strict").await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_millis(400)))
        .await;
    server.clock.advance(Duration::from_secs(60 * 60));
    let (rotating, _) = server.reconfigured(with_new_key).await;
    let app = Arc::clone(&server.app);
    let caller = tokio::spawn(async move { text(&app).await });
    eventually("the request is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    assert_eq!(rotating.tokens.rotate_keys().await.unwrap().connections, 1);
    assert_eq!(caller.await.unwrap(), "renewed-access-1");
    assert_eq!(row(&server).await.generation, 2);
    // The refresh was begun with the old key, and is found by the next rotation.
    assert_eq!(rotating.tokens.rotate_keys().await.unwrap().connections, 1);
    assert_eq!(text(&rotating).await, "renewed-access-1");
}

#[tokio::test]
async fn what_does_not_open_is_left_and_counted() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.connected("bob", "flow-0002").await;
    let mut other = server.beside().await;
    other
        .run(
            "UPDATE connections SET access_token = (SELECT state_hash FROM attempts LIMIT 1) \
             WHERE user_id = 'bob'",
        )
        .await
        .unwrap();
    let (rotating, store) = server.reconfigured(with_new_key).await;
    let rotated = rotating.tokens.rotate_keys().await.unwrap();
    assert_eq!((rotated.connections, rotated.damaged), (1, 1));
    assert_eq!(
        store.key_ids().await.unwrap(),
        ["k1", "k2"],
        "the old key stays needed"
    );
}
