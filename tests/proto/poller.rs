//! One window asks for all, and another when it goes or falls silent.

use crate::world::{LockMode, World};
use oauth_sync::proto::machine::{EventKind, Input, Lock, Poller};
use oauth_sync::proto::status::Status;
use serde_json::json;

const F: &str = "flow-aaaa";

/// The longest time without a check in this span, and by how many windows it was asked.
fn longest_gap(world: &World, from: u64, to: u64) -> (u64, usize) {
    let within = |at: &u64| (from..=to).contains(at);
    let mut times: Vec<u64> = world.asked(F).into_iter().filter(within).collect();
    let mut windows: Vec<usize> = world
        .server
        .requests
        .iter()
        .filter(|request| within(&request.at))
        .map(|request| request.window)
        .collect();
    windows.sort_unstable();
    windows.dedup();
    times.insert(0, from);
    times.push(to);
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max();
    (gap.unwrap_or(0), windows.len())
}

#[test]
fn one_window_polls_and_the_others_learn_what_it_learns() {
    let mut world = World::asking();
    let windows: Vec<usize> = (0..5).map(|_| world.open()).collect();
    world.run(10);
    world.start(3, F);
    world.run(15_000);
    assert_eq!(longest_gap(&world, 100, 15_000), (2000, 1));
    assert_eq!(world.windows[0].machine.poller(), Poller::This);
    assert_eq!(world.windows[1].machine.poller(), Poller::Other);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(2000);
    for w in windows {
        assert_eq!(world.status(w, F), Some(Status::Completed));
    }
}

#[test]
fn another_polls_as_soon_as_the_holder_is_closed() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(b, F);
    world.run(11_000);
    world.close(a);
    world.run(9000);
    let (gap, _) = longest_gap(&world, 11_000, 20_000);
    assert!(gap <= 2000, "{gap}");
}

#[test]
fn another_steps_in_for_a_holder_that_is_stopped_without_warning() {
    let mut world = World::asking();
    let (a, b, _) = (world.open(), world.open(), world.open());
    world.start(b, F);
    world.run(5000);
    world.stall(a);
    world.run(20_000);
    let (gap, windows) = longest_gap(&world, 5000, 25_000);
    // Three seconds of silence, up to one more, and what was left of the second since the last answer.
    assert!(gap <= 6000, "{gap}");
    assert_eq!(windows, 1, "its own `here` holds the third back");
    // The holder wakes: it lets one tick pass, and polls again alone.
    world.unstall(a);
    world.run(20_000);
    let (gap, windows) = longest_gap(&world, 30_000, 45_000);
    assert!(gap <= 5000, "{gap}");
    assert_eq!(windows, 1);
}

#[test]
fn a_lone_holder_that_slept_polls_again() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(5000);
    world.stall(a);
    world.run(100_000);
    let before = world.asked(F).len();
    world.unstall(a);
    world.run(3000);
    assert!(world.asked(F).len() > before);
}

#[test]
fn a_holder_whose_every_tick_is_late_still_polls() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(3000);
    let before = world.asked(F).len();
    // As in a tab that is hidden for long: one tick a minute.
    for _ in 0..5 {
        world.stall(a);
        world.run(60_000);
        world.unstall(a);
        world.run(1);
    }
    assert!(world.asked(F).len() >= before + 4, "{:?}", world.asked(F));
}

/// broadcast-channel#385, supabase-js#2111 and #2178: a lock that is never granted must not stop anybody, and nobody steals.
#[test]
fn a_lock_that_never_answers_stops_nobody() {
    let mut world = World::asking();
    world.locks.mode = LockMode::NeverAnswers;
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(20_000);
    let (gap, _) = longest_gap(&world, 1, 20_000);
    assert!(gap <= 4500, "{gap}");
    world.server_says(F, json!({ "status": "completed" }));
    world.run(6000);
    for w in [a, b] {
        assert_eq!(world.status(w, F), Some(Status::Completed));
    }
}

