//! The order: what decides the sequence of entries, and what waits for it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::entry::{Entry, Stamp, Stamped};
use crate::id::NodeId;
use crate::limits::MAX_NOTICE;
use crate::room::{Committed, Room};
use crate::time::Instant;

/// A room, and the way of entries into it.
pub(crate) struct Ordered {
    pub(crate) room: Room,
    node: NodeId,
    /// The number of the last entry that was proposed.
    number: u64,
    /// What is proposed and not committed; `None` where this server alone decides, and commits at
    /// once.
    outbox: Option<Outbox>,
}

/// Proposals that an order elsewhere has not given back, oldest first.
#[derive(Default)]
struct Outbox {
    proposals: VecDeque<Proposal>,
    /// Bytes by which the log grows once all of them are committed.
    growth: usize,
}

struct Proposal {
    number: u64,
    growth: usize,
    encoded: Box<[u8]>,
}

impl Ordered {
    /// A room of which this server alone decides.
    pub(crate) fn alone(room: Room, node: NodeId) -> Self {
        Self { room, node, number: 0, outbox: None }
    }

    /// A room whose order is elsewhere.
    pub(crate) fn shared(room: Room, node: NodeId) -> Self {
        Self { room, node, number: 0, outbox: Some(Outbox::default()) }
    }

    /// Proposes an entry of this server's, by which the log grows by `growth` bytes.
    #[inline]
    pub(crate) fn propose(&mut self, now: Instant, entry: &Entry<'_>, growth: usize) {
        self.number += 1;
        let stamp = Stamp { node: self.node, number: self.number };
        match &mut self.outbox {
            None => {
                let committed = self.room.commit(now, stamp, entry);
                debug_assert_eq!(committed, Committed::New, "a server that is its own order");
            }
            // What a server that was said to be gone proposes is void.
            Some(_) if self.room.has_lost(self.node) => {}
            Some(outbox) => outbox.push(&Stamped::new(stamp, *entry), growth),
        }
    }

    /// Proposes that another server is gone, unless that is known or proposed.
    pub(crate) fn declare_lost(&mut self, now: Instant, node: NodeId) {
        let entry = Entry::Lost { node };
        let is_proposed = self.outbox.as_ref().is_some_and(|outbox| outbox.holds(&entry));
        if node != self.node && !self.room.has_lost(node) && !is_proposed {
            self.propose(now, &entry, MAX_NOTICE);
        }
    }

    /// Commits the next entry of the order. One of our own is proposed no more.
    pub(crate) fn commit(&mut self, now: Instant, stamped: &Stamped<'_>) -> Committed {
        let committed = self.room.commit(now, stamped.stamp(), stamped.entry());
        if let Some(outbox) = &mut self.outbox {
            if self.room.has_lost(self.node) {
                *outbox = Outbox::default();
            } else if stamped.stamp().node == self.node && committed == Committed::New {
                outbox.forget_until(stamped.stamp().number);
            }
        }
        committed
    }

    /// What is proposed and not committed, oldest first.
    pub(crate) fn proposals(&self) -> impl Iterator<Item = &[u8]> {
        let proposals = self.outbox.iter().flat_map(|outbox| &outbox.proposals);
        proposals.map(|proposal| &*proposal.encoded)
    }

    /// Bytes by which the log will grow by what is proposed and not committed.
    pub(crate) fn in_flight(&self) -> usize {
        self.outbox.as_ref().map_or(0, |outbox| outbox.growth)
    }

    /// This server.
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }

    pub(crate) fn is_own(&self, node: NodeId) -> bool {
        self.node == node
    }

    /// Whether the room was told that this server is gone.
    pub(crate) fn is_fenced(&self) -> bool {
        self.room.has_lost(self.node)
    }

    /// Whether what is proposed is not committed at once.
    pub(crate) fn is_shared(&self) -> bool {
        self.outbox.is_some()
    }
}

impl Outbox {
    fn push(&mut self, stamped: &Stamped<'_>, growth: usize) {
        let mut encoded = Vec::new();
        stamped.encode(&mut encoded);
        let number = stamped.stamp().number;
        let last = self.proposals.back().map(|last| last.number);
        debug_assert!(last.is_none_or(|last| last + 1 == number), "an order that misses one");
        self.growth += growth;
        self.proposals.push_back(Proposal { number, growth, encoded: encoded.into() });
    }

    /// Whether such an entry is proposed.
    fn holds(&self, entry: &Entry<'_>) -> bool {
        let mut proposals =
            self.proposals.iter().map(|proposal| Stamped::decode(&proposal.encoded));
        proposals.any(|stamped| stamped.is_ok_and(|stamped| stamped.entry() == entry))
    }

    fn forget_until(&mut self, number: u64) {
        while let Some(first) = self.proposals.front().filter(|first| first.number <= number) {
            self.growth -= first.growth;
            self.proposals.pop_front();
        }
    }
}
