//! The numbers, as Prometheus reads them after real flows, and who may read them.

use crate::harness::{BY_SCRIPT, Browser, REFRESH_TOKEN, Rotating, Server, callback, tokens};
use axum::http::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use wiremock::ResponseTemplate;

const TOKEN: &str = "a-token-of-sixteen-bytes";

async fn watched() -> Server {
    Server::with(|text| {
        text.replacen(
            "issuer",
            "rotation = \"strict\"\nrevocation_endpoint = \"/revoke\"\nissuer",
            1,
        ) + &format!("\n[metrics]\ntoken = \"{TOKEN}\"\n")
    })
    .await
}

async fn scrape(browser: &mut Browser) -> BTreeMap<String, f64> {
    let answer = browser
        .get("/metrics", &[("authorization", &format!("Bearer {TOKEN}"))])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(answer.body.ends_with("# EOF\n"));
    let samples = answer.body.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn flows_count_by_outcome_and_provider() {
    let server = watched().await;
    let mut browser = server.browser("ann");
    let completed = browser.start("mona", "flow-0001").await;
    server.clock.advance(Duration::from_secs(25));
    browser.land("mona", &completed.state, "c").await;
    // Again: the same window loaded once more, and a cancel that comes too late.
    browser.land("mona", &completed.state, "c").await;
    browser.cancel("flow-0001").await;
    let denied = browser.start("plain", "flow-0002").await;
    browser
        .land_with_error("plain", &denied.state, "access_denied")
        .await;
    browser.start("plain", "flow-0003").await;
    browser.start("plain", "flow-0003").await;
    browser.cancel("flow-0003").await;
    let failed = browser.start("plain", "flow-0004").await;
    server.answer(ResponseTemplate::new(500)).await;
    browser.land("plain", &failed.state, "c").await;
    browser.start("mona", "flow-0005").await;
    server.clock.advance(Duration::from_secs(63 * 60));
    server.sweep().await;

    let numbers = scrape(&mut browser).await;
    let settled = |provider: &str, outcome: &str| {
        numbers[&format!(
            "oauth_sync_flows_settled_total{{provider=\"{provider}\",outcome=\"{outcome}\"}}"
        )]
    };
    assert_eq!(
        numbers["oauth_sync_flows_started_total{provider=\"mona\"}"],
        2.0
    );
    assert_eq!(
        numbers["oauth_sync_flows_started_total{provider=\"plain\"}"], 3.0,
        "a second window is no second flow"
    );
    assert_eq!(settled("mona", "completed"), 1.0);
    assert_eq!(settled("plain", "cancelled"), 2.0);
    assert_eq!(settled("plain", "failed"), 1.0);
    assert_eq!(settled("", "expired"), 1.0);
    assert_eq!(
        numbers["oauth_sync_duplicate_callbacks_total{provider=\"mona\"}"],
        1.0
    );
    let duration = |part: &str| numbers[&format!("oauth_sync_flow_duration_seconds_{part}")];
    assert_eq!(duration("sum{provider=\"mona\"}"), 25.0);
    assert_eq!(duration("bucket{le=\"20.0\",provider=\"mona\"}"), 0.0);
    assert_eq!(duration("bucket{le=\"30.0\",provider=\"mona\"}"), 1.0);
}

#[tokio::test]
async fn refreshes_and_revocations_count_by_outcome() {
    let server = watched().await;
    server.connected("ann", "flow-0001").await;
    server.clock.skip_waits();
    let mut browser = server.browser("ann");
    let tokens = &server.app.tokens;

    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    server.clock.advance(Duration::from_secs(3600));
    tokens.access_token("ann", "mona").await.unwrap();
    server.answer(ResponseTemplate::new(503)).await;
    server.clock.advance(Duration::from_secs(3600));
    assert!(tokens.access_token("ann", "mona").await.is_err());
    // Sent, and nobody knows: then refused.
    server
        .answer(ResponseTemplate::new(200).set_body_string("<html>"))
        .await;
    server.clock.advance(Duration::from_secs(3600));
    assert!(tokens.access_token("ann", "mona").await.is_err());
    server
        .answer(ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})))
        .await;
    server.clock.advance(Duration::from_secs(3600));
    assert!(tokens.access_token("ann", "mona").await.is_err());
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(200))
        .await;
    tokens.disconnect("ann", "mona").await.unwrap();
    tokens.revoke_due().await.unwrap();

    let numbers = scrape(&mut browser).await;
    let count = |of: &str, outcome: &str| {
        numbers[&format!("oauth_sync_{of}_total{{provider=\"mona\",outcome=\"{outcome}\"}}")]
    };
    for outcome in ["renewed", "failed", "uncertain", "reauth_required"] {
        assert_eq!(count("refreshes", outcome), 1.0, "{outcome}");
    }
    assert_eq!(
        numbers["oauth_sync_lost_rotations_total{provider=\"mona\"}"],
        1.0
    );
    assert_eq!(count("revocations", "revoked"), 2.0);
}

