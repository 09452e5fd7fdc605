//! localStorage and sessionStorage.

use crate::world::{Heard, Replaced, js, settle, unique, until};
use js_sys::JsString;
use oauth_sync::browser::Facility;
use oauth_sync::browser::storage::Storage;
use oauth_sync::proto::machine::Area;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const AREAS: [(Area, &str); 2] = [
    (Area::Local, "localStorage"),
    (Area::Session, "sessionStorage"),
];

#[wasm_bindgen_test]
fn writes_reads_lists_and_removes() {
    for (area, _) in AREAS {
        let storage = Storage::open(area).expect("storage is here");
        let key = unique("key");
        assert!(storage.write(&key, &JsString::from("{}")));
        assert!(storage.keys().contains(&key));
        assert_eq!(storage.read(&key), "{}");
        storage.remove(&key);
        assert!(storage.read(&key).is_null());
    }
}

#[wasm_bindgen_test]
fn says_whether_it_is_missing_or_refused() {
    for (area, name) in AREAS {
        let refused = Replaced::refused("globalThis", name);
        assert_eq!(Storage::open(area).err(), Some(Facility::Refused), "{name}");
        drop(refused);
        // Firefox with `dom.storage.enabled` off.
        let missing = Replaced::with("globalThis", name, "{ get: () => null }");
        assert_eq!(Storage::open(area).err(), Some(Facility::Missing), "{name}");
        drop(missing);
        assert!(Storage::open(area).is_ok(), "{name}");
    }
}

/// oidc-client-ts#466
#[wasm_bindgen_test]
fn says_when_the_quota_is_full() {
    let storage = Storage::open(Area::Local).expect("storage is here");
    let full = Replaced::value(
        "Storage.prototype",
        "setItem",
        "() => { throw new DOMException('full', 'QuotaExceededError'); }",
    );
    assert!(!storage.write("key", &JsString::from("{}")));
    drop(full);
}

#[wasm_bindgen_test]
fn survives_a_storage_that_throws_from_everything() {
    let storage = Storage::open(Area::Local).expect("storage is here");
    let throwing = ["getItem", "removeItem", "key"].map(|name| {
        Replaced::value(
            "Storage.prototype",
            name,
            "() => { throw new Error('no'); }",
        )
    });
    js("localStorage.setItem('throwing', '1')");
    assert!(storage.keys().is_empty());
    assert!(storage.read("throwing").is_null());
    storage.remove("throwing");
    drop(throwing);
    js("localStorage.removeItem('throwing')");
}

#[wasm_bindgen_test]
fn passes_over_keys_that_are_too_long_to_be_ours() {
    js("localStorage.setItem('x'.repeat(600), '1')");
    let keys = Storage::open(Area::Local).expect("storage is here").keys();
    assert!(keys.iter().all(|key| key.len() <= 512));
    js("localStorage.removeItem('x'.repeat(600))");
}

#[wasm_bindgen_test]
async fn hears_the_writes_of_other_documents_alone() {
    let (key, heard) = (unique("key"), Heard::default());
    let into = heard.clone();
    let storage = Storage::open(Area::Local).expect("storage is here");
    let listener = storage.listen(move |key, text| into.push((key, text)));
    js(&format!(
        "globalThis.frame = document.body.appendChild(document.createElement('iframe'));
         localStorage.setItem('{key}', 'own');
         frame.contentWindow.sessionStorage.setItem('{key}', 'tab');
         frame.contentWindow.localStorage.setItem('{key}', 'first');
         frame.contentWindow.localStorage.removeItem('{key}');
         frame.contentWindow.localStorage.setItem('{key}', 'second');"
    ));
    let texts = || -> Vec<String> {
        let heard = heard.0.borrow();
        let ours = heard.iter().filter(|(heard, _)| *heard == key);
        ours.filter_map(|(_, text): &(String, JsValue)| text.as_string())
            .collect()
    };
    until("both writes", || texts().len() == 2).await;
    assert_eq!(texts(), ["first", "second"]);

    drop(listener);
    js(&format!(
        "frame.contentWindow.localStorage.setItem('{key}', 'third')"
    ));
    settle().await;
    assert_eq!(texts().len(), 2);
    js(&format!(
        "frame.remove(); localStorage.removeItem('{key}'); sessionStorage.removeItem('{key}')"
    ));
}

#[wasm_bindgen_test]
fn takes_a_clear_and_events_that_are_no_storage_events() {
    let heard = Heard::default();
    let into = heard.clone();
    let storage = Storage::open(Area::Local).expect("storage is here");
    let _listener = storage.listen(move |key, _| into.push(key));
    js("dispatchEvent(new StorageEvent('storage', { key: null, storageArea: localStorage }));
        dispatchEvent(new StorageEvent('storage', { key: 'k', newValue: null, storageArea: localStorage }));
        dispatchEvent(new StorageEvent('storage', { key: 'k', newValue: '1', storageArea: sessionStorage }));
        dispatchEvent(new Event('storage'));");
    assert!(heard.is_empty());
}
