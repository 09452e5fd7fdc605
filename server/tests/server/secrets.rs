//! Secrets do not travel: nothing planted is in a page, a log line or, in clear, in the file.

use crate::harness::{PLANTED, Server, logged};
use oauth_sync_server::store::SqliteStore;

#[tokio::test]
async fn no_secret_is_in_a_page_a_log_or_the_file() {
    // Every answer of every test is searched by the harness; here are the log and the file.
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

    let mut file = std::fs::read(server.database()).unwrap();
    file.extend(std::fs::read(server.database().with_extension("db-wal")).unwrap_or_default());
    let file = String::from_utf8_lossy(&file).into_owned();
    assert!(file.contains("flow-0002"), "it is the right file");
    let log = logged();
    assert!(log.contains("flow-0002"), "it is the right log");
    let secrets = PLANTED.iter().map(|&secret| secret.to_owned());
    for secret in secrets
        .chain([verifier, waiting.state, denied.state])
        .chain(cookies)
    {
        assert!(!file.contains(&secret), "the file has {secret}");
        assert!(!log.contains(&secret), "the log has {secret}");
    }
    // Debug output is what a careless log line would print.
    let store: &SqliteStore = &server.store;
    assert!(!format!("{store:?}").contains("planted"));
}