#[tokio::test]
async fn requests_count_by_the_pattern_of_their_route() {
    let server = watched().await;
    let mut browser = server.browser("ann");
    for flow in ["flow-0001", "flow-0002", "flow-0003"] {
        browser
            .get(&format!("/oauth/status?flow={flow}"), BY_SCRIPT)
            .await;
    }
    browser
        .get(&callback("mona", "planted-in-a-path", "code=c"), &[])
        .await;
    browser
        .send("BREW".parse().unwrap(), "/oauth/status", &[], "")
        .await;
    browser.get("/no/such/path", &[]).await;
    let numbers = scrape(&mut browser).await;
    let requests = |method: &str, route: &str, status: u16| {
        numbers[&format!(
            "oauth_sync_request_duration_seconds_count{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
        )]
    };
    assert_eq!(requests("GET", "/oauth/status", 404), 3.0);
    assert_eq!(requests("GET", "/oauth/callback/{provider}", 404), 1.0);
    assert_eq!(requests("other", "/oauth/status", 405), 1.0);
    assert_eq!(requests("GET", "file", 404), 1.0);
    assert_eq!(numbers["oauth_sync_sse_clients"], 0.0);
    assert!(
        numbers
            .keys()
            .all(|name| !name.contains("planted") && !name.contains("such/path"))
    );
}

#[tokio::test]
async fn nobody_sees_them_without_the_token() {
    let server = watched().await;
    let mut browser = server.browser("ann");
    for headers in [
        &[][..],
        &[("authorization", "Bearer a-token-of-sixteen-bytez")],
        &[("authorization", "Bearer ")],
        &[("authorization", TOKEN)],
        &[("authorization", "Basic a-token-of-sixteen-bytes")],
    ] {
        let answer = browser.get("/metrics", headers).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(answer.body.is_empty());
    }
    let unconfigured = Server::start().await;
    let answer = unconfigured.browser("ann").get("/metrics", &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    // On an address of their own they are nowhere else.
    let apart = Server::with(|text| {
        text + "\n[metrics]\nlisten = \"127.0.0.1:0\"\ntoken = \"a-token-of-sixteen-bytes\"\n"
    })
    .await;
    let answer = apart
        .browser("ann")
        .get("/metrics", &[("authorization", &format!("Bearer {TOKEN}"))])
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_request_too_many_is_counted() {
    let server = Server::with(|text| {
        text + &format!("\n[rate_limits]\nread = {{ user = 1 }}\n[metrics]\ntoken = \"{TOKEN}\"\n")
    })
    .await;
    server.answer(tokens()).await;
    let mut browser = server.browser("ann");
    for _ in 0..3 {
        browser.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
    }
    let numbers = scrape(&mut browser).await;
    assert_eq!(
        numbers["oauth_sync_limited_requests_total{class=\"read\",by=\"user\"}"],
        2.0
    );
}
