//! Changes as they happen: who hears what, once, whatever comes between.

use crate::harness::{
    BY_SCRIPT, Browser, Event, REFRESH_TOKEN, Rotating, Server, Stream, eventually, logged,
};
use axum::http::StatusCode;
use oauth_sync_server::push::{Hub, Limits, Start};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wiremock::ResponseTemplate;

/// The event as a short text: its name, whose, and how it stands.
fn short(event: &Event) -> String {
    let of = |field: &str| event.data[field].as_str().unwrap_or_default().to_owned();
    match event.name.as_str() {
        "flow" => format!("{} {}", of("flow"), of("status")),
        "connection" => format!("{} {}", of("provider"), of("state")),
        other => other.to_owned(),
    }
}

/// For tests that make more changes in a moment than a person would.
async fn unlimited() -> Server {
    Server::with(|text| text + "\n[rate_limits]\nread = { user = 0 }\nchange = { user = 0 }\n")
        .await
}

/// Reads until something is said, and returns all that was said.
async fn until(stream: &mut Stream, last: &str) -> Vec<String> {
    let mut heard = Vec::new();
    let mut id = 0;
    loop {
        let event = stream.next().await.unwrap();
        assert!(id < event.id.unwrap(), "ids rise");
        id = event.id.unwrap();
        heard.push(short(&event));
        if heard.last().is_some_and(|said| said == last) {
            return heard;
        }
    }
}

fn refused(code: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({ "error": code }))
}

#[tokio::test]
async fn every_change_reaches_every_stream_of_its_person_and_no_other() {
    let server = Server::start().await;
    server.clock.skip_waits();
    let mut ann = server.browser("ann");
    let (mut one, ready) = ann.events(None).await;
    assert_eq!((ready.id, ready.data), (Some(0), json!({})));
    let (mut two, _) = ann.events(None).await;
    let (mut bobs, _) = server.browser("bob").events(None).await;
    let mut both = async |last: &str| {
        let heard = until(&mut one, last).await;
        assert_eq!(until(&mut two, last).await, heard);
        heard
    };

    let departure = ann.start("mona", "flow-0001").await;
    assert_eq!(both("flow-0001 pending").await.len(), 1);
    ann.land("mona", &departure.state, "c").await;
    assert_eq!(
        both("flow-0001 completed").await,
        ["mona active", "flow-0001 completed"],
        "the connection is known before its flow has ended"
    );
    ann.start("plain", "flow-0002").await;
    both("flow-0002 pending").await;
    ann.cancel("flow-0002").await;
    both("flow-0002 cancelled").await;

    let tokens = &server.app.tokens;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    tokens
        .refresh("ann", "mona", &mut Vec::new())
        .await
        .unwrap();
    assert_eq!(both("mona active").await.len(), 1, "refreshed");
    server.answer(refused("invalid_client")).await;
    let failed = tokens.refresh("ann", "mona", &mut Vec::new()).await;
    assert!(failed.is_err());
    assert_eq!(both("mona refresh_failed").await.len(), 1);
    server.answer(refused("invalid_grant")).await;
    let ended = tokens.refresh("ann", "mona", &mut Vec::new()).await;
    assert!(ended.is_err());
    assert_eq!(both("mona reauth_required").await.len(), 1);
    tokens.disconnect("ann", "mona").await.unwrap();
    assert_eq!(both("mona disconnected").await.len(), 1);

    let departure = ann.start("plain", "flow-0003").await;
    both("flow-0003 pending").await;
    server.clock.advance(Duration::from_secs(63 * 60));
    server.sweep().await;
    both("flow-0003 expired").await;
    let resumed = ann.land("plain", &departure.state, "c").await;
    assert_eq!(resumed.status, StatusCode::SEE_OTHER);
    let superseded = one.expect("flow").await;
    let next = superseded.data["supersededBy"].as_str().unwrap().to_owned();
    assert_eq!(superseded.data["flow"], "flow-0003");
    assert_eq!(short(&one.expect("flow").await), format!("{next} pending"));

    server.browser("bob").start("mona", "flow-of-bob").await;
    let heard = bobs.expect("flow").await;
    assert_eq!(heard.id, Some(1));
    assert_eq!(
        heard.data,
        json!({
            "status": "pending", "completed": false, "success": false,
            "flow": "flow-of-bob", "provider": "mona",
        })
    );
}

