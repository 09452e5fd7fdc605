//! What a callback page's word does.

use crate::world::{ALL, Callback, Channels, Mode, World};
use oauth_sync::proto::machine::{EventKind, Stage};
use oauth_sync::proto::status::Status;
use serde_json::json;

const F: &str = "flow-aaaa";
const G: &str = "flow-bbbb";

#[test]
fn without_a_server_a_notice_decides_by_any_one_channel() {
    for channels in [
        Channels::post_message(0),
        Channels::broadcast(),
        Channels::storage(),
    ] {
        let mut world = World::without_server();
        let (a, b) = (world.open(), world.open());
        world.start(a, F);
        world.run(50);
        world.notify(
            Callback::success("n1")
                .of(F)
                .with("integrationId", json!("int_1")),
            channels,
        );
        world.run(10);
        for w in [a, b] {
            assert_eq!(
                world.told(w, F).last(),
                Some(&EventKind::Completed),
                "{channels:?}"
            );
        }
    }
}

/// mcp-ts#106: the same answer by two ways is one answer. executor#735, Nango#1305.
#[test]
fn one_notice_by_every_channel_is_told_once_in_each_window() {
    let mut world = World::without_server();
    let windows = [world.open(), world.open(), world.open()];
    world.start(windows[0], F);
    world.run(50);
    let everywhere = Channels {
        post_message: Some(windows[0]),
        ..ALL
    };
    world.notify(Callback::success("n1").of(F), everywhere);
    world.notify(Callback::success("n1").of(F), everywhere);
    world.run(5000);
    for w in windows {
        let told = world.told(w, F);
        let completed = told.iter().filter(|kind| **kind == EventKind::Completed);
        assert_eq!(completed.count(), 1);
    }
}

#[test]
fn with_a_server_a_success_is_announced_when_the_server_says_so() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(100);
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(500);
    assert_eq!(world.status(a, F), Some(Status::Pending));
    let view = world.view(a, F).expect("the flow");
    assert_eq!(view.stage, Some(Stage::Confirming));
    world.server_says(F, json!({ "status": "completed" }));
    world.run(700);
    assert_eq!(
        world.told(a, F)[2..],
        [EventKind::Confirming, EventKind::Completed]
    );
}

#[test]
fn a_forged_success_ends_in_nothing() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(100);
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(60_000);
    for w in [a, b] {
        let view = world.view(w, F).expect("the flow");
        assert_eq!(
            (view.status, view.stage),
            (Status::Pending, Some(Stage::Waiting))
        );
    }
}

#[test]
fn without_confirmation_a_success_decides_and_checking_stops() {
    let mut world = World::asking();
    world.config.confirm = false;
    let a = world.open();
    world.start(a, F);
    world.run(2500);
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(10);
    assert_eq!(world.status(a, F), Some(Status::Completed));
    let before = world.asked(F).len();
    world.run(100_000);
    assert_eq!(world.asked(F).len(), before);
}

#[test]
fn a_failure_is_provisional_after_three_checks_left_it_pending() {
    for confirm in [true, false] {
        let mut world = World::asking();
        world.config.confirm = confirm;
        let (a, b) = (world.open(), world.open());
        world.start(b, F);
        world.run(100);
        world.notify(Callback::failure("n1", "access_denied").of(F), ALL);
        world.run(900);
        for w in [a, b] {
            let view = world.view(w, F).expect("the flow");
            assert_eq!(view.status, Status::Pending);
            let code = view.error.map(|error| error.code.as_str().to_owned());
            assert_eq!(code.as_deref(), Some("access_denied"));
        }
        world.run(300);
        for w in [a, b] {
            let view = world.view(w, F).expect("the flow");
            assert_eq!(
                (view.status, view.provisional),
                (Status::Cancelled, Some(true))
            );
        }
        // Checking went on, and the truth still comes.
        world.server_says(F, json!({ "status": "completed" }));
        world.run(2500);
        for w in [a, b] {
            assert_eq!(world.status(w, F), Some(Status::Completed));
        }
    }
}

#[test]
fn a_failure_that_nobody_could_be_asked_about_becomes_provisional_too() {
    for mode in [Mode::Fails, Mode::Silent, Mode::WantsQuiet(60_000)] {
        let mut world = World::asking();
        let a = world.open();
        world.start(a, F);
        world.run(100);
        world.server.mode = mode;
        world.notify(Callback::failure("n1", "server_error").of(F), ALL);
        world.run(13_000);
        let view = world.view(a, F).expect("the flow");
        assert_eq!(
            (view.status, view.provisional),
            (Status::Failed, Some(true)),
            "{mode:?}"
        );
    }
}

#[test]
fn a_success_after_a_failure_takes_back_what_the_failure_said() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(100);
    world.notify(Callback::failure("n1", "server_error").of(F), ALL);
    world.run(200);
    world.notify(Callback::success("n2").of(F), ALL);
    world.run(60_000);
    assert_eq!(world.status(a, F), Some(Status::Pending));
    assert_eq!(world.view(a, F).and_then(|view| view.error), None);
}