/// webcontainer-core#1690: locks refused.
#[test]
fn without_locks_nothing_is_lost_and_the_windows_still_agree_on_one() {
    let mut world = World::asking();
    world.locks.mode = LockMode::Missing;
    let windows: Vec<usize> = (0..5).map(|_| world.open()).collect();
    world.start(1, F);
    world.run(60_000);
    let (gap, polling) = longest_gap(&world, 10_000, 60_000);
    assert!(gap <= 5000, "{gap}");
    assert_eq!(polling, 1);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(12_000);
    for w in windows {
        assert_eq!(world.status(w, F), Some(Status::Completed));
    }
}

/// The one that is clicked in asks at once; whoever ranks higher says so before the next check is due.
#[test]
fn twenty_windows_without_locks_ask_hardly_more_often_than_one() {
    let asked = |count: usize| {
        let mut world = World::asking();
        world.locks.mode = LockMode::Missing;
        world.network.faults.delay = 100;
        let windows: Vec<usize> = (0..count).map(|_| world.open()).collect();
        world.start(windows[count / 2], F);
        world.run(180_000);
        world.asked(F).len()
    };
    let (one, twenty) = (asked(1), asked(20));
    assert!(twenty <= one + 1, "{twenty} to {one}");
}

#[test]
fn without_locks_and_without_a_channel_every_window_asks_for_itself() {
    let mut world = World::asking();
    world.locks.mode = LockMode::Missing;
    world.network.broadcast_missing = true;
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(3000);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(3000);
    for w in [a, b] {
        assert_eq!(world.status(w, F), Some(Status::Completed));
    }
}

#[test]
fn hidden_windows_without_locks_replace_a_poller_that_went() {
    let mut world = World::asking();
    world.locks.mode = LockMode::Missing;
    let windows = [world.open(), world.open()];
    for w in windows {
        world.feed(w, Input::Visible(false));
    }
    world.start(0, F);
    world.run(10_000);
    let polling = world.server.requests.last().map(|request| request.window);
    let polling = polling.expect("a check");
    world.close(polling);
    world.run(15_000);
    let (gap, _) = longest_gap(&world, 10_000, 25_000);
    assert!(gap <= 6000, "{gap}");
}

#[test]
fn a_late_holder_takes_over_from_a_stand_in() {
    let mut world = World::asking();
    world.locks.mode = LockMode::NeverAnswers;
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(8000);
    world.feed(b, Input::Lock(Lock::Held));
    world.run(3000);
    world.run(12_000);
    let windows = world
        .server
        .requests
        .iter()
        .filter(|request| request.at > 11_000);
    assert!(windows.clone().all(|request| request.window == b));
    assert!(windows.count() > 2);
}

#[test]
fn a_follower_that_wakes_asks_the_holder_and_does_not_check() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(200_000);
    let before = world.asked(F).len();
    world.feed(b, Input::Wake);
    world.run(2000);
    let since = &world.server.requests[before..];
    assert_eq!(since.len(), 1);
    assert_eq!(since[0].window, a);
    assert!(since[0].at <= 200_010, "at once: {}", since[0].at);
}

#[test]
fn a_follower_that_hears_no_answer_to_its_wake_checks_itself() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(200_000);
    world.stall(a);
    let before = world.asked(F).len();
    world.feed(b, Input::Wake);
    world.run(700);
    let since = &world.server.requests[before..];
    assert_eq!(since.len(), 1);
    assert_eq!(since[0].window, b);
    assert!(since[0].at >= 200_400);
}

#[test]
fn a_hidden_holder_answers_from_the_message_handler() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(100);
    world.feed(a, Input::Visible(false));
    world.run(30_000);
    let windows = world.server.requests.iter().map(|request| request.window);
    assert!(windows.into_iter().all(|window| window == a));
    assert_eq!(world.windows[b].machine.poller(), Poller::Other);
}

