//! The room: entries become lines, the same on every machine.
//!
//! | module | noun |
//! |---|---|
//! | `roster` | who is here, and which entries were committed |
//! | `label` | what stands before a member's messages |
//! | `name` | what a member may be called, and what that is taken for |
//! | `rules` | what its host has decided |

mod label;
mod name;
mod roster;
mod rules;

pub(crate) use label::Label;
pub(crate) use name::Name;
pub(crate) use roster::Who;
pub(crate) use rules::Rules;

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
}

/// What an entry does to a member of this server, beside what the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is called so from now on.
    Named(MemberId, Name),
    /// Its name is another one's.
    NotNamed(MemberId, Name),
    /// It was removed.
    Removed(MemberId),
    /// What it says is not said, or it is again.
    Muted(MemberId, bool),
    /// Somebody wrote to it, or to the host.
    Written(Option<MemberId>, Who),
    /// Its reader has something pending, though the log has not grown.
    Addressed(ReaderId),
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
        Self {
            roster: Roster::new(node),
            rules: Rules::default(),
            log: Log::new(limits),
            host: None,
            is_recorded: false,
            effects: Vec::new(),
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
                let reader = self.reader_of(stamp.node, member);
                // One that comes back is not told of itself.
                let returning = reader.filter(|&reader| self.log.has_started(reader));
                self.log.append(now, returning, "", &notice::entered(name, users));
                if let Some(reader) = reader.filter(|_| returning.is_none()) {
                    self.log.start(reader, self.greeting(users).into_bytes().into());
                }
            }
            Entry::Left { member, name } => {
                self.roster.forget_name((stamp.node, member), name);
                let Some(users) = self.roster.left(stamp.node) else { return };
                if let Some(reader) = self.reader_of(stamp.node, member) {
                    self.log.end_here(reader);
                }
                self.announce(now, &notice::left(name, users));
            }
            Entry::Away { member, name } => {
                let Some(users) = self.roster.left(stamp.node) else { return };
                let reader = self.reader_of(stamp.node, member);
                self.log.append(now, reader, "", &notice::left(name, users));
            }
            Entry::Forgotten { member, name } => {
                self.roster.forget_name((stamp.node, member), name);
            }
            Entry::Lost { node } => {
                self.roster.forget_names_of(node);
                if let Some((gone @ 1.., users)) = self.roster.lost(node) {
                    self.announce(now, &notice::lost(gone, users));
                }
            }
            Entry::Named { member, from, name } => self.rename(now, stamp.node, member, from, name),
            Entry::Whispered { member, from, to, text } => {
                self.whisper((stamp.node, member), from, to, text);
            }
            Entry::Removed { who, reason } => self.remove(now, who, reason),
            Entry::Muted { who, is_muted } => {
                self.announce(now, &notice::muted(who.name, is_muted));
                if self.roster.is_own(who.node) {
                    self.effects.push(Effect::Muted(MemberId::from_number(who.member), is_muted));
                }
            }
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
        }
    }

    /// A member is called otherwise, unless the name is another one's.
    fn rename(&mut self, now: Instant, node: NodeId, member: u64, from: &str, name: &str) {
        // What another server says may be no name here, if it is of a later release.
        let Ok(name) = Name::new(name) else { return };
        let is_own = self.roster.is_own(node);
        let id = MemberId::from_number(member);
        if self.roster.rename((node, member), from, &name) {
            self.announce(now, &notice::named(from, name.as_str()));
            self.effects.extend(is_own.then_some(Effect::Named(id, name)));
        } else {
            self.effects.extend(is_own.then_some(Effect::NotNamed(id, name)));
        }
    }

    /// Somebody says `text` to one other.
    fn whisper(&mut self, who: Who, from: &str, to: Person<'_>, text: &str) {
        let receiver = self.seat_of(to.node, to.member);
        let has_got = match receiver {
            // What others write to it does not keep a member from being read from.
            Some(reader) if !self.log.takes_private(reader, text.len()) => false,
            Some(reader) => self.tell(reader, notice::whispered_to_you(from, text)),
            None => true,
        };
        if has_got && self.roster.is_own(to.node) {
            let member = (to.member != HOST).then(|| MemberId::from_number(to.member));
            self.effects.push(Effect::Written(member, who));
        }
        if let Some(reader) = self.seat_of(who.0, who.1) {
            let answer = if has_got {
                notice::whispered_by_you(to.name, text)
            } else {
                notice::not_read(to.name)
            };
            self.tell(reader, answer);
        }
    }

    /// The host has removed a member: it has left.
    fn remove(&mut self, now: Instant, who: Person<'_>, reason: &str) {
        self.roster.forget_name((who.node, who.member), who.name);
        if let Some(reader) = self.reader_of(who.node, who.member) {
            self.log.end_here(reader);
            self.tell(reader, notice::removed_you(reason));
            self.effects.push(Effect::Removed(MemberId::from_number(who.member)));
        }
        self.announce(now, &notice::removed(who.name, reason));
        if let Some(users) = self.roster.left(who.node) {
            self.announce(now, &notice::left(who.name, users));
        }
    }

    /// Has one reader of this server get lines. Returns whether it does.
    pub(crate) fn tell(&mut self, reader: ReaderId, text: String) -> bool {
        let is_told = self.log.insert(reader, text.into_bytes().into(), Kind::Lines);
        if is_told {
            self.effects.push(Effect::Addressed(reader));
        }
        is_told
    }

    /// The reader of a member or of the host, if it is one of this server's.
    fn seat_of(&self, node: NodeId, member: u64) -> Option<ReaderId> {
        if member == HOST && self.roster.is_own(node) {
            self.host
        } else {
            self.reader_of(node, member)
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