#[tokio::test]
async fn an_event_is_what_a_request_would_have_answered() {
    let server = Server::start().await;
    let (mut stream, _) = server.browser("ann").events(None).await;
    let mut ann = server.connected("ann", "flow-0001").await;
    stream.expect("flow").await;
    let connection = stream.expect("connection").await;
    let flow = stream.expect("flow").await;
    let listed = ann.get("/oauth/connections", BY_SCRIPT).await;
    assert_eq!(listed.json()["connections"][0], connection.data);
    assert_eq!(connection.data["version"], connection.id.unwrap());
    let mut status = ann.status("flow-0001").await;
    status["flow"] = json!("flow-0001");
    status["provider"] = json!("mona");
    assert_eq!(status, flow.data);
    let version = format!("\"{}\"", flow.id.unwrap());
    assert_eq!(listed.header("etag"), version);
    let answer = ann.get("/oauth/status?flow=flow-0001", BY_SCRIPT).await;
    assert_eq!(answer.header("etag"), version, "one counter for everything");
}

#[tokio::test]
async fn who_comes_back_hears_what_was_missed_once() {
    let server = Server::start().await;
    let mut ann = server.browser("ann");
    let (mut stream, _) = ann.events(None).await;
    ann.start("mona", "flow-0001").await;
    let known = stream.expect("flow").await.id.unwrap();
    drop(stream);
    ann.start("plain", "flow-0002").await;
    ann.cancel("flow-0002").await;
    ann.cancel("flow-0001").await;

    let (mut back, ready) = ann.events(Some(known)).await;
    assert_eq!(ready.id, Some(known));
    let last = "flow-0001 cancelled";
    let missed = ["flow-0002 cancelled", last];
    assert_eq!(until(&mut back, last).await, missed);
    ann.start("plain", "flow-0003").await;
    assert_eq!(short(&back.expect("flow").await), "flow-0003 pending");

    // A page that was reloaded says it in the address; a browser that comes back with that address says it better.
    let uri = format!("/oauth/events?lastEventId={known}");
    let mut reloaded = ann.stream(&uri, &[]).await;
    assert_eq!(reloaded.expect("ready").await.id, Some(known));
    assert_eq!(until(&mut reloaded, last).await, missed);
    let mut again = ann.stream(&uri, &[("last-event-id", "4")]).await;
    assert_eq!(again.expect("ready").await.id, Some(4));
    assert_eq!(short(&again.expect("flow").await), "flow-0003 pending");
}

/// Two processes commit at once, and a client comes and goes between two servers. It hears of everything, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_however_writers_and_readers_overlap() {
    const FLOWS: usize = 40;
    let server = unlimited().await;
    let (other, other_store) = server.sibling().await;
    let mut writers = tokio::task::JoinSet::new();
    let second = Browser {
        router: oauth_sync_server::router(Arc::clone(&other)),
        ..server.browser("ann")
    };
    let first = server.browser("ann");
    for (name, browser) in [("one", &first), ("two", &second)] {
        let mut browser = browser.clone();
        writers.spawn(async move {
            for number in 0..FLOWS {
                let flow = format!("flow-{name}-{number:04}");
                browser.start("mona", &flow).await;
                browser.cancel(&flow).await;
            }
        });
    }
    let mut last = BTreeMap::new();
    let mut known = 0;
    let mut turn = 0;
    while last
        .values()
        .filter(|&status| status == "cancelled")
        .count()
        < 2 * FLOWS
    {
        turn += 1;
        let reader = if turn % 2 == 0 { &first } else { &second };
        let (mut stream, _) = reader.events(Some(known)).await;
        for _ in 0..1 + turn % 7 {
            // Let go where it was too slow.
            let Some(event) = stream.next().await else {
                break;
            };
            assert_eq!(event.name, "flow");
            assert!(known < event.id.unwrap(), "nothing comes twice");
            known = event.id.unwrap();
            let status = event.data["status"].as_str().unwrap().to_owned();
            last.insert(event.data["flow"].as_str().unwrap().to_owned(), status);
            if known == 4 * FLOWS as i64 {
                break;
            }
        }
    }
    writers.join_all().await;
    assert_eq!(known, 4 * FLOWS as i64);
    assert_eq!(other_store.version("ann").await.unwrap(), known);
}

