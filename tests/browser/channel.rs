//! BroadcastChannel.

use crate::world::{Heard, Replaced, js, settle, unique, until};
use oauth_sync::browser::Facility;
use oauth_sync::browser::channel::Channel;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn carries_a_message_and_closes_when_dropped() {
    let (name, heard) = (unique("channel"), Heard::default());
    let into = heard.clone();
    let receiver = Channel::open(&name, move |data| into.push(data)).expect("channels are here");
    let sender = Channel::open(&name, |_| {}).expect("channels are here");
    assert!(sender.post(&js("({ a: 1 })")));
    until("the message", || !heard.is_empty()).await;
    drop(receiver);
    assert!(sender.post(&JsValue::TRUE));
    settle().await;
    assert_eq!(heard.len(), 1);
}

#[wasm_bindgen_test]
async fn tells_what_cannot_be_decoded() {
    let heard = Heard::default();
    let into = heard.clone();
    let captured = Replaced::value(
        "globalThis",
        "BroadcastChannel",
        "class extends BroadcastChannel { constructor(name) { super(name); globalThis.captured = this; } }",
    );
    let _channel = Channel::open(&unique("channel"), move |data| into.push(data));
    drop(captured);
    js("captured.dispatchEvent(new MessageEvent('messageerror'))");
    assert!(matches!(heard.0.borrow().as_slice(), [None]));
}

#[wasm_bindgen_test]
fn says_what_cannot_be_posted() {
    let channel = Channel::open(&unique("channel"), |_| {}).expect("channels are here");
    assert!(!channel.post(&js("() => {}")));
}

#[wasm_bindgen_test]
fn says_whether_it_is_missing_or_refused() {
    let missing = Replaced::value("globalThis", "BroadcastChannel", "undefined");
    assert_eq!(Channel::open("name", |_| {}).err(), Some(Facility::Missing));
    drop(missing);
    // Firefox with site data blocked throws from the constructor.
    let refused = Replaced::value(
        "globalThis",
        "BroadcastChannel",
        "class { constructor() { throw new DOMException('no', 'SecurityError'); } }",
    );
    assert_eq!(Channel::open("name", |_| {}).err(), Some(Facility::Refused));
    drop(refused);
    assert!(js("BroadcastChannel").is_instance_of::<js_sys::Function>());
}
