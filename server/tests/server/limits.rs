//! How often one may ask: by person, by address, by kind of route.

use crate::harness::{BY_SCRIPT, Browser, FROM_THE_APP, Server};
use axum::http::StatusCode;
use oauth_sync_server::limit::Rates;
use std::time::Duration;

/// Few requests a minute, so that a test need not make many. The test's own address is a proxy.
async fn limited(table: &str) -> Server {
    Server::with(|text| format!("{text}\n[rate_limits]\n{table}\n")).await
}

async fn asks(browser: &mut Browser, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let answer = browser.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
        statuses.push(answer.status.as_u16());
    }
    statuses
}

async fn from(browser: &mut Browser, forwarded: &[&str]) -> u16 {
    let mut headers = BY_SCRIPT.to_vec();
    headers.extend(forwarded.iter().map(|value| ("x-forwarded-for", *value)));
    let answer = browser.get("/oauth/status?flow=flow-0001", &headers).await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_person_gets_as_many_as_configured_and_more_with_time() {
    let server = limited("read = { user = 3 }").await;
    let mut ann = server.browser("ann");
    assert_eq!(asks(&mut ann, 4).await, [404, 404, 404, 429]);
    let mut bob = server.browser("bob");
    assert_eq!(
        asks(&mut bob, 1).await,
        [404],
        "another person has their own"
    );
    let answer = ann.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
    assert_eq!(answer.json()["error"]["code"], "rate_limited");
    assert_eq!(answer.header("retry-after"), "20", "a third of a minute");
    assert_eq!(answer.header("cache-control"), "no-store");

    server.clock.advance(Duration::from_millis(19_900));
    assert_eq!(asks(&mut ann, 1).await, [429]);
    server.clock.advance(Duration::from_millis(100));
    assert_eq!(asks(&mut ann, 2).await, [404, 429]);
    // What is not used is saved up, and never more than a minute of it.
    server.clock.advance(Duration::from_secs(3600));
    assert_eq!(asks(&mut ann, 4).await, [404, 404, 404, 429]);
}

#[tokio::test]
async fn each_class_of_route_has_its_own() {
    let server =
        limited("read = { user = 1 }\nchange = { user = 1 }\ncallback = { user = 1 }").await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    assert_eq!(asks(&mut browser, 2).await, [200, 429]);
    let page = browser.land("mona", &departure.state, "c").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for (method, uri) in [
        ("GET", "/oauth/start/mona?flow=flow-0002"),
        ("POST", "/oauth/flows"),
        ("POST", "/oauth/flows/flow-0001/cancel"),
        ("GET", "/oauth/callback/mona?state=x&code=y"),
        ("GET", "/oauth/flows/flow-0001"),
        ("GET", "/oauth/status?flow=flow-0001"),
    ] {
        let answer = browser
            .send(method.parse().unwrap(), uri, FROM_THE_APP, "")
            .await;
        assert_eq!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS,
            "{method} {uri}"
        );
        assert_eq!(answer.header("retry-after"), "60", "{method} {uri}");
    }
    for uri in ["/healthz", "/readyz"] {
        for _ in 0..3 {
            assert_eq!(browser.get(uri, &[]).await.status, StatusCode::OK, "{uri}");
        }
    }
}

