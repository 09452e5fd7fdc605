//! Each rise is told once, also over reloads; and nothing that was told is lost.

use crate::world::{ALL, Alone, Callback, Channels, EPOCH, World, bare_start, id};
use oauth_sync::proto::machine::{Area, Config, EventKind, Input, Output};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::status::Status;
use serde_json::json;

const F: &str = "flow-aaaa";
const G: &str = "flow-bbbb";

fn completed(world: &World, w: usize) -> usize {
    let told = world.told(w, F);
    told.iter()
        .filter(|kind| **kind == EventKind::Completed)
        .count()
}

#[test]
fn a_reload_before_during_or_after_the_notice_tells_a_success_once() {
    for asking in [true, false] {
        for reload_at in [0, 1, 2, 5, 20, 40, 100, 300, 1100] {
            let mut world = if asking {
                World::asking()
            } else {
                World::without_server()
            };
            let (a, b) = (world.open(), world.open());
            world.start(a, F);
            world.run(3000);
            if reload_at == 0 {
                world.reload(a);
            }
            world.server_says(F, json!({ "status": "completed" }));
            world.notify(Callback::success("n1").of(F), ALL);
            world.run(reload_at);
            world.reload(a);
            world.run(5000);
            world.reload(b);
            world.run(5000);
            for w in [a, b] {
                assert_eq!(
                    completed(&world, w),
                    1,
                    "asking {asking}, {reload_at} ms, {w}"
                );
            }
            assert_eq!(world.told(a, F).first(), Some(&EventKind::Started));
            let started = world
                .told(a, F)
                .iter()
                .filter(|kind| **kind == EventKind::Started)
                .count();
            assert_eq!(started, 1);
        }
    }
}

/// supabase auth-js#579: the same event on every focus.
#[test]
fn coming_back_to_a_page_tells_nothing_again() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.server_says(F, json!({ "status": "failed" }));
    world.run(2000);
    let before = world.windows[a].events.len();
    for _ in 0..5 {
        world.feed(a, Input::Visible(false));
        world.feed(a, Input::Visible(true));
        world.feed(a, Input::Wake);
        world.cache(a);
        world.thaw(a);
        world.run(2000);
    }
    assert_eq!(world.windows[a].events.len(), before);
}

#[test]
fn a_reload_tells_nothing_of_what_was_told() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(2000);
    let before = world.windows[a].events.len();
    world.reload(a);
    world.run(2000);
    assert_eq!(world.windows[a].events.len(), before);
}

#[test]
fn a_page_that_crashes_before_its_listeners_returned_tells_it_again() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(100);
    world.windows[a].tells = false;
    world.server_says(F, json!({ "status": "completed" }));
    world.feed(a, Input::Wake);
    world.run(2000);
    world.windows[a].tells = true;
    world.reload(a);
    world.run(100);
    assert_eq!(completed(&world, a), 2);
    world.reload(a);
    world.run(100);
    assert_eq!(completed(&world, a), 2);
}

#[test]
fn a_page_that_has_told_cannot_fall_back() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        let a = world.open();
        world.start(a, F);
        world.server_says(F, json!({ "status": "completed" }));
        world.notify(Callback::success("n1").of(F), Channels::broadcast());
        world.run(2000);
        // What was written has not reached the process that reads, or was thrown away.
        world.local.retain(|_| false);
        world.server_says(F, json!({ "status": "pending" }));
        world.reload(a);
        world.run(5000);
        assert_eq!(world.status(a, F), Some(Status::Completed));
        assert_eq!(completed(&world, a), 1);
    }
}

#[test]
fn a_tab_that_opens_later_is_told_what_settled_lately_and_nothing_older() {
    for (wait, told) in [(1000, 1), (598_000, 1), (601_000, 0)] {
        let mut world = World::asking();
        let a = world.open();
        world.start(a, F);
        world.server_says(F, json!({ "status": "completed" }));
        world.run(1000 + wait);
        let b = world.open();
        world.run(100);
        assert_eq!(completed(&world, b), told, "after {wait}");
        assert_eq!(world.status(b, F).is_some(), told == 1);
    }
}

