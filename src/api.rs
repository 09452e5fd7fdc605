//! What JavaScript sees: the class that the front in `js/` stands on. Conversions only.
//!
//! Every argument comes as it is and is looked at first: wasm-bindgen's own conversions trap on a value of the wrong
//! type. Options that break the contract are a `TypeError`, because without them nothing can be built; anything else
//! that cannot be read is counted in `diagnostics().dropped`.

use crate::browser::bag::JsBag;
use crate::browser::{
    Driver, LogEntry, Options, Source, function, later, objects, property, text, to_js,
};
use crate::proto::bag::{Bag, span, whole};
use crate::proto::flow::{FlowId, MAX_NAME};
use crate::proto::machine::{Config, ConnectionEvent, Event, FlowView, Input, Start, WindowHint};
use crate::proto::reply::Reply;
use crate::proto::schedule::{Schedule, Tier};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use js_sys::{Array, Function, Promise, Reflect, TypeError};
use wasm_bindgen::prelude::*;

/// A third of the default allocator's size, and as good for the few hundred small things that live here.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// The longest address; some providers put a signed request into it.
const MAX_URL: u32 = 32_768;
/// The longest text of the app's own: a namespace, a scope, its state of a flow.
const MAX_TEXT: u32 = 4096;

/// Everything of one namespace and scope in this page.
#[wasm_bindgen]
#[derive(Debug)]
pub struct OAuthSync {
    driver: Driver,
}

#[wasm_bindgen]
impl OAuthSync {
    /// Restores what is stored and attaches to the page. `onEvents` is called with a list of events at the end of any
    /// call, this one included; it must not throw.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "object")] options: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Function", js_name = onEvents)] on_events: JsValue,
    ) -> Result<OAuthSync, JsValue> {
        let on_events = function(&on_events).ok_or_else(|| type_error("onEvents"))?;
        let on_connections = on_events.clone();
        let log = optional(&options, "log", function).map_err(type_error)?;
        let driver = Driver::new(
            read_options(&options).map_err(type_error)?,
            move |events| {
                if let Some(events) = to_js(&list(&events, Event::to_wire)) {
                    // It must not throw, and where it does there is nobody to tell.
                    let _ = on_events.call1(&JsValue::UNDEFINED, &events);
                }
            },
            move |entry| {
                if let Some(log) = &log {
                    report_later(log.clone(), &entry);
                }
            },
        );
        driver.on_connections(move |events| {
            if let Some(events) = to_js(&list(&events, ConnectionEvent::to_wire)) {
                let _ = on_connections.call1(&JsValue::UNDEFINED, &events);
            }
        });
        Ok(Self { driver })
    }

    /// The flows to show, newest first.
    #[must_use]
    pub fn flows(&self) -> JsValue {
        to_js(&list(&self.driver.flows(), FlowView::to_wire)).unwrap_or_else(|| Array::new().into())
    }

    /// What the app does, by name: one way in for all of it, since each that wasm-bindgen makes is some 300 bytes.
    ///
    /// | name | then | what it says |
    /// |---|---|---|
    /// | `start` | request | a flow was started, and its window opened or not; it is stored when this returns |
    /// | `watch` | flow, window | the window that a flow runs in |
    /// | `href` | flow, address | the address of a flow's window is known now |
    /// | `startFailed` | flow | the address could not be had |
    /// | `reopen` | flow, what became of the window, address | the window of a pending flow was opened again |
    /// | `cancel` | flow | the person gave up |
    /// | `dismiss` | flow | the app takes a settled flow away |
    /// | `reset` | | the app forgets every flow |
    /// | `report` | flow, reply | what the app's own push learned from the server |
    /// | `told` | number | every event up to this one has been given to listeners |
    /// | `close` | | lets go of everything in this page; safe twice |
    pub fn act(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "unknown")] subject: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "unknown")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "unknown")] more: JsValue,
    ) {
        let name = text(&name, 16).unwrap_or_default();
        match name.as_str() {
            "close" => self.driver.close(),
            "watch" => {
                if let Some(flow_id) = flow_id_of(&subject) {
                    self.driver.watch(flow_id, value);
                }
            }
            name => self
                .driver
                .feed(read_action(name, subject, value, &more).unwrap_or(MALFORMED)),
        }
    }

    /// Asks the server now, about one flow or all; resolves when the answer is in, or cannot be had.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn check(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "string", js_name = flowId)]
        flow_id: JsValue,
    ) -> Promise {
        match flow_id_of(&flow_id) {
            None if !flow_id.is_undefined() => Promise::resolve(&JsValue::UNDEFINED),
            flow_id => self.driver.check(flow_id),
        }
    }

    /// Refreshes a connection, which the caller has seen in the version `seen` where it gives one. Resolves with `done`,
    /// `refresh_failed`, `reconnect_required` or `removed`; with `undefined` where this is closed.
    #[wasm_bindgen(unchecked_return_type = "Promise<string | undefined>")]
    pub fn refresh(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] seen: JsValue,
    ) -> Promise {
        match text(&id, 256) {
            Some(id) => self.driver.refresh(id, seen.as_f64().and_then(whole)),
            None => Promise::resolve(&JsValue::from_str("removed")),
        }
    }

    /// How this page fares.
    #[must_use]
    pub fn diagnostics(&self) -> JsValue {
        to_js(&self.driver.diagnostics().to_wire()).unwrap_or(JsValue::UNDEFINED)
    }
}

/// What breaks its rules is counted.
const MALFORMED: Input = Input::Dropped("malformed");

