//! Access tokens that stay good: when they are refreshed, by what, and what every answer of the provider leads to.

use crate::harness::{ACCESS_TOKEN, Answers, REFRESH_TOKEN, Rotating, Server, tokens};
use oauth_sync_server::App;
use oauth_sync_server::store::{ReauthReason, StoredConnection};
use oauth_sync_server::tokens::{AccessToken, TokenError};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::time::Duration;
use wiremock::ResponseTemplate;

const MINUTE: Duration = Duration::from_secs(60);

pub async fn token(app: &App) -> Result<AccessToken, TokenError> {
    app.tokens.access_token("ann", "mona").await
}

pub async fn text(app: &App) -> String {
    token(app).await.unwrap().token.expose_secret().to_owned()
}

pub async fn row(server: &Server) -> StoredConnection {
    server
        .store
        .connection("ann", "mona")
        .await
        .unwrap()
        .unwrap()
}

fn json(status: u16, body: serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn renewed() -> ResponseTemplate {
    json(
        200,
        json!({"access_token": "renewed", "refresh_token": "next", "expires_in": 3600}),
    )
}

#[tokio::test]
async fn a_token_is_refreshed_once_ahead_of_its_expiry() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    server.clock.advance(MINUTE * 54);
    assert_eq!(text(&server.app).await, ACCESS_TOKEN);
    assert!(server.token_requests().await.is_empty());
    server.clock.advance(MINUTE);
    assert_eq!(text(&server.app).await, "renewed-access-1");
    assert_eq!(text(&server.app).await, "renewed-access-1");
    let requests = server.token_requests().await;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["grant_type"], "refresh_token");
    assert_eq!(requests[0]["refresh_token"], REFRESH_TOKEN);

    let row = row(&server).await;
    assert_eq!(row.generation, 2);
    let stored = server.app.tokens.open(&row).unwrap();
    assert_eq!(
        stored.refresh.unwrap().expose_secret(),
        format!("{REFRESH_TOKEN}-1")
    );
    server.clock.advance(MINUTE * 56);
    assert_eq!(
        text(&server.app).await,
        "renewed-access-2",
        "with the new refresh token"
    );
}

#[tokio::test]
async fn a_refresh_token_stays_where_no_new_one_comes() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(json(
            200,
            json!({"access_token": "renewed", "expires_in": 60}),
        ))
        .await;
    server.clock.advance(MINUTE * 60);
    assert_eq!(text(&server.app).await, "renewed");
    server.clock.advance(MINUTE);
    assert_eq!(text(&server.app).await, "renewed");
    let requests = server.token_requests().await;
    assert_eq!(requests.len(), 2);
    assert!(
        requests
            .iter()
            .all(|form| form["refresh_token"] == REFRESH_TOKEN)
    );
}

struct Case {
    name: &'static str,
    rotation: &'static str,
    answers: Vec<ResponseTemplate>,
    requests: usize,
    waits: &'static [u64],
    /// None: a new token came.
    left: Option<Left>,
}

enum Left {
    Reauth(ReauthReason),
    CoolingFor(u64),
    UncertainFor(u64),
}

fn case(
    name: &'static str,
    rotation: &'static str,
    answers: Vec<ResponseTemplate>,
    requests: usize,
    waits: &'static [u64],
    left: Option<Left>,
) -> Case {
    Case {
        name,
        rotation,
        answers,
        requests,
        waits,
        left,
    }
}

fn refusals() -> Vec<Case> {
    use Left::{CoolingFor, Reauth};

    let rejected = || Some(Reauth(ReauthReason::GrantRejected));
    let error = |status: u16, code: &str| vec![json(status, json!({"error": code}))];
    vec![
        case(
            "invalid_grant",
            "strict",
            error(400, "invalid_grant"),
            1,
            &[],
            rejected(),
        ),
        case(
            "GitHub's 200",
            "strict",
            error(200, "bad_refresh_token"),
            1,
            &[],
            rejected(),
        ),
        case(
            "Slack's word",
            "none",
            error(400, "invalid_refresh_token"),
            1,
            &[],
            rejected(),
        ),
        case(
            "a wrong secret",
            "none",
            error(401, "invalid_client"),
            1,
            &[],
            Some(CoolingFor(300)),
        ),
        case(
            "a wrong request",
            "none",
            error(400, "invalid_request"),
            1,
            &[],
            Some(CoolingFor(300)),
        ),
        case(
            "an unheard-of word",
            "none",
            error(400, "planted"),
            1,
            &[],
            Some(CoolingFor(300)),
        ),
        case(
            "400 with HTML",
            "none",
            vec![ResponseTemplate::new(400).set_body_string("<html>")],
            1,
            &[],
            Some(CoolingFor(300)),
        ),
        case(
            "401 without a word",
            "none",
            vec![ResponseTemplate::new(401)],
            1,
            &[],
            Some(CoolingFor(300)),
        ),
    ]
}

