//! Dismiss, reset, and how much is kept.

use crate::world::{ALL, Alone, Callback, Channels, EPOCH, World, id, start};
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::machine::{Config, EventKind, Input};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::state::State;
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::Millis;
use oauth_sync::proto::verdict::Verdict;
use serde_json::json;

const F: &str = "flow-aaaa";

#[test]
fn a_dismissed_flow_leaves_every_tab_and_stays_away() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.server_says(F, json!({ "status": "failed" }));
    world.run(1000);
    world.feed(b, Input::Dismiss { flow_id: id(F) });
    world.run(10);
    world.reload(a);
    let c = world.open();
    world.run(1000);
    for w in [a, b, c] {
        assert_eq!(world.status(w, F), None);
    }
    for w in [a, b] {
        assert_eq!(world.told(w, F).last(), Some(&EventKind::Removed));
    }
    assert_eq!(world.told_all(c, F), []);
}

#[test]
fn a_pending_flow_cannot_be_dismissed() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.feed(a, Input::Dismiss { flow_id: id(F) });
    assert_eq!(world.status(a, F), Some(Status::Pending));
}

#[test]
fn a_rise_brings_back_what_was_dismissed_in_whatever_order_it_is_heard() {
    for delay in [0, 30, 300] {
        let mut world = World::asking();
        world.network.faults.delay = delay;
        let (a, b) = (world.open(), world.open());
        world.start(a, F);
        world.run(2500);
        world.feed(a, Input::Cancel { flow_id: id(F) });
        world.run(400);
        // The holder hears of the success just as the other dismisses the cancellation.
        let other = if world.locks.holder == Some(a) { b } else { a };
        let holder = a + b - other;
        world.report(holder, F, &json!({ "status": "completed" }));
        world.feed(other, Input::Dismiss { flow_id: id(F) });
        world.run(2000);
        world.reload(other);
        let c = world.open();
        world.run(2000);
        for w in [a, b, c] {
            assert_eq!(
                world.status(w, F),
                Some(Status::Completed),
                "{w} with {delay}"
            );
        }
    }
}

#[test]
fn the_servers_word_for_the_same_brings_nothing_back() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(2500);
    world.feed(a, Input::Cancel { flow_id: id(F) });
    world.feed(a, Input::Dismiss { flow_id: id(F) });
    world.server_says(F, json!({ "status": "cancelled" }));
    world.run(10_000);
    for w in [a, b] {
        assert_eq!(world.status(w, F), None);
        assert!(!world.told(w, F).contains(&EventKind::Confirmed));
    }
}

#[test]
fn a_removal_that_overtakes_its_verdict_still_removes() {
    let mut world = World::asking();
    world.network.faults.delay = 400;
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(3000);
    world.feed(a, Input::Cancel { flow_id: id(F) });
    world.feed(a, Input::Dismiss { flow_id: id(F) });
    world.run(3000);
    assert_eq!(world.status(b, F), None);
}

#[test]
fn a_success_later_than_keep_settled_comes_back() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.feed(a, Input::Cancel { flow_id: id(F) });
    world.run(700_000);
    assert_eq!(world.status(a, F), None);
    world.server_says(F, json!({ "status": "completed" }));
    world.feed(a, Input::Wake);
    world.run(2000);
    assert_eq!(world.told(a, F).last(), Some(&EventKind::Completed));
}

#[test]
fn a_reset_forgets_every_flow_everywhere() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    for flow in [F, "flow-bbbb"] {
        world.start(a, flow);
    }
    world.run(3000);
    world.feed(b, Input::Reset);
    world.run(10);
    for w in [a, b] {
        assert!(world.windows[w].machine.flows().is_empty());
        assert_eq!(world.told(w, F).last(), Some(&EventKind::Removed));
    }
    let kept: Vec<&str> = world.local.keys();
    assert!(
        kept.iter()
            .all(|key| key.contains(":r:") || key.contains(":g:")),
        "{kept:?}"
    );
    let before = world.server.requests.len();
    world.run(100_000);
    assert_eq!(world.server.requests.len(), before);
}

