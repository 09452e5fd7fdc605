//! Connections over HTTP: each state, refreshed once, ended, shown to their provider. No token is in any answer: the
//! harness looks.

use crate::harness::{
    ACCESS_TOKEN, Answer, Answers, BEGIN, BY_SCRIPT, Browser, FROM_ELSEWHERE, REFRESH_TOKEN,
    Rotating, Server, eventually, tokens,
};
use axum::http::{Method, StatusCode};
use oauth_sync_server::App;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wiremock::ResponseTemplate;

const MINUTE: Duration = Duration::from_secs(60);

/// With the endpoints that tell of tokens, and without limits; whoever waits moves the clock.
async fn server() -> Server {
    let server = server_that_waits().await;
    server.clock.skip_waits();
    server
}

async fn server_that_waits() -> Server {
    Server::with(|text| {
        let endpoints = "revocation_endpoint = \"/revoke\"\nvalidation_endpoint = \"/me\"\nissuer";
        text.replacen("issuer", endpoints, 1) + "\n[rate_limits]\nchange = { user = 0 }\n"
    })
    .await
}

async fn list(browser: &mut Browser) -> Value {
    let answer = browser.get("/oauth/connections", BY_SCRIPT).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json()
}

async fn only(browser: &mut Browser) -> Value {
    let listed = list(browser).await;
    let [one] = &listed["connections"].as_array().unwrap()[..] else {
        panic!("{listed}")
    };
    one.clone()
}

async fn id(browser: &mut Browser) -> String {
    only(browser).await["id"].as_str().unwrap().to_owned()
}

async fn refresh(browser: &mut Browser, id: &str, body: &str) -> Answer {
    let uri = format!("/oauth/connections/{id}/refresh");
    let answer = browser.post(&uri, BY_SCRIPT, body).await;
    assert!(!answer.body.contains("renewed-access"), "{}", answer.body);
    answer
}

fn refused(code: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({ "error": code }))
}

#[tokio::test]
async fn a_connection_is_shown_with_what_a_page_may_know() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    server.clock.advance(MINUTE);
    let listed = ann.get("/oauth/connections", BY_SCRIPT).await;
    let status = ann.status("flow-0001").await;
    assert_eq!(
        listed.json(),
        json!({
            "version": 3,
            "connections": [{
                "id": status["integrationId"],
                "provider": "mona",
                "tools": ["jira", "confluence"],
                "state": "active",
                "version": 2,
                "scopes": ["read", "offline_access"],
                "refreshable": true,
                "expiresIn": 59 * 60_000,
                "refreshIn": 54 * 60_000,
                "connectedAt": BEGIN,
            }],
        })
    );
    assert_eq!(listed.header("etag"), "\"3\"");
    assert_eq!(listed.header("cache-control"), "no-store");
    assert_eq!(
        list(&mut server.browser("bob")).await,
        json!({"version": 0, "connections": []})
    );
}

#[tokio::test]
async fn scopes_are_those_that_were_asked_for_where_the_provider_names_none() {
    let server = server().await;
    let answers = [
        (json!(null), json!(["read", "offline_access"])),
        (json!("repo,gist"), json!(["repo", "gist"])),
        (json!("repo  gist "), json!(["repo", "gist"])),
    ];
    for (index, (scope, scopes)) in answers.into_iter().enumerate() {
        let body = json!({"access_token": ACCESS_TOKEN, "expires_in": 60, "scope": scope});
        server
            .answer(ResponseTemplate::new(200).set_body_json(body))
            .await;
        let flow = format!("flow-000{index}");
        let mut ann = server.connected("ann", &flow).await;
        assert_eq!(only(&mut ann).await["scopes"], scopes);
    }
}

