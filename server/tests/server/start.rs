//! From the app to the provider.

use crate::harness::{BY_SCRIPT, FROM_ELSEWHERE, FROM_THE_APP, ORIGIN, Server};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn sends_the_person_to_the_provider_with_state_and_challenge() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let answer = browser
        .get(
            "/oauth/start/mona?flow=flow-0001&return=/integrations",
            FROM_THE_APP,
        )
        .await;
    let query = answer.departure().query;
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "client-1");
    assert_eq!(
        query["redirect_uri"],
        format!("{ORIGIN}/oauth/callback/mona")
    );
    assert_eq!(query["scope"], "read offline_access");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["code_challenge"].len(), 43);
    assert_eq!(query["state"].len(), 43);
    assert_eq!(query["prompt"], "consent");
    assert_eq!(answer.header("cache-control"), "no-store");
    let [cookie] = answer.cookies()[..] else {
        panic!("{:?}", answer.cookies())
    };
    assert!(cookie.starts_with("oauth-attempt-"), "{cookie}");
    assert!(
        cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("Path=/;"),
        "{cookie}"
    );
    assert!(!cookie.contains(&query["state"]));
    assert_eq!(
        browser.status("flow-0001").await,
        json!({"status": "pending", "completed": false, "success": false})
    );
}

#[tokio::test]
async fn sends_no_challenge_to_a_provider_that_takes_none() {
    let server = Server::start().await;
    let query = server
        .browser("ann")
        .start("plain", "flow-0001")
        .await
        .query;
    assert!(!query.contains_key("code_challenge") && !query.contains_key("scope"));
}

#[tokio::test]
async fn makes_an_id_where_the_browser_gives_none() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser
        .get("/oauth/start/mona", FROM_THE_APP)
        .await
        .departure();
    let found = browser
        .get("/oauth/status?provider=mona&since=0&now=1000", BY_SCRIPT)
        .await;
    assert_eq!(found.json()["status"], "pending");
}

#[tokio::test]
async fn gives_a_flow_five_attempts_with_states_and_cookies_of_their_own() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let mut states = BTreeSet::new();
    for _ in 0..5 {
        states.insert(browser.start("mona", "flow-0001").await.state);
    }
    assert_eq!(states.len(), 5);
    assert_eq!(browser.cookies.len(), 5);
    let sixth = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert_eq!(sixth.status, StatusCode::CONFLICT);
    assert!(sixth.body.contains("opened five times"));
    // Any of the five still finishes it.
    let third = states.iter().nth(2).unwrap().clone();
    browser.land("mona", &third, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn shows_the_same_page_for_a_foreign_an_unknown_and_a_malformed_flow() {
    let server = Server::start().await;
    server.browser("ann").start("mona", "flow-0001").await;
    let mut other = server.browser("bob");
    let foreign = other
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    let malformed = other.get("/oauth/start/mona?flow=x", FROM_THE_APP).await;
    let provider = other
        .get("/oauth/start/nobody?flow=flow-0002", FROM_THE_APP)
        .await;
    let mut same = server.browser("ann");
    let other_provider = same
        .get("/oauth/start/plain?flow=flow-0001", FROM_THE_APP)
        .await;
    let outcome = other.get("/oauth/flows/flow-0001", FROM_THE_APP).await;
    let missing = other.get("/oauth/flows/flow-9999", FROM_THE_APP).await;
    for answer in [
        &foreign,
        &malformed,
        &provider,
        &other_provider,
        &outcome,
        &missing,
    ] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.page(), foreign.page());
        assert!(answer.cookies().is_empty());
    }
}

#[tokio::test]
async fn shows_the_outcome_of_a_settled_flow() {
    let server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    let again = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.notice().unwrap()["success"], true);
    assert_eq!(server.token_requests().await.len(), 1);
}

#[tokio::test]
async fn asks_first_where_the_click_was_elsewhere() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let same_site = [
        ("sec-fetch-site", "same-site"),
        ("referer", "https://elsewhere.example/"),
    ];
    let lists: [&[(&str, &str)]; 5] = [
        FROM_ELSEWHERE,
        &[
            ("sec-fetch-site", "none"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ],
        &[],
        &[("sec-fetch-site", "same-site")],
        &same_site,
    ];
    for headers in lists {
        let asked = browser
            .get("/oauth/start/mona?flow=flow-0001&return=/x%22%3E", headers)
            .await;
        assert_eq!(asked.status, StatusCode::OK, "{headers:?}");
        assert!(
            asked
                .body
                .contains("<form method=\"post\" action=\"/oauth/start/mona\">"),
            "{}",
            asked.body
        );
        assert!(asked.body.contains("name=\"flow\" value=\"flow-0001\""));
        assert!(asked.body.contains("Connect Mona &amp; Co?"), "escaped");
        // With `no-referrer` the form would post without the origin that is checked.
        assert_eq!(asked.header("referrer-policy"), "same-origin");
        assert!(asked.cookies().is_empty());
    }
    assert_eq!(
        browser.status("flow-0001").await["status"],
        "unknown",
        "nothing was started"
    );
}

#[tokio::test]
async fn goes_on_from_an_allowed_origin_of_the_same_site() {
    let server = Server::start().await;
    let headers = [
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("referer", "http://app.localhost:4180/settings"),
    ];
    server
        .browser("ann")
        .get("/oauth/start/mona?flow=flow-0001", &headers)
        .await
        .departure();
}

