//! The operator's commands, by the real binary on the file of a server: text, `--json` and exit code of each.

use crate::harness::{REFRESH_TOKEN, Rotating, Server, eventually, searched, tokens};
use crate::process::command;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::ResponseTemplate;

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }
}

/// Runs a command with the log at its loudest. Whatever is asked, no token is in the answer.
pub async fn run(server: &Server, arguments: &[&str]) -> Said {
    let file = server.configuration_file();
    let mut command = command(arguments);
    command
        .args(["--config", file.to_str().unwrap()])
        .env("OAUTH_SYNC_LOG", "trace");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    searched(&format!("{arguments:?}"), format!("{out}{err}").as_bytes());
    Said {
        code: output.status.code(),
        out,
        err,
    }
}

/// Connected months ago, so that everything has expired.
pub async fn connected(rotation: &str) -> Server {
    let line = format!(
        "rotation = \"{rotation}\"\nrevocation_endpoint = \"/revoke\"\nvalidation_endpoint = \"/me\"\nissuer"
    );
    let server = Server::with(|text| text.replacen("issuer", &line, 1)).await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    server
}

fn refusal() -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"}))
}

#[tokio::test(flavor = "multi_thread")]
async fn status_lists_connections_and_their_states() {
    let server = connected("strict").await;
    let said = run(&server, &["status"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "PERSON  PROVIDER  STATE    EXPIRES");
    assert!(
        lines[1].starts_with("ann     mona      expired  expired "),
        "{}",
        said.out
    );
    assert_eq!(lines.len(), 2);

    run(&server, &["refresh", "mona", "--user=ann"]).await;
    let said = run(&server, &["status", "--user=ann", "--json"]).await;
    let body = said.json();
    assert_eq!(body["waitingRevocations"], 0);
    let one = &body["connections"][0];
    let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
    let mut expected = [
        "id",
        "user",
        "provider",
        "tools",
        "state",
        "reason",
        "scope",
        "expiresAt",
        "refreshable",
        "generation",
        "fingerprint",
        "refreshError",
        "coolingUntil",
        "uncertain",
        "createdAt",
        "updatedAt",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected, "programs rely on it");
    assert_eq!(
        (&one["state"], &one["generation"]),
        (&json!("active"), &json!(2))
    );

    let said = run(&server, &["status", "--user=bob"]).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "no connections\n")
    );
    let said = run(&server, &["status", "--user=bob", "--json"]).await;
    assert_eq!(
        said.json(),
        json!({"connections": [], "waitingRevocations": 0})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_shows_one_connection_and_a_fingerprint_at_most() {
    let server = connected("strict").await;
    let said = run(&server, &["inspect", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    for line in [
        "person       ann",
        "tools        jira, confluence",
        "refreshable  yes",
        "generation   1",
    ] {
        assert!(
            said.out.lines().any(|said| said == line),
            "{line}: {}",
            said.out
        );
    }
    let said = run(&server, &["inspect", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    let fingerprint = body["connection"]["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.len(), 8);
    assert_eq!(body["connection"]["scope"], "read offline_access");

    let said = run(&server, &["inspect", "mona", "--user=bob"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(
        said.err.ends_with("oauth-sync-server: not connected\n"),
        "{}",
        said.err
    );
    let said = run(&server, &["inspect", "mona", "--user=bob", "--json"]).await;
    assert_eq!(said.code, Some(1));
    assert_eq!(said.json()["error"]["code"], "not_connected");
    let said = run(&server, &["inspect", "nobody", "--user=ann", "--json"]).await;
    assert_eq!(said.code, Some(2));
    assert_eq!(said.json()["error"]["code"], "unknown_provider");
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_says_what_was_asked_and_what_came() {
    let server = connected("strict").await;
    let said = run(&server, &["refresh", "mona", "--user=ann", "--verbose"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "mona: refreshed, expires in 59 min");
    assert!(
        lines[1].starts_with("  attempt 1: renewed in "),
        "{}",
        said.out
    );
    let said = run(&server, &["refresh", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    assert_eq!(
        (said.code, &body["outcome"]),
        (Some(0), &json!("refreshed"))
    );
    assert_eq!(
        body["connection"]["generation"], 3,
        "though the token was good"
    );
    assert_eq!(body["attempts"][0]["waitMs"], Value::Null);

    server.answer(ResponseTemplate::new(503)).await;
    let said = run(&server, &["refresh", "mona", "--user=ann", "--verbose"]).await;
    assert_eq!(said.code, Some(1));
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "mona: the provider answered 503");
    assert!(
        lines[1].ends_with(" ms, then 1 s of waiting"),
        "{}",
        said.out
    );
    assert!(
        lines[2].ends_with(" ms, then 2 s of waiting"),
        "{}",
        said.out
    );
    assert!(lines[3].starts_with("  attempt 3: "), "{}", said.out);
    assert_eq!(server.token_requests().await.len(), 3);

    server.answer(refusal()).await;
    let said = run(&server, &["refresh", "mona", "--user=ann", "--json"]).await;
    let body = said.json();
    assert_eq!(
        (said.code, &body["outcome"]),
        (Some(1), &json!("reauth_required"))
    );
    assert_eq!(body["reason"], "grant_rejected");
    let said = run(&server, &["status"]).await;
    assert!(
        said.out.contains("reauth_required (grant_rejected)"),
        "{}",
        said.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_all_asks_the_provider() {
    let server = connected("strict").await;
    server
        .answer_at("GET", "/me", ResponseTemplate::new(200))
        .await;
    let said = run(&server, &["validate-all", "--user=ann"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "mona: valid\n"));
    assert_eq!(server.token_requests().await.len(), 1, "it had expired");
    let said = run(&server, &["validate-all", "--user=ann", "--json"]).await;
    let expected = json!({"user": "ann", "connections": [
        {"provider": "mona", "outcome": "valid", "attempts": []},
    ]});
    assert_eq!(said.json(), expected);
    let said = run(&server, &["validate-all", "--user=bob"]).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "no connections\n")
    );

    server.answer(refusal()).await;
    server
        .answer_at("GET", "/me", ResponseTemplate::new(401))
        .await;
    let said = run(&server, &["validate-all", "--user=ann", "--json"]).await;
    let one = &said.json()["connections"][0];
    assert_eq!(
        (said.code, &one["outcome"]),
        (Some(1), &json!("reauth_required"))
    );
    assert_eq!(one["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_ends_it_and_tells_the_provider() {
    let server = connected("strict").await;
    server.answer(tokens()).await;
    server.connected("bob", "flow-0002").await;
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(200))
        .await;
    let said = run(&server, &["disconnect", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.out,
        "mona: disconnected\n2 token(s) revoked at the provider\n"
    );
    let said = run(&server, &["disconnect", "mona", "--user=ann", "--json"]).await;
    assert_eq!(
        (said.code, &said.json()["error"]["code"]),
        (Some(1), &json!("not_connected"))
    );

    server.answer(ResponseTemplate::new(503)).await;
    let said = run(&server, &["disconnect", "mona", "--user=bob", "--json"]).await;
    let body = said.json();
    assert_eq!(
        (said.code, &body["outcome"]),
        (Some(0), &json!("disconnected"))
    );
    assert_eq!(
        (&body["queued"], &body["waitingRevocations"]),
        (&json!(2), &json!(2))
    );
    let said = run(&server, &["status"]).await;
    assert_eq!(said.out, "no connections\n2 token(s) wait to be revoked\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn simulate_failure_shows_what_would_follow_and_changes_nothing() {
    let server = connected("strict").await;
    let before = run(&server, &["inspect", "mona", "--user=ann", "--json"]).await;
    let said = run(&server, &["simulate-failure", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.out,
        "mona: the person would have to connect again; nothing was changed\n"
    );
    let said = run(
        &server,
        &["simulate-failure", "mona", "--user=ann", "--json"],
    )
    .await;
    let body = said.json();
    assert_eq!(body["outcome"], "reauth_required");
    assert_eq!(
        body["attempts"][0]["outcome"],
        "the provider refused: invalid_grant"
    );
    let after = run(&server, &["inspect", "mona", "--user=ann", "--json"]).await;
    assert_eq!(before.json(), after.json());
    // The real token was never sent.
    let said = run(&server, &["refresh", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);

    server
        .answer(ResponseTemplate::new(200).set_body_json(json!({"access_token": "x"})))
        .await;
    let said = run(&server, &["simulate-failure", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(1), "a provider that takes anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_encrypts_with_the_first_key() {
    let old = "[[encryption.keys]]\nid = \"k0\"\nkey = \"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\"\n\n";
    let server = Server::with(|text| text + old).await;
    server.connected("ann", "flow-0001").await;
    let said = run(&server, &["keys", "rotate"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.out,
        "0 connection(s), 0 token(s) to be revoked and 0 verifier(s) are encrypted with k1 now\n"
    );
    // The other key first.
    let file = server.configuration_file();
    let text = std::fs::read_to_string(&file).unwrap().replace(old, "");
    let turned = file.with_file_name("turned.toml");
    std::fs::write(
        &turned,
        text.replacen("[[encryption", &format!("{old}[[encryption"), 1),
    )
    .unwrap();
    let of = |file: &std::path::Path| {
        let mut command = command(&["keys", "rotate", "--json", "--config"]);
        command.arg(file).output().unwrap()
    };
    let output = of(&turned);
    let body: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected =
        json!({"key": "k0", "connections": 1, "revocations": 0, "verifiers": 0, "damaged": 0});
    assert_eq!((output.status.code(), body), (Some(0), expected));

    // Without the key that is in use nothing begins.
    let without = file.with_file_name("without.toml");
    std::fs::write(&without, text).unwrap();
    let output = of(&without);
    let body: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(body["error"]["code"], "missing_keys");
    assert!(body["error"]["message"].as_str().unwrap().contains("k0"));
}

#[test]
fn what_is_called_wrongly_is_2() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nothing.db");
    let missing = missing.to_str().unwrap();
    for arguments in [
        &["status"][..],
        &["inspect", "--demo", "--user=ann"],
        &["refresh", "mona", "--demo"],
        &["keys", "--demo"],
        &["status", "--config=/nowhere.toml"],
        &["status", "--demo", "--database", missing],
    ] {
        let output = crate::process::output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
    assert!(
        !std::path::Path::new(missing).exists(),
        "asking makes no database"
    );
}

/// Two processes, one file: the server serves while the operator ends a connection.
#[tokio::test(flavor = "multi_thread")]
async fn commands_work_beside_a_running_server() {
    let server = connected("strict").await;
    server
        .answer_at("POST", "/revoke", ResponseTemplate::new(200))
        .await;
    let file = server.configuration_file();
    let mut serving = command(&["serve", "--config", file.to_str().unwrap()])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let said = run(&server, &["refresh", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = run(&server, &["disconnect", "mona", "--user=ann"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    eventually("the provider has heard of both", || async {
        server.bodies("/revoke").await.len() == 2
    })
    .await;
    serving.kill().unwrap();
    serving.wait().unwrap();
}
