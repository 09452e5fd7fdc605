//! The driver: order, borrows, and nothing left behind.

use crate::world::{Heard, Ledger, NOTHING, Replaced, function, js, locks, settle, unique, until};
use oauth_sync::browser::{Driver, LogEntry, Options, Source};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::{Config, Event, EventKind, Input, Poller, Start, Via, WindowHint};
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_test::wasm_bindgen_test;

/// A driver with a namespace of its own, and what it has told.
pub struct Window {
    pub driver: Driver,
    pub namespace: String,
    pub events: Heard<Event>,
    pub logs: Heard<LogEntry>,
}

impl Window {
    pub fn open(source: Option<Source>) -> Self {
        Self::in_namespace(&unique("ns"), source)
    }

    pub fn in_namespace(namespace: &str, source: Option<Source>) -> Self {
        Self::with(Options {
            config: Config {
                namespace: namespace.to_owned(),
                confirm: true,
                ..Config::default()
            },
            source,
            ..Options::default()
        })
    }

    pub fn with(options: Options) -> Self {
        let namespace = options.config.namespace.clone();
        let (events, logs) = (Heard::default(), Heard::default());
        let (events_into, logs_into) = (events.clone(), logs.clone());
        let driver = Driver::new(
            options,
            move |batch| {
                for event in batch {
                    events_into.push(event);
                }
            },
            move |entry| logs_into.push(entry),
        );
        Self {
            driver,
            namespace,
            events,
            logs,
        }
    }

    pub fn start(&self, id: &str) {
        self.driver.feed(Input::Start(start(id)));
    }

    pub fn kinds(&self) -> Vec<EventKind> {
        self.events
            .0
            .borrow()
            .iter()
            .map(|event| event.kind)
            .collect()
    }

    pub fn via(&self, kind: EventKind) -> Option<Via> {
        let events = self.events.0.borrow();
        events
            .iter()
            .find(|event| event.kind == kind)
            .map(|event| event.via)
    }

    pub fn dropped(&self, reason: &str) -> u32 {
        let dropped = self.driver.diagnostics().dropped;
        dropped
            .iter()
            .find(|(known, _)| *known == reason)
            .map_or(0, |(_, count)| *count)
    }
}

pub fn start(id: &str) -> Start {
    Start {
        flow_id: flow(id),
        provider: "github".to_owned(),
        started_at: wall(),
        window: WindowHint::Open,
        href: Some("https://provider.example/".to_owned()),
        app_state: None,
        retry_of: None,
    }
}

pub fn flow(id: &str) -> FlowId {
    FlowId::parse(id.to_owned()).expect("a flow id")
}

fn wall() -> Millis {
    oauth_sync::browser::clock::Clock::default().now().wall
}

/// Says what a fake status endpoint answers, as an expression, until the next call.
pub fn endpoint(reply: &str) -> Source {
    js(&format!(
        "globalThis.reply = () => ({reply}); globalThis.asked = []"
    ));
    Source::Function(function(
        "async ({ flowId }) => { asked.push(flowId); return reply(); }",
    ))
}

#[wasm_bindgen_test]
async fn asks_and_announces() {
    let window = Window::open(Some(endpoint("{ status: 'pending' }")));
    window.start("flow-0001");
    until("a question", || js("asked.length > 0").is_truthy()).await;
    js("reply = () => ({ status: 'completed', integrationId: 7 })");
    let _ = window.driver.check(None);
    until("completed", || {
        window.kinds().contains(&EventKind::Completed)
    })
    .await;
    assert_eq!(window.via(EventKind::Completed), Some(Via::Poll));
    let flows = window.driver.flows();
    assert_eq!(flows[0].status, Status::Completed);
    assert_eq!(flows[0].outcome.integration_id.as_deref(), Some("7"));
}

#[wasm_bindgen_test]
async fn finds_again_what_was_there_before() {
    let before = Window::open(None);
    before.start("flow-0001");
    drop(before.driver);
    let after = Window::in_namespace(&before.namespace, None);
    assert_eq!(after.driver.flows()[0].id, flow("flow-0001"));
    assert!(after.driver.flows()[0].started_here);
}

#[wasm_bindgen_test]
async fn shows_a_flow_in_every_window_and_lets_one_ask() {
    let source = endpoint("{ status: 'pending' }");
    let first = Window::open(Some(source.clone()));
    let second = Window::in_namespace(&first.namespace, Some(source));
    until("one polls", || {
        first.driver.diagnostics().poller == Poller::This
    })
    .await;
    second.start("flow-0001");
    until("the other sees it", || !first.driver.flows().is_empty()).await;
    js("reply = () => ({ status: 'completed' })");
    until("both know", || {
        [&first, &second]
            .iter()
            .all(|window| window.kinds().contains(&EventKind::Completed))
    })
    .await;
    assert_eq!(second.driver.diagnostics().poller, Poller::Other);
    drop(first.driver);
    until("the other takes over", || {
        second.driver.diagnostics().poller == Poller::This
    })
    .await;
}