fn read_action(name: &str, subject: JsValue, value: JsValue, more: &JsValue) -> Option<Input> {
    match name {
        "start" => return read_start(subject).map(Input::Start),
        "reset" => return Some(Input::Reset),
        "told" => {
            let seq = u32::try_from(whole(subject.as_f64()?)?).ok()?;
            return Some(Input::Told { seq });
        }
        _ => {}
    }
    let flow_id = flow_id_of(&subject)?;
    Some(match name {
        "href" => Input::Href {
            flow_id,
            href: text(&value, MAX_URL)?,
        },
        "startFailed" => Input::StartFailed { flow_id },
        "reopen" => Input::Reopened {
            flow_id,
            window: window_of(&value)?,
            href: text(more, MAX_URL),
        },
        "cancel" => Input::Cancel { flow_id },
        "dismiss" => Input::Dismiss { flow_id },
        "report" => Input::Report {
            flow_id,
            reply: Reply::read(&JsBag::new(value)?)?,
        },
        _ => return None,
    })
}

fn list<T>(items: &[T], to_wire: impl Fn(&T) -> Tree) -> Tree {
    let mut list = Vec::new();
    for item in items {
        list.push(to_wire(item));
    }
    Tree::List(list)
}

/// The app's log is its own code, and runs in a microtask of its own.
fn report_later(log: Function, entry: &LogEntry) {
    if let Some(entry) = to_js(&entry.to_wire()) {
        later(async move {
            let _ = log.call1(&JsValue::UNDEFINED, &entry);
        });
    }
}

/// Gives the name of an option that breaks the contract.
fn read_options(options: &JsValue) -> Result<Options, &'static str> {
    let mut config = Config::default();
    let scope = optional(options, "scope", short_text)?;
    config.scope = scope.unwrap_or_default();
    if let Some(namespace) = optional(options, "namespace", short_text)? {
        config.namespace = namespace;
    }
    for (name, setting) in [
        ("slowAfter", &mut config.slow_after),
        ("overdueAfter", &mut config.overdue_after),
        ("expireAfter", &mut config.expire_after),
        ("keepSettled", &mut config.keep_settled),
    ] {
        if let Some(span) = optional(options, name, duration)? {
            *setting = span;
        }
    }
    if let Some(schedule) = optional(options, "tiers", read_tiers)? {
        config.schedule = schedule;
    }
    config.confirm = optional(options, "confirm", JsValue::as_bool)?.unwrap_or(true);
    let source = match optional(options, "checkStatus", function)? {
        Some(check_status) => Some(Source::Function(check_status)),
        None => optional(options, "statusUrl", short_text)?.map(Source::Url),
    };
    Ok(Options {
        config,
        source,
        fetch: optional(options, "fetch", function)?,
        connections_url: optional(options, "connectionsUrl", short_text)?,
        events_url: optional(options, "eventsUrl", short_text)?,
        cancel_url: optional(options, "cancelUrl", short_text)?,
        callback_origins: optional(options, "callbackOrigins", read_origins)?.unwrap_or_default(),
    })
}

fn read_tiers(tiers: &JsValue) -> Option<Schedule> {
    let mut schedule = Vec::new();
    for tier in objects(tiers, 16)? {
        schedule.push(Tier {
            every: duration(&property(&tier, "every"))?,
            polls: u32::try_from(whole(property(&tier, "polls").as_f64()?)?).ok()?,
        });
    }
    Some(Schedule::new(schedule))
}

fn read_origins(origins: &JsValue) -> Option<Vec<String>> {
    let length = whole(property(origins, "length").as_f64()?)?.min(64);
    let mut list = Vec::new();
    for index in 0..u32::try_from(length).ok()? {
        let origin = Reflect::get_u32(origins.unchecked_ref(), index).ok()?;
        list.push(text(&origin, MAX_TEXT)?);
    }
    Some(list)
}

fn read_start(request: JsValue) -> Option<Start> {
    let href = text(&property(&request, "href"), MAX_URL);
    let app_state = text(&property(&request, "appState"), MAX_TEXT);
    let window = window_of(&property(&request, "window"))?;
    let bag = JsBag::new(request)?;
    Some(Start {
        flow_id: FlowId::parse(bag.text("flowId", 64)?)?,
        provider: bag.text("provider", MAX_NAME)?,
        started_at: Millis(bag.whole("startedAt")?),
        window,
        href,
        app_state,
        retry_of: bag.text("retryOf", 64).and_then(FlowId::parse),
    })
}

fn flow_id_of(value: &JsValue) -> Option<FlowId> {
    text(value, 64).and_then(FlowId::parse)
}

fn window_of(value: &JsValue) -> Option<WindowHint> {
    match text(value, 16)?.as_str() {
        "open" => Some(WindowHint::Open),
        "blocked" => Some(WindowHint::Blocked),
        "unknown" => Some(WindowHint::Unknown),
        _ => None,
    }
}

fn duration(value: &JsValue) -> Option<Millis> {
    value.as_f64().filter(|span| *span >= 0.0).map(span)
}

fn short_text(value: &JsValue) -> Option<String> {
    text(value, MAX_TEXT)
}

/// What `read` makes of an option; `None` where it is left out.
fn optional<T>(
    options: &JsValue,
    name: &'static str,
    read: impl Fn(&JsValue) -> Option<T>,
) -> Result<Option<T>, &'static str> {
    let value = property(options, name);
    if value.is_undefined() {
        return Ok(None);
    }
    read(&value).map(Some).ok_or(name)
}

fn type_error(name: &'static str) -> JsValue {
    TypeError::new(name).into()
}
