//! postMessage.

use crate::world::{Heard, js, until};
use oauth_sync::browser::window::{Messages, Posted};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

fn listen(origins: &[&str]) -> (Option<Messages>, Heard<Posted>) {
    let heard = Heard::default();
    let into = heard.clone();
    let origins = origins.iter().map(ToString::to_string).collect();
    let messages = Messages::listen(origins, move |posted| into.push(posted)).ok();
    assert!(messages.is_some(), "a page can listen");
    (messages, heard)
}

fn says(origin: &str) {
    js(&format!(
        "dispatchEvent(new MessageEvent('message', {{ data: {{ test: 1 }}, origin: '{origin}' }}))"
    ));
}

#[wasm_bindgen_test]
fn compares_origins_exactly() {
    let (_messages, heard) = listen(&["https://app.example", "null"]);
    for foreign in [
        "https://app.example.evil",
        "https://evil-app.example",
        "http://app.example",
        "https://app.example:8443",
        "HTTPS://APP.EXAMPLE",
        "https://app.example/",
        "",
        "null",
    ] {
        says(foreign);
        assert!(
            matches!(heard.0.borrow().last(), Some(Posted::ForeignOrigin)),
            "{foreign}"
        );
    }
    says("https://app.example");
    assert!(matches!(heard.0.borrow().last(), Some(Posted::Message(..))));
}

#[wasm_bindgen_test]
async fn answers_the_window_that_spoke() {
    let origin = js("location.origin").as_string().unwrap_or_default();
    let (_messages, heard) = listen(&[&origin]);
    js("globalThis.frame = document.body.appendChild(document.createElement('iframe'));
        frame.contentWindow.eval('addEventListener(`message`, (event) => { parent.answered = event.data; });');
        frame.contentWindow.eval('parent.postMessage({ from: `frame` }, parent.location.origin)');");
    let sender = || {
        heard.0.borrow().iter().find_map(|posted| match posted {
            Posted::Message(data, sender)
                if js_sys::Reflect::has(data, &"from".into()) == Ok(true) =>
            {
                Some(sender.clone())
            }
            _ => None,
        })
    };
    until("the frame's message", || sender().is_some()).await;
    sender()
        .expect("checked above")
        .answer(&JsValue::from_str("thanks"));
    until("the answer", || js("globalThis.answered") == "thanks").await;
    js("frame.remove()");
}

#[wasm_bindgen_test]
fn takes_events_that_are_no_messages() {
    let (_messages, heard) = listen(&["https://app.example"]);
    js("dispatchEvent(new Event('message'));
        dispatchEvent(Object.defineProperty(new Event('message'), 'origin', { get() { throw 1; } }));
        dispatchEvent(new MessageEvent('messageerror'));");
    assert!(matches!(
        heard.0.borrow().as_slice(),
        [
            Posted::ForeignOrigin,
            Posted::ForeignOrigin,
            Posted::Undecodable
        ]
    ));
}

#[wasm_bindgen_test]
fn survives_a_sender_without_a_way_back() {
    let (_messages, heard) = listen(&["https://app.example"]);
    says("https://app.example");
    let Some(Posted::Message(_, sender)) = heard.0.borrow().last().cloned() else {
        panic!("it is from a listed origin");
    };
    sender.answer(&JsValue::NULL);
}

#[wasm_bindgen_test]
fn stops_when_dropped() {
    let (messages, heard) = listen(&["https://app.example"]);
    drop(messages);
    says("https://app.example");
    assert!(heard.is_empty());
}
