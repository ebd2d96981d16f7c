//! A room that several servers share, on an engine that fails in all the ways that it may.
//!
//! The engine is Debian's `redis-server`, one for each test, on a port and in a folder of its own.
//! As in the other tests, each waits for what it expects, and none sleeps and hopes.
//!
//! | module | what it is |
//! |---|---|
//! | `engine`, `sentinels` | the engine, and several of which one takes over |
//! | `room`, `member`, `by_hand`, `host` | servers, and who is in their room |
//! | `check` | what must be true of all that was said and heard |
//! | the others | what happens to a room |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may stop where it stands, and say why"
)]

mod asking;
mod away;
mod behind;
mod by_hand;
mod chatting;
mod check;
mod engine;
mod failover;
mod gone;
mod host;
mod member;
mod operating;
mod recording;
mod room;
mod sentinels;
mod starts;

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../chat/harness.rs"]
mod harness;

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../chat/surroundings.rs"]
mod surroundings;
