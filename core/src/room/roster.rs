//! The roster: who is in the room, on which server, and what each server has proposed so far.

use alloc::collections::BTreeMap;

use super::Committed;
use crate::entry::Stamp;
use crate::id::NodeId;

/// What the room knows of its servers and their members.
pub(super) struct Roster {
    /// Members on all servers.
    users: usize,
    /// This server, of which nearly all entries are.
    own: (NodeId, Node),
    others: BTreeMap<NodeId, Node>,
}

/// What is known of one server.
#[derive(Default)]
struct Node {
    /// The number of the last of its entries that was committed.
    last: u64,
    users: usize,
    /// Whether it was said to be gone: what it proposes is void from then on.
    is_lost: bool,
}

impl Roster {
    pub(super) fn new(own: NodeId) -> Self {
        Self { users: 0, own: (own, Node::default()), others: BTreeMap::new() }
    }

    pub(super) fn users(&self) -> usize {
        self.users
    }

    pub(super) fn is_own(&self, node: NodeId) -> bool {
        self.own.0 == node
    }

    pub(super) fn has_lost(&self, node: NodeId) -> bool {
        let node = if self.is_own(node) { Some(&self.own.1) } else { self.others.get(&node) };
        node.is_some_and(|node| node.is_lost)
    }

    /// Decides whether an entry counts, the next that its order gives. If so, it is never again new.
    #[inline]
    pub(super) fn admit(&mut self, stamp: Stamp) -> Committed {
        let node = self.node(stamp.node);
        if node.is_lost {
            Committed::Fenced
        } else if stamp.number <= node.last {
            Committed::Again
        } else if stamp.number > node.last + 1 {
            Committed::TooSoon
        } else {
            node.last = stamp.number;
            Committed::New
        }
    }

    /// A member of `node` has joined. Returns the users online.
    pub(super) fn joined(&mut self, node: NodeId) -> usize {
        self.node(node).users += 1;
        self.users += 1;
        self.users
    }

    /// A member of `node` has left. Returns the users online; `None` if it has no members.
    pub(super) fn left(&mut self, node: NodeId) -> Option<usize> {
        let node = self.node(node);
        node.users = node.users.checked_sub(1)?;
        self.users -= 1;
        Some(self.users)
    }

    /// `node` is gone. Returns its members and the users that remain; `None` if that was known.
    pub(super) fn lost(&mut self, node: NodeId) -> Option<(usize, usize)> {
        let node = self.node(node);
        if node.is_lost {
            return None;
        }
        node.is_lost = true;
        let gone = core::mem::take(&mut node.users);
        self.users -= gone;
        Some((gone, self.users))
    }

    fn node(&mut self, node: NodeId) -> &mut Node {
        if self.own.0 == node { &mut self.own.1 } else { self.others.entry(node).or_default() }
    }
}
