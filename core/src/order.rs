//! The order: what decides the sequence of entries, and what waits for it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::entry::{DecodeError, Entry, Heard, Stamp, Stamped};
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
    /// Whose message is dealt with, and what of its input is once that is: the entry that it leads to
    /// says so.
    cause: Option<(u64, Heard)>,
    /// What the last entry said of that.
    proposed: Option<Heard>,
}

/// Proposals that an order elsewhere has not given back, oldest first.
#[derive(Default)]
struct Outbox {
    proposals: VecDeque<Proposal>,
    /// Them, encoded, one behind the other, and how many bytes of the first are not needed any more.
    encoded: Vec<u8>,
    done: usize,
    /// Bytes by which the log grows once all of them are committed.
    growth: usize,
}

struct Proposal {
    number: u64,
    growth: usize,
    /// Its length, encoded.
    length: usize,
}

impl Ordered {
    /// A room of which this server alone decides.
    pub(crate) fn alone(room: Room, node: NodeId) -> Self {
        Self { room, node, number: 0, outbox: None, cause: None, proposed: None }
    }

    /// A room whose order is elsewhere. It may know of entries of this server.
    pub(crate) fn shared(room: Room, node: NodeId) -> Self {
        let number = room.last_of(node);
        let outbox = Some(Outbox::default());
        Self { room, node, number, outbox, cause: None, proposed: None }
    }

    /// Proposes an entry of this server's, by which the log grows by `growth` bytes.
    #[inline]
    pub(crate) fn propose(&mut self, now: Instant, entry: &Entry<'_>, growth: usize) {
        self.propose_heard(now, entry, None, growth);
    }

    /// The same. Where the order is elsewhere, so much of its member's input is dealt with once it is
    /// committed.
    #[inline]
    pub(crate) fn propose_heard(
        &mut self,
        now: Instant,
        entry: &Entry<'_>,
        heard: Option<Heard>,
        growth: usize,
    ) {
        self.number += 1;
        let stamp = Stamp { node: self.node, number: self.number };
        match &mut self.outbox {
            None => {
                let committed = self.room.commit(now, stamp, entry);
                debug_assert_eq!(committed, Committed::New, "a server that is its own order");
            }
            // What a server that was said to be gone proposes is void.
            Some(_) if self.room.has_lost(self.node) => {}
            Some(outbox) => {
                let cause = self.cause.take_if(|(member, _)| entry.author() == Some(*member));
                let heard = heard.or(cause.map(|(_, heard)| heard));
                self.proposed = heard.or(self.proposed);
                outbox.push(&Stamped::new(stamp, *entry).with_heard(heard), growth);
            }
        }
    }

    /// A member's message is dealt with, or none any more: so much of its input is then.
    pub(crate) fn set_cause(&mut self, cause: Option<(u64, Heard)>) {
        self.cause = cause;
    }

    /// Takes what the last entry said of what is dealt with.
    pub(crate) fn take_proposed(&mut self) -> Option<Heard> {
        self.proposed.take()
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
        let committed = self.room.commit_shared(now, stamped);
        if let Some(outbox) = &mut self.outbox {
            if self.room.has_lost(self.node) {
                *outbox = Outbox::default();
            } else if stamped.stamp().node == self.node && committed == Committed::New {
                outbox.forget_until(stamped.stamp().number);
            }
        }
        committed
    }

    /// A room goes on from a snapshot: what of this server's is in it is proposed no more.
    pub(crate) fn skip_to(&mut self, snapshot: &[u8]) -> Result<(), DecodeError> {
        self.room.skip_to(snapshot)?;
        let last = self.room.last_of(self.node);
        if let Some(outbox) = &mut self.outbox {
            if self.room.has_lost(self.node) {
                *outbox = Outbox::default();
            } else {
                outbox.forget_until(last);
            }
        }
        self.number = self.number.max(last);
        Ok(())
    }

    /// What is proposed and not committed, oldest first, as values.
    pub(crate) fn proposed(&self) -> impl Iterator<Item = Stamped<'_>> {
        self.proposals().filter_map(|encoded| Stamped::decode(encoded).ok())
    }

    /// What is proposed and not committed, oldest first.
    pub(crate) fn proposals(&self) -> impl Iterator<Item = &[u8]> {
        self.proposals_behind(0)
    }

    /// The same, from the one behind `number` on.
    pub(crate) fn proposals_behind(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        self.outbox.iter().flat_map(move |outbox| outbox.behind(number))
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
        let before = self.encoded.len();
        stamped.encode(&mut self.encoded);
        let length = self.encoded.len() - before;
        let number = stamped.stamp().number;
        let last = self.proposals.back().map(|last| last.number);
        debug_assert!(last.is_none_or(|last| last + 1 == number), "an order that misses one");
        self.growth += growth;
        self.proposals.push_back(Proposal { number, growth, length });
    }

    /// Whether such an entry is proposed.
    fn holds(&self, entry: &Entry<'_>) -> bool {
        let mut proposals = self.behind(0).map(Stamped::decode);
        proposals.any(|stamped| stamped.is_ok_and(|stamped| stamped.entry() == entry))
    }

    /// The proposals with greater numbers.
    fn behind(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        // The numbers are successive.
        let first = self.proposals.front().map_or(0, |first| first.number);
        let skipped = (number + 1).saturating_sub(first);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let skipped = skipped.min(self.proposals.len());
        // Those that were appended and not read: a few batches.
        let mut from = self.done;
        from += self.proposals.range(..skipped).map(|proposal| proposal.length).sum::<usize>();
        self.proposals.range(skipped..).map(move |proposal| {
            let encoded = &self.encoded[from..][..proposal.length];
            from += proposal.length;
            encoded
        })
    }

    fn forget_until(&mut self, number: u64) {
        while let Some(first) = self.proposals.front().filter(|first| first.number <= number) {
            self.growth -= first.growth;
            self.done += first.length;
            self.proposals.pop_front();
        }
        // Compacts when at least half is done: amortized O(1).
        if self.done * 2 >= self.encoded.len() {
            self.encoded.drain(..self.done);
            self.done = 0;
        }
    }
}
