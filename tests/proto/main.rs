//! The protocol in virtual time: real machines, a bus that loses and repeats, and every rule as a test.
#![cfg(not(target_arch = "wasm32"))]

mod world;

mod smoke;
