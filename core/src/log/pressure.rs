//! Back-pressure: when the room waits for readers, and how much it takes in meanwhile (protocol.md,
//! "Slow readers").

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;
use core::num::NonZeroU64;

use super::reader::Reader;
use crate::id::ReaderId;
use crate::limits::Limits;

/// Entries of `watch` that may be of no use, beside one for each reader.
const TIDY: usize = 64;

/// Finds readers that are far behind without looking at all of them, and counts those that the
/// room waits for.
///
/// Each reader that is near has one entry in `watch` that counts: the length of the log at which it would be
/// far behind if it did not move any more. Only when the log has grown so long is the reader looked
/// at, and if it did move, it is entered anew: checks are amortized over delivered bytes.
///
/// The room waits in episodes. One begins with a reader that is far behind, and with it the room
/// waits for all those that could come to be far behind by what may still be said before it ends:
/// otherwise as many as there are could hold the room one after the other. (Readers that are an
/// eighth of the backlog apart can, but no more than a few fit into a backlog.) It ends when all of
/// them have caught up completely, or when the time of grace is over.
pub(crate) struct Pressure {
    far_behind: u64,
    share: usize,
    watch: BinaryHeap<Reverse<(u64, ReaderId)>>,
    /// Readers that the room waits for.
    waited_for: usize,
    /// Whether it waits for the gate.
    waits_for_gate: bool,
    /// The present or last episode.
    episode: Episode,
    /// Bytes that the log may still grow by while the room waits.
    spare: usize,
}

/// One time that the room waits: its number, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Episode(NonZeroU64);

impl Episode {
    pub(super) fn number(self) -> u64 {
        self.0.get()
    }

    pub(super) fn of_number(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }
}

impl Pressure {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            far_behind: limits.far_behind(),
            share: limits.share(),
            watch: BinaryHeap::new(),
            waited_for: 0,
            waits_for_gate: false,
            episode: Episode(NonZeroU64::MIN),
            spare: 0,
        }
    }

    /// Watches a reader from where it is. What was noted for it before does not count any more.
    pub(super) fn watch(&mut self, id: ReaderId, reader: &mut Reader) {
        let due = reader.position() + self.far_behind;
        reader.set_due(due);
        self.watch.push(Reverse((due, id)));
    }

    /// Takes a reader that is to be looked at now that the log ends at `end`, if what was noted for it
    /// counts, which it returns too. One that has got all before `bound` may have no more: what it
    /// lacks is the gate's affair.
    pub(super) fn suspect(&mut self, end: u64, bound: u64) -> Option<(u64, ReaderId)> {
        let &Reverse((due, reader)) = self.watch.peek()?;
        if due > self.horizon(end) || due >= bound.saturating_add(self.far_behind) {
            return None;
        }
        self.watch.pop();
        Some((due, reader))
    }

    /// Forgets what does not count any more, before it is more than what does.
    pub(super) fn tidy(&mut self, readers: usize, counts: impl Fn(ReaderId, u64) -> bool) {
        if self.watch.len() > 2 * readers + TIDY {
            self.watch.retain(|&Reverse((due, reader))| counts(reader, due));
        }
    }

    /// Whether a reader at `position` is far behind in a log that ends at `end`, or can come to be
    /// so while the room waits.
    pub(crate) fn is_far_behind(&self, position: u64, end: u64) -> bool {
        debug_assert!(position <= end, "a reader ahead of the log");
        self.horizon(end) - position >= self.far_behind
    }

    /// The room waits for one reader more. Returns the episode, and whether this begins it.
    pub(crate) fn wait(&mut self) -> (Episode, bool) {
        let begins = self.waited_for == 0;
        if begins {
            self.episode.0 = self.episode.0.saturating_add(1);
        }
        self.begin_to_wait();
        self.waited_for += 1;
        (self.episode, begins)
    }

    /// The room waits for the gate, or does so no more.
    pub(crate) fn wait_for_gate(&mut self, waits: bool) {
        if waits {
            self.begin_to_wait();
        }
        self.waits_for_gate = waits;
    }

    /// What may be said while the room waits is what may be said before it has caught up, whomever it
    /// waits for, and whoever comes to be far behind meanwhile.
    fn begin_to_wait(&mut self) {
        if !self.is_waiting() {
            self.spare = self.share;
        }
    }

    /// Whether the room waits for anybody.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waited_for > 0 || self.waits_for_gate
    }

    /// A reader that the room waited for in `episode` has caught up, or is gone.
    pub(crate) fn wait_no_more(&mut self, episode: Episode) {
        if self.episode() == Some(episode) {
            // It is not 0: the episode is the present one.
            self.waited_for -= 1;
        }
    }

    /// The time of grace of `episode` is over: whoever has not caught up is given up.
    pub(crate) fn give_up(&mut self, episode: Episode) {
        if self.episode() == Some(episode) {
            self.waited_for = 0;
        }
    }

    /// The present episode; `None` if the room does not wait for readers.
    pub(crate) fn episode(&self) -> Option<Episode> {
        (self.waited_for > 0).then_some(self.episode)
    }

    /// The log has grown by `length` bytes.
    pub(crate) fn grew(&mut self, length: usize) {
        // Saturating: what no budget bounds, such as leaves, may use up more than there is.
        self.spare = self.spare.saturating_sub(length);
    }

    /// Whether what lacks so many bytes has as good as caught up.
    pub(crate) fn is_little(&self, bytes: u64) -> bool {
        bytes <= self.share as u64
    }

    /// Bytes by which the log may grow now through what is received.
    pub(crate) fn space(&self) -> usize {
        if self.is_waiting() { self.spare } else { self.share }
    }

    /// Where the log that ends at `end` can come to end while the room waits.
    fn horizon(&self, end: u64) -> u64 {
        if self.is_waiting() { end + self.spare as u64 } else { end }
    }
}
