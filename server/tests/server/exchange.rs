//! What a token endpoint can do wrong, and what becomes of its tokens.

use crate::harness::{
    ACCESS_TOKEN, CODE, FROM_ELSEWHERE, REFRESH_TOKEN, Server, callback, eventually, tokens,
};
use axum::http::StatusCode;
use oauth_sync_server::store::TokenKind;
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::time::Duration;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn what_a_provider_writes_beside_its_tokens_cannot_keep_them_from_being_stored() {
    let server = Server::start().await;
    let odd = json!({
        "access_token": ACCESS_TOKEN,
        "token_type": "Bea\u{0}rer",
        "scope": "read\u{0}write",
    });
    server
        .answer(ResponseTemplate::new(200).set_body_json(odd))
        .await;
    server.connected("ann", "flow-0001").await;
    let row = server.store.connection("ann", "mona").await.unwrap();
    assert_eq!(row.unwrap().scope, None);
}

#[tokio::test]
async fn tokens_are_stored_encrypted_and_open_for_their_person_alone() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    let mut connection = server
        .store
        .connection("ann", "mona")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        connection.access_expires_at,
        Some(crate::harness::BEGIN + 3_600_000)
    );
    assert_eq!(connection.scope.as_deref(), Some("read offline_access"));
    let tokens = server.app.tokens.open(&connection).unwrap();
    assert_eq!(tokens.access.expose_secret(), ACCESS_TOKEN);
    assert_eq!(tokens.refresh.unwrap().expose_secret(), REFRESH_TOKEN);
    connection.user = "bob".to_owned();
    assert!(server.app.tokens.open(&connection).is_err());
}

