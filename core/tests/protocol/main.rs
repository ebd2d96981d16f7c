//! The protocol, tested with no socket and no waiting: the core's clock is an argument.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod backlog;
mod client;
mod floods;
mod framing;
mod properties;
mod room;
mod simulation;
mod world;
