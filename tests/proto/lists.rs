//! The list of connections, as one window reads, hears and tells it: to the millisecond and the letter.

use crate::world::{Alone, EPOCH, connection, id, start};
use oauth_sync::proto::connection::{Connection, ConnectionState};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::Outcome;
use oauth_sync::proto::machine::{
    Change, Config, ConnectionEvent, Input, Lock, Output, RequestId, Via,
};
use oauth_sync::proto::message::{Connections, Message};
use oauth_sync::proto::notice::{End, Notice};
use oauth_sync::proto::time::Millis;

use ConnectionState::{Active, Disconnected, Expired, ReauthRequired, RefreshFailed};

const C: &str = "int_1";

fn connecting(seed: u32) -> Config {
    Config {
        connections: true,
        seed,
        ..Config::default()
    }
}

/// A window that polls and has read this list at 10.
fn poller(version: u64, list: Vec<Connection>) -> Alone {
    let mut alone = Alone::new(connecting(7));
    let request = read(&alone.feed(10, Input::Lock(Lock::Held))).expect("a reading");
    answer(&mut alone, 10, request, version, list);
    alone
}

/// A window that does not poll and has been told of this list at 10.
fn follower(version: u64, list: Vec<Connection>) -> Alone {
    let mut alone = Alone::new(connecting(700));
    tell(&mut alone, 10, Some(version), list);
    alone
}

fn read(outputs: &[Output]) -> Option<RequestId> {
    outputs.iter().find_map(|output| match output {
        Output::ReadConnections { request } => Some(*request),
        _ => None,
    })
}

fn answer(
    alone: &mut Alone,
    at: u64,
    request: RequestId,
    version: u64,
    list: Vec<Connection>,
) -> Vec<ConnectionEvent> {
    let list = Some((version, list));
    events(alone.feed(
        at,
        Input::Connections {
            request,
            list,
            retry_after: None,
        },
    ))
}

/// Another window tells.
fn tell(
    alone: &mut Alone,
    at: u64,
    complete: Option<u64>,
    connections: Vec<Connection>,
) -> Vec<ConnectionEvent> {
    let told = Connections {
        connections,
        complete,
        refreshed: None,
    };
    events(alone.feed(at, Input::Message(Message::Connections(told))))
}

fn events(outputs: Vec<Output>) -> Vec<ConnectionEvent> {
    let outputs = outputs.into_iter();
    outputs
        .filter_map(|output| match output {
            Output::EmitConnection(event) => Some(*event),
            _ => None,
        })
        .collect()
}

fn changes(events: &[ConnectionEvent]) -> Vec<Change> {
    events.iter().map(|event| event.change).collect()
}

/// Lets nothing happen but time until then; when the list was read, and the events.
fn wait(alone: &mut Alone, until: u64) -> (Vec<u64>, Vec<(u64, Change)>) {
    let (mut readings, mut told) = (Vec::new(), Vec::new());
    alone.run(until, |_, at, outputs| {
        readings.extend(read(&outputs).map(|_| at));
        told.extend(events(outputs).iter().map(|event| (at, event.change)));
    });
    (readings, told)
}

#[test]
fn another_window_is_told_what_is_left_of_each_time_and_only_those_that_its_state_has() {
    let times = |state| Connection {
        expires_in: Some(Millis(100_000)),
        refresh_in: Some(Millis(60_000)),
        retry_in: Some(Millis(50_000)),
        ..connection(C, state, 3)
    };
    for (state, refresh_in, retry_in) in [
        (Active, Some(40_000), None),
        (RefreshFailed, None, Some(30_000)),
        (ReauthRequired, None, None),
    ] {
        let mut alone = poller(3, vec![times(state)]);
        let said = alone.says(20_010, Input::Message(Message::Want { id: None, seen: 0 }));
        let expected = Connection {
            expires_in: Some(Millis(80_000)),
            refresh_in: refresh_in.map(Millis),
            retry_in: retry_in.map(Millis),
            ..times(state)
        };
        let told = Message::Connections(Connections {
            connections: vec![expected],
            complete: Some(3),
            refreshed: None,
        });
        assert_eq!(said.last(), Some(&told), "{state:?}");
    }
}

#[test]
fn a_window_that_polls_tells_no_list_before_it_has_one() {
    let mut alone = Alone::new(connecting(7));
    alone.feed(10, Input::Lock(Lock::Held));
    let said = alone.says(20, Input::Message(Message::Want { id: None, seen: 0 }));
    assert!(matches!(said[..], [Message::Here { .. }]), "{said:?}");
}

