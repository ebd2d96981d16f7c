//! The roster: who is in the room, on which server, what they are called, and what each server has
//! proposed so far.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use super::Committed;
use super::name::{Name, Skeleton};
use super::people::{People, Profile, Session, Who};
use crate::entry::{Entry, HOST, Stamp};
use crate::id::NodeId;

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
    /// Everybody, where several servers share the room.
    people: Option<Box<People>>,
}

/// What is known of one server.
#[derive(Default)]
struct Node {
    /// The number of the last of its entries that was committed.
    last: u64,
    users: usize,
    /// Whether it was said to be gone: what it proposes is void from then on.
    is_lost: bool,
    /// Whether it has a host. Of the own one that is alone nobody keeps it here.
    is_hosted: bool,
}

impl Roster {
    /// That of a room which its server decides of alone.
    pub(super) fn alone(own: NodeId) -> Self {
        Self {
            users: 0,
            own: (own, Node::default()),
            others: BTreeMap::new(),
            names: BTreeMap::new(),
            people: None,
        }
    }

    /// That of a room which several servers share.
    pub(super) fn shared(own: NodeId) -> Self {
        Self { people: Some(Box::default()), ..Self::alone(own) }
    }

    pub(super) fn users(&self) -> usize {
        self.users
    }

    pub(super) fn people(&self) -> Option<&People> {
        self.people.as_deref()
    }

    /// This server.
    pub(super) fn own(&self) -> NodeId {
        self.own.0
    }

    pub(super) fn is_own(&self, node: NodeId) -> bool {
        self.own.0 == node
    }

