//! The status endpoint.

use crate::harness::{BY_SCRIPT, Server, eventually, tokens};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn an_unknown_a_foreign_and_a_missing_flow_look_the_same() {
    let server = Server::start().await;
    server.browser("ann").start("mona", "flow-0001").await;
    let mut bob = server.browser("bob");
    let unknown = bob.get("/oauth/status?flow=flow-9999", BY_SCRIPT).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(
        unknown.json(),
        json!({"status": "unknown", "completed": false, "success": false})
    );
    let mut nobody = server.browser("ann");
    nobody.user = None;
    let foreign = bob.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
    let signed_out = nobody.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
    let missing = bob.get("/oauth/status", BY_SCRIPT).await;
    let malformed = bob.get("/oauth/status?flow=..%2F..", BY_SCRIPT).await;
    let twice = bob
        .get("/oauth/status?flow=flow-0001&flow=flow-0001", BY_SCRIPT)
        .await;
    let provider = server
        .browser("ann")
        .get("/oauth/status?flow=flow-0001&provider=plain", BY_SCRIPT)
        .await;
    for answer in [foreign, signed_out, missing, malformed, twice, provider] {
        assert_eq!(answer.status, unknown.status);
        assert_eq!(answer.body, unknown.body);
        assert_eq!(
            format!("{:?}", answer.headers),
            format!("{:?}", unknown.headers)
        );
    }
}

#[tokio::test]
async fn an_exchange_shows_as_pending() {
    let server = Server::start().await;
    server
        .answer(tokens().set_delay(Duration::from_millis(400)))
        .await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut other = browser.clone();
    let landing = tokio::spawn(async move { other.land("mona", &departure.state, "c").await });
    eventually("the code is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    assert_eq!(
        browser.status("flow-0001").await,
        json!({"status": "pending", "completed": false, "success": false})
    );
    landing.await.unwrap();
}

#[tokio::test]
async fn without_an_id_it_compares_a_clock_with_itself_alone() {
    let server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    server.clock.advance(Duration::from_secs(60));
    // A browser whose clock is years off: only the difference counts.
    for now in [90_000_u64, 4_102_444_800_000] {
        let within = format!(
            "/oauth/status?provider=mona&since={}&now={now}",
            now - 61_000
        );
        assert_eq!(
            browser.get(&within, BY_SCRIPT).await.json()["status"],
            "completed"
        );
        let after = format!(
            "/oauth/status?provider=mona&since={}&now={now}",
            now - 30_000
        );
        assert_eq!(
            browser.get(&after, BY_SCRIPT).await.status,
            StatusCode::NOT_FOUND
        );
    }
    for query in [
        "provider=mona",
        "provider=mona&since=2&now=1",
        "since=1&now=2",
    ] {
        let answer = browser
            .get(&format!("/oauth/status?{query}"), BY_SCRIPT)
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{query}");
    }
    for query in [
        "provider=mona&since=-1&now=2",
        "provider=mona&since=0&now=x",
        "flow=flow-0001&after=null&wait=1",
        "flow=flow-0001&after=1&wait=1.5",
    ] {
        let answer = browser
            .get(&format!("/oauth/status?{query}"), BY_SCRIPT)
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["error"]["code"], "invalid_request", "{query}");
    }
    let other = server
        .browser("bob")
        .get("/oauth/status?provider=mona&since=0&now=100000", BY_SCRIPT)
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn reads_change_nothing_and_carry_a_version() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    let uri = "/oauth/status?flow=flow-0001&provider=mona&since=1&now=2";
    let first = browser.get(uri, BY_SCRIPT).await;
    let second = browser.get(uri, BY_SCRIPT).await;
    assert_eq!(first.header("etag"), "\"1\"");
    assert_eq!(first.header("etag"), second.header("etag"));
    assert_eq!(first.header("cache-control"), "no-store");
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("retry-after"), "");
    browser.cancel("flow-0001").await;
    assert_eq!(browser.get(uri, BY_SCRIPT).await.header("etag"), "\"2\"");
}

#[tokio::test]
async fn a_long_poll_is_answered_by_the_change() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    let mut waiting = browser.clone();
    let poll = tokio::spawn(async move {
        waiting
            .get("/oauth/status?flow=flow-0001&after=1&wait=25", BY_SCRIPT)
            .await
    });
    let began = Instant::now();
    let unchanged = browser
        .get("/oauth/status?flow=flow-0001&after=1&wait=1", BY_SCRIPT)
        .await;
    assert_eq!(unchanged.json()["status"], "pending");
    assert!(began.elapsed() >= Duration::from_secs(1), "it waited");
    assert!(!poll.is_finished());
    browser.cancel("flow-0001").await;
    assert_eq!(poll.await.unwrap().json()["status"], "cancelled");
    let stale = browser
        .get("/oauth/status?flow=flow-0001&after=1&wait=25", BY_SCRIPT)
        .await;
    assert_eq!(
        stale.json()["status"],
        "cancelled",
        "at once where the version is another"
    );
}

#[tokio::test]
async fn a_long_poll_ends_when_the_server_stops() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    server.app.stopping.cancel();
    let answer = browser
        .get("/oauth/status?flow=flow-0001&after=1&wait=25", BY_SCRIPT)
        .await;
    assert_eq!(answer.json()["status"], "pending");
}

#[tokio::test]
async fn lets_exactly_the_configured_origins_read() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    let uri = "/oauth/status?flow=flow-0001";
    let allowed = browser
        .get(uri, &[("origin", "http://app.localhost:4180")])
        .await;
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "http://app.localhost:4180"
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    assert!(
        allowed
            .header("access-control-expose-headers")
            .contains("retry-after")
    );
    for origin in [
        "https://elsewhere.example",
        "http://app.localhost:4181",
        "http://app.localhost",
        "null",
    ] {
        let refused = browser.get(uri, &[("origin", origin)]).await;
        assert_eq!(
            refused.header("access-control-allow-origin"),
            "",
            "{origin}"
        );
    }
    let preflight = browser
        .send(
            Method::OPTIONS,
            "/oauth/flows/flow-0001/cancel",
            &[
                ("origin", "http://app.localhost:4180"),
                ("access-control-request-method", "POST"),
            ],
            "",
        )
        .await;
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        "http://app.localhost:4180"
    );
}

#[tokio::test]
async fn health_says_whether_the_database_answers() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    assert_eq!(browser.get("/healthz", &[]).await.status, StatusCode::OK);
    assert_eq!(browser.get("/readyz", &[]).await.status, StatusCode::OK);
    server.store.close().await;
    assert_eq!(browser.get("/healthz", &[]).await.status, StatusCode::OK);
    assert_eq!(
        browser.get("/readyz", &[]).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let answer = browser.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "never a verdict, never 404"
    );
    assert_eq!(answer.header("retry-after"), "1");
}
