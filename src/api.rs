//! What JavaScript sees: the class that the front in `js/` stands on. Conversions only.
//!
//! Every argument comes as it is and is looked at first: wasm-bindgen's own conversions trap on a value of the wrong
//! type. Options that break the contract are a `TypeError`, because without them nothing can be built; anything else
//! that cannot be read is counted in `diagnostics().dropped`.

use crate::browser::bag::JsBag;
use crate::browser::{Driver, LogEntry, Options, Source, function, objects, property, text, to_js};
use crate::proto::bag::{Bag, whole};
use crate::proto::flow::{FlowId, MAX_NAME};
use crate::proto::machine::{Config, Event, FlowView, Input, Start, WindowHint};
use crate::proto::reply::Reply;
use crate::proto::schedule::{Schedule, Tier};
use crate::proto::time::Millis;
use crate::proto::tree::Tree;
use js_sys::{Array, Function, Promise, Reflect, TypeError};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

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
        let on_events = function(on_events).ok_or_else(|| type_error("onEvents"))?;
        let log = optional_function(&options, "log")?;
        let driver = Driver::new(
            read_options(&options)?,
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
        Ok(Self { driver })
    }

    /// The flows to show, newest first.
    #[must_use]
    pub fn flows(&self) -> JsValue {
        to_js(&list(&self.driver.flows(), FlowView::to_wire)).unwrap_or_else(|| Array::new().into())
    }

    /// A flow was started, and its window opened or not. It is stored when this returns.
    pub fn start(&self, #[wasm_bindgen(unchecked_param_type = "object")] request: JsValue) {
        self.feed(read_start(request).map(Input::Start));
    }

    /// Watches the window that a flow runs in.
    pub fn watch(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Window")] handle: JsValue,
    ) {
        if let Some(flow_id) = flow_id_of(&flow_id) {
            self.driver.watch(flow_id, handle);
        }
    }

    /// The address of a flow's window is known now.
    pub fn href(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] href: JsValue,
    ) {
        let href = flow_id_of(&flow_id).zip(text(&href, MAX_URL));
        self.feed(href.map(|(flow_id, href)| Input::Href { flow_id, href }));
    }

    /// The address could not be had.
    #[wasm_bindgen(js_name = startFailed)]
    pub fn start_failed(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
    ) {
        self.feed(flow_id_of(&flow_id).map(|flow_id| Input::StartFailed { flow_id }));
    }

    /// The window of a pending flow was opened again.
    pub fn reopen(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "\"open\" | \"blocked\" | \"unknown\"")]
        window: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] href: JsValue,
    ) {
        let reopened = flow_id_of(&flow_id).zip(window_of(&window));
        self.feed(reopened.map(|(flow_id, window)| Input::Reopened {
            flow_id,
            window,
            href: text(&href, MAX_URL),
        }));
    }

    /// The person gave up.
    pub fn cancel(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
    ) {
        self.feed(flow_id_of(&flow_id).map(|flow_id| Input::Cancel { flow_id }));
    }

    /// The app takes a settled flow away.
    pub fn dismiss(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
    ) {
        self.feed(flow_id_of(&flow_id).map(|flow_id| Input::Dismiss { flow_id }));
    }

    /// The app forgets every flow.
    pub fn reset(&self) {
        self.driver.feed(Input::Reset);
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

    /// What the app's own push learned from the server.
    pub fn report(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string", js_name = flowId)] flow_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "unknown")] reply: JsValue,
    ) {
        let reply = JsBag::new(reply).and_then(|bag| Reply::read(&bag));
        let report = flow_id_of(&flow_id).zip(reply);
        self.feed(report.map(|(flow_id, reply)| Input::Report { flow_id, reply }));
    }

    /// Every event up to `seq` has been given to listeners.
    pub fn told(&self, #[wasm_bindgen(unchecked_param_type = "number")] seq: JsValue) {
        let seq = seq
            .as_f64()
            .and_then(whole)
            .and_then(|seq| u32::try_from(seq).ok());
        self.feed(seq.map(|seq| Input::Told { seq }));
    }

    /// How this page fares.
    #[must_use]
    pub fn diagnostics(&self) -> JsValue {
        to_js(&self.driver.diagnostics().to_wire()).unwrap_or(JsValue::UNDEFINED)
    }

    /// Lets go of everything in this page. Safe twice.
    pub fn close(&self) {
        self.driver.close();
    }

    fn feed(&self, input: Option<Input>) {
        self.driver
            .feed(input.unwrap_or(Input::Dropped("malformed")));
    }
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
        spawn_local(async move {
            let _ = log.call1(&JsValue::UNDEFINED, &entry);
        });
    }
}

fn read_options(options: &JsValue) -> Result<Options, JsValue> {
    let mut config = Config {
        scope: optional_text(options, "scope")?.unwrap_or_default(),
        ..Config::default()
    };
    if let Some(namespace) = optional_text(options, "namespace")? {
        config.namespace = namespace;
    }
    for (name, setting) in [
        ("slowAfter", &mut config.slow_after),
        ("overdueAfter", &mut config.overdue_after),
        ("expireAfter", &mut config.expire_after),
        ("keepSettled", &mut config.keep_settled),
    ] {
        let value = property(options, name);
        if !value.is_undefined() {
            *setting = span(&value).ok_or_else(|| type_error(name))?;
        }
    }
    let tiers = property(options, "tiers");
    if !tiers.is_undefined() {
        config.schedule = read_tiers(&tiers).ok_or_else(|| type_error("tiers"))?;
    }
    let confirm = property(options, "confirm");
    config.confirm = match confirm.as_bool() {
        Some(confirm) => confirm,
        None if confirm.is_undefined() => true,
        None => return Err(type_error("confirm")),
    };
    let source = match optional_function(options, "checkStatus")? {
        Some(check_status) => Some(Source::Function(check_status)),
        None => optional_text(options, "statusUrl")?.map(Source::Url),
    };
    let origins = property(options, "callbackOrigins");
    let callback_origins = if origins.is_undefined() {
        Vec::new()
    } else {
        read_origins(&origins).ok_or_else(|| type_error("callbackOrigins"))?
    };
    Ok(Options {
        config,
        source,
        fetch: optional_function(options, "fetch")?,
        cancel_url: optional_text(options, "cancelUrl")?,
        callback_origins,
    })
}

fn read_tiers(tiers: &JsValue) -> Option<Schedule> {
    let mut schedule = Vec::new();
    for tier in objects(tiers, 16)? {
        schedule.push(Tier {
            every: span(&property(&tier, "every"))?,
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

fn span(value: &JsValue) -> Option<Millis> {
    value.as_f64().and_then(whole).map(Millis)
}

fn optional_text(options: &JsValue, name: &str) -> Result<Option<String>, JsValue> {
    let value = property(options, name);
    if value.is_undefined() {
        return Ok(None);
    }
    text(&value, MAX_TEXT)
        .map(Some)
        .ok_or_else(|| type_error(name))
}

fn optional_function(options: &JsValue, name: &str) -> Result<Option<Function>, JsValue> {
    let value = property(options, name);
    if value.is_undefined() {
        return Ok(None);
    }
    function(value).map(Some).ok_or_else(|| type_error(name))
}

fn type_error(name: &str) -> JsValue {
    TypeError::new(name).into()
}
