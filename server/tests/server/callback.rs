//! Back from the provider: who may settle a flow, and with what.

use crate::harness::{CODE, FROM_ELSEWHERE, FROM_THE_APP, Server, callback};
use axum::http::{Method, StatusCode};
use oauth_sync_server::random::{base64url, sha256};
use serde_json::json;

#[tokio::test]
async fn a_code_becomes_a_connection() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let landed = browser.land("mona", &departure.state, CODE).await;
    assert_eq!(landed.status, StatusCode::OK);

    let requests = server.token_requests().await;
    let [form] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], CODE);
    assert_eq!(form["redirect_uri"], departure.query["redirect_uri"]);
    assert_eq!(
        base64url(&sha256(form["code_verifier"].as_bytes())),
        departure.query["code_challenge"]
    );
    assert!(!form.contains_key("client_secret"), "it is in the header");

    let status = browser.status("flow-0001").await;
    let id = status["integrationId"].as_str().unwrap();
    assert_eq!(
        status,
        json!({
            "status": "completed", "completed": true, "success": true, "integrationId": id,
            "integrations": [
                { "tool": "jira", "id": format!("{id}.jira") },
                { "tool": "confluence", "id": format!("{id}.confluence") },
            ],
        })
    );
    let notice = landed.notice().unwrap();
    assert_eq!(notice["flowId"], "flow-0001");
    assert_eq!(notice["provider"], "mona");
    assert_eq!(notice["success"], true);
    assert_eq!(notice["integrationId"], id);
    assert_eq!(notice["integrations"], status["integrations"]);
    assert!(browser.cookies.is_empty(), "the binding is dropped");
}

#[tokio::test]
async fn a_provider_without_pkce_gets_the_secret_in_the_body() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("plain", "flow-0001").await;
    browser.land("plain", &departure.state, CODE).await;
    let requests = server.token_requests().await;
    assert_eq!(requests[0]["client_id"], "client-2");
    assert!(requests[0].contains_key("client_secret"));
    assert!(!requests[0].contains_key("code_verifier"));
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn a_second_consent_gives_the_same_connection_new_tokens() {
    let server = Server::start().await;
    let mut browser = server.connected("ann", "flow-0001").await;
    let first = server
        .store
        .connection("ann", "mona")
        .await
        .unwrap()
        .unwrap();
    let departure = browser.start("mona", "flow-0002").await;
    browser.land("mona", &departure.state, "c").await;
    let second = server
        .store
        .connection("ann", "mona")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (first.id, first.generation + 1),
        (second.id.clone(), second.generation)
    );
    assert_eq!(
        browser.status("flow-0002").await["integrationId"],
        second.id
    );
}

#[tokio::test]
async fn another_browser_person_or_provider_cannot_use_a_state() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let unknown = server
        .browser("ann")
        .land("mona", "no-such-state", "c")
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    let mut no_cookie = server.browser("ann");
    let mut wrong_cookie = browser.clone();
    for value in wrong_cookie.cookies.values_mut() {
        *value = "wrong".to_owned();
    }
    let mut other_person = browser.clone();
    other_person.user = Some("bob".to_owned());
    let mut nobody = browser.clone();
    nobody.user = None;
    for other in [
        &mut no_cookie,
        &mut wrong_cookie,
        &mut other_person,
        &mut nobody,
    ] {
        let answer = other.land("mona", &departure.state, "c").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.page(), unknown.page(), "all look the same");
        let answer = other
            .land_with_error("mona", &departure.state, "access_denied")
            .await;
        assert_eq!(
            answer.page(),
            unknown.page(),
            "the provider's word has the same guards"
        );
    }
    let answer = browser.land("plain", &departure.state, "c").await;
    assert_eq!(answer.page(), unknown.page());
    assert!(server.token_requests().await.is_empty());
    assert_eq!(browser.status("flow-0001").await["status"], "pending");

    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

/// mcp-ts#106: the same answer arrives twice.
#[tokio::test]
async fn a_second_callback_gets_the_same_page_and_sends_no_code() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut twin = browser.clone();
    let first = browser.land("mona", &departure.state, "c").await;
    let with_cookie = twin.land("mona", &departure.state, "c").await;
    let without_cookie = browser.land("mona", &departure.state, "c").await;
    let denial = browser
        .land_with_error("mona", &departure.state, "access_denied")
        .await;
    let by_address = browser.get("/oauth/flows/flow-0001", FROM_THE_APP).await;
    for answer in [with_cookie, without_cookie, denial, by_address] {
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.page(), first.page());
    }
    assert_eq!(server.token_requests().await.len(), 1);
}

#[tokio::test]
async fn a_state_of_a_settled_flow_tells_strangers_nothing() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    browser.land("mona", &departure.state, "c").await;
    let stranger = server
        .browser("bob")
        .land("mona", &departure.state, "c")
        .await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert!(stranger.notice().is_none());
}

