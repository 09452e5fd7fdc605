//! Notices of flows that a window does not know, and replies that the server does not know one.

use crate::world::{ALL, Alone, Callback, Channels, Mode, World, id, start};
use oauth_sync::proto::machine::{Config, EventKind, Input, Start, WindowHint};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::status::Status;
use serde_json::json;

const F: &str = "flow-aaaa";

#[test]
fn an_unknown_flow_is_checked_once_and_adopted_only_if_completed() {
    for (says, adopted) in [
        ("completed", Some(Status::Completed)),
        ("pending", None),
        ("failed", None),
        ("unknown", None),
    ] {
        let mut world = World::asking();
        let a = world.open();
        world.run(50);
        world.server_says(F, json!({ "status": says }));
        world.notify(Callback::success("n1").of(F), ALL);
        world.run(60_000);
        assert_eq!(world.asked(F).len(), 1, "{says}");
        assert_eq!(world.status(a, F), adopted, "{says}");
        assert_eq!(
            world.dropped(a, "unknown_flow"),
            u32::from(adopted.is_none())
        );
    }
}

#[test]
fn unknown_flows_are_checked_at_most_one_a_second_and_twenty_remembered() {
    let mut world = World::asking();
    let a = world.open();
    world.run(50);
    for n in 0..100 {
        let flow = format!("flow-{n:04}");
        world.notify(Callback::success(&format!("n{n}")).of(&flow), ALL);
    }
    world.run(100_000);
    let asked: Vec<u64> = world
        .server
        .requests
        .iter()
        .map(|request| request.at)
        .collect();
    assert!(
        asked.windows(2).all(|pair| pair[1] - pair[0] >= 1000),
        "{asked:?}"
    );
    assert!((20..=21).contains(&asked.len()), "{}", asked.len());
    assert!(world.dropped(a, "flood") >= 79);
}

#[test]
fn without_a_server_an_unknown_success_is_announced_and_a_failure_never() {
    let mut world = World::without_server();
    let a = world.open();
    world.notify(Callback::failure("n0", "server_error").of("flow-bbbb"), ALL);
    world.notify(Callback::success("n1").of(F), ALL);
    world.notify(Callback::plain(true).with("provider", json!("google")), ALL);
    world.run(100);
    assert_eq!(world.told(a, F), [EventKind::Completed]);
    assert_eq!(world.status(a, "flow-bbbb"), None);
    assert_eq!(world.windows[a].machine.flows().len(), 2);
}

#[test]
fn a_stored_notice_of_an_unknown_flow_is_not_announced() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        world.notify(Callback::success("n1").of(F), Channels::storage());
        world.run(1000);
        let a = world.open();
        world.run(10_000);
        assert_eq!(world.told_all(a, F), []);
        assert!(world.server.requests.is_empty());
    }
}

/// A provider that answers at once is quicker than the module that still loads.
#[test]
fn a_notice_that_was_there_before_its_flow_became_known_counts() {
    let mut world = World::without_server();
    let started_at = world.wall();
    world.run(300);
    world.notify(Callback::success("n1").of(F), Channels::storage());
    world.run(300);
    let a = world.open();
    let start = Start {
        started_at: oauth_sync::proto::time::Millis(started_at),
        window: WindowHint::Open,
        ..world.bare_start(F, "github")
    };
    world.feed(a, Input::Start(start));
    assert_eq!(world.status(a, F), Some(Status::Completed));
}

#[test]
fn a_notice_that_overtakes_the_start_of_its_flow_counts() {
    let mut world = World::without_server();
    let (a, b) = (world.open(), world.open());
    world.notify(Callback::failure("n1", "server_error").of(F), ALL);
    world.run(10);
    world.windows[b].tells = true;
    world.start(a, F);
    world.run(100);
    for w in [a, b] {
        assert_eq!(world.status(w, F), Some(Status::Failed));
    }
}

