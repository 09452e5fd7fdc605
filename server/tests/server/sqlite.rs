//! What is SQLite's alone: the file, and several processes that open it.

use crate::harness::{FROM_THE_APP, Home, Server};
use axum::http::StatusCode;
use oauth_sync_server::store::{ChangeStore as _, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Row as _};
use std::path::Path;

async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .connect()
        .await
        .unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<u64, String> {
    sqlx::query(sql)
        .execute(connection)
        .await
        .map(|result| result.rows_affected())
        .map_err(|error| error.to_string())
}

const FLOW: &str = "INSERT INTO flows (id, user_id, provider, status, created_at, expires_at, claimable_until) \
    VALUES ('flow-0001', 'ann', 'mona', 'pending', 1, 2, 3)";

#[tokio::test]
async fn is_made_for_durability_and_contention() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.db");
    SqliteStore::open(&file).await.unwrap();
    let mode: String = sqlx::query("PRAGMA journal_mode")
        .fetch_one(&mut raw(&file).await)
        .await
        .unwrap()
        .get(0);
    assert_eq!(mode, "wal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_processes_may_make_the_file_at_once() {
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let file = file.clone();
            opening.spawn(async move { SqliteStore::open(&file).await.map(|_| ()) });
        }
        for opened in opening.join_all().await {
            opened.unwrap();
        }
    }
}

#[tokio::test]
async fn refuses_a_file_of_a_newer_release() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.db");
    SqliteStore::open(&file).await.unwrap();
    run(&mut raw(&file).await, "PRAGMA user_version = 99")
        .await
        .unwrap();
    let message = SqliteStore::open(&file).await.unwrap_err().to_string();
    assert!(
        message.contains("99") && message.contains("newer"),
        "{message}"
    );
}

/// What an earlier release wrote has no numbers of its own: it cannot be told again, and what comes after it can.
#[tokio::test]
async fn a_file_of_an_earlier_release_goes_on_counting() {
    const EARLIER: [&str; 2] = [
        include_str!("../../src/store/sqlite/migrations/0001_flows.sql"),
        include_str!("../../src/store/sqlite/migrations/0002_tokens.sql"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let mut earlier = options.connect().await.unwrap();
    for migration in EARLIER {
        sqlx::raw_sql(migration)
            .execute(&mut earlier)
            .await
            .unwrap();
    }
    for statement in [
        "PRAGMA user_version = 2",
        FLOW,
        "UPDATE flows SET status = 'cancelled', settled_at = 5, version = 7",
        "INSERT INTO connections (id, user_id, provider, tools, key_id, access_token, created_at, updated_at) \
         VALUES ('int-1', 'bob', 'mona', '[]', 'k1', x'00', 1, 1)",
    ] {
        run(&mut earlier, statement).await.unwrap();
    }
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(store.version("ann").await.unwrap(), 7);
    assert_eq!(store.version("bob").await.unwrap(), 1);
    assert!(store.changes("ann", 6, 9).await.unwrap().changes.is_none());
    let again = FLOW.replace("flow-0001", "flow-0002");
    sqlx::query(sqlx::AssertSqlSafe(again))
        .execute(&mut earlier)
        .await
        .unwrap();
    let replay = store.changes("ann", 7, 9).await.unwrap();
    assert_eq!((replay.version, replay.changes.unwrap().len()), (8, 1));
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_then_said_to_be_busy() {
    let home = Home::File(tempfile::tempdir().unwrap());
    let server = Server::on(home).await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut other = raw(&server.database()).await;
    run(&mut other, "BEGIN IMMEDIATE").await.unwrap();
    // Reads go on, writes wait for five seconds and then give up without a verdict.
    assert_eq!(browser.status("flow-0001").await["status"], "pending");
    let started = browser
        .get("/oauth/start/mona?flow=flow-0002", FROM_THE_APP)
        .await;
    assert_eq!(
        (started.status, started.header("retry-after")),
        (StatusCode::SERVICE_UNAVAILABLE, "1")
    );
    let waiting = {
        let mut browser = browser.clone();
        let state = departure.state.clone();
        tokio::spawn(async move { browser.land("mona", &state, "c").await })
    };
    run(&mut other, "ROLLBACK").await.unwrap();
    assert_eq!(waiting.await.unwrap().status, StatusCode::OK);
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}
