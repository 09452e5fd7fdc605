//! When the status endpoint is asked.

use crate::world::{ALL, Callback, Mode, World};
use oauth_sync::proto::machine::{EventKind, Input};
use oauth_sync::proto::schedule::{Schedule, Tier};
use oauth_sync::proto::time::Millis;
use serde_json::json;

const F: &str = "flow-aaaa";

#[test]
fn lists_thirty_polls_in_three_tiers() {
    let schedule = Schedule::default();
    let waits: Vec<u64> = (0..)
        .map_while(|polls| schedule.wait_after(polls))
        .map(|wait| wait.0)
        .collect();
    assert_eq!(waits, [[2000; 10], [5000; 10], [10_000; 10]].concat());
}

#[test]
fn reads_at_most_sixteen_tiers_and_survives_silly_ones() {
    let tier = |polls| Tier {
        every: Millis(1),
        polls,
    };
    let schedule = Schedule::new(vec![tier(1); 100]);
    assert_eq!(schedule.wait_after(15), Some(Millis(1)));
    assert_eq!(schedule.wait_after(16), None);
    let endless = Schedule::new(vec![tier(u32::MAX), tier(u32::MAX)]);
    assert_eq!(endless.wait_after(u32::MAX), None);
    assert_eq!(Schedule::new(Vec::new()).wait_after(0), None);
}

#[test]
fn asks_at_once_and_then_thirty_times() {
    let mut world = World::asking();
    let a = world.open();
    world.run(10);
    world.start(a, F);
    world.run(600_000);
    let asked: Vec<u64> = world.asked(F).iter().map(|at| at - 10).collect();
    let mut expected = vec![0];
    expected.extend((1..=10).map(|n| n * 2000));
    expected.extend((1..=10).map(|n| 20_000 + n * 5000));
    expected.extend((1..=10).map(|n| 70_000 + n * 10_000));
    // `overdue` is announced after one check made at that moment.
    expected.push(300_000);
    assert_eq!(asked, expected);
}

#[test]
fn the_cap_is_not_the_end_every_wake_asks_once_more() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(400_000);
    let before = world.asked(F).len();
    world.feed(a, Input::Wake);
    world.run(60_000);
    assert_eq!(world.asked(F).len(), before + 1);
    world.server_says(F, json!({ "completed": true, "success": true }));
    world.feed(a, Input::Wake);
    world.run(100);
    assert_eq!(world.told(a, F).last(), Some(&EventKind::Completed));
}

#[test]
fn a_check_that_comes_too_early_is_put_off_and_not_dropped() {
    let mut world = World::asking();
    let a = world.open();
    world.run(10);
    world.start(a, F);
    for _ in 0..5 {
        world.run(100);
        world.feed(a, Input::Wake);
    }
    world.run(1200);
    let asked: Vec<u64> = world.asked(F).iter().map(|at| at - 10).collect();
    assert_eq!(asked, [0, 1000]);
}

#[test]
fn checks_from_wakes_are_not_counted() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    for _ in 0..50 {
        world.feed(a, Input::Wake);
        world.run(1500);
    }
    world.run(900_000);
    let counted = world.local.values().find_map(|value| value.get("polls"));
    assert_eq!(counted, Some(&json!(30)));
}

#[test]
fn the_count_goes_on_after_a_reload() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(25_500);
    let before = world.asked(F).len();
    world.reload(a);
    world.run(19_000);
    let since: Vec<u64> = world.asked(F)[before..]
        .iter()
        .map(|at| at - 25_500)
        .collect();
    // One at once, when the lock is granted, and then on in the second tier.
    assert_eq!(since, [1, 5000, 10_000, 15_000]);
    world.run(900_000);
    let counted = world.local.values().find_map(|value| value.get("polls"));
    assert_eq!(counted, Some(&json!(30)));
}

#[test]
fn a_hidden_window_aims_ahead_of_its_throttled_timer() {
    let mut world = World::asking();
    let a = world.open();
    world.run(10);
    world.feed(a, Input::Visible(false));
    world.start(a, F);
    world.run(4500);
    let asked: Vec<u64> = world.asked(F).iter().map(|at| at - 10).collect();
    assert_eq!(asked, [0, 2000, 3950]);
}

#[test]
fn a_notice_causes_checks_at_once_and_then_a_run_of_ten() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(500_000);
    let before = world.asked(F).len();
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(120_000);
    let since: Vec<u64> = world.asked(F)[before..]
        .iter()
        .map(|at| at - 500_001)
        .collect();
    let mut expected = vec![0, 250, 1000];
    expected.extend((1..=10).map(|n| 1000 + n * 2000));
    assert_eq!(since, expected);
}

