//! The people of a room that several servers share: all of them, whichever server they are at.
//!
//! A server that is alone knows its members itself, and nothing of this is kept there.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::entry::Heard;
use crate::id::NodeId;

/// Somebody on any server: its server, and its number there. Whoever goes on at another server is
/// another one there.
pub(crate) type Who = (NodeId, u64);

/// Those whom somebody was that goes on elsewhere: so many of them still mean it. An entry that is on its
/// way meanwhile, or an answer to what it wrote, names one of the last.
pub(super) const MOST_FORMER: usize = 4;

/// Everybody in a room, and those who may come back.
#[derive(Default)]
pub(crate) struct People {
    profiles: BTreeMap<Who, Profile>,
    /// Who somebody is that was another one before.
    moved: BTreeMap<Who, Who>,
    /// Whose each key is.
    keys: BTreeMap<[u64; 2], Who>,
}

/// What all servers know of a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// What it was called first.
    pub(super) address: Box<str>,
    /// What it is called since.
    pub(super) name: Option<Box<str>>,
    pub(super) is_muted: bool,
    /// Whether it is at no server: it may come back.
    pub(super) is_away: bool,
    /// Who it was, oldest first: [`MOST_FORMER`] at the most.
    pub(super) former: Vec<Who>,
    /// Who wrote to it last.
    pub(super) written_by: Option<Who>,
    pub(super) session: Option<Box<Session>>,
}

/// What all servers know of a member that may come back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(super) key: [u64; 2],
    /// How much of what it has sent since the session began is dealt with.
    pub(super) heard: Heard,
    /// If the next byte belongs to a message of which a piece was said: how many bytes of its text were.
    pub(super) said: u64,
    /// Bytes that were written to it alone since it said what it had got.
    pub(super) unread: u64,
    /// How many of its lines it has got for sure.
    pub(super) got: u64,
    /// Whether it may have counted other lines than those of this log since then: then it goes on behind
    /// what it has got for sure, whatever it says.
    pub(super) has_strayed: bool,
}

impl Profile {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.into(),
            name: None,
            is_muted: false,
            is_away: false,
            former: Vec::new(),
            written_by: None,
            session: None,
        }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.address)
    }

    /// Whether that is a name, and not its address.
    pub(crate) fn is_named(&self) -> bool {
        self.name.is_some()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.is_muted
    }

    pub(crate) fn is_away(&self) -> bool {
        self.is_away
    }

    pub(crate) fn written_by(&self) -> Option<Who> {
        self.written_by
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }
}

impl Session {
    /// One that begins.
    pub(super) fn new(key: [u64; 2]) -> Self {
        Self { key, heard: Heard::default(), said: 0, unread: 0, got: 0, has_strayed: false }
    }

    pub(crate) fn key(&self) -> [u64; 2] {
        self.key
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard
    }

    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    pub(crate) fn unread(&self) -> u64 {
        self.unread
    }

    pub(crate) fn got(&self) -> u64 {
        self.got
    }

    pub(crate) fn has_strayed(&self) -> bool {
        self.has_strayed
    }
}

impl People {
    /// Those that are at a server, in order of who they are.
    pub(crate) fn here(&self) -> impl Iterator<Item = (Who, &Profile)> {
        self.all().filter(|(_, profile)| !profile.is_away)
    }

