//! Server push: one window holds the stream, polling rests while it delivers, and goes on without a gap where it does not.

use crate::world::{ALL, Callback, LockMode, PushMode, World};
use oauth_sync::proto::machine::{Change, EventKind, Input, Via};
use oauth_sync::proto::status::Status;
use serde_json::json;

const F: &str = "flow-aaaa";
const C: &str = "int_1";

fn open(mut world: World, windows: usize) -> World {
    for _ in 0..windows {
        world.open();
        world.run(300);
    }
    world.run(1000);
    world
}

fn completed() -> serde_json::Value {
    json!({ "status": "completed", "integrationId": C })
}

/// The longest time without a check in this span.
fn longest_gap(world: &World, from: u64, to: u64) -> u64 {
    let asked = world.asked(F).into_iter();
    let mut times: Vec<u64> = asked.filter(|at| (from..=to).contains(at)).collect();
    times.insert(0, from);
    times.push(to);
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or(0)
}

#[test]
fn one_window_holds_the_stream_and_passes_on_what_it_hears() {
    let mut world = open(World::pushing(), 3);
    assert_eq!(world.streams(), 1);
    world.start(1, F);
    world.run(60_000);
    world.server_says(F, completed());
    world.run(100);
    for w in 0..3 {
        assert_eq!(world.status(w, F), Some(Status::Completed), "window {w}");
        assert_eq!(
            world.told(w, F).last(),
            Some(&EventKind::Completed),
            "window {w}"
        );
    }
    let last = world.windows[0].events.last().map(|event| event.via);
    assert_eq!(last, Some(Via::Push));
}

#[test]
fn a_connection_that_push_brings_before_its_flow_has_no_list_read() {
    let mut world = open(World::pushing(), 3);
    world.start(1, F);
    world.run(5000);
    let before = world.person.lists.len();
    world.connect("int_2");
    world.server_says(
        F,
        json!({ "status": "completed", "integrationId": "int_2" }),
    );
    world.run(30_000);
    assert_eq!(world.status(2, F), Some(Status::Completed));
    assert_eq!(world.person.lists.len(), before);
}

#[test]
fn a_flow_costs_two_checks_at_most_where_push_delivers() {
    for (starter, notice_first) in [(0, false), (1, false), (0, true), (2, true)] {
        let mut world = open(World::pushing(), 3);
        world.start(starter, F);
        world.run(90_000);
        if notice_first {
            world.notify(Callback::success("n1").of(F), ALL);
            world.run(900);
            assert_eq!(world.asked(F).len(), 1, "a notice waits for push");
        }
        let flow_id = crate::world::id(F);
        world.feed(starter, Input::WindowClosed { flow_id });
        world.feed(starter, Input::Wake);
        world.run(10);
        world.server_says(F, completed());
        world.run(30_000);
        assert_eq!(world.status(1, F), Some(Status::Completed));
        let asked = world.asked(F);
        assert!(asked.len() <= 2, "{starter}, {notice_first}: {asked:?}");
    }
}

#[test]
fn a_notice_is_checked_after_a_second_where_push_has_not_spoken() {
    let mut world = open(World::pushing(), 2);
    world.start(1, F);
    world.run(5000);
    let before = world.asked(F).len();
    let at = world.now;
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(5000);
    let asked = world.asked(F);
    assert_eq!(asked.len(), before + 1, "{asked:?}");
    assert!((1000..1100).contains(&(asked[before] - at)), "{asked:?}");
}

#[test]
fn a_denial_that_push_does_not_contradict_is_told() {
    let mut world = open(World::pushing(), 2);
    world.start(1, F);
    world.run(5000);
    world.notify(Callback::failure("n1", "access_denied").of(F), ALL);
    world.run(15_000);
    for w in 0..2 {
        assert_eq!(world.status(w, F), Some(Status::Cancelled));
    }
}

#[test]
fn a_stream_that_breaks_is_made_up_for_at_once_and_polling_goes_on() {
    let mut world = open(World::pushing(), 2);
    world.start(1, F);
    world.run(30_000);
    let from = world.now;
    world.break_push();
    world.run(10_000);
    assert!(longest_gap(&world, from, from + 10_000) <= 2100);
    // What happened meanwhile is found by polling.
    world.server_says(F, completed());
    world.run(2500);
    assert_eq!(world.status(1, F), Some(Status::Completed));
}

#[test]
fn a_stream_that_comes_back_brings_what_was_missed_and_polling_rests_again() {
    let mut world = open(World::pushing(), 2);
    world.connect(C);
    world.start(1, F);
    world.run(5000);
    world.break_push();
    world.run(50);
    world.change(C, "reauth_required", Some("grant_rejected"));
    world.mend_push();
    world.run(3000);
    for w in 0..2 {
        let events = world.windows[w].connections.iter();
        let told: Vec<_> = events.map(|event| event.change).collect();
        assert_eq!(told, [Change::Added, Change::ReauthRequired], "window {w}");
    }
    let before = world.asked(F).len();
    world.run(60_000);
    assert_eq!(world.asked(F).len(), before);
}

#[test]
fn where_push_is_refused_missing_or_hangs_everything_is_polled() {
    for push in [PushMode::Refuses, PushMode::Missing, PushMode::Hangs] {
        let mut world = World::pushing();
        world.person.push = push;
        let mut world = open(world, 2);
        let from = world.now;
        world.start(1, F);
        world.run(15_000);
        assert!(longest_gap(&world, from, from + 15_000) <= 2100, "{push:?}");
        world.server_says(F, completed());
        world.run(2500);
        assert_eq!(world.status(0, F), Some(Status::Completed), "{push:?}");
    }
}