#[tokio::test]
async fn each_state_is_told_apart() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    server.clock.advance(MINUTE * 61);
    let expired = only(&mut ann).await;
    assert_eq!(
        (
            &expired["state"],
            &expired["expiresIn"],
            &expired["version"]
        ),
        (&json!("expired"), &json!(-60_000), &json!(2)),
        "by the clock alone"
    );
    assert_eq!(expired["refreshIn"], json!(-6 * 60_000));

    server.answer(ResponseTemplate::new(503)).await;
    let failed = refresh(&mut ann, &id, "").await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    let failed = failed.json();
    assert_eq!(failed["state"], "refresh_failed");
    assert_eq!(failed["error"], json!({"code": "refresh_failed"}));
    assert_eq!(failed["retryIn"], 30_000);
    assert_eq!(failed["version"], 4);
    assert_eq!(only(&mut ann).await, failed);

    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    server.clock.advance(Duration::from_secs(30));
    let renewed = refresh(&mut ann, &id, "").await;
    assert_eq!(renewed.status, StatusCode::OK);
    let renewed = renewed.json();
    assert_eq!(
        (&renewed["state"], &renewed["version"]),
        (&json!("active"), &json!(5))
    );
    assert_eq!(renewed["expiresIn"], 60 * 60_000);
    assert!(renewed["refreshedAt"].as_i64().unwrap() > BEGIN);
    assert!(renewed.get("error").is_none() && renewed.get("retryIn").is_none());

    server.answer(refused("invalid_grant")).await;
    let ended = refresh(&mut ann, &id, "").await;
    assert_eq!(ended.status, StatusCode::CONFLICT);
    assert_eq!(ended.json()["state"], "reauth_required");
    assert_eq!(ended.json()["error"], json!({"code": "grant_rejected"}));
    assert_eq!(
        refresh(&mut ann, &id, "").await.status,
        StatusCode::CONFLICT
    );

    server.answer(tokens()).await;
    let mut ann = server.connected("ann", "flow-0002").await;
    let again = only(&mut ann).await;
    assert_eq!(
        (&again["state"], &again["id"]),
        (&json!("active"), &json!(id))
    );
}

#[tokio::test]
async fn what_cannot_be_refreshed_says_so() {
    let server = server().await;
    let body = json!({"access_token": ACCESS_TOKEN, "expires_in": 3600});
    server
        .answer(ResponseTemplate::new(200).set_body_json(body))
        .await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    let answer = refresh(&mut ann, &id, "").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let connection = answer.json();
    assert_eq!(connection["state"], "active");
    assert_eq!(connection["refreshable"], false);
    assert!(connection.get("refreshIn").is_none());
    server.clock.advance(MINUTE * 60);
    assert_eq!(only(&mut ann).await["state"], "expired");
    let answer = refresh(&mut ann, &id, "").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.json()["error"], json!({"code": "no_refresh_token"}));
    assert_eq!(only(&mut ann).await["state"], "reauth_required");
    assert_eq!(server.token_requests().await.len(), 1, "the code alone");

    let body = json!({"access_token": ACCESS_TOKEN});
    server
        .answer(ResponseTemplate::new(200).set_body_json(body))
        .await;
    let mut ann = server.connected("ann", "flow-0002").await;
    server.clock.advance(MINUTE * 60 * 24 * 365);
    let eternal = only(&mut ann).await;
    assert_eq!(eternal["state"], "active");
    assert!(eternal.get("expiresIn").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_callers_in_two_processes_one_asks_and_all_get_its_outcome() {
    let server = server_that_waits().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let connection = only(&mut ann).await;
    let id = connection["id"].as_str().unwrap().to_owned();
    let (other, _store) = server.sibling().await;
    // Whoever asks is told to wait: it holds the lease, and the clock stands still, until the others have come. Who knows
    // no version and comes later wants a token that is newer still.
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    server.answer(Answers::new(vec![busy, tokens()])).await;
    let waits = |span: Duration| {
        let begun = server.clock.waits();
        begun.iter().filter(|wait| **wait == span).count()
    };
    let known = json!({ "version": connection["version"] }).to_string();
    let mut callers = tokio::task::JoinSet::new();
    let mut call = |app: &Arc<App>, body: &str| {
        let mut caller = ann.clone();
        caller.router = oauth_sync_server::router(Arc::clone(app));
        let (id, body) = (id.clone(), body.to_owned());
        callers.spawn(async move { refresh(&mut caller, &id, &body).await });
    };
    call(&server.app, "");
    eventually("one has asked", || {
        std::future::ready(waits(Duration::from_secs(1)) == 1)
    })
    .await;
    for number in 0..9 {
        call(&server.app, &known);
        call(&other, if number % 2 == 0 { "" } else { &known });
    }
    call(&other, "");
    eventually("each of the other process waits for it", || {
        std::future::ready(waits(Duration::from_millis(100)) == 10)
    })
    .await;
    assert_eq!(server.token_requests().await.len(), 1);
    let clock = server.clock.clone();
    let ticking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            clock.advance(Duration::from_millis(10));
        }
    });
    for answer in callers.join_all().await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.json()["version"], 4);
        assert_eq!(answer.json()["state"], "active");
    }
    ticking.abort();
    assert_eq!(server.token_requests().await.len(), 2, "again by the same");

    // One that is late: the token is newer than the one that it knows.
    let answer = refresh(&mut ann, &id, &known).await;
    assert_eq!(
        (answer.status, &answer.json()["version"]),
        (StatusCode::OK, &json!(4))
    );
    assert_eq!(server.token_requests().await.len(), 2);
    let current = json!({ "version": 4 }).to_string();
    assert_eq!(refresh(&mut ann, &id, &current).await.json()["version"], 5);
    assert_eq!(server.token_requests().await.len(), 3);
}

