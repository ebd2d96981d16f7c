//! How much was not sent.

use std::fmt;

/// What was not sent of the input.
pub(super) struct Unsent {
    pub(super) lines: usize,
    /// Whether there is more, which is not counted.
    pub(super) goes_on: bool,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.goes_on { "at least " } else { "" };
        match self.lines {
            1 => write!(f, "{at_least}1 line was not sent"),
            lines => write!(f, "{at_least}{lines} lines were not sent"),
        }
    }
}
