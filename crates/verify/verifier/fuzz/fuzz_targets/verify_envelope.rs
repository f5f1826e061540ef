//! Fuzz target: see `verify_envelope` in `bodies.rs`.

#![no_main]

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::verify_envelope(data));
