//! Carries the outcome of an OAuth connection to every window of a web app.
//!
//! [`proto`] decides: it is pure, and builds everywhere. `browser` performs: one file per facility of the
//! web platform. `api` is what JavaScript sees of both.
//!
//! An app in Rust uses `browser::Driver` and turns the default feature `module` off: it adds the exports for
//! JavaScript and an allocator for the whole wasm module, which only its last crate may choose.

extern crate alloc;

pub mod proto;

#[cfg(all(target_arch = "wasm32", feature = "module"))]
pub mod api;
#[cfg(target_arch = "wasm32")]
pub mod browser;

/// The callback page's module, `oauth-sync/callback`, for a server that renders such pages.
#[cfg(not(target_arch = "wasm32"))]
pub const CALLBACK_MODULE: &str = include_str!("../js/callback.js");
