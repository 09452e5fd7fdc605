//! The same suite for every way that a notice can come.

use crate::driver::{Window, endpoint, flow};
use crate::world::{js, settle, until};
use oauth_sync::proto::machine::{EventKind, Via};
use oauth_sync::proto::status::Status;
use wasm_bindgen_test::wasm_bindgen_test;

/// A way, and JavaScript that sends `notice` by it.
const TRANSPORTS: [(Via, &str); 3] = [
    (
        Via::PostMessage,
        "postMessage(notice, location.origin)",
    ),
    (
        Via::BroadcastChannel,
        "globalThis.sender?.close(); globalThis.sender = new BroadcastChannel(name); sender.postMessage(notice)",
    ),
    (
        Via::Storage,
        "let frame = document.body.appendChild(document.createElement('iframe'));
         frame.contentWindow.localStorage.setItem(`${name}:${notice?.flowId ?? 'p:0'}`, typeof notice === 'string' ? notice : JSON.stringify(notice));
         realTimeout(() => frame.remove(), 2000)",
    ),
];

fn send(way: &str, name: &str, notice: &str) {
    js(&format!(
        "((name, notice) => {{ {way} }})('{name}', {notice})"
    ));
}

fn success(id: &str) -> String {
    format!(
        "{{ type: 'oauth-complete', v: 1, id: '{id}', provider: 'github', success: true, flowId: 'flow-0001', integrationId: 'int_1', timestamp: Date.now() }}"
    )
}

#[wasm_bindgen_test]
async fn a_success_is_announced_once_and_acknowledged() {
    for (via, way) in TRANSPORTS {
        let window = Window::open(None);
        window.start("flow-0001");
        js(&format!(
            "globalThis.acks = []; globalThis.listener?.close(); globalThis.listener = new BroadcastChannel('{}');
             listener.onmessage = ({{ data }}) => {{ if (data.type === 'oauth-ack') acks.push(data.id + ' ' + Object.keys(localStorage).some((key) => key.startsWith('{}~') && key.includes(':completed:'))); }};",
            window.namespace, window.namespace
        ));
        send(way, &window.namespace, &success("notice-1"));
        until("completed", || {
            window.kinds().contains(&EventKind::Completed)
        })
        .await;
        assert_eq!(window.via(EventKind::Completed), Some(via));
        until("the acknowledgement", || js("acks.length > 0").is_truthy()).await;
        assert_eq!(js("acks[0]"), "notice-1 true", "stored first, by {via:?}");
        send(way, &window.namespace, &success("notice-1"));
        settle().await;
        let completed = window
            .kinds()
            .into_iter()
            .filter(|kind| *kind == EventKind::Completed);
        assert_eq!(completed.count(), 1, "{via:?}");
    }
}

#[wasm_bindgen_test]
async fn a_failure_is_announced() {
    for (via, way) in TRANSPORTS {
        let window = Window::open(None);
        window.start("flow-0001");
        send(
            way,
            &window.namespace,
            "{ type: 'oauth-failed', v: 1, id: 'n1', provider: 'github', success: false, flowId: 'flow-0001', error: { code: 'access_denied' }, timestamp: Date.now() }",
        );
        until("cancelled", || {
            window.kinds().contains(&EventKind::Cancelled)
        })
        .await;
        assert_eq!(window.via(EventKind::Cancelled), Some(via));
    }
}

/// A success is a reason to look, where somebody can be asked.
#[wasm_bindgen_test]
async fn a_forged_success_connects_nothing() {
    for (via, way) in TRANSPORTS {
        let window = Window::open(Some(endpoint("{ status: 'pending' }")));
        window.start("flow-0001");
        until("the first question", || js("asked.length > 0").is_truthy()).await;
        js("asked.length = 0");
        send(way, &window.namespace, &success("forged"));
        until("it looks", || js("asked.length > 0").is_truthy()).await;
        settle().await;
        assert_eq!(window.driver.flows()[0].status, Status::Pending, "{via:?}");
        assert!(!window.kinds().contains(&EventKind::Completed), "{via:?}");
    }
}

fn dropped(window: &Window) -> u32 {
    let dropped = window.driver.diagnostics().dropped;
    dropped.iter().map(|(_, count)| count).sum()
}

