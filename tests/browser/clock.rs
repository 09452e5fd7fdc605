//! Clocks and timers.

use crate::world::{Heard, Replaced, js, until};
use oauth_sync::browser::clock::Clock;
use oauth_sync::browser::timer::Timer;
use oauth_sync::proto::time::Millis;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn looks_the_clocks_up_at_each_call_and_never_goes_back() {
    let clock = Clock::default();
    let start = clock.now().monotonic;
    js("globalThis.fake = 5000");
    let performance = Replaced::value("performance", "now", "() => fake");
    let date = Replaced::value("Date", "now", "() => fake + 1e12");
    let faked = clock.now();
    assert_eq!(faked.wall, Millis(1_000_000_005_000));
    js("fake = 6500.9");
    // The fraction that was there before may carry.
    let advanced = clock.now().monotonic - faked.monotonic;
    assert!(advanced == Millis(1500) || advanced == Millis(1501));
    js("fake = 10");
    assert!(clock.now().monotonic >= faked.monotonic + Millis(1500));
    drop((performance, date));
    assert!(clock.now().monotonic >= start);
}

#[wasm_bindgen_test]
fn goes_on_without_a_monotonic_clock() {
    let clock = Clock::default();
    let broken = Replaced::value("performance", "now", "() => { throw new Error('no'); }");
    js("globalThis.fake = 1000");
    let date = Replaced::value("Date", "now", "() => fake");
    let first = clock.now();
    js("fake = 1250");
    assert_eq!(clock.now().monotonic - first.monotonic, Millis(250));
    js("fake = NaN");
    assert_eq!(clock.now().wall, Millis::ZERO);
    drop((broken, date));
}

#[wasm_bindgen_test]
async fn a_timer_fires_once_and_not_when_dropped() {
    let heard = Heard::default();
    let (into, not) = (heard.clone(), heard.clone());
    let _timer = Timer::after(Millis(1), move || into.push("kept"));
    drop(Timer::after(Millis::ZERO, move || not.push("dropped")));
    until("it fires", || !heard.is_empty()).await;
    assert_eq!(*heard.0.borrow(), ["kept"]);
}

/// A longer delay would overflow to a negative one, and fire at once.
#[wasm_bindgen_test]
fn keeps_delays_in_31_bits() {
    js("globalThis.delays = []");
    let timeout = Replaced::value(
        "globalThis",
        "setTimeout",
        "(run, delay) => delays.push(delay)",
    );
    drop(Timer::after(Millis(3_000_000_000), || {}));
    drop(Timer::after(Millis::NEVER, || {}));
    drop(timeout);
    assert_eq!(js("String(delays)"), "2147483647,2147483647");
}
