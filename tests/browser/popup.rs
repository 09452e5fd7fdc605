//! The windows that were opened here.

use crate::world::{Heard, js, until};
use oauth_sync::browser::popup::Popups;
use oauth_sync::proto::flow::FlowId;
use wasm_bindgen_test::wasm_bindgen_test;

fn flow(id: &str) -> FlowId {
    FlowId::parse(id.to_owned()).expect("a flow id")
}

fn watch() -> (Popups, Heard<FlowId>) {
    let heard = Heard::default();
    let into = heard.clone();
    (Popups::new(move |flow_id| into.push(flow_id)), heard)
}

#[wasm_bindgen_test]
async fn tells_once_that_a_window_reads_as_closed() {
    let (popups, heard) = watch();
    let window = js("globalThis.popup = { closed: false, close() { this.closed = true; } }");
    popups.watch(flow("flow-0001"), window);
    popups.watch(flow("flow-0002"), js("({ closed: true })"));
    until("the second", || heard.len() == 1).await;
    js("popup.closed = true");
    until("the first", || heard.len() == 2).await;
    assert_eq!(*heard.0.borrow(), [flow("flow-0002"), flow("flow-0001")]);
}

#[wasm_bindgen_test]
async fn closes_what_it_watches_without_telling() {
    let (popups, heard) = watch();
    for id in ["flow-0001", "flow-0002", "flow-0003"] {
        let window = js(&format!(
            "globalThis['{id}'] = {{ closed: false, close() {{ this.closed = true; }} }}"
        ));
        popups.watch(flow(id), window);
    }
    popups.close(Some(&flow("flow-0001")));
    assert_eq!(
        js("[1, 2, 3].map((n) => globalThis['flow-000' + n].closed).join()"),
        "true,false,false"
    );
    popups.close(None);
    assert_eq!(
        js("[1, 2, 3].map((n) => globalThis['flow-000' + n].closed).join()"),
        "true,true,true"
    );
    popups.watch(flow("flow-0004"), js("({ closed: true })"));
    until("the last", || !heard.is_empty()).await;
    assert_eq!(*heard.0.borrow(), [flow("flow-0004")]);
}

#[wasm_bindgen_test]
async fn watches_the_newest_window_of_a_flow() {
    let (popups, heard) = watch();
    popups.watch(flow("flow-0001"), js("({ closed: true })"));
    popups.watch(flow("flow-0001"), js("({ closed: false })"));
    popups.watch(flow("flow-0002"), js("({ closed: true })"));
    until("the other flow", || !heard.is_empty()).await;
    assert_eq!(*heard.0.borrow(), [flow("flow-0002")]);
}

#[wasm_bindgen_test]
async fn survives_handles_that_throw() {
    let (popups, heard) = watch();
    popups.watch(
        flow("flow-0001"),
        js("({ get closed() { throw 1; }, close() { throw 2; } })"),
    );
    popups.watch(flow("flow-0002"), js("undefined"));
    popups.watch(flow("flow-0003"), js("({ closed: true })"));
    until("the good one", || !heard.is_empty()).await;
    popups.close(None);
    assert_eq!(*heard.0.borrow(), [flow("flow-0003")]);
}
