//! Values of every shape through every reader, and floods. Nothing throws, nothing grows, everything is counted.

use crate::world::{ALL, Callback, Channels, EPOCH, World, id};
use oauth_sync::proto::bag::{Bag, MAX_TEXT, MAX_WHOLE, Value as Field, is_plain, whole};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::{Input, Stored};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::{Key, Names, Record};
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::state::Removal;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;
use serde_json::{Value, json};

const F: &str = "flow-aaaa";

/// Values that no field expects, and some that one does.
fn values() -> Vec<Value> {
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({ "error": deep });
    }
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!(9_007_199_254_740_993_u64),
        json!(u64::MAX),
        json!(""),
        json!("pending"),
        json!("completed"),
        json!("oauth-complete"),
        json!("__proto__"),
        json!("constructor"),
        json!("flow-aaaa"),
        json!("a\u{0}b\u{7f}c"),
        json!("\u{202e}\u{fffd}𝒳"),
        json!("x".repeat(65)),
        json!("x".repeat(100_000)),
        json!([]),
        json!([{}, {}]),
        json!(vec![json!({ "tool": "t", "id": 1 }); 1000]),
        json!([null, 1, "x"]),
        json!({}),
        json!({ "code": 7 }),
        json!({ "code": "<script>" }),
        json!({ "__proto__": { "status": "completed" } }),
        deep,
    ]
}

const FIELDS: [&str; 35] = [
    "type",
    "v",
    "id",
    "scope",
    "provider",
    "success",
    "flowId",
    "integrationId",
    "integrations",
    "timestamp",
    "error",
    "relayed",
    "status",
    "completed",
    "retryAfterMs",
    "supersededBy",
    "verdict",
    "basis",
    "settledAt",
    "startedAt",
    "expiresAt",
    "retryOf",
    "polls",
    "attempt",
    "attemptAt",
    "checkedAt",
    "failed",
    "runs",
    "at",
    "by",
    "check",
    "holdMs",
    "rank",
    "told",
    "appState",
];

fn valid() -> Vec<Value> {
    let verdict = json!({ "status": "failed", "basis": "notice", "error": "server_error", "settledAt": EPOCH });
    vec![
        Callback::success("n1").of(F).0,
        Callback::failure("n1", "access_denied").0,
        Callback::plain(true).0,
        json!({ "status": "completed", "integrationId": 7, "retryAfterMs": 5, "supersededBy": F, "error": { "code": "x" } }),
        json!({ "completed": true, "success": false }),
        json!({ "type": "oauth-sync", "v": 1, "scope": "s", "flowId": F, "provider": "p", "startedAt": EPOCH,
                "expiresAt": EPOCH, "verdict": verdict, "polls": 1, "attempt": 1 }),
        json!({ "type": "oauth-sync-removal", "scope": "s", "flowId": F, "at": EPOCH, "status": "failed", "basis": "server" }),
        json!({ "type": "oauth-sync-ask", "scope": "s", "check": true }),
        json!({ "type": "oauth-sync-here", "scope": "s", "holdMs": 1, "rank": 4_294_967_295_u64 }),
        json!({ "provider": "p", "startedAt": EPOCH, "expiresAt": EPOCH, "verdict": verdict, "at": EPOCH, "by": "flow-bbbb",
                "told": 4_294_967_295_u64, "polls": 4_294_967_295_u64, "attempt": 4_294_967_295_u64, "runs": 9 }),
    ]
}

/// Every value as it is, every field of every message replaced by every value, and every field taken away.
fn corpus() -> Vec<Value> {
    let mut all = values();
    for message in valid() {
        for field in FIELDS {
            for value in values() {
                let mut changed = message.clone();
                changed[field] = value;
                all.push(changed);
            }
            let mut without = message.clone();
            if let Some(fields) = without.as_object_mut() {
                fields.remove(field);
            }
            all.push(without);
        }
    }
    all
}

const KEYS: [&str; 13] = [
    "",
    ":",
    "s:",
    "s:flow-aaaa",
    "v:flow-aaaa:completed:server:0",
    "u:flow-aaaa:flow-bbbb",
    "x:flow-aaaa:1",
    "g:flow-aaaa:1",
    "r:1",
    "c:flow-aaaa",
    "t:flow-aaaa",
    "s:short",
    "q:flow-aaaa",
];

