//! Anything may happen to servers whose room's log is in an engine, and to that: the simulation, its
//! decisions made by a fuzzer.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;
#[path = "../../tests/protocol/simulation/replica/mod.rs"]
mod replica;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    replica::Replicas::new(bytes::Bytes(bytes), None).run(usize::MAX);
});
