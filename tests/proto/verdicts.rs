//! The order of verdicts, and how what windows hold becomes one.

use crate::world::{ALL, Callback, EPOCH, World, id};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::machine::{EventKind, Input};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::state::State;
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::Millis;
use oauth_sync::proto::verdict::{Place, Verdict};
use serde_json::json;
use std::cmp::Ordering;

const F: &str = "flow-aaaa";

fn every_verdict() -> Vec<Verdict> {
    let mut all = Vec::new();
    for basis in [
        Basis::Server,
        Basis::Notice,
        Basis::Person,
        Basis::Clock,
        Basis::Local,
    ] {
        for status in [Status::Expired, Status::Cancelled, Status::Failed] {
            for error in [None, Some(ErrorCode::START_FAILED)] {
                all.push(Verdict::unsuccessful(status, basis, error, Millis(EPOCH)));
            }
        }
        for integration_id in [None, Some(String::from("int_1"))] {
            let outcome = Outcome {
                integration_id,
                integrations: Vec::new(),
            };
            all.push(Verdict::completed(basis, outcome, Millis(EPOCH)));
        }
    }
    all
}

#[test]
fn the_order_is_total_whether_or_not_somebody_can_be_asked() {
    let all = every_verdict();
    for confirm in [true, false] {
        for a in &all {
            assert_eq!(a.compare(a, confirm), Ordering::Equal);
            for b in &all {
                assert_eq!(a.compare(b, confirm), b.compare(a, confirm).reverse());
                let same = a.status == b.status && a.canonical() == b.canonical();
                assert_eq!(a.compare(b, confirm) == Ordering::Equal, same);
                for c in &all {
                    if a.compare(b, confirm).is_le() && b.compare(c, confirm).is_le() {
                        assert!(a.compare(c, confirm).is_le());
                    }
                }
            }
        }
    }
}

/// (lower, higher, where somebody can be asked, where nobody can)
#[test]
fn the_order_is_as_stated() {
    use Basis::{Clock, Local, Notice, Person, Server};
    use Status::{Cancelled, Completed, Expired, Failed};
    let table = [
        ((Expired, Clock), (Cancelled, Person), true, true),
        ((Cancelled, Person), (Failed, Notice), true, true),
        ((Failed, Notice), (Expired, Server), true, false),
        ((Failed, Notice), (Failed, Local), true, true),
        ((Expired, Server), (Cancelled, Server), true, true),
        ((Cancelled, Server), (Failed, Server), true, true),
        ((Failed, Server), (Completed, Notice), true, true),
        ((Completed, Notice), (Completed, Server), true, true),
        ((Cancelled, Person), (Cancelled, Server), true, true),
        ((Cancelled, Person), (Cancelled, Notice), true, true),
    ];
    for ((low, low_basis), (high, high_basis), asked, alone) in table {
        let verdict = |status, basis| match status {
            Completed => Verdict::completed(basis, Outcome::default(), Millis(0)),
            _ => Verdict::unsuccessful(status, basis, Some(ErrorCode::EXPIRED), Millis(0)),
        };
        let (low, high) = (verdict(low, low_basis), verdict(high, high_basis));
        for (confirm, rises) in [(true, asked), (false, alone)] {
            let is_greater = high.compare(&low, confirm) == Ordering::Greater;
            assert_eq!(is_greater, rises, "{low:?} < {high:?} with {confirm}");
        }
    }
}

#[test]
fn when_a_verdict_was_reached_is_no_part_of_its_order() {
    let at = |millis| Verdict::completed(Basis::Server, Outcome::default(), Millis(millis));
    assert_eq!(at(1).compare(&at(2), true), Ordering::Equal);
    assert_eq!(at(1).digest(), at(2).digest());
}

#[test]
fn only_what_nobody_confirmed_is_provisional() {
    let verdict = |basis| Verdict::unsuccessful(Status::Failed, basis, None, Millis(0));
    for (basis, provisional) in [
        (Basis::Server, false),
        (Basis::Local, false),
        (Basis::Notice, true),
        (Basis::Person, true),
        (Basis::Clock, true),
    ] {
        assert_eq!(verdict(basis).is_provisional(true), provisional);
        assert!(!verdict(basis).is_provisional(false));
    }
}

/// News is a higher status, not the server's word for the same.
#[test]
fn a_dismissal_covers_the_same_status_and_what_is_lower() {
    use Basis::{Person, Server};
    use Status::{Cancelled, Completed, Expired, Failed};
    let place = |(status, basis)| Place { status, basis };
    for (dismissed, other, covers) in [
        ((Failed, Person), (Failed, Server), true),
        ((Failed, Server), (Expired, Server), true),
        ((Failed, Person), (Expired, Server), false),
        ((Cancelled, Server), (Failed, Server), false),
        ((Failed, Server), (Completed, Server), false),
    ] {
        let is_covered = place(dismissed).covers(place(other), true);
        assert_eq!(is_covered, covers, "{dismissed:?} {other:?}");
    }
}

#[test]
fn access_denied_is_a_cancellation_and_any_other_code_a_failure() {
    for (code, status) in [
        ("access_denied", Status::Cancelled),
        ("server_error", Status::Failed),
        ("anything.else-1", Status::Failed),
    ] {
        let code = ErrorCode::parse(String::from(code));
        let verdict = Verdict::of_error(Basis::Notice, code, Millis(0));
        assert_eq!(verdict.status, status);
    }
}