    pub(super) fn has_lost(&self, node: NodeId) -> bool {
        self.known(node).is_some_and(|node| node.is_lost)
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

    /// Whether an entry of `node` does anything, where several servers share the room: a member is to be
    /// there that says something, and one of whom something is said is to be known.
    pub(super) fn counts(&self, node: NodeId, entry: &Entry<'_>) -> bool {
        let Some(people) = &self.people else { return true };
        match *entry {
            // Whoever is there does not come again, and no member is the host.
            Entry::Joined { member, .. } => member != HOST && people.is_free((node, member)),
            // Nobody has the key, or the connection is that one's already, or another server's by now.
            Entry::Moved { member, key, .. } => {
                let to = (node, member);
                let is_others = |who| who != to && [to, who].contains(&people.now(to));
                member != HOST && people.owner_of_key(key).is_some_and(is_others)
            }
            Entry::Said { member: HOST, .. } | Entry::Whispered { member: HOST, .. } => true,
            // Nobody but its own server forgets somebody, as long as that is there.
            Entry::Forgotten { who } => {
                let is_away = people.get((who.node, who.member)).is_some_and(Profile::is_away);
                is_away && (who.node == node || self.has_lost(who.node))
            }
            Entry::Unread { who } if who.member == HOST => true,
            Entry::Removed { who, .. } | Entry::Muted { who, .. } | Entry::Unread { who } => {
                people.get(people.now((who.node, who.member))).is_some()
            }
            _ => entry.author().is_none_or(|member| people.is_seated((node, member))),
        }
    }

    /// What is known of servers: of each its number, the number of its last entry, if it is not lost, and
    /// whether it has a host.
    pub(super) fn servers(&self) -> impl Iterator<Item = (NodeId, Option<u64>, bool)> {
        let nodes = self.nodes().filter(|(_, node)| node.is_lost || node.last > 0);
        nodes.map(|(id, node)| (id, (!node.is_lost).then_some(node.last), node.is_hosted))
    }

    /// A server is known, of which nothing was. `None` as the last number: it is lost.
    pub(super) fn add_server(&mut self, id: NodeId, last: Option<u64>, is_hosted: bool) {
        let node = self.node(id);
        (node.last, node.is_lost) = (last.unwrap_or(0), last.is_none());
        node.is_hosted = is_hosted;
    }

    /// Somebody is known, who was not. Returns whether that can be, beside what is known.
    pub(super) fn add_person(&mut self, who: Who, profile: Profile) -> bool {
        let (is_here, name) = (!profile.is_away(), Name::new(profile.name()));
        let is_at_server = self.known(who.0).is_some_and(|node| !node.is_lost && node.last > 0);
        let Some(people) = &mut self.people else { return false };
        if who.1 == HOST || (is_here && !is_at_server) || !people.add(who, profile) {
            return false;
        }
        if let Ok(name) = name {
            for skeleton in name.skeletons().iter() {
                self.names.entry(digest(skeleton)).or_insert(who);
            }
        }
        if is_here {
            self.came(who.0);
        }
        true
    }

    /// A member has joined, or is back. Returns the users online.
    pub(super) fn joined(&mut self, who: Who, name: &str) -> usize {
        if let Some(people) = &mut self.people {
            people.add(who, Profile::new(name));
        }
        self.came(who.0)
    }

    fn came(&mut self, node: NodeId) -> usize {
        self.node(node).users += 1;
        self.users += 1;
        self.users
    }

    /// A member has left for good, and may have been away. Returns the users online; `None` if it was
    /// not there.
    pub(super) fn left(&mut self, who: Who, name: &str) -> Option<usize> {
        if let Some(people) = &mut self.people {
            let profile = people.remove(who)?;
            self.forget_name(who, profile.name());
            if profile.is_away {
                return None;
            }
        } else {
            self.forget_name(who, name);
        }
        self.went(who.0)
    }

    /// A member has left, and may come back. Returns the users online; `None` if it was not there.
    pub(super) fn went_away(&mut self, who: Who) -> Option<usize> {
        if let Some(people) = &mut self.people {
            people.get_mut(who)?.is_away = true;
        }
        self.went(who.0)
    }

    fn went(&mut self, node: NodeId) -> Option<usize> {
        let node = self.node(node);
        node.users = node.users.checked_sub(1)?;
        self.users -= 1;
        Some(self.users)
    }

    /// A member that was away does not come back.
    pub(super) fn forget(&mut self, who: Who, name: &str) {
        match self.people.as_mut().map(|people| people.remove(who)) {
            Some(profile) => {
                if let Some(profile) = profile {
                    self.forget_name(who, profile.name());
                }
            }
            None => self.forget_name(who, name),
        }
    }

    /// Somebody goes on at a server, as `to` from now on. Returns what it is called, and the users
    /// online if it was away; `None` if nothing has changed.
    pub(super) fn moved(&mut self, from: Who, to: Who) -> Option<(String, Option<usize>)> {
        let people = self.people.as_mut()?;
        let from = people.now(from);
        let was_away = people.move_to(from, to)?;
        let name = people.get(to)?.name().to_string();
        if let Ok(name) = Name::new(&name) {
            self.names.extend(name.skeletons().iter().map(|skeleton| (digest(skeleton), to)));
        }
        if !was_away {
            self.went(from.0);
        }
        let users = self.came(to.0);
        Some((name, was_away.then_some(users)))
    }

    /// `node` is gone. Returns its members and the users that remain; `None` if that was known.
    pub(super) fn lost(&mut self, node: NodeId) -> Option<(usize, usize)> {
        if self.has_lost(node) {
            return None;
        }
        let Self { names, people, .. } = self;
        if let Some(people) = people {
            people.lose(node);
        }
        // Those who may come back keep theirs.
        names.retain(|_, &mut who| {
            who.0 != node || people.as_ref().is_some_and(|people| people.get(who).is_some())
        });
        let node = self.node(node);
        (node.is_lost, node.is_hosted) = (true, false);
        let gone = core::mem::take(&mut node.users);
        self.users -= gone;
        Some((gone, self.users))
    }

    /// Somebody that is called `from` is to be called `name`. Returns whether it is: not if anybody else
    /// is.
    pub(super) fn rename(&mut self, who: Who, from: &str, name: &Name) -> bool {
        let skeletons = name.skeletons();
        let mut owners = skeletons.iter().filter_map(|skeleton| self.names.get(&digest(skeleton)));
        if owners.any(|&owner| owner != who) {
            return false;
        }
        let before =
            self.profile_mut(who).map(|profile| profile.name.replace(name.as_str().into()));
        self.forget_name(who, before.flatten().as_deref().unwrap_or(from));
        self.names.extend(skeletons.iter().map(|skeleton| (digest(skeleton), who)));
        true
    }

    /// What somebody is called whom all servers know: an entry that is on its way may say what it was
    /// called before.
    pub(super) fn called(&self, who: Who) -> Option<String> {
        Some(self.people()?.get(who)?.name().to_string())
    }

    /// What stands before what somebody says, if that is another label than this one: its server may have
    /// known it by another name, as it had read another log.
    pub(super) fn other_label(&self, who: Who, label: &str) -> Option<String> {
        let name = self.people()?.get(who)?.name();
        let is_same =
            label.strip_prefix('[').and_then(|rest| rest.strip_suffix("] ")) == Some(name);
        (!is_same).then(|| format!("[{name}] "))
    }

    /// What all servers know of somebody, to be changed.
    pub(super) fn profile_mut(&mut self, who: Who) -> Option<&mut Profile> {
        self.people.as_mut()?.get_mut(who)
    }

    /// Somebody may come back from now on, or does not any more.
    pub(super) fn set_session(&mut self, who: Who, session: Option<Session>) {
        if let Some(people) = &mut self.people {
            people.set_session(who, session);
        }
    }

    /// Who somebody is now, who may have gone on at another server.
    pub(super) fn now(&self, who: Who) -> Who {
        self.people.as_ref().map_or(who, |people| people.now(who))
    }

    /// Nobody else than `who` is kept from a name any more because of it.
    fn forget_name(&mut self, who: Who, name: &str) {
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

    /// A server has a host, or has none any more.
    pub(super) fn set_hosted(&mut self, node: NodeId, is_hosted: bool) {
        self.node(node).is_hosted = is_hosted;
    }

    /// A server has read another log.
    pub(super) fn stray(&mut self, node: NodeId) {
        if let Some(people) = &mut self.people {
            people.stray(node);
        }
    }

    pub(super) fn last_of(&self, node: NodeId) -> u64 {
        self.known(node).map_or(0, |node| node.last)
    }

    pub(super) fn is_hosted(&self, node: NodeId) -> bool {
        self.known(node).is_some_and(|node| node.is_hosted)
    }

    /// The servers that have a host, in order.
    pub(super) fn hosted_nodes(&self) -> impl Iterator<Item = NodeId> {
        self.nodes().filter(|(_, node)| node.is_hosted).map(|(node, _)| node)
    }

    /// All servers of which anything is known, in order.
    fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        let (own, node) = &self.own;
        let before = self.others.range(..*own).map(|(&id, node)| (id, node));
        let behind = self.others.range(*own..).map(|(&id, node)| (id, node));
        before.chain([(*own, node)]).chain(behind)
    }

    fn known(&self, node: NodeId) -> Option<&Node> {
        if self.is_own(node) { Some(&self.own.1) } else { self.others.get(&node) }
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