#[tokio::test]
async fn every_wrong_answer_fails_the_flow_once_and_sends_the_code_once() {
    let json =
        |status: u16, body: serde_json::Value| ResponseTemplate::new(status).set_body_json(body);
    let text = |status: u16, body: &str| ResponseTemplate::new(status).set_body_string(body);
    let cases = [
        (
            "invalid_grant",
            json(
                400,
                json!({"error": "invalid_grant", "error_description": "planted"}),
            ),
            "invalid_grant",
        ),
        (
            "invalid_client",
            json(401, json!({"error": "invalid_client"})),
            "invalid_client",
        ),
        (
            "200 with an error",
            json(200, json!({"error": "bad_verification_code"})),
            "invalid_grant",
        ),
        (
            "an error beside a token",
            json(200, json!({"error": "x", "access_token": "t"})),
            "server_error",
        ),
        (
            "an unheard-of error",
            json(400, json!({"error": "planted"})),
            "server_error",
        ),
        ("429", json(429, json!({})), "temporarily_unavailable"),
        ("503", text(503, "busy"), "temporarily_unavailable"),
        (
            "500 with HTML",
            text(500, "<html>"),
            "temporarily_unavailable",
        ),
        ("HTML", text(200, "<html>sign in</html>"), "server_error"),
        (
            "truncated",
            text(200, "{\"access_token\":\"t"),
            "server_error",
        ),
        ("empty", text(200, ""), "server_error"),
        (
            "no token",
            json(200, json!({"token_type": "bearer"})),
            "server_error",
        ),
        (
            "an empty token",
            json(200, json!({"access_token": ""})),
            "server_error",
        ),
        ("a list", json(200, json!([1])), "server_error"),
        ("too large", text(200, &"x".repeat(100_000)), "server_error"),
        (
            "a redirect",
            ResponseTemplate::new(302).insert_header("location", "/token"),
            "server_error",
        ),
        (
            "too slow",
            tokens().set_delay(Duration::from_secs(4)),
            "temporarily_unavailable",
        ),
    ];
    let server = Server::start().await;
    for (index, (name, answer, code)) in cases.into_iter().enumerate() {
        server.answer(answer).await;
        let flow = format!("flow-{index:04}");
        let mut browser = server.browser("ann");
        let departure = browser.start("mona", &flow).await;
        let page = browser.land("mona", &departure.state, CODE).await;
        assert_eq!(page.notice().unwrap()["error"]["code"], code, "{name}");
        assert!(!page.body.contains("planted"), "{name}");
        let reply = browser.status(&flow).await;
        assert_eq!(
            (reply["status"].as_str(), reply["error"]["code"].as_str()),
            (Some("failed"), Some(code)),
            "{name}"
        );
        assert_eq!(server.token_requests().await.len(), 1, "{name}");
    }
    assert!(
        server
            .store
            .connection("ann", "mona")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_unreachable_provider_fails_the_flow() {
    let server = Server::with(|text| {
        text.replace(
            "token_endpoint = \"/token\"",
            "token_endpoint = \"http://127.0.0.1:9/\"",
        )
    })
    .await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(
        browser.status("flow-0001").await["error"]["code"],
        "temporarily_unavailable"
    );
}

#[tokio::test]
async fn odd_but_usable_answers_are_used() {
    let server = Server::start().await;
    for (index, (body, expires)) in [
        (json!({"access_token": "t"}), None),
        (
            json!({"access_token": "t", "expires_in": "3600"}),
            Some(3_600_000),
        ),
        (
            json!({"access_token": "t", "expires_in": 3600.7}),
            Some(3_600_000),
        ),
        (json!({"access_token": "t", "expires_in": u64::MAX}), None),
        (json!({"access_token": "t", "expires_in": -1.0}), None),
        (
            json!({"access_token": "t", "expires_in": null, "refresh_token": null}),
            None,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        server
            .answer(ResponseTemplate::new(200).set_body_json(body))
            .await;
        let user = format!("user-{index}");
        server.connected(&user, &format!("flow-{index:04}")).await;
        let connection = server
            .store
            .connection(&user, "mona")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            connection.access_expires_at,
            expires.map(|life| crate::harness::BEGIN + life)
        );
    }
}

/// Measured for this project: every handler that exchanged inline died with its client.
#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_exchange() {
    let server = Server::start().await;
    server
        .answer(tokens().set_delay(Duration::from_millis(300)))
        .await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut gone = browser.clone();
    let uri = callback("mona", &departure.state, "code=c");
    let request = tokio::spawn(async move { gone.get(&uri, FROM_ELSEWHERE).await });
    eventually("the code is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    // The request is recorded before its answer is delayed, so the flow is still being exchanged here.
    eventually("the flow is completed", || {
        let mut browser = browser.clone();
        async move { browser.status("flow-0001").await["status"] == "completed" }
    })
    .await;
}

#[tokio::test]
async fn a_late_answer_completes_an_interrupted_flow() {
    let server = Server::start().await;
    server
        .answer(tokens().set_delay(Duration::from_millis(500)))
        .await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut other = browser.clone();
    let landing = tokio::spawn(async move { other.land("mona", &departure.state, "c").await });
    eventually("the code is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    server.clock.advance(Duration::from_secs(61));
    assert_eq!(server.sweep().await.interrupted, 1);
    let reply = browser.status("flow-0001").await;
    assert_eq!(
        (reply["status"].as_str(), reply["error"]["code"].as_str()),
        (Some("failed"), Some("interrupted"))
    );
    assert_eq!(landing.await.unwrap().status, StatusCode::OK);
    let reply = browser.status("flow-0001").await;
    assert_eq!(reply["status"], "completed", "a late success wins");
    assert_eq!(reply.get("error"), None);
}

#[tokio::test]
async fn tokens_that_no_flow_takes_are_queued_for_revocation() {
    let server = Server::start().await;
    server
        .answer(tokens().set_delay(Duration::from_millis(500)))
        .await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut other = browser.clone();
    let landing = tokio::spawn(async move { other.land("mona", &departure.state, "c").await });
    eventually("the code is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    // Interrupted, and forgotten a week later, while the answer is on its way.
    server.clock.advance(Duration::from_secs(61));
    server.sweep().await;
    server.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    assert_eq!(server.sweep().await.removed, 1);
    landing.await.unwrap();
    let queued = server.store.revocations().await.unwrap();
    let kinds: Vec<TokenKind> = queued.iter().map(|revocation| revocation.kind).collect();
    assert_eq!(
        kinds,
        [TokenKind::Refresh, TokenKind::Access],
        "the refresh token goes first"
    );
    assert!(
        queued
            .iter()
            .all(|revocation| revocation.user == "ann" && revocation.provider == "mona")
    );
    assert!(
        server
            .store
            .connection("ann", "mona")
            .await
            .unwrap()
            .is_none()
    );
}
