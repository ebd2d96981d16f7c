//! Members that may come back on any server: each of them keeps what they are to get.
//!
//! All that such a member gets comes of entries, so that its lines have the same numbers everywhere. Where
//! it is not, and while it is nowhere, a reader that nobody serves has its place: its *ghost*.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::people::{Profile, Session, Who};
use super::{Effect, Room};
use crate::entry::{Entry, HOST, Heard, Stamp, Stamped};
use crate::id::{MemberId, ReaderId};
use crate::log::Kind;
use crate::notice;
use crate::time::Instant;

/// What may be written to one alone before it says what it has got, in bytes, beside a message that is
/// longer than that.
const MOST_UNREAD: u64 = 16 * 1024;

/// What is known of members before something is skipped: the key of each, if it has one, and who it was.
type Before = BTreeMap<Who, (Option<[u64; 2]>, Vec<Who>)>;

/// What gives a session back instead of beginning one.
pub(crate) const NO_KEY: [u64; 2] = [0, 0];

impl Room {
    /// The reader of somebody here, be it a ghost.
    pub(super) fn reader_of(&self, who: Who) -> Option<ReaderId> {
        if !self.ghosts.is_empty()
            && let Some(&ghost) = self.ghosts.get(&who)
        {
            return Some(ghost);
        }
        self.roster.is_own(who.0).then(|| MemberId::from_number(who.1).into())
    }

    /// A member of this server's, if it is served here.
    pub(super) fn own(&self, who: Who) -> Option<MemberId> {
        let is_here = self.roster.is_own(who.0) && !self.ghosts.contains_key(&who);
        is_here.then(|| MemberId::from_number(who.1))
    }

    /// What all know of a member that may come back.
    pub(super) fn session_of(&mut self, who: Who) -> Option<&mut Session> {
        self.roster.profile_mut(who)?.session.as_deref_mut()
    }

    /// How many lines somebody has counted that may come back.
    pub(super) fn lines_of(&self, who: Who) -> u64 {
        self.reader_of(who).and_then(|reader| self.log.total(reader)).unwrap_or(0)
    }

    /// Somebody may come back that is not served here, and has counted so many lines.
    pub(super) fn add_ghost(&mut self, who: Who, lines: u64) {
        let ghost = self.log.add_ghost(lines);
        if let Some(before) = self.ghosts.insert(who, ghost) {
            self.log.remove_ghost(before);
        }
    }

    /// Those may come back of whom a snapshot says so, and how many lines each has counted.
    pub(super) fn begin_ghosts(&mut self, sessions: Vec<(Who, u64)>) {
        sessions.into_iter().for_each(|(who, lines)| self.add_ghost(who, lines));
    }

    /// This server's members that have a session, or had one elsewhere: its key, and who they were.
    pub(super) fn own_sessions(&self) -> Before {
        let all = self.people().into_iter().flat_map(|people| people.all());
        let own = all.filter(|&(who, _)| self.roster.is_own(who.0));
        let known =
            own.filter(|(_, profile)| profile.session().is_some() || !profile.former.is_empty());
        let key = |profile: &Profile| profile.session().map(Session::key);
        known.map(|(who, profile)| (who, (key(profile), profile.former.clone()))).collect()
    }