#[wasm_bindgen_test]
async fn leaves_nothing_behind() {
    let ledger = Ledger::open();
    let window = Window::open(Some(endpoint("new Promise(() => {})")));
    window.start("flow-0001");
    window
        .driver
        .watch(flow("flow-0001"), js("({ closed: false })"));
    until("a question", || js("asked.length > 0").is_truthy()).await;
    assert_ne!(
        ledger.balance(),
        NOTHING,
        "the ledger sees what is attached"
    );
    let namespace = window.namespace.clone();
    window.driver.close();
    assert_eq!(ledger.balance(), NOTHING);
    window.driver.close();
    drop(window);
    settle().await;
    assert_eq!(locks(&namespace).await, 0);
}

#[wasm_bindgen_test]
async fn does_nothing_after_it_was_closed() {
    let window = Window::open(Some(endpoint("{ status: 'completed' }")));
    window.driver.close();
    window.start("flow-0001");
    wasm_bindgen_futures::JsFuture::from(window.driver.check(None))
        .await
        .expect("it resolves");
    settle().await;
    assert!(window.events.is_empty());
    assert_eq!(js("asked.length"), 0);
}

#[wasm_bindgen_test]
async fn a_check_that_waits_is_answered_when_it_is_closed() {
    let window = Window::open(Some(endpoint("new Promise(() => {})")));
    window.start("flow-0001");
    let promise = window.driver.check(Some(flow("flow-0001")));
    window.driver.close();
    wasm_bindgen_futures::JsFuture::from(promise)
        .await
        .expect("it resolves");
}

/// supabase auth-js#762: a client that was called from inside its own listener stood still for ever.
#[wasm_bindgen_test]
async fn a_listener_may_call_anything() {
    let slot: Rc<RefCell<Option<Driver>>> = Rc::default();
    let (own, heard) = (slot.clone(), Heard::default());
    let into = heard.clone();
    let driver = Driver::new(
        Options {
            config: Config {
                namespace: unique("ns"),
                ..Config::default()
            },
            ..Options::default()
        },
        move |events| {
            let driver = own.borrow();
            let Some(driver) = driver.as_ref() else {
                return;
            };
            for event in events {
                if event.kind == EventKind::Started {
                    driver.feed(Input::Cancel {
                        flow_id: event.flow.id.clone(),
                    });
                    assert_eq!(driver.flows()[0].status, Status::Cancelled, "at once");
                }
                into.push((event.seq, event.kind));
            }
        },
        |_| {},
    );
    *slot.borrow_mut() = Some(driver);
    slot.borrow()
        .as_ref()
        .expect("set above")
        .feed(Input::Start(start("flow-0001")));
    let heard = heard.0.borrow();
    assert!(heard.iter().any(|(_, kind)| *kind == EventKind::Cancelled));
    assert!(
        heard.is_sorted_by_key(|(seq, _)| *seq),
        "in order: {heard:?}"
    );
}

#[wasm_bindgen_test]
async fn code_of_the_app_that_calls_back_while_we_perform_is_next_in_line() {
    let window = Rc::new(Window::open(Some(endpoint("new Promise(() => {})"))));
    window.start("flow-0001");
    until("a question", || js("asked.length > 0").is_truthy()).await;
    // A patched setItem, as error trackers put in, that calls the app, which calls us.
    let again = window.clone();
    let call = wasm_bindgen::closure::Closure::<dyn Fn()>::new(move || {
        again.driver.feed(Input::Wake);
        again.driver.close();
        let _ = again.driver.flows();
    });
    js_sys::Reflect::set(&js_sys::global(), &"callBack".into(), call.as_ref()).expect("a global");
    let patched = Replaced::value("Storage.prototype", "setItem", "() => callBack()");
    window.start("flow-0002");
    drop(patched);
}

#[wasm_bindgen_test]
async fn a_cancel_closes_the_window_and_tells_the_server() {
    js(
        "globalThis.posted = []; globalThis.popup = { closed: false, close() { this.closed = true; } }",
    );
    let window = Window::with(Options {
        config: Config {
            namespace: unique("ns"),
            ..Config::default()
        },
        fetch: Some(function(
            "async (url, init) => { posted.push(init.method + ' ' + url); return new Response(); }",
        )),
        cancel_url: Some("/flows/{flow}/cancel".to_owned()),
        ..Options::default()
    });
    window.start("flow-0001");
    window.driver.watch(flow("flow-0001"), js("popup"));
    window.driver.feed(Input::Cancel {
        flow_id: flow("flow-0001"),
    });
    assert!(js("popup.closed").is_truthy());
    until("the word", || js("posted.length") == 1).await;
    assert_eq!(js("posted[0]"), "POST /flows/flow-0001/cancel");
}

#[wasm_bindgen_test]
async fn a_window_that_reads_as_closed_settles_nothing() {
    let window = Window::open(Some(endpoint("{ status: 'pending' }")));
    window.start("flow-0001");
    window
        .driver
        .watch(flow("flow-0001"), js("({ closed: true })"));
    until("it is noticed", || {
        window.kinds().contains(&EventKind::WindowClosed)
    })
    .await;
    assert_eq!(window.driver.flows()[0].status, Status::Pending);
    assert_eq!(window.driver.flows()[0].window, Some(WindowHint::Closed));
}
