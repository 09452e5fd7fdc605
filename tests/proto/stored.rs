//! What a page finds when it starts, in whatever order, and the bounds of it.

use crate::world::{self, Alone, Callback, EPOCH, id};
use oauth_sync::proto::machine::{Config, Input, Output, Stored, Via};
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::Record;
use oauth_sync::proto::state::{Part, Removal, State};
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::Millis;
use oauth_sync::proto::verdict::{Place, Verdict};
use serde_json::json;

const F: &str = "flow-aaaa";
const DAY: u64 = 86_400_000;

fn askable() -> Config {
    Config {
        askable: true,
        ..Config::default()
    }
}

fn stored(key: &str, stored: Stored, live: bool) -> Input {
    Input::Stored {
        key: String::from(key),
        stored,
        live,
    }
}

fn started(at: u64) -> Box<State> {
    let expires_at = Millis(at + 3_750_000);
    State::new(id(F), String::from("github"), Millis(at), expires_at)
}

fn start(at: u64) -> Input {
    let record = Record::Flow(Part::Start, started(at));
    stored("s", Stored::Record(record), false)
}

fn failed(basis: Basis, settled_at: u64) -> Verdict {
    Verdict::unsuccessful(Status::Failed, basis, None, Millis(settled_at))
}

fn verdict(verdict: Verdict, live: bool) -> Input {
    let mut state = started(0);
    state.verdict = Some(verdict);
    stored(
        "v",
        Stored::Record(Record::Flow(Part::Verdict, state)),
        live,
    )
}

fn removal(flow_id: Option<&str>, at: u64, dismissed: Option<Place>, live: bool) -> Input {
    let removal = Removal {
        flow_id: flow_id.map(id),
        at: Millis(at),
        dismissed,
    };
    stored("x", Stored::Record(Record::Removal(removal)), live)
}

fn notice(n: usize, flow_id: &str, said: u64) -> Notice {
    let wire = Callback::success(&format!("n{n}")).of(flow_id);
    Notice::read(&wire.with("timestamp", json!(said)).0, Form::Message).expect("a notice")
}

fn status(alone: &Alone) -> Option<Status> {
    alone.machine.flows().first().map(|flow| flow.status)
}

#[test]
fn of_what_is_heard_before_the_page_has_read_sixty_four_notices_are_kept() {
    for (before, ends) in [(63, Status::Completed), (64, Status::Pending)] {
        let mut alone = Alone::loading(Config::default());
        alone.feed(0, start(EPOCH));
        for n in 0..=before {
            let flow_id = if n == before { F } else { "flow-bbbb" };
            alone.feed(
                0,
                Input::Notice {
                    notice: notice(n, flow_id, EPOCH),
                    via: Via::BroadcastChannel,
                },
            );
        }
        alone.feed(1, Input::Loaded);
        let flows = alone.machine.flows();
        let flow = flows.iter().find(|flow| flow.id.as_str() == F);
        assert_eq!(flow.map(|flow| flow.status), Some(ends), "{before}");
    }
}

#[test]
fn a_notice_that_is_found_again_and_again_takes_the_place_of_no_other() {
    let mut alone = Alone::loading(Config::default());
    let found = |notice| stored("n", Stored::Notice(notice), false);
    alone.feed(0, found(notice(0, F, EPOCH)));
    for _ in 0..64 {
        alone.feed(0, found(notice(1, "flow-bbbb", EPOCH)));
    }
    alone.feed(0, Input::Loaded);
    alone.feed(1, world::start(F, "github", 1));
    assert_eq!(status(&alone), Some(Status::Completed));
}

#[test]
fn of_what_is_found_8192_records_and_notices_are_read_and_what_is_told_now_always() {
    let mut alone = Alone::loading(askable());
    for n in 0..8191 {
        alone.feed(0, removal(Some(F), EPOCH + n, None, false));
    }
    let slot = || stored("n", Stored::Notice(notice(0, F, EPOCH)), false);
    alone.feed(0, slot());
    assert_eq!(alone.machine.dropped(), []);
    alone.feed(0, slot());
    alone.feed(0, start(EPOCH));
    assert_eq!(alone.machine.dropped(), [("flood", 2)]);
    alone.feed(0, removal(Some(F), EPOCH, None, true));
    assert_eq!(alone.machine.dropped(), [("flood", 2)]);
}

