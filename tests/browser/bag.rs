//! Hostile values.

use crate::world::js;
use oauth_sync::browser::bag::JsBag;
use oauth_sync::proto::bag::{Bag, Value};
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::reply::Reply;
use wasm_bindgen_test::wasm_bindgen_test;

fn bag(source: &str) -> JsBag {
    JsBag::new(js(&format!("({source})"))).expect("an object")
}

#[wasm_bindgen_test]
fn reads_what_a_message_may_hold() {
    let bag = bag(
        "{ text: 'a', number: 1.5, flag: false, nothing: null, undefined, bag: { deep: 1 }, list: [{ a: 'b' }], empty: [] }",
    );
    assert!(matches!(bag.field("text"), Value::Text(text) if text == "a"));
    assert!(matches!(bag.field("number"), Value::Number(1.5)));
    assert!(matches!(bag.field("flag"), Value::Bool(false)));
    assert!(matches!(bag.field("nothing"), Value::Null));
    assert!(matches!(bag.field("undefined"), Value::Missing));
    assert!(matches!(bag.field("absent"), Value::Missing));
    assert!(matches!(bag.field("bag"), Value::Bag(bag) if bag.whole("deep") == Some(1)));
    assert!(
        matches!(bag.field("list"), Value::List(items) if items[0].text("a", 1).as_deref() == Some("b"))
    );
    assert!(matches!(bag.field("empty"), Value::List(items) if items.is_empty()));
}

#[wasm_bindgen_test]
fn takes_only_own_fields() {
    let poison = js("Object.prototype.poison = 'x'; 0");
    assert!(matches!(bag("{}").field("poison"), Value::Missing));
    assert!(matches!(
        bag("Object.create({ type: 'oauth-complete' })").field("type"),
        Value::Missing
    ));
    assert!(matches!(bag("{}").field("constructor"), Value::Missing));
    assert!(matches!(
        bag("JSON.parse('{\"__proto__\": {\"type\": \"x\"}}')").field("type"),
        Value::Missing
    ));
    js("delete Object.prototype.poison");
    drop(poison);
}

#[wasm_bindgen_test]
fn survives_what_throws() {
    for source in [
        "{ get field() { throw new Error('getter'); } }",
        "new Proxy({}, { getOwnPropertyDescriptor() { throw 1; }, get() { throw 2; } })",
        "new Proxy({ field: 1 }, { get() { throw 2; } })",
        "((revocable) => { revocable.revoke(); return revocable.proxy; })(Proxy.revocable({}, {}))",
        "new Map([['field', 1]])",
        "Object.freeze(Object.create(null))",
        "document",
        "globalThis.crossOriginLike = new Proxy({}, { has() { throw 1; }, ownKeys() { throw 1; } })",
    ] {
        assert!(
            matches!(bag(source).field("field"), Value::Missing),
            "{source}"
        );
    }
    let revoked = "((revocable) => { revocable.revoke(); return { field: revocable.proxy }; })(Proxy.revocable([], {}))";
    assert!(
        matches!(bag(revoked).field("field"), Value::Bag(inner) if matches!(inner.field("a"), Value::Missing))
    );
}

#[wasm_bindgen_test]
fn bounds_before_it_copies() {
    for source in [
        "{ field: 'x'.repeat(2049) }",
        "{ field: 'x'.repeat(50_000_000) }",
        "{ field: Array(33).fill({}) }",
        "{ field: Array(1e9) }",
        "{ field: [1] }",
        "{ field: [[]].concat(['text']) }",
        "{ field: [{}, , {}] }",
        "{ field: Symbol('s') }",
        "{ field: 10n }",
        "{ field: () => {} }",
        "{ field: new Proxy([], { get() { throw 1; } }) }",
        "{ field: new Proxy([], { get: (list, name) => name === 'length' ? Infinity : 0 }) }",
        "{ field: new Proxy([], { get: (list, name) => name === 'length' ? -1 : 0 }) }",
    ] {
        assert!(
            matches!(bag(source).field("field"), Value::Other),
            "{source}"
        );
    }
    assert!(matches!(
        bag("{ field: 'x'.repeat(2048) }").field("field"),
        Value::Text(_)
    ));
}

#[wasm_bindgen_test]
fn takes_a_text_that_is_no_unicode() {
    assert!(
        matches!(bag(r"{ field: 'a\uD800b' }").field("field"), Value::Text(text) if text == "a\u{fffd}b")
    );
}

#[wasm_bindgen_test]
fn is_an_object_or_nothing() {
    for source in [
        "1",
        "'text'",
        "null",
        "undefined",
        "true",
        "Symbol()",
        "1n",
        "() => {}",
    ] {
        assert!(JsBag::new(js(&format!("({source})"))).is_none(), "{source}");
    }
}

#[wasm_bindgen_test]
fn a_cycle_is_read_as_far_as_it_is_asked_for() {
    let cyclic = bag(
        "((a) => { a.error = a; a.integrations = [a]; return a; })({ type: 'oauth-failed', success: false, provider: 'p' })",
    );
    assert!(Notice::read(&cyclic, Form::Message).is_some());
    assert!(Reply::read(&cyclic).is_none());
}
