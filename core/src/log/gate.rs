//! The gate: nobody gets a line before one reader, a record on a disk, has confirmed it.

use crate::id::ReaderId;

/// Up to where the others may read.
#[derive(Default)]
pub(super) struct Gate {
    /// The reader that confirms.
    reader: Option<ReaderId>,
    /// While the gate is closed: the position before which everything is let through.
    bound: Option<u64>,
}

impl Gate {
    /// From now on a reader confirms; what was said before `end` is let through.
    pub(super) fn close(&mut self, reader: ReaderId, end: u64) {
        self.reader = Some(reader);
        self.bound.get_or_insert(end);
    }

    /// All is let through, and nobody confirms.
    pub(super) fn remove(&mut self) {
        *self = Self::default();
    }

    /// All before `position` is confirmed.
    pub(super) fn let_through(&mut self, position: u64) {
        if let Some(bound) = &mut self.bound {
            *bound = position.max(*bound);
        }
    }

    /// Whether it is this reader that confirms.
    pub(super) fn is_of(&self, reader: ReaderId) -> bool {
        self.reader == Some(reader)
    }

    /// Up to where readers may read.
    pub(super) fn bound(&self) -> u64 {
        self.bound.unwrap_or(u64::MAX)
    }

    /// Up to where this one may.
    pub(super) fn bound_of(&self, reader: ReaderId) -> u64 {
        match self.bound {
            Some(bound) if !self.is_of(reader) => bound,
            _ => u64::MAX,
        }
    }
}
