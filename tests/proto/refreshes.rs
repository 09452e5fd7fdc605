//! Refreshing, as one window does it: what it asks the server for, when, and what it makes of the answer.

use crate::world::{Alone, connection};
use oauth_sync::proto::connection::{Connection, ConnectionState, Refreshed};
use oauth_sync::proto::machine::{Config, Input, Lock, Output, RequestId};
use oauth_sync::proto::message::{Connections, Message};
use oauth_sync::proto::time::Millis;

use ConnectionState::{Active, Disconnected};

const C: &str = "int_1";
const D: &str = "int_2";

fn connecting() -> Config {
    Config {
        connections: true,
        seed: 7,
        ..Config::default()
    }
}

/// A window that polls and has been told of these.
fn poller(connections: Vec<Connection>) -> Alone {
    let mut alone = Alone::new(connecting());
    alone.feed(10, Input::Lock(Lock::Held));
    tell(&mut alone, 10, connections);
    alone
}

fn tell(alone: &mut Alone, at: u64, connections: Vec<Connection>) {
    let told = Connections {
        connections,
        complete: Some(1),
        refreshed: None,
    };
    alone.feed(at, Input::Message(Message::Connections(told)));
}

/// A connection that is to be refreshed then, where it is told of at 10.
fn due(id: &str, at: u64) -> Connection {
    Connection {
        refresh_in: Some(Millis(at - 10)),
        ..connection(id, Active, 1)
    }
}

fn want(id: &str, seen: u64) -> Input {
    Input::Message(Message::Want {
        id: Some(String::from(id)),
        seen,
    })
}

fn refresh(token: u32, id: &str) -> Input {
    Input::Refresh {
        token,
        id: String::from(id),
        seen: None,
    }
}

/// The one request that is among these.
fn request(outputs: &[Output]) -> RequestId {
    let asked: Vec<_> = outputs.iter().filter_map(asked).collect();
    assert_eq!(asked.len(), 1, "{outputs:?}");
    asked[0].0
}

fn asked(output: &Output) -> Option<(RequestId, &str, u64)> {
    match output {
        Output::Refresh { request, id, seen } => Some((*request, id, *seen)),
        _ => None,
    }
}

fn outcomes(outputs: &[Output]) -> Vec<(u32, Refreshed)> {
    let outputs = outputs.iter();
    outputs
        .filter_map(|output| match output {
            Output::Refreshed { token, outcome } => Some((*token, *outcome)),
            _ => None,
        })
        .collect()
}

/// The server has not answered.
fn failure(request: RequestId, retry_after: Option<u64>) -> Input {
    Input::Refreshed {
        request,
        connection: None,
        is_gone: false,
        retry_after: retry_after.map(Millis),
    }
}

#[test]
fn a_page_that_is_put_away_gives_its_refreshes_up_and_asks_again_when_it_polls_again() {
    let mut alone = poller(vec![connection(C, Active, 1)]);
    let request = request(&alone.feed(20, refresh(1, C)));
    let outputs = alone.feed(30, Input::Leave);
    assert!(outputs.contains(&Output::Abort { request }), "{outputs:?}");
    alone.feed(1000, Input::Return);
    let again = alone.feed(1010, Input::Lock(Lock::Held));
    assert_eq!(again.iter().filter_map(asked).count(), 1);
}

#[test]
fn where_there_are_no_connections_a_refresh_fails_at_once() {
    let mut alone = Alone::new(Config {
        askable: true,
        ..Config::default()
    });
    let outputs = alone.feed(10, refresh(1, C));
    assert_eq!(
        outputs,
        [Output::Refreshed {
            token: 1,
            outcome: Refreshed::Failed
        }]
    );
}

#[test]
fn the_257th_caller_that_waits_is_told_at_once_that_it_failed() {
    let mut alone = poller(vec![connection(C, Active, 1)]);
    for token in 1..=256 {
        assert_eq!(outcomes(&alone.feed(20, refresh(token, C))), []);
    }
    let outputs = alone.feed(20, refresh(257, C));
    assert_eq!(outcomes(&outputs), [(257, Refreshed::Failed)]);
}

/// Ends each refresh of these as the server does not answer, one after the other.
fn fail(alone: &mut Alone, at: u64, ids: &[&str]) {
    for id in ids {
        let request = request(&alone.feed(at, want(id, 0)));
        alone.feed(at, failure(request, None));
    }
}

#[test]
fn an_outcome_holds_for_a_second_for_its_own_connection_whatever_others_come_to() {
    for (id, at, told) in [
        (C, 1100, true),
        (D, 1100, true),
        (C, 1101, false),
        ("int_3", 200, false),
    ] {
        let mut alone = poller(vec![]);
        fail(&mut alone, 100, &[C, D]);
        let outputs = alone.feed(at, refresh(1, id));
        assert_eq!(outcomes(&outputs).len(), usize::from(told), "{id}, {at}");
        assert_eq!(outputs.iter().any(|output| asked(output).is_some()), !told);
    }
}

