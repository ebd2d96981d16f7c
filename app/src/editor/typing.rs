//! What is typed on a terminal, as keys.

use std::task::{Context, Poll};

use chat_core::Instant;

use crate::clock::Clock;
use crate::system::Keyboard;
use crate::terminal::{Key, Keys};

/// Keys, as they are pressed.
pub(super) struct Typing {
    clock: Clock,
    /// `None` once the terminal is gone.
    keyboard: Option<Keyboard>,
    keys: Keys,
    /// When silence decides what the last bytes were.
    decide_at: Option<Instant>,
}

impl Typing {
    pub(super) fn new(keyboard: Keyboard, clock: Clock) -> Self {
        Self { clock, keyboard: Some(keyboard), keys: Keys::default(), decide_at: None }
    }

    /// Returns the keys that were pressed next; `None` once there can be no more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<Key>>> {
        let mut pressed = Vec::new();
        match self.keyboard.as_mut().map(|keyboard| keyboard.poll_read(cx)) {
            Some(Poll::Pending) => {
                let now = self.clock.now();
                if self.decide_at.is_none_or(|at| now < at) {
                    return Poll::Pending;
                }
                self.keys.decide(&mut |key| pressed.push(key));
            }
            Some(Poll::Ready(Ok(bytes))) if !bytes.is_empty() => {
                self.keys.feed(bytes, &mut |key| pressed.push(key));
            }
            // A terminal that can no longer be read is as good as gone.
            Some(Poll::Ready(_)) | None => {
                self.keyboard = None;
                return Poll::Ready(None);
            }
        }
        self.decide_at = self.keys.undecided_for().map(|time| self.clock.now() + time);
        Poll::Ready(Some(pressed))
    }

    /// When [`Typing::poll`] must be called again even if nothing is typed.
    pub(super) fn decide_at(&self) -> Option<Instant> {
        self.decide_at
    }
}