#[test]
fn only_a_refresh_that_failed_may_be_tried_again() {
    for (state, retryable) in [
        (RefreshFailed, true),
        (ReauthRequired, false),
        (Active, false),
    ] {
        let failed = Connection {
            error: Some(ErrorCode::SERVER_ERROR),
            ..connection(C, state, 1)
        };
        let views = poller(1, vec![failed]).machine.connections();
        let said = views[0].error.as_ref().map(|error| error.retryable);
        assert_eq!(said, Some(retryable), "{state:?}");
    }
}

#[test]
fn a_window_without_connections_asks_nobody_for_them() {
    let config = Config {
        askable: true,
        ..Config::default()
    };
    let mut alone = Alone::loading(config);
    assert_eq!(alone.feed(0, Input::Loaded), [Output::RequestLock]);
    assert_eq!(alone.feed(60_000, Input::Wake), []);
}

#[test]
fn a_wake_within_ten_seconds_of_a_reading_is_one_of_a_swarm() {
    for (at, reads) in [(10_009, false), (10_010, true)] {
        let mut alone = poller(1, vec![]);
        let outputs = alone.feed(at, Input::Wake);
        assert_eq!(read(&outputs).is_some(), reads, "{at}");
    }
}

#[test]
fn who_is_not_told_the_list_reads_it_after_400_ms_and_its_share_of_250() {
    let mut alone = Alone::new(connecting(700));
    assert_eq!(wait(&mut alone, 60_000).0, [600]);
}

#[test]
fn who_is_not_told_of_a_new_list_reads_it_after_three_seconds_and_its_share_of_one() {
    let mut alone = follower(1, vec![]);
    alone.feed(20_000, success("int_2"));
    assert_eq!(wait(&mut alone, 60_000).0, [23_700]);
}

/// A flow has made this connection.
fn success(made: &str) -> Input {
    let outcome = Outcome {
        integration_id: Some(String::from(made)),
        ..Outcome::default()
    };
    Input::Notice {
        notice: Notice {
            id: String::from("n1"),
            plain: false,
            provider: String::from("github"),
            flow_id: Some(id("flow-aaaa")),
            end: End::Success(outcome),
            timestamp: Some(Millis(EPOCH + 20_000)),
            relayed: true,
        },
        via: Via::BroadcastChannel,
    }
}

#[test]
fn a_new_list_need_not_be_read_where_what_was_added_has_been_told() {
    for (state, version, reads) in [(Active, 3, false), (Active, 1, true), (Expired, 3, true)] {
        let mut alone = follower(2, vec![connection(C, Active, 2)]);
        alone.feed(20_000, success("int_2"));
        let name = if state == Active { "int_2" } else { C };
        tell(
            &mut alone,
            20_100,
            None,
            vec![connection(name, state, version)],
        );
        let readings = wait(&mut alone, 60_000).0;
        assert_eq!(!readings.is_empty(), reads, "{state:?}, {version}");
    }
}

#[test]
fn a_new_list_need_not_be_read_where_the_connection_came_since_its_flow_began() {
    for (began, made, reads) in [
        (15_000, "int_2", false),
        (19_000, "int_2", false),
        (19_001, "int_2", true),
        (15_000, "int_3", true),
    ] {
        for mut alone in [poller(1, vec![]), follower(1, vec![])] {
            let flow = start("flow-aaaa", "github", began);
            if began <= 19_000 {
                alone.feed(began, flow.clone());
            }
            tell(
                &mut alone,
                19_000,
                None,
                vec![connection("int_2", Active, 2)],
            );
            if began > 19_000 {
                alone.feed(began, flow);
            }
            let at_once = read(&alone.feed(20_000, success(made))).is_some();
            let later = !wait(&mut alone, 60_000).0.is_empty();
            assert_eq!(at_once || later, reads, "{began}, {made}");
        }
    }
}

/// It is one of those that have come back; whether there are others is not known.
#[test]
fn what_is_added_is_not_taken_for_a_list_that_was_never_had() {
    let mut alone = Alone::new(connecting(700));
    tell(&mut alone, 10, None, vec![connection(C, Disconnected, 1)]);
    let events = tell(&mut alone, 20, None, vec![connection(C, Active, 2)]);
    assert_eq!(changes(&events), [Change::Added]);
    assert_eq!(wait(&mut alone, 60_000).0, [600]);
}