#[tokio::test]
async fn a_provider_that_is_left_alone_is_not_asked_by_anybodys_page() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    server
        .answer(ResponseTemplate::new(429).insert_header("retry-after", "90"))
        .await;
    let failed = refresh(&mut ann, &id, "").await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(failed.header("retry-after"), "90");
    let failed = failed.json();
    assert_eq!(failed["state"], "refresh_failed");
    assert!(
        failed["expiresIn"].as_i64().unwrap() > 0,
        "its token is good"
    );
    let asked = server.token_requests().await.len();
    server.clock.advance(Duration::from_millis(500));
    // Also for one that knows an older state: that the row is newer does not make its token one.
    for body in [
        "",
        "{\"version\":2}",
        "{\"version\":3}",
        "{\"version\":null}",
    ] {
        let again = refresh(&mut ann, &id, body).await;
        assert_eq!(again.status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        assert_eq!(again.header("retry-after"), "90");
        assert_eq!(again.json()["retryIn"], 89_500);
    }
    assert_eq!(server.token_requests().await.len(), asked);
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    server.clock.advance(Duration::from_millis(89_500));
    assert_eq!(refresh(&mut ann, &id, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn unknown_foreign_and_ended_connections_look_the_same() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let of_ann = id(&mut ann).await;
    let mut bob = server.connected("bob", "flow-0002").await;
    let of_bob = id(&mut bob).await;
    let mut nobody = ann.clone();
    nobody.user = None;
    server.app.tokens.disconnect("ann", "mona").await.unwrap();
    for action in ["refresh", "disconnect"] {
        let uri = |id: &str| format!("/oauth/connections/{id}/{action}");
        let unknown = ann.post(&uri("int_unknown"), BY_SCRIPT, "").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        assert_eq!(
            unknown.json(),
            json!({"error": {"code": "unknown_connection"}})
        );
        for (browser, id) in [
            (&ann, &of_bob),
            (&ann, &of_ann),
            (&nobody, &of_bob),
            (&ann, &"%00".to_owned()),
            (&ann, &"x".repeat(4000)),
        ] {
            let answer = browser.clone().post(&uri(id), BY_SCRIPT, "").await;
            assert_eq!(answer.status, unknown.status, "{id}");
            assert_eq!(answer.body, unknown.body);
            assert_eq!(
                format!("{:?}", answer.headers),
                format!("{:?}", unknown.headers)
            );
        }
    }
    assert!(
        server
            .store
            .connection("bob", "mona")
            .await
            .unwrap()
            .is_some()
    );
    for uri in ["/oauth/connections", "/oauth/events"] {
        let answer = nobody.get(uri, BY_SCRIPT).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["error"]["code"], "sign_in_required");
    }
    let answer = nobody
        .post("/oauth/connections/validate", BY_SCRIPT, "")
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_page_elsewhere_changes_nothing() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    let before = only(&mut ann).await;
    let forged: &[&[(&str, &str)]] = &[
        &[],
        FROM_ELSEWHERE,
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
        &[
            ("origin", "https://elsewhere.example"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("sec-fetch-site", "same-site")],
    ];
    for headers in forged {
        for route in [
            format!("{id}/refresh"),
            format!("{id}/disconnect"),
            "validate".to_owned(),
        ] {
            let uri = format!("/oauth/connections/{route}");
            let answer = ann.post(&uri, headers, "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route} {headers:?}");
            assert_eq!(answer.json()["error"]["code"], "wrong_origin");
            let by_link = ann.get(&uri, BY_SCRIPT).await;
            assert_eq!(by_link.status, StatusCode::METHOD_NOT_ALLOWED);
        }
    }
    assert_eq!(only(&mut ann).await, before);
    assert_eq!(server.token_requests().await.len(), 1, "the code alone");
    let app = [("origin", "http://app.localhost:4180")];
    let listed = ann.get("/oauth/connections", &app).await;
    assert_eq!(listed.header("access-control-allow-origin"), app[0].1);
    assert!(
        listed
            .header("access-control-expose-headers")
            .contains("etag")
    );
    let elsewhere = ann
        .get(
            "/oauth/connections",
            &[("origin", "https://elsewhere.example")],
        )
        .await;
    assert_eq!(elsewhere.header("access-control-allow-origin"), "");
    let preflight = [
        app[0],
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,last-event-id",
        ),
    ];
    let uri = format!("/oauth/connections/{id}/refresh");
    let allowed = ann.send(Method::OPTIONS, &uri, &preflight, "").await;
    assert_eq!(allowed.header("access-control-allow-origin"), app[0].1);
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("last-event-id")
    );
}

