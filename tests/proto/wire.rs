//! What is written and sent, to the letter: two implementations must have it alike.

use crate::world::{EPOCH, id};
use oauth_sync::proto::bag::{Bag, Value as Field, is_plain};
use oauth_sync::proto::connection::Connection;
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::machine::{Change, EventKind, Poller, Stage, Via, WindowHint};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::{Names, Record};
use oauth_sync::proto::seen::{PLAIN_WINDOW, Seen};
use oauth_sync::proto::state::{Part, Removal, State};
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::text::hash;
use oauth_sync::proto::time::Millis;
use oauth_sync::proto::verdict::{Place, Verdict};
use serde_json::{Value, json};

const F: &str = "flow-aaaa";

/// The vectors of FNV-1a's authors.
#[test]
fn names_are_hashed_with_fnv_1a() {
    for (text, sum) in [
        ("", "cbf29ce484222325"),
        ("a", "af63dc4c8601ec8c"),
        ("foobar", "85944171f73967e8"),
    ] {
        assert_eq!(hash(text), sum, "{text}");
    }
}

#[test]
fn a_text_without_control_characters_is_plain() {
    let around = |code: u32| char::from_u32(code).expect("a character").to_string();
    for code in [0x20, 0x7e, 0xa0, 0xe9, 0x9f80] {
        assert!(is_plain(&around(code), 4), "{code:x}");
    }
    for code in [0, 0x0a, 0x1f, 0x7f, 0x80, 0x85, 0x9f] {
        assert!(!is_plain(&around(code), 4), "{code:x}");
    }
    assert!(is_plain("four", 4) && !is_plain("fives", 5 - 1) && !is_plain("", 4));
}

/// A flow of which everything is known.
fn full() -> State {
    let verdict = Verdict::unsuccessful(Status::Failed, Basis::Notice, None, Millis(EPOCH));
    State {
        retry_of: Some(id("flow-old1")),
        superseded_by: Some(id("flow-new1")),
        verdict: Some(verdict),
        attempt: 2,
        attempt_at: Some(Millis(EPOCH)),
        app_state: Some(String::from("{}")),
        checked_at: Some(Millis(EPOCH)),
        ..*State::new(id(F), String::from("github"), Millis(EPOCH), Millis(EPOCH))
    }
}

/// `docs/api/index.d.ts`.
#[test]
fn what_comes_out_is_named_as_the_declared_types_name_it() {
    assert_eq!(
        [
            Via::PostMessage,
            Via::BroadcastChannel,
            Via::Storage,
            Via::Poll,
            Via::Push,
            Via::Local,
        ]
        .map(Via::as_str),
        [
            "post_message",
            "broadcast_channel",
            "storage",
            "poll",
            "push",
            "local"
        ]
    );
    assert_eq!(
        [
            WindowHint::Open,
            WindowHint::Closed,
            WindowHint::Blocked,
            WindowHint::Unknown,
        ]
        .map(WindowHint::as_str),
        ["open", "closed", "blocked", "unknown"]
    );
    assert_eq!(
        [
            EventKind::Started,
            EventKind::Opened,
            EventKind::Blocked,
            EventKind::WindowClosed,
            EventKind::Confirming,
            EventKind::Slow,
            EventKind::Overdue,
            EventKind::Completed,
            EventKind::Failed,
            EventKind::Cancelled,
            EventKind::Expired,
            EventKind::Confirmed,
            EventKind::Changed,
            EventKind::Removed,
        ]
        .map(EventKind::as_str),
        [
            "started",
            "opened",
            "blocked",
            "window_closed",
            "confirming",
            "slow",
            "overdue",
            "completed",
            "failed",
            "cancelled",
            "expired",
            "confirmed",
            "changed",
            "removed"
        ]
    );
    assert_eq!(
        [
            Change::Added,
            Change::Refreshed,
            Change::Expired,
            Change::RefreshFailed,
            Change::ReauthRequired,
            Change::Disconnected,
            Change::Changed,
        ]
        .map(Change::as_str),
        [
            "added",
            "refreshed",
            "expired",
            "refresh_failed",
            "reauth_required",
            "disconnected",
            "changed"
        ]
    );
    assert_eq!(
        [
            Stage::Opening,
            Stage::Waiting,
            Stage::Confirming,
            Stage::Slow,
            Stage::Overdue,
        ]
        .map(Stage::as_str),
        ["opening", "waiting", "confirming", "slow", "overdue"]
    );
    assert_eq!(
        [Poller::This, Poller::Other, Poller::None].map(Poller::as_str),
        ["this", "other", "none"]
    );
}

