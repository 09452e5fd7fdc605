//! Secrets do not travel: nothing planted is in a page, a log line or, in clear, in the database.

use crate::harness::{PLANTED, REFRESH_TOKEN, Rotating, Server, found_in, logged};
use oauth_sync_server::store::Database;
use std::time::Duration;
use wiremock::ResponseTemplate;

#[test]
fn the_search_finds_what_is_planted() {
    // It runs over every answer, every log line, whatever a process says, and every database: see the harness.
    for secret in PLANTED {
        let text = format!("before {secret}-1 after");
        assert_eq!(found_in(text.as_bytes()), Some(secret));
    }
    let mut binary = vec![0xff, 0x00, 0x9f];
    binary.extend(REFRESH_TOKEN.as_bytes());
    assert_eq!(found_in(&binary), Some(REFRESH_TOKEN));
    assert_eq!(found_in(b"nothing"), None);
}

#[tokio::test]
async fn no_secret_is_in_a_page_a_log_or_the_database() {
    // Every answer of every test is searched by the harness; here are the log and the database.
    let server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    let waiting = browser.start("mona", "flow-0002").await;
    let denied = browser.start("plain", "flow-0003").await;
    browser
        .land_with_error("plain", &denied.state, "access_denied")
        .await;
    let verifier = server.token_requests().await[0]["code_verifier"].clone();
    let cookies: Vec<String> = browser.cookies.values().cloned().collect();
    assert!(!cookies.is_empty());
    server.store.close().await;

    let stored = server.everything_stored().await;
    assert!(stored.contains("flow-0002"), "it is the right database");
    let log = logged();
    assert!(log.contains("flow-0002"), "it is the right log");
    let secrets = PLANTED.iter().map(|&secret| secret.to_owned());
    for secret in secrets
        .chain([verifier, waiting.state, denied.state])
        .chain(cookies)
    {
        assert!(!stored.contains(&secret), "the database has {secret}");
        assert!(!log.contains(&secret), "the log has {secret}");
    }
    // Debug output is what a careless log line would print.
    let database = Database::parse(&server.database()).unwrap();
    assert!(!format!("{database:?} {database}").contains("planted"));
}

#[tokio::test]
async fn no_secret_of_a_refresh_or_a_revocation_is_in_a_log_or_the_database() {
    let server = Server::with(|text| {
        text.replacen("issuer", "revocation_endpoint = \"/revoke\"\nissuer", 1)
    })
    .await;
    server.connected("eve-of-the-refresh", "flow-0001").await;
    server.clock.skip_waits();
    server.clock.advance(Duration::from_secs(60 * 60));
    let user = "eve-of-the-refresh";
    // The provider repeats what it was sent, as some do in their errors.
    let echo = ResponseTemplate::new(400).set_body_json(serde_json::json!({
        "error": REFRESH_TOKEN, "error_description": REFRESH_TOKEN,
    }));
    server.answer(echo.clone()).await;
    let tokens = &server.app.tokens;
    let error = tokens.access_token(user, "mona").await.err().unwrap();
    let mut shown = format!("{error} {error:?}");
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    server.answer_at("POST", "/revoke", echo).await;
    let mut steps = Vec::new();
    let refreshed = tokens.refresh(user, "mona", &mut steps).await.unwrap();
    shown += &format!("{:?} {:?}", refreshed.connection, refreshed.steps);
    tokens.simulate_failure(user, "mona").await.unwrap();
    tokens.disconnect(user, "mona").await.unwrap();
    assert_eq!(tokens.revoke_due().await.unwrap().postponed, 1);
    tokens.rotate_keys().await.unwrap();
    server.store.close().await;

    let stored = server.everything_stored().await;
    let log = logged();
    assert!(
        stored.contains(user) && log.contains(user),
        "the right ones"
    );
    for secret in PLANTED.iter().chain(&["renewed-access"]) {
        assert!(!stored.contains(secret), "the database has {secret}");
        assert!(!log.contains(secret), "the log has {secret}");
        assert!(
            !shown.contains(secret),
            "an error or a record shows {secret}"
        );
    }
}