#[tokio::test]
async fn requests_that_nobody_made_claim_nothing() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let uri = callback("mona", &departure.state, "code=c");
    let head = browser.send(Method::HEAD, &uri, FROM_ELSEWHERE, "").await;
    let prefetch = browser.get(&uri, &[("sec-purpose", "prefetch")]).await;
    for answer in [head, prefetch] {
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert!(answer.body.is_empty() && answer.cookies().is_empty());
    }
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
    assert!(server.token_requests().await.is_empty());
}

#[tokio::test]
async fn a_missing_or_wrong_issuer_changes_nothing() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let state = &departure.state;
    for rest in [
        "code=c".to_owned(),
        "code=c&iss=".to_owned(),
        "code=c&iss=https%3A%2F%2Fmona.example%2F".to_owned(),
        "code=c&iss=https%3A%2F%2FMONA.example".to_owned(),
        "error=access_denied&iss=https%3A%2F%2Fevil.example".to_owned(),
        "error=server_error".to_owned(),
    ] {
        let uri = format!("/oauth/callback/mona?state={state}&{rest}");
        let answer = browser.get(&uri, FROM_ELSEWHERE).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{rest}");
        assert!(answer.notice().is_none());
    }
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
    assert!(server.token_requests().await.is_empty());
    browser.land("mona", state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn an_unadvertised_issuer_is_compared_where_it_comes() {
    let server =
        Server::with(|text| text.replace("require_iss = true", "require_iss = false")).await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let uri = format!("/oauth/callback/mona?code=c&state={}", departure.state);
    let wrong = browser.get(&format!("{uri}&iss=x"), FROM_ELSEWHERE).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    browser.get(&uri, FROM_ELSEWHERE).await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test]
async fn the_provider_says_no_in_our_words() {
    let server = Server::start().await;
    for (index, (error, status, code)) in [
        ("access_denied", "cancelled", "access_denied"),
        (
            "temporarily_unavailable",
            "failed",
            "temporarily_unavailable",
        ),
        ("server_error", "failed", "server_error"),
        ("invalid_scope", "failed", "invalid_scope"),
        ("login_required", "failed", "login_required"),
        ("planted%3Cscript%3E", "failed", "server_error"),
    ]
    .into_iter()
    .enumerate()
    {
        let flow = format!("flow-{index:04}");
        let mut browser = server.browser("ann");
        let departure = browser.start("mona", &flow).await;
        let uri = callback(
            "mona",
            &departure.state,
            &format!("error={error}&error_description=planted-words"),
        );
        let page = browser.get(&uri, FROM_ELSEWHERE).await;
        assert!(!page.body.contains("planted"), "{}", page.body);
        let notice = page.notice().unwrap();
        assert_eq!(
            (
                notice["success"].as_bool(),
                notice["error"]["code"].as_str()
            ),
            (Some(false), Some(code))
        );
        let reply = browser.status(&flow).await;
        assert_eq!(
            reply,
            json!({"status": status, "completed": false, "success": false, "error": {"code": code}})
        );
    }
    assert!(server.token_requests().await.is_empty());
    assert!(!crate::harness::logged().contains("planted-words"));
}

#[tokio::test]
async fn a_success_after_a_denial_cannot_claim() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let first = browser.start("mona", "flow-0001").await;
    let second = browser.start("mona", "flow-0001").await;
    browser
        .land_with_error("mona", &first.state, "access_denied")
        .await;
    browser.land("mona", &second.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "cancelled");
    assert!(server.token_requests().await.is_empty());
}

#[tokio::test]
async fn malformed_callbacks_are_unknown() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let state = browser.start("mona", "flow-0001").await.state;
    let long = "x".repeat(5000);
    for query in [
        String::new(),
        "code=c".to_owned(),
        "state=".to_owned(),
        format!("state={state}&state={state}&code=c&iss=https%3A%2F%2Fmona.example"),
        format!("state={state}&code=a&code=b&iss=https%3A%2F%2Fmona.example"),
        format!("state={state}&code={long}&iss=https%3A%2F%2Fmona.example"),
        "state=%ff%fe%00&code=c&iss=https%3A%2F%2Fmona.example".to_owned(),
    ] {
        let answer = browser
            .get(&format!("/oauth/callback/mona?{query}"), FROM_ELSEWHERE)
            .await;
        assert!(answer.status.is_client_error(), "{query}");
    }
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
}

#[tokio::test]
async fn two_cards_clicked_at_once_do_not_disturb_each_other() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let one = browser.start("mona", "flow-0001").await;
    let two = browser.start("plain", "flow-0002").await;
    browser.land("plain", &two.state, "c").await;
    browser.land("mona", &one.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
    assert_eq!(browser.status("flow-0002").await["status"], "completed");
}
