//! What there is only where several servers share a room.

use super::people::{People, Who};
use super::{Committed, Room};
use crate::entry::{Entry, HOST, Stamp, Stamped};
use crate::id::NodeId;
use crate::notice;
use crate::time::Instant;

impl Room {
    /// Everybody in the room, on all servers; `None` where this server alone knows them.
    pub(crate) fn people(&self) -> Option<&People> {
        self.roster.people()
    }

    /// The number of a server's last entry.
    pub(crate) fn last_of(&self, node: NodeId) -> u64 {
        self.roster.last_of(node)
    }

    /// The servers that have said something, each with the number of its last entry; `None` if it was said
    /// to be gone.
    pub(crate) fn servers(&self) -> impl Iterator<Item = (NodeId, Option<u64>)> {
        self.roster.servers().map(|(node, last, _)| (node, last))
    }

    /// The server of the host that members write to: this one, or else the first that has one.
    pub(crate) fn hosted_node(&self) -> Option<NodeId> {
        let own = self.host.map(|_| self.roster.own());
        own.or_else(|| self.roster.hosted_nodes().next())
    }

    /// Whether a server has a host.
    pub(crate) fn has_host(&self, node: NodeId) -> bool {
        if self.roster.is_own(node) { self.host.is_some() } else { self.roster.is_hosted(node) }
    }

    /// Whether somebody is here to be written to. Of one that is alone that is known already.
    pub(super) fn is_here(&self, who: Who) -> bool {
        self.people().is_none_or(|people| match who.1 {
            HOST => self.roster.is_hosted(who.0),
            _ => people.is_seated(who),
        })
    }

    /// Applies the next entry of an order elsewhere, if it counts. If it is of somebody who is not at the
    /// server of the stamp it is void: that server has not heard of it yet. So it is if all know already what
    /// it comes of.
    pub(crate) fn commit_shared(&mut self, now: Instant, stamped: &Stamped<'_>) -> Committed {
        let (stamp, entry) = (stamped.stamp(), stamped.entry());
        let committed = self.roster.admit(stamp);
        let counts = committed == Committed::New
            && self.roster.counts(stamp.node, entry)
            && !self.is_dealt_with(stamped);
        if counts {
            self.apply(now, stamp, entry);
            self.note_heard(stamp, entry, stamped.heard());
        } else if committed == Committed::New {
            self.note_void(stamp, entry);
        }
        committed
    }

    /// Applies what is proposed only where an order is elsewhere.
    pub(super) fn apply_shared(&mut self, now: Instant, stamp: Stamp, entry: &Entry<'_>) {
        match *entry {
            Entry::Session { member, key } => self.begin_session((stamp.node, member), key),
            Entry::Moved { member, key, lines } => {
                self.move_to(now, key, (stamp.node, member), lines);
            }
            Entry::Told { member, text } => self.tell_by_entry((stamp.node, member), text),
            Entry::Recalled { member, first, count } => {
                self.recall((stamp.node, member), first, count);
            }
            Entry::Got { member, lines } => self.note_got((stamp.node, member), lines),
            Entry::Unread { who } => {
                let (node, member) = self.roster.now((who.node, who.member));
                if let Some(reader) = self.seat_of(node, member) {
                    self.tell(reader, notice::not_read(who.name));
                }
            }
            Entry::Hosted { is_hosted } => self.roster.set_hosted(stamp.node, is_hosted),
            Entry::Apart => self.roster.stray(stamp.node),
            _ => {}
        }
    }
}
