//! Fuzz target: traces of allocations, frees, departures and misuses on a heap, against the model of `tests/traces`.
//!
//! `scripts/test-deep.sh fuzz`, for longer with `FUZZ_SECONDS=3600`.
#![no_main]

#[path = "../../tests/traces/interpreter.rs"]
mod interpreter;

libfuzzer_sys::fuzz_target!(|trace: &[u8]| {
    interpreter::play(trace);
});