    /// The same, where so many lines of the log were skipped. This server's members were these before.
    pub(super) fn skip_sessions(
        &mut self,
        sessions: Vec<(Who, u64)>,
        skipped: u64,
        before: &Before,
    ) {
        for ghost in core::mem::take(&mut self.ghosts).into_values() {
            self.log.remove_ghost(ghost);
        }
        for (who, (key, _)) in before {
            let session = self.people().and_then(|people| people.get(*who)?.session());
            if key.is_some() && session.map(Session::key) != *key {
                // It has ended, and another one may have begun.
                self.log.count_no_lines(MemberId::from_number(who.1).into());
            }
        }
        for (who, lines) in sessions {
            let id = MemberId::from_number(who.1);
            let profile = self.people().and_then(|people| people.get(who));
            let former = profile.map_or(&[][..], |profile| &profile.former);
            let has_joined = former.is_empty();
            let former_before = before.get(&who).map_or(&[][..], |(_, former)| former);
            let has_moved = former != former_before;
            let was_here = self.log.has_started(id.into());
            if has_joined && self.roster.is_own(who.0) {
                // It may have joined in what was skipped. Without effect if it had before.
                let greeting = self.greeting(self.users());
                self.log.start(id.into(), greeting.into_bytes().into());
            }
            if !self.roster.is_own(who.0) {
                self.add_ghost(who, lines);
            } else if has_moved || !self.log.is_reading(id.into()) {
                self.add_ghost(who, lines);
                self.effects.push(Effect::Back(id));
            } else if self.log.total(id.into()).is_some() {
                self.log.skip_counted(id.into(), lines, skipped);
            } else {
                // One that was not here begins behind what was skipped.
                let skipped = if was_here { skipped } else { 0 };
                let rest = self.log.count_skipped(id.into(), lines, skipped);
                let key = self.session_of(who).map(|session| session.key());
                self.effects.extend(key.map(|key| Effect::Known(id, key)));
                self.effects.extend((rest > 0).then_some(Effect::Missed(id, rest)));
            }
            let heard = self.session_of(who).map_or(0, |session| session.heard().bytes);
            self.effects.extend(self.own(who).map(|id| Effect::Heard(id, heard)));
        }
    }

    /// A member may come back from now on, with this key; or does not any more.
    pub(super) fn begin_session(&mut self, who: Who, key: [u64; 2]) {
        let is_known = self.people().is_none_or(|people| people.owner_of_key(key).is_some());
        if is_known {
            // It could be anybody's.
            return;
        }
        self.end_session(who);
        if key == NO_KEY {
            return self.effects.extend(self.own(who).map(Effect::Answered));
        }
        self.roster.set_session(who, Some(Session::new(key)));
        match self.own(who).filter(|&id| self.log.has_started(id.into())) {
            Some(id) => {
                self.log.count_shared_lines(id.into(), 0);
                self.effects.push(Effect::Known(id, key));
            }
            // It may have left meanwhile.
            None => self.add_ghost(who, 0),
        }
    }

    /// Somebody does not come back any more.
    pub(super) fn end_session(&mut self, who: Who) {
        if self.session_of(who).is_none() {
            return;
        }
        self.roster.set_session(who, None);
        match self.own(who) {
            Some(id) => self.log.count_no_lines(id.into()),
            None => {
                if let Some(ghost) = self.ghosts.remove(&who) {
                    self.log.remove_ghost(ghost);
                }
            }
        }
    }

    /// Somebody that may come back does not, as it was away for too long.
    pub(super) fn forget_session(&mut self, who: Who) {
        if self.session_of(who).is_some() {
            self.effects.extend(self.own(who).map(Effect::Forgotten));
            self.end_session(who);
        }
    }

    /// Whoever has this key goes on with a connection of a server, and is `to` from now on: so many lines it
    /// has got for sure, unless it has strayed. If the connection had a member it is gone.
    pub(super) fn move_to(&mut self, now: Instant, key: [u64; 2], to: Who, lines: u64) {
        let Some(from) = self.people().and_then(|people| people.owner_of_key(key)) else { return };
        if let Some(name) = self.roster.called(to) {
            self.end_session(to);
            if let Some(users) = self.roster.left(to, &name) {
                self.announce(now, &notice::left(&name, users));
            }
        }
        let own = self.own(from);
        let Some((name, users)) = self.roster.moved(from, to) else { return };
        let ghost = match own {
            Some(id) => {
                self.effects.push(Effect::Gone(id));
                Some(self.log.make_ghost(id.into()))
            }
            None => self.ghosts.remove(&from),
        };
        self.ghosts.extend(ghost.map(|ghost| (to, ghost)));
        let has_strayed = self.session_of(to).is_some_and(|session| session.has_strayed);
        if !has_strayed {
            self.note_got(to, lines);
        }
        if let Some(users) = users {
            self.log.append(now, ghost, "", &notice::entered(&name, users));
        }
        if self.roster.is_own(to.0) {
            self.effects.push(Effect::Back(MemberId::from_number(to.1)));
        }
    }

