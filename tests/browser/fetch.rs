//! Questions to the status endpoint.

use crate::world::{Heard, Replaced, function, js, settle, until};
use oauth_sync::browser::Source;
use oauth_sync::browser::fetch::{Answer, Check, Question, tell_cancel};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::reply::Standing;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::Millis;
use wasm_bindgen_test::wasm_bindgen_test;

fn flow() -> FlowId {
    FlowId::parse("flow-0001".to_owned()).expect("a flow id")
}

fn question() -> Question {
    Question {
        flow_id: flow(),
        provider: "a&b/ö".to_owned(),
        since: Millis(1000),
        now: Millis(2500),
    }
}

fn ask(source: &Source, fetch: Option<&str>) -> (Check, Heard<Answer>) {
    let heard = Heard::default();
    let into = heard.clone();
    let fetch = fetch.map(function);
    let check = Check::new(source, fetch.as_ref(), question(), move |answer| {
        into.push(answer)
    });
    (check, heard)
}

async fn answer(source: &Source, fetch: Option<&str>) -> Answer {
    let (_check, heard) = ask(source, fetch);
    until("an answer", || !heard.is_empty()).await;
    settle().await;
    assert_eq!(heard.len(), 1, "once");
    let answer = heard.0.borrow().first().cloned();
    answer.expect("checked above")
}

fn url(url: &str) -> Source {
    Source::Url(url.to_owned())
}

async fn answer_to(response: &str) -> Answer {
    let fetch = format!("async () => {response}");
    answer(&url("/status"), Some(&fetch)).await
}

fn standing(answer: &Answer) -> Option<Standing> {
    match answer {
        Answer::Reply(reply) => Some(reply.standing),
        Answer::Failed { .. } | Answer::Spoken(_) => None,
    }
}

#[wasm_bindgen_test]
async fn asks_as_the_contract_says() {
    let fetch = "async (url, init) => {
        globalThis.asked = { url, ...init, signal: init.signal instanceof AbortSignal };
        return Response.json({ status: 'pending' });
    }";
    for (address, asked) in [
        ("/status", "/status?"),
        (
            "https://app.example/s?a=1#part",
            "https://app.example/s?a=1&",
        ),
    ] {
        let answer = answer(&url(address), Some(fetch)).await;
        assert_eq!(standing(&answer), Some(Standing::Known(Status::Pending)));
        assert_eq!(
            js("asked.url").as_string().unwrap_or_default(),
            format!("{asked}flow=flow-0001&provider=a%26b%2F%C3%B6&since=1000&now=2500")
        );
    }
    assert_eq!(
        js(
            "JSON.stringify([asked.method, asked.cache, asked.redirect, asked.credentials, asked.headers.Accept, asked.signal])"
        ),
        r#"["GET","no-store","error","same-origin","application/json",true]"#
    );
}

#[wasm_bindgen_test]
async fn looks_the_global_up_at_each_call() {
    for status in ["pending", "failed"] {
        let fetch = format!("async () => Response.json({{ status: '{status}' }})");
        let global = Replaced::value("globalThis", "fetch", &fetch);
        let answer = answer(&url("/status"), None).await;
        drop(global);
        assert_eq!(
            standing(&answer),
            Status::parse(status).map(Standing::Known)
        );
    }
}

#[wasm_bindgen_test]
async fn understands_every_status_of_http() {
    let failed = |retry_after| Answer::Failed { retry_after };
    let json = "{ 'content-type': 'application/json' }";
    for (response, expected) in [
        ("new Response('no', { status: 500 })".to_owned(), failed(None)),
        ("new Response('no', { status: 401 })".to_owned(), failed(None)),
        ("new Response(null, { status: 204 })".to_owned(), failed(None)),
        ("Response.error()".to_owned(), failed(None)),
        ("new Response('{}', { status: 429 })".to_owned(), failed(None)),
        (
            "new Response('', { status: 429, headers: { 'Retry-After': ' 120 ' } })".to_owned(),
            failed(Some(Millis::seconds(120))),
        ),
        (
            "new Response('', { status: 503, headers: { 'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT' } })".to_owned(),
            failed(Some(Millis::ZERO)),
        ),
        (
            "new Response('', { status: 503, headers: { 'Retry-After': 'soon' } })".to_owned(),
            failed(None),
        ),
        ("new Response('<html>', { headers: { 'content-type': 'text/html' } })".to_owned(), failed(None)),
        ("new Response('{\"status\": \"pending\"}')".to_owned(), failed(None)),
        (format!("new Response('{{\"status\": \"pen', {{ headers: {json} }})"), failed(None)),
        (format!("new Response('[]', {{ headers: {json} }})"), failed(None)),
        (format!("new Response('null', {{ headers: {json} }})"), failed(None)),
        (format!("new Response('{{\"status\": \"odd\"}}', {{ headers: {json} }})"), failed(None)),
        (
            format!("new Response(' '.repeat(300000) + '{{\"status\": \"pending\"}}', {{ headers: {json} }})"),
            failed(None),
        ),
        (
            "new Response('{\"status\": \"pending\"}', { headers: { 'content-type': 'application/json', 'content-length': '99999999' } })".to_owned(),
            failed(None),
        ),
        (
            "Object.defineProperty(Response.json({ status: 'completed' }), 'redirected', { value: true })".to_owned(),
            failed(None),
        ),
        ("{ status: 200, get headers() { throw 1; } }".to_owned(), failed(None)),
        ("{ status: 200, headers: { get: () => 'application/json' }, text: () => ({}) }".to_owned(), failed(None)),
        ("({ })".to_owned(), failed(None)),
        ("undefined".to_owned(), failed(None)),
    ] {
        let response = if response.starts_with('{') { format!("({response})") } else { response };
        assert_eq!(answer_to(&response).await, expected, "{response}");
    }
    let unknown = answer_to("new Response('<html>', { status: 404 })").await;
    assert_eq!(standing(&unknown), Some(Standing::Unknown));
    let problem = answer_to(
        "new Response('{\"completed\":true,\"success\":true}', { headers: { 'content-type': 'Application/Status+JSON; charset=utf-8' } })",
    )
    .await;
    assert_eq!(standing(&problem), Some(Standing::Known(Status::Completed)));
}

