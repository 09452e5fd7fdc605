//! What may go wrong around the real binary: its database, its keys, its callers, the browsers before it.

use crate::harness::{
    FROM_ELSEWHERE, FROM_THE_APP, REFRESH_TOKEN, Rotating, Server, Serving, callback, eventually,
    searched, tokens,
};
use crate::operator::connected;
use crate::process::{command, output};
use axum::http::{Method, StatusCode};
use oauth_sync_server::App;
use oauth_sync_server::clock::Clock;
use oauth_sync_server::config::{Config, Overrides, Surroundings};
use secrecy::ExposeSecret as _;
use std::io::{BufRead as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// One of three processes with fifty callers each, run by the test below; `OAUTH_SYNC_TEST_CONFIG` names the configuration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a part of another test"]
async fn fifty_callers_of_this_process() {
    let file = std::env::var("OAUTH_SYNC_TEST_CONFIG").unwrap();
    let surroundings = Surroundings {
        variable: &|_| None,
        demo_key: &|_| Err(String::new()),
    };
    let config = Config::load(file.as_ref(), Overrides::default(), &surroundings).unwrap();
    let store = config.database.open().await.unwrap();
    let app = App::new(config, store, Clock::system()).await.unwrap();
    println!("ready");
    std::io::stdin()
        .lock()
        .read_line(&mut String::new())
        .unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let app = Arc::clone(&app);
        callers.spawn(async move { app.tokens.access_token("ann", "mona").await });
    }
    for token in callers.join_all().await {
        let token = token.unwrap();
        assert_eq!(token.generation, 2);
        assert!(token.token.expose_secret() == "renewed-access-1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_callers_in_each_of_three_real_processes_one_refreshes() {
    let server = connected("strict").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::from_millis(500)))
        .await;
    let mut processes = Vec::new();
    for _ in 0..3 {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::fifty_callers_of_this_process"])
            .args(["--ignored", "--nocapture"])
            .env("OAUTH_SYNC_TEST_CONFIG", server.configuration_file())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        processes.push(child);
    }
    let ended = tokio::task::spawn_blocking(move || {
        for child in &mut processes {
            let mut lines = std::io::BufReader::new(child.stdout.as_mut().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().ends_with("ready")));
        }
        for child in &mut processes {
            child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        }
        processes
            .into_iter()
            .map(|child| child.wait_with_output().unwrap())
            .collect::<Vec<_>>()
    })
    .await
    .unwrap();
    for output in ended {
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        searched("a process", said.as_bytes());
        assert!(output.status.success(), "{said}");
    }
    assert_eq!(server.token_requests().await.len(), 1);
}