#[tokio::test]
async fn a_window_gets_a_page_and_loses_nothing() {
    let server = limited("callback = { user = 1 }").await;
    let mut browser = server.browser("ann");
    let state = browser.start("mona", "flow-0001").await.state;
    browser.get("/oauth/callback/mona?state=x", &[]).await;
    let page = browser
        .get(
            &crate::harness::callback("mona", &state, "code=c"),
            &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
        )
        .await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        page.body
            .contains("Wait 60 seconds, then load this page again"),
        "{}",
        page.body
    );
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
    server.clock.advance(Duration::from_secs(60));
    browser.land("mona", &state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn scripts_of_other_origins_can_read_when_to_come_back() {
    let server = limited("read = { user = 1 }").await;
    let mut browser = server.browser("ann");
    asks(&mut browser, 1).await;
    let answer = browser
        .get(
            "/oauth/status?flow=flow-0001",
            &[("origin", "http://app.localhost:4180")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://app.localhost:4180"
    );
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("retry-after")
    );
}

#[tokio::test]
async fn an_address_is_the_rightmost_that_is_no_proxy() {
    // The peer of every test, 127.0.0.1, is the proxy of the identity; 10.0.0.9 is one more.
    let server = limited("read = { address = 1 }\nproxies = [\"127.0.0.1\", \"10.0.0.9\"]").await;
    let mut ann = server.browser("ann");
    assert_eq!(from(&mut ann, &["198.51.100.1"]).await, 404);
    for same in [
        &["198.51.100.1"][..],
        // What stands further left, the client wrote itself.
        &["203.0.113.5, 198.51.100.1"],
        &["203.0.113.6", "198.51.100.1"],
        &["203.0.113.7, 198.51.100.1, 10.0.0.9"],
        &["198.51.100.1:4711"],
        &["::ffff:198.51.100.1"],
        // What is no address ends the search.
        &["198.51.100.1, 10.0.0.9"],
    ] {
        assert_eq!(from(&mut ann, same).await, 429, "{same:?}");
    }
    for other in [&["198.51.100.2"][..], &["198.51.100.1, 198.51.100.3"]] {
        assert_eq!(from(&mut ann, other).await, 404, "{other:?}");
    }
    // Somebody has a whole /64.
    assert_eq!(from(&mut ann, &["2001:db8:1:2::1"]).await, 404);
    assert_eq!(from(&mut ann, &["2001:db8:1:2:ffff::9"]).await, 429);
    assert_eq!(from(&mut ann, &["2001:db8:1:3::1"]).await, 404);
    // Nothing usable: the proxy itself.
    assert_eq!(from(&mut ann, &["unknown"]).await, 404);
    assert_eq!(from(&mut ann, &["198.51.100.77, garbage"]).await, 429);
}

#[tokio::test]
async fn an_address_that_is_no_proxy_cannot_say_that_it_is_another() {
    let server = limited("read = { address = 1 }\nproxies = []").await;
    let mut ann = server.browser("ann");
    assert_eq!(from(&mut ann, &["198.51.100.1"]).await, 404);
    assert_eq!(from(&mut ann, &["198.51.100.2"]).await, 429);
    assert_eq!(from(&mut ann, &[]).await, 429);
}

#[tokio::test]
async fn somebody_without_a_name_is_limited_by_address_alone() {
    let server = limited("read = { user = 1, address = 2 }").await;
    let mut nobody = server.browser("ann");
    nobody.user = None;
    assert_eq!(asks(&mut nobody, 3).await, [404, 404, 429]);
}

#[tokio::test]
async fn zero_is_no_limit() {
    let server = limited("read = { user = 0, address = 0 }").await;
    let mut browser = server.browser("ann");
    let statuses = asks(&mut browser, 50).await;
    assert!(statuses.iter().all(|status| *status == 404));
    assert_eq!(server.app.limiter.buckets(), 0);
}

#[tokio::test]
async fn what_is_full_again_is_forgotten() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    for number in 0..500 {
        browser.user = Some(format!("person-{number}"));
        from(&mut browser, &[&format!("2001:db8:{number:x}::1")]).await;
    }
    let most = server.app.limiter.buckets();
    assert_eq!(most, 1000);
    server.clock.advance(Duration::from_secs(60));
    browser.user = Some("ann".to_owned());
    from(&mut browser, &[]).await;
    assert_eq!(server.app.limiter.buckets(), 2, "ann's own");
}

#[tokio::test]
async fn a_clock_that_jumps_limits_nobody() {
    let server = limited("read = { user = 2 }").await;
    let mut browser = server.browser("ann");
    assert_eq!(asks(&mut browser, 2).await, [404, 404]);
    server.clock.set(0);
    server.clock.advance(Duration::from_secs(60));
    assert_eq!(asks(&mut browser, 3).await, [404, 404, 429]);
}

#[tokio::test]
async fn the_defaults_are_far_above_what_the_module_asks() {
    // A flow in its first tier asks every two seconds, and one window asks for all; docs/protocol.md.
    let a_flow = 30;
    let rates = Rates::default();
    assert!(rates.read.user >= 20 * a_flow);
    assert!(rates.read.address >= 10 * rates.read.user);
}
