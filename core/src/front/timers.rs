//! What is to happen at a time.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use crate::id::MemberId;
use crate::time::Instant;

/// When to look at which member, soonest first. Whether there is still a reason is found out then, so
/// none is ever cancelled.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, MemberId)>>,
}

impl Timers {
    pub(super) fn set(&mut self, at: Instant, id: MemberId) {
        self.heap.push(Reverse((at, id)));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|&Reverse((at, _))| at)
    }

    /// Takes a time that has come, and whom to look at.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Instant, MemberId)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(due)| due)
    }
}
