//! What `check()` promises: it resolves when the answer to it is in `flows()`.

use crate::world::{Alone, Mode, World, id, start};
use oauth_sync::proto::machine::{Config, Input, Lock, Output};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;
use serde_json::json;

const F: &str = "flow-aaaa";

fn check(world: &mut World, w: usize, token: u32) {
    world.feed(
        w,
        Input::Check {
            token,
            flow_id: None,
        },
    );
}

#[test]
fn it_resolves_with_the_answer_in_the_holder_and_in_a_follower() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(200_000);
    for w in [a, b] {
        check(&mut world, w, 1);
        assert!(world.windows[w].checked.is_empty());
        world.run(1500);
        assert_eq!(world.windows[w].checked, [1], "window {w}");
    }
    world.server_says(F, json!({ "status": "completed" }));
    check(&mut world, b, 2);
    world.run(1500);
    assert_eq!(world.windows[b].checked, [1, 2]);
    assert_eq!(world.status(b, F), Some(Status::Completed));
}

#[test]
fn a_reply_answers_only_what_was_asked_before_its_request_was_sent() {
    for w in [0, 1] {
        let mut world = World::asking();
        let a = world.open();
        world.open();
        world.start(a, F);
        world.run(199_000);
        world.server.latency = 3000;
        world.feed(a, Input::Wake);
        world.run(2000);
        // One is on its way; its answer is too old for what is asked now.
        world.server_says(F, json!({ "status": "completed" }));
        check(&mut world, w, 1);
        world.run(1500);
        assert!(world.windows[w].checked.is_empty(), "window {w}");
        world.run(4000);
        assert_eq!(world.windows[w].checked, [1]);
        assert_eq!(world.status(w, F), Some(Status::Completed));
    }
}

#[test]
fn it_resolves_at_once_where_there_is_nothing_to_ask() {
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    check(&mut world, a, 1);
    assert_eq!(world.windows[a].checked, [1]);
    let mut world = World::asking();
    let a = world.open();
    check(&mut world, a, 2);
    assert_eq!(world.windows[a].checked, [2]);
    world.feed(
        a,
        Input::Check {
            token: 3,
            flow_id: Some(id("flow-none")),
        },
    );
    assert_eq!(world.windows[a].checked, [2, 3]);
}

#[test]
fn it_resolves_also_when_no_answer_comes() {
    for mode in [Mode::Silent, Mode::Fails, Mode::WantsQuiet(60_000)] {
        let mut world = World::asking();
        let (a, b) = (world.open(), world.open());
        world.start(a, F);
        world.run(200_000);
        world.server.mode = mode;
        for w in [a, b] {
            check(&mut world, w, 1);
        }
        world.run(11_100);
        for w in [a, b] {
            assert_eq!(world.windows[w].checked, [1], "{mode:?} {w}");
        }
    }
}

#[test]
fn it_resolves_as_soon_as_the_check_has_failed_in_whichever_window() {
    for (mode, flows) in [
        (Mode::Fails, 1),
        (Mode::Fails, 3),
        (Mode::WantsQuiet(60_000), 1),
    ] {
        let mut world = World::asking();
        let (a, b) = (world.open(), world.open());
        for flow in 0..flows {
            world.start(a, &format!("flow-aaa{flow}"));
        }
        world.run(200_000);
        world.server.mode = mode;
        for w in [b, a] {
            check(&mut world, w, 1);
            world.run(1500);
            assert_eq!(world.windows[w].checked, [1], "{mode:?} {flows} {w}");
        }
    }
}

#[test]
fn it_resolves_when_its_flow_is_taken_away() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(2500);
    world.server.mode = Mode::Silent;
    check(&mut world, a, 1);
    world.feed(a, Input::Reset);
    assert_eq!(world.windows[a].checked, [1]);
}

#[test]
fn of_a_flow_that_another_goes_on_for_the_other_is_asked() {
    let mut world = World::asking();
    let a = world.open();
    world.server_says(
        F,
        json!({ "status": "pending", "supersededBy": "flow-next" }),
    );
    world.start(a, F);
    world.run(200_000);
    let before = (world.asked(F).len(), world.asked("flow-next").len());
    world.feed(
        a,
        Input::Check {
            token: 1,
            flow_id: Some(id(F)),
        },
    );
    world.run(100);
    assert_eq!(
        (world.asked(F).len(), world.asked("flow-next").len()),
        (before.0, before.1 + 1)
    );
    assert_eq!(world.windows[a].checked, [1]);
}

#[test]
fn callers_that_never_look_do_not_pile_up() {
    let mut world = World::asking();
    world.server.mode = Mode::Silent;
    let a = world.open();
    world.start(a, F);
    for token in 0..1000 {
        check(&mut world, a, token);
    }
    assert!(world.windows[a].checked.len() >= 744);
    world.run(20_000);
    assert_eq!(world.windows[a].checked.len(), 1000);
}

#[test]
fn it_asks_nobody_where_no_server_can_be_asked() {
    let mut alone = Alone::new(Config::default());
    alone.feed(10, Input::Lock(Lock::Held));
    alone.feed(20, start(F, "github", 20));
    let (token, flow_id) = (1, Some(id(F)));
    let outputs = alone.feed(30, Input::Check { token, flow_id });
    assert_eq!(outputs, [Output::Checked { token }]);
}

#[test]
fn it_resolves_after_eleven_seconds_where_the_window_that_polls_says_nothing_of_it() {
    let config = Config {
        askable: true,
        ..Config::default()
    };
    let here = || {
        Input::Message(Message::Here {
            hold: Millis::ZERO,
            rank: u32::MAX,
            push: false,
        })
    };
    let mut alone = Alone::new(config);
    alone.feed(10, start(F, "github", 10));
    alone.feed(20, here());
    let (token, flow_id) = (1, Some(id(F)));
    alone.feed(100, Input::Check { token, flow_id });
    let mut resolved = Vec::new();
    for at in (200..=13_000).step_by(100) {
        let outputs = alone.feed(at, here());
        resolved.extend(outputs.contains(&Output::Checked { token }).then_some(at));
    }
    assert_eq!(resolved, [11_100]);
}

#[test]
fn it_resolves_at_once_where_the_server_wants_quiet_until_nobody_would_wait_any_more() {
    for (quiet, resolves) in [(10_999, false), (11_000, true)] {
        let mut alone = Alone::new(Config {
            askable: true,
            ..Config::default()
        });
        alone.feed(10, start(F, "github", 10));
        let (hold, rank, push) = (Millis(quiet), u32::MAX, false);
        alone.feed(20, Input::Message(Message::Here { hold, rank, push }));
        let (token, flow_id) = (1, Some(id(F)));
        let outputs = alone.feed(20, Input::Check { token, flow_id });
        assert_eq!(
            outputs.contains(&Output::Checked { token }),
            resolves,
            "{quiet}"
        );
    }
}
