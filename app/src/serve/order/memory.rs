//! Alone, in memory: what is proposed is committed in the same call, so the order of the calls is
//! the order of the room, and nothing is left to do here.

use chat_core::{Limits, Server};

/// The server of a room that is its own.
pub(crate) fn alone(limits: Limits) -> Server {
    Server::new(limits)
}
