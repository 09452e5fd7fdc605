//! The form that hand-written callback pages send.

use crate::world::{Callback, Channels, World};
use oauth_sync::proto::status::Status;

const F: &str = "flow-aaaa";
const G: &str = "flow-bbbb";

#[test]
fn the_plain_form_is_understood_by_any_one_channel() {
    for channels in [
        Channels::post_message(0),
        Channels::broadcast(),
        Channels::storage(),
    ] {
        let mut world = World::without_server();
        let (a, b) = (world.open(), world.open());
        world.start(a, F);
        world.run(50);
        world.notify(Callback::plain(true), channels);
        world.run(10);
        for w in [a, b] {
            assert_eq!(world.status(w, F), Some(Status::Completed), "{channels:?}");
            let id = world
                .view(w, F)
                .and_then(|view| view.outcome.integration_id);
            assert_eq!(id.as_deref(), Some("7"));
        }
    }
}

#[test]
fn a_plain_failure_is_a_failure() {
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    world.run(50);
    world.notify(Callback::plain(false), Channels::broadcast());
    world.run(10);
    assert_eq!(world.status(a, F), Some(Status::Failed));
}

#[test]
fn equal_plain_notices_are_one_for_ten_seconds_and_another_after() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(500_000);
    let cost = |world: &mut World, wait: u64| {
        world.run(wait);
        let before = world.asked(F).len();
        world.notify(Callback::plain(true), Channels::post_message(a));
        world.run(100);
        world.asked(F).len() - before
    };
    assert_eq!(cost(&mut world, 0), 1);
    world.run(3900);
    assert_eq!(cost(&mut world, 1100), 0);
    assert_eq!(cost(&mut world, 5000), 1);
}

#[test]
fn a_plain_notice_that_is_passed_on_stays_one_that_comes_again() {
    let mut world = World::without_server();
    let (a, b) = (world.open(), world.open());
    for flow in [F, G] {
        world.start(a, flow);
        world.run(60_000);
        world.notify(Callback::plain(true), Channels::post_message(a));
        world.run(100);
        assert_eq!(world.status(b, flow), Some(Status::Completed));
    }
    assert!(
        world
            .relayed
            .iter()
            .all(|(_, wire)| wire.get("id").is_none())
    );
}

#[test]
fn the_plain_key_is_one_notice_however_often_it_is_read() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(50);
    world.notify(Callback::plain(true), Channels::storage());
    world.run(500_000);
    let before = world.asked(F).len();
    for visible in [false, true] {
        world.feed(a, oauth_sync::proto::machine::Input::Visible(visible));
    }
    world.run(30_000);
    // The wake itself, no more.
    assert_eq!(world.asked(F).len(), before + 1);
}
