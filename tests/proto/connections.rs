//! Connections: merged by version, told once, read again when there is a reason to, and refreshed once.

use crate::world::{LIFE, LockMode, Provider, World};
use oauth_sync::proto::connection::Refreshed;
use oauth_sync::proto::machine::{Change, ConnectionEvent, Input, Via};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::status::Status;
use serde_json::json;

const C: &str = "int_1";
const F: &str = "flow-aaaa";

/// The changes that a window's listeners were told of.
fn told(world: &World, w: usize) -> Vec<Change> {
    let events = world.windows[w].connections.iter();
    events.map(|event| event.change).collect()
}

/// The states of the connections that a window shows, by their ids.
fn shown(world: &World, w: usize) -> Vec<(String, &'static str)> {
    let views = world.windows[w].machine.connections().into_iter();
    let mut shown: Vec<_> = views
        .map(|view| (view.connection.id, view.connection.state.as_str()))
        .collect();
    shown.sort();
    shown
}

fn is(id: &str, state: &'static str) -> Vec<(String, &'static str)> {
    vec![(String::from(id), state)]
}

fn refresh(world: &mut World, w: usize, token: u32) {
    refresh_seen(world, w, token, None);
}

fn refresh_seen(world: &mut World, w: usize, token: u32, seen: Option<u64>) {
    let id = String::from(C);
    world.feed(w, Input::Refresh { token, id, seen });
}

/// Three windows, each of which has the list.
fn three(mut world: World) -> World {
    world.connect(C);
    for _ in 0..3 {
        world.open();
        world.run(1000);
    }
    world
}

#[test]
fn every_window_has_the_list_and_one_has_read_it() {
    let world = three(World::connecting());
    for w in 0..3 {
        assert_eq!(shown(&world, w), is(C, "active"));
        assert_eq!(
            told(&world, w),
            [Change::Changed],
            "what was there was not added"
        );
    }
    assert_eq!(world.person.lists, [0]);
    assert_eq!(world.windows[2].connections[0].via, Via::BroadcastChannel);
}

#[test]
fn without_channels_each_window_reads_the_list() {
    let mut world = World::connecting();
    world.network.broadcast_missing = true;
    let world = three(world);
    assert_eq!(shown(&world, 2), is(C, "active"));
    assert_eq!(world.person.lists, [0, 1, 2]);
}

#[test]
fn a_completed_flow_makes_the_list_be_read_again_once() {
    let mut world = three(World::connecting());
    world.start(1, F);
    world.run(3000);
    let before = world.person.lists.len();
    world.connect("int_2");
    world.server_says(
        F,
        json!({ "status": "completed", "integrationId": "int_2" }),
    );
    world.run(10_000);
    assert_eq!(world.status(2, F), Some(Status::Completed));
    assert_eq!(world.person.lists.len(), before + 1);
    for w in 0..3 {
        assert_eq!(told(&world, w), [Change::Changed, Change::Added]);
    }
}

#[test]
fn a_wake_reads_the_list_again_but_not_each_of_a_swarm() {
    let mut world = three(World::connecting());
    world.run(20_000);
    world.change(C, "reauth_required", Some("grant_rejected"));
    let before = world.person.lists.len();
    for _ in 0..5 {
        world.feed(0, Input::Wake);
        world.run(500);
    }
    assert_eq!(world.person.lists.len(), before + 1);
    for w in 0..3 {
        assert_eq!(shown(&world, w), is(C, "reauth_required"));
        assert_eq!(
            told(&world, w),
            [Change::Changed, Change::ReauthRequired],
            "window {w}"
        );
    }
}

#[test]
fn the_later_of_two_changes_holds_in_whatever_order_they_come() {
    let mut world = three(World::connecting());
    world.run(20_000);
    world.change(C, "refresh_failed", Some("temporarily_unavailable"));
    // The answer is on its way, and a later change is heard first.
    world.feed(0, Input::Wake);
    world.change(C, "disconnected", None);
    world.feed(1, Input::Wake);
    world.run(1000);
    world.run(20_000);
    world.feed(0, Input::Wake);
    world.run(1000);
    for w in 0..3 {
        assert_eq!(shown(&world, w), []);
        assert_eq!(told(&world, w).last(), Some(&Change::Disconnected));
        let gone = |change: &&Change| **change == Change::Disconnected;
        assert_eq!(told(&world, w).iter().filter(gone).count(), 1);
    }
}