#[tokio::test]
async fn who_cannot_be_told_what_was_missed_is_told_to_read_again() {
    let server = unlimited().await;
    let mut ann = server.browser("ann");
    for number in 0..129 {
        let flow = format!("flow-{number:04}");
        ann.start("mona", &flow).await;
        ann.cancel(&flow).await;
    }
    let (mut all, _) = ann.events(Some(0)).await;
    assert_eq!(until(&mut all, "flow-0128 cancelled").await.len(), 129);
    for (known, resumed) in [
        ("999", Some(999)),
        ("-1", Some(-1)),
        ("x", None),
        ("99999999999999999999", None),
    ] {
        let from = [("last-event-id", known)];
        let mut stream = ann.stream("/oauth/events", &from).await;
        assert_eq!(stream.expect("ready").await.id, resumed, "{known}");
        let reset = stream.expect("reset").await;
        assert_eq!((reset.id, reset.data), (Some(258), json!({})), "{known}");
        drop(stream);
        // Whoever was reset goes on from there.
        ann.events(Some(258)).await;
    }
    // Forgotten flows cannot be told.
    let (mut live, ready) = ann.events(None).await;
    server.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    server.sweep().await;
    let (mut late, _) = ann.events(Some(10)).await;
    late.expect("reset").await;
    ann.start("mona", "flow-live").await;
    assert_eq!(until(&mut live, "flow-live pending").await.len(), 1);
    // Too many.
    for number in 0..260 {
        ann.start("mona", &format!("flow-many-{number:04}")).await;
    }
    let (mut late, _) = ann.events(ready.id).await;
    late.expect("reset").await;
}

#[tokio::test]
async fn a_client_that_lags_is_let_go_and_misses_nothing() {
    let server = Server::start().await;
    let mut ann = server.browser("ann");
    let (mut slow, ready) = ann.events(None).await;
    let (mut fast, _) = ann.events(None).await;
    for number in 0..40 {
        let flow = format!("flow-{number:04}");
        ann.start("mona", &flow).await;
        assert_eq!(short(&fast.expect("flow").await), format!("{flow} pending"));
    }
    assert!(slow.next().await.is_none(), "it has ended");
    let (mut back, _) = ann.events(ready.id).await;
    let heard = until(&mut back, "flow-0039 pending").await;
    assert_eq!(heard.len(), 40);
}

#[tokio::test]
async fn a_person_has_so_many_streams_and_others_theirs() {
    let server = Server::holding(Limits {
        streams: 3,
        ..Limits::default()
    })
    .await;
    let ann = server.browser("ann");
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(ann.events(None).await.0);
    }
    let refused = ann.stream("/oauth/events", &[]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers["retry-after"], "30");
    server.browser("bob").events(None).await;
    // Whoever waits for a flow holds no stream.
    let status = "/oauth/status?flow=flow-0001&after=1&wait=1";
    let answer = ann.clone().get(status, BY_SCRIPT).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    streams.pop();
    streams.push(ann.events(None).await.0);
}

#[tokio::test]
async fn nothing_is_held_for_whoever_has_gone() {
    let server = Server::start().await;
    let mut ann = server.browser("ann");
    let (one, _) = ann.events(None).await;
    let (two, _) = ann.events(None).await;
    let (bobs, _) = server.browser("bob").events(None).await;
    assert_eq!(server.app.hub.people(), 2);
    drop((one, bobs));
    assert_eq!(server.app.hub.people(), 1);
    drop(two);
    assert_eq!(server.app.hub.people(), 0);
    ann.start("mona", "flow-0001").await;
    let (mut back, _) = ann.events(Some(0)).await;
    back.expect("flow").await;
}

