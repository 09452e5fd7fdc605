//! Refreshes in several processes, and what happens between their steps.

use crate::harness::{ACCESS_TOKEN, REFRESH_TOKEN, Rotating, Server, eventually, tokens};
use crate::refresh::{row, text, token};
use oauth_sync_server::store::{Beginning, Intent, ReauthReason, TokenKind};
use oauth_sync_server::tokens::TokenError;
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use wiremock::ResponseTemplate;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_callers_in_each_of_three_processes_one_refreshes() {
    let server = Server::rotating("strict").await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_millis(300)))
        .await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (app, _store) = server.sibling_in_real_time().await;
        for _ in 0..50 {
            let app = Arc::clone(&app);
            callers.spawn(async move { text(&app).await });
        }
    }
    let got = callers.join_all().await;
    assert_eq!(got.len(), 150);
    assert!(
        got.iter().all(|token| token == "renewed-access-1"),
        "{got:?}"
    );
    assert_eq!(server.token_requests().await.len(), 1);
    assert_eq!(row(&server).await.generation, 2);
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_take_the_refresh_along() {
    let server = Server::rotating("strict").await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_millis(300)))
        .await;
    server.clock.advance(MINUTE * 60);
    let app = Arc::clone(&server.app);
    let caller = tokio::spawn(async move { text(&app).await });
    eventually("the request is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    server.app.tokens.finish().await;
    assert_eq!(row(&server).await.generation, 2);
    assert_eq!(text(&server.app).await, "renewed-access-1");
}

#[tokio::test]
async fn nobody_waits_long_who_has_a_good_token() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.answer(ResponseTemplate::new(503)).await;
    server.clock.advance(MINUTE * 56);
    // The attempt waits for its second request, and time stands still.
    assert_eq!(text(&server.app).await, ACCESS_TOKEN);
    assert!(row(&server).await.lease_until.is_some(), "it goes on");
    server.clock.advance(Duration::from_secs(1));
    eventually("the second request is sent", || async {
        server.token_requests().await.len() == 2
    })
    .await;
}

#[tokio::test]
async fn a_process_that_was_paused_past_its_lease_sends_nothing_more() {
    let server = Server::rotating("none").await;
    server.connected("ann", "flow-0001").await;
    server.answer(ResponseTemplate::new(503)).await;
    server.clock.advance(MINUTE * 56);
    let app = Arc::clone(&server.app);
    let caller = tokio::spawn(async move { text(&app).await });
    eventually("it waits for its second request", || {
        std::future::ready(!server.clock.waits().is_empty())
    })
    .await;
    server.clock.advance(MINUTE);
    assert_eq!(caller.await.unwrap(), ACCESS_TOKEN);
    assert_eq!(server.token_requests().await.len(), 1);
    let row = row(&server).await;
    assert_eq!(row.lease_until, None);
    assert!(!row.is_uncertain(), "503 says that nothing was done");
}

/// As a process leaves the row that dies after its request and before its commit.
async fn died(server: &Server) {
    let row = row(server).await;
    let now = crate::harness::BEGIN + 56 * 60_000;
    let intent = Intent {
        connection: row.id,
        generation: row.generation,
        lease: "of the dead".to_owned(),
        until: now + 18_000,
        forced: false,
        sends: true,
    };
    let begun = server.store.begin_refresh(&intent, now).await.unwrap();
    assert!(matches!(begun, Beginning::Begun(_)));
}

