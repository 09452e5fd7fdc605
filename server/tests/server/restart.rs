//! The process ends at any point, and another opens the same file.

use crate::harness::{FROM_ELSEWHERE, Server, callback, eventually, tokens};
use axum::http::StatusCode;
use std::time::Duration;

#[tokio::test]
async fn a_flow_survives_a_restart_while_the_person_is_away() {
    let mut server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    server.restart().await;
    browser.router = server.router();
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn a_settled_flow_and_its_tokens_survive_a_restart() {
    let mut server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    let before = browser.status("flow-0001").await;
    server.restart().await;
    browser.router = server.router();
    assert_eq!(browser.status("flow-0001").await, before);
    let connection = server
        .store
        .connection("ann", "mona")
        .await
        .unwrap()
        .unwrap();
    assert!(server.app.tokens.open(&connection).is_ok());
}

/// The runtime dies with everything in it, the exchange too: as near to a kill as one process comes.
#[test]
fn an_exchange_that_died_is_called_interrupted() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    };
    let outside = runtime();
    let (mut server, mut browser, state) = outside.block_on(async {
        let server = Server::start().await;
        server
            .answer(tokens().set_delay(Duration::from_secs(1)))
            .await;
        let mut browser = server.browser("ann");
        let state = browser.start("mona", "flow-0001").await.state;
        (server, browser, state)
    });
    let doomed = runtime();
    let (sibling, store) = doomed.block_on(server.sibling());
    let mut lander = browser.clone();
    lander.router = oauth_sync_server::router(sibling);
    let uri = callback("mona", &state, "code=c");
    doomed.spawn(async move { lander.get(&uri, FROM_ELSEWHERE).await });
    outside.block_on(eventually("the code is sent", || async {
        !server.token_requests().await.is_empty()
    }));
    doomed.shutdown_background();
    drop(store);
    outside.block_on(async {
        server.restart().await;
        browser.router = server.router();
        assert_eq!(
            browser.status("flow-0001").await["status"],
            "pending",
            "its claim still runs"
        );
        server.clock.advance(Duration::from_secs(60));
        assert_eq!(server.sweep().await.interrupted, 1);
        let reply = browser.status("flow-0001").await;
        assert_eq!(
            (reply["status"].as_str(), reply["error"]["code"].as_str()),
            (Some("failed"), Some("interrupted"))
        );
        let again = browser.land("mona", &state, "c").await;
        assert_eq!(again.status, StatusCode::OK);
        assert_eq!(again.notice().unwrap()["error"]["code"], "interrupted");
        assert_eq!(
            server.token_requests().await.len(),
            1,
            "the code is not sent again"
        );
    });
}

#[tokio::test]
async fn refuses_to_open_a_database_whose_key_is_missing() {
    use oauth_sync_server::config::{Config, Overrides, Surroundings};

    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    let text =
        crate::harness::configuration("http://127.0.0.1:9").replace("id = \"k1\"", "id = \"k2\"");
    let surroundings = Surroundings {
        variable: &|_| None,
        demo_key: &|_| Err(String::new()),
    };
    let config = Config::parse("t", &text, Overrides::default(), &surroundings).unwrap();
    let clock = oauth_sync_server::clock::Clock::system();
    let refused =
        oauth_sync_server::App::new(config, std::sync::Arc::clone(&server.store), clock).await;
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("k1"), "{message}");
}
