//! Back-pressure: when the room waits for a reader, and how much it takes in meanwhile
//! (spec: "a room that cannot be stalled").

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use crate::limits::Limits;
use crate::member::Who;

/// Finds readers that are far behind without looking at all of them, and counts those that the
/// room waits for.
///
/// Each reader that is near has one entry in `watch`: the length of the log at which it would be
/// far behind if it did not move any more. Only when the log has grown so long is the reader looked
/// at, and if it did move, it is entered anew. So a look is paid for by what the reader was sent.
pub(crate) struct Pressure {
    far_behind: u64,
    turn: usize,
    watch: BinaryHeap<Reverse<(u64, Who)>>,
    /// Readers that the room waits for.
    waited_for: usize,
    /// Number of the present or last time that the room waits.
    episode: u64,
    /// Bytes that the log may still grow by while the room waits.
    spare: usize,
}

impl Pressure {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            far_behind: limits.far_behind(),
            turn: limits.turn(),
            watch: BinaryHeap::new(),
            waited_for: 0,
            episode: 0,
            spare: 0,
        }
    }

    /// Watches a reader whose cursor is at `position`.
    pub(crate) fn watch(&mut self, who: Who, position: u64) {
        self.watch.push(Reverse((position + self.far_behind, who)));
    }

    /// A reader that is to be looked at now that the log ends at `end`; it is watched no more.
    pub(crate) fn suspect(&mut self, end: u64) -> Option<Who> {
        let &Reverse((due, who)) = self.watch.peek()?;
        if due > end {
            return None;
        }
        self.watch.pop();
        Some(who)
    }

    /// Whether a reader at `position` is far behind in a log that ends at `end`.
    pub(crate) fn is_far_behind(&self, position: u64, end: u64) -> bool {
        end - position >= self.far_behind
    }

    /// The room waits for one reader more.
    pub(crate) fn wait(&mut self) {
        if self.waited_for == 0 {
            self.episode += 1;
            self.spare = self.turn;
        }
        self.waited_for += 1;
    }

    /// The room waits for one reader less.
    pub(crate) fn wait_no_more(&mut self) {
        self.waited_for -= 1;
    }

    /// The number of this time that the room waits; `None` if it does not.
    pub(crate) fn episode(&self) -> Option<u64> {
        (self.waited_for > 0).then_some(self.episode)
    }

    /// The log has grown by `length` bytes.
    pub(crate) fn grew(&mut self, length: usize) {
        self.spare = self.spare.saturating_sub(length);
    }

    /// Bytes by which the log may grow now through what is received.
    pub(crate) fn room(&self) -> usize {
        if self.waited_for == 0 { self.turn } else { self.spare }
    }
}
