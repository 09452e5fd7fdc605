//! What is PostgreSQL's alone: a server that restarts, connections that are cut, a full pool, TLS, and who else uses it.
//!
//! They need its programs: `npm test -- postgres`.

use crate::harness::{
    Browser, Cluster, FROM_THE_APP, Home, Raw, Server, eventually, postgres, postgres_on, tokens,
};
use axum::http::StatusCode;
use oauth_sync_server::store::{Database, Risen, Store, StoreError};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

async fn opened(address: &str) -> Result<Arc<dyn Store>, StoreError> {
    Database::parse(Path::new(address)).unwrap().open().await
}

fn connection(raw: &mut Raw) -> &mut PgConnection {
    match raw {
        Raw::Postgres(connection) => connection,
        Raw::Sqlite(_) => unreachable!("these tests make their own databases"),
    }
}

/// How many connections of the database match, but for this one.
async fn count(raw: &mut Raw, condition: &str) -> i64 {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .fetch_one(connection(raw))
        .await
        .unwrap();
    row.get(0)
}

/// Ends connections of the database as an administrator does, or a proxy on the way.
async fn cut(raw: &mut Raw, condition: &str) {
    let sql = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    );
    raw.run(&sql).await.unwrap();
}

async fn is_ready(browser: &Browser) -> StatusCode {
    browser.clone().get("/readyz", &[]).await.status
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_flow_goes_on_after_the_database_was_restarted() {
    let mut cluster = Cluster::start();
    let home = Home::Postgres(postgres_on(&cluster.url).await);
    let server = Server::on(home).await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut watch = server.store.watch();
    assert_eq!(watch.next().await.unwrap(), Risen::Anyone);

    cluster.stop();
    let watched = watch.next().await;
    assert!(watched.is_err(), "{watched:?}");
    assert_eq!(is_ready(&browser).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.get("/healthz", &[]).await.status, StatusCode::OK);
    for uri in [
        "/oauth/status?flow=flow-0001",
        "/oauth/start/mona?flow=flow-0002",
    ] {
        let answer = browser.get(uri, FROM_THE_APP).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (StatusCode::SERVICE_UNAVAILABLE, "1"),
            "{uri}"
        );
    }
    let landed = browser.land("mona", &departure.state, "c").await;
    assert_eq!(landed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(server.token_requests().await.is_empty(), "nothing is spent");

    cluster.start_again();
    eventually("it is ready again", || async {
        is_ready(&browser).await == StatusCode::OK
    })
    .await;
    assert_eq!(watch.next().await.unwrap(), Risen::Anyone, "who can say");
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
    let risen = watch.next().await.unwrap();
    assert_eq!(risen, Risen::Of(vec!["ann".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_cut_connection_is_replaced_and_is_no_verdict() {
    let server = Server::on(Home::Postgres(postgres().await)).await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut raw = server.beside().await;
    cut(&mut raw, "true").await;
    // One that was used a moment ago may be tried once more, and that is said to be no answer.
    eventually("it is ready again", || async {
        is_ready(&browser).await == StatusCode::OK
    })
    .await;
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn tokens_whose_commit_was_cut_are_stored_all_the_same() {
    let server = Server::on(Home::Postgres(postgres().await)).await;
    server.clock.skip_waits();
    let delayed = tokens().set_delay(Duration::from_millis(300));
    server.answer(delayed).await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    let mut lander = browser.clone();
    let landing = tokio::spawn(async move { lander.land("mona", &departure.state, "c").await });
    eventually("the code is sent", || async {
        !server.token_requests().await.is_empty()
    })
    .await;
    let mut blocking = server.beside().await;
    blocking.block_writes().await;
    let mut raw = server.beside().await;
    while count(&mut raw, "wait_event_type = 'Lock'").await == 0 {
        tokio::task::yield_now().await;
    }
    cut(&mut raw, "wait_event_type = 'Lock'").await;
    blocking.run("ROLLBACK").await.unwrap();
    assert_eq!(landing.await.unwrap().status, StatusCode::OK);
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
    assert_eq!(server.token_requests().await.len(), 1);
    assert!(server.store.revocations().await.unwrap().is_empty());
}

/// Clients hang up at any moment, and what was done for them is dropped wherever it is.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_call_that_is_dropped_halfway_leaves_no_transaction_to_the_next() {
    let server = Server::on(Home::Postgres(postgres().await)).await;
    for number in 0..400 {
        let dropped = server.store.changes("ann", 0, 9);
        let patience = Duration::from_micros(20 * (number % 100));
        let _dropped = tokio::time::timeout(patience, dropped).await;
        if number % 20 == 0 {
            let flow = format!("flow-{number:04}");
            server.browser("ann").start("mona", &flow).await;
        }
    }
    assert_eq!(server.store.version("ann").await.unwrap(), 20);
    let mut raw = server.beside().await;
    while count(&mut raw, "state LIKE 'idle in transaction%'").await > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_full_pool_is_said_to_be_busy_and_empties_again() {
    let server = Server::on(Home::Postgres(postgres().await)).await;
    let mut browser = server.browser("ann");
    browser.start("mona", "flow-0001").await;
    let mut blocking = server.beside().await;
    blocking.block_writes().await;
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..40 {
        let mut browser = server.browser("ann");
        waiting.spawn(async move {
            let uri = format!("/oauth/start/mona?flow=flow-1{number:03}");
            let answer = browser.get(&uri, FROM_THE_APP).await;
            (answer.status, answer.header("retry-after").to_owned())
        });
    }
    let mut raw = server.beside().await;
    while count(&mut raw, "wait_event_type = 'Lock'").await < 10 {
        tokio::task::yield_now().await;
    }
    let mine = count(&mut raw, "application_name = 'oauth-sync-server'").await;
    assert!(mine <= 11, "{mine} connections, with the one that listens");
    // Nobody waits for ever: neither who has a connection nor who has none.
    while let Some(answer) = waiting.join_next().await {
        let busy = (StatusCode::SERVICE_UNAVAILABLE, "1".to_owned());
        assert_eq!(answer.unwrap(), busy);
    }
    drop(blocking);
    eventually("a start goes through", || async {
        let mut browser = browser.clone();
        let uri = "/oauth/start/mona?flow=flow-2000";
        browser.get(uri, FROM_THE_APP).await.status == StatusCode::SEE_OTHER
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_takes_no_writes_is_not_ready() {
    let server = Server::on(Home::Postgres(postgres().await)).await;
    let mut raw = server.beside().await;
    raw.run(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', \
         current_database()); END $$",
    )
    .await
    .unwrap();
    cut(&mut raw, "true").await;
    let mut browser = server.browser("ann");
    eventually("it connects again", || async {
        server
            .store
            .flow(
                "ann",
                &oauth_sync::proto::flow::FlowId::parse("flow-0001".to_owned()).unwrap(),
            )
            .await
            .is_ok()
    })
    .await;
    assert_eq!(is_ready(&browser).await, StatusCode::SERVICE_UNAVAILABLE);
    let started = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert_eq!(started.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_lost_notification_is_found_by_looking() {
    let home = Home::Postgres(postgres().await);
    let server = Server::on(home).await;
    let mut watch = server.store.watch();
    assert_eq!(watch.next().await.unwrap(), Risen::Anyone);
    let mut raw = server.beside().await;
    // The same function, but for its word to whoever listens.
    let silenced = raw
        .run(
            "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('next_version'::regproc), \
             'PERFORM pg_notify(''oauth_sync'', risen.number::TEXT);', ''); END $$",
        )
        .await;
    silenced.unwrap();
    server.browser("ann").start("mona", "flow-0001").await;
    let risen = watch.next().await.unwrap();
    assert_eq!(risen, Risen::Of(vec!["ann".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_notification_carries_a_number_alone() {
    let home = Home::Postgres(postgres().await);
    let address = home.setting();
    let server = Server::on(home).await;
    let mut listener = PgListener::connect(address.to_str().unwrap())
        .await
        .unwrap();
    listener.listen("oauth_sync").await.unwrap();
    server.connected("ann", "flow-0001").await;
    for _ in 0..2 {
        let told = listener.recv().await.unwrap();
        assert!(told.payload().parse::<i64>().is_ok(), "{}", told.payload());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL"]
async fn several_instances_may_make_the_tables_at_once() {
    let address = postgres().await;
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let address = address.clone();
        opening.spawn(async move { opened(&address).await.map(|_| ()) });
    }
    for opened in opening.join_all().await {
        opened.unwrap();
    }
    let mut raw = Home::Postgres(address).connect().await;
    let row = sqlx::query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(connection(&mut raw))
        .await
        .unwrap();
    assert_eq!(
        row.get::<i64, _>(0),
        0,
        "the app's own schema is left alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn refuses_tables_of_a_newer_release() {
    let address = postgres().await;
    opened(&address).await.unwrap();
    let mut raw = Home::Postgres(address.clone()).connect().await;
    raw.run("UPDATE schema_version SET version = 99")
        .await
        .unwrap();
    let message = opened(&address).await.err().unwrap().to_string();
    assert!(
        message.contains("99") && message.contains("newer"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn tls_is_checked_as_far_as_the_address_says() {
    let address = postgres().await;
    let mut raw = Home::Postgres(address.clone()).connect().await;
    let row = sqlx::query("SHOW data_directory")
        .fetch_one(connection(&mut raw))
        .await
        .unwrap();
    let certificate = format!("{}/server.crt", row.get::<String, _>(0));
    let known =
        format!("{address}?sslmode=verify-full&sslrootcert={certificate}&application_name=checked");
    let store = opened(&known).await.unwrap();
    store.ping().await.unwrap();
    let encrypted =
        "application_name = 'checked' AND pid IN (SELECT pid FROM pg_stat_ssl WHERE ssl)";
    assert_eq!(count(&mut raw, encrypted).await, 1);
    store.close().await;
    // This machine's own authorities have not signed it.
    let refused = opened(&format!("{address}?sslmode=verify-full")).await;
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("certificate"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn what_the_role_may_not_do_is_said() {
    let address = postgres().await;
    let mut raw = Home::Postgres(address.clone()).connect().await;
    // Roles are the cluster's, and other tests share it.
    let role = format!("role_{}", std::process::id());
    raw.run(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    let as_role = address.replace("postgres@", &format!("{role}@"));
    let message = opened(&as_role).await.err().unwrap().to_string();
    assert!(message.contains("permission denied"), "{message}");
    // One that may not make a schema may be given one.
    raw.run(&format!("CREATE SCHEMA oauth_sync AUTHORIZATION {role}"))
        .await
        .unwrap();
    opened(&as_role).await.unwrap();
    let message = opened(&format!("{address}_nowhere")).await.err().unwrap();
    assert!(message.to_string().contains("does not exist"), "{message}");
}
