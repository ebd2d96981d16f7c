//! Anything may happen to people, and to their connections: the simulation, its decisions made by a
//! fuzzer.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;
#[allow(dead_code, reason = "what is read of a page is looked at elsewhere")]
#[path = "../../tests/protocol/frames/page.rs"]
mod page;
#[path = "../../tests/protocol/simulation/people/mod.rs"]
mod people;
#[path = "../../tests/protocol/simulation/screen.rs"]
mod screen;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| people::People::new(bytes::Bytes(bytes)).run(usize::MAX));
