//! What is missing or refused is said, and the rest goes on.

use crate::driver::{Window, endpoint};
use crate::world::{Replaced, js, locks, settle, until};
use oauth_sync::browser::Facility;
use oauth_sync::proto::machine::{EventKind, Poller};
use wasm_bindgen_test::wasm_bindgen_test;

/// Whether a flow can be started, checked and completed.
async fn works(window: &Window) {
    window.start("flow-0001");
    until("completed", || {
        window.kinds().contains(&EventKind::Completed)
    })
    .await;
}

#[wasm_bindgen_test]
async fn goes_on_without_storage() {
    for (source, state) in [
        (
            "{ get() { throw new DOMException('no', 'SecurityError'); } }",
            Facility::Refused,
        ),
        ("{ get: () => null }", Facility::Missing),
    ] {
        let local = Replaced::with("globalThis", "localStorage", source);
        let session = Replaced::with("globalThis", "sessionStorage", source);
        let window = Window::open(Some(endpoint("{ status: 'completed' }")));
        works(&window).await;
        drop((local, session));
        let found = window.driver.diagnostics().facilities;
        assert_eq!((found.local_storage, found.session_storage), (state, state));
        assert!(window.dropped("unstored") > 0);
        assert!(
            window
                .logs
                .0
                .borrow()
                .iter()
                .any(|entry| entry.code == "local_storage")
        );
    }
}

#[wasm_bindgen_test]
async fn goes_on_with_a_full_storage() {
    let full = Replaced::value(
        "Storage.prototype",
        "setItem",
        "() => { throw new DOMException('full', 'QuotaExceededError'); }",
    );
    let window = Window::open(Some(endpoint("{ status: 'completed' }")));
    works(&window).await;
    drop(full);
    assert_eq!(
        window.driver.diagnostics().facilities.local_storage,
        Facility::Refused
    );
    assert!(window.dropped("unstored") > 0);
}

#[wasm_bindgen_test]
async fn goes_on_without_channels() {
    let missing = Replaced::value("globalThis", "BroadcastChannel", "undefined");
    let window = Window::open(Some(endpoint("{ status: 'completed' }")));
    drop(missing);
    works(&window).await;
    assert_eq!(
        window.driver.diagnostics().facilities.broadcast_channel,
        Facility::Missing
    );
}

#[wasm_bindgen_test]
async fn goes_on_without_locks() {
    for (locks, state) in [
        ("undefined", Facility::Missing),
        (
            "({ request: () => Promise.reject(new DOMException('no', 'SecurityError')) })",
            Facility::Refused,
        ),
        (
            "({ request: () => { throw new Error('no'); } })",
            Facility::Refused,
        ),
        ("({ request: () => new Promise(() => {}) })", Facility::Ok),
    ] {
        let replaced = Replaced::with(
            "Navigator.prototype",
            "locks",
            &format!("{{ get: () => {locks} }}"),
        );
        let window = Window::open(Some(endpoint("{ status: 'completed' }")));
        works(&window).await;
        drop(replaced);
        assert_eq!(
            window.driver.diagnostics().facilities.locks,
            state,
            "{locks}"
        );
    }
}

#[wasm_bindgen_test]
async fn says_that_nothing_is_wrong() {
    let window = Window::open(Some(endpoint("{ status: 'completed' }")));
    works(&window).await;
    let diagnostics = window.driver.diagnostics();
    assert_eq!(
        diagnostics.facilities,
        oauth_sync::browser::Facilities::default()
    );
    assert!(diagnostics.dropped.is_empty(), "{:?}", diagnostics.dropped);
}

/// whatwg/html#7253, MSAL#5908: stuck after Back.
#[wasm_bindgen_test]
async fn a_page_that_is_kept_holds_nothing_and_comes_back() {
    let window = Window::open(Some(endpoint("{ status: 'pending' }")));
    let other = Window::in_namespace(&window.namespace, Some(endpoint("{ status: 'pending' }")));
    until("it polls", || {
        window.driver.diagnostics().poller == Poller::This
    })
    .await;
    let only_this = |name: &str, target: &str| {
        js(&format!(
            "{target}.dispatchEvent(new PageTransitionEvent('{name}', {{ persisted: true }}))"
        ));
    };
    drop(other.driver);
    only_this("pagehide", "window");
    settle().await;
    assert_eq!(locks(&window.namespace).await, 0, "the lock is free");
    let before = window.driver.diagnostics().dropped.len();
    js(&format!(
        "{{ const channel = new BroadcastChannel('{}'); channel.postMessage('?'); channel.close(); }}",
        window.namespace
    ));
    settle().await;
    assert_eq!(
        window.driver.diagnostics().dropped.len(),
        before,
        "the channel is closed"
    );

    only_this("pageshow", "window");
    until("it polls again", || {
        window.driver.diagnostics().poller == Poller::This
    })
    .await;
    js(&format!(
        "{{ const channel = new BroadcastChannel('{}'); channel.postMessage('?'); channel.close(); }}",
        window.namespace
    ));
    until("the channel is open", || {
        window.driver.diagnostics().dropped.len() > before
    })
    .await;
}

/// A frozen page keeps its channels: what is said meanwhile is told when it runs again.
#[wasm_bindgen_test]
async fn a_frozen_page_lets_go_of_the_lock_alone() {
    let window = Window::open(Some(endpoint("{ status: 'pending' }")));
    until("it polls", || {
        window.driver.diagnostics().poller == Poller::This
    })
    .await;
    js("document.dispatchEvent(new Event('freeze'))");
    settle().await;
    assert_eq!(locks(&window.namespace).await, 0);
    js("document.dispatchEvent(new Event('resume'))");
    until("it polls again", || {
        window.driver.diagnostics().poller == Poller::This
    })
    .await;
    assert_eq!(locks(&window.namespace).await, 1);
}

#[wasm_bindgen_test]
async fn a_wake_asks_at_once() {
    let window = Window::open(Some(endpoint("{ status: 'pending' }")));
    window.start("flow-0001");
    for event in ["focus", "online"] {
        until("quiet", || js("asked.length > 0").is_truthy()).await;
        js(&format!(
            "asked.length = 0; dispatchEvent(new Event('{event}'))"
        ));
        until(event, || js("asked.length > 0").is_truthy()).await;
    }
}
