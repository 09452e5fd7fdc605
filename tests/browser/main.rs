//! Every adapter in a real browser, alone and behind the driver.
#![cfg(target_arch = "wasm32")]
#![expect(missing_docs, reason = "the names of tests say it")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

pub mod bag;
pub mod channel;
pub mod clock;
pub mod driver;
pub mod faults;
pub mod fetch;
pub mod listener;
pub mod lock;
pub mod page;
pub mod popup;
pub mod push;
pub mod storage;
pub mod transports;
pub mod window;
pub mod world;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
