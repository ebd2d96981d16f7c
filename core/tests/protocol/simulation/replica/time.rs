//! The time of a run, in microseconds.

pub(super) const MILLI: u64 = 1_000;
pub(super) const SECOND: u64 = 1_000_000;
