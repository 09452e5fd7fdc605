//! Which flows a notice is about, as one window takes it, and what becomes of a notice that is about none.

use crate::world::{Alone, EPOCH, id, start};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::machine::{Config, Input, Lock, Output, RequestId, Stage, Stored, Via};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{End, Notice};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;

const F: &str = "flow-aaaa";
const G: &str = "flow-bbbb";

fn asking() -> Config {
    Config {
        askable: true,
        confirm: true,
        seed: 7,
        ..Config::default()
    }
}

/// A window that asks and has the lock.
fn poller() -> Alone {
    let mut alone = Alone::new(asking());
    alone.feed(10, Input::Lock(Lock::Held));
    alone
}

/// A success that says nothing of its flow.
fn of_none(notice_id: &str, provider: &str, said: u64) -> Notice {
    Notice {
        id: String::from(notice_id),
        plain: false,
        provider: String::from(provider),
        flow_id: None,
        end: End::Success(Outcome::default()),
        timestamp: Some(Millis(EPOCH + said)),
        relayed: true,
    }
}

fn of(flow_id: &str, notice_id: &str, said: u64) -> Notice {
    Notice {
        flow_id: Some(id(flow_id)),
        ..of_none(notice_id, "github", said)
    }
}

fn heard(notice: Notice) -> Input {
    Input::Notice {
        notice,
        via: Via::BroadcastChannel,
    }
}

fn checks(outputs: &[Output]) -> Vec<(RequestId, &str)> {
    let outputs = outputs.iter();
    outputs
        .filter_map(|output| match output {
            Output::Check {
                request, flow_id, ..
            } => Some((*request, flow_id.as_str())),
            _ => None,
        })
        .collect()
}

fn acknowledges(outputs: &[Output]) -> bool {
    let mut outputs = outputs.iter();
    outputs.any(|output| matches!(output, Output::Acknowledge { .. }))
}

fn completed(flow_id: &str) -> Input {
    Input::Report {
        flow_id: id(flow_id),
        reply: Reply::of(Status::Completed),
    }
}

fn status(alone: &Alone, flow_id: &str) -> Option<Status> {
    let flows = alone.machine.flows().into_iter();
    let mut flows = flows.filter(|flow| flow.id.as_str() == flow_id);
    flows.next().map(|flow| flow.status)
}

#[test]
fn a_notice_that_was_there_first_is_claimed_by_a_flow_of_its_own_provider_alone() {
    let mut alone = Alone::loading(Config::default());
    for (notice_id, provider) in [("n1", "google"), ("n2", "github")] {
        let key = format!("oauth-status:p:{notice_id}");
        let stored = Stored::Notice(of_none(notice_id, provider, 500));
        let live = false;
        alone.feed(1000, Input::Stored { key, stored, live });
    }
    alone.feed(1000, Input::Loaded);
    alone.feed(1010, start(F, "github", 100));
    assert_eq!(status(&alone, F), Some(Status::Completed));
    alone.feed(1020, start(G, "google", 100));
    assert_eq!(status(&alone, G), Some(Status::Completed));
}

#[test]
fn a_success_of_a_provider_whose_flows_have_all_settled_is_acknowledged_and_a_stale_one_is_not() {
    for (settles, said, end, taken) in [
        (true, 5000, End::Success(Outcome::default()), true),
        (false, 100, End::Failure(ErrorCode::SERVER_ERROR), false),
    ] {
        let mut alone = poller();
        alone.feed(1000, start(F, "github", 1000));
        alone.feed(1000, start(G, "google", 1000));
        if settles {
            alone.feed(2000, completed(F));
        }
        let notice = Notice {
            end,
            ..of_none("n1", "github", said)
        };
        let outputs = alone.feed(1000, heard(notice));
        assert_eq!(acknowledges(&outputs), taken, "{said}");
        let dropped: &[_] = if taken { &[] } else { &[("stale", 1)] };
        assert_eq!(alone.machine.dropped(), dropped, "{said}");
    }
}

#[test]
fn a_success_is_about_flows_that_started_after_it_was_said_only_where_it_is_heard_now() {
    for (live, said, asked) in [
        (true, 500, true),
        (true, 5000, true),
        (false, 500, false),
        (false, 5000, true),
    ] {
        let mut alone = poller();
        alone.feed(1000, start(F, "github", 1000));
        let notice = of_none("n1", "github", said);
        let outputs = if live {
            alone.feed(5000, heard(notice))
        } else {
            let key = String::from("oauth-status");
            let stored = Stored::Notice(notice);
            alone.feed(5000, Input::Stored { key, stored, live });
            alone.feed(5000, Input::Loaded)
        };
        assert_eq!(checks(&outputs).len(), usize::from(asked), "{live}, {said}");
    }
}

/// When a flow is checked until then, where each check is answered at once.
fn checked(alone: &mut Alone, until: u64) -> Vec<u64> {
    let mut times = Vec::new();
    alone.run(until, |alone, at, outputs| {
        for (request, _) in checks(&outputs) {
            times.push(at);
            let reply = Reply::of(Status::Pending);
            alone.feed(at, Input::Reply { request, reply });
        }
    });
    times
}