#[test]
fn a_connection_that_is_gone_from_the_list_is_disconnected_and_one_that_is_newer_than_the_list_stays()
 {
    let mut world = three(World::connecting());
    world.connect("int_2");
    world.run(20_000);
    world.feed(0, Input::Wake);
    world.run(1000);
    assert_eq!(shown(&world, 1).len(), 2);
    world.change("int_2", "disconnected", None);
    world.run(20_000);
    world.feed(0, Input::Wake);
    world.run(1000);
    for w in 0..3 {
        assert_eq!(shown(&world, w), is(C, "active"));
        assert_eq!(told(&world, w).last(), Some(&Change::Disconnected));
    }
}

#[test]
fn a_list_that_cannot_be_had_is_asked_for_less_and_less_often() {
    let mut world = World::connecting();
    world.person.is_down = true;
    world.open();
    world.run(60_000);
    let first = world.person.lists.len();
    assert!((3..=5).contains(&first), "{first}");
    world.run(3_600_000);
    assert!(
        world.person.lists.len() < 25,
        "{}",
        world.person.lists.len()
    );
    world.person.is_down = false;
    world.connect(C);
    world.feed(0, Input::Wake);
    world.run(1000);
    assert_eq!(shown(&world, 0), is(C, "active"));
}

#[test]
fn a_connection_expires_by_the_clock_and_that_is_told_once() {
    let mut world = three(World::connecting());
    // Nobody can refresh it.
    world.person.is_down = true;
    world.run(LIFE + 60_000);
    for w in 0..3 {
        assert_eq!(shown(&world, w), is(C, "expired"));
        assert_eq!(told(&world, w), [Change::Changed, Change::Expired]);
    }
}

#[test]
fn three_tabs_that_refresh_at_once_make_one_request_and_all_get_its_outcome() {
    let mut world = three(World::connecting());
    for w in 0..3 {
        for token in 0..4 {
            refresh(&mut world, w, token);
        }
    }
    world.run(2000);
    assert_eq!(world.person.refreshes, [0]);
    for w in 0..3 {
        let outcomes: Vec<_> = world.windows[w]
            .refreshed
            .iter()
            .map(|(_, it)| *it)
            .collect();
        assert_eq!(outcomes, [Refreshed::Done; 4], "window {w}");
        assert_eq!(told(&world, w), [Change::Changed, Change::Refreshed]);
    }
}

#[test]
fn each_outcome_reaches_every_caller() {
    for (provider, outcome, change) in [
        (Provider::Fails, Refreshed::Failed, Change::RefreshFailed),
        (
            Provider::Rejects,
            Refreshed::ReconnectRequired,
            Change::ReauthRequired,
        ),
    ] {
        let mut world = three(World::connecting());
        world.person.provider = provider;
        refresh(&mut world, 0, 1);
        refresh(&mut world, 2, 1);
        world.run(2000);
        for w in [0, 2] {
            assert_eq!(world.windows[w].refreshed, [(1, outcome)]);
        }
        for w in 0..3 {
            assert_eq!(told(&world, w).last(), Some(&change));
        }
        assert_eq!(world.person.refreshes.len(), 1);
    }
}

#[test]
fn a_connection_that_is_not_there_is_removed_for_its_callers_and_for_everybody() {
    let mut world = three(World::connecting());
    world.change(C, "disconnected", None);
    refresh(&mut world, 1, 1);
    world.run(2000);
    assert_eq!(world.windows[1].refreshed, [(1, Refreshed::Removed)]);
    for w in 0..3 {
        assert_eq!(told(&world, w), [Change::Changed, Change::Disconnected]);
    }
    refresh(&mut world, 2, 1);
    assert_eq!(world.windows[2].refreshed, [(1, Refreshed::Removed)]);
    assert_eq!(world.person.refreshes.len(), 1, "that is known by now");
}

#[test]
fn a_version_that_another_tab_has_refreshed_since_is_no_work() {
    let mut world = three(World::connecting());
    refresh(&mut world, 0, 1);
    world.run(60_000);
    refresh_seen(&mut world, 2, 1, Some(1));
    assert_eq!(world.windows[2].refreshed, [(1, Refreshed::Done)]);
    // Who has seen the newest wants a newer one.
    refresh_seen(&mut world, 2, 2, None);
    world.run(2000);
    assert_eq!(world.person.provider_asked.len(), 2);
}

#[test]
fn another_window_refreshes_where_the_one_that_polls_goes_in_the_middle() {
    for leave in [World::close, World::freeze, World::cache, World::stall] {
        let mut world = three(World::connecting());
        refresh(&mut world, 1, 1);
        world.run(100);
        assert_eq!(world.person.refreshes.len(), 1);
        leave(&mut world, 0);
        world.run(6000);
        assert_eq!(world.windows[1].refreshed, [(1, Refreshed::Done)]);
        assert_eq!(
            world.person.provider_asked.len(),
            1,
            "the server does it once"
        );
        assert_eq!(told(&world, 2).last(), Some(&Change::Refreshed));
    }
}