#[test]
fn the_waiting_tab_closed_and_opened_again_finds_the_end() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        let a = world.open();
        world.start(a, F);
        world.run(5000);
        world.close(a);
        world.server_says(F, json!({ "status": "completed" }));
        world.notify(Callback::success("n1").of(F), ALL);
        world.run(60_000);
        let b = world.open();
        world.run(2000);
        assert_eq!(completed(&world, b), 1, "asking: {asking}");
        let view = world.view(b, F).expect("the flow");
        assert!(!view.started_here);
    }
}

#[test]
fn a_frozen_page_finds_what_came_meanwhile() {
    for cached in [true, false] {
        let mut world = World::without_server();
        let a = world.open();
        world.start(a, F);
        world.run(1000);
        if cached {
            world.cache(a);
        } else {
            world.freeze(a);
        }
        world.notify(Callback::success("n1").of(F), ALL);
        world.run(60_000);
        world.thaw(a);
        world.run(100);
        assert_eq!(completed(&world, a), 1, "cached: {cached}");
    }
}

#[test]
fn what_this_tab_did_is_known_after_a_reload() {
    let mut world = World::asking();
    let a = world.open();
    let mut start = world.bare_start(F, "github");
    start.app_state = Some(String::from("{\"page\":7}"));
    world.feed(a, Input::Start(start));
    world.run(1000);
    world.reload(a);
    let view = world.view(a, F).expect("the flow");
    assert!(view.started_here);
    assert_eq!(view.app_state.as_deref(), Some("{\"page\":7}"));
    let b = world.open();
    let view = world.view(b, F).expect("the flow");
    assert!(
        !view.started_here && view.app_state.is_none(),
        "another tab's"
    );
}

#[test]
fn without_storage_a_tab_goes_on_alone() {
    let mut world = World::asking();
    world.local.works = false;
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(2000);
    assert_eq!(
        world.status(b, F),
        Some(Status::Pending),
        "by BroadcastChannel"
    );
    world.reload(a);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(3000);
    assert_eq!(completed(&world, a), 1);
    world.windows[a].session_works = false;
    assert_eq!(completed(&world, b), 1);
}

#[test]
fn a_provisional_end_and_its_confirmation_are_told_once_each_over_reloads() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(1500);
    world.feed(a, Input::Cancel { flow_id: id(F) });
    world.reload(a);
    world.run(1500);
    world.server_says(F, json!({ "status": "cancelled" }));
    world.run(3000);
    world.reload(a);
    world.run(3000);
    assert_eq!(
        world.told(a, F)[2..],
        [EventKind::Cancelled, EventKind::Confirmed]
    );
}

#[test]
fn slow_and_overdue_are_told_once_over_reloads() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    for _ in 0..10 {
        world.run(60_000);
        world.reload(a);
    }
    world.run(60_000);
    assert_eq!(
        world.told(a, F),
        [
            EventKind::Started,
            EventKind::Opened,
            EventKind::Slow,
            EventKind::Overdue
        ]
    );
}

/// The count of polls is overwritten, and a lost update costs a poll; it must not cost an attempt.
#[test]
fn a_new_attempt_is_not_lost_to_a_window_that_has_not_heard_of_it() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(b, F);
    world.run(150_000);
    world.network.faults.lost = 100;
    world.network.faults.storage = true;
    let reopened = Input::Reopened {
        flow_id: id(F),
        window: oauth_sync::proto::machine::WindowHint::Open,
        href: None,
    };
    world.feed(b, reopened);
    // The holder counts on in the first attempt.
    world.run(30_000);
    world.network.faults.lost = 0;
    world.reload(b);
    world.reload(a);
    world.run(5000);
    let before = world.asked(F).len();
    world.run(20_000);
    assert!(world.asked(F).len() >= before + 4, "{:?}", world.asked(F));
}

