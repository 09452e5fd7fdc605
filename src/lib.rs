//! Carries the outcome of an OAuth connection to every window of a web app.
//!
//! [`proto`] decides: it is pure, and builds everywhere. `browser` performs: one file per facility of the
//! web platform. `api` is what JavaScript sees of both.

extern crate alloc;

pub mod proto;

#[cfg(target_arch = "wasm32")]
pub mod api;
#[cfg(target_arch = "wasm32")]
pub mod browser;

/// The callback page's module, `oauth-sync/callback`, for a server that renders such pages.
#[cfg(not(target_arch = "wasm32"))]
pub const CALLBACK_MODULE: &str = include_str!("../js/callback.js");