#[test]
fn with_a_server_a_success_without_flow_id_asks_about_every_open_flow_of_its_provider() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.start(a, G);
    world.start_of(a, "flow-cccc", "google");
    world.run(400_000);
    let before = [F, G, "flow-cccc"].map(|flow| world.asked(flow).len());
    world.notify(Callback::success("n1"), ALL);
    world.run(1500);
    let after = [F, G, "flow-cccc"].map(|flow| world.asked(flow).len());
    assert_eq!(
        [
            after[0] - before[0],
            after[1] - before[1],
            after[2] - before[2]
        ],
        [3, 3, 0]
    );
}

#[test]
fn a_failure_without_flow_id_concerns_the_newest_that_started_before_it() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        let a = world.open();
        world.start(a, F);
        world.run(1000);
        world.start(a, G);
        world.run(1000);
        let said = world.wall() - 500;
        world.start(a, "flow-cccc");
        world.run(100);
        let late = Callback::failure("n1", "server_error").with("timestamp", json!(said));
        // As heard by a page that was frozen.
        world.notify(late, Channels::storage());
        world.run(3000);
        let status = [F, G, "flow-cccc"].map(|flow| world.status(a, flow));
        assert_eq!(
            status,
            [Status::Pending, Status::Failed, Status::Pending].map(Some),
            "asking: {asking}"
        );
    }
}

#[test]
fn what_is_heard_now_is_about_a_flow_that_started_before_the_wall_clock_was_set_back() {
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    world.run(5000);
    world.wall_shift = -3_600_000;
    world.notify(Callback::success("n1"), ALL);
    world.run(100);
    assert_eq!(world.status(a, F), Some(Status::Completed));
}

#[test]
fn without_a_server_a_notice_without_flow_id_binds_once() {
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    world.run(1000);
    world.start(a, G);
    world.run(1000);
    world.notify(Callback::success("n1"), ALL);
    world.run(100);
    world.reload(a);
    world.run(100);
    let status = [F, G].map(|flow| world.status(a, flow));
    assert_eq!(status, [Status::Pending, Status::Completed].map(Some));
}

#[test]
fn a_stored_notice_without_flow_id_is_ignored_without_a_time_or_when_it_is_older() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        let old = world.wall();
        for (key, time) in [
            ("oauth-status", Some(old)),
            ("oauth-status:p:0011223344556677", None),
        ] {
            let mut wire = json!({ "type": "oauth-complete", "provider": "github", "success": true, "id": key });
            if let Some(time) = time {
                wire["timestamp"] = json!(time);
            }
            world.write_local(None, key, wire);
        }
        world.run(5000);
        let a = world.open();
        world.start(a, F);
        world.run(100);
        world.reload(a);
        world.run(500);
        let view = world.view(a, F).expect("the flow");
        assert_eq!(
            (view.status, view.stage),
            (Status::Pending, Some(Stage::Waiting))
        );
    }
}

#[test]
fn only_what_came_by_post_message_is_passed_on_and_once() {
    for (channels, passed_on) in [
        (Channels::post_message(0), 1),
        (Channels::broadcast(), 0),
        (Channels::storage(), 0),
        (
            Channels {
                post_message: Some(0),
                ..ALL
            },
            1,
        ),
    ] {
        let mut world = World::asking();
        let a = world.open();
        world.open();
        world.start(a, F);
        world.run(50);
        // Other channels first: the same notice heard before is not passed on either.
        world.notify(Callback::success("n1").of(F), channels);
        world.run(5000);
        assert_eq!(world.relayed.len(), passed_on, "{channels:?}");
        assert!(
            world
                .relayed
                .iter()
                .all(|(w, wire)| *w == a && wire["relayed"] == true)
        );
    }
}

#[test]
fn what_was_passed_on_is_not_passed_on_again() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(50);
    let relayed = Callback::success("n1").of(F).with("relayed", json!(true));
    world.notify(relayed, Channels::post_message(a));
    world.run(5000);
    assert!(world.relayed.is_empty());
}

#[test]
fn a_notice_is_passed_on_unchanged_but_for_the_mark() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    let sent = Callback::success("n1")
        .of(F)
        .with("integrationId", json!("int_1"))
        .with("integrations", json!([{ "tool": "jira", "id": "1" }]))
        .with("timestamp", json!(world.wall()));
    world.notify(sent.clone(), Channels::post_message(a));
    world.run(5);
    let expected = sent.with("relayed", json!(true)).0;
    assert_eq!(world.relayed, [(a, expected.clone())]);
    assert_eq!(
        world.local.value(&format!("oauth-status:{F}")),
        Some(&expected)
    );
}

#[test]
fn a_notice_is_acknowledged_when_it_is_merged_and_never_when_it_is_dropped() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(50);
    world.notify(Callback::success("known").of(F), Channels::post_message(a));
    world.notify(
        Callback::success("unknown").of(G),
        Channels::post_message(a),
    );
    world.notify(
        Callback::success("mismatch")
            .of(F)
            .with("provider", json!("google")),
        Channels::post_message(a),
    );
    world.notify(
        Callback::failure("nobody's", "x").with("provider", json!("google")),
        ALL,
    );
    world.run(5000);
    assert_eq!(world.acknowledged, [(a, String::from("known"))]);
}
