//! Slow, overdue, expired, and what clocks may do meanwhile.

use crate::world::{Alone, EPOCH, Mode, World, id, start};
use oauth_sync::proto::machine::{Config, EventKind, Input, Lock, Machine, Output, Reason, Stage};
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::{Millis, Now, Since};
use serde_json::json;

const F: &str = "flow-aaaa";

#[test]
fn a_flow_is_slow_overdue_and_expired_in_time() {
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        let a = world.open();
        world.start(a, F);
        world.run(3_750_100);
        let at: Vec<(EventKind, u64)> = world.windows[a]
            .events
            .iter()
            .filter(|event| event.kind != EventKind::Changed)
            .map(|event| (event.kind, (event.at.0 - crate::world::EPOCH) / 1000))
            .collect();
        assert_eq!(
            at,
            [
                (EventKind::Started, 0),
                (EventKind::Opened, 0),
                (EventKind::Slow, 120),
                (EventKind::Overdue, 300),
                (EventKind::Expired, 3750)
            ]
        );
        let provisional = world.view(a, F).and_then(|view| view.provisional);
        assert_eq!(
            provisional,
            Some(asking),
            "where nobody can be asked nothing is provisional"
        );
    }
}

#[test]
fn every_tab_has_the_same_deadlines() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(100_000);
    let b = world.open();
    world.run(250_000);
    for w in [a, b] {
        assert_eq!(
            world.view(w, F).and_then(|view| view.stage),
            Some(Stage::Overdue)
        );
    }
    assert_eq!(world.told(b, F), [EventKind::Slow, EventKind::Overdue]);
}

#[test]
fn overdue_and_expired_wait_for_one_check_made_at_that_moment() {
    for (moment, kind) in [
        (300_000, EventKind::Overdue),
        (3_750_000, EventKind::Expired),
    ] {
        let mut world = World::asking();
        let a = world.open();
        world.run(10);
        world.start(a, F);
        world.run(moment - 1000);
        world.server.latency = 3000;
        let before = world.asked(F).len();
        world.run(3500);
        assert_eq!(world.asked(F).len(), before + 1);
        assert!(!world.told(a, F).contains(&kind));
        world.run(1000);
        assert!(world.told(a, F).contains(&kind));
    }
}

#[test]
fn a_success_found_by_that_check_is_announced_instead() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(3_700_000);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(60_000);
    let told = world.told(a, F);
    assert!(!told.contains(&EventKind::Expired));
    assert_eq!(told.last(), Some(&EventKind::Completed));
}

#[test]
fn they_come_also_when_the_server_cannot_be_reached() {
    for mode in [Mode::Fails, Mode::Silent, Mode::WantsQuiet(60_000)] {
        let mut world = World::asking();
        world.server.mode = mode;
        let a = world.open();
        world.start(a, F);
        world.run(3_750_000 + 12_000);
        let told = world.told(a, F);
        assert_eq!(
            told[2..],
            [EventKind::Slow, EventKind::Overdue, EventKind::Expired],
            "{mode:?}"
        );
    }
}

#[test]
fn after_the_clocks_expiry_wakes_still_ask_until_the_server_has_spoken() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(5_000_000);
    let before = world.asked(F).len();
    world.feed(a, Input::Wake);
    world.run(2000);
    assert_eq!(world.asked(F).len(), before + 1);
    world.server_says(F, json!({ "status": "completed" }));
    world.feed(a, Input::Wake);
    world.run(2000);
    assert_eq!(
        world.status(a, F),
        Some(Status::Completed),
        "brought back to the list"
    );
}

/// auth0-spa-js#92: nothing fails because people are slow.
#[test]
fn twenty_six_minutes_are_no_failure() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(26 * 60_000);
    assert_eq!(world.status(a, F), Some(Status::Pending));
    world.server_says(F, json!({ "status": "completed" }));
    world.feed(a, Input::WindowClosed { flow_id: id(F) });
    world.run(2000);
    assert_eq!(world.status(a, F), Some(Status::Completed));
}

#[test]
fn a_wall_clock_that_jumps_changes_nothing_within_a_page() {
    for shift in [-86_400_000, 3_600_000] {
        let mut world = World::asking();
        let a = world.open();
        world.start(a, F);
        world.run(10_000);
        world.wall_shift = shift;
        world.feed(a, Input::Wake);
        world.run(100_000);
        let view = world.view(a, F).expect("the flow");
        assert_eq!(
            (view.status, view.stage),
            (Status::Pending, Some(Stage::Waiting)),
            "{shift}"
        );
        world.run(15_000);
        assert_eq!(
            world.view(a, F).and_then(|view| view.stage),
            Some(Stage::Slow)
        );
    }
}

#[test]
fn a_start_in_the_future_is_taken_as_now() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(1000);
    world.wall_shift = -3_600_000;
    world.reload(a);
    world.run(119_000);
    assert_eq!(
        world.view(a, F).and_then(|view| view.stage),
        Some(Stage::Waiting)
    );
    world.run(2000);
    assert_eq!(
        world.view(a, F).and_then(|view| view.stage),
        Some(Stage::Slow)
    );
}

#[test]
fn a_success_binds_also_after_the_wall_clock_went_back() {
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    world.run(30_000);
    world.wall_shift = -3_600_000;
    world.notify(crate::world::Callback::success("n1"), crate::world::ALL);
    world.run(100);
    assert_eq!(world.status(a, F), Some(Status::Completed));
}

