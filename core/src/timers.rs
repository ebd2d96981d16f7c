//! What is to happen at a time.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use crate::id::MemberId;
use crate::pressure::Episode;
use crate::time::Instant;

/// A time that runs out. Whether it still matters is looked at then, so none is ever cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A silence of this member may end its message. At most one for each member.
    Silence(MemberId),
    /// The room may have waited as long as it does.
    Grace(Episode),
}

/// All timers, soonest first.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Timer)>>,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Instant, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|&Reverse((at, _))| at)
    }

    /// Takes a timer that has run out, and when that was.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Instant, Timer)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(due)| due)
    }
}
