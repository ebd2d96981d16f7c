//! Alone, in memory: what is proposed is committed in the same call, so the order of the calls is
//! the order of the room, and nothing is left to do here.

use chat_core::{Limits, Room};

/// A room of this server alone.
pub(crate) fn alone(limits: Limits) -> Room {
    Room::new(limits)
}