#[test]
fn a_stream_that_was_refused_is_tried_again_less_and_less_often() {
    let mut world = World::pushing();
    world.person.push = PushMode::Refuses;
    let mut world = open(world, 1);
    world.run(3_600_000);
    let tries = world.windows[0].streams;
    assert!((10..30).contains(&tries), "{tries}");
    world.person.push = PushMode::Delivers;
    world.feed(0, Input::Wake);
    world.run(300_000);
    world.start(0, F);
    world.run(100);
    let before = world.asked(F).len();
    world.run(60_000);
    assert_eq!(world.asked(F).len(), before, "it delivers");
}

/// Keep-alives are not told of: nothing but opening it anew shows that a stream is dead.
#[test]
fn a_stream_that_falls_silent_is_found_out() {
    let mut world = open(World::pushing(), 2);
    world.start(1, F);
    world.run(10_000);
    world.person.push = PushMode::Hangs;
    world.server_says(F, completed());
    world.run(125_000);
    assert_eq!(world.status(1, F), Some(Status::Completed));
}

#[test]
fn a_person_who_looks_has_a_silent_stream_tried_at_once() {
    let mut world = open(World::pushing(), 1);
    world.start(0, F);
    world.run(30_000);
    world.person.push = PushMode::Hangs;
    world.server_says(F, completed());
    world.feed(0, Input::Wake);
    world.run(3500);
    assert_eq!(world.status(0, F), Some(Status::Completed));
}

#[test]
fn a_stream_that_lives_costs_no_check_when_a_person_looks() {
    let mut world = open(World::pushing(), 2);
    world.start(1, F);
    world.run(30_000);
    let before = world.asked(F).len();
    for w in [0, 1, 0, 1] {
        world.feed(w, Input::Wake);
        world.run(20_000);
    }
    assert_eq!(world.asked(F).len(), before);
    assert!(world.windows[0].streams > 1);
}

#[test]
fn where_push_delivers_a_person_who_looks_has_no_list_read() {
    let mut world = open(World::pushing(), 1);
    world.run(30_000);
    let before = world.person.lists.len();
    world.feed(0, Input::Wake);
    world.run(30_000);
    assert_eq!(world.person.lists.len(), before);
}

#[test]
fn another_window_takes_the_stream_over_without_a_gap() {
    for leave in [World::close, World::freeze, World::cache, World::stall] {
        let mut world = open(World::pushing(), 3);
        world.start(1, F);
        world.run(30_000);
        leave(&mut world, 0);
        // Between the two streams.
        world.server_says(F, completed());
        world.run(6000);
        assert_eq!(world.status(2, F), Some(Status::Completed));
        let of_another = world.windows[1].stream.or(world.windows[2].stream);
        assert!(of_another.is_some());
    }
}

#[test]
fn a_window_that_is_put_away_closes_its_stream_and_opens_one_when_it_comes_back() {
    let mut world = open(World::pushing(), 1);
    world.cache(0);
    assert_eq!(world.streams(), 0);
    world.run(60_000);
    world.connect(C);
    world.thaw(0);
    world.run(1000);
    assert_eq!(world.streams(), 1);
    assert_eq!(world.windows[0].machine.connections().len(), 1);
}

#[test]
fn without_locks_one_stream_remains() {
    for mode in [LockMode::Missing, LockMode::NeverAnswers] {
        let mut world = World::pushing();
        world.locks.mode = mode;
        let mut world = open(world, 4);
        world.start(3, F);
        world.run(20_000);
        assert_eq!(world.streams(), 1, "{mode:?}");
        world.server_says(F, completed());
        world.run(1000);
        for w in 0..4 {
            assert_eq!(world.status(w, F), Some(Status::Completed), "{mode:?}");
        }
    }
}

#[test]
fn changes_of_connections_reach_every_window_and_are_told_once() {
    let mut world = open(World::pushing(), 3);
    world.connect(C);
    world.run(100);
    world.change(C, "refresh_failed", Some("temporarily_unavailable"));
    world.run(100);
    world.change(C, "reauth_required", Some("grant_rejected"));
    world.run(100);
    world.change(C, "disconnected", None);
    world.run(100);
    for w in 0..3 {
        let events = world.windows[w].connections.iter();
        let told: Vec<_> = events.map(|event| event.change).collect();
        let expected = [
            Change::Added,
            Change::RefreshFailed,
            Change::ReauthRequired,
            Change::Disconnected,
        ];
        assert_eq!(told, expected, "window {w}");
    }
}

#[test]
fn a_connection_that_a_flow_made_is_not_read_where_push_has_brought_it() {
    let mut world = open(World::pushing(), 2);
    world.start(1, F);
    world.run(5000);
    let before = world.person.lists.len();
    world.server_says(F, completed());
    world.connect(C);
    world.run(10_000);
    assert_eq!(world.person.lists.len(), before);
    assert_eq!(world.windows[1].machine.connections().len(), 1);
}

#[test]
fn more_than_can_be_told_again_is_asked_for() {
    let mut world = open(World::pushing(), 1);
    world.start(0, F);
    world.run(5000);
    let (checks, lists) = (world.asked(F).len(), world.person.lists.len());
    world.feed(0, Input::Pushed(oauth_sync::proto::machine::Pushed::Reset));
    world.run(1100);
    assert_eq!(world.asked(F).len(), checks + 1);
    assert_eq!(world.person.lists.len(), lists + 1);
}
