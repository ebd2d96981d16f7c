//! The room: entries become lines, the same on every machine.
//!
//! | module | noun |
//! |---|---|
//! | `roster` | who is here, and which entries were committed |
//! | `label` | what stands before a member's messages |
//! | `name` | what a member may be called, and what that is taken for |

mod label;
#[allow(dead_code, reason = "nobody asks for a name yet")]
mod name;
mod roster;

pub(crate) use label::Label;
#[allow(unused_imports, reason = "nobody asks for a name yet")]
pub(crate) use name::{Name, NotAName, Skeleton, Skeletons, free_like};

use crate::entry::{Entry, Stamp};
use crate::id::{MemberId, NodeId, ReaderId};
use crate::limits::Limits;
use crate::log::Log;
use crate::notice;
use crate::time::Instant;
use roster::Roster;

/// A room as one server sees it.
///
/// [`Room::commit`] is the only thing that changes who is in it and what its log says.
pub(crate) struct Room {
    roster: Roster,
    pub(crate) log: Log,
}

/// What became of an entry that was given to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It counts from now on.
    New,
    /// It had been committed before, so that this changed nothing.
    Again,
    /// One of the same server before it is missing, so it is void: that server proposes both again.
    TooSoon,
    /// Its server was said to be gone before, so it is void.
    Fenced,
}

impl Room {
    pub(crate) fn new(node: NodeId, limits: &Limits) -> Self {
        Self { roster: Roster::new(node), log: Log::new(limits) }
    }

    /// Users online.
    pub(crate) fn users(&self) -> usize {
        self.roster.users()
    }

    /// Whether `node` was said to be gone.
    pub(crate) fn has_lost(&self, node: NodeId) -> bool {
        self.roster.has_lost(node)
    }

    /// Applies the next entry of the order, if it counts.
    #[inline]
    pub(crate) fn commit(&mut self, now: Instant, stamp: Stamp, entry: &Entry<'_>) -> Committed {
        let committed = self.roster.admit(stamp);
        if committed == Committed::New {
            self.apply(now, stamp, entry);
        }
        committed
    }

    #[inline]
    fn apply(&mut self, now: Instant, stamp: Stamp, entry: &Entry<'_>) {
        match *entry {
            Entry::Said { member, label, text } => {
                let author = self.reader_of(stamp.node, member);
                self.log.append(now, author, label, text);
            }
            _ => self.apply_rarer(now, stamp, entry),
        }
    }

    /// Applies what happens less often than that something is said.
    fn apply_rarer(&mut self, now: Instant, stamp: Stamp, entry: &Entry<'_>) {
        match *entry {
            Entry::Said { .. } => {}
            Entry::Joined { member, name } => {
                let users = self.roster.joined(stamp.node);
                self.announce(now, &notice::entered(name, users));
                if let Some(reader) = self.reader_of(stamp.node, member) {
                    self.log.start(reader, notice::connected(users).into_bytes().into());
                }
            }
            Entry::Left { member, name } => {
                let Some(users) = self.roster.left(stamp.node) else { return };
                if let Some(reader) = self.reader_of(stamp.node, member) {
                    self.log.end_here(reader);
                }
                self.announce(now, &notice::left(name, users));
            }
            Entry::Lost { node } => {
                if let Some((gone @ 1.., users)) = self.roster.lost(node) {
                    self.announce(now, &notice::lost(gone, users));
                }
            }
        }
    }

    /// The reader of a member, if it is one of this server's.
    fn reader_of(&self, node: NodeId, member: u64) -> Option<ReaderId> {
        self.roster.is_own(node).then(|| MemberId::from_number(member).into())
    }

    /// Appends a line that everybody gets.
    fn announce(&mut self, now: Instant, notice: &str) {
        self.log.append(now, None, "", notice);
    }
}