#[test]
fn a_notice_causes_three_checks_within_a_second_and_ten_more_two_seconds_apart() {
    let mut alone = poller();
    alone.feed(1000, start(F, "github", 1000));
    checked(&mut alone, 499_000);
    let first = checks(&alone.feed(500_000, heard(of(F, "n1", 500_000)))).len();
    assert_eq!(first, 1);
    let mut expected = vec![500_250, 501_000];
    expected.extend((0..10).map(|n| 503_000 + 2000 * n));
    let times = checked(&mut alone, 521_000);
    let of_the_schedule = |at: &&u64| !expected.contains(at);
    assert!(
        times.iter().filter(of_the_schedule).count() <= 2,
        "{times:?}"
    );
    for at in &expected {
        assert!(times.contains(at), "{at} of {times:?}");
    }
}

/// A second for its checks to begin, and eleven for the last of them to be answered.
#[test]
fn a_failure_whose_checks_nobody_tells_of_stands_after_twelve_seconds() {
    let here = || {
        Input::Message(Message::Here {
            hold: Millis::ZERO,
            rank: u32::MAX,
            push: false,
        })
    };
    let mut alone = Alone::new(asking());
    alone.feed(100, start(F, "github", 100));
    let failure = Notice {
        end: End::Failure(ErrorCode::SERVER_ERROR),
        ..of(F, "n1", 1000)
    };
    alone.feed(1000, heard(failure));
    for at in (1010..13_000).step_by(900) {
        alone.feed(at, here());
    }
    alone.feed(12_999, here());
    assert_eq!(status(&alone, F), Some(Status::Pending));
    assert_eq!(alone.until, 13_000);
    alone.feed(13_000, Input::Tick);
    assert_eq!(status(&alone, F), Some(Status::Failed));
}

#[test]
fn a_flow_is_being_confirmed_until_the_last_check_of_the_run() {
    let mut alone = poller();
    alone.feed(1000, start(F, "github", 1000));
    checked(&mut alone, 1999);
    alone.feed(2000, heard(of(F, "n1", 2000)));
    let stage = |alone: &Alone| alone.machine.flows().first().and_then(|flow| flow.stage);
    checked(&mut alone, 22_999);
    assert_eq!(stage(&alone), Some(Stage::Confirming));
    checked(&mut alone, 23_000);
    assert_eq!(stage(&alone), Some(Stage::Waiting));
}

#[test]
fn a_failure_is_concluded_at_once_where_the_server_then_wants_quiet() {
    let mut alone = poller();
    alone.feed(1000, start(F, "github", 1000));
    checked(&mut alone, 499_000);
    let mut notice = of(F, "n1", 500_000);
    notice.end = End::Failure(ErrorCode::START_FAILED);
    for (request, _) in checks(&alone.feed(500_000, heard(notice))) {
        assert_eq!(status(&alone, F), Some(Status::Pending));
        let retry_after = Some(Millis::seconds(60));
        alone.feed(
            500_100,
            Input::CheckFailed {
                request,
                retry_after,
            },
        );
    }
    assert_eq!(status(&alone, F), Some(Status::Failed));
}

#[test]
fn of_an_unknown_flow_only_what_was_said_after_the_last_sign_out_counts() {
    for (said, checked) in [(4999, false), (5000, false), (5001, true)] {
        let mut alone = poller();
        alone.feed(5000, Input::Reset);
        let outputs = alone.feed(6000, heard(of(F, "n1", said)));
        assert_eq!(checks(&outputs).len(), usize::from(checked), "{said}");
        let dropped: &[_] = if checked { &[] } else { &[("stale", 1)] };
        assert_eq!(alone.machine.dropped(), dropped, "{said}");
    }
}

#[test]
fn a_success_of_no_flow_that_is_known_is_believed_only_where_nobody_could_say_more() {
    for (askable, confirm, believed) in [
        (false, false, true),
        (false, true, false),
        (true, false, false),
        (true, true, false),
    ] {
        for notice in [of(F, "n1", 100), of_none("n1", "github", 100)] {
            let mut alone = Alone::new(Config {
                askable,
                confirm,
                ..Config::default()
            });
            let outputs = alone.feed(1000, heard(notice));
            assert_eq!(acknowledges(&outputs), believed, "{askable}, {confirm}");
            let flows = alone.machine.flows();
            assert_eq!(flows.len(), usize::from(believed), "{askable}, {confirm}");
            for flow in flows {
                let expires_at = flow.started_at + Config::default().expire_after;
                assert_eq!(flow.started_at, Millis(EPOCH + 100));
                assert_eq!(flow.expires_at, expires_at);
            }
        }
    }
}

#[test]
fn a_check_of_an_unknown_flow_that_is_not_answered_in_eleven_seconds_is_made_anew_for_the_next_notice()
 {
    for (at, checked) in [(11_019, false), (11_020, true)] {
        let mut alone = poller();
        assert_eq!(checks(&alone.feed(20, heard(of(F, "n1", 20)))).len(), 1);
        let outputs = alone.feed(at, heard(of(F, "n2", 30)));
        // This one is looked at before the check is given up, the next after.
        let again = checks(&outputs).len() + checks(&alone.feed(at, heard(of(F, "n3", 40)))).len();
        assert_eq!(again, usize::from(checked), "{at}");
    }
}

#[test]
fn a_page_that_is_put_away_gives_up_checks_of_unknown_flows() {
    let mut alone = poller();
    let outputs = alone.feed(20, heard(of(F, "n1", 20)));
    let (request, _) = checks(&outputs)[0];
    let outputs = alone.feed(30, Input::Leave);
    assert_eq!(outputs, [Output::Abort { request }, Output::ReleaseLock]);
    let reply = Reply::of(Status::Completed);
    alone.feed(40, Input::Reply { request, reply });
    assert_eq!(status(&alone, F), None);
}
