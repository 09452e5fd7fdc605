//! Real processes that die in a refresh, and real processes that refresh at once.

use crate::harness::{REFRESH_TOKEN, Rotating, Server, eventually};
use crate::operator::{connected, run};
use crate::process::command;
use serde_json::json;
use std::time::Duration;
use wiremock::ResponseTemplate;

/// Kills a process after its refresh token was sent and before an answer came.
async fn killed_in_a_refresh(rotation: &str) -> Server {
    let server = connected(rotation).await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_secs(30)))
        .await;
    let file = server.configuration_file();
    let mut doomed = command(&["refresh", "mona", "--user=ann", "--config"])
        .arg(file)
        .spawn()
        .unwrap();
    eventually("the request is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    server
}

/// A minute goes by: the lease of the dead is over.
async fn after_its_lease(server: &Server) {
    let mut database = server.beside().await;
    let changed = database
        .run("UPDATE connections SET lease_until = 1 WHERE lease_until IS NOT NULL")
        .await
        .unwrap();
    assert_eq!(changed, 1, "the dead held it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_before_its_commit_leaves_a_connection_that_goes_on() {
    let server = killed_in_a_refresh("none").await;
    let said = run(&server, &["inspect", "mona", "--user=ann", "--json"]).await;
    let left = &said.json()["connection"];
    assert_eq!(
        (&left["uncertain"], &left["generation"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(left["state"], "expired", "and not lost");
    after_its_lease(&server).await;
    // This provider's refresh tokens stay good.
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    let said = run(&server, &["refresh", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    assert_eq!(
        (said.code, &body["outcome"]),
        (Some(0), &json!("refreshed"))
    );
    assert_eq!(body["connection"]["uncertain"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_before_its_commit_costs_a_strict_provider_a_new_consent_at_most() {
    let server = killed_in_a_refresh("strict").await;
    // Nobody asks while the dead holds the lease: it might be alive.
    let said = run(&server, &["refresh", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    assert_eq!(
        (said.code, &body["outcome"]),
        (Some(1), &json!("refresh_failed"))
    );
    assert_eq!(body["message"], "another process is refreshing it");
    assert_eq!(server.token_requests().await.len(), 1);
    after_its_lease(&server).await;
    server
        .answer(ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})))
        .await;
    let said = run(&server, &["refresh", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    assert_eq!(
        (said.code, &body["outcome"]),
        (Some(1), &json!("reauth_required"))
    );
    assert_eq!(body["reason"], "rotation_lost");
    assert_eq!(server.token_requests().await.len(), 1);
    // Said once: the next one does not ask.
    run(&server, &["refresh", "mona", "--user=ann"]).await;
    assert_eq!(server.token_requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_did_not_revoke_the_server_revokes() {
    let server = connected("strict").await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    server.answer_at("POST", "/revoke", slow).await;
    let file = server.configuration_file();
    let file = file.to_str().unwrap();
    let mut doomed = command(&["disconnect", "mona", "--user=ann", "--config", file])
        .spawn()
        .unwrap();
    eventually("the provider is told", || async {
        !server.bodies("/revoke").await.is_empty()
    })
    .await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let said = run(&server, &["status"]).await;
    assert_eq!(said.out, "no connections\n2 token(s) wait to be revoked\n");

    // Its hold on the token is over after half a minute.
    let mut database = server.beside().await;
    database
        .run("UPDATE revocations SET next_attempt_at = 1")
        .await
        .unwrap();
    server.answer(ResponseTemplate::new(503)).await;
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(200))
        .await;
    let mut serving = command(&["serve", "--config", file])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("the provider has heard of both", || async {
        server.bodies("/revoke").await.len() == 2
    })
    .await;
    serving.kill().unwrap();
    serving.wait().unwrap();
    let bodies = server.bodies("/revoke").await;
    assert!(
        bodies[0].ends_with("refresh_token"),
        "that one first, again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_six_processes_at_once_one_refreshes() {
    let server = connected("strict").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_millis(700)))
        .await;
    server
        .answer_at("GET", "/me", ResponseTemplate::new(200))
        .await;
    let all = ["validate-all", "--user=ann"];
    let said = tokio::join!(
        run(&server, &all),
        run(&server, &all),
        run(&server, &all),
        run(&server, &all),
        run(&server, &all),
        run(&server, &all),
    );
    for said in [said.0, said.1, said.2, said.3, said.4, said.5] {
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(0), "mona: valid\n"),
            "{}",
            said.err
        );
    }
    assert_eq!(server.token_requests().await.len(), 1);
}
