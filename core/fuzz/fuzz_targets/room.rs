//! Anything may happen to a room, in any order: the simulation, its decisions made by a fuzzer.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;
#[path = "../../tests/protocol/simulation/model/mod.rs"]
mod model;
#[path = "../../tests/protocol/simulation/peer.rs"]
mod peer;
#[path = "../../tests/protocol/simulation/run/mod.rs"]
mod run;
#[path = "../../tests/protocol/simulation/screen.rs"]
mod screen;
#[path = "../../tests/protocol/simulation/talk.rs"]
mod talk;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| run::Run::new(bytes::Bytes(bytes)).run(usize::MAX));
