//! When what is kept was said, by the clock on the wall.

use alloc::collections::VecDeque;

use crate::time::Wall;

/// The minutes in which something was said, each with the position of its first line.
///
/// One for each minute at the most, and none for what is not kept any more.
#[derive(Default)]
pub(super) struct Times {
    minutes: VecDeque<(u64, Wall)>,
    /// The minute that has begun since something was last said.
    begun: Option<Wall>,
}

impl Times {
    /// What the clock says from now on.
    pub(super) fn set(&mut self, wall: Wall) {
        let is_another = self.minutes.back().is_none_or(|(_, last)| last.minute() != wall.minute());
        self.begun = is_another.then_some(wall);
    }

    /// A line is said at `position`; what is kept begins at `start`.
    #[inline]
    pub(super) fn said(&mut self, position: u64, start: u64) {
        if let Some(minute) = self.begun {
            self.begin(minute, position, start);
        }
    }

    #[cold]
    fn begin(&mut self, minute: Wall, position: u64, start: u64) {
        self.begun = None;
        self.minutes.push_back((position, minute));
        while self.minutes.get(1).is_some_and(|&(position, _)| position <= start) {
            self.minutes.pop_front();
        }
    }

    /// When the line was said that the byte at `position`, which is kept, belongs to.
    pub(super) fn of(&self, position: u64) -> Option<Wall> {
        let after = self.minutes.partition_point(|&(first, _)| first <= position);
        Some(self.minutes.get(after.checked_sub(1)?)?.1)
    }
}