#[test]
fn of_more_flows_than_are_kept_each_success_is_told_once_however_late_the_others_word_comes() {
    for delay in [0, 20, 500, 3000] {
        let mut world = World::asking();
        world.network.faults.delay = delay;
        world.network.faults.storage = true;
        let (a, b) = (world.open(), world.open());
        let flows: Vec<String> = (0..200).map(|n| format!("flow-{n:04}")).collect();
        for flow in &flows {
            world.start_of(a, flow, flow);
        }
        world.run(4000);
        for flow in &flows {
            world.server_says(flow, json!({ "status": "completed" }));
        }
        world.run(300_000);
        for w in [a, b] {
            for flow in &flows {
                let mut told = world.told(w, flow);
                told.retain(|kind| matches!(kind, EventKind::Started | EventKind::Completed));
                assert_eq!(
                    told,
                    [EventKind::Started, EventKind::Completed],
                    "a delay of {delay} ms, window {w}, {flow}"
                );
            }
        }
    }
}

#[test]
fn a_success_of_a_flow_that_was_let_go_as_failed_is_still_told() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.server_says(F, json!({ "status": "failed" }));
    world.run(3000);
    for n in 0..65 {
        let flow = format!("flow-{n:04}");
        world.server_says(&flow, json!({ "status": "completed" }));
        world.start_of(a, &flow, &flow);
    }
    world.run(30_000);
    assert_eq!(world.status(a, F), None);
    let scope = world.windows[a].machine.names().scope.clone();
    let says = |world: &mut World, status: &str| {
        let wire = json!({ "type": "oauth-sync", "v": 1, "scope": scope, "flowId": F, "provider": "github",
            "startedAt": EPOCH, "expiresAt": EPOCH + 3_750_000,
            "verdict": { "status": status, "basis": "server", "settledAt": EPOCH + 9000 } });
        let message = Message::read(&wire, &scope).expect("a message");
        world.feed(a, Input::Message(message));
    };
    for status in ["failed", "completed", "failed", "completed"] {
        says(&mut world, status);
    }
    world.run(1000);
    let told = world.told(a, F);
    let ends = |kind| told.iter().filter(|told| **told == kind).count();
    assert_eq!(
        (ends(EventKind::Failed), ends(EventKind::Completed)),
        (1, 1)
    );
}

#[test]
fn a_flow_that_starts_anew_under_the_name_of_one_that_was_let_go_is_another() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.server_says(F, json!({ "status": "completed" }));
    for _ in 0..2 {
        world.start(a, F);
        world.run(25 * 3_600_000);
        assert_eq!(world.status(b, F), None);
    }
    assert_eq!(completed(&world, b), 2);
}

/// A page without a server in which G was started and then F, so that one event was told of each.
fn page() -> Alone {
    let mut alone = Alone::new(Config::default());
    for flow_id in [G, F] {
        let start = bare_start(flow_id, "github", EPOCH);
        alone.feed(0, Input::Start(start));
    }
    alone
}

/// Of which flows it notes that its listeners were told, once those of event `seq` have returned.
fn noted(alone: &mut Alone, seq: u32) -> Vec<String> {
    let mut noted = Vec::new();
    for output in alone.feed(10, Input::Told { seq }) {
        if let Output::Write { area, key, .. } = output {
            assert_eq!(area, Area::Session);
            noted.extend(key.rsplit(':').next().map(String::from));
        }
    }
    noted.dedup();
    noted
}

#[test]
fn what_was_told_is_noted_up_to_the_event_whose_listeners_have_returned() {
    let mut alone = page();
    assert_eq!(noted(&mut alone, 1), [G]);
    assert_eq!(noted(&mut alone, 1), Vec::<String>::new());
    assert_eq!(noted(&mut alone, 2), [F]);
}

#[test]
fn of_events_that_nobody_hears_the_last_4096_are_noted_as_told() {
    for (events, flows) in [(4096, vec![G, F]), (4097, vec![F])] {
        let mut alone = page();
        for _ in 2..events {
            let href = String::from("https://app.example/start");
            let flow_id = id(F);
            alone.feed(0, Input::Href { flow_id, href });
        }
        assert_eq!(noted(&mut alone, events), flows, "{events}");
    }
}