#[test]
fn a_flow_has_three_runs_and_then_single_checks() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(500_000);
    for n in 0..3 {
        world.notify(Callback::success(&format!("n{n}")).of(F), ALL);
        world.run(60_000);
    }
    let before = world.asked(F).len();
    world.notify(Callback::success("n4").of(F), ALL);
    world.run(60_000);
    assert_eq!(world.asked(F).len(), before + 1);
    // Also after a reload.
    world.reload(a);
    world.run(2000);
    let before = world.asked(F).len();
    world.notify(Callback::success("n5").of(F), ALL);
    world.run(60_000);
    assert_eq!(world.asked(F).len(), before + 1);
}

#[test]
fn a_flood_of_notices_costs_at_most_a_check_a_second() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(500_000);
    let before = world.asked(F).len();
    for n in 0..2000 {
        world.notify(Callback::success(&format!("n{n}")).of(F), ALL);
        world.run(10);
    }
    let cost = world.asked(F).len() - before;
    assert!(cost <= 20 + 9 + 2, "{cost} checks in twenty seconds");
}

#[test]
fn retry_after_binds_every_check_and_is_clamped() {
    for (asked_for, quiet) in [(0, 1000), (7000, 7000), (3_600_000, 60_000)] {
        let mut world = World::asking();
        let a = world.open();
        world.run(10);
        world.server.mode = Mode::WantsQuiet(asked_for);
        world.start(a, F);
        world.run(25);
        world.server.mode = Mode::Answers;
        world.notify(Callback::success("n1").of(F), ALL);
        world.feed(a, Input::Wake);
        world.run(70_000);
        let second = world.asked(F)[1] - 10;
        assert_eq!(second, 20 + quiet, "after {asked_for}");
    }
}

#[test]
fn quiet_is_kept_by_whoever_polls_next() {
    let mut world = World::asking();
    let a = world.open();
    let b = world.open();
    world.run(10);
    world.server.mode = Mode::WantsQuiet(30_000);
    world.start(a, F);
    world.run(100);
    world.server.mode = Mode::Answers;
    world.close(a);
    world.run(40_000);
    let asked = world.asked(F);
    assert!(asked[1] >= 30_000, "{asked:?}");
    assert_eq!(world.server.requests[1].window, b);
}

#[test]
fn retry_after_in_a_reply_counts_as_well() {
    let mut world = World::asking();
    let a = world.open();
    world.run(10);
    world.server_says(F, json!({ "status": "pending", "retryAfterMs": 15_000 }));
    world.start(a, F);
    world.run(16_000);
    let asked: Vec<u64> = world.asked(F).iter().map(|at| at - 10).collect();
    assert_eq!(asked, [0, 15_020]);
}

#[test]
fn failures_are_counted_and_asked_again_on_schedule_and_never_settle() {
    for mode in [Mode::Fails, Mode::Silent] {
        let mut world = World::asking();
        world.server.mode = mode;
        let a = world.open();
        world.start(a, F);
        world.run(290_000);
        assert_eq!(
            world.told(a, F),
            [EventKind::Started, EventKind::Opened, EventKind::Slow]
        );
        let asked = world.asked(F).len();
        assert!((25..=31).contains(&asked), "{mode:?}: {asked}");
    }
}

#[test]
fn a_check_that_nobody_answers_does_not_stop_the_schedule() {
    let mut world = World::asking();
    world.server.latency = 10_000_000;
    let a = world.open();
    world.start(a, F);
    world.run(100_000);
    assert!(world.asked(F).len() > 5, "{:?}", world.asked(F));
}

#[test]
fn counted_polls_do_not_overlap() {
    let mut world = World::asking();
    world.server.latency = 5000;
    let a = world.open();
    world.run(10);
    world.start(a, F);
    world.run(30_000);
    let asked = world.asked(F);
    assert!(asked.len() <= 8, "{asked:?}");
}

#[test]
fn twenty_tabs_ask_little_more_than_one() {
    let cost = |tabs: usize| {
        let mut world = World::asking();
        for _ in 0..tabs {
            world.open();
        }
        world.run(100);
        // Not the one that polls.
        world.start(tabs - 1, F);
        world.run(250_000);
        world.asked(F).len()
    };
    let (one, twenty) = (cost(1), cost(20));
    assert!(twenty * 10 <= one * 11, "{twenty} against {one}");
}

#[test]
fn nothing_is_asked_without_a_server() {
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    world.feed(a, Input::Wake);
    world.notify(Callback::failure("n1", "server_error").of(F), ALL);
    world.run(4_000_000);
    assert!(world.server.requests.is_empty());
}

#[test]
fn a_flow_of_which_the_server_has_spoken_is_asked_about_no_more() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(5000);
    world.server_says(
        F,
        json!({ "status": "failed", "error": { "code": "server_error" } }),
    );
    world.run(5000);
    let before = world.asked(F).len();
    world.feed(a, Input::Wake);
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(500_000);
    assert_eq!(world.asked(F).len(), before);
}