#[test]
fn nothing_brings_a_flow_back_after_a_reset() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        world.server.latency = 500;
        let (a, b) = (world.open(), world.open());
        world.start(a, F);
        world.run(3900);
        world.server_says(F, json!({ "status": "completed" }));
        // An answer on its way, a message on its way, and a page that is away.
        world.cache(b);
        world.run(300);
        world.feed(a, Input::Reset);
        world.notify(
            Callback::success("n1").of(F),
            Channels {
                post_message: Some(a),
                ..ALL
            },
        );
        world.run(3000);
        world.thaw(b);
        let c = world.open();
        world.notify(Callback::success("n2").of(F), ALL);
        world.run(5000);
        world.reload(a);
        world.run(5000);
        for w in [a, b, c] {
            assert_eq!(world.status(w, F), None, "asking {asking}, window {w}");
        }
    }
}

#[test]
fn a_reset_forgets_flows_that_started_before_the_clock_was_set_back() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(3000);
    world.wall_shift = -3_600_000;
    world.feed(b, Input::Reset);
    world.run(1000);
    world.reload(a);
    world.run(1000);
    for w in [a, b] {
        assert_eq!(world.status(w, F), None, "window {w}");
    }
    // And what starts after it lives.
    world.start(b, "flow-bbbb");
    world.run(1000);
    for w in [a, b] {
        assert_eq!(world.status(w, "flow-bbbb"), Some(Status::Pending));
    }
}

#[test]
fn a_notice_from_before_a_reset_says_nothing_of_what_started_after_it() {
    let mut world = World::without_server();
    let a = world.open();
    let said = world.wall();
    world.run(1000);
    world.feed(a, Input::Reset);
    world.run(1000);
    world.start(a, F);
    world.notify(Callback::success("n1").with("timestamp", json!(said)), ALL);
    world.run(100);
    assert_eq!(world.status(a, F), Some(Status::Pending));
}

/// Nothing is stored for them, so that each knows only what the other says.
#[test]
fn a_flow_that_starts_in_the_moment_of_a_reset_lives() {
    let mut pages = [(); 2].map(|()| Alone::new(Config::default()));
    let [one, other] = &mut pages;
    for input in [Input::Reset, start(F, "github", 1000)] {
        for message in one.says(1000, input) {
            other.feed(1000, Input::Message(message));
        }
    }
    for page in &pages {
        assert_eq!(page.machine.flows().len(), 1);
    }
}

#[test]
fn tombstones_last_a_day() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(100);
    world.feed(a, Input::Reset);
    world.run(86_000_000);
    world.reload(a);
    world.run(100);
    assert!(!world.local.keys().is_empty());
    world.run(500_000);
    world.reload(a);
    world.run(100);
    assert_eq!(world.local.keys(), Vec::<&str>::new());
}

/// oidc-client-ts#466: abandoned flows pile up.
#[test]
fn at_most_sixty_four_settled_flows_are_kept_oldest_out_first() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    for n in 0..80 {
        let flow = format!("flow-{n:04}");
        world.server_says(&flow, json!({ "status": "failed" }));
        world.start(a, &flow);
        world.run(1000);
    }
    for w in [a, b] {
        assert_eq!(world.windows[w].machine.flows().len(), 64);
        assert_eq!(world.status(w, "flow-0015"), None);
        assert!(world.status(w, "flow-0016").is_some());
    }
    assert!(
        !world
            .local
            .keys()
            .iter()
            .any(|key| key.contains("flow-0015"))
    );
    world.reload(a);
    assert_eq!(world.windows[a].machine.flows().len(), 64);
}

