//! When what is kept was said, by the clock on the wall.

use alloc::collections::VecDeque;

use crate::time::Wall;

/// The seconds that are kept apart; earlier ones are thinned out to minutes. They take 12 KiB, and are
/// far more than a record on a disk is ever behind.
const MOST: usize = 512;

/// The seconds in which something was said, each with the position of its first line.
///
/// None for what is not kept any more, and of those that are long past one a minute.
pub(super) struct Times {
    seconds: VecDeque<(u64, Wall)>,
    /// The second that has begun since something was last said.
    begun: Option<Wall>,
    /// How many there may be before they are thinned out.
    most: usize,
}

impl Default for Times {
    fn default() -> Self {
        Self { seconds: VecDeque::new(), begun: None, most: MOST }
    }
}

impl Times {
    /// What the clock says from now on.
    pub(super) fn set(&mut self, wall: Wall) {
        let is_another = self.seconds.back().is_none_or(|&(_, last)| last != wall);
        self.begun = is_another.then_some(wall);
    }

    /// A line is said at `position`; what is kept begins at `start`.
    #[inline]
    pub(super) fn said(&mut self, position: u64, start: u64) {
        if let Some(second) = self.begun {
            self.begin(second, position, start);
        }
    }

    #[cold]
    fn begin(&mut self, second: Wall, position: u64, start: u64) {
        self.begun = None;
        self.seconds.push_back((position, second));
        while self.seconds.get(1).is_some_and(|&(position, _)| position <= start) {
            self.seconds.pop_front();
        }
        if self.seconds.len() > self.most {
            self.thin_out();
        }
    }

    /// Keeps the first second of each minute, but all of the last ones.
    fn thin_out(&mut self) {
        let recent = self.seconds.len().saturating_sub(MOST / 2);
        let (mut index, mut minute) = (0, None);
        self.seconds.retain(|&(_, second)| {
            let before = minute.replace(second.minute());
            index += 1;
            index > recent || before != minute
        });
        // If they are all minutes nothing is thinned out: that is not tried again for each of them.
        self.most = MOST.max(2 * self.seconds.len());
    }

    /// When the line was said that the byte at `position`, which is kept, belongs to.
    pub(super) fn of(&self, position: u64) -> Option<Wall> {
        self.second_at(position).0
    }

    /// The same, or the first time that is known, and where the first line stands that was said later.
    /// For the end of all it is what the clock says now.
    pub(super) fn second(&self, position: u64, end: u64) -> (Wall, u64) {
        let (said, until) = self.second_at(position);
        let first = self.seconds.front().map(|&(_, first)| first);
        let last = self.seconds.back().map(|&(_, last)| last);
        let wall = if position < end { said.or(first) } else { self.begun.or(last) };
        (wall.unwrap_or_default(), until)
    }

    fn second_at(&self, position: u64) -> (Option<Wall>, u64) {
        let after = self.seconds.partition_point(|&(first, _)| first <= position);
        let said = after.checked_sub(1).and_then(|at| self.seconds.get(at));
        let until = self.seconds.get(after).map_or(u64::MAX, |&(first, _)| first);
        (said.map(|&(_, wall)| wall), until)
    }
}
