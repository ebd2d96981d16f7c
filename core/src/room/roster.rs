//! The roster: who is in the room, on which server, what they are called, and what each server has
//! proposed so far.

use alloc::collections::BTreeMap;

use super::Committed;
use super::name::{Name, Skeleton};
use crate::entry::Stamp;
use crate::id::NodeId;

/// Somebody on any server: its server, and its number there.
pub(crate) type Who = (NodeId, u64);

/// What the room knows of its servers and their members.
pub(super) struct Roster {
    /// Members on all servers.
    users: usize,
    /// This server, of which nearly all entries are.
    own: (NodeId, Node),
    others: BTreeMap<NodeId, Node>,
    /// Whose each name is. What looks alike is one name: that of its skeleton, of which the digest is
    /// enough to tell two apart. (Should two of them ever have the same one, a name counts as taken
    /// that is not.)
    names: BTreeMap<u64, Who>,
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
        Self {
            users: 0,
            own: (own, Node::default()),
            others: BTreeMap::new(),
            names: BTreeMap::new(),
        }
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

    /// Forgets what the members of `node` are called.
    pub(super) fn forget_names_of(&mut self, node: NodeId) {
        self.names.retain(|_, who| who.0 != node);
    }

    /// Somebody that is called `from` is to be called `name`. Returns whether it is: not if anybody else
    /// is.
    pub(super) fn rename(&mut self, who: Who, from: &str, name: &Name) -> bool {
        let skeletons = name.skeletons();
        let mut owners = skeletons.iter().filter_map(|skeleton| self.names.get(&digest(skeleton)));
        if owners.any(|&owner| owner != who) {
            return false;
        }
        self.forget_name(who, from);
        self.names.extend(skeletons.iter().map(|skeleton| (digest(skeleton), who)));
        true
    }

    /// Nobody else than `who` is kept from a name any more because of it.
    pub(super) fn forget_name(&mut self, who: Who, name: &str) {
        // An address is no name.
        let Ok(name) = Name::new(name) else { return };
        for digest in name.skeletons().iter().map(digest) {
            if self.names.get(&digest) == Some(&who) {
                self.names.remove(&digest);
            }
        }
    }

    /// Whose name it is, or one that looks like it.
    pub(super) fn owner_of(&self, name: &Name) -> Option<Who> {
        let skeletons = name.skeletons();
        let mut owners = skeletons.iter().filter_map(|skeleton| self.names.get(&digest(skeleton)));
        owners.next().copied()
    }

    /// Whether a name is somebody's that looks so.
    pub(super) fn is_taken(&self, skeleton: &Skeleton) -> bool {
        self.names.contains_key(&digest(skeleton))
    }

    fn node(&mut self, node: NodeId) -> &mut Node {
        if self.own.0 == node { &mut self.own.1 } else { self.others.entry(node).or_default() }
    }
}

/// FNV-1a, of 64 bits.
fn digest(skeleton: &Skeleton) -> u64 {
    skeleton.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
