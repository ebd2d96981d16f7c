//! What is kept for an engine that has lost it: the batches since a snapshot, and the snapshots
//! since then.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;

use super::{Batch, Link, Position};
use crate::id::NodeId;

/// Links of batches that are not kept, at the most: 256 KiB of them. A log that ends with one of
/// these was cut off, however far; one that ends with another link is another one.
const MOST_LINKS: usize = 32 * 1024;

/// What a batch costs beside its payload, about the same here and in an engine: where it stands in
/// the log, and what says so. In a room where little is said it is more than what is said.
const COST: u64 = 128;

/// A room as it was at a place in its log.
pub(super) struct Snapshot {
    pub(super) at: Position,
    pub(super) bytes: Rc<[u8]>,
    /// The last number of each node; `None`: it was declared lost.
    pub(super) nodes: Vec<(NodeId, Option<u64>)>,
    /// Whether it stands behind a batch of this node.
    pub(super) is_own: bool,
}

/// Batches without a gap, up to what was read last.
pub(super) struct Kept {
    /// Behind which they begin: where the oldest snapshot was taken, or the log's beginning.
    base: Position,
    batches: VecDeque<Rc<Batch>>,
    /// The links of what comes before the base.
    links: VecDeque<Link>,
    /// The bytes of all payloads so far, and what each batch costs.
    total: u64,
    /// Oldest first, each with `total` as it was then.
    snapshots: VecDeque<(u64, Snapshot)>,
}

impl Kept {
    /// Nothing yet of a log without a snapshot.
    pub(super) fn from_genesis() -> Self {
        Self {
            base: Position::GENESIS,
            batches: VecDeque::new(),
            links: VecDeque::new(),
            total: 0,
            snapshots: VecDeque::new(),
        }
    }

    /// Nothing yet behind a snapshot.
    pub(super) fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut kept = Self::from_genesis();
        kept.base = snapshot.at;
        kept.push_snapshot(snapshot);
        kept
    }

    pub(super) fn base(&self) -> Position {
        self.base
    }

    /// The snapshot at the base, unless that is the log's beginning.
    pub(super) fn oldest(&self) -> Option<&Snapshot> {
        self.snapshots.front().map(|(_, snapshot)| snapshot).filter(|oldest| oldest.at == self.base)
    }

    pub(super) fn push(&mut self, batch: Batch) {
        self.total += batch.payload.len() as u64 + COST;
        self.batches.push_back(Rc::new(batch));
    }

    pub(super) fn push_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshots.push_back((self.total, snapshot));
    }

    /// The bytes behind the newest snapshot.
    pub(super) fn since_snapshot(&self) -> u64 {
        self.total - self.snapshots.back().map_or(0, |(total, _)| *total)
    }

    /// The newest snapshot behind which there are so many bytes, unless it is the oldest
    /// one: that is known to the engine.
    pub(super) fn worth_keeping(&self, bytes: u64) -> Option<&Snapshot> {
        let is_worth = |total: &u64| self.total - total >= bytes;
        let newest = self.snapshots.iter().rev().find(|(total, _)| is_worth(total))?;
        Some(&newest.1).filter(|snapshot| snapshot.at != self.base)
    }

    /// Forgets what comes before the newest snapshot up to an index. Returns whether there is any.
    pub(super) fn forget_before(&mut self, index: u64) -> bool {
        let mut places = self.snapshots.iter().rev().map(|(_, snapshot)| snapshot.at);
        let Some(at) = places.find(|at| at.index <= index).filter(|at| *at != self.base) else {
            return false;
        };
        self.snapshots.retain(|(_, snapshot)| snapshot.at.index >= at.index);
        self.links.push_back(self.base.link);
        while let Some(batch) = self.batches.pop_front_if(|batch| batch.index <= at.index) {
            self.links.push_back(batch.link);
        }
        // The last one is that of the base.
        self.links.pop_back();
        let superfluous = self.links.len().saturating_sub(MOST_LINKS);
        self.links.drain(..superfluous);
        self.base = at;
        true
    }

    /// The link of what stands at `index`, if that is known.
    pub(super) fn link_at(&self, index: u64) -> Option<Link> {
        let Some(before) = self.base.index.checked_sub(index) else {
            return self.batch_at(index).map(|batch| batch.link);
        };
        if before == 0 {
            return Some(self.base.link);
        }
        let place = self.links.len().checked_sub(usize::try_from(before).ok()?)?;
        self.links.get(place).copied()
    }

    fn batch_at(&self, index: u64) -> Option<&Rc<Batch>> {
        let place = index.checked_sub(self.base.index)?.checked_sub(1)?;
        self.batches.get(usize::try_from(place).ok()?)
    }

    /// Batches from `index` on: so many of them and so many bytes at the most, and one if there is
    /// any.
    pub(super) fn some_from(&self, index: u64, most: usize, bytes: usize) -> Vec<Rc<Batch>> {
        let mut left = bytes;
        let fits = |batch: &&Rc<Batch>| {
            let fits = left == bytes || batch.payload.len() <= left;
            left = left.saturating_sub(batch.payload.len().max(1));
            fits
        };
        self.from(index).take(most).take_while(fits).cloned().collect()
    }

    /// All batches from `index` on.
    fn from(&self, index: u64) -> impl Iterator<Item = &Rc<Batch>> {
        let skipped = index.saturating_sub(self.base.index + 1);
        self.batches.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }

    /// All batches, oldest first.
    pub(super) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter().map(|batch| &**batch)
    }
}