#[test]
fn every_reader_takes_every_value_and_a_machine_everything_that_is_read() {
    let mut world = World::asking();
    let mut alone = World::without_server();
    for world in [&mut world, &mut alone] {
        let a = world.open();
        world.open();
        world.start(a, F);
        world.run(100);
    }
    let scope = world.windows[0].machine.names().scope.clone();
    for mut value in corpus() {
        if value.get("scope") == Some(&json!("s")) {
            value["scope"] = json!(scope);
        }
        let mut inputs = Vec::new();
        for form in [Form::Message, Form::PlainKey] {
            if let Some(notice) = Notice::read(&value, form) {
                assert!(is_plain(&notice.provider, 64) && is_plain(&notice.id, 64));
                inputs.push(Input::Stored {
                    key: String::from("oauth-status"),
                    stored: Stored::Notice(notice),
                    live: true,
                });
            }
        }
        inputs.extend(Message::read(&value, &scope).map(Input::Message));
        for key in KEYS {
            let record = Record::read(key, &value);
            inputs.extend(record.map(|record| Input::Stored {
                key: String::from(key),
                stored: Stored::Record(record),
                live: true,
            }));
        }
        if let Some(reply) = Reply::read(&value) {
            inputs.push(Input::Report {
                flow_id: id(F),
                reply,
            });
        }
        for input in inputs {
            world.feed(0, input.clone());
            alone.feed(0, input);
        }
    }
    world.run(4_000_000);
    alone.run(4_000_000);
}

#[test]
fn what_is_read_is_bounded() {
    for value in corpus() {
        if let Some(reply) = Reply::read(&value) {
            assert!(reply.outcome.integrations.len() <= 32);
            assert!(
                reply
                    .outcome
                    .integration_id
                    .is_none_or(|id| id.len() <= 256)
            );
        }
        if let Some(notice) = Notice::read(&value, Form::Message) {
            let wire = serde_json::to_string(&notice.to_wire()).unwrap();
            assert!(wire.len() <= 32 * 400 + 1024, "{}", wire.len());
            assert!(notice.flow_id.is_none_or(|flow| flow.as_str().len() <= 64));
        }
    }
    let id_of = |text: &str| FlowId::parse(String::from(text));
    for bad in [
        "short",
        "has space",
        "ünïcode-id",
        "with/slash",
        "with:colon",
        &"x".repeat(65),
    ] {
        assert_eq!(id_of(bad), None, "{bad}");
    }
    assert!(id_of(&"x".repeat(64)).is_some());
}

#[test]
fn unknown_fields_and_words_do_not_travel() {
    let secret = "s3cr3t-t0ken";
    let mut world = World::without_server();
    let a = world.open();
    world.start(a, F);
    let planted = Callback::success("n1")
        .of(F)
        .with("access_token", json!(secret))
        .with("code", json!(secret))
        .with("error_description", json!(secret))
        .with("error", json!({ "code": "x", "message": secret }));
    world.notify(planted, Channels::post_message(a));
    world.run(100);
    let told = format!("{:?}{:?}", world.windows[a].events, world.relayed);
    let kept = format!(
        "{:?}{:?}",
        world.local.values().collect::<Vec<_>>(),
        world.windows[a].session
    );
    assert!(!told.contains(secret) && !kept.contains(secret));
}

#[test]
fn a_flood_of_flows_that_others_speak_of_leaves_room_for_a_click() {
    let mut world = World::without_server();
    let a = world.open();
    let scope = world.windows[a].machine.names().scope.clone();
    for n in 0..3000 {
        let wire = json!({ "type": "oauth-sync", "v": 1, "scope": scope, "flowId": format!("flow-{n:06}"),
            "provider": "github", "startedAt": EPOCH, "expiresAt": EPOCH + 3_750_000, "verdict": null });
        let message = Message::read(&wire, &scope).expect("a message");
        world.feed(a, Input::Message(message));
    }
    assert_eq!(world.windows[a].machine.flows().len(), 1024);
    assert_eq!(world.dropped(a, "flood"), 3000 - 1024);
    world.start(a, F);
    assert_eq!(world.status(a, F), Some(Status::Pending));
}

#[test]
fn a_flood_of_notices_leaves_the_machine_as_large_as_it_was() {
    let size = |world: &World| format!("{:?}", world.windows[0].machine).len();
    for asking in [true, false] {
        let mut world = if asking {
            World::asking()
        } else {
            World::without_server()
        };
        let a = world.open();
        world.start(a, F);
        let flood = |world: &mut World, from: u32| {
            for n in from..from + 1500 {
                world.notify(
                    Callback::failure(&format!("n{n}"), "x").of(&format!("flow-{n:06}")),
                    ALL,
                );
                world.notify(
                    Callback::failure(&format!("m{n}"), "x").of(F),
                    Channels::broadcast(),
                );
            }
            world.run(1);
        };
        flood(&mut world, 0);
        let before = size(&world);
        flood(&mut world, 10_000);
        assert!(
            size(&world) <= before + before / 10,
            "asking {asking}: {before} to {}",
            size(&world)
        );
    }
}

