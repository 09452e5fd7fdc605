//! The protocol, pure: no browser, no clock, no randomness, no logging, no async.
//!
//! [`Machine`](machine::Machine) is the only thing that changes. Give it an [`Input`](machine::Input) and the time,
//! then drain [`poll_output`](machine::Machine::poll_output) until it says how long to wait. It never fails and never
//! panics: what it cannot use it counts.
//!
//! ```text
//!   notice, message, stored record ──┐                 ┌── Emit       → subscribers
//!   reply, failure, push ────────────┤                 ├── Write      → storage
//!   timer, focus, lock, window ──────┼──▶ Machine ─────┼── Broadcast  → other windows
//!   start, cancel, dismiss, reset ───┘   merge, plan   ├── Check      → status endpoint
//!                                                      └── Wait       → timer
//! ```

pub mod bag;
pub mod connection;
pub mod error;
pub mod flow;
pub mod machine;
pub mod message;
pub mod notice;
pub mod record;
pub mod reply;
pub mod schedule;
pub mod seen;
pub mod state;
pub mod status;
pub mod text;
pub mod time;
pub mod tree;
pub mod verdict;