fn failures() -> Vec<Case> {
    use Left::{CoolingFor, UncertainFor};

    let later = |after: &str| ResponseTemplate::new(503).insert_header("retry-after", after);
    let busy = || ResponseTemplate::new(503);
    let html = || ResponseTemplate::new(200).set_body_string("<html>");
    let cut = || ResponseTemplate::new(200).set_body_string("{\"access_token\":\"t");
    let gateway = || ResponseTemplate::new(502).set_body_string("<html>");
    vec![
        case(
            "503 for ever",
            "strict",
            vec![busy()],
            3,
            &[1, 2],
            Some(CoolingFor(30)),
        ),
        case("503 once", "strict", vec![busy(), renewed()], 2, &[1], None),
        case(
            "429 once",
            "strict",
            vec![ResponseTemplate::new(429), renewed()],
            2,
            &[1],
            None,
        ),
        case(
            "503 and when",
            "strict",
            vec![later("3"), renewed()],
            2,
            &[3],
            None,
        ),
        case(
            "503 for long",
            "strict",
            vec![later("90")],
            1,
            &[],
            Some(CoolingFor(90)),
        ),
        case(
            "503 for days",
            "strict",
            vec![later("999999")],
            1,
            &[],
            Some(CoolingFor(3600)),
        ),
        case(
            "HTML, stays good",
            "none",
            vec![html()],
            3,
            &[1, 2],
            Some(UncertainFor(30)),
        ),
        case(
            "HTML once, stays good",
            "none",
            vec![html(), renewed()],
            2,
            &[1],
            None,
        ),
        case(
            "cut once, stays good for a while",
            "grace",
            vec![cut(), renewed()],
            2,
            &[1],
            None,
        ),
        case(
            "HTML, not known",
            "unknown",
            vec![html()],
            1,
            &[],
            Some(UncertainFor(30)),
        ),
        case(
            "cut, void",
            "strict",
            vec![cut()],
            1,
            &[],
            Some(UncertainFor(30)),
        ),
        case(
            "a gateway's, void",
            "strict",
            vec![gateway()],
            1,
            &[],
            Some(UncertainFor(30)),
        ),
        case(
            "lost and then refused",
            "grace",
            vec![cut(), json(400, json!({"error": "invalid_grant"}))],
            2,
            &[1],
            Some(Left::Reauth(ReauthReason::RotationLost)),
        ),
        case(
            "lost and then refused, though it stays good",
            "none",
            vec![cut(), json(400, json!({"error": "invalid_grant"}))],
            2,
            &[1],
            Some(Left::Reauth(ReauthReason::GrantRejected)),
        ),
    ]
}