#[test]
fn a_removal_is_taken_from_the_storage_when_a_day_is_over() {
    for (age, is_over) in [(DAY, false), (DAY + 1, true)] {
        let mut alone = Alone::new(askable());
        let outputs = alone.feed(0, removal(Some(F), EPOCH - age, None, true));
        let removed = |output: &Output| matches!(output, Output::Remove { .. });
        assert_eq!(outputs.iter().any(removed), is_over, "{age}");
    }
}

#[test]
fn as_many_flows_as_can_have_been_known_are_remembered_as_removed() {
    for (others, comes_back) in [(2047, false), (2048, true)] {
        let mut alone = Alone::new(askable());
        alone.feed(0, removal(Some(F), EPOCH, None, true));
        for n in 0..others {
            let other = format!("flow-{n:04}");
            alone.feed(0, removal(Some(&other), EPOCH, None, true));
        }
        let Input::Stored { key, stored, .. } = start(EPOCH) else {
            return;
        };
        alone.feed(
            0,
            Input::Stored {
                key,
                stored,
                live: true,
            },
        );
        assert_eq!(status(&alone).is_some(), comes_back, "{others}");
    }
}

#[test]
fn a_reset_is_read_before_what_it_forbids() {
    let mut alone = Alone::loading(askable());
    alone.feed(0, start(EPOCH - 2000));
    alone.feed(0, removal(None, EPOCH - 1000, None, false));
    assert_eq!(alone.feed(0, Input::Loaded), [Output::RequestLock]);
    assert_eq!(alone.machine.dropped(), [("stale", 1)]);
}

#[test]
fn a_reset_takes_a_flow_that_started_by_then_and_no_other() {
    for (at, left) in [(EPOCH - 1, Some(Status::Pending)), (EPOCH, None)] {
        let mut alone = Alone::loading(askable());
        alone.feed(0, start(EPOCH));
        alone.feed(0, Input::Loaded);
        alone.feed(10, removal(Some(F), at, None, true));
        assert_eq!(status(&alone), left, "{at}");
    }
}

#[test]
fn of_two_dismissals_the_higher_holds_in_whatever_order_they_are_heard() {
    let place = |status, basis| Some(Place { status, basis });
    let high = place(Status::Failed, Basis::Server);
    let low = place(Status::Cancelled, Basis::Person);
    for both in [[high, low], [low, high]] {
        let mut alone = Alone::loading(askable());
        alone.feed(0, start(EPOCH));
        alone.feed(0, Input::Loaded);
        for dismissed in both {
            alone.feed(10, removal(Some(F), EPOCH + 10, dismissed, true));
        }
        assert_eq!(status(&alone), Some(Status::Pending));
        alone.feed(20, verdict(failed(Basis::Server, EPOCH + 5), true));
        assert_eq!(status(&alone), None, "{both:?}");
    }
}

#[test]
fn an_end_is_told_to_a_page_that_starts_within_ten_minutes_of_it() {
    for (age, told) in [(599_999, 1), (600_000, 0)] {
        let mut alone = Alone::loading(askable());
        alone.feed(0, start(EPOCH - 1_000_000));
        alone.feed(0, verdict(failed(Basis::Server, EPOCH - age), false));
        let outputs = alone.feed(0, Input::Loaded);
        let emits = outputs
            .iter()
            .filter(|output| matches!(output, Output::Emit(_)));
        assert_eq!(emits.count(), told, "{age}");
        assert_eq!(alone.machine.flows().len(), told);
    }
}

#[test]
fn a_slot_of_an_unknown_flow_goes_when_it_is_older_than_a_day() {
    for (age, removed) in [(DAY, 0), (DAY + 1, 1)] {
        let mut alone = Alone::loading(askable());
        let slot = Stored::Notice(notice(0, F, EPOCH - age));
        alone.feed(0, stored("oauth-status:flow-aaaa", slot, false));
        let outputs = alone.feed(0, Input::Loaded);
        let removes = outputs
            .iter()
            .filter(|output| matches!(output, Output::Remove { .. }));
        assert_eq!(removes.count(), removed, "{age}");
    }
}
