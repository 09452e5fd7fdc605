//! Disconnecting, and how providers hear of it.

use crate::harness::{ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, Server};
use oauth_sync_server::tokens::{Revoked, TokenError};
use serde_json::json;
use std::time::Duration;
use wiremock::ResponseTemplate;

const REVOKED: Revoked = Revoked {
    revoked: 1,
    given_up: 0,
    postponed: 0,
};

async fn disconnected() -> Server {
    let server = Server::with(|text| {
        text.replacen("issuer", "revocation_endpoint = \"/revoke\"\nissuer", 1)
    })
    .await;
    server.connected("ann", "flow-0001").await;
    let ended = server.app.tokens.disconnect("ann", "mona").await.unwrap();
    assert_eq!(ended.queued.len(), 2);
    server
}

async fn revoke(server: &Server) -> Revoked {
    server.app.tokens.revoke_due().await.unwrap()
}

#[tokio::test]
async fn a_disconnected_person_is_not_connected_and_may_connect_again() {
    let server = disconnected().await;
    let error = server.app.tokens.access_token("ann", "mona").await;
    assert!(matches!(error.err().unwrap(), TokenError::NotConnected));
    let again = server.app.tokens.disconnect("ann", "mona").await;
    assert!(matches!(again.err().unwrap(), TokenError::NotConnected));
    // The flow that made it still says what it did.
    let mut browser = server.browser("ann");
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
    server.connected("ann", "flow-0002").await;
    assert!(server.app.tokens.access_token("ann", "mona").await.is_ok());
}

#[tokio::test]
async fn the_refresh_token_goes_first_and_then_the_access_token() {
    let server = disconnected().await;
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(200))
        .await;
    let done = revoke(&server).await;
    assert_eq!(
        done,
        Revoked {
            revoked: 2,
            ..REVOKED
        }
    );
    let bodies = server.bodies("/revoke").await;
    assert_eq!(
        bodies,
        [
            format!("token={REFRESH_TOKEN}&token_type_hint=refresh_token"),
            format!("token={ACCESS_TOKEN}&token_type_hint=access_token"),
        ]
    );
    let requests = server.provider.received_requests().await.unwrap();
    let basic = requests.last().unwrap().headers["authorization"].to_str();
    assert!(basic.unwrap().starts_with("Basic "));
    assert_eq!(revoke(&server).await, Revoked::default());
    assert_eq!(server.store.waiting_revocations(None).await.unwrap(), 0);
}

#[tokio::test]
async fn every_answer_of_the_revocation_endpoint_is_final_or_put_off() {
    let json = |code: &str| ResponseTemplate::new(400).set_body_json(json!({"error": code}));
    let later = |status: u16, after: &str| {
        ResponseTemplate::new(status).insert_header("retry-after", after)
    };
    for (name, answer, wait) in [
        ("void already, Google", json("invalid_token"), None),
        ("not of this kind", json("unsupported_token_type"), None),
        ("503", ResponseTemplate::new(503), Some(30)),
        ("503 and when", later(503, "120"), Some(120)),
        ("429 and soon", later(429, "1"), Some(30)),
        ("503 for weeks", later(503, "9999999"), Some(6 * 60 * 60)),
        ("a wrong secret", ResponseTemplate::new(401), Some(30)),
        ("a wrong request", json("invalid_request"), Some(30)),
        ("500", ResponseTemplate::new(500), Some(30)),
    ] {
        let server = disconnected().await;
        server.answer_at("POST", "/revoke", answer).await;
        let done = revoke(&server).await;
        let Some(wait) = wait else {
            assert_eq!(done.postponed, 0, "{name}");
            assert!(
                server.store.revocations().await.unwrap().is_empty(),
                "{name}"
            );
            continue;
        };
        assert_eq!(
            (done.postponed, server.bodies("/revoke").await.len()),
            (1, 1),
            "{name}"
        );
        server.clock.advance(Duration::from_secs(wait - 1));
        assert_eq!(revoke(&server).await, Revoked::default(), "{name}");
        server.clock.advance(Duration::from_secs(1));
        assert_eq!(revoke(&server).await.postponed, 1, "{name}");
        assert_eq!(server.bodies("/revoke").await.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_provider_that_never_listens_is_given_up() {
    let server = disconnected().await;
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(500))
        .await;
    let mut rounds = 0;
    let started = server.store.revocations().await.unwrap().len();
    assert_eq!(started, 2);
    while !server.store.revocations().await.unwrap().is_empty() {
        revoke(&server).await;
        server.clock.advance(Duration::from_secs(6 * 60 * 60));
        rounds += 1;
        assert!(rounds < 100);
    }
    assert_eq!(server.bodies("/revoke").await.len(), 30, "15 for each");
}

/// Whoever took a token and died leaves it in the queue.
#[tokio::test]
async fn a_token_is_taken_again_after_a_death() {
    let server = disconnected().await;
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(200))
        .await;
    let now = crate::harness::BEGIN;
    let taken = server
        .store
        .take_revocation(None, now, now + 4000)
        .await
        .unwrap();
    assert!(taken.is_some());
    assert_eq!(revoke(&server).await, Revoked::default());
    server.clock.advance(Duration::from_secs(4));
    assert_eq!(revoke(&server).await.revoked, 2);
}

#[tokio::test]
async fn a_provider_without_an_endpoint_is_not_asked() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.app.tokens.disconnect("ann", "mona").await.unwrap();
    assert_eq!(revoke(&server).await.given_up, 2);
    assert!(server.store.revocations().await.unwrap().is_empty());
}

#[tokio::test]
async fn github_is_told_of_one_token_and_not_of_the_grant() {
    use oauth_sync_server::config::Revocation;

    let github = "\n[providers.github]\nclient_id = \"the client\"\nclient_secret = \"s\"\n";
    let parsed =
        crate::config::parse(&(crate::harness::configuration("http://127.0.0.1:9") + github));
    let revocation = parsed
        .unwrap()
        .providers
        .remove("github")
        .unwrap()
        .revocation;
    let Some(Revocation::GitHub(url)) = revocation else {
        panic!("{revocation:?}")
    };
    assert_eq!(
        url.as_str(),
        "https://api.github.com/applications/the+client/token",
        "the token endpoint: that of the grant ends every token of the app"
    );
    // Another host's tokens are not for GitHub to see.
    let elsewhere = github.to_owned() + "base_url = \"https://github.app.example\"\n";
    let parsed =
        crate::config::parse(&(crate::harness::configuration("http://127.0.0.1:9") + &elsewhere));
    let provider = parsed.unwrap().providers.remove("github").unwrap();
    assert_eq!(
        (provider.revocation, provider.validation_endpoint),
        (None, None)
    );
    assert!(!CLIENT_SECRET.is_empty());
}
