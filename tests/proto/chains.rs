//! Flows that go on in each other's place.

use crate::world::{ALL, Alone, Callback, EPOCH, World, id};
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::machine::{Config, EventKind, Input, Stored};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::record::Record;
use oauth_sync::proto::state::{Part, State};
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::Millis;
use oauth_sync::proto::verdict::Verdict;
use serde_json::json;

const F: &str = "flow-aaaa";
const G: &str = "flow-bbbb";
const H: &str = "flow-cccc";
const CHAIN: [&str; 6] = [
    "flow-0000",
    "flow-0001",
    "flow-0002",
    "flow-0003",
    "flow-0004",
    "flow-0005",
];

#[test]
fn a_flow_that_another_goes_on_for_ends_as_that_one_does() {
    for says in ["completed", "failed"] {
        let mut world = World::asking();
        let (a, b) = (world.open(), world.open());
        world.server_says(
            F,
            json!({ "status": "expired", "supersededBy": "flow-next" }),
        );
        world.start(a, F);
        world.run(3000);
        for w in [a, b] {
            assert_eq!(
                world.status(w, F),
                Some(Status::Pending),
                "unspoken until the new one settles"
            );
            assert_eq!(world.status(w, "flow-next"), Some(Status::Pending));
        }
        let asked = world.asked(F).len();
        world.server_says("flow-next", json!({ "status": says }));
        world.run(3000);
        assert_eq!(
            world.asked(F).len(),
            asked,
            "the old one is asked about no more"
        );
        for w in [a, b] {
            for flow in [F, "flow-next"] {
                let status = world.status(w, flow).map(Status::as_str);
                assert_eq!(status, Some(says));
                let told = world.told(w, flow);
                assert_eq!(
                    told.iter()
                        .filter(|kind| matches!(kind, EventKind::Completed | EventKind::Failed))
                        .count(),
                    1
                );
            }
        }
        assert!(
            world
                .view(a, "flow-next")
                .is_some_and(|view| view.started_here)
        );
    }
}

#[test]
fn a_notice_that_names_the_old_flow_makes_us_ask_about_the_one_that_went_on() {
    let mut world = World::asking();
    let a = world.open();
    world.server_says(
        F,
        json!({ "status": "pending", "supersededBy": "flow-next" }),
    );
    world.start(a, F);
    world.run(400_000);
    let before = world.asked("flow-next").len();
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(1500);
    assert_eq!(world.asked("flow-next").len(), before + 3);
}

#[test]
fn three_hops_are_followed_and_a_fourth_is_not() {
    let mut world = World::asking();
    let a = world.open();
    for pair in CHAIN.windows(2) {
        world.server_says(
            pair[0],
            json!({ "status": "pending", "supersededBy": pair[1] }),
        );
    }
    world.start(a, CHAIN[0]);
    world.run(60_000);
    let known: Vec<bool> = CHAIN
        .iter()
        .map(|flow| world.status(a, flow).is_some())
        .collect();
    assert_eq!(known, [true, true, true, true, false, false]);
    world.server_says(
        CHAIN[3],
        json!({ "status": "completed", "supersededBy": CHAIN[4] }),
    );
    world.run(20_000);
    for flow in &CHAIN[..4] {
        assert_eq!(world.status(a, flow), Some(Status::Completed), "{flow}");
    }
}

#[test]
fn a_circle_of_flows_does_not_turn_for_ever() {
    let mut world = World::asking();
    let a = world.open();
    world.server_says(
        F,
        json!({ "status": "pending", "supersededBy": "flow-next" }),
    );
    world.server_says(
        "flow-next",
        json!({ "status": "failed", "supersededBy": F }),
    );
    world.start(a, F);
    world.run(30_000);
    for flow in [F, "flow-next"] {
        assert_eq!(world.status(a, flow), Some(Status::Failed));
    }
}

#[test]
fn a_chain_is_known_after_a_reload() {
    let mut world = World::asking();
    let a = world.open();
    world.server_says(
        F,
        json!({ "status": "pending", "supersededBy": "flow-next" }),
    );
    world.start(a, F);
    world.run(3000);
    world.reload(a);
    let b = world.open();
    let asked = world.asked(F).len();
    world.server_says("flow-next", json!({ "status": "completed" }));
    world.run(5000);
    assert_eq!(world.asked(F).len(), asked);
    for w in [a, b] {
        assert_eq!(world.status(w, F), Some(Status::Completed));
    }
}

/// Another window tells of a flow.
fn told(flow_id: &str, change: impl Fn(&mut State)) -> Input {
    let (started_at, expires_at) = (Millis(EPOCH), Millis(EPOCH + 3_750_000));
    let mut state = State::new(id(flow_id), String::from("github"), started_at, expires_at);
    change(&mut state);
    Input::Message(Message::State(state))
}

/// Another window has written down which flow goes on in place of F.
fn heir(next: &str) -> Input {
    let mut state = State::new(id(F), String::new(), Millis::ZERO, Millis::ZERO);
    state.superseded_by = Some(id(next));
    Input::Stored {
        key: String::from("u"),
        stored: Stored::Record(Record::Flow(Part::Heir, state)),
        live: true,
    }
}

fn alone() -> Alone {
    Alone::new(Config {
        askable: true,
        ..Config::default()
    })
}

fn status(alone: &Alone, flow_id: &str) -> Option<Status> {
    let flows = alone.machine.flows();
    let flow = flows.iter().find(|flow| flow.id.as_str() == flow_id);
    flow.map(|flow| flow.status)
}

fn failed(basis: Basis) -> Verdict {
    Verdict::unsuccessful(Status::Failed, basis, None, Millis(EPOCH))
}

#[test]
fn a_flow_goes_on_as_one_other_alone_and_only_while_it_is_open() {
    let mut alone = alone();
    alone.feed(10, told(F, |_| {}));
    alone.feed(20, heir(G));
    alone.feed(30, heir(H));
    assert_eq!(status(&alone, G), Some(Status::Pending));
    assert_eq!(status(&alone, H), None);
    let mut alone = self::alone();
    alone.feed(
        10,
        told(F, |state| state.verdict = Some(failed(Basis::Server))),
    );
    alone.feed(20, heir(G));
    assert_eq!(status(&alone, G), None);
}

#[test]
fn the_flow_that_goes_on_has_its_own_time_to_expire() {
    let mut alone = alone();
    alone.feed(10, told(F, |_| {}));
    alone.feed(60_000, heir(G));
    let flows = alone.machine.flows();
    let next = flows.iter().find(|flow| flow.id.as_str() == G);
    let times = next.map(|next| (next.started_at, next.expires_at));
    let (started_at, expires_at) = (EPOCH + 60_000, EPOCH + 60_000 + 3_750_000);
    assert_eq!(times, Some((Millis(started_at), Millis(expires_at))));
}

#[test]
fn a_flow_that_goes_on_as_one_that_has_ended_ends_at_once_as_that_did_for_good() {
    let completed = Verdict::completed(Basis::Server, Outcome::default(), Millis(EPOCH));
    for (verdict, ends) in [
        (completed, Status::Completed),
        (failed(Basis::Server), Status::Failed),
        (failed(Basis::Notice), Status::Pending),
    ] {
        let mut alone = alone();
        alone.feed(10, told(F, |_| {}));
        alone.feed(20, told(G, |state| state.verdict = Some(verdict.clone())));
        alone.feed(30, heir(G));
        assert_eq!(status(&alone, F), Some(ends));
    }
}
