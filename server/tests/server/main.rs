//! Route-shaped tests: the real router over a real SQLite file, and a small token endpoint that can be told to fail.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in what it calls"
)]

mod harness;

mod callback;
mod cancel;
mod config;
mod connections;
mod events;
mod events_process;
mod exchange;
mod expiry;
mod faults;
mod identity;
#[cfg(debug_assertions)]
mod kills;
mod limits;
mod metrics;
mod model;
mod openapi;
mod operator;
mod operator_faults;
mod pages;
mod postgres;
mod process;
mod races;
mod refresh;
mod refresh_faults;
mod restart;
mod revoke;
mod rotate;
mod secrets;
mod sqlite;
mod start;
mod startup;
mod status;
mod store;
mod validate;