fn state(verdict: Option<Verdict>) -> Message {
    let mut state = State::new(
        id(F),
        String::from("github"),
        Millis(EPOCH),
        Millis(EPOCH + 3_750_000),
    );
    state.verdict = verdict;
    Message::State(state)
}

#[test]
fn windows_agree_in_whatever_order_they_hear() {
    let all = every_verdict();
    for asking in [true, false] {
        for a in &all {
            for b in &all {
                let end = |first: &Verdict, second: &Verdict| {
                    let mut world = if asking {
                        World::asking()
                    } else {
                        World::without_server()
                    };
                    let w = world.open();
                    for verdict in [first, second, first] {
                        world.feed(w, Input::Message(state(Some(verdict.clone()))));
                    }
                    let view = world.view(w, F);
                    view.map(|view| (view.status, view.outcome, view.error))
                };
                assert_eq!(end(a, b), end(b, a), "{a:?} and {b:?}");
            }
        }
    }
}

#[test]
fn nothing_replaces_a_success_and_no_other_end_follows_it() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.server_says(
        F,
        json!({ "status": "completed", "integrationId": "int_1" }),
    );
    world.run(100);
    for verdict in every_verdict() {
        if verdict.status != Status::Completed {
            world.feed(a, Input::Message(state(Some(verdict))));
        }
    }
    world.feed(a, Input::Cancel { flow_id: id(F) });
    world.report(a, F, &json!({ "status": "failed" }));
    world.run(5_000_000);
    let told = world.told(a, F);
    assert_eq!(
        told,
        [
            EventKind::Started,
            EventKind::Opened,
            EventKind::Completed,
            EventKind::Removed
        ]
    );
}

/// n8n-io/n8n#34404 and its kin: a conclusion drawn too early must not stand in the way of the truth.
#[test]
fn a_late_success_wins_over_every_other_end() {
    for reply in ["failed", "cancelled", "expired"] {
        let mut world = World::asking();
        let a = world.open();
        world.start(a, F);
        world.run(100);
        world.report(a, F, &json!({ "status": reply }));
        world.report(a, F, &json!({ "status": "completed" }));
        assert_eq!(world.status(a, F), Some(Status::Completed), "after {reply}");
        assert_eq!(world.told(a, F).last(), Some(&EventKind::Completed));
    }
}

#[test]
fn a_correction_has_its_own_name_and_an_agreement_is_confirmed() {
    for (says, kind) in [
        ("cancelled", EventKind::Confirmed),
        ("failed", EventKind::Failed),
        ("expired", EventKind::Expired),
        ("completed", EventKind::Completed),
    ] {
        let mut world = World::asking();
        let a = world.open();
        world.start(a, F);
        world.run(2500);
        world.feed(a, Input::Cancel { flow_id: id(F) });
        assert_eq!(
            world.view(a, F).and_then(|view| view.provisional),
            Some(true)
        );
        world.server_says(F, json!({ "status": says }));
        world.run(3000);
        let told = world.told(a, F);
        assert_eq!(&told[2..], [EventKind::Cancelled, kind], "{says}");
        let provisional = world.view(a, F).and_then(|view| view.provisional);
        assert_ne!(provisional, Some(true));
    }
}

#[test]
fn no_end_is_announced_under_its_name_twice() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(100);
    world.notify(Callback::failure("n1", "server_error").of(F), ALL);
    world.run(3000);
    for status in ["cancelled", "failed"] {
        world.report(a, F, &json!({ "status": status }));
    }
    assert_eq!(world.status(a, F), Some(Status::Failed));
    let failed = world.told(a, F);
    let failed = failed.iter().filter(|kind| **kind == EventKind::Failed);
    assert_eq!(failed.count(), 1);
    assert_eq!(world.told_all(a, F).last(), Some(&EventKind::Changed));
}

#[test]
fn completed_is_taken_from_the_server_alone_where_it_must_confirm() {
    for basis in [Basis::Notice, Basis::Person, Basis::Clock, Basis::Local] {
        let mut world = World::asking();
        let a = world.open();
        let verdict = Verdict::completed(basis, Outcome::default(), Millis(EPOCH));
        world.feed(a, Input::Message(state(Some(verdict))));
        assert_ne!(world.status(a, F), Some(Status::Completed), "{basis:?}");
    }
}

#[test]
fn a_better_payload_at_the_same_place_is_a_change() {
    let mut world = World::without_server();
    world.config.askable = true;
    let a = world.open();
    world.start(a, F);
    world.notify(Callback::success("n1").of(F), ALL);
    world.run(10);
    world.report(
        a,
        F,
        &json!({ "status": "completed", "integrationId": "int_1" }),
    );
    assert_eq!(
        world.told(a, F),
        [EventKind::Started, EventKind::Opened, EventKind::Completed]
    );
    assert_eq!(world.told_all(a, F).last(), Some(&EventKind::Changed));
    let id = world
        .view(a, F)
        .and_then(|view| view.outcome.integration_id);
    assert_eq!(id.as_deref(), Some("int_1"));
}
