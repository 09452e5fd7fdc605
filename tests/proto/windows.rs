//! What an app does with a flow: its window, cancel and retry.

use crate::world::{ALL, Alone, Callback, World, id, start};
use oauth_sync::proto::machine::{Config, EventKind, Input, Output, Stage, Start, WindowHint};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::status::Status;
use serde_json::json;

const F: &str = "flow-aaaa";

fn close(world: &mut World, w: usize) {
    world.feed(w, Input::WindowClosed { flow_id: id(F) });
}

/// n8n-io/n8n#34404, AutoGPT#14141, firebase-js-sdk#7807, oidc-client-ts#2043, MSAL#8521.
#[test]
fn a_closed_window_is_a_hint_that_settles_nothing_and_starts_checks() {
    for holder in [true, false] {
        let mut world = World::asking();
        let (a, b) = (world.open(), world.open());
        let w = if holder { a } else { b };
        world.start(w, F);
        world.run(400_000);
        let before = world.asked(F).len();
        close(&mut world, w);
        world.run(200);
        let view = world.view(w, F).expect("the flow");
        assert_eq!(
            (view.status, view.window),
            (Status::Pending, Some(WindowHint::Closed))
        );
        world.run(60_000);
        let since: Vec<u64> = world.asked(F)[before..]
            .iter()
            .map(|at| (at - 400_000) / 500 * 500)
            .collect();
        assert_eq!(since, [0, 1000, 2000, 4000, 8000], "holder: {holder}");
        close(&mut world, w);
        let told = world.told(w, F);
        let closed = told
            .iter()
            .filter(|kind| **kind == EventKind::WindowClosed)
            .count();
        assert_eq!(closed, 1);
        world.server_says(F, json!({ "status": "completed" }));
        world.feed(w, Input::Wake);
        world.run(2000);
        assert_eq!(
            world.status(w, F),
            Some(Status::Completed),
            "a late success still lands"
        );
    }
}

#[test]
fn stages_follow_the_window() {
    let mut world = World::asking();
    let a = world.open();
    let start = Start {
        window: WindowHint::Blocked,
        ..world.bare_start(F, "github")
    };
    world.feed(a, Input::Start(start));
    assert_eq!(
        world.view(a, F).and_then(|view| view.stage),
        Some(Stage::Opening)
    );
    let href = String::from("https://app.example/start");
    world.feed(
        a,
        Input::Href {
            flow_id: id(F),
            href: href.clone(),
        },
    );
    let view = world.view(a, F).expect("the flow");
    assert_eq!((view.stage, view.href), (Some(Stage::Waiting), Some(href)));
    assert_eq!(
        world.told_all(a, F),
        [EventKind::Started, EventKind::Blocked, EventKind::Changed]
    );
}

#[test]
fn a_flow_that_could_not_start_is_final_and_nobody_is_asked() {
    let mut world = World::asking();
    let a = world.open();
    let start = Start {
        window: WindowHint::Open,
        ..world.bare_start(F, "github")
    };
    world.feed(a, Input::Start(start));
    world.feed(a, Input::StartFailed { flow_id: id(F) });
    let view = world.view(a, F).expect("the flow");
    let error = view.error.expect("an error");
    assert_eq!(view.status, Status::Failed);
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("start_failed", true)
    );
    assert_eq!(view.provisional, Some(false));
    assert_eq!(world.windows[a].closed_windows, [F]);
    let before = world.asked(F).len();
    world.run(400_000);
    assert_eq!(world.asked(F).len(), before);
}

#[test]
fn cancel_is_provisional_tells_the_server_once_and_closes_the_window() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(2500);
    for _ in 0..3 {
        world.feed(a, Input::Cancel { flow_id: id(F) });
    }
    world.run(100);
    assert_eq!(world.server.cancelled, [F]);
    assert_eq!(world.windows[a].closed_windows, [F]);
    for w in [a, b] {
        assert_eq!(world.status(w, F), Some(Status::Cancelled));
    }
    // A success that was on its way counts.
    world.server_says(F, json!({ "status": "completed" }));
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(100);
    for w in [a, b] {
        assert_eq!(world.told(w, F).last(), Some(&EventKind::Completed));
    }
}

#[test]
fn a_settled_flow_cannot_be_cancelled() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(100);
    world.feed(a, Input::Cancel { flow_id: id(F) });
    assert!(world.server.cancelled.is_empty());
}

#[test]
fn opening_a_pending_flow_again_is_a_new_attempt_in_every_window() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(400_000);
    close(&mut world, a);
    world.run(60_000);
    let before = world.asked(F).len();
    let href = Some(String::from("https://app.example/start"));
    world.feed(
        a,
        Input::Reopened {
            flow_id: id(F),
            window: WindowHint::Open,
            href,
        },
    );
    world.run(10);
    for w in [a, b] {
        assert_eq!(
            world.view(w, F).and_then(|view| view.stage),
            Some(Stage::Waiting)
        );
    }
    world.run(20_500);
    let asked = world.asked(F).len() - before;
    assert!(
        (10..=12).contains(&asked),
        "the schedule from its first tier: {asked}"
    );
    // What happens once a window may happen again; what happens once a flow may not.
    close(&mut world, a);
    world.run(120_000);
    let told = world.told(a, F);
    for (kind, times) in [
        (EventKind::Opened, 2),
        (EventKind::WindowClosed, 2),
        (EventKind::Started, 1),
        (EventKind::Slow, 1),
    ] {
        assert_eq!(
            told.iter().filter(|told| **told == kind).count(),
            times,
            "{kind:?}"
        );
    }
    // A reload does not make the new attempt old.
    world.reload(b);
    assert_eq!(
        world.view(b, F).and_then(|view| view.stage),
        Some(Stage::Slow)
    );
}

