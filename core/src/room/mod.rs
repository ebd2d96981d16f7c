//! The room: entries become lines, the same on every machine.
//!
//! | module | noun |
//! |---|---|
//! | `roster` | who is here, and which entries were committed |
//! | `people` | what all servers of a room know of everybody in it |
//! | `snapshot` | all that entries have made, as bytes |
//! | `sessions` | members that may come back on any of several servers |
//! | `sharing` | what there is only where several servers share a room |
//! | `label` | what stands before a member's messages |
//! | `name` | what a member may be called, and what that is taken for |
//! | `rules` | what its host has decided |

mod label;
mod name;
mod people;
mod roster;
mod rules;
mod sessions;
mod sharing;
mod snapshot;

pub(crate) use label::Label;
pub(crate) use name::Name;
pub(crate) use people::{People, Profile, Who};
pub(crate) use rules::Rules;
pub(crate) use sessions::NO_KEY;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::entry::{Entry, HOST, Person, Rule, Stamp};
use crate::id::{MemberId, NodeId, ReaderId};
use crate::limits::Limits;
use crate::log::{Kind, Log};
use crate::notice;
use crate::time::Instant;
use roster::Roster;

/// A room as one server sees it.
///
/// [`Room::commit`] is the only thing that changes who is in it and what its log says.
pub(crate) struct Room {
    roster: Roster,
    rules: Rules,
    pub(crate) log: Log,
    /// The observer that the host of this server looks at, if there is one.
    pub(crate) host: Option<ReaderId>,
    /// Whether newcomers are told that what is said is recorded.
    pub(crate) is_recorded: bool,
    /// What has happened to members of this server and concerns its front.
    effects: Vec<Effect>,
    /// The readers of those who may come back and are not served here.
    ghosts: BTreeMap<Who, ReaderId>,
}

