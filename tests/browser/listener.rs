//! A listener hears until it is dropped.

use crate::world::{Heard, js};
use oauth_sync::browser::Listener;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::EventTarget;

fn target() -> EventTarget {
    js("globalThis.target = new EventTarget()").unchecked_into()
}

#[wasm_bindgen_test]
fn hears_until_it_is_dropped() {
    let heard = Heard::default();
    let into = heard.clone();
    let listener = Listener::new(&target(), "ping", move |_| into.push(()));
    js("target.dispatchEvent(new Event('ping'))");
    drop(listener);
    js("target.dispatchEvent(new Event('ping'))");
    assert_eq!(heard.len(), 1);
}

#[wasm_bindgen_test]
fn may_drop_itself_while_it_runs() {
    let slot: Rc<RefCell<Option<Listener>>> = Rc::default();
    let (own, heard) = (slot.clone(), Heard::default());
    let into = heard.clone();
    *slot.borrow_mut() = Listener::new(&target(), "ping", move |_| {
        let listener = own.borrow_mut().take();
        drop(listener);
        into.push(());
    });
    js("target.dispatchEvent(new Event('ping')); target.dispatchEvent(new Event('ping'))");
    assert_eq!(heard.len(), 1);
}

#[wasm_bindgen_test]
fn may_be_called_again_while_it_runs() {
    let heard = Heard::default();
    let into = heard.clone();
    let _listener = Listener::new(&target(), "ping", move |_| {
        into.push(());
        if into.len() < 3 {
            js("target.dispatchEvent(new Event('ping'))");
        }
    });
    js("target.dispatchEvent(new Event('ping'))");
    assert_eq!(heard.len(), 3);
}
