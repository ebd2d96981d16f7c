//! The gate: nobody gets a line before one reader, a record on a disk, has confirmed it.

use crate::id::ReaderId;
use crate::time::Instant;

/// Up to where the others may read.
///
/// What they lack because of it is looked after with its reader: it counts as far behind once what it has
/// not confirmed is three quarters of the backlog, and as caught up once that is little. If the room
/// has waited for it in vain the gate is open until it has caught up.
pub(super) struct Gate {
    /// The reader that confirms.
    reader: Option<ReaderId>,
    /// The position before which everything is let through; [`OPEN`] while nothing is held back.
    bound: u64,
    /// When the room has waited for it in vain, if it waits for it.
    ends: Option<Instant>,
}

/// The bound of a gate that is open.
pub(super) const OPEN: u64 = u64::MAX;

impl Default for Gate {
    fn default() -> Self {
        Self { reader: None, bound: OPEN, ends: None }
    }
}

impl Gate {
    /// The reader that confirms.
    pub(super) fn reader(&self) -> Option<ReaderId> {
        self.reader
    }

    /// Whether it is this reader that confirms.
    pub(super) fn is_of(&self, reader: ReaderId) -> bool {
        self.reader == Some(reader)
    }

    /// From now on this reader confirms, if it is one.
    pub(super) fn set_reader(&mut self, reader: Option<ReaderId>) {
        self.reader = reader;
    }

    /// What is said from `end` on is held back.
    pub(super) fn close(&mut self, end: u64) {
        self.bound = self.bound.min(end);
    }

    /// All before `bound` is let through.
    pub(super) fn raise(&mut self, bound: u64) {
        self.bound = self.bound.max(bound);
    }

    pub(super) fn is_open(&self) -> bool {
        self.bound == OPEN
    }

    /// Up to where readers may read.
    pub(super) fn bound(&self) -> u64 {
        self.bound
    }

    /// Up to where this one may.
    pub(super) fn bound_of(&self, reader: ReaderId) -> u64 {
        if self.is_open() || self.is_of(reader) { OPEN } else { self.bound }
    }

    /// The room waits for it, no longer than until `ends`; or it does not.
    pub(super) fn wait(&mut self, ends: Option<Instant>) {
        self.ends = ends;
    }

    /// When the room has waited for it in vain, if it waits for it.
    pub(super) fn ends(&self) -> Option<Instant> {
        self.ends
    }
}