/// The last outcome is the one: an earlier one of the same connection says nothing any more.
#[test]
fn of_two_outcomes_of_a_connection_the_later_is_told() {
    let mut alone = poller(vec![connection(C, Active, 1)]);
    fail(&mut alone, 100, &[C]);
    let told = Connections {
        refreshed: Some((String::from(C), Refreshed::ReconnectRequired)),
        ..Connections::default()
    };
    alone.feed(200, Input::Message(Message::Connections(told)));
    let outputs = alone.feed(300, refresh(1, C));
    assert_eq!(outcomes(&outputs), [(1, Refreshed::ReconnectRequired)]);
}

#[test]
fn a_window_that_has_seen_no_version_has_the_connection_refreshed() {
    for (seen, asks) in [(0, true), (4, false), (5, true)] {
        let mut alone = poller(vec![connection(C, Active, 5)]);
        let outputs = alone.feed(20, want(C, seen));
        let asked: Vec<_> = outputs.iter().filter_map(asked).map(|it| it.2).collect();
        assert_eq!(asked, vec![seen; usize::from(asks)], "{seen}");
    }
}

#[test]
fn a_window_asks_who_polls_where_a_refresh_is_three_seconds_late() {
    let mut alone = Alone::new(connecting());
    tell(&mut alone, 10, vec![due(C, 60_000)]);
    assert_eq!(alone.until, 63_000);
}

#[test]
fn that_there_is_no_connection_says_nothing_of_one_that_was_made_since_it_was_asked() {
    for (version, outcome, left) in [(1, Refreshed::Removed, 0), (2, Refreshed::Done, 1)] {
        let mut alone = poller(vec![connection(C, Active, 1)]);
        let request = request(&alone.feed(20, refresh(1, C)));
        tell(&mut alone, 30, vec![connection(C, Active, version)]);
        let outputs = alone.feed(
            40,
            Input::Refreshed {
                request,
                connection: None,
                is_gone: true,
                retry_after: None,
            },
        );
        assert_eq!(outcomes(&outputs), [(1, outcome)], "{version}");
        assert_eq!(alone.machine.connections().len(), left, "{version}");
    }
}

/// When which connection is refreshed unasked until then, where the server wants each left alone for so long.
fn unasked(alone: &mut Alone, until: u64, retry_after: Option<u64>) -> Vec<(u64, String)> {
    let mut refreshed = Vec::new();
    alone.run(until, |alone, at, outputs| {
        for (request, id, _) in outputs.iter().filter_map(asked) {
            refreshed.push((at, String::from(id)));
            // A second later, unless something comes before.
            alone.feed(at + 1000, failure(request, retry_after));
        }
    });
    refreshed
}

#[test]
fn a_connection_is_left_alone_for_half_a_minute_after_a_refresh_and_for_as_long_as_the_server_says()
{
    for (retry_after, again) in [(None, 31_000), (Some(1), 31_000), (Some(120_000), 121_000)] {
        let mut alone = poller(vec![due(C, 10_000), due(D, 20_000)]);
        let is = |at, id: &str| (at, String::from(id));
        let expected = [
            is(10_000, C),
            is(20_000, D),
            is(10_000 + again, C),
            is(20_000 + again, D),
        ];
        let until = 20_000 + again;
        assert_eq!(
            unasked(&mut alone, until, retry_after),
            expected,
            "{retry_after:?}"
        );
    }
}

#[test]
fn the_window_that_polls_is_asked_for_a_refresh_once_a_second() {
    let mut alone = Alone::new(connecting());
    tell(&mut alone, 10, vec![connection(C, Active, 5)]);
    let wants = |said: Vec<Message>| said.iter().any(|it| matches!(it, Message::Want { .. }));
    assert!(wants(alone.says(100, refresh(1, C))));
    for (at, again) in [(150, false), (1099, false), (1100, true), (1200, false)] {
        let here = Message::Here {
            hold: Millis::ZERO,
            rank: u32::MAX,
            push: false,
        };
        assert_eq!(wants(alone.says(at, Input::Message(here))), again, "{at}");
    }
}

#[test]
fn what_is_gone_is_not_refreshed() {
    let mut alone = poller(vec![connection(C, Active, 1)]);
    tell(&mut alone, 20, vec![connection(C, Disconnected, 2)]);
    let outputs = alone.feed(30, refresh(1, C));
    assert_eq!(
        outputs,
        [Output::Refreshed {
            token: 1,
            outcome: Refreshed::Removed
        }]
    );
}
