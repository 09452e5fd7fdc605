//! Questions to the status endpoint, and the word to it that a person gave up.
//!
//! The app's functions are called in a microtask of their own, never below a call into the module.

use super::bag::JsBag;
use super::clock::millis;
use super::facility::{Facility, probe};
use super::timer::Timer;
use super::value::{self, call, property, text};
use crate::proto::flow::FlowId;
use crate::proto::reply::{Reply, Standing};
use crate::proto::status::Status;
use crate::proto::text::{cut, decimal, join};
use crate::proto::time::Millis;
use core::cell::Cell;
use js_sys::{Function, JsString};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// A person looks at the page meanwhile, and a connection that hangs for this long will not come back.
const DEADLINE: Millis = Millis::seconds(10);
/// The longest answer, in code units. The status contract needs a fraction of it.
const MAX_ANSWER: u32 = 65_536;

/// Who knows where a flow stands.
#[derive(Clone, Debug)]
pub enum Source {
    /// An address that is asked by GET.
    Url(String),
    /// A function of the app: `({ flowId, provider, since, now, signal }) => Promise<reply>`.
    Function(Function),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// About which flow.
    pub flow_id: FlowId,
    /// Of which provider.
    pub provider: String,
    /// When it started, by this browser's wall clock.
    pub since: Millis,
    /// What that clock says now: the server uses the difference.
    pub now: Millis,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server has spoken; 404 says that it does not know the flow.
    Reply(Reply),
    /// It has not, or not in a form that can be read.
    Failed {
        /// What `Retry-After` of a 429 or 503 said.
        retry_after: Option<Millis>,
    },
}

const FAILED: Answer = Answer::Failed { retry_after: None };

/// A question on its way. Dropping it aborts it, and nothing is answered.
#[must_use = "dropping it aborts the request"]
pub struct Check {
    shared: Rc<Shared>,
}

type OnAnswer = Box<dyn FnOnce(Answer)>;

struct Shared {
    abort: Option<AbortController>,
    deadline: Cell<Option<Timer>>,
    on_answer: Cell<Option<OnAnswer>>,
}

impl Shared {
    /// Ends the question, once; whether it was open.
    fn settle(&self, answer: Answer) -> bool {
        self.deadline.set(None);
        let on_answer = self.on_answer.take();
        let was_open = on_answer.is_some();
        if let Some(on_answer) = on_answer {
            on_answer(answer);
        }
        was_open
    }

    fn is_open(&self) -> bool {
        let on_answer = self.on_answer.take();
        let is_open = on_answer.is_some();
        self.on_answer.set(on_answer);
        is_open
    }

    fn abort(&self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    fn signal(&self) -> JsValue {
        match &self.abort {
            Some(abort) => abort.signal().into(),
            None => JsValue::UNDEFINED,
        }
    }
}

impl Check {
    /// Asks. `fetch` is the app's own; without one the global is looked up. `on_answer` is called once, after ten
    /// seconds at the latest, whatever becomes of the request.
    pub fn new(
        source: &Source,
        fetch: Option<&Function>,
        question: Question,
        on_answer: impl FnOnce(Answer) + 'static,
    ) -> Self {
        let shared = Rc::new(Shared {
            abort: AbortController::new().ok(),
            deadline: Cell::new(None),
            on_answer: Cell::new(Some(Box::new(on_answer))),
        });
        let late = Rc::downgrade(&shared);
        shared.deadline.set(Some(Timer::after(DEADLINE, move || {
            if let Some(shared) = late.upgrade()
                && shared.settle(FAILED)
            {
                shared.abort();
            }
        })));
        let (source, fetch, asking) = (source.clone(), fetch.cloned(), shared.clone());
        value::later(async move {
            if !asking.is_open() {
                return;
            }
            let answer = ask(&source, fetch.as_ref(), &question, &asking.signal()).await;
            asking.settle(answer.unwrap_or(FAILED));
            if let Source::Url(_) = source {
                // A body that nobody has read keeps its connection.
                asking.abort();
            }
        });
        Self { shared }
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        self.shared.deadline.set(None);
        if self.shared.on_answer.take().is_some() {
            self.shared.abort();
        }
    }
}

impl core::fmt::Debug for Check {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Check")
    }
}

/// Tells the server that the person gave up: POST to `url`, `{flow}` filled in. Best effort, also while the page closes.
pub fn tell_cancel(url: &str, flow_id: &FlowId, fetch: Option<&Function>) {
    // The second is how the URL class writes braces in a path.
    let url = JsString::from(url)
        .replace("{flow}", flow_id.as_str())
        .replace("%7Bflow%7D", flow_id.as_str());
    let fetch = fetch.cloned();
    value::later(async move {
        let request = request("POST", ("keepalive", &JsValue::TRUE));
        if let Ok(response) = send(&url, fetch.as_ref(), &request)
            && let Ok(response) = value::settled(&response)
        {
            let _ = response.await;
        }
    });
}