    /// Somebody is served here by a connection: what was kept for it is that one's.
    pub(crate) fn seat(&mut self, now: Instant, id: MemberId) {
        let who = (self.roster.own(), id.number());
        if let Some(ghost) = self.ghosts.remove(&who) {
            self.log.take_ghost(now, ghost, id.into());
        }
    }

    /// Nobody serves a member of this server any more. If it may come back, as far as all know, what it is
    /// to get is kept.
    pub(crate) fn unseat(&mut self, id: MemberId) {
        let who = (self.roster.own(), id.number());
        if self.own(who).is_some() && self.session_of(who).is_some() {
            let ghost = self.log.make_ghost(id.into());
            self.ghosts.insert(who, ghost);
        }
    }

    /// What all know of a member of this server.
    pub(crate) fn profile(&self, id: MemberId) -> Option<&Profile> {
        self.people()?.get((self.roster.own(), id.number()))
    }

    /// A member gets an answer.
    pub(super) fn tell_by_entry(&mut self, who: Who, text: &str) {
        if let Some(reader) = self.reader_of(who) {
            self.log.insert(reader, text.as_bytes().into(), Kind::Lines);
        }
        self.effects.extend(self.own(who).map(Effect::Answered));
    }

    /// A member gets lines once more.
    pub(super) fn recall(&mut self, who: Who, first: u64, count: u64) {
        if let Some(reader) = self.reader_of(who) {
            let (tell, end) = (notice::earlier, notice::EARLIER_ENDS);
            self.log.insert_lines(reader, (first, count), tell, end);
        }
        self.effects.extend(self.own(who).map(Effect::Answered));
    }

    /// A member has got so many lines for sure.
    pub(super) fn note_got(&mut self, who: Who, lines: u64) {
        let total = self.lines_of(who);
        if let Some(session) = self.session_of(who) {
            session.unread = 0;
            session.got = session.got.max(lines.min(total));
        }
        if let Some(reader) = self.reader_of(who) {
            self.log.acknowledge(reader, lines);
        }
    }

    /// Whether a member that may come back takes a private message. All servers know the same of that.
    pub(super) fn takes_private(&mut self, who: Who, length: usize) -> Option<bool> {
        let session = self.session_of(who)?;
        let unread = session.unread + length as u64;
        let takes = session.unread == 0 || unread <= MOST_UNREAD;
        if takes {
            session.unread = unread;
        }
        Some(takes)
    }

    /// Whether what led to an entry is dealt with already: its member has sent it to another server too, as
    /// this one had read another log.
    pub(super) fn is_dealt_with(&mut self, stamped: &Stamped<'_>) -> bool {
        let entry = stamped.entry();
        let Some((heard, member)) = stamped.heard().zip(entry.author()) else { return false };
        if matches!(entry, Entry::Session { .. }) {
            // From there on it is counted anew.
            return false;
        }
        self.session_of((stamped.stamp().node, member)).is_some_and(|session| {
            let is_same = heard == session.heard && !heard.is_inside && heard.bytes > 0;
            is_same || heard < session.heard
        })
    }

    /// So much of what a member with a session has sent is dealt with.
    pub(super) fn note_heard(&mut self, stamp: Stamp, entry: &Entry<'_>, heard: Option<Heard>) {
        let Some((heard, member)) = heard.zip(entry.author()).filter(|&(_, of)| of != HOST) else {
            return;
        };
        let who = (stamp.node, member);
        let Some(session) = self.session_of(who) else { return };
        let said = match *entry {
            Entry::Said { text, .. } if heard.is_inside => text.len() as u64,
            _ => 0,
        };
        session.said = if session.heard == heard { session.said + said } else { said };
        session.heard = heard;
        // It says nothing before it knows how many lines it has got.
        session.has_strayed = false;
        self.effects.extend(self.own(who).map(|id| Effect::Heard(id, heard.bytes)));
    }

    /// An entry is void: if it was of this server, that is told of what waits for it.
    pub(super) fn note_void(&mut self, stamp: Stamp, entry: &Entry<'_>) {
        if let Entry::Moved { member, .. } = *entry
            && self.roster.is_own(stamp.node)
        {
            self.effects.push(Effect::NotBack(MemberId::from_number(member)));
        }
    }
}