#[tokio::test]
async fn a_body_of_another_form_is_refused() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    for body in [
        "{",
        "[]",
        "1",
        "{\"version\":\"2\"}",
        "{\"version\":1.5}",
        "{\"other\":1}",
    ] {
        let answer = refresh(&mut ann, &id, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.json()["error"]["code"], "invalid_request");
    }
    let large = "x".repeat(20_000);
    let answer = refresh(&mut ann, &id, &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.token_requests().await.len(), 1, "the code alone");
}

#[tokio::test]
async fn a_connection_ends_here_and_at_the_provider() {
    for (answer, revocation, waiting) in [
        (ResponseTemplate::new(200), "revoked", 0),
        (ResponseTemplate::new(500), "queued", 2),
    ] {
        let server = server().await;
        let mut ann = server.connected("ann", "flow-0001").await;
        let id = id(&mut ann).await;
        server.answer_at("POST", "/revoke", answer).await;
        let uri = format!("/oauth/connections/{id}/disconnect");
        let ended = ann.post(&uri, BY_SCRIPT, "").await;
        assert_eq!(ended.status, StatusCode::OK);
        assert_eq!(
            ended.json(),
            json!({
                "connection": {
                    "id": id,
                    "provider": "mona",
                    "tools": ["jira", "confluence"],
                    "state": "disconnected",
                    "version": 4,
                    "scopes": ["read", "offline_access"],
                    "refreshable": false,
                    "connectedAt": BEGIN,
                },
                "revocation": revocation,
            })
        );
        assert_eq!(
            list(&mut ann).await,
            json!({"version": 4, "connections": []})
        );
        assert_eq!(
            server.app.tokens.waiting_revocations(None).await.unwrap(),
            waiting
        );
        let told = server.bodies("/revoke").await;
        assert!(told[0].contains("token_type_hint=refresh_token"), "first");
    }
    let server = Server::start().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let uri = format!("/oauth/connections/{}/disconnect", id(&mut ann).await);
    let ended = ann.post(&uri, BY_SCRIPT, "").await;
    assert_eq!(ended.json()["revocation"], "none");
}

