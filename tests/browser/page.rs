//! The life of a page.

use crate::world::{Heard, Replaced, js};
use oauth_sync::browser::page::{Moment, Page};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn tells_every_moment_until_it_is_dropped() {
    let heard = Heard::default();
    let into = heard.clone();
    let page = Page::watch(move |moment| into.push(moment));
    assert!(page.is_some());
    let hidden = Replaced::with("Document.prototype", "hidden", "{ get: () => true }");
    js("document.dispatchEvent(new Event('visibilitychange'))");
    drop(hidden);
    let shown = Replaced::with("Document.prototype", "hidden", "{ get: () => false }");
    js("document.dispatchEvent(new Event('visibilitychange'));
        for (const name of ['focus', 'online', 'pagehide']) dispatchEvent(new Event(name));
        dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));
        dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
        for (const name of ['freeze', 'resume']) document.dispatchEvent(new Event(name));");
    drop(shown);
    let all = [
        Moment::Visible(false),
        Moment::Visible(true),
        Moment::Focus,
        Moment::Online,
        Moment::Hide,
        Moment::Show,
        Moment::Freeze,
        Moment::Resume,
    ];
    assert_eq!(*heard.0.borrow(), all);
    drop(page);
    js("dispatchEvent(new Event('focus')); document.dispatchEvent(new Event('resume'))");
    assert_eq!(heard.len(), all.len());
}
