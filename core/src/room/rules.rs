//! What the host of a room has decided.

use alloc::boxed::Box;

use crate::entry::Rule;

/// What holds for everybody in the room.
#[derive(Default)]
pub(crate) struct Rules {
    is_hushed: bool,
    is_locked: bool,
    is_not_private: bool,
    topic: Box<str>,
}

impl Rules {
    pub(super) fn set(&mut self, rule: Rule, is_on: bool) {
        match rule {
            Rule::Hush => self.is_hushed = is_on,
            Rule::Lock => self.is_locked = is_on,
            Rule::Private => self.is_not_private = !is_on,
        }
    }

    pub(super) fn set_topic(&mut self, text: &str) {
        self.topic = text.into();
    }

    /// Whether only the host speaks.
    pub(crate) fn is_hushed(&self) -> bool {
        self.is_hushed
    }

    /// Whether nobody else is let in.
    pub(crate) fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Whether members may write to each other.
    pub(crate) fn is_private(&self) -> bool {
        !self.is_not_private
    }

    /// What newcomers are told; empty if nothing.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }
}
