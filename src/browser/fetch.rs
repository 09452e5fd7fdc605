//! Questions to the status endpoint and to that of connections, and the word that a person gave up.
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
use js_sys::{Function, JsString, Reflect};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// A person looks at the page meanwhile, and a connection that hangs for this long will not come back.
const DEADLINE: Millis = Millis::seconds(10);
/// A refresh is a server's question to a provider, and may wait for another that is under way.
const REFRESH_DEADLINE: Millis = Millis::seconds(30);
/// The longest answer of the status endpoint, in code units. The contract needs a fraction of it.
const MAX_STATUS: u32 = 65_536;
/// And the longest about connections: 256 of them need as much.
const MAX_CONNECTIONS: u32 = 262_144;

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

/// What is asked about connections.
#[derive(Clone, Debug)]
pub enum Request {
    /// The list, at this address.
    List(String),
    /// That one be refreshed, at this address; the version that was not good enough, zero for none.
    Refresh(String, u64),
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The server has spoken; 404 says that it does not know the flow.
    Reply(Reply),
    /// It has not, or not in a form that can be read.
    Failed {
        /// What `Retry-After` of a 429 or 503 said.
        retry_after: Option<Millis>,
    },
    /// The endpoint of connections has spoken.
    Spoken(Spoken),
}

/// What a server said, whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// The HTTP status.
    pub status: u16,
    /// What `Retry-After` of a 429 or 503 said.
    pub retry_after: Option<Millis>,
    /// What the JSON says, where it is an object.
    pub body: Option<JsBag>,
}

const FAILED: Answer = Answer::Failed { retry_after: None };

/// A question on its way. Dropping it aborts it, and nothing is answered.
#[must_use = "dropping it aborts the request"]
pub struct Check {
    shared: Rc<Shared>,
}

enum Asked {
    Status(Source, Question),
    Connections(Request),
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
        let asked = Asked::Status(source.clone(), question);
        Self::begin(asked, fetch, DEADLINE, Box::new(on_answer))
    }

    /// Asks about connections. `on_answer` is called once, after ten seconds at the latest; for a refresh after thirty.
    pub fn of_connections(
        request: Request,
        fetch: Option<&Function>,
        on_answer: impl FnOnce(Answer) + 'static,
    ) -> Self {
        let deadline = match request {
            Request::List(_) => DEADLINE,
            Request::Refresh(..) => REFRESH_DEADLINE,
        };
        Self::begin(
            Asked::Connections(request),
            fetch,
            deadline,
            Box::new(on_answer),
        )
    }

    fn begin(
        asked: Asked,
        fetch: Option<&Function>,
        deadline: Millis,
        on_answer: OnAnswer,
    ) -> Self {
        let shared = Rc::new(Shared {
            abort: AbortController::new().ok(),
            deadline: Cell::new(None),
            on_answer: Cell::new(Some(on_answer)),
        });
        let late = Rc::downgrade(&shared);
        shared.deadline.set(Some(Timer::after(deadline, move || {
            if let Some(shared) = late.upgrade()
                && shared.settle(FAILED)
            {
                shared.abort();
            }
        })));
        let (fetch, asking) = (fetch.cloned(), shared.clone());
        value::later(async move {
            if !asking.is_open() {
                return;
            }
            let answer = ask(&asked, fetch.as_ref(), &asking.signal()).await;
            asking.settle(answer.unwrap_or(FAILED));
            if !matches!(asked, Asked::Status(Source::Function(_), _)) {
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

async fn ask(asked: &Asked, fetch: Option<&Function>, signal: &JsValue) -> Result<Answer, JsValue> {
    let promise = match asked {
        Asked::Status(Source::Url(url), question) => send(
            &address(url, question).into(),
            fetch,
            &request("GET", ("signal", signal)),
        )?,
        Asked::Status(Source::Function(check_status), question) => {
            let request = value::object(&[
                ("flowId", &question.flow_id.as_str().into()),
                ("provider", &question.provider.as_str().into()),
                ("since", &number(question.since)),
                ("now", &number(question.now)),
                ("signal", signal),
            ]);
            check_status.call1(&JsValue::UNDEFINED, &request)?
        }
        Asked::Connections(Request::List(url)) => {
            send(&url.into(), fetch, &request("GET", ("signal", signal)))?
        }
        Asked::Connections(Request::Refresh(url, seen)) => {
            send(&url.into(), fetch, &refresh(*seen, signal)?)?
        }
    };
    let answer = value::settled(&promise)?.await?;
    if let Asked::Status(Source::Function(_), _) = asked {
        return Ok(JsBag::new(answer).map_or(FAILED, |bag| read(&bag)));
    }
    let max = match asked {
        Asked::Status(..) => MAX_STATUS,
        Asked::Connections(_) => MAX_CONNECTIONS,
    };
    let (mut spoken, is_readable) = head(&answer, max);
    if is_readable {
        let body = value::settled(&call(&answer, "text", &[])?)?.await?;
        spoken.body = value::parse(&body, max).and_then(JsBag::new);
    }
    Ok(match asked {
        Asked::Status(..) => of_status(&spoken),
        Asked::Connections(_) => Answer::Spoken(spoken),
    })
}

/// The request to refresh a connection.
fn refresh(seen: u64, signal: &JsValue) -> Result<JsValue, JsValue> {
    let request = request("POST", ("signal", signal));
    if seen == 0 {
        return Ok(request);
    }
    let body = value::object(&[("version", &number(Millis(seen)))]);
    let body = js_sys::JSON::stringify(&body)?;
    let headers = property(&request, "headers");
    Reflect::set(&headers, &"Content-Type".into(), &"application/json".into())?;
    Reflect::set(&request, &"body".into(), &body)?;
    Ok(request)
}

/// What status and headers say, and whether there is a body to read.
fn head(response: &JsValue, max: u32) -> (Spoken, bool) {
    let header = |name: &str| {
        call(&property(response, "headers"), "get", &[&name.into()])
            .ok()
            .and_then(|header| text(&header, 256))
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and no such status means anything here"
    )]
    let status = property(response, "status").as_f64().unwrap_or(0.0) as u16;
    let is_readable = !property(response, "redirected").is_truthy()
        && header("content-type").is_some_and(|header| is_json(&header))
        && header("content-length").is_none_or(|header| fits(&header, max));
    let retry_after = match status {
        429 | 503 => header("retry-after").and_then(|header| retry_after(&header)),
        _ => None,
    };
    let spoken = Spoken {
        status,
        retry_after,
        body: None,
    };
    (spoken, is_readable)
}

/// What it says of a flow.
fn of_status(spoken: &Spoken) -> Answer {
    match (spoken.status, &spoken.body) {
        (404, _) => Answer::Reply(unknown()),
        (200..300, Some(bag)) => read(bag),
        _ => Answer::Failed {
            retry_after: spoken.retry_after,
        },
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

fn read(reply: &JsBag) -> Answer {
    Reply::read(reply).map_or(FAILED, Answer::Reply)
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

fn fits(content_length: &str, max: u32) -> bool {
    digits(content_length).is_some_and(|length| length <= max)
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