#[tokio::test]
async fn a_stream_ends_with_the_server_or_after_its_time() {
    let server = Server::holding(Limits {
        life: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let (mut stream, _) = server.browser("ann").events(None).await;
    assert!(stream.next().await.is_none());

    let server = Server::start().await;
    let (mut stream, _) = server.browser("ann").events(None).await;
    server.app.stopping.cancel();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_idle_stream_says_that_it_is_alive() {
    let server = Server::holding(Limits {
        keep_alive: Duration::from_millis(20),
        ..Limits::default()
    })
    .await;
    let (mut stream, _) = server.browser("ann").events(None).await;
    while stream.reader.comments < 3 {
        assert!(stream.more().await);
    }
    assert_eq!(stream.reader.take(), None);
    assert_eq!(Limits::default().keep_alive, Duration::from_secs(15));
}

#[tokio::test]
async fn only_pages_of_the_app_may_listen() {
    let server = Server::start().await;
    let ann = server.browser("ann");
    let script: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "same-origin")],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://app.localhost:4180"),
        ],
    ];
    for headers in script {
        let stream = ann.stream("/oauth/events", headers).await;
        assert_eq!(stream.status, StatusCode::OK, "{headers:?}");
        assert_eq!(stream.headers["content-type"], "text/event-stream");
        assert_eq!(stream.headers["cache-control"], "no-store");
        assert_eq!(stream.headers["x-accel-buffering"], "no");
    }
    let app = ann
        .stream("/oauth/events", &[("origin", "http://app.localhost:4180")])
        .await;
    let allowed = &app.headers["access-control-allow-origin"];
    assert_eq!(allowed, "http://app.localhost:4180");
    assert_eq!(app.headers["access-control-allow-credentials"], "true");
    let elsewhere: &[&[(&str, &str)]] = &[
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ];
    for headers in elsewhere {
        let stream = ann.stream("/oauth/events", headers).await;
        assert_eq!(stream.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let mut nobody = ann.clone();
    nobody.user = None;
    let stream = nobody.stream("/oauth/events", &[]).await;
    assert_eq!(stream.status, StatusCode::UNAUTHORIZED);
    let twice = "/oauth/events?lastEventId=1&lastEventId=2";
    let stream = ann.stream(twice, &[]).await;
    assert_eq!(stream.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_change_of_another_process_reaches_streams_and_long_polls() {
    let server = Server::start().await;
    let (other, store) = server.sibling().await;
    let mut ann = server.connected("ann", "flow-0001").await;
    let (mut stream, _) = ann.events(None).await;
    ann.start("plain", "flow-0002").await;
    let version = stream.expect("flow").await.id.unwrap();
    let mut waiting = ann.clone();
    let poll = tokio::spawn(async move {
        let uri = format!("/oauth/status?flow=flow-0002&after={version}&wait=25");
        waiting.get(&uri, BY_SCRIPT).await
    });
    other.tokens.disconnect("ann", "mona").await.unwrap();
    assert_eq!(
        short(&stream.expect("connection").await),
        "mona disconnected"
    );
    let mut elsewhere = Browser {
        router: oauth_sync_server::router(Arc::clone(&other)),
        ..ann.clone()
    };
    elsewhere.cancel("flow-0002").await;
    assert_eq!(poll.await.unwrap().json()["status"], "cancelled");
    assert!(store.connection("ann", "mona").await.unwrap().is_none());
}

/// The reader of a person's room is behind: it was not woken yet, and somebody comes who reads by themselves.
#[tokio::test]
async fn what_a_listener_has_read_it_does_not_hear_again() {
    let server = Server::start().await;
    let mut ann = server.browser("ann");
    let hub = Arc::new(Hub::new(Arc::clone(&server.store), Limits::default()));
    let mut first = hub.listen("ann", Start::Now).await.unwrap();
    ann.start("mona", "flow-0001").await;
    ann.start("plain", "flow-0002").await;
    let mut second = hub.listen("ann", Start::After(0)).await.unwrap();
    tokio::spawn(Arc::clone(&hub).run(server.app.stopping.clone()));
    for version in 1..=2 {
        assert_eq!(second.next().await.unwrap().version(), version);
        assert_eq!(first.next().await.unwrap().version(), version);
    }
    ann.cancel("flow-0001").await;
    assert_eq!(second.next().await.unwrap().version(), 3);
    assert_eq!(first.next().await.unwrap().version(), 3);
}

#[tokio::test]
async fn a_database_that_fails_for_a_while_costs_time_and_no_change() {
    let server = Server::start().await;
    let mut ann = server.browser("ann");
    let (mut stream, _) = ann.events(None).await;
    let mut beside = server.beside().await;
    let mut run = async |sql: &str| beside.run(sql).await.unwrap();
    run("ALTER TABLE connections RENAME TO gone").await;
    run(
        "INSERT INTO flows (id, user_id, provider, status, created_at, expires_at, claimable_until) \
         VALUES ('flow-0001', 'ann', 'mona', 'pending', 1, 9000000000000, 9000000000000)",
    )
    .await;
    eventually("the reader fails", || async {
        logged().contains("will read again")
    })
    .await;
    run("ALTER TABLE gone RENAME TO connections").await;
    assert_eq!(short(&stream.expect("flow").await), "flow-0001 pending");
    ann.cancel("flow-0001").await;
    assert_eq!(short(&stream.expect("flow").await), "flow-0001 cancelled");
}

#[tokio::test]
async fn no_stream_begins_while_the_database_is_gone() {
    let server = Server::start().await;
    server.store.close().await;
    let refused = server.browser("ann").stream("/oauth/events", &[]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(server.app.hub.people(), 0);
}
