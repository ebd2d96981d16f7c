//! Members in browsers: the page that the executable serves, in a real browser.
//!
//! The browser is Debian's `chromium`, one for all tests, over its debugging pipe. As in the other
//! tests, each waits for what it expects, and none sleeps and hopes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may stop where it stands, and say why"
)]

mod accessibility;
mod attacks;
mod chatting;
mod chromium;
mod coming_back;
mod composing;
mod floods;
mod looks;
mod origins;
mod proxy;
mod room;

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../chat/harness.rs"]
mod harness;

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../chat/surroundings.rs"]
mod surroundings;
