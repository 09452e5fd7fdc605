//! SIGKILL between the steps, and what the next process makes of what was left.

use crate::harness::{
    FROM_ELSEWHERE, REFRESH_TOKEN, Rotating, Server, Serving, callback, eventually, tokens,
};
use crate::operator::{connected, run};
use crate::process::command;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::ResponseTemplate;

/// Changes the database as time would.
async fn alter(server: &Server, sql: &'static str) {
    let changed = server.beside().await.run(sql).await.unwrap();
    assert_eq!(changed, 1, "{sql}");
}

/// `codes`: how often the provider had got the code by then.
async fn killed_in_an_exchange(point: Option<&str>, codes: usize) {
    let server = Server::start().await;
    let slow = point.is_none();
    if slow {
        server
            .answer(tokens().set_delay(Duration::from_secs(30)))
            .await;
    }
    let doomed = match point {
        Some(point) => Serving::halting(&server, point).await,
        None => Serving::start(&server).await,
    };
    let mut browser = doomed.browser("ann");
    let state = browser.start("mona", "flow-0001").await.state;
    let mut lander = browser.clone();
    let uri = callback("mona", &state, "code=c");
    let landing = tokio::spawn(async move { lander.get(&uri, FROM_ELSEWHERE).await });
    if slow {
        eventually("the code is sent", || async {
            server.token_requests().await.len() == 1
        })
        .await;
    } else {
        doomed.halted().await;
    }
    landing.abort();
    doomed.kill();
    assert_eq!(server.token_requests().await.len(), codes, "{point:?}");

    let next = Serving::start(&server).await;
    browser.router = next.router();
    assert_eq!(
        browser.status("flow-0001").await["status"],
        "pending",
        "{point:?}: the dead might be alive"
    );
    drop(next);
    alter(&server, "UPDATE flows SET claim_until = 1").await;
    server.answer(tokens()).await;
    let next = Serving::start(&server).await;
    browser.router = next.router();
    eventually("the claim is over", || {
        let mut browser = browser.clone();
        async move { browser.status("flow-0001").await["status"] == "failed" }
    })
    .await;
    let reply = browser.status("flow-0001").await;
    assert_eq!(reply["error"]["code"], "interrupted", "{point:?}");
    // The person's own reload: told, and the code is not sent again.
    let again = browser.land("mona", &state, "c").await;
    assert_eq!(again.notice().unwrap()["error"]["code"], "interrupted");
    assert!(server.token_requests().await.is_empty(), "{point:?}");
    let another = browser.start("mona", "flow-0002").await;
    browser.land("mona", &another.state, "c").await;
    assert_eq!(browser.status("flow-0002").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_claim_a_flow_is_interrupted_and_its_code_not_sent() {
    killed_in_an_exchange(Some("claimed"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_its_code_was_sent_a_flow_is_interrupted() {
    killed_in_an_exchange(None, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_answer_and_the_commit_a_flow_is_interrupted() {
    killed_in_an_exchange(Some("exchange_answered"), 1).await;
}

/// Kills `refresh` at a point, lets its lease end, and refreshes again.
async fn killed_in_a_refresh(point: &str, rotation: &str, provider: Rotating) -> (Server, Value) {
    let server = connected(rotation).await;
    server.answer(provider).await;
    let mut doomed = command(&["refresh", "mona", "--user=ann", "--config"])
        .arg(server.configuration_file())
        .env("OAUTH_SYNC_HALT_AT", point)
        .spawn()
        .unwrap();
    let said = halted(&mut doomed).await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    crate::harness::searched("what a process says", said.as_bytes());
    let left = run(&server, &["inspect", "mona", "--user=ann", "--json"]).await;
    assert_eq!(left.json()["connection"]["uncertain"], true, "{point}");
    alter(
        &server,
        "UPDATE connections SET lease_until = 1 WHERE lease_until IS NOT NULL",
    )
    .await;
    let said = run(&server, &["refresh", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    (server, body)
}

async fn halted(child: &mut std::process::Child) -> String {
    use std::io::BufRead as _;

    let stderr = child.stderr.take().unwrap();
    tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        for line in std::io::BufReader::new(stderr)
            .lines()
            .map_while(Result::ok)
        {
            said.push_str(&line);
            if line.contains("halted for a test") {
                return said;
            }
        }
        panic!("it ended: {said}");
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_its_request_a_refresh_costs_nothing() {
    for rotation in ["none", "grace", "strict", "unknown"] {
        let provider = Rotating::new(REFRESH_TOKEN, Duration::ZERO);
        let (server, body) = killed_in_a_refresh("refresh_begun", rotation, provider).await;
        assert_eq!(body["outcome"], "refreshed", "{rotation}: {body}");
        assert_eq!(server.token_requests().await.len(), 1, "{rotation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_answer_and_the_commit_a_refresh_costs_what_the_provider_says() {
    let strict = || Rotating::new(REFRESH_TOKEN, Duration::ZERO);
    for (rotation, provider, outcome, reason) in [
        ("none", strict().lasting(), "refreshed", json!(null)),
        ("grace", strict().forgiving(), "refreshed", json!(null)),
        ("unknown", strict().forgiving(), "refreshed", json!(null)),
        (
            "unknown",
            strict(),
            "reauth_required",
            json!("rotation_lost"),
        ),
        (
            "strict",
            strict(),
            "reauth_required",
            json!("rotation_lost"),
        ),
    ] {
        let (server, body) = killed_in_a_refresh("refresh_answered", rotation, provider).await;
        assert_eq!(body["outcome"], outcome, "{rotation}: {body}");
        assert_eq!(body["reason"], reason, "{rotation}: {body}");
        assert_eq!(server.token_requests().await.len(), 2, "{rotation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_a_revocation_a_process_leaves_it_to_the_next() {
    for (point, heard) in [("revocation_taken", 0), ("revocation_told", 1)] {
        let server = connected("strict").await;
        server
            .answer_at("POST", "/revoke", ResponseTemplate::new(200))
            .await;
        server.app.tokens.disconnect("ann", "mona").await.unwrap();
        let doomed = Serving::halting(&server, point).await;
        doomed.halted().await;
        doomed.kill();
        assert_eq!(server.bodies("/revoke").await.len(), heard, "{point}");
        alter(
            &server,
            "UPDATE revocations SET next_attempt_at = 1 WHERE next_attempt_at > 1800000000000 OR attempts > 0",
        )
        .await;
        let next = Serving::start(&server).await;
        eventually("the provider has heard of both", || async {
            server.bodies("/revoke").await.len() == 2 + heard
        })
        .await;
        eventually("nothing waits", || async {
            server.app.tokens.waiting_revocations(None).await.unwrap() == 0
        })
        .await;
        let mut browser = next.browser("ann");
        let answer = browser.get("/readyz", &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}