/// The table of docs/protocol.md: each key, and the fields under it.
#[test]
fn each_record_has_its_key_and_its_fields() {
    let names = Names::new("n", "");
    let digest = hash("notice\nserver_error\n");
    let flow = |part| Record::Flow(part, Box::new(full()));
    let removal = |flow_id, dismissed| {
        Record::Removal(Removal {
            flow_id,
            at: Millis(7),
            dismissed,
        })
    };
    let place = Place {
        status: Status::Failed,
        basis: Basis::Server,
    };
    let verdict_key = format!("v:{F}:failed:notice:{digest}");
    for (record, key, fields) in [
        (
            flow(Part::Start),
            format!("s:{F}"),
            "expiresAt flowId provider retryOf startedAt",
        ),
        (flow(Part::Verdict), verdict_key, "flowId verdict"),
        (flow(Part::Heir), format!("u:{F}:flow-new1"), "by flowId"),
        (
            flow(Part::Count),
            format!("c:{F}:2"),
            "attempt attemptAt flowId polls runs",
        ),
        (
            flow(Part::Tab),
            format!("t:{F}"),
            "appState expiresAt flowId provider startedAt startedHere told verdict",
        ),
        (
            removal(Some(id(F)), Some(place)),
            format!("x:{F}:7"),
            "at basis flowId status",
        ),
        (removal(Some(id(F)), None), format!("g:{F}:7"), "at flowId"),
        (removal(None, None), String::from("r:7"), "at"),
    ] {
        assert_eq!(names.record_key(&record), format!("{}:{key}", names.scoped));
        let wire = serde_json::to_value(record.to_wire()).expect("JSON");
        let mut written: Vec<_> = wire
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        written.sort();
        assert_eq!(written.join(" "), fields, "{key}");
    }
}

#[test]
fn slots_and_records_go_with_their_flow_and_what_a_reset_took_stays() {
    let names = Names::new("n", "");
    let of = |record: &str| format!("{}:{record}", names.scoped);
    for (key, goes) in [
        (format!("n:{F}"), true),
        (format!("n:x{F}"), false),
        (String::from("n:flow-bbbb"), false),
        (String::from("n"), false),
        (of(&format!("s:{F}")), true),
        (of(&format!("v:{F}:failed:notice:0")), true),
        (of("s:flow-bbbb"), false),
        (of(&format!("x:{F}:7")), true),
        (of(&format!("g:{F}:7")), false),
        (of("r:7"), false),
    ] {
        assert_eq!(names.concerns(&key, &id(F)), goes, "{key}");
    }
}

/// The id of the plain form is a hash of provider, success, integration id and error code.
#[test]
fn plain_notices_that_say_the_same_are_one() {
    let plain = |provider: &str, rest: Value| {
        let mut wire = json!({ "type": "oauth-complete", "provider": provider });
        for (name, value) in rest.as_object().expect("an object") {
            wire[name] = value.clone();
        }
        Notice::read(&wire, Form::Message).expect("a notice").id
    };
    let all = [
        plain("github", json!({ "success": true })),
        plain("gitlab", json!({ "success": true })),
        plain("github", json!({ "success": false })),
        plain("github", json!({ "success": true, "integrationId": 7 })),
        plain(
            "github",
            json!({ "success": false, "error": { "code": "access_denied" } }),
        ),
    ];
    for (place, id) in all.iter().enumerate() {
        assert!(!all[..place].contains(id), "{place}");
    }
    assert_eq!(all[3], hash("github\n1\n7"));
    assert_eq!(all[4], hash("github\n0\naccess_denied"));
    let later = json!({ "success": true, "integrationId": "7", "timestamp": EPOCH, "title": "x" });
    assert_eq!(plain("github", later), all[3]);
}