    /// Those too that are away.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Who, &Profile)> {
        self.profiles.iter().map(|(&who, profile)| (who, profile))
    }

    pub(crate) fn get(&self, who: Who) -> Option<&Profile> {
        self.profiles.get(&who)
    }

    pub(super) fn get_mut(&mut self, who: Who) -> Option<&mut Profile> {
        self.profiles.get_mut(&who)
    }

    /// Who somebody is now, who may have gone on elsewhere.
    pub(crate) fn now(&self, who: Who) -> Who {
        self.moved.get(&who).copied().unwrap_or(who)
    }

    /// Whose a key is.
    pub(crate) fn owner_of_key(&self, key: [u64; 2]) -> Option<Who> {
        self.keys.get(&key).copied()
    }

    /// Whether anybody may come back.
    pub(crate) fn has_sessions(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Somebody has this session from now on, or none.
    pub(super) fn set_session(&mut self, who: Who, session: Option<Session>) {
        let Some(profile) = self.profiles.get_mut(&who) else { return };
        let key = session.as_ref().map(|session| session.key);
        if let Some(before) = profile.session.take() {
            self.keys.remove(&before.key);
        }
        profile.session = session.map(Box::new);
        self.keys.extend(key.map(|key| (key, who)));
    }

    /// Whether somebody is where it says.
    pub(crate) fn is_seated(&self, who: Who) -> bool {
        self.get(who).is_some_and(|profile| !profile.is_away)
    }

    /// Whether nobody is this one, or was.
    pub(crate) fn is_free(&self, who: Who) -> bool {
        !self.profiles.contains_key(&who) && !self.moved.contains_key(&who)
    }

    /// Somebody has come. Returns whether it and those whom it was are free.
    pub(super) fn add(&mut self, who: Who, profile: Profile) -> bool {
        let mut former = profile.former.iter();
        let is_free =
            self.is_free(who) && former.all(|&before| before != who && self.is_free(before));
        if is_free {
            self.moved.extend(profile.former.iter().map(|&before| (before, who)));
            self.keys.extend(profile.session.iter().map(|session| (session.key, who)));
            self.profiles.insert(who, profile);
        }
        is_free
    }

    /// Nobody knows somebody any more.
    pub(super) fn remove(&mut self, who: Who) -> Option<Profile> {
        let profile = self.profiles.remove(&who)?;
        if let Some(session) = &profile.session {
            self.keys.remove(&session.key);
        }
        for before in &profile.former {
            self.moved.remove(before);
        }
        Some(profile)
    }

    /// Somebody is another one from now on, and is there. Returns whether it was away; `None` if nothing
    /// has changed, as it is not known, or the other is somebody else.
    pub(super) fn move_to(&mut self, from: Who, to: Who) -> Option<bool> {
        if from != to && !self.is_free(to) && self.moved.get(&to) != Some(&from) {
            return None;
        }
        let mut profile = self.remove(from)?;
        let was_away = core::mem::replace(&mut profile.is_away, false);
        if from != to {
            profile.former.retain(|&before| before != to);
            profile.former.push(from);
            let most = profile.former.len().saturating_sub(MOST_FORMER);
            profile.former.drain(..most);
        }
        self.add(to, profile);
        Some(was_away)
    }

    /// A server has read another log: its members that may come back have too.
    pub(super) fn stray(&mut self, node: NodeId) {
        let of_node = self.profiles.range_mut((node, 0)..=(node, u64::MAX));
        let sessions = of_node.filter_map(|(_, profile)| profile.session.as_deref_mut());
        sessions.for_each(|session| session.has_strayed = true);
    }

    /// A server is gone. Its members that cannot come back are forgotten; the others are away. Returns
    /// how many were there.
    pub(super) fn lose(&mut self, node: NodeId) -> usize {
        let of_node: Vec<Who> =
            self.profiles.range((node, 0)..=(node, u64::MAX)).map(|(&who, _)| who).collect();
        let mut gone = 0;
        for who in of_node {
            let Some(profile) = self.profiles.get_mut(&who) else { continue };
            gone += usize::from(!profile.is_away);
            profile.is_away = true;
            if profile.session.is_none() {
                self.remove(who);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Who = (NodeId(1), 1);

    /// Where it is now, of those where it was.
    #[test]
    fn whoever_moves_is_found_by_who_it_was() {
        let mut people = People::default();
        assert!(people.add(A, Profile::new("192.0.2.1:1")));
        let at = |number: u64| (NodeId(number % 3 + 1), number);
        let mut from = A;
        for number in 2..10 {
            assert_eq!(people.move_to(from, at(number)), Some(false));
            from = at(number);
            assert!(people.is_seated(from));
            assert_eq!(people.now(from), from);
        }
        for number in 5..9 {
            assert_eq!(people.now(at(number)), from);
        }
        assert_eq!(people.now(A), A, "it was that too long ago");
        assert_eq!(people.moved.len(), MOST_FORMER);
        people.remove(from);
        assert!(people.profiles.is_empty() && people.moved.is_empty());
    }

    #[test]
    fn nobody_goes_on_as_somebody_else() {
        let (mut people, other) = (People::default(), (NodeId(2), 1));
        people.add(A, Profile::new("192.0.2.1:1"));
        people.add(other, Profile::new("192.0.2.2:1"));
        assert_eq!(people.move_to(A, other), None);
        assert_eq!(people.move_to((NodeId(3), 1), A), None);
        assert_eq!(people.move_to((NodeId(3), 1), (NodeId(3), 2)), None);
        assert!(people.is_seated(A) && people.is_seated(other));
        // Where it was it goes on.
        people.get_mut(A).unwrap().is_away = true;
        assert_eq!(people.move_to(A, A), Some(true));
        assert!(people.is_seated(A) && people.moved.is_empty());
    }
}
