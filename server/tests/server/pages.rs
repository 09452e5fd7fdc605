//! What the pages are made of.

use crate::harness::{FROM_THE_APP, Server};
use axum::http::StatusCode;

#[tokio::test]
async fn every_page_is_closed_to_scripts_frames_caches_and_referrers() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let outcome = browser.land("mona", &departure.state, "c").await;
    let unknown = browser.land("mona", "nothing", "c").await;
    let expired = {
        let departure = browser.start("mona", "flow-0002").await;
        server
            .clock
            .advance(std::time::Duration::from_secs(63 * 60));
        browser.cookies.clear();
        browser.land("mona", &departure.state, "c").await
    };
    let mut nonces = std::collections::BTreeSet::new();
    for page in [&outcome, &unknown, &expired] {
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'nonce-"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        nonces.insert(policy.to_owned());
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cross-origin-opener-policy"), "unsafe-none");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for expected in [
            "<!doctype html>",
            "<html lang=\"en\">",
            "width=device-width",
            "color-scheme: light dark",
            "<main>",
            "<h1>",
            "role=\"status\"",
        ] {
            assert!(page.body.contains(expected), "{expected}: {}", page.body);
        }
        assert!(!page.body.contains(" style=\"") && !page.body.contains(" onclick"));
    }
    assert_eq!(nonces.len(), 3, "a nonce is used once");
    assert!(outcome.body.contains("You may close this window"));
}

#[tokio::test]
async fn the_outcome_page_runs_the_packages_own_module() {
    let server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    let module = browser.get("/oauth/callback.js", &[]).await;
    assert_eq!(module.body, oauth_sync::CALLBACK_MODULE);
    assert_eq!(
        module.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    let page = browser.get("/oauth/flows/flow-0001", FROM_THE_APP).await;
    assert!(
        page.body
            .contains("import { finish } from \"/oauth/callback.js\"")
    );
    assert!(page.body.contains("Mona &amp; Co is connected"));
}

#[tokio::test]
async fn a_page_of_the_app_elsewhere_is_told_by_its_origin() {
    let server = Server::with(|text| {
        text.replace(
            "app_origins = [\"http://localhost:4180\", \"http://app.localhost:4180\"]",
            "app_origins = [\"https://app.example\"]\nnamespace = \"mine</script>\"",
        )
    })
    .await;
    let mut browser = server.connected("ann", "flow-0001").await;
    let page = browser.get("/oauth/flows/flow-0001", FROM_THE_APP).await;
    assert!(
        page.body.contains("\"origin\":\"https://app.example\""),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("\"namespace\":\"mine\\u003c/script>\""),
        "{}",
        page.body
    );
    assert!(page.body.contains("href=\"https://app.example/\""));
}

#[tokio::test]
async fn an_exchange_that_takes_long_gets_a_page_that_looks_again() {
    use crate::harness::{eventually, tokens};
    use std::time::Duration;

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
    let page = browser.get("/oauth/flows/flow-0001", FROM_THE_APP).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body
            .contains("http-equiv=\"refresh\" content=\"2;url=/oauth/flows/flow-0001\""),
        "{}",
        page.body
    );
    assert!(
        page.notice().is_none(),
        "nothing is said before it is known"
    );
    landing.await.unwrap();
}

#[tokio::test]
async fn https_gets_cookies_with_the_host_prefix() {
    let server =
        Server::with(|text| text.replace("http://localhost:4180", "https://app.example")).await;
    let mut browser = server.browser("ann");
    let answer = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    let cookies = answer.cookies();
    assert!(
        cookies[0].starts_with("__Host-oauth-attempt-"),
        "{cookies:?}"
    );
    assert!(
        cookies[0].ends_with("; Secure")
            && cookies[0].contains("Path=/;")
            && !cookies[0].contains("Domain")
    );
    let departure = answer.departure();
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}