#[wasm_bindgen_test]
async fn what_cannot_be_used_is_counted() {
    for (via, way) in TRANSPORTS {
        let window = Window::open(None);
        window.start("flow-0001");
        let notices = [
            "{ type: 'oauth-complete', provider: 'github', success: 'yes', flowId: 'flow-0001' }",
            "{ type: 'oauth-complete', success: true, flowId: 'flow-0001' }",
            "{ type: 'oauth-complete', provider: 'x'.repeat(65), success: true, flowId: 'flow-0001' }",
            "{ type: 'oauth-complete', provider: 'github', success: true, flowId: 'flow-0001', integrations: Array(32).fill({ tool: 't'.repeat(60), id: 'i'.repeat(200) }) }",
            "{ type: 'something-else', flowId: 'flow-0001' }",
            "[]",
            "'{'",
            "null",
        ];
        for (all, notice) in (1..).zip(notices) {
            send(way, &window.namespace, notice);
            until(&format!("{notice} is counted ({via:?})"), || {
                dropped(&window) >= all
            })
            .await;
        }
        assert_eq!(window.driver.flows()[0].status, Status::Pending, "{via:?}");
    }
}

/// JSON of a cycle, or of something huge, would keep the page busy: 10,000 of them for minutes.
#[wasm_bindgen_test]
async fn what_stands_beside_the_fields_of_a_notice_is_not_looked_at() {
    for beside in [
        "get beside() { throw new Error('looked at'); }",
        "beside: globalThis",
        "beside: 10n",
    ] {
        let window = Window::open(None);
        window.start("flow-0001");
        js(&format!(
            "dispatchEvent(new MessageEvent('message', {{ origin: location.origin, data: {{ type: 'oauth-complete', provider: 'github', success: true, flowId: 'flow-0001', {beside} }} }}))"
        ));
        assert_eq!(
            window.driver.flows()[0].status,
            Status::Completed,
            "{beside}"
        );
    }
}

/// eliza#22410, react-use-oauth2#9: messages of other origins and of extensions.
#[wasm_bindgen_test]
async fn a_foreign_origin_is_counted_and_not_answered() {
    let window = Window::open(None);
    window.start("flow-0001");
    js(&format!(
        "globalThis.answered = false;
         dispatchEvent(new MessageEvent('message', {{ data: {}, origin: 'https://evil.example', source: null }}))",
        success("notice-1")
    ));
    assert_eq!(window.dropped("foreign_origin"), 1);
    assert_eq!(window.driver.flows()[0].status, Status::Pending);
}

#[wasm_bindgen_test]
async fn a_slot_that_was_written_meanwhile_is_found_at_the_start() {
    let before = Window::open(None);
    before.start("flow-0001");
    drop(before.driver);
    js(&format!(
        "localStorage.setItem('{}:flow-0001', JSON.stringify({}))",
        before.namespace,
        success("notice-1")
    ));
    let after = Window::in_namespace(&before.namespace, None);
    assert_eq!(after.driver.flows()[0].id, flow("flow-0001"));
    assert_eq!(after.driver.flows()[0].status, Status::Completed);
    assert_eq!(after.via(EventKind::Completed), Some(Via::Storage));
}

#[wasm_bindgen_test]
async fn a_failure_that_is_passed_on_leaves_a_success_in_its_slot() {
    let window = Window::open(None);
    window.start("flow-0001");
    let name = &window.namespace;
    let slot = || {
        js(&format!(
            "JSON.parse(localStorage.getItem('{name}:flow-0001') ?? 'null')?.success"
        ))
    };
    js(&format!(
        "localStorage.setItem('{name}:flow-0001', JSON.stringify({}))",
        success("n1")
    ));
    send(
        TRANSPORTS[0].1,
        name,
        "{ type: 'oauth-failed', v: 1, id: 'n2', provider: 'github', success: false, flowId: 'flow-0001', error: { code: 'access_denied' }, timestamp: Date.now() }",
    );
    until("cancelled", || {
        window.kinds().contains(&EventKind::Cancelled)
    })
    .await;
    assert_eq!(slot(), true);
}