#[test]
fn a_settled_flow_leaves_the_list_after_ten_minutes_and_the_storage_after_a_day() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(599_000);
    assert_eq!(world.status(a, F), Some(Status::Completed));
    world.run(2000);
    assert_eq!(world.status(a, F), None);
    assert_eq!(world.told(a, F).last(), Some(&EventKind::Removed));
    assert!(!world.local.keys().is_empty());
    world.run(86_400_000);
    assert_eq!(world.local.keys(), Vec::<&str>::new());
    assert!(world.windows[a].session.is_empty());
}

/// MSAL#2149: what is never finished is swept as well, but not before one answered check.
#[test]
fn an_unfinished_flow_is_swept_a_day_after_it_expired() {
    let day_after = 3_750_000 + 86_400_000;
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(1000);
    world.close(a);
    world.run(day_after);
    world.server.mode = Mode::Fails;
    let b = world.open();
    // It hears of each check that fails.
    world.open();
    world.run(120_000);
    let is_kept = world.local.keys().iter().any(|key| key.contains(":s:"));
    assert!(is_kept, "no answer, no sweep");
    world.server.mode = Mode::Answers;
    world.feed(b, Input::Wake);
    world.run(2000);
    assert_eq!(world.local.keys(), Vec::<&str>::new());
}

/// The world fails where a wait is over before it begins, as one for a sweep with nothing to sweep would be.
#[test]
fn a_provisional_end_is_kept_a_day_past_expiry_and_longer_without_an_answer() {
    for (mode, status) in [
        (Mode::Answers, Status::Cancelled),
        (Mode::Fails, Status::Expired),
        (Mode::Fails, Status::Cancelled),
    ] {
        let mut world = World::asking();
        world.server.mode = mode;
        let a = world.open();
        world.start(a, F);
        if status == Status::Cancelled {
            world.feed(a, Input::Cancel { flow_id: id(F) });
        }
        let until_sweep = if mode == Mode::Fails {
            200_000_000
        } else {
            90_000_000
        };
        world.run(until_sweep);
        world.server.mode = Mode::Answers;
        world.server_says(F, json!({ "status": "completed" }));
        world.feed(a, Input::Wake);
        world.run(2000);
        assert_eq!(world.told(a, F).last(), Some(&EventKind::Completed));
    }
}

/// Nobody asks about it any more, so no answer is waited for; found by a page a day later it would begin the other anew.
#[test]
fn a_flow_that_another_goes_on_for_is_swept_without_an_answer() {
    let day_after = 3_750_000 + 86_400_000;
    let mut world = World::asking();
    let a = world.open();
    world.server.mode = Mode::Fails;
    world.start(a, F);
    world.run(3_800_000);
    let reply = json!({ "status": "pending", "supersededBy": "flow-next" });
    world.report(a, F, &reply);
    world.run(1000);
    world.server.mode = Mode::Answers;
    world.run(day_after);
    assert_eq!(world.local.keys(), Vec::<&str>::new());
    world.reload(a);
    assert_eq!(world.windows[a].machine.flows().len(), 0);
}

#[test]
fn what_began_before_the_page_was_there_is_due_when_its_time_is_up() {
    let now = Now {
        monotonic: Millis(700),
        wall: Millis(EPOCH + 20_000),
    };
    let since = Since::wall(Millis(EPOCH + 17_000), now);
    assert_eq!(since.plus(Millis(5000)), Millis(700 + 2000));
    assert_eq!(since.plus(Millis(3000)), Millis::ZERO);
}

fn kinds(outputs: &[Output]) -> Vec<EventKind> {
    let emitted = outputs.iter().filter_map(|output| match output {
        Output::Emit(event) => Some(event.kind),
        _ => None,
    });
    emitted.collect()
}

#[test]
fn a_moment_passes_eleven_seconds_after_it_has_come_where_nobody_answers_and_not_before() {
    let config = Config {
        askable: true,
        ..Config::default()
    };
    let mut alone = Alone::new(config);
    alone.feed(10, Input::Lock(Lock::Held));
    alone.feed(1000, start(F, "github", 1000));
    let mut overdue = Vec::new();
    for at in (1100..=320_000).step_by(100) {
        let told = kinds(&alone.feed(at, Input::Tick));
        overdue.extend(told.contains(&EventKind::Overdue).then_some(at));
    }
    assert_eq!(overdue, [301_000 + 11_000]);
}

#[test]
fn a_page_that_has_told_of_it_before_says_only_that_a_flow_shows_as_overdue_once_it_does() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(301_000);
    world.server.latency = 1000;
    world.reload(a);
    let told = |world: &World| -> Vec<_> {
        let window = &world.windows[a];
        let events = window.events[window.events_before..].iter();
        events.map(|event| (event.kind, event.flow.stage)).collect()
    };
    let slow = (EventKind::Changed, Some(Stage::Slow));
    world.run(900);
    assert_eq!(told(&world), [slow]);
    world.run(1000);
    let overdue = (EventKind::Changed, Some(Stage::Overdue));
    assert_eq!(told(&world), [slow, overdue]);
}

#[test]
fn a_page_in_which_nothing_is_to_come_waits_for_nothing() {
    let mut machine = Machine::new(Config::default());
    machine.handle(Input::Loaded, Now::default());
    let mut last = machine.poll_output();
    while !matches!(last, Output::Wait { .. }) {
        last = machine.poll_output();
    }
    let (until, reason) = (Millis::NEVER, Reason::Nothing);
    assert_eq!(last, Output::Wait { until, reason });
}
