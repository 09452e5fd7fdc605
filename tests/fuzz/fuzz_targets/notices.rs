#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oauth_sync_fuzz::notices::run(data));