#[test]
fn one_reading_is_on_its_way_at_a_time_and_a_page_that_is_put_away_has_none() {
    let mut alone = Alone::new(connecting(7));
    let request = read(&alone.feed(10, Input::Lock(Lock::Held))).expect("a reading");
    assert_eq!(read(&alone.feed(20, Input::Wake)), None);
    let outputs = alone.feed(30, Input::Leave);
    assert_eq!(outputs, [Output::Abort { request }, Output::ReleaseLock]);
    let late = answer(&mut alone, 40, request, 1, vec![connection(C, Active, 1)]);
    assert_eq!(late, [], "its answer has been given up");
    assert!(wait(&mut alone, 60_000).0.is_empty());
    assert!(read(&alone.feed(60_000, Input::Return)).is_some());
}

#[test]
fn what_is_gone_has_no_error_left() {
    let failed = Connection {
        error: Some(ErrorCode::SERVER_ERROR),
        ..connection(C, RefreshFailed, 1)
    };
    let mut alone = follower(1, vec![failed]);
    let events = tell(&mut alone, 20, Some(2), vec![]);
    assert_eq!(changes(&events), [Change::Disconnected]);
    assert_eq!(events[0].connection.error, None);
}

#[test]
fn the_same_change_told_again_can_only_shorten_a_connections_time_and_an_earlier_cannot() {
    let lives = |version, span| Connection {
        expires_in: Some(Millis(span)),
        ..connection(C, Active, version)
    };
    for (version, span, expires) in [(5, 50_000, 60_010), (5, 200_000, 100_010), (4, 1, 100_010)] {
        let mut alone = follower(5, vec![lives(5, 100_000)]);
        assert_eq!(
            tell(&mut alone, 10_010, None, vec![lives(version, span)]),
            []
        );
        let told = wait(&mut alone, 300_000).1;
        assert_eq!(told, [(expires, Change::Expired)], "{version}, {span}");
    }
}

#[test]
fn what_was_not_known_and_is_gone_is_not_told() {
    for alone in [&mut follower(1, vec![]), &mut Alone::new(connecting(7))] {
        let gone = vec![connection(C, Disconnected, 2)];
        assert_eq!(tell(alone, 20, None, gone), []);
    }
}

#[test]
fn a_window_holds_512_connections_and_of_one_more_it_tells_nothing_unless_one_is_gone() {
    let mut alone = follower(0, vec![]);
    let name = |n: u64| format!("int_{n:04}");
    for n in 0..512 {
        let one = vec![connection(&name(n), Active, n + 1)];
        assert_eq!(tell(&mut alone, 20, None, one).len(), 1, "{n}");
    }
    let more = || vec![connection(&name(512), Active, 600)];
    assert_eq!(tell(&mut alone, 30, None, more()), []);
    assert_eq!(alone.machine.dropped(), [("flood", 1)]);
    tell(
        &mut alone,
        40,
        None,
        vec![connection(&name(7), Disconnected, 601)],
    );
    assert_eq!(tell(&mut alone, 50, None, more()).len(), 1);
    assert_eq!(alone.machine.connections().len(), 512);
}

#[test]
fn a_later_change_is_called_by_what_is_new_in_it() {
    for (before, after, change) in [
        ((Active, 1), (Active, 2), Change::Refreshed),
        ((Active, 1), (Active, 1), Change::Changed),
        ((RefreshFailed, 1), (Active, 2), Change::Refreshed),
        ((RefreshFailed, 1), (Active, 1), Change::Changed),
        ((Active, 1), (RefreshFailed, 1), Change::RefreshFailed),
        ((RefreshFailed, 1), (RefreshFailed, 1), Change::Changed),
        ((Active, 1), (Expired, 1), Change::Expired),
        ((Expired, 1), (Expired, 2), Change::Changed),
        ((Expired, 1), (ReauthRequired, 1), Change::ReauthRequired),
        ((ReauthRequired, 1), (ReauthRequired, 1), Change::Changed),
        ((Active, 1), (Disconnected, 1), Change::Disconnected),
        ((Disconnected, 1), (Active, 1), Change::Added),
    ] {
        let is = |(state, refreshed_at): (ConnectionState, u64), version| Connection {
            refreshed_at: Some(Millis(refreshed_at)),
            ..connection(C, state, version)
        };
        let mut alone = Alone::new(connecting(7));
        tell(&mut alone, 10, None, vec![is(before, 1)]);
        let events = tell(&mut alone, 20, None, vec![is(after, 2)]);
        assert_eq!(changes(&events), [change], "{before:?}, {after:?}");
    }
}