/// Ten minutes of flows that are dismissed must not leave hundreds of keys.
#[test]
fn a_dismissal_goes_with_its_flow_and_all_go_with_a_reset() {
    for then in [Some(Input::Reset), None] {
        let mut world = World::asking();
        let (a, b) = (world.open(), world.open());
        let count = |world: &World, kind| {
            let keys = world.local.keys();
            keys.iter().filter(|key| key.contains(kind)).count()
        };
        for n in 0..200 {
            let flow = format!("flow-{n:04}");
            world.server_says(&flow, json!({ "status": "failed" }));
            world.start(a, &flow);
            world.run(1000);
            world.feed([a, b][n % 2], Input::Dismiss { flow_id: id(&flow) });
        }
        assert_eq!(count(&world, ":x:"), 64);
        world.reload(a);
        world.run(1000);
        assert!(world.windows[a].machine.flows().is_empty(), "each counts");
        let has_reset = then.is_some();
        if let Some(reset) = then {
            world.feed(b, reset);
            world.run(1000);
            assert_eq!((count(&world, ":x:"), count(&world, ":g:")), (0, 64));
        }
        world.run(86_500_000);
        if has_reset {
            // Whoever opens a page next sweeps what a reset has left.
            world.reload(a);
        }
        assert_eq!(world.local.keys(), Vec::<&str>::new());
    }
}

#[test]
fn of_flows_that_settled_in_one_moment_every_window_lets_the_same_go() {
    let mut flows: Vec<String> = (0..65).map(|n| format!("flow-{n:04}")).collect();
    for _ in 0..2 {
        flows.reverse();
        let mut alone = Alone::new(Config::default());
        for flow_id in &flows {
            let (provider, at) = (String::from("github"), Millis(EPOCH));
            let mut state = State::new(id(flow_id), provider, at, at);
            let outcome = Outcome::default();
            state.verdict = Some(Verdict::completed(Basis::Server, outcome, at));
            alone.feed(10, Input::Message(Message::State(state)));
        }
        let left = alone.machine.flows();
        assert_eq!(left.len(), 64);
        assert!(left.iter().all(|flow| flow.id.as_str() != "flow-0000"));
    }
}

#[test]
fn pending_flows_are_never_pruned_but_past_256_they_live_in_memory() {
    let mut world = World::without_server();
    let a = world.open();
    for n in 0..260 {
        world.start(a, &format!("flow-{n:04}"));
    }
    assert_eq!(world.windows[a].machine.flows().len(), 260);
    let started = world
        .local
        .keys()
        .iter()
        .filter(|key| key.contains(":s:"))
        .count();
    assert_eq!(started, 256);
    assert_eq!(world.dropped(a, "unstored"), 4);
}

#[test]
fn settled_flows_do_not_count_among_the_256() {
    let mut alone = Alone::new(Config::default());
    for n in 0..10 {
        let flow_id = format!("done-{n:04}");
        alone.feed(0, start(&flow_id, "github", 0));
        let (flow_id, reply) = (id(&flow_id), Reply::of(Status::Completed));
        alone.feed(0, Input::Report { flow_id, reply });
    }
    for n in 0..256 {
        alone.feed(0, start(&format!("flow-{n:04}"), "github", 0));
    }
    assert_eq!(alone.machine.dropped(), []);
    alone.feed(0, start("flow-0256", "github", 0));
    assert_eq!(alone.machine.dropped(), [("unstored", 1)]);
}

#[test]
fn slots_of_unknown_flows_are_bounded_and_go_after_a_day() {
    let mut world = World::asking();
    for n in 0..100 {
        let flow = format!("flow-{n:04}");
        world.notify(
            Callback::success(&format!("n{n}")).of(&flow),
            Channels::storage(),
        );
        world.run(1000);
    }
    let a = world.open();
    let slots = |world: &World| {
        let keys = world.local.keys();
        keys.iter()
            .filter(|key| key.contains(':'))
            .map(|key| (*key).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(slots(&world).len(), 64);
    assert!(slots(&world).contains(&String::from("oauth-status:flow-0099")));
    world.run(90_000_000);
    world.reload(a);
    assert_eq!(slots(&world), Vec::<String>::new());
}
