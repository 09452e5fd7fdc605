//! The protocol in virtual time: real machines, a bus that loses and repeats, and every rule as a test.
#![cfg(not(target_arch = "wasm32"))]
#![expect(
    clippy::expect_used,
    reason = "clippy.toml allows it in tests, but not in what they share; a test that cannot go on fails"
)]

mod world;

mod chains;
mod check;
mod connections;
mod deadlines;
mod election;
mod hostile;
mod lists;
mod messages;
mod model;
mod notices;
mod plain;
mod poller;
mod push;
mod refreshes;
mod removal;
mod schedule;
mod simulation;
mod stored;
mod stream;
mod targets;
mod told;
mod unknown;
mod vectors;
mod verdicts;
mod windows;
mod wire;