#[test]
fn equal_plain_notices_are_one_for_ten_seconds() {
    let mut seen = Seen::default();
    let mut insert = |at: u64| seen.insert("id", Millis(at) + PLAIN_WINDOW, Millis(at));
    let told = [0, 9_999, 10_000, 10_001, 20_001, 20_002].map(&mut insert);
    assert_eq!(told, [true, false, false, true, false, true]);
}

#[test]
fn only_what_is_not_as_usual_is_said_of_polling() {
    let here = |hold, push| {
        let message = Message::Here {
            hold,
            rank: 3,
            push,
        };
        serde_json::to_value(message.to_wire("s")).expect("JSON")
    };
    let usual = json!({ "type": "oauth-sync-here", "v": 1, "scope": "s", "rank": 3 });
    assert_eq!(here(Millis::ZERO, false), usual);
    let quiet = here(Millis(5), true);
    assert_eq!(
        (&quiet["holdMs"], &quiet["push"]),
        (&json!(5), &json!(true))
    );
}

#[test]
fn a_connection_is_read_within_its_bounds() {
    let mut many = vec![json!("x"); 40];
    many[0] = json!("x".repeat(65));
    many[1] = json!(7);
    let wire = json!({
        "id": "c1", "provider": "github", "state": "active", "version": 3, "tools": many, "scopes": ["repo", "a\u{0}b"],
        "expiresIn": -5, "refreshIn": 1.9, "retryIn": "soon",
    });
    let read = Connection::read(&wire).expect("a connection");
    assert!(
        !read.tools.is_empty()
            && read.tools.len() < 39
            && read.tools.iter().all(|tool| tool == "x")
    );
    assert_eq!(read.scopes, ["repo"]);
    let spans = [read.expires_in, read.refresh_in, read.retry_in];
    assert_eq!(spans, [Some(Millis::ZERO), Some(Millis(1)), None]);
}

/// An object whose times are numbers that JSON does not have.
struct Odd(Value, f64);

impl Bag for Odd {
    fn field(&self, name: &str) -> Field<Self> {
        match &self.0[name] {
            Value::String(text) => Field::Text(text.clone()),
            _ if name == "version" => Field::Number(1.0),
            _ => Field::Number(self.1),
        }
    }

    fn list(&self, _: &str, _: usize) -> Option<Vec<Field<Self>>> {
        None
    }
}

#[test]
fn a_span_that_is_no_number_of_milliseconds_is_none() {
    let wire = json!({ "id": "c1", "provider": "github", "state": "active" });
    for number in [f64::NAN, f64::INFINITY] {
        let read = Connection::read(&Odd(wire.clone(), number)).expect("a connection");
        assert_eq!(read.expires_in, None, "{number}");
    }
}

#[test]
fn a_verdict_without_a_code_has_the_one_of_its_status() {
    for (status, code) in [
        (Status::Expired, "expired"),
        (Status::Cancelled, "cancelled_by_user"),
        (Status::Failed, "server_error"),
    ] {
        let verdict = Verdict::unsuccessful(status, Basis::Server, None, Millis::ZERO);
        assert_eq!(verdict.error.as_ref().map(ErrorCode::as_str), Some(code));
    }
}

#[test]
fn what_another_click_may_mend_is_retryable() {
    let is_retryable = |code: &str| {
        ErrorCode::parse(String::from(code))
            .expect("a code")
            .is_retryable()
    };
    assert!(
        ["server_error", "access_denied", "expired"]
            .into_iter()
            .all(is_retryable)
    );
    assert!(
        !["invalid_client", "unauthorized_client", "anything"]
            .into_iter()
            .any(is_retryable)
    );
}