/// No file of the process may grow beyond this; a full disk says the same to SQLite.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_spends_no_token_answers_503_and_goes_on_when_there_is_room() {
    let server = connected("strict").await;
    let file = server.configuration_file();
    // What is there is in the file, and not in a log that another pool holds open.
    server.store.close().await;
    let serve = format!(
        "trap '' XFSZ; ulimit -f 600; exec {} serve --config {}",
        env!("CARGO_BIN_EXE_oauth-sync-server"),
        file.display()
    );
    let child = Command::new("sh")
        .args(["-c", &serve])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let full = Serving::of(child).await;
    let mut browser = full.browser("ann");
    let mut busy = None;
    for number in 0..60 {
        let uri = format!("/oauth/start/mona?flow=flow-1{number:03}");
        let answer = browser.get(&uri, FROM_THE_APP).await;
        if answer.status != StatusCode::SEE_OTHER {
            busy = Some(answer);
            break;
        }
        browser.cookies.clear();
    }
    let busy = busy.unwrap();
    assert_eq!(
        busy.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        busy.body
    );
    assert_eq!(busy.header("retry-after"), "1");
    // What is known is still known.
    assert_eq!(browser.status("flow-1000").await["status"], "pending");

    // A refresh notes its intent first: nothing is spent where that cannot be written.
    let refresh = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} refresh mona --user=ann --config {}",
        env!("CARGO_BIN_EXE_oauth-sync-server"),
        file.display()
    );
    let refused = Command::new("sh").args(["-c", &refresh]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(server.token_requests().await.is_empty());
    assert!(full.terminate().await.success());

    server.answer(tokens()).await;
    let next = Serving::start(&server).await;
    browser.router = next.router();
    let departure = browser.start("mona", "flow-9999").await;
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-9999").await["status"], "completed");
    assert_eq!(browser.status("flow-1000").await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_that_the_file_names_the_process_does_not_start() {
    let server = connected("strict").await;
    let file = server.configuration_file();
    let text = std::fs::read_to_string(&file).unwrap();
    let other = file.with_file_name("other.toml");
    std::fs::write(&other, text.replace("id = \"k1\"", "id = \"k2\"")).unwrap();
    for arguments in [
        &["serve"][..],
        &["refresh", "mona", "--user=ann"],
        &["keys", "rotate"],
    ] {
        let output = output(&[arguments, &["--config", other.to_str().unwrap()]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("k1"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_prefetched_foreign_twice_or_too_late_claims_once() {
    let server = Server::start().await;
    // Made months ago, as far as the process can tell.
    let mut old = server.browser("ann");
    let late = old.start("mona", "flow-0001").await;
    let process = Serving::start(&server).await;
    let mut browser = process.browser("ann");
    let state = browser.start("mona", "flow-0002").await.state;
    let uri = callback("mona", &state, "code=c");
    let ahead = browser.send(Method::HEAD, &uri, FROM_ELSEWHERE, "").await;
    assert_eq!(ahead.status, StatusCode::NO_CONTENT);
    for header in ["sec-purpose", "purpose"] {
        let ahead = browser.get(&uri, &[(header, "prefetch")]).await;
        assert_eq!(ahead.status, StatusCode::NO_CONTENT);
    }
    for user in ["ann", "eve"] {
        let mut elsewhere = process.browser(user);
        let answer = elsewhere.get(&uri, FROM_ELSEWHERE).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{user}");
    }
    assert!(server.token_requests().await.is_empty());
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let (first, second) =
        tokio::join!(one.get(&uri, FROM_ELSEWHERE), two.get(&uri, FROM_ELSEWHERE));
    let third = browser.get(&uri, FROM_ELSEWHERE).await;
    assert_eq!(first.page(), second.page());
    assert_eq!(first.page(), third.page());
    assert_eq!(server.token_requests().await.len(), 1);
    // Too late: once into a new flow, and the code is not used.
    old.router = process.router();
    let onward = old.land("mona", &late.state, "c").await;
    assert_eq!(onward.status, StatusCode::SEE_OTHER);
    let reply = old.status("flow-0001").await;
    assert_eq!(reply["status"], "expired");
    assert!(reply["supersededBy"].is_string(), "{reply}");
    assert_eq!(server.token_requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_an_address_of_their_own_and_logs_can_be_json() {
    let server = Server::with(|text| text + "\n[metrics]\nlisten = \"127.0.0.1:0\"\n").await;
    let child = command(&["serve", "--config"])
        .arg(server.configuration_file())
        .env("OAUTH_SYNC_LOG_FORMAT", "json")
        .spawn()
        .unwrap();
    let process = Serving::of(child).await;
    let mut browser = process.browser("ann");
    let state = browser.start("mona", "flow-0001").await.state;
    browser.land("mona", &state, crate::harness::CODE).await;
    assert_eq!(
        browser.get("/metrics", &[]).await.status,
        StatusCode::NOT_FOUND
    );
    eventually("the end of the exchange is logged", || {
        std::future::ready(process.said().contains("\"completed\""))
    })
    .await;
    let lines: Vec<serde_json::Value> = process
        .said()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let exchange = lines
        .iter()
        .find(|line| line["operation"] == "exchange")
        .unwrap();
    for (field, value) in [
        ("provider", "mona"),
        ("user", "ann"),
        ("flow", "flow-0001"),
        ("outcome", "completed"),
    ] {
        assert_eq!(exchange[field], value, "{exchange}");
    }
    assert!(exchange["duration_ms"].is_number(), "{exchange}");
    let address = lines
        .iter()
        .find(|line| line["operation"] == "metrics")
        .and_then(|line| line["address"].as_str())
        .unwrap();
    let text = reqwest::get(format!("http://{address}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        text.contains("oauth_sync_flows_settled_total{provider=\"mona\",outcome=\"completed\"} 1"),
        "{text}"
    );
    searched("the metrics", text.as_bytes());
    assert!(process.terminate().await.success());
}

#[tokio::test]
async fn a_clock_that_jumps_back_in_a_refresh_blocks_nobody_for_long() {
    let server = Server::rotating("strict").await;
    server.connected("ann", "flow-0001").await;
    // Somebody took a lease when the clock was a year ahead, and died.
    server.clock.advance(Duration::from_secs(365 * 86_400));
    let row = server
        .store
        .connection("ann", "mona")
        .await
        .unwrap()
        .unwrap();
    let intent = oauth_sync_server::store::Intent {
        connection: row.id,
        generation: row.generation,
        lease: "of the dead".to_owned(),
        until: crate::harness::BEGIN + 365 * 86_400_000 + 18_000,
        forced: false,
        sends: false,
    };
    let now = crate::harness::BEGIN + 365 * 86_400_000;
    server.store.begin_refresh(&intent, now).await.unwrap();
    server.clock.set(crate::harness::BEGIN + 3_600_000);
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    let token = server.app.tokens.access_token("ann", "mona").await.unwrap();
    assert_eq!(token.generation, 2);
}
