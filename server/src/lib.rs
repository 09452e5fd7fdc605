//! The server half of oauth-sync: flows, callback, status and tokens.
//!
//! Two services do the work, each with one job: [`flow::FlowService`] (start, callback, status, cancel) and
//! [`tokens::TokenService`] (the only code that touches a token). Both speak to the database through
//! [`store::Store`]; nothing else holds SQL. [`router`] puts HTTP in front of them:
//!
//! ```text
//!  browser ──▶ http/ ──▶ flow/ ──▶ store/ (trait) ──▶ sqlite, postgres
//!                          │  claim      ▲
//!                          └─▶ tokens/ ──┘  tokens, connection and status in one transaction
//!                                │
//!                                └──▶ provider's token endpoint
//! ```
//!
//! [`push::Hub`] tells whoever listens of every change, by whichever process it was made.

pub mod app;
pub mod clock;
pub mod config;
pub mod envelope;
pub mod flow;
mod halt;
pub mod http;
pub mod limit;
pub mod metrics;
pub mod push;
pub mod random;
pub mod serve;
pub mod store;
pub mod sweep;
pub mod tokens;

pub use app::App;
pub use http::router;

/// So that the code in it compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
