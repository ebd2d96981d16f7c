//! Whether a step got anywhere.

use std::ops::BitOr;

/// What a step of a loop has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Something was done, so other steps may get further too.
    Made,
    /// Nothing could be done: the task is registered with what it waits for.
    Stalled,
}

impl BitOr for Progress {
    type Output = Self;

    /// Both steps were taken: did either get anywhere?
    fn bitor(self, other: Self) -> Self {
        if self == Self::Stalled { other } else { self }
    }
}
