//! Anything may happen to servers that share a room, and on the way to their order: the simulation,
//! its decisions made by a fuzzer.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;
#[path = "../../tests/protocol/simulation/shared/mod.rs"]
mod shared;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| shared::Shared::new(bytes::Bytes(bytes)).run(usize::MAX));
