//! The stream of server push, as one window holds it: when it is opened, and what is said of it.

use crate::world::{Alone, connection, id, start};
use oauth_sync::proto::connection::ConnectionState;
use oauth_sync::proto::machine::{Config, Input, Lock, Output, Pushed, Via};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;
use serde_json::{Value, json};

const F: &str = "flow-aaaa";

fn pushing() -> Config {
    Config {
        askable: true,
        confirm: true,
        push: true,
        seed: 7,
        ..Config::default()
    }
}

/// A window that polls and has opened a stream at 10.
fn opening() -> Alone {
    let mut alone = Alone::new(pushing());
    assert!(opens(&alone.feed(10, Input::Lock(Lock::Held))));
    alone
}

/// And whose stream has said `ready` at 100.
fn live() -> Alone {
    let mut alone = opening();
    alone.feed(100, ready());
    alone
}

fn ready() -> Input {
    Input::Pushed(Pushed::Ready { resumed: true })
}

fn opens(outputs: &[Output]) -> bool {
    outputs.contains(&Output::OpenPush)
}

/// Lets nothing happen but time until then; when the stream was opened.
fn opened(alone: &mut Alone, until: u64) -> Vec<u64> {
    let mut opened = Vec::new();
    alone.run(until, |_, at, outputs| {
        if opens(&outputs) {
            opened.push(at);
        }
    });
    opened
}

#[test]
fn what_a_stream_says_is_read_by_its_kind() {
    let wire = serde_json::to_value(connection("int_1", ConnectionState::Active, 1).to_wire());
    let wire = wire.expect("JSON");
    let flow = json!({ "flow": F, "status": "completed" });
    for (kind, data, pushed) in [
        (
            "flow",
            &flow,
            Some(Pushed::Flow {
                flow_id: id(F),
                reply: Reply::of(Status::Completed),
            }),
        ),
        ("flow", &wire, None),
        (
            "connection",
            &wire,
            Some(Pushed::Connection(Box::new(connection(
                "int_1",
                ConnectionState::Active,
                1,
            )))),
        ),
        ("connection", &flow, None),
        ("reset", &Value::Null, Some(Pushed::Reset)),
        ("ready", &flow, None),
        ("Reset", &Value::Null, None),
    ] {
        assert_eq!(Pushed::read(kind, data), pushed, "{kind} {data}");
    }
}

#[test]
fn a_stream_is_opened_anew_for_a_person_who_looks_ten_seconds_after_it_spoke() {
    for (at, anew) in [(10_099, false), (10_100, true)] {
        assert_eq!(opens(&live().feed(at, Input::Wake)), anew, "{at}");
    }
    let mut alone = live();
    alone.feed(20_000, Input::Wake);
    let outputs = alone.feed(20_010, Input::Wake);
    assert!(!opens(&outputs), "it is being opened");
    let outputs = opening().feed(20_000, Input::Wake);
    assert!(!opens(&outputs), "it has not been opened yet");
}

#[test]
fn a_stream_that_was_refused_is_opened_ten_seconds_later_for_a_person_who_looks() {
    let mut alone = opening();
    let mut at = 10;
    for doubled in 1..=5 {
        alone.feed(at, Input::Pushed(Pushed::Ended));
        at += 1000 << doubled;
        assert_eq!(opened(&mut alone, at), [at]);
    }
    alone.feed(at, Input::Pushed(Pushed::Ended));
    alone.feed(at + 100, Input::Wake);
    assert_eq!(opened(&mut alone, at + 60_000), [at + 10_000]);
}

#[test]
fn only_a_stream_that_delivers_and_of_which_something_is_awaited_is_opened_anew_for_its_silence() {
    for (mut alone, starts, anew) in [
        (live(), false, vec![]),
        (opening(), true, vec![]),
        (live(), true, vec![120_100]),
    ] {
        if starts {
            alone.feed(100, start(F, "github", 0));
        }
        assert_eq!(opened(&mut alone, 120_200), anew);
    }
}

#[test]
fn others_are_told_once_that_a_stream_delivers() {
    let mut alone = opening();
    let here = Message::Here {
        hold: Millis::ZERO,
        rank: u32::MAX,
        push: true,
    };
    assert_eq!(alone.says(100, ready()), [here]);
    assert_eq!(alone.says(200, ready()), []);
}

#[test]
fn a_window_that_is_told_of_a_stream_gives_it_two_seconds_to_confirm_a_notice() {
    let mut alone = Alone::new(pushing());
    let here = || {
        Input::Message(Message::Here {
            hold: Millis::ZERO,
            rank: u32::MAX,
            push: true,
        })
    };
    alone.feed(10, start(F, "github", 0));
    alone.feed(20, here());
    let notice = json!({
        "type": "oauth-complete", "id": "n1", "provider": "github", "success": true, "flowId": F,
    });
    let notice = Notice::read(&notice, Form::Message).expect("a notice");
    let via = Via::BroadcastChannel;
    let asks = Message::Ask {
        check: true,
        flow_id: Some(id(F)),
    };
    alone.feed(5000, here());
    for (at, input, asked) in [
        (5000, Input::Notice { notice, via }, false),
        (6900, here(), false),
        (6999, Input::Tick, false),
        (7000, Input::Tick, true),
    ] {
        let said = alone.says(at, input);
        assert_eq!(said.contains(&asks), asked, "{at}: {said:?}");
    }
}

#[test]
fn a_stream_that_has_missed_something_rests_polling_once_a_check_has_been_answered() {
    let mut alone = opening();
    let answer = |alone: &mut Alone, at, outputs: &[Output], fails: bool| {
        let mut begun = Vec::new();
        for output in outputs {
            if let Output::Check { request, .. } = output {
                let (request, reply) = (*request, Reply::of(Status::Pending));
                let retry_after = None;
                let input = if fails {
                    Input::CheckFailed {
                        request,
                        retry_after,
                    }
                } else {
                    Input::Reply { request, reply }
                };
                begun.push(at);
                alone.feed(at, input);
            }
        }
        begun
    };
    let outputs = alone.feed(1000, start(F, "github", 1000));
    answer(&mut alone, 1000, &outputs, false);
    let outputs = alone.feed(2500, Input::Pushed(Pushed::Ready { resumed: false }));
    let mut begun = answer(&mut alone, 2500, &outputs, true);
    alone.run(60_000, |alone, at, outputs| {
        begun.extend(answer(alone, at, &outputs, at < 6000));
    });
    assert_eq!(begun, [2500, 3500, 5500, 7500]);
}