#[wasm_bindgen_test]
async fn compares_a_retry_date_with_its_own_clock() {
    let Answer::Failed { retry_after: Some(wait) } = answer_to(
        "new Response('', { status: 503, headers: { 'Retry-After': new Date(Date.now() + 30000).toUTCString() } })",
    )
    .await
    else {
        panic!("a date is understood");
    };
    assert!(
        wait > Millis::seconds(27) && wait <= Millis::seconds(30),
        "{wait:?}"
    );
}

#[wasm_bindgen_test]
async fn a_function_that_throws_or_rejects_has_not_answered() {
    for fetch in [
        "() => { throw new Error('no'); }",
        "() => Promise.reject(undefined)",
        "() => ({ get then() { throw 1; } })",
    ] {
        let failed = Answer::Failed { retry_after: None };
        assert_eq!(
            answer(&url("/status"), Some(fetch)).await,
            failed,
            "{fetch}"
        );
        let check_status = Source::Function(function(fetch));
        assert_eq!(answer(&check_status, None).await, failed, "{fetch}");
    }
}

#[wasm_bindgen_test]
async fn asks_a_function_of_the_app() {
    let source = Source::Function(function(
        "async (request) => {
            globalThis.asked = { ...request, signal: request.signal instanceof AbortSignal };
            return { status: 'unknown' };
        }",
    ));
    assert_eq!(
        standing(&answer(&source, None).await),
        Some(Standing::Unknown)
    );
    assert_eq!(
        js("JSON.stringify(asked)"),
        r#"{"flowId":"flow-0001","provider":"a&b/ö","since":1000,"now":2500,"signal":true}"#
    );
    for wrong in [
        "null",
        "'pending'",
        "({ status: 1 })",
        "new Proxy({}, { getOwnPropertyDescriptor() { throw 1; } })",
    ] {
        let source = Source::Function(function(&format!("async () => {wrong}")));
        assert_eq!(
            answer(&source, None).await,
            Answer::Failed { retry_after: None },
            "{wrong}"
        );
    }
}

#[wasm_bindgen_test]
async fn gives_up_after_ten_seconds_and_aborts() {
    // Ten seconds pass at once, every other delay as it is.
    let timeout = Replaced::value(
        "globalThis",
        "setTimeout",
        "(run, delay) => realTimeout(run, delay === 10000 ? 0 : delay)",
    );
    let never = "(url, init) => { globalThis.signal = (init ?? url).signal; return new Promise(() => {}); }";
    let failed = Answer::Failed { retry_after: None };
    for source in [url("/status"), Source::Function(function(never))] {
        js("globalThis.signal = undefined");
        assert_eq!(answer(&source, Some(never)).await, failed);
    }
    drop(timeout);
    let (_check, heard) = ask(&url("/status"), Some(never));
    settle().await;
    assert!(heard.is_empty(), "not before");
}

#[wasm_bindgen_test]
async fn dropping_it_aborts_and_nothing_is_answered() {
    let never = "(url, init) => { globalThis.signal = init.signal; return new Promise((resolve) => { globalThis.late = resolve; }); }";
    js("globalThis.signal = undefined");
    let (check, heard) = ask(&url("/status"), Some(never));
    until("the request", || {
        js("globalThis.signal !== undefined").is_truthy()
    })
    .await;
    drop(check);
    assert!(js("signal.aborted").is_truthy());
    js("late(Response.json({ status: 'completed' }))");
    settle().await;
    assert!(heard.is_empty());
}

#[wasm_bindgen_test]
async fn never_asks_what_was_dropped_at_once() {
    js("globalThis.asked = 0");
    drop(ask(&url("/status"), Some("() => { asked++; }")));
    settle().await;
    assert_eq!(js("asked"), 0);
}

#[wasm_bindgen_test]
async fn tells_the_server_of_a_cancel() {
    js("globalThis.told = []");
    let fetch = function(
        "(url, init) => { told.push(init.method, url); return Promise.reject(new Error('down')); }",
    );
    tell_cancel("/flows/{flow}/cancel", &flow(), Some(&fetch));
    tell_cancel(
        "https://a.example/flows/%7Bflow%7D/cancel",
        &flow(),
        Some(&fetch),
    );
    until("both", || js("told.length") == 4).await;
    assert_eq!(
        js("told.join(' ')"),
        "POST /flows/flow-0001/cancel POST https://a.example/flows/flow-0001/cancel"
    );
}