/// whatwg/html#7253, MSAL#5908.
#[test]
fn a_page_that_is_put_away_lets_go_of_the_lock_and_asks_again_when_it_returns() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(a, F);
    world.run(5000);
    world.cache(a);
    assert_eq!(world.locks.holder, Some(b));
    world.run(5000);
    let (gap, _) = longest_gap(&world, 5000, 10_000);
    assert!(gap <= 2100, "{gap}");
    world.server_says(F, json!({ "status": "completed" }));
    world.run(5000);
    assert_eq!(world.status(a, F), Some(Status::Pending));
    world.thaw(a);
    world.run(10);
    assert_eq!(world.told(a, F).last(), Some(&EventKind::Completed));
    world.close(b);
    world.run(10);
    assert_eq!(world.locks.holder, Some(a));
}

#[test]
fn a_lock_granted_to_a_page_that_was_just_put_away_is_let_go_of() {
    let mut world = World::asking();
    let a = world.open();
    world.feed(a, Input::Leave);
    world.feed(a, Input::Lock(Lock::Held));
    world.run(10);
    assert_eq!(world.locks.holder, None);
    world.feed(a, Input::Return);
    world.locks.mode = LockMode::NeverAnswers;
    assert_eq!(world.windows[a].machine.poller(), Poller::None);
}

#[test]
fn a_check_on_its_way_when_the_page_is_put_away_is_made_again() {
    let mut world = World::asking();
    world.server.latency = 500;
    let a = world.open();
    world.start(a, F);
    world.run(100);
    world.freeze(a);
    assert!(world.windows[a].in_flight.is_empty(), "aborted");
    world.run(50_000);
    let before = world.asked(F).len();
    world.server_says(F, json!({ "status": "completed" }));
    world.thaw(a);
    world.run(1000);
    assert_eq!(world.asked(F).len(), before + 1);
    assert_eq!(world.status(a, F), Some(Status::Completed));
}

#[test]
fn checks_across_windows_are_a_second_apart_when_the_lock_is_handed_over() {
    let mut world = World::asking();
    let (a, _) = (world.open(), world.open());
    world.start(a, F);
    world.run(4050);
    world.close(a);
    world.run(3000);
    let asked = world.asked(F);
    assert!(
        asked.windows(2).all(|pair| pair[1] - pair[0] >= 1000),
        "{asked:?}"
    );
}

#[test]
fn windows_whose_messages_were_lost_are_told_again() {
    let mut world = World::asking();
    let (a, b, c) = (world.open(), world.open(), world.open());
    world.run(10);
    // Nobody hears of the start.
    world.network.faults.lost = 100;
    world.network.faults.storage = true;
    world.start(c, F);
    world.run(5);
    world.network.faults.lost = 0;
    world.run(12_000);
    assert_eq!(world.status(a, F), Some(Status::Pending));
    assert_eq!(longest_gap(&world, 8000, 12_000).1, 1);
    // Nobody hears how it ended.
    world.server_says(F, json!({ "status": "completed" }));
    world.network.faults.lost = 100;
    world.run(2500);
    world.network.faults.lost = 0;
    world.run(20_000);
    for w in [a, b, c] {
        assert_eq!(world.status(w, F), Some(Status::Completed), "{w}");
    }
}

/// A page that only listens, say, may be the one that was open first.
#[test]
fn a_window_with_nobody_to_ask_keeps_none_from_asking_that_can() {
    let mut world = World::without_server();
    let listener = world.open();
    world.config.askable = true;
    let a = world.open();
    world.start(a, F);
    world.server_says(F, json!({ "status": "completed" }));
    world.run(5000);
    assert_eq!(world.locks.holder, Some(listener));
    assert_eq!(world.status(a, F), Some(Status::Completed));
    world.start(a, "flow-bbbb");
    let before = world.asked("flow-bbbb").len();
    world.run(20_000);
    assert!(world.asked("flow-bbbb").len() >= before + 9);
}
