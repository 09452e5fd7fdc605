//! Whether a connection works, and what would follow if it did not.

use crate::harness::{ACCESS_TOKEN, Answers, REFRESH_TOKEN, Rotating, Server};
use crate::refresh::row;
use oauth_sync_server::tokens::{Consequence, TokenError, Validity};
use serde_json::json;
use wiremock::ResponseTemplate;

async fn validating() -> Server {
    let server =
        Server::with(|text| text.replacen("issuer", "validation_endpoint = \"/me\"\nissuer", 1))
            .await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, std::time::Duration::ZERO))
        .await;
    server
}

#[tokio::test]
async fn the_provider_has_the_last_word() {
    let status = ResponseTemplate::new;
    for (name, answers, expected, refreshes) in [
        ("taken", vec![status(200)], "valid", 0),
        ("out of scope", vec![status(403)], "valid", 0),
        ("refused once", vec![status(401), status(200)], "valid", 1),
        ("refused for ever", vec![status(401)], "refused", 1),
        ("no answer", vec![status(500)], "unchecked", 0),
    ] {
        let server = validating().await;
        server.answer_at("GET", "/me", Answers::new(answers)).await;
        let validated = server.app.tokens.validate("ann", "mona").await;
        let found = match validated.validity {
            Validity::Valid => "valid",
            Validity::Unchecked => "unchecked",
            Validity::Refused => "refused",
            Validity::Failed(error) => panic!("{name}: {error}"),
        };
        assert_eq!(found, expected, "{name}");
        assert_eq!(server.token_requests().await.len(), refreshes, "{name}");
        assert_eq!(validated.steps.len(), refreshes, "{name}");
        assert_eq!(row(&server).await.reauth_reason, None, "{name}");
    }
}

#[tokio::test]
async fn without_an_endpoint_the_expiry_is_all_that_is_known() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    let validated = server.app.tokens.validate("ann", "mona").await;
    assert!(matches!(validated.validity, Validity::Unchecked));
    let validated = server.app.tokens.validate("bob", "mona").await;
    assert!(matches!(
        validated.validity,
        Validity::Failed(TokenError::NotConnected)
    ));
}

#[tokio::test]
async fn a_simulated_failure_goes_the_real_way_and_leaves_everything_as_it_was() {
    let refusal = ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"}));
    let given = ResponseTemplate::new(200).set_body_json(json!({"access_token": "x"}));
    for (answer, consequence, requests) in [
        (refusal, Consequence::ReauthRequired, 1),
        (ResponseTemplate::new(503), Consequence::Cooling, 3),
        (ResponseTemplate::new(401), Consequence::Cooling, 1),
        (given, Consequence::Accepted, 1),
    ] {
        let server = validating().await;
        server.clock.skip_waits();
        let before = row(&server).await;
        server.answer(answer).await;
        let simulated = server.app.tokens.simulate_failure("ann", "mona").await;
        let simulated = simulated.unwrap();
        assert_eq!(simulated.consequence, consequence);
        assert_eq!(simulated.steps.len(), requests);
        let sent = server.token_requests().await;
        assert_eq!(sent.len(), requests);
        assert!(sent.iter().all(|form| {
            form["grant_type"] == "refresh_token" && form["refresh_token"] != REFRESH_TOKEN
        }));
        assert_eq!(format!("{:?}", row(&server).await), format!("{before:?}"));
        assert_eq!(crate::refresh::text(&server.app).await, ACCESS_TOKEN);
    }
}