#[tokio::test]
async fn every_connection_is_shown_to_its_provider() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let departure = ann.start("plain", "flow-0002").await;
    ann.land("plain", &departure.state, "c").await;
    let validate = async |browser: &mut Browser| {
        let answer = browser
            .post("/oauth/connections/validate", BY_SCRIPT, "")
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()["connections"].clone()
    };
    server
        .answer_at("GET", "/me", ResponseTemplate::new(200))
        .await;
    let found = validate(&mut ann).await;
    assert_eq!(found[0]["validity"], "valid");
    assert_eq!(
        (&found[1]["provider"], &found[1]["validity"]),
        (&json!("plain"), &json!("unknown"))
    );
    assert_eq!(found[0]["state"], "active");

    server.answer(refused("invalid_grant")).await;
    server
        .answer_at("GET", "/me", ResponseTemplate::new(401))
        .await;
    let found = validate(&mut ann).await;
    assert_eq!(
        (&found[0]["validity"], &found[0]["state"]),
        (&json!("invalid"), &json!("reauth_required"))
    );
    assert_eq!(validate(&mut server.browser("bob")).await, json!([]));
}

#[tokio::test]
async fn what_does_not_open_is_the_operators_affair() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    server
        .beside()
        .await
        .run("UPDATE connections SET access_token = (SELECT state_hash FROM attempts LIMIT 1)")
        .await
        .unwrap();
    assert_eq!(
        only(&mut ann).await["state"],
        "active",
        "never 'not connected'"
    );
    for action in ["refresh", "disconnect"] {
        let uri = format!("/oauth/connections/{id}/{action}");
        let answer = ann.post(&uri, BY_SCRIPT, "").await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{action}");
        assert_eq!(answer.json(), json!({"error": {"code": "server_error"}}));
    }
    let found = ann.post("/oauth/connections/validate", BY_SCRIPT, "").await;
    assert_eq!(found.json()["connections"][0]["validity"], "unknown");
    assert_eq!(server.token_requests().await.len(), 1, "the code alone");
}

#[tokio::test]
async fn a_provider_that_is_configured_no_more_may_be_again() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    let (other, _store) = server
        .reconfigured(|text| text.replacen("[providers.mona]", "[providers.other]", 1))
        .await;
    ann.router = oauth_sync_server::router(other);
    assert_eq!(only(&mut ann).await["provider"], "mona");
    let answer = refresh(&mut ann, &id, "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "300");
    let uri = format!("/oauth/connections/{id}/disconnect");
    let ended = ann.post(&uri, BY_SCRIPT, "").await;
    assert_eq!(ended.json()["connection"]["state"], "disconnected");
}

#[tokio::test]
async fn nothing_is_said_of_connections_while_the_database_is_gone() {
    let server = server().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let id = id(&mut ann).await;
    server.store.close().await;
    let listed = ann.get("/oauth/connections", BY_SCRIPT).await;
    let mut answers = vec![listed];
    for route in [
        format!("{id}/refresh"),
        format!("{id}/disconnect"),
        "validate".to_owned(),
    ] {
        let uri = format!("/oauth/connections/{route}");
        answers.push(ann.post(&uri, BY_SCRIPT, "").await);
    }
    for answer in answers {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(
            answer.json(),
            json!({"error": {"code": "temporarily_unavailable"}})
        );
    }
}