#[test]
fn a_listener_that_is_never_there_costs_a_bounded_memory() {
    let mut world = World::without_server();
    let a = world.open();
    world.windows[a].tells = false;
    world.start(a, F);
    for n in 0..10_000 {
        let href = format!("https://app.example/{n}");
        world.feed(
            a,
            Input::Href {
                flow_id: id(F),
                href,
            },
        );
    }
    let size = format!("{:?}", world.windows[a].machine).len();
    assert!(size < 2_000_000, "{size}");
}

#[test]
fn a_notice_with_a_text_past_every_bound_is_dropped() {
    let success = |integration_id: &str| {
        let wire = Callback::success("n1").with("integrationId", json!(integration_id));
        Notice::read(&wire.0, Form::Message)
    };
    let failure = |code: &str| {
        let wire = Callback::failure("n1", "").with("error", json!(code));
        Notice::read(&wire.0, Form::Message)
    };
    assert_eq!(success(&"x".repeat(MAX_TEXT + 1)), None);
    assert_eq!(failure(&"x".repeat(MAX_TEXT + 1)), None);
    assert!(success(&"x".repeat(MAX_TEXT)).is_some());
    assert!(failure(&"x".repeat(MAX_TEXT)).is_some());
}

#[test]
fn messages_of_another_scope_are_not_read() {
    let wire = json!({ "type": "oauth-sync-ask", "v": 1, "scope": "another" });
    assert_eq!(Message::read(&wire, "mine"), None);
    assert!(Message::read(&wire, "another").is_some());
    let (mine, theirs) = (Names::new("n", "alice"), Names::new("n", "bob"));
    assert_eq!(theirs.key(&format!("{}:s:{F}", mine.scoped)), None);
    assert_eq!(
        mine.key(&format!("{}:s:{F}", mine.scoped)),
        Some(Key::Record("s:flow-aaaa"))
    );
    assert!(!mine.scoped.contains("alice"));
}

#[test]
fn keys_of_others_are_left_alone() {
    let names = Names::new("oauth-status", "");
    for key in [
        "",
        "other",
        "oauth-statuses",
        "oauth-status~",
        "oauth-status:",
        "oauth-status~0:x",
    ] {
        assert_eq!(names.key(key), None, "{key}");
        assert!(!names.concerns(key, &id(F)));
    }
    assert_eq!(names.key("oauth-status"), Some(Key::Plain));
    assert_eq!(names.key("oauth-status:flow-aaaa"), Some(Key::Slot));
    assert_eq!(names.key(&names.message_key()), Some(Key::Message));
}

#[test]
fn every_record_and_message_is_read_as_it_was_written() {
    let mut world = World::asking();
    let (a, _) = (world.open(), world.open());
    world.start(a, F);
    world.run(2500);
    world.feed(a, Input::Cancel { flow_id: id(F) });
    world.feed(a, Input::Dismiss { flow_id: id(F) });
    let names = world.windows[a].machine.names().clone();
    let mut kinds = Vec::new();
    for key in world.local.keys() {
        if let Some(Key::Record(rest)) = names.key(key) {
            let value = world.local.value(key).unwrap();
            let record = Record::read(rest, value).expect("a record");
            assert_eq!(names.record_key(&record), key);
            assert_eq!(&serde_json::to_value(record.to_wire()).unwrap(), value);
            kinds.push(rest.split(':').next().unwrap_or_default().to_owned());
        }
    }
    assert_eq!(kinds, ["c", "s", "v", "x"]);
}

#[test]
fn only_whole_numbers_that_javascript_holds_are_read() {
    for (number, read) in [
        (0.0, Some(0)),
        (9_007_199_254_740_991.0, Some(9_007_199_254_740_991)),
        (9_007_199_254_740_992.0, None),
        (-1.0, None),
        (0.5, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ] {
        assert_eq!(whole(number), read, "{number}");
    }
    assert!(matches!(
        json!({ "a": "x".repeat(3000) }).field("a"),
        Field::Other
    ));
    assert!(matches!(json!({ "a": [{}, 1] }).field("a"), Field::Other));
    assert!(matches!(json!([1]).field("a"), Field::Missing));
}

#[test]
fn what_starts_at_the_end_of_time_is_found_again() {
    let mut world = World::without_server();
    let a = world.open();
    let last = Removal {
        flow_id: None,
        at: Millis(MAX_WHOLE - 1),
        dismissed: None,
    };
    world.feed(a, Input::Message(Message::Removal(last)));
    world.start(a, F);
    for key in world.local.keys() {
        let Some(Key::Record(rest)) = world.windows[a].machine.names().key(key) else {
            continue;
        };
        let record = world
            .local
            .value(key)
            .and_then(|value| Record::read(rest, value));
        assert!(record.is_some(), "{key}");
    }
    world.reload(a);
    assert_eq!(world.status(a, F), Some(Status::Pending));
}
