//! What there is where several servers share a room.

use alloc::vec::Vec;

use super::{Event, Server};
use crate::entry::{DecodeError, Entry, Stamped};
use crate::id::{MemberId, NodeId};
use crate::limits::Limits;
use crate::order::Ordered;
use crate::room::{Committed, Room};
use crate::time::Instant;

/// Order.
impl Server {
    /// What this server has proposed and the order has not given back, oldest first: each is an
    /// encoded [`Stamped`]. To propose it again is safe.
    pub fn proposals(&self) -> impl Iterator<Item = &[u8]> {
        self.ordered.proposals()
    }

    /// How many of these are messages, to all or to one, that nobody says again if they come to
    /// nothing: a member that may come back says again what was not heard of it.
    #[must_use]
    pub fn count_unsaid(&self) -> usize {
        let entries = self.proposals().filter_map(|encoded| Stamped::decode(encoded).ok());
        entries.filter(|entry| entry.is_message() && entry.heard().is_none()).count()
    }

    /// Commits the next entry of the room's order. Each server is given the same ones in the same
    /// sequence, from the first on. It may be given one again that it was given before, unless that
    /// was [`Committed::TooSoon`]: such an entry is void for ever, although another one that is the
    /// same may come later in the order.
    pub fn commit(&mut self, now: Instant, entry: &Stamped<'_>) -> Committed {
        self.pass_time(now);
        let was_tight = self.is_tight();
        let committed = self.ordered.commit(self.now, entry);
        self.note_space(was_tight);
        self.heed_effects();
        if committed == Committed::New {
            self.heed_entry(entry);
            if self.ordered.is_own(entry.stamp().node)
                && let &Entry::Joined { member, .. } = entry.entry()
            {
                self.note_join(MemberId::from_number(member));
            }
        }
        committed
    }

    /// A member of this server has joined, as all know now.
    fn note_join(&mut self, id: MemberId) {
        // It was counted when it was proposed. Saturating: what an order gives is not ours.
        self.joining = self.joining.saturating_sub(1);
        // Or it was turned away meanwhile.
        if self.ordered.room.log.has_started(id.into()) && self.front.is_here(id) {
            self.note_entrance(id);
            self.events.queue.push_back(Event::Admitted(id));
        }
    }

    /// Whoever was refused may be tried again, if there was little space and is more.
    pub(super) fn note_space(&mut self, was_tight: bool) {
        if was_tight && !self.is_tight() {
            self.events.has_resumed = true;
            self.waiting.resume(self.now);
        }
    }

    /// Has the room told that another server is gone, and all its members with it: for whoever has
    /// found that out. Once it is committed, nothing more that `node` proposes counts, should it be
    /// there after all. Without effect if that is known, or proposed already.
    pub fn declare_lost(&mut self, now: Instant, node: NodeId) {
        self.pass_time(now);
        self.ordered.declare_lost(self.now, node);
    }

    /// This server ends: nothing is proposed of members whose connections end from now on. The room is told
    /// of all of them at once that the server is gone, and those with a session can go on elsewhere.
    ///
    /// Without effect on a server that is alone.
    pub fn begin_end(&mut self) {
        self.is_ending = self.ordered.is_shared();
    }

    /// Whether the room has been told that this server is gone: nothing that it says counts any
    /// more, so that it reads from nobody. Close what is connected, and begin anew with another
    /// [`NodeId`].
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.ordered.is_fenced()
    }

    /// All that entries have made of the room so far, but for what was said: the same bytes on every
    /// server that was given the same entries. Of the members of this server only what all know is in
    /// it.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        self.ordered.room.snapshot()
    }

    /// As [`Server::shared`], of a room that a snapshot was taken of: [`Server::commit`] wants what comes
    /// behind it. What was said before is not known, but how much it was.
    ///
    /// # Errors
    ///
    /// The bytes are no snapshot, or none that this release knows.
    pub fn from_snapshot(
        limits: Limits,
        node: NodeId,
        snapshot: &[u8],
    ) -> Result<Self, DecodeError> {
        let limits = limits.shared().clamped();
        let room = Room::from_snapshot(node, &limits, snapshot)?;
        let mut server = Self::with(limits, Ordered::shared(room, node));
        // Nobody is told of what was said before anybody was here.
        server.events.told = server.ordered.room.log.readable();
        server.begin_late();
        Ok(server)
    }

    /// The servers that have said anything in the room, each with the number of its last entry that was
    /// committed; `None` if it was said to be gone.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, Option<u64>)> {
        self.ordered.room.servers()
    }
}
