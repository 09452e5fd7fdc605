//! The two clocks of a page, looked up at each call so that fake ones work.

use crate::proto::time::{Millis, Now};
use core::cell::Cell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = performance, js_name = now)]
    fn performance_now() -> Result<f64, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Date, js_name = now)]
    fn date_now() -> Result<f64, JsValue>;
}

/// Reads the time. The monotonic side never goes back, also where a fake clock is put in or taken out under it: only
/// what it has advanced since the last look is added.
#[derive(Debug, Default)]
pub struct Clock {
    last: Cell<Option<f64>>,
    elapsed: Cell<f64>,
}

impl Clock {
    /// What both clocks say.
    pub fn now(&self) -> Now {
        let wall = finite(date_now()).unwrap_or(0.0);
        let reading = finite(performance_now()).unwrap_or(wall);
        if let Some(last) = self.last.replace(Some(reading)) {
            self.elapsed
                .set(self.elapsed.get() + (reading - last).max(0.0));
        }
        Now {
            monotonic: millis(self.elapsed.get()),
            wall: millis(wall),
        }
    }
}

fn finite(reading: Result<f64, JsValue>) -> Option<f64> {
    reading.ok().filter(|reading| reading.is_finite())
}

/// Whole milliseconds; a time before the epoch is the epoch.
pub(super) fn millis(time: f64) -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and cutting off the fraction is meant"
    )]
    Millis(time as u64)
}
