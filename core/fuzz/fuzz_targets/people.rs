//! Anything may happen to people, and to their connections: the simulation, its decisions made by a
//! fuzzer.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;
#[path = "../../tests/protocol/simulation/people/mod.rs"]
mod people;
#[path = "../../tests/protocol/simulation/screen.rs"]
mod screen;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| people::People::new(bytes::Bytes(bytes)).run(usize::MAX));
