//! What the tests share: waiting for a condition, and parts of the page that are replaced and put back.

use js_sys::{Function, Object, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Runs a piece of JavaScript.
pub fn js(source: &str) -> JsValue {
    // The real timers, under names that nobody replaces.
    let _ = js_sys::eval(
        "globalThis.realTimeout ??= setTimeout.bind(globalThis); globalThis.realClear ??= clearTimeout.bind(globalThis)",
    );
    js_sys::eval(source).unwrap_or_else(|error| panic!("{source}: {error:?}"))
}

/// A function of JavaScript, from its source.
pub fn function(source: &str) -> Function {
    js(&format!("({source})")).unchecked_into()
}

/// Waits until `condition` holds; fails after some seconds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        turn().await;
    }
    panic!("never: {what}");
}

/// Lets everything run that is due: a task, and the tasks that other documents have posted.
pub async fn turn() {
    let promise = js("new Promise((resolve) => realTimeout(resolve, 4))");
    JsFuture::from(promise.unchecked_into::<js_sys::Promise>())
        .await
        .expect("a timer resolves");
}

/// Waits for a round trip over a channel of its own: what was posted or written before has been told by then.
pub async fn settle() {
    let promise = js("new Promise((resolve) => {
        const name = 'settle' + Math.random(), near = new BroadcastChannel(name), far = new BroadcastChannel(name);
        near.onmessage = () => { near.close(); far.close(); realTimeout(resolve, 20); };
        far.postMessage(0);
    })");
    JsFuture::from(promise.unchecked_into::<js_sys::Promise>())
        .await
        .expect("a message arrives");
}

/// How many locks of a namespace are held or waited for.
pub async fn locks(namespace: &str) -> usize {
    let query = js(&format!(
        "navigator.locks.query().then(({{ held, pending }}) =>
            [...held, ...pending].filter((lock) => lock.name.startsWith('{namespace}~')))"
    ));
    let locks = JsFuture::from(query.unchecked_into::<js_sys::Promise>()).await;
    js_sys::Array::from(&locks.expect("locks are here")).length() as usize
}

/// A name that no other test uses.
pub fn unique(prefix: &str) -> String {
    format!(
        "{prefix}-{}",
        js("Math.random().toString(36).slice(2)")
            .as_string()
            .unwrap_or_default()
    )
}

/// Something that a callback puts things into.
pub struct Heard<T>(pub Rc<RefCell<Vec<T>>>);

impl<T> Clone for Heard<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Heard<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T: 'static> Heard<T> {
    pub fn push(&self, value: T) {
        self.0.borrow_mut().push(value);
    }
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A property that stands for another until it is dropped.
#[must_use]
pub struct Replaced {
    target: JsValue,
    name: String,
    descriptor: JsValue,
}

impl Replaced {
    /// Replaces `name` of `target` by the property that the descriptor in `source` makes.
    pub fn with(target: &str, name: &str, source: &str) -> Self {
        let target = js(target);
        let object: &Object = target.unchecked_ref();
        let descriptor =
            Reflect::get_own_property_descriptor(object, &name.into()).expect("an object");
        let replacement = js(&format!("({{ configurable: true, ...({source}) }})"));
        Reflect::define_property(object, &name.into(), replacement.unchecked_ref())
            .expect("the property is configurable");
        Self {
            target,
            name: name.to_owned(),
            descriptor,
        }
    }

    /// A getter that throws, as where site data are blocked.
    pub fn refused(target: &str, name: &str) -> Self {
        Self::with(
            target,
            name,
            "{ get() { throw new DOMException('refused', 'SecurityError'); } }",
        )
    }

    /// A plain value.
    pub fn value(target: &str, name: &str, source: &str) -> Self {
        Self::with(
            target,
            name,
            &format!("{{ writable: true, value: {source} }}"),
        )
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let object: &Object = self.target.unchecked_ref();
        if self.descriptor.is_undefined() {
            let _ = Reflect::delete_property(object, &self.name.as_str().into());
        } else {
            let _ = Reflect::define_property(
                object,
                &self.name.as_str().into(),
                self.descriptor.unchecked_ref(),
            );
        }
    }
}

/// Counts listeners, channels and timers that are made and undone while it lives.
#[must_use]
pub struct Ledger(#[expect(dead_code, reason = "put back when it is dropped")] [Replaced; 6]);

impl Ledger {
    pub fn open() -> Self {
        js("globalThis.ledger = { listeners: 0, channels: 0, timers: new Set() }");
        let target = "EventTarget.prototype";
        let wrap = |name: &str, change: &str| {
            format!(
                "{{ writable: true, value: ((real) => function (...args) {{ {change}; return real.apply(this, args); }})({target}.{name}) }}"
            )
        };
        Self([
            Replaced::with(
                target,
                "addEventListener",
                &wrap("addEventListener", "ledger.listeners++"),
            ),
            Replaced::with(
                target,
                "removeEventListener",
                &wrap("removeEventListener", "ledger.listeners--"),
            ),
            Replaced::value(
                "globalThis",
                "BroadcastChannel",
                "class extends BroadcastChannel { constructor(name) { super(name); ledger.channels++; } }",
            ),
            Replaced::value(
                "BroadcastChannel.prototype",
                "close",
                "function () { ledger.channels--; Object.getPrototypeOf(BroadcastChannel.prototype).close.call(this); }",
            ),
            Replaced::value(
                "globalThis",
                "setTimeout",
                "(run, delay) => { const id = realTimeout(() => { ledger.timers.delete(id); run(); }, delay); ledger.timers.add(id); return id; }",
            ),
            Replaced::value(
                "globalThis",
                "clearTimeout",
                "(id) => { ledger.timers.delete(id); realClear(id); }",
            ),
        ])
    }

    /// What has been made and not undone.
    pub fn balance(&self) -> String {
        js("`${ledger.listeners} listeners, ${ledger.channels} channels, ${ledger.timers.size} timers`")
            .as_string()
            .unwrap_or_default()
    }
}

/// What a ledger says when nothing was left behind.
pub const NOTHING: &str = "0 listeners, 0 channels, 0 timers";
