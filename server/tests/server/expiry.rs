//! An hour, its grace, and what comes after.

use crate::harness::{FROM_THE_APP, Server};
use axum::http::StatusCode;
use oauth_sync::proto::flow::FlowId;
use oauth_sync_server::store::Swept;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn takes_a_callback_until_the_grace_is_over() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    server.clock.advance(62 * MINUTE - Duration::from_millis(1));
    assert_eq!(server.sweep().await, Swept::default());
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn opens_no_new_attempt_after_the_hour() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    server.clock.advance(61 * MINUTE);
    let page = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        browser.status("flow-0001").await["status"],
        "pending",
        "its callback may be in flight"
    );
    server.clock.advance(2 * MINUTE);
    let page = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert!(page.body.contains("within an hour"), "{}", page.body);
}

#[tokio::test]
async fn says_expired_before_and_after_the_sweep_alike() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    server.clock.advance(62 * MINUTE);
    let before = browser.status("flow-0001").await;
    assert_eq!(
        (before["status"].as_str(), before["error"]["code"].as_str()),
        (Some("expired"), Some("expired"))
    );
    assert_eq!(server.sweep().await.expired, 1);
    assert_eq!(server.sweep().await, Swept::default(), "once");
    assert_eq!(browser.status("flow-0001").await, before);
}

#[tokio::test]
async fn goes_on_from_an_expired_flow_once() {
    for swept in [false, true] {
        let server = Server::start().await;
        let mut browser = server.browser("ann");
        let departure = browser.start("mona", "flow-0001").await;
        let second = browser.start("mona", "flow-0001").await;
        server.clock.advance(63 * MINUTE);
        if swept {
            server.sweep().await;
        }
        let resumed = browser
            .land("mona", &departure.state, "c")
            .await
            .departure();
        assert_ne!(resumed.state, departure.state);
        assert!(
            server.token_requests().await.is_empty(),
            "the old code is not sent: its verifier is gone"
        );

        let old = browser.status("flow-0001").await;
        assert_eq!(old["status"], "expired");
        let next = old["supersededBy"].as_str().unwrap().to_owned();
        assert_eq!(browser.status(&next).await["status"], "pending");

        let again = browser.land("mona", &second.state, "c").await;
        assert_eq!(again.status, StatusCode::OK, "not resumed twice");
        assert!(
            again
                .body
                .contains(&format!("/oauth/start/mona?flow={next}")),
            "{}",
            again.body
        );

        let landed = browser.land("mona", &resumed.state, "c").await;
        assert_eq!(
            landed.notice().unwrap()["flowId"],
            "flow-0001",
            "the id that the waiting window knows"
        );
        assert_eq!(browser.status(&next).await["status"], "completed");
        assert_eq!(browser.status("flow-0001").await["status"], "expired");
    }
}

#[tokio::test]
async fn a_resumed_flow_is_not_resumed_again() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    server.clock.advance(63 * MINUTE);
    let resumed = browser
        .land("mona", &departure.state, "c")
        .await
        .departure();
    server.clock.advance(63 * MINUTE);
    let page = browser.land("mona", &resumed.state, "c").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("within an hour"));
}

#[tokio::test]
async fn without_its_cookie_or_with_an_error_an_expired_flow_gets_a_page() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    server.clock.advance(63 * MINUTE);
    let page = server
        .browser("ann")
        .land("mona", &departure.state, "c")
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("within an hour") && page.body.contains("href=\"/oauth/start/mona\""),
        "{}",
        page.body
    );
    let stranger = server
        .browser("bob")
        .land("mona", &departure.state, "c")
        .await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    let denied = browser
        .land_with_error("mona", &departure.state, "access_denied")
        .await;
    assert_eq!(denied.status, StatusCode::OK);
    assert_eq!(browser.status("flow-0001").await["status"], "expired");
}

#[tokio::test]
async fn a_verifier_lives_exactly_as_long_as_its_flow_can_be_claimed() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let hash = oauth_sync_server::random::sha256(departure.state.as_bytes());
    let verifier = || async {
        server
            .store
            .attempt(&hash)
            .await
            .unwrap()
            .unwrap()
            .attempt
            .verifier
    };
    assert!(verifier().await.is_some());
    server.clock.advance(62 * MINUTE);
    server.sweep().await;
    assert!(verifier().await.is_none());
}

#[tokio::test]
async fn forgets_settled_flows_after_a_week_and_keeps_connections() {
    let server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    server.clock.advance(7 * 24 * 60 * MINUTE);
    assert_eq!(server.sweep().await.removed, 0);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.sweep().await.removed, 1);
    assert_eq!(browser.status("flow-0001").await["status"], "unknown");
    assert!(
        server
            .store
            .connection("ann", "mona")
            .await
            .unwrap()
            .is_some()
    );
    let id = FlowId::parse("flow-0001".to_owned()).unwrap();
    assert!(server.store.flow("ann", &id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_clock_that_jumps_back_loses_nothing() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    server.clock.set(crate::harness::BEGIN - 86_400_000);
    assert_eq!(server.sweep().await, Swept::default());
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}
