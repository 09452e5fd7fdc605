//! The windows that were opened here, watched for their end.
//!
//! `closed` is a hint: Cross-Origin-Opener-Policy makes it read `true` while the window is on the screen, for good.
//! The platform has no event for it, so all windows are looked at on one timer.

use super::timer::Timer;
use super::value;
use crate::proto::flow::FlowId;
use crate::proto::time::Millis;
use core::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// How often windows are looked at: a person should not wonder whether it was noticed.
const EVERY: Millis = Millis(500);

/// Windows by flow. Dropping it stops the watch and leaves the windows alone.
#[must_use = "dropping it stops the watch"]
pub struct Popups {
    shared: Rc<Shared>,
}

struct Shared {
    windows: Cell<Vec<(FlowId, JsValue)>>,
    timer: Cell<Option<Timer>>,
    on_closed: Box<dyn Fn(FlowId)>,
}

impl Popups {
    /// Calls `on_closed` once for every window that reads as closed.
    pub fn new(on_closed: impl Fn(FlowId) + 'static) -> Self {
        Self {
            shared: Rc::new(Shared {
                windows: Cell::default(),
                timer: Cell::default(),
                on_closed: Box::new(on_closed),
            }),
        }
    }

    /// Watches `window`, in place of an earlier one of the same flow.
    pub fn watch(&self, flow_id: FlowId, window: JsValue) {
        self.shared.take(|known, _| *known == flow_id);
        let mut windows = self.shared.windows.take();
        windows.push((flow_id, window));
        self.shared.windows.set(windows);
        wait(&self.shared);
    }

    /// Closes the flow's window, or with `None` every window, and watches it no more.
    pub fn close(&self, flow_id: Option<&FlowId>) {
        let closing = self
            .shared
            .take(|known, _| flow_id.is_none_or(|flow_id| flow_id == known));
        for (_, window) in closing {
            let _ = value::call(&window, "close", &[]);
        }
    }
}

impl Shared {
    /// Takes out the windows that `is_meant` says.
    fn take(&self, is_meant: impl Fn(&FlowId, &JsValue) -> bool) -> Vec<(FlowId, JsValue)> {
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for (flow_id, window) in self.windows.take() {
            if is_meant(&flow_id, &window) {
                taken.push((flow_id, window));
            } else {
                left.push((flow_id, window));
            }
        }
        self.windows.set(left);
        taken
    }
}

impl core::fmt::Debug for Popups {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Popups")
    }
}

/// Looks again after a while, for as long as there is something to look at.
fn wait(shared: &Rc<Shared>) {
    let windows = shared.windows.take();
    let is_idle = windows.is_empty();
    shared.windows.set(windows);
    let timer = shared.timer.take();
    if is_idle {
        return;
    }
    shared.timer.set(timer.or_else(|| {
        let shared = Rc::downgrade(shared);
        Some(Timer::after(EVERY, move || {
            if let Some(shared) = shared.upgrade() {
                shared.timer.set(None);
                look(&shared);
                wait(&shared);
            }
        }))
    }));
}

fn look(shared: &Rc<Shared>) {
    let closed = shared.take(|_, window| value::property(window, "closed").is_truthy());
    for (flow_id, _) in closed {
        (shared.on_closed)(flow_id);
    }
}