#[tokio::test]
async fn after_a_death_before_the_commit_the_rotation_policy_decides() {
    for (rotation, requests_while_good) in
        [("none", 1), ("grace", 1), ("unknown", 1), ("strict", 0)]
    {
        let server = Server::rotating(rotation).await;
        server.connected("ann", "flow-0001").await;
        server
            .answer(ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})))
            .await;
        server.clock.skip_waits();
        server.clock.advance(MINUTE * 56);
        died(&server).await;
        // Never without the lease: the good token meanwhile.
        assert_eq!(text(&server.app).await, ACCESS_TOKEN, "{rotation}");
        assert!(server.token_requests().await.is_empty(), "{rotation}");
        server.clock.advance(Duration::from_secs(18));
        let got = token(&server.app).await;
        assert_eq!(
            server.token_requests().await.len(),
            requests_while_good,
            "{rotation}"
        );
        let reason = if rotation == "none" {
            ReauthReason::GrantRejected
        } else {
            ReauthReason::RotationLost
        };
        if rotation == "strict" {
            assert_eq!(got.unwrap().token.expose_secret(), ACCESS_TOKEN);
            let forced = server
                .app
                .tokens
                .refresh("ann", "mona", &mut Vec::new())
                .await;
            assert!(matches!(forced.err().unwrap(), TokenError::Later { .. }));
            assert!(server.token_requests().await.is_empty());
            // Nothing is lost any more by trying.
            server.clock.advance(MINUTE * 5);
            assert!(token(&server.app).await.is_err());
            assert_eq!(server.token_requests().await.len(), 1);
        }
        assert_eq!(row(&server).await.reauth_reason, Some(reason), "{rotation}");
    }
}

#[tokio::test]
async fn a_connection_ended_during_a_refresh_stays_ended_and_its_new_tokens_are_queued() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_millis(300)))
        .await;
    server.clock.advance(MINUTE * 60);
    let app = Arc::clone(&server.app);
    let caller = tokio::spawn(async move { token(&app).await.map(|token| token.generation) });
    eventually("the request is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    let ended = server.app.tokens.disconnect("ann", "mona").await.unwrap();
    assert_eq!(ended.queued.len(), 2);
    let error = caller.await.unwrap().unwrap_err();
    assert!(matches!(error, TokenError::NotConnected), "{error}");
    let kinds: Vec<TokenKind> = server
        .store
        .revocations()
        .await
        .unwrap()
        .iter()
        .map(|pending| pending.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            TokenKind::Refresh,
            TokenKind::Access,
            TokenKind::Refresh,
            TokenKind::Access
        ]
    );
}

#[tokio::test]
async fn a_connection_made_again_during_a_refresh_keeps_its_new_tokens() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0002").await;
    // The first request is the refresh, and slow; the second the code.
    let slow = ResponseTemplate::new(200)
        .set_body_json(json!({"access_token": "late", "refresh_token": "late", "expires_in": 3600}))
        .set_delay(Duration::from_millis(800));
    server
        .answer(crate::harness::Answers::new(vec![slow, tokens()]))
        .await;
    server.clock.advance(MINUTE * 56);
    let app = Arc::clone(&server.app);
    let caller = tokio::spawn(async move { text(&app).await });
    eventually("the request is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(row(&server).await.generation, 2);
    assert_eq!(caller.await.unwrap(), ACCESS_TOKEN);
    assert_eq!(
        row(&server).await.generation,
        2,
        "the late answer replaced nothing"
    );
    // Revoking what came late could end the grant that both stand on.
    assert!(server.store.revocations().await.unwrap().is_empty());
}

#[tokio::test]
async fn no_refresh_token_is_spent_while_the_database_takes_no_writes() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.answer(tokens()).await;
    server.clock.advance(MINUTE * 56);
    let mut other = server.beside().await;
    other.block_writes().await;
    assert_eq!(text(&server.app).await, ACCESS_TOKEN, "still good");
    assert!(server.token_requests().await.is_empty());
}

#[tokio::test]
async fn what_does_not_open_is_the_operators_affair() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.answer(tokens()).await;
    server.clock.advance(MINUTE * 60);
    let mut other = server.beside().await;
    other
        .run("UPDATE connections SET refresh_token = access_token")
        .await
        .unwrap();
    let error = token(&server.app).await.err().unwrap();
    assert!(matches!(error, TokenError::Open(_)), "{error}");
    assert!(server.token_requests().await.is_empty());
    assert_eq!(row(&server).await.reauth_reason, None);
}