/// Whether a request could be sent.
///
/// # Errors
///
/// Missing where the page has no `fetch`.
pub fn available() -> Result<(), Facility> {
    probe(&js_sys::global(), "fetch").map(|_| ())
}

async fn ask(
    source: &Source,
    fetch: Option<&Function>,
    question: &Question,
    signal: &JsValue,
) -> Result<Answer, JsValue> {
    let promise = match source {
        Source::Url(url) => send(
            &address(url, question).into(),
            fetch,
            &request("GET", ("signal", signal)),
        )?,
        Source::Function(check_status) => {
            let request = value::object(&[
                ("flowId", &question.flow_id.as_str().into()),
                ("provider", &question.provider.as_str().into()),
                ("since", &number(question.since)),
                ("now", &number(question.now)),
                ("signal", signal),
            ]);
            check_status.call1(&JsValue::UNDEFINED, &request)?
        }
    };
    let answer = value::settled(&promise)?.await?;
    if let Source::Function(_) = source {
        return Ok(read(answer));
    }
    if let Some(answer) = answer_without_body(&answer) {
        return Ok(answer);
    }
    let body = value::settled(&call(&answer, "text", &[])?)?.await?;
    Ok(value::parse(&body, MAX_ANSWER).map_or(FAILED, read))
}

/// What status and headers say already; `None` where the body has to be read.
fn answer_without_body(response: &JsValue) -> Option<Answer> {
    let header = |name: &str| {
        call(&property(response, "headers"), "get", &[&name.into()])
            .ok()
            .and_then(|header| text(&header, 256))
    };
    match property(response, "status").as_f64() {
        Some(404.0) => Some(Answer::Reply(unknown())),
        Some(429.0 | 503.0) => Some(Answer::Failed {
            retry_after: header("retry-after").and_then(|header| retry_after(&header)),
        }),
        Some(status)
            if (200.0..300.0).contains(&status)
                && !property(response, "redirected").is_truthy()
                && header("content-type").is_some_and(|header| is_json(&header))
                && header("content-length").is_none_or(|header| fits(&header)) =>
        {
            None
        }
        _ => Some(FAILED),
    }
}

fn send(url: &JsValue, fetch: Option<&Function>, request: &JsValue) -> Result<JsValue, JsValue> {
    match fetch {
        Some(fetch) => fetch.call2(&JsValue::UNDEFINED, url, request),
        None => call(&js_sys::global(), "fetch", &[url, request]),
    }
}

fn request(method: &str, more: (&str, &JsValue)) -> JsValue {
    let headers = value::object(&[("Accept", &"application/json".into())]);
    value::object(&[
        ("method", &method.into()),
        ("headers", &headers),
        ("cache", &"no-store".into()),
        // A redirect leads to a page for signing in, which is no answer.
        ("redirect", &"error".into()),
        ("credentials", &"same-origin".into()),
        more,
    ])
}

/// The status URL with the question in its query.
fn address(url: &str, question: &Question) -> String {
    let (url, _) = cut(url, b'#');
    let (_, query) = cut(url, b'?');
    join(&[
        url,
        if query.is_some() { "&" } else { "?" },
        "flow=",
        question.flow_id.as_str(),
        "&provider=",
        &String::from(js_sys::encode_uri_component(&question.provider)),
        "&since=",
        &decimal(question.since.0),
        "&now=",
        &decimal(question.now.0),
    ])
}

fn read(reply: JsValue) -> Answer {
    JsBag::new(reply)
        .and_then(|bag| Reply::read(&bag))
        .map_or(FAILED, Answer::Reply)
}

fn unknown() -> Reply {
    Reply {
        standing: Standing::Unknown,
        ..Reply::of(Status::Pending)
    }
}

/// Seconds, or a date, which is compared with this browser's clock (RFC 9110 10.2.3).
fn retry_after(header: &str) -> Option<Millis> {
    if let Some(seconds) = digits(header) {
        return Some(Millis::seconds(u64::from(seconds)));
    }
    let date = js_sys::Date::parse(header);
    date.is_finite().then(|| millis(date - js_sys::Date::now()))
}

/// `application/json` and its relatives (`application/problem+json`).
fn is_json(content_type: &str) -> bool {
    let (essence, _) = cut(cut(content_type, b';').0, b' ');
    let ends_with = |suffix: &str| {
        essence.len() > suffix.len()
            && essence
                .get(essence.len() - suffix.len()..)
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    essence.eq_ignore_ascii_case("application/json") || ends_with("+json")
}

fn fits(content_length: &str) -> bool {
    digits(content_length).is_some_and(|length| length <= MAX_ANSWER)
}

/// A number of nothing but digits; one past 32 bits is the largest.
fn digits(text: &str) -> Option<u32> {
    let mut number = 0_u32;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number
            .saturating_mul(10)
            .saturating_add(u32::from(byte - b'0'));
    }
    (!text.is_empty()).then_some(number)
}

fn number(time: Millis) -> JsValue {
    #[expect(
        clippy::cast_precision_loss,
        reason = "no time of this age of the world is that long"
    )]
    JsValue::from_f64(time.0 as f64)
}
