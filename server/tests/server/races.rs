//! Many at once: in one process, and over several pools on one file.

use crate::harness::{Browser, Server};
use axum::http::StatusCode;
use std::collections::BTreeSet;

/// Each round a new flow, and the same callback many times at once.
async fn race(server: &Server, browser: &Browser, contestants: Vec<axum::Router>, rounds: usize) {
    for round in 0..rounds {
        let flow = format!("flow-{round:04}");
        let mut starter = browser.clone();
        let departure = starter.start("mona", &flow).await;
        let mut landings = tokio::task::JoinSet::new();
        for router in &contestants {
            let mut contestant = starter.clone();
            contestant.router = router.clone();
            let state = departure.state.clone();
            landings.spawn(async move { contestant.land("mona", &state, "c").await });
        }
        let mut pages = BTreeSet::new();
        while let Some(landed) = landings.join_next().await {
            let landed = landed.unwrap();
            assert_eq!(landed.status, StatusCode::OK);
            pages.insert(landed.page());
        }
        assert_eq!(pages.len(), 1, "everybody gets the same page");
        assert_eq!(starter.status(&flow).await["status"], "completed");
    }
    assert_eq!(
        server.token_requests().await.len(),
        rounds,
        "each code is sent once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callbacks_one_claims() {
    let server = Server::with(|text| text + "\n[rate_limits]\ncallback = { user = 0 }\n").await;
    let browser = server.browser("ann");
    let contestants = vec![server.router(); 12];
    race(&server, &browser, contestants, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callbacks_over_several_pools_one_claims() {
    let server = Server::start().await;
    let browser = server.browser("ann");
    let mut contestants = vec![server.router(), server.router()];
    for _ in 0..3 {
        let (app, _) = server.sibling().await;
        contestants.push(oauth_sync_server::router(app.clone()));
        contestants.push(oauth_sync_server::router(app));
    }
    race(&server, &browser, contestants, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_cancel_and_callback_one_wins_and_both_agree() {
    let server = Server::start().await;
    for round in 0..20 {
        let flow = format!("flow-{round:04}");
        let mut browser = server.browser("ann");
        let departure = browser.start("mona", &flow).await;
        let mut canceller = browser.clone();
        let mut lander = browser.clone();
        let name = flow.clone();
        let cancelling = tokio::spawn(async move { canceller.cancel(&name).await });
        let landing = tokio::spawn(async move { lander.land("mona", &departure.state, "c").await });
        let (cancelled, landed) = (cancelling.await.unwrap(), landing.await.unwrap());
        let status = browser.status(&flow).await;
        let won = cancelled.status == StatusCode::OK;
        assert_eq!(
            status["status"],
            if won { "cancelled" } else { "completed" }
        );
        assert_eq!(landed.notice().unwrap()["success"], !won);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_starts_of_one_flow_make_five_attempts() {
    let server = Server::start().await;
    let (sibling, _) = server.sibling().await;
    let mut starts = tokio::task::JoinSet::new();
    for number in 0..16 {
        let mut browser = server.browser("ann");
        if number % 2 == 0 {
            browser.router = oauth_sync_server::router(sibling.clone());
        }
        starts.spawn(async move {
            browser
                .get(
                    "/oauth/start/mona?flow=flow-0001",
                    crate::harness::FROM_THE_APP,
                )
                .await
                .status
        });
    }
    let statuses = starts.join_all().await;
    let opened = statuses
        .iter()
        .filter(|status| **status == StatusCode::SEE_OTHER)
        .count();
    let refused = statuses
        .iter()
        .filter(|status| **status == StatusCode::CONFLICT)
        .count();
    assert_eq!((opened, refused), (5, 11));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_expired_flow_is_resumed_once_however_many_come() {
    let server = Server::start().await;
    let mut browser = server.browser("ann");
    let departure = browser.start("mona", "flow-0001").await;
    server
        .clock
        .advance(std::time::Duration::from_secs(63 * 60));
    let mut landings = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut contestant = browser.clone();
        let state = departure.state.clone();
        landings.spawn(async move { contestant.land("mona", &state, "c").await.status });
    }
    let statuses = landings.join_all().await;
    assert_eq!(
        statuses
            .iter()
            .filter(|status| **status == StatusCode::SEE_OTHER)
            .count(),
        1
    );
}