#[test]
fn a_caller_whose_tab_closes_takes_nothing_with_it() {
    let mut world = three(World::connecting());
    refresh(&mut world, 1, 1);
    world.run(50);
    world.close(1);
    world.run(2000);
    for w in [0, 2] {
        assert_eq!(told(&world, w).last(), Some(&Change::Refreshed));
    }
}

#[test]
fn without_locks_or_channels_each_asks_and_the_server_does_it_once() {
    for (locks, silent) in [
        (LockMode::Missing, false),
        (LockMode::NeverAnswers, false),
        (LockMode::Missing, true),
        (LockMode::Works, true),
    ] {
        let mut world = World::connecting();
        world.locks.mode = locks;
        world.network.broadcast_missing = silent;
        let mut world = three(world);
        for w in 0..3 {
            refresh(&mut world, w, 1);
        }
        world.run(6000);
        for w in 0..3 {
            assert_eq!(
                world.windows[w].refreshed,
                [(1, Refreshed::Done)],
                "{locks:?}, {silent}, window {w}"
            );
        }
        assert_eq!(world.person.provider_asked.len(), 1, "{locks:?}, {silent}");
    }
}

#[test]
fn who_waits_for_a_server_that_does_not_answer_is_told_in_time() {
    let mut world = three(World::connecting());
    world.person.is_down = true;
    refresh(&mut world, 1, 1);
    world.run(41_000);
    assert_eq!(world.windows[1].refreshed, [(1, Refreshed::Failed)]);
    assert_eq!(shown(&world, 1), is(C, "active"), "that is no word of it");
}

#[test]
fn one_tab_refreshes_before_expiry_unasked() {
    let mut world = three(World::connecting());
    world.run(3 * LIFE);
    // Each time five minutes ahead.
    assert_eq!(world.person.refreshes.len(), 3);
    for w in 0..3 {
        let refreshed = |change: &&Change| **change == Change::Refreshed;
        assert_eq!(told(&world, w).iter().filter(refreshed).count(), 3);
        assert_eq!(told(&world, w).len(), 4, "{:?}", told(&world, w));
    }
}

#[test]
fn what_failed_is_tried_again_when_the_server_says_and_never_what_needs_the_person() {
    let mut world = three(World::connecting());
    world.person.provider = Provider::Fails;
    world.run(LIFE - 250_000);
    let failed = world.person.refreshes.len();
    assert!((1..=2).contains(&failed), "{failed}");
    world.person.provider = Provider::Refreshes;
    world.run(61_000);
    assert_eq!(shown(&world, 2), is(C, "active"));
    world.change(C, "reauth_required", Some("grant_rejected"));
    world.feed(0, Input::Wake);
    world.run(1000);
    let before = world.person.refreshes.len();
    world.run(3 * LIFE);
    assert_eq!(world.person.refreshes.len(), before);
}

#[test]
fn another_tab_refreshes_unasked_for_one_that_is_stopped() {
    let mut world = three(World::connecting());
    world.run(LIFE - 400_000);
    world.stall(0);
    world.run(110_000);
    assert_eq!(shown(&world, 1), is(C, "active"));
    assert_eq!(world.person.provider_asked.len(), 1);
}

#[test]
fn no_window_has_more_than_it_may() {
    let mut world = World::connecting();
    world.open();
    for round in 0..10 {
        for n in 0..100 {
            world.connect(&format!("int_{round}_{n}"));
        }
        world.run(20_000);
        world.feed(0, Input::Wake);
        world.run(1000);
    }
    assert!(shown(&world, 0).len() <= 512);
    let all: &Vec<ConnectionEvent> = &world.windows[0].connections;
    assert!(all.len() <= 512);
}

fn want(id: &str) -> Input {
    Input::Message(Message::Want {
        id: Some(String::from(id)),
        seen: 0,
    })
}

#[test]
fn a_window_without_connections_refreshes_none_for_another() {
    let mut world = World::asking();
    let a = world.open();
    world.run(1000);
    world.feed(a, want(C));
    world.run(5000);
    assert_eq!(world.person.refreshes.len(), 0);
}

#[test]
fn a_flood_of_refreshes_that_others_want_is_bounded() {
    let mut world = World::connecting();
    let a = world.open();
    world.run(1000);
    for n in 0..1000 {
        world.feed(a, want(&format!("int_{n}")));
    }
    assert_eq!(world.dropped(a, "flood"), 1000 - 256);
}
