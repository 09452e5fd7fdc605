//! What other windows say of a flow, as one window takes it, and what it tells those that have missed something.

use crate::world::{Alone, EPOCH, id, start};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::machine::{Config, Input, Lock, Output, Pushed, Via};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{End, Notice};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::state::State;
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::Millis;
use oauth_sync::proto::verdict::Verdict;

const F: &str = "flow-aaaa";

/// A window in which a flow has started a second after the clocks began, and that polls or hears of another that does.
fn window(polls: bool) -> Alone {
    let mut alone = Alone::new(Config {
        askable: true,
        confirm: true,
        push: true,
        seed: 7,
        ..Config::default()
    });
    if polls {
        alone.feed(10, Input::Lock(Lock::Held));
    } else {
        alone.feed(10, here());
    }
    answered(&mut alone, 1000, start(F, "github", 1000));
    alone
}

fn here() -> Input {
    Input::Message(Message::Here {
        hold: Millis::ZERO,
        rank: u32::MAX,
        push: false,
    })
}

/// Another window tells of the flow.
fn told(change: impl FnOnce(&mut State)) -> Input {
    let (started, expires) = (Millis(EPOCH + 1000), Millis(EPOCH + 3_751_000));
    let mut state = State::new(id(F), String::from("github"), started, expires);
    change(&mut state);
    Input::Message(Message::State(state))
}

fn reported(status: Status) -> Input {
    Input::Report {
        flow_id: id(F),
        reply: Reply::of(status),
    }
}

/// How many checks begin, each of which is answered at once.
fn answered(alone: &mut Alone, at: u64, input: Input) -> usize {
    let outputs = alone.feed(at, input);
    answer(alone, at, &outputs)
}

fn answer(alone: &mut Alone, at: u64, outputs: &[Output]) -> usize {
    let mut begun = 0;
    for output in outputs {
        if let Output::Check { request, .. } = output {
            begun += 1;
            let (request, reply) = (*request, Reply::of(Status::Pending));
            alone.feed(at, Input::Reply { request, reply });
        }
    }
    begun
}

/// When checks begin until then, each of which is answered at once.
fn checked(alone: &mut Alone, until: u64) -> Vec<u64> {
    let mut times = Vec::new();
    alone.run(until, |alone, at, outputs| {
        times.extend((0..answer(alone, at, &outputs)).map(|_| at));
    });
    times
}

/// Whether it tells of the flow.
fn tells(alone: &mut Alone, at: u64, input: Input) -> bool {
    let said = alone.says(at, input);
    said.iter()
        .any(|message| matches!(message, Message::State(_)))
}

fn error(alone: &Alone) -> Option<String> {
    let flows = alone.machine.flows();
    let error = flows.first().and_then(|flow| flow.error.as_ref());
    error.map(|error| error.code.as_str().to_owned())
}

#[test]
fn the_window_that_polls_corrects_who_knows_less_and_nobody_else() {
    let verdict = |status, basis| Some(Verdict::unsuccessful(status, basis, None, Millis(EPOCH)));
    let failed = verdict(Status::Failed, Basis::Server);
    for (polls, holds, theirs, corrects) in [
        (true, true, None, true),
        (true, true, verdict(Status::Cancelled, Basis::Person), true),
        (true, true, failed.clone(), false),
        (true, true, verdict(Status::Completed, Basis::Server), false),
        (true, false, None, false),
        (true, false, failed.clone(), false),
        (false, true, None, false),
    ] {
        let mut alone = window(polls);
        if holds {
            alone.feed(1500, told(|state| state.verdict.clone_from(&failed)));
        }
        let said = told(|state| state.verdict.clone_from(&theirs));
        let is_corrected = tells(&mut alone, 1900, said);
        assert_eq!(is_corrected, corrects, "{polls} {holds} {theirs:?}");
    }
}

#[test]
fn the_window_that_polls_tells_who_does_not_know_which_flow_goes_on() {
    let heir = |state: &mut State| state.superseded_by = Some(id("flow-next"));
    for (polls, corrects) in [(true, true), (false, false)] {
        let mut alone = window(polls);
        alone.feed(1500, told(heir));
        assert!(!tells(&mut alone, 1700, told(heir)));
        assert_eq!(tells(&mut alone, 1900, told(|_| ())), corrects);
    }
}

#[test]
fn an_error_is_taken_back_only_by_who_has_asked_since() {
    let fault = |state: &mut State| state.error = Some(ErrorCode::START_FAILED);
    let mut alone = window(false);
    alone.feed(1100, told(fault));
    assert!(error(&alone).is_some());
    alone.feed(1200, told(|_| ()));
    assert!(error(&alone).is_some());
    let check = |failed| {
        told(move |state| {
            state.checked_at = Some(Millis(EPOCH + 1300));
            state.failed = failed;
        })
    };
    alone.feed(1300, check(true));
    assert!(error(&alone).is_some());
    alone.feed(1400, check(false));
    assert_eq!(error(&alone), None);
}

#[test]
fn an_error_of_a_flow_that_has_ended_is_no_news() {
    let mut alone = window(false);
    alone.feed(1100, reported(Status::Completed));
    let fault = told(|state| state.error = Some(ErrorCode::START_FAILED));
    let outputs = alone.feed(1200, fault);
    assert!(
        !outputs
            .iter()
            .any(|output| matches!(output, Output::Emit(_)))
    );
}

#[test]
fn a_count_that_is_known_already_does_not_put_off_the_next_poll() {
    let mut alone = window(true);
    alone.feed(2500, told(|_| ()));
    assert_eq!(checked(&mut alone, 3500), [3000]);
    alone.feed(3600, told(|state| state.polls = 2));
    assert_eq!(checked(&mut alone, 6000), [5600]);
}

#[test]
fn a_check_of_another_window_takes_the_place_of_one_of_the_run() {
    let mut alone = window(true);
    checked(&mut alone, 199_000);
    let notice = Notice {
        id: String::from("n1"),
        plain: false,
        provider: String::from("github"),
        flow_id: Some(id(F)),
        end: End::Success(Outcome::default()),
        timestamp: Some(Millis(EPOCH + 200_000)),
        relayed: true,
    };
    let via = Via::BroadcastChannel;
    answered(&mut alone, 200_000, Input::Notice { notice, via });
    assert_eq!(checked(&mut alone, 203_500), [200_250, 201_000, 203_000]);
    alone.feed(
        203_600,
        told(|state| {
            state.polls = 30;
            state.checked_at = Some(Millis(EPOCH + 203_500));
        }),
    );
    let expected: Vec<u64> = (0..8).map(|n| 205_600 + 2000 * n).collect();
    assert_eq!(checked(&mut alone, 230_000), expected);
}

#[test]
fn a_check_that_is_due_is_not_left_to_one_that_another_window_has_begun_before() {
    const HEAD_START: u64 = 1000;
    let mut alone = window(true);
    alone.feed(1100, Input::Pushed(Pushed::Ready { resumed: true }));
    let flow_id = id(F);
    assert_eq!(
        answered(&mut alone, 5000, Input::WindowClosed { flow_id }),
        0
    );
    let at = 5000 + HEAD_START;
    let begun = told(|state| state.checked_at = Some(Millis(EPOCH + at - 1500)));
    assert_eq!(answered(&mut alone, at, begun), 1);
}