#[tokio::test]
async fn every_answer_has_its_requests_its_waits_and_its_verdict() {
    for case in refusals().into_iter().chain(failures()) {
        let name = case.name;
        let server = Server::rotating(case.rotation).await;
        server.connected("ann", "flow-0001").await;
        server.answer(Answers::new(case.answers)).await;
        server.clock.skip_waits();
        server.clock.advance(MINUTE * 56);
        let before = row(&server).await;
        let got = token(&server.app).await;
        let requests = server.token_requests().await;
        assert_eq!(requests.len(), case.requests, "{name}");
        assert!(
            requests
                .iter()
                .all(|form| form["refresh_token"] == REFRESH_TOKEN),
            "{name}"
        );
        let waits: Vec<u64> = server.clock.waits().iter().map(Duration::as_secs).collect();
        assert_eq!(waits, case.waits, "{name}");
        let after = row(&server).await;
        assert_eq!(after.lease_until, None, "{name}: the lease is given back");
        let Some(left) = case.left else {
            assert_eq!(got.unwrap().token.expose_secret(), "renewed", "{name}");
            assert_eq!(
                (after.generation, after.sent_generation),
                (2, None),
                "{name}"
            );
            continue;
        };
        // Whatever the provider says, nothing is deleted.
        assert_eq!(after.generation, 1, "{name}");
        assert_eq!(after.access_token, before.access_token, "{name}");
        assert_eq!(after.refresh_token, before.refresh_token, "{name}");
        let (seconds, uncertain) = match left {
            Left::Reauth(reason) => {
                assert_eq!(after.reauth_reason, Some(reason), "{name}");
                let error = got.err().unwrap();
                assert!(
                    matches!(error, TokenError::ReauthRequired(got) if got == reason),
                    "{name}: {error}"
                );
                continue;
            }
            Left::CoolingFor(seconds) => (seconds, false),
            Left::UncertainFor(seconds) => (seconds, true),
        };
        assert_eq!(after.is_uncertain(), uncertain, "{name}");
        assert_eq!(after.reauth_reason, None, "{name}");
        assert_eq!(
            got.unwrap().token.expose_secret(),
            ACCESS_TOKEN,
            "{name}: still good"
        );
        let now = BEGIN_AND_56 + i64::try_from(waits.iter().sum::<u64>()).unwrap() * 1000;
        let until = now + i64::try_from(seconds).unwrap() * 1000;
        assert_eq!(after.cooling_until, Some(until), "{name}");
        let shown = after.refresh_error.unwrap();
        assert!(
            !shown.contains("planted"),
            "{name}: the provider's words do not travel"
        );
        token(&server.app).await.unwrap();
        assert_eq!(
            server.token_requests().await.len(),
            case.requests,
            "{name}: left alone"
        );
    }
}

const BEGIN_AND_56: i64 = crate::harness::BEGIN + 56 * 60_000;

#[tokio::test]
async fn an_expired_token_that_cannot_be_refreshed_is_later_and_never_not_connected() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.answer(ResponseTemplate::new(503)).await;
    server.clock.skip_waits();
    server.clock.advance(MINUTE * 60);
    for requests in [3, 3] {
        let error = token(&server.app).await.err().unwrap();
        let TokenError::Later { retry_after, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(retry_after, Duration::from_secs(30));
        assert_eq!(server.token_requests().await.len(), requests);
    }
    server.answer(renewed()).await;
    server.clock.advance(Duration::from_secs(30));
    assert_eq!(text(&server.app).await, "renewed");
    let row = row(&server).await;
    assert_eq!((row.refresh_error, row.cooling_until), (None, None));
}

#[tokio::test]
async fn a_token_without_a_refresh_token_is_used_up_and_then_made_again() {
    let server = Server::start().await;
    server
        .answer(json(
            200,
            json!({"access_token": "only", "expires_in": 3600}),
        ))
        .await;
    server.connected("ann", "flow-0001").await;
    server.clock.advance(MINUTE * 59);
    assert_eq!(text(&server.app).await, "only");
    let asked = server
        .app
        .tokens
        .refresh("ann", "mona", &mut Vec::new())
        .await;
    assert!(matches!(asked.err().unwrap(), TokenError::NotRefreshable));
    server.clock.advance(MINUTE);
    let reason = ReauthReason::NoRefreshToken;
    assert!(matches!(
        token(&server.app).await.err().unwrap(),
        TokenError::ReauthRequired(got) if got == reason
    ));
    assert_eq!(row(&server).await.reauth_reason, Some(reason));
    // Connecting again is what ends it.
    server.answer(tokens()).await;
    server.connected("ann", "flow-0002").await;
    let row = row(&server).await;
    assert_eq!((row.reauth_reason, row.generation), (None, 2));
    assert_eq!(text(&server.app).await, ACCESS_TOKEN);
}

#[tokio::test]
async fn what_is_not_there_is_said_apart() {
    let server = Server::start().await;
    let error = token(&server.app).await.err().unwrap();
    assert!(matches!(error, TokenError::NotConnected), "{error}");
    let error = server.app.tokens.access_token("ann", "other").await;
    let error = error.err().unwrap();
    assert!(matches!(error, TokenError::UnknownProvider(_)), "{error}");
}
