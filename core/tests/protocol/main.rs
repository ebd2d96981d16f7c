//! The protocol, tested with no socket and no waiting: the core's clock is an argument.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]

mod answers;
mod backlog;
mod client;
mod comeback;
mod corpora;
mod document;
mod floods;
mod foreign;
mod frames;
mod framing;
mod order;
mod people;
mod properties;
mod readers;
mod record;
mod replica;
mod room;
mod seats;
mod servers;
mod sessions;
mod several;
mod shared_sessions;
mod sharing;
mod simulation;
mod snapshots;
mod telnet;
mod unreachable;
mod world;
