//! Web Locks.

use crate::world::{Heard, Replaced, settle, unique, until};
use oauth_sync::browser::Facility;
use oauth_sync::browser::lock::{Granted, LockRequest};
use wasm_bindgen_test::wasm_bindgen_test;

fn request(name: &str) -> (Result<LockRequest, Facility>, Heard<Granted>) {
    let heard = Heard::default();
    let into = heard.clone();
    (
        LockRequest::new(name, move |granted| into.push(granted)),
        heard,
    )
}

#[wasm_bindgen_test]
async fn goes_to_the_next_when_it_is_dropped() {
    let name = unique("lock");
    let (first, first_heard) = request(&name);
    until("the first holds it", || !first_heard.is_empty()).await;
    let (second, second_heard) = request(&name);
    settle().await;
    assert!(second_heard.is_empty(), "it is exclusive");
    drop(first);
    until("the second holds it", || !second_heard.is_empty()).await;
    assert_eq!(*second_heard.0.borrow(), [Granted::Held]);
    assert_eq!(
        *first_heard.0.borrow(),
        [Granted::Held],
        "letting go is no loss"
    );
    drop(second);
}

#[wasm_bindgen_test]
async fn waits_no_more_when_it_is_dropped() {
    let name = unique("lock");
    let (holder, holder_heard) = request(&name);
    until("the first holds it", || !holder_heard.is_empty()).await;
    let (waiting, waiting_heard) = request(&name);
    drop(waiting);
    drop(holder);
    let (last, last_heard) = request(&name);
    until("the third holds it", || !last_heard.is_empty()).await;
    assert!(waiting_heard.is_empty());
    drop(last);
}

#[wasm_bindgen_test]
async fn tells_of_a_thief() {
    let name = unique("lock");
    let (holder, heard) = request(&name);
    until("it is held", || !heard.is_empty()).await;
    crate::world::js(&format!(
        "navigator.locks.request('{name}', {{ steal: true }}, () => {{}})"
    ));
    until("it was stolen", || heard.len() == 2).await;
    assert_eq!(*heard.0.borrow(), [Granted::Held, Granted::Lost]);
    drop(holder);
}

#[wasm_bindgen_test]
fn says_where_there_are_none() {
    let missing = Replaced::with("Navigator.prototype", "locks", "{ get: () => undefined }");
    assert_eq!(request("name").0.err(), Some(Facility::Missing));
    drop(missing);
    let refused = Replaced::refused("Navigator.prototype", "locks");
    assert_eq!(request("name").0.err(), Some(Facility::Refused));
    drop(refused);
}

/// webcontainer-core#1690: a restricted frame rejects, and does not throw.
#[wasm_bindgen_test]
async fn says_when_a_request_is_rejected() {
    for source in [
        "{ request: () => Promise.reject(new DOMException('no', 'SecurityError')) }",
        "{ request: async () => { throw new DOMException('no', 'InvalidStateError'); } }",
        "{ request: () => undefined }",
    ] {
        let locks = Replaced::with(
            "Navigator.prototype",
            "locks",
            &format!("{{ get: () => ({source}) }}"),
        );
        let (_request, heard) = request("name");
        drop(locks);
        until(source, || !heard.is_empty()).await;
        assert_eq!(*heard.0.borrow(), [Granted::Refused], "{source}");
    }
    let throwing = Replaced::with("Navigator.prototype", "locks", "{ get: () => ({}) }");
    assert_eq!(request("name").0.err(), Some(Facility::Refused));
    drop(throwing);
}

/// supabase-js#2111: an orphaned lock, and a wait without end.
#[wasm_bindgen_test]
async fn can_be_dropped_while_nobody_answers() {
    let silent = Replaced::with(
        "Navigator.prototype",
        "locks",
        "{ get: () => ({ request: (name, options, granted) => { globalThis.late = granted; return new Promise(() => {}); } }) }",
    );
    let (request, heard) = request("name");
    drop(silent);
    drop(request);
    assert!(
        crate::world::js("late({ name: 'name' })").is_undefined(),
        "what comes late is given back"
    );
    assert!(heard.is_empty());
}
