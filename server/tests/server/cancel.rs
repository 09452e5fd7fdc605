//! A person changes their mind.

use crate::harness::{BY_SCRIPT, FROM_THE_APP, Server, eventually, tokens};
use axum::http::StatusCode;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_owner_cancels_a_pending_flow() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let answer = browser.cancel("flow-0001").await;
    assert_eq!(answer.status, StatusCode::OK);
    let cancelled = json!({
        "status": "cancelled", "completed": false, "success": false, "error": {"code": "cancelled_by_user"},
    });
    assert_eq!(answer.json(), cancelled);
    assert_eq!(
        browser.cancel("flow-0001").await.status,
        StatusCode::OK,
        "again is the same"
    );
    // The window that is still open at the provider brings nothing any more.
    let late = browser.land("mona", &departure.state, "c").await;
    assert_eq!(late.notice().unwrap()["error"]["code"], "cancelled_by_user");
    assert!(server.token_requests().await.is_empty());
    assert_eq!(browser.status("flow-0001").await, cancelled);
    let opened = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert!(opened.body.contains("cancelled in the app"));
}

#[tokio::test]
async fn nobody_else_can_and_no_page_elsewhere() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    let mut bob = server.browser("bob");
    let foreign = bob.cancel("flow-0001").await;
    let unknown = bob.cancel("flow-9999").await;
    assert_eq!(
        (foreign.status, &foreign.body),
        (StatusCode::NOT_FOUND, &unknown.body)
    );
    let uri = "/oauth/flows/flow-0001/cancel";
    for headers in [
        &[("origin", "https://elsewhere.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[],
    ] {
        assert_eq!(
            browser.post(uri, headers, "").await.status,
            StatusCode::FORBIDDEN,
            "{headers:?}"
        );
    }
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
}

#[tokio::test]
async fn comes_too_late_for_an_exchange_and_for_a_success() {
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
    let during = browser.cancel("flow-0001").await;
    assert_eq!(
        (during.status, during.json()["status"].as_str()),
        (StatusCode::CONFLICT, Some("pending"))
    );
    landing.await.unwrap();
    let after = browser.cancel("flow-0001").await;
    assert_eq!(
        (after.status, after.json()["status"].as_str()),
        (StatusCode::CONFLICT, Some("completed"))
    );
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn an_allowed_origin_may() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    let mut headers = BY_SCRIPT.to_vec();
    headers[0] = ("origin", "http://app.localhost:4180");
    headers[1] = ("sec-fetch-site", "same-site");
    assert_eq!(
        browser
            .post("/oauth/flows/flow-0001/cancel", &headers, "")
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn comes_too_late_for_a_flow_that_is_out_of_time() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    server.clock.advance(Duration::from_secs(62 * 60));
    let answer = browser.cancel("flow-0001").await;
    assert_eq!(
        (answer.status, answer.json()["status"].as_str()),
        (StatusCode::CONFLICT, Some("expired"))
    );
    assert_eq!(
        browser.status("flow-0001").await["status"],
        "expired",
        "what was said stays"
    );
}