#[test]
fn a_flow_is_started_once() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.start(a, F);
    assert_eq!(world.dropped(a, "known_flow"), 1);
    assert_eq!(world.windows[a].machine.flows().len(), 1);
}

#[test]
fn two_flows_of_one_provider_do_not_disturb_each_other() {
    // supabase-js#2557
    let mut world = World::without_server();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.start(b, "flow-bbbb");
    world.run(100);
    world.notify(Callback::success("n1").of(F), ALL);
    world.notify(
        Callback::failure("n2", "access_denied").of("flow-bbbb"),
        ALL,
    );
    world.run(100);
    for w in [a, b] {
        assert_eq!(world.status(w, F), Some(Status::Completed));
        assert_eq!(world.status(w, "flow-bbbb"), Some(Status::Cancelled));
    }
}

#[test]
fn flows_are_shown_newest_first_and_those_of_one_moment_by_their_ids() {
    let flows = [
        ("flow-bbbb", 10),
        ("flow-cccc", 10),
        ("flow-aaaa", 20),
        ("flow-dddd", 0),
    ];
    for turn in 0..flows.len() {
        for backwards in [true, false] {
            let mut order = flows;
            order.rotate_left(turn);
            if backwards {
                order.reverse();
            }
            let mut alone = Alone::new(Config::default());
            for (flow_id, started) in order {
                alone.feed(30, start(flow_id, "github", started));
            }
            let shown = alone.machine.flows();
            let ids: Vec<&str> = shown.iter().map(|flow| flow.id.as_str()).collect();
            assert_eq!(
                ids,
                ["flow-aaaa", "flow-cccc", "flow-bbbb", "flow-dddd"],
                "{order:?}"
            );
        }
    }
}

#[test]
fn of_flows_that_start_here_twice_as_many_are_kept_as_of_those_of_others() {
    let mut alone = Alone::new(Config::default());
    for n in 0..2049 {
        alone.feed(0, start(&format!("flow-{n:04}"), "github", 0));
    }
    assert_eq!(alone.machine.flows().len(), 2048);
    assert_eq!(
        alone
            .machine
            .dropped()
            .iter()
            .find(|(reason, _)| *reason == "flood"),
        Some(&("flood", 1))
    );
}

#[test]
fn only_a_window_that_is_open_closes() {
    let flow_id = id(F);
    let closes = |alone: &mut Alone| {
        let flow_id = flow_id.clone();
        let outputs = alone.feed(100, Input::WindowClosed { flow_id });
        outputs
            .iter()
            .any(|output| matches!(output, Output::Emit(_)))
    };
    for window in [WindowHint::Blocked, WindowHint::Unknown, WindowHint::Closed] {
        let mut alone = Alone::new(Config::default());
        if let Input::Start(begun) = start(F, "github", 0) {
            alone.feed(0, Input::Start(Start { window, ..begun }));
        }
        assert!(!closes(&mut alone), "{window:?}");
    }
    let mut alone = Alone::new(Config::default());
    alone.feed(0, start(F, "github", 0));
    assert!(closes(&mut alone));
    let mut alone = Alone::new(Config::default());
    alone.feed(0, start(F, "github", 0));
    let reply = Reply::of(Status::Completed);
    alone.feed(
        50,
        Input::Report {
            flow_id: flow_id.clone(),
            reply,
        },
    );
    assert!(!closes(&mut alone));
}

#[test]
fn in_a_new_attempt_only_what_happens_to_its_window_is_told_again_also_after_a_reload() {
    let reopened = || Input::Reopened {
        flow_id: id(F),
        window: WindowHint::Open,
        href: None,
    };
    let once = [EventKind::Started, EventKind::Opened, EventKind::Slow];
    // Listeners that have not returned yet.
    let mut alone = Alone::new(Config::default());
    let mut kinds = Vec::new();
    let mut note = |outputs: Vec<Output>| {
        kinds.extend(outputs.into_iter().filter_map(|output| match output {
            Output::Emit(event) if event.kind != EventKind::Changed => Some(event.kind),
            _ => None,
        }));
    };
    note(alone.feed(0, start(F, "github", 0)));
    alone.run(130_000, |_, _, outputs| note(outputs));
    note(alone.feed(130_000, reopened()));
    alone.run(290_000, |_, _, outputs| note(outputs));
    assert_eq!(kinds, [&once[..], &[EventKind::Opened]].concat());

    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(130_000);
    world.feed(a, reopened());
    world.reload(a);
    world.run(160_000);
    assert_eq!(world.told(a, F), [&once[..], &[EventKind::Opened]].concat());
}
