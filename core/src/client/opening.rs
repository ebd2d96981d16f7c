//! What a client sends before all else.

use alloc::format;
use alloc::vec::Vec;

/// Shows that newlines end the client's messages: a pause in the first one could otherwise be taken
/// for its end. The original server never gets it.
const FRAMES: &[u8] = b"\n";

/// Shows the same, and asks for a session. Empty lines are nothing to a server that knows none.
const ASKS: &[u8] = b"\n\r\n";

/// Bytes that come first, or not at all.
pub(super) struct Opening {
    bytes: Vec<u8>,
    sent: usize,
    /// Whether the greeting of a server that frames is to come before.
    waits: bool,
}

impl Opening {
    pub(super) fn framing() -> Self {
        Self { bytes: FRAMES.to_vec(), sent: 0, waits: true }
    }

    pub(super) fn asking() -> Self {
        Self { bytes: ASKS.to_vec(), sent: 0, waits: true }
    }

    /// That of a member that comes back and has got so many lines.
    pub(super) fn resuming(key: u128, lines: u64) -> Self {
        let bytes = format!("/resume {key:032x} {lines}\n").into();
        Self { bytes, sent: 0, waits: false }
    }

    /// What is to be sent of it now, if `is_greeted` says whether a server that frames has greeted.
    pub(super) fn unsent(&self, is_greeted: bool) -> &[u8] {
        if self.waits && !is_greeted { &[] } else { &self.bytes[self.sent..] }
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// So many bytes more are sent.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        assert!(self.sent <= self.bytes.len(), "more is sent than was lent");
    }

    /// Something else was sent: inside a message it would end that.
    pub(super) fn give_up(&mut self) {
        self.sent = self.bytes.len();
    }
}