#[tokio::test]
async fn the_button_starts_it_and_only_from_our_own_origin() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    for origin in [
        "https://elsewhere.example",
        "null",
        "http://localhost:4181",
        "http://localhost",
    ] {
        let refused = browser
            .post("/oauth/start/mona", &[("origin", origin)], "flow=flow-0001")
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{origin}");
    }
    let refused = browser
        .post("/oauth/start/mona", &[], "flow=flow-0001")
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    browser
        .post("/oauth/start/mona", &[("origin", ORIGIN)], "flow=flow-0001")
        .await
        .departure();
}

#[tokio::test]
async fn starts_nothing_for_requests_that_nobody_made() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let head = browser
        .send(
            Method::HEAD,
            "/oauth/start/mona?flow=flow-0001",
            FROM_THE_APP,
            "",
        )
        .await;
    assert_eq!(head.status, StatusCode::NO_CONTENT);
    for purpose in [
        "prefetch",
        "prefetch;prerender",
        "prefetch;anonymous-client-ip",
    ] {
        let mut headers = FROM_THE_APP.to_vec();
        headers.push(("sec-purpose", purpose));
        let answer = browser
            .get("/oauth/start/mona?flow=flow-0001", &headers)
            .await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    for (mode, destination) in [
        ("navigate", "iframe"),
        ("no-cors", "image"),
        ("cors", "empty"),
    ] {
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", destination),
        ];
        let answer = browser
            .get("/oauth/start/mona?flow=flow-0001", &headers)
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{mode} {destination}");
    }
    assert_eq!(browser.status("flow-0001").await["status"], "unknown");
}

#[tokio::test]
async fn goes_back_only_to_a_page_of_the_app() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    for reference in [
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "https://elsewhere.example/",
        "https:elsewhere.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://localhost:4180@elsewhere.example/",
        "http://localhost:4181/",
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(reference.as_bytes()).collect();
        let uri = format!("/oauth/start/mona?flow=flow-0001&return={encoded}");
        let answer = browser.get(&uri, FROM_THE_APP).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{reference}");
    }
    let uri =
        "/oauth/start/mona?flow=flow-0002&return=http%3A%2F%2Fapp.localhost%3A4180%2Fpage%3Fa%3D1";
    let departure = browser.get(uri, FROM_THE_APP).await.departure();
    let landed = browser.land("mona", &departure.state, "c").await;
    assert!(
        landed
            .body
            .contains("href=\"http://app.localhost:4180/page?a=1\""),
        "{}",
        landed.body
    );
}

#[tokio::test]
async fn says_to_sign_in_where_nobody_is_known() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    browser.user = None;
    let answer = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = browser
        .post("/oauth/flows", BY_SCRIPT, r#"{"provider":"mona"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn keeps_at_most_twenty_bindings_in_a_browser() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    for number in 0..30 {
        browser.start("mona", &format!("flow-{number:04}")).await;
        assert!(browser.cookies.len() <= 20);
    }
    assert_eq!(browser.cookies.len(), 20);
}

#[tokio::test]
async fn does_the_same_for_api_clients() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let body = r#"{"provider":"mona","flow":"flow-0001","return":"/done"}"#;
    let refused = browser
        .post(
            "/oauth/flows",
            &[("origin", "https://elsewhere.example")],
            body,
        )
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let made = browser.post("/oauth/flows", BY_SCRIPT, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.json()["flowId"], "flow-0001");
    let departure = crate::harness::departure(made.json()["url"].as_str().unwrap());
    let again = browser.post("/oauth/flows", BY_SCRIPT, body).await;
    assert_eq!(again.status, StatusCode::OK);
    browser.land("mona", &departure.state, "c").await;
    let settled = browser.post("/oauth/flows", BY_SCRIPT, body).await;
    assert_eq!(settled.status, StatusCode::CONFLICT);
    assert_eq!(settled.json()["status"], "completed");
    for wrong in [
        "",
        "[]",
        "{}",
        r#"{"provider":"mona","flow":"x"}"#,
        r#"{"provider":"mona","more":1}"#,
        r#"{"provider":"mona","return":"//elsewhere.example"}"#,
    ] {
        let answer = browser.post("/oauth/flows", BY_SCRIPT, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let unknown = browser
        .post("/oauth/flows", BY_SCRIPT, r#"{"provider":"nobody"}"#)
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_flow_to_the_same_person() {
    let server = Server::start().await;
    let mut headers = BY_SCRIPT.to_vec();
    headers.push(("idempotency-key", "click-1"));
    let mut browser = server.browser("ann");
    let body = r#"{"provider":"mona"}"#;
    let first = browser.post("/oauth/flows", &headers, body).await;
    let second = browser.post("/oauth/flows", &headers, body).await;
    assert_eq!(first.json()["flowId"], second.json()["flowId"]);
    let other = server
        .browser("bob")
        .post("/oauth/flows", &headers, body)
        .await;
    assert_ne!(first.json()["flowId"], other.json()["flowId"]);
    // The second attempt's verifier opens although its flow's id was settled after it was sealed.
    let departure = crate::harness::departure(second.json()["url"].as_str().unwrap());
    browser.land("mona", &departure.state, "c").await;
    let flow = first.json()["flowId"].as_str().unwrap().to_owned();
    assert_eq!(browser.status(&flow).await["status"], "completed");
}
