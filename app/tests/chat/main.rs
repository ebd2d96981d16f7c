//! The real executable over real sockets, driven as people and their shells drive it.
//!
//! Each test waits for what it expects, up to [`harness::LIMIT`]; none sleeps and hopes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may stop where it stands, and say why"
)]

mod attacks;
mod bad_link;
mod clients;
mod command_line;
mod crowds;
mod disk;
mod emulator;
mod engines;
mod faults;
mod filter;
mod flood;
mod harness;
mod host;
mod interactive;
mod join;
mod keys;
mod leaving;
mod looks;
mod mixture;
mod multiplexers;
mod original;
mod people;
mod places;
mod programs;
mod reconnecting;
mod record;
#[cfg(target_arch = "x86_64")]
mod refusals;
mod scripted;
mod serve;
mod session;
mod signals;
mod stalls;
mod surroundings;
mod terminal;
mod tmux;
mod web;
mod wire;
