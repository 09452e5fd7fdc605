//! EventSource.

use crate::world::{Heard, Replaced, js, until};
use oauth_sync::browser::Facility;
use oauth_sync::browser::push::{LastId, Stream};
use oauth_sync::proto::machine::Pushed;
use wasm_bindgen_test::wasm_bindgen_test;

/// A stream whose events the test makes: `says(kind, id, data)`, and how it ends: `breaks(state)`.
const FAKE: &str = "class extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor(url) { super(); this.url = url; (globalThis.opened ??= []).push(this); }
    close() { this.readyState = 2; this.isClosed = true; }
    says(kind, id, data) { this.dispatchEvent(new MessageEvent(kind, { lastEventId: id, data: JSON.stringify(data) })); }
    breaks(state) { this.readyState = state; this.dispatchEvent(new Event('error')); }
}";

fn open(last_id: &LastId) -> (Stream, Heard<Option<Pushed>>) {
    let heard = Heard::default();
    let into = heard.clone();
    let stream = Stream::open("/events?a=1", last_id, move |pushed| into.push(pushed));
    (stream.expect("a stream"), heard)
}

#[wasm_bindgen_test]
fn reads_what_it_says_and_closes_when_dropped() {
    let fake = Replaced::value("globalThis", "EventSource", FAKE);
    let (stream, heard) = open(&LastId::default());
    js("opened.at(-1).says('ready', '7', {});
        opened.at(-1).says('flow', '8', { flow: 'flow-0001', provider: 'github', status: 'completed' });
        opened.at(-1).says('connection', '9', { id: 'int_1', provider: 'github', state: 'active', version: 9 });
        opened.at(-1).says('reset', '10', {});
        opened.at(-1).says('connection', '11', { id: 'int_1' });
        opened.at(-1).says('message', '12', {})");
    let said = heard.0.borrow();
    assert_eq!(said[0], Some(Pushed::Ready { resumed: false }));
    assert!(
        matches!(&said[1], Some(Pushed::Flow { flow_id, .. }) if flow_id.as_str() == "flow-0001")
    );
    assert!(matches!(&said[2], Some(Pushed::Connection(it)) if it.version == 9));
    assert_eq!(said[3], Some(Pushed::Reset));
    assert_eq!(said[4], None, "what cannot be read");
    assert_eq!(said.len(), 5);
    drop(said);
    drop(stream);
    assert_eq!(js("opened.at(-1).isClosed"), true);
    drop(fake);
}

#[wasm_bindgen_test]
fn goes_on_from_where_it_was_and_says_so() {
    let fake = Replaced::value("globalThis", "EventSource", FAKE);
    let last_id = LastId::default();
    let (first, _) = open(&last_id);
    assert_eq!(js("opened.at(-1).url"), "/events?a=1");
    js("opened.at(-1).says('ready', '7', {}); opened.at(-1).says('reset', 'a b', {})");
    drop(first);
    let (_second, heard) = open(&last_id);
    assert_eq!(js("opened.at(-1).url"), "/events?a=1&lastEventId=a%20b");
    js("opened.at(-1).says('ready', '9', {})");
    assert_eq!(heard.0.borrow()[0], Some(Pushed::Ready { resumed: true }));
    drop(fake);
}

#[wasm_bindgen_test]
fn tells_a_break_that_the_browser_mends_from_an_end() {
    let fake = Replaced::value("globalThis", "EventSource", FAKE);
    let (_stream, heard) = open(&LastId::default());
    js("opened.at(-1).breaks(0); opened.at(-1).breaks(2)");
    assert_eq!(
        *heard.0.borrow(),
        [Some(Pushed::Reconnects), Some(Pushed::Ended)]
    );
    drop(fake);
}

#[wasm_bindgen_test]
async fn an_answer_that_is_no_stream_is_an_end() {
    let heard = Heard::default();
    let into = heard.clone();
    // The test runner's own page.
    let _stream = Stream::open("/", &LastId::default(), move |pushed| into.push(pushed));
    until("the end", || !heard.is_empty()).await;
    assert_eq!(*heard.0.borrow(), [Some(Pushed::Ended)]);
}

#[wasm_bindgen_test]
fn says_whether_it_is_missing_or_refused() {
    let open = || Stream::open("/events", &LastId::default(), |_| {}).err();
    let missing = Replaced::value("globalThis", "EventSource", "undefined");
    assert_eq!(open(), Some(Facility::Missing));
    drop(missing);
    let refused = Replaced::value(
        "globalThis",
        "EventSource",
        "class { constructor() { throw new DOMException('no', 'SecurityError'); } }",
    );
    assert_eq!(open(), Some(Facility::Refused));
    drop(refused);
}