#[test]
fn not_found_is_never_a_verdict_but_shows_after_a_minute() {
    let mut world = World::asking();
    world.server.mode = Mode::NotFound;
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(59_000);
    assert_eq!(world.view(a, F).and_then(|view| view.error), None);
    world.run(30_000);
    for w in [a, b] {
        let view = world.view(w, F).expect("the flow");
        let code = view.error.map(|error| error.code.as_str().to_owned());
        assert_eq!(
            (view.status, code.as_deref()),
            (Status::Pending, Some("unknown_flow"))
        );
    }
    assert_eq!(world.told(a, F).last(), Some(&EventKind::Overdue));
    world.server.mode = Mode::Answers;
    world.run(30_000);
    for w in [a, b] {
        assert_eq!(world.view(w, F).and_then(|view| view.error), None);
    }
}

#[test]
fn one_answer_that_it_is_unknown_is_not_enough() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(79_000);
    world.server.mode = Mode::NotFound;
    world.feed(a, Input::Wake);
    world.run(500);
    world.server.mode = Mode::Answers;
    world.run(30_000);
    world.server.mode = Mode::NotFound;
    world.feed(a, Input::Wake);
    world.run(1500);
    assert_eq!(world.view(a, F).and_then(|view| view.error), None);
}

#[test]
fn the_minute_starts_when_the_window_may_have_opened() {
    for (window, href_after) in [
        (WindowHint::Blocked, None),
        (WindowHint::Open, Some(100_000)),
    ] {
        let mut world = World::asking();
        world.server.mode = Mode::NotFound;
        let a = world.open();
        let start = Start {
            window,
            ..world.bare_start(F, "github")
        };
        world.feed(a, Input::Start(start));
        world.run(100_000);
        if href_after.is_some() {
            let href = String::from("https://app.example/start");
            world.feed(
                a,
                Input::Href {
                    flow_id: id(F),
                    href,
                },
            );
        }
        world.run(55_000);
        assert_eq!(
            world.view(a, F).and_then(|view| view.error),
            None,
            "{window:?}"
        );
        world.run(40_000);
        let has_error = world.view(a, F).is_some_and(|view| view.error.is_some());
        assert_eq!(has_error, href_after.is_some(), "{window:?}");
    }
}

#[test]
fn the_minute_is_not_begun_by_another_address_nor_by_that_of_a_blocked_window() {
    for (window, is_unknown) in [(WindowHint::Open, true), (WindowHint::Blocked, false)] {
        let mut world = World::asking();
        world.server.mode = Mode::NotFound;
        let a = world.open();
        let start = Start {
            window,
            ..world.bare_start(F, "github")
        };
        world.feed(a, Input::Start(start));
        for wait in [50_000, 39_000] {
            let href = String::from("https://app.example/start");
            let flow_id = id(F);
            world.feed(a, Input::Href { flow_id, href });
            world.run(wait);
        }
        let has_error = world.view(a, F).is_some_and(|view| view.error.is_some());
        assert_eq!(has_error, is_unknown, "{window:?}");
    }
}

#[test]
fn a_server_that_wants_quiet_has_it_whatever_flow_it_was_asked_about() {
    const OTHER: &str = "flow-bbbb";
    let mut world = World::asking();
    let a = world.open();
    world.run(50);
    let reply = json!({ "status": "pending", "retryAfterMs": 15_000 });
    world.server_says(F, reply);
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(100);
    world.start(a, OTHER);
    world.run(14_000);
    assert_eq!(world.asked(OTHER).len(), 0);
    world.run(2000);
    assert_eq!(world.asked(OTHER).len(), 1);
}

#[test]
fn the_minute_before_an_unknown_flow_counts_is_sixty_seconds_and_the_two_answers_are_ten_apart() {
    for (first, second, shows) in [
        (60_000, 70_000, true),
        (59_999, 70_000, false),
        (60_000, 69_999, false),
    ] {
        let mut alone = Alone::new(Config {
            askable: true,
            ..Config::default()
        });
        alone.feed(0, start(F, "github", 0));
        for at in [first, second] {
            let reply = Reply::read(&json!({ "status": "unknown" })).expect("a reply");
            let flow_id = id(F);
            alone.feed(at, Input::Report { flow_id, reply });
        }
        let has_error = alone.machine.flows()[0].error.is_some();
        assert_eq!(has_error, shows, "{first}, {second}");
    }
}