/// What an entry does to a member of this server, beside what the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is called so from now on.
    Named(MemberId, Name),
    /// The name that it wanted is another one's, of which it is told.
    NotNamed(MemberId),
    /// It was removed.
    Removed(MemberId),
    /// What it says is not said, or it is again.
    Muted(MemberId, bool),
    /// Somebody wrote to it, or to the host.
    Written(Option<MemberId>, Who),
    /// So is called who has no space for what somebody wrote to it, be it on another server.
    Unread(Who, String),
    /// Its reader has something pending, though the log has not grown.
    Addressed(ReaderId),
    /// It may come back with this key, on any server.
    Known(MemberId, [u64; 2]),
    /// It is to be told that it has missed so many lines that it counts.
    Missed(MemberId, u64),
    /// It has got an answer, by an entry.
    Answered(MemberId),
    /// So many bytes of its input are dealt with, on all servers.
    Heard(MemberId, u64),
    /// It goes on elsewhere, or with another connection.
    Gone(MemberId),
    /// Somebody goes on with its connection.
    Back(MemberId),
    /// Nobody does: the key was not good any more.
    NotBack(MemberId),
    /// It does not come back.
    Forgotten(MemberId),
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
    /// One that its server decides of alone.
    pub(crate) fn alone(node: NodeId, limits: &Limits) -> Self {
        Self::with(Roster::alone(node), limits)
    }

    /// One that several servers share.
    pub(crate) fn shared(node: NodeId, limits: &Limits) -> Self {
        Self::with(Roster::shared(node), limits)
    }

    fn with(roster: Roster, limits: &Limits) -> Self {
        Self {
            roster,
            rules: Rules::default(),
            log: Log::new(limits),
            host: None,
            is_recorded: false,
            effects: Vec::new(),
            ghosts: BTreeMap::new(),
        }
    }

    /// What its host has decided.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Takes what has happened to members of this server.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        mem::take(&mut self.effects)
    }

    /// Whose name it is, or one that looks like it.
    pub(crate) fn owner_of(&self, name: &Name) -> Option<Who> {
        self.roster.owner_of(name)
    }

    /// A name like this one that is nobody's.
    pub(crate) fn free_like(&self, name: &Name) -> Option<Name> {
        name::free_like(name, |skeleton| self.roster.is_taken(skeleton))
    }

    /// What newcomers get first.
    pub(crate) fn greeting(&self, users: usize) -> String {
        let mut text = notice::connected(users);
        if self.is_recorded {
            text += notice::RECORDED;
        }
        if !self.rules.topic().is_empty() {
            text += &notice::topic(self.rules.topic());
            text.push('\n');
        }
        text
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
                let who = (stamp.node, member);
                let author = self.reader_of(who);
                match self.roster.other_label(who, label) {
                    Some(label) => self.log.append(now, author, &label, text),
                    None => self.log.append(now, author, label, text),
                }
            }
            _ => self.apply_rarer(now, stamp, entry),
        }
    }

    /// Applies what happens less often than that something is said.
    fn apply_rarer(&mut self, now: Instant, stamp: Stamp, entry: &Entry<'_>) {
        match *entry {
            Entry::Said { .. } => {}
            Entry::Joined { member, name } => {
                let users = self.roster.joined((stamp.node, member), name);
                let reader = self.reader_of((stamp.node, member));
                // One that comes back is not told of itself.
                let returning = reader.filter(|&reader| self.log.is_reading(reader));
                self.log.append(now, returning, "", &notice::entered(name, users));
                if let Some(reader) = reader.filter(|_| returning.is_none()) {
                    // Without effect if it was turned away meanwhile.
                    self.log.start(reader, self.greeting(users).into_bytes().into());
                }
            }
            Entry::Left { member, name } => {
                self.end_session((stamp.node, member));
                let called = self.roster.called((stamp.node, member));
                let Some(users) = self.roster.left((stamp.node, member), name) else { return };
                if let Some(reader) = self.reader_of((stamp.node, member)) {
                    self.log.end_here(reader);
                }
                self.announce(now, &notice::left(called.as_deref().unwrap_or(name), users));
            }
            Entry::Away { member, name } => {
                let called = self.roster.called((stamp.node, member));
                let name = called.as_deref().unwrap_or(name);
                let Some(users) = self.roster.went_away((stamp.node, member)) else { return };
                let reader = self.reader_of((stamp.node, member));
                self.log.append(now, reader, "", &notice::left(name, users));
            }
            Entry::Forgotten { who } => {
                self.forget_session((who.node, who.member));
                self.roster.forget((who.node, who.member), who.name);
            }
            Entry::Lost { node } => {
                if let Some((gone @ 1.., users)) = self.roster.lost(node) {
                    self.announce(now, &notice::lost(gone, users));
                }
            }
            Entry::Named { member, from, name } => self.rename(now, stamp.node, member, from, name),
            Entry::Whispered { member, from, to, text } => {
                let called = self.roster.called((stamp.node, member));
                self.whisper((stamp.node, member), called.as_deref().unwrap_or(from), to, text);
            }
            Entry::Removed { who, reason } => self.remove(now, who, reason),
            Entry::Muted { who, is_muted } => self.mute(now, who, is_muted),
            Entry::Topic { text } => {
                self.rules.set_topic(text);
                self.announce(now, &notice::topic(text));
            }
            Entry::Ruled { rule, is_on } => {
                self.rules.set(rule, is_on);
                let notice = match rule {
                    Rule::Hush => notice::hushed(is_on),
                    Rule::Lock => notice::lock(is_on),
                    Rule::Private => notice::private(is_on),
                };
                self.announce(now, &notice);
            }
            _ => self.apply_shared(now, stamp, entry),
        }
    }

    /// A member is called otherwise, unless the name is another one's.
    fn rename(&mut self, now: Instant, node: NodeId, member: u64, from: &str, name: &str) {
        // What another server says may be no name here, if it is of a later release.
        let Ok(name) = Name::new(name) else { return };
        let is_own = self.roster.is_own(node);
        let id = MemberId::from_number(member);
        let called = self.roster.called((node, member));
        let from = called.as_deref().unwrap_or(from);
        if self.roster.rename((node, member), from, &name) {
            self.announce(now, &notice::named(from, name.as_str()));
            self.effects.extend(is_own.then_some(Effect::Named(id, name)));
        } else {
            if let Some((reader, free)) = self.reader_of((node, member)).zip(self.free_like(&name))
            {
                self.tell(reader, notice::taken(name.as_str(), free.as_str()));
            }
            self.effects.extend(is_own.then_some(Effect::NotNamed(id)));
        }
    }

    /// Somebody says `text` to one other.
    fn whisper(&mut self, author: Who, from: &str, to: Person<'_>, text: &str) {
        let who = self.roster.now((to.node, to.member));
        let answer = if !self.is_here(who) {
            notice::nobody(to.name)
        } else if !self.give_private(author, from, (who, to.name), text) {
            notice::not_read(to.name)
        } else {
            notice::whispered_by_you(to.name, text)
        };
        if let Some(reader) = self.seat_of(author.0, author.1) {
            self.tell(reader, answer);
        }
    }

    /// Gives somebody what was said to it alone, who is called `name`. Returns whether it was taken, as far as
    /// all servers know the same of that, or the one which alone gives its author an answer. Of one that cannot
    /// come back only its server knows what it has read: it has the author told by an entry.
    fn give_private(
        &mut self,
        author: Who,
        from: &str,
        (to, name): (Who, &str),
        text: &str,
    ) -> bool {
        if let Some(profile) = self.roster.profile_mut(to) {
            profile.written_by = Some(author);
        }
        let by_session = self.takes_private(to, text.len());
        let Some(reader) = self.seat_of(to.0, to.1) else { return true };
        // What others write to it does not keep a member from being read from.
        let has_got = by_session.unwrap_or_else(|| self.log.takes_private(reader, text.len()))
            && self.tell(reader, notice::whispered_to_you(from, text));
        if has_got && self.roster.is_own(to.0) {
            let member = (to.1 != HOST).then(|| MemberId::from_number(to.1));
            self.effects.push(Effect::Written(member, author));
        }
        let is_answered_here = self.roster.is_own(author.0) && self.session_of(author).is_none();
        if has_got || by_session.is_some() || is_answered_here {
            return has_got;
        }
        self.effects.push(Effect::Unread(author, name.into()));
        true
    }

    /// The host has removed a member: it has left.
    fn remove(&mut self, now: Instant, person: Person<'_>, reason: &str) {
        let who = self.roster.now((person.node, person.member));
        let called = self.roster.called(who);
        let name = called.as_deref().unwrap_or(person.name);
        let own = self.own(who);
        self.end_session(who);
        let users = self.roster.left(who, name);
        if let Some(id) = own {
            self.log.end_here(id.into());
            self.tell(id.into(), notice::removed_you(reason));
            self.effects.push(Effect::Removed(id));
        }
        self.announce(now, &notice::removed(name, reason));
        if let Some(users) = users {
            self.announce(now, &notice::left(name, users));
        }
    }

    /// The host has what a member says not said, or said again.
    fn mute(&mut self, now: Instant, person: Person<'_>, is_muted: bool) {
        let who = self.roster.now((person.node, person.member));
        let called = self.roster.called(who);
        if let Some(profile) = self.roster.profile_mut(who) {
            profile.is_muted = is_muted;
        }
        let name = called.as_deref().unwrap_or(person.name);
        self.announce(now, &notice::muted(name, is_muted));
        if self.roster.is_own(who.0) {
            self.effects.push(Effect::Muted(MemberId::from_number(who.1), is_muted));
        }
    }

    /// Has one reader of this server get lines. Returns whether it does.
    pub(crate) fn tell(&mut self, reader: ReaderId, text: String) -> bool {
        let is_told = self.log.insert(reader, text.into_bytes().into(), Kind::Lines);
        if is_told && !self.log.is_ghost(reader) {
            self.effects.push(Effect::Addressed(reader));
        }
        is_told
    }

    /// The reader of a member or of the host, if it is one of this server's.
    fn seat_of(&self, node: NodeId, member: u64) -> Option<ReaderId> {
        if member == HOST && self.roster.is_own(node) {
            self.host
        } else {
            self.reader_of((node, member))
        }
    }

    /// Appends a line that everybody gets.
    fn announce(&mut self, now: Instant, notice: &str) {
        self.log.append(now, None, "", notice);
    }
}
