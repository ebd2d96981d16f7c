//! Commands: what members ask of the room.

use alloc::format;
use alloc::string::{String, ToString};
use core::mem;
use core::net::SocketAddr;

use super::{Event, Server};
use crate::command::{Command, Meaning};
use crate::entry::{Entry, HOST, Person};
use crate::front::{Next, read_resume};
use crate::id::{MemberId, ReaderId};
use crate::limits::MAX_NOTICE;
use crate::notice;
use crate::room::{Label, Name, Who};
use crate::wire::is_visible;

/// Messages that are given of what was earlier, if it is not said how many.
const EARLIER: usize = 20;

impl Server {
    pub(super) fn do_next(&mut self, id: MemberId) {
        let next = self.front.next_deferred(id);
        let heard = self.front.dealt(id).filter(|_| self.ordered.is_shared());
        self.ordered.set_cause(heard.map(|heard| (id.number(), heard)));
        self.deal_with(id, next);
        self.ordered.set_cause(None);
    }

    /// Does what one message comes to: one entry at the most.
    fn deal_with(&mut self, id: MemberId, next: Option<Next>) {
        match next {
            None => {}
            // Where messages are that short nobody comes back late, but goes on as somebody new.
            Some(Next::TooLong(Command::Resume)) => {
                self.events.queue.push_back(Event::KeyWanted(id));
            }
            Some(Next::TooLong(command)) => self.answer(id, notice::too_long(command)),
            Some(Next::Message(text)) => match Command::meaning(&text) {
                Meaning::Said(text) => self.say(id, text),
                Meaning::Command(command, rest) => self.obey(id, command, rest),
            },
        }
    }

    /// A member says `text`, unless it may not.
    pub(super) fn say(&mut self, id: MemberId, text: &str) {
        if self.ordered.room.rules().is_hushed() {
            return self.answer(id, notice::HUSHED.into());
        }
        if self.is_muted(id) {
            return self.tell_of_muting(id);
        }
        let Some(label) = self.front.label(id) else { return };
        let label = label.as_str();
        let growth = label.len() + text.len() + 1;
        let entry = Entry::Said { member: id.number(), label, text };
        self.ordered.propose(self.now, &entry, growth);
        self.front.spend(self.now, id, growth);
    }

    fn is_muted(&self, id: MemberId) -> bool {
        self.front.person(id).is_some_and(|person| person.is_muted)
    }

    /// It is told once.
    fn tell_of_muting(&mut self, id: MemberId) {
        let Some(person) = self.front.person_mut(id) else { return };
        if !mem::replace(&mut person.knows_that_it_is_muted, true) {
            self.answer(id, notice::MUTED.into());
        }
    }

    /// Does what a member wants.
    fn obey(&mut self, id: MemberId, command: Command, rest: &str) {
        match command {
            Command::Name => self.name(id, rest.trim()),
            Command::Who => {
                let text = self.who(rest.trim());
                self.answer(id, text);
            }
            Command::Message => self.write(id, rest),
            Command::Reply => self.reply(id, rest),
            Command::History => self.give_history(id, rest.trim()),
            Command::Help => self.answer(id, notice::help(false)),
            Command::Session => self.events.queue.push_back(Event::KeyWanted(id)),
            Command::Resume => match read_resume(rest) {
                Some((key, lines)) => self.come_back_late(id, key, lines),
                None => self.events.queue.push_back(Event::KeyWanted(id)),
            },
            Command::Got => {
                if let Ok(lines) = rest.trim().parse() {
                    self.note_got(id, lines);
                }
            }
            Command::Bye => self.end_session(id),
            _ => self.answer(id, notice::for_host(command)),
        }
    }

    pub(super) fn answer(&mut self, id: MemberId, text: String) {
        if self.is_known_to_all(id) {
            return self.answer_by_entry(id, &text);
        }
        self.ordered.room.tell(id.into(), text);
        self.heed_effects();
    }

    /// A member wants to be called so.
    fn name(&mut self, id: MemberId, wanted: &str) {
        let (Some(label), Some(address)) = (self.front.label(id), self.front.address(id)) else {
            return;
        };
        let name = match Name::new(wanted) {
            _ if wanted.is_empty() => {
                return self.answer(id, notice::you_are(label.name(), address.name()));
            }
            Ok(name) if name.as_str() == label.name() => {
                return self.answer(id, notice::you_are(label.name(), address.name()));
            }
            Ok(name) => name,
            Err(error) => return self.answer(id, format!("{error}\n")),
        };
        let from = label.name().to_string();
        if let Some(person) = self.front.person_mut(id) {
            person.wanted_name = Some(name.clone());
        }
        let entry = Entry::Named { member: id.number(), from: &from, name: name.as_str() };
        self.propose(&entry, MAX_NOTICE);
        self.front.spend(self.now, id, MAX_NOTICE / 2);
    }

    /// It is decided what a member is called.
    pub(super) fn end_wait_for_name(&mut self, id: MemberId) {
        let Some(person) = self.front.person_mut(id) else { return };
        person.wanted_name = None;
        if self.ordered.is_shared() {
            self.events.has_resumed = true;
            self.go_on(id);
        }
    }

    /// A name that a member wanted is another one's, and nobody has told it so.
    pub(super) fn refuse_name(&mut self, id: MemberId, name: &Name) {
        if let Some(free) = self.ordered.room.free_like(name) {
            self.answer(id, notice::taken(name.as_str(), free.as_str()));
        }
    }

    /// A member writes to one other.
    fn write(&mut self, id: MemberId, rest: &str) {
        let (name, text) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
        if name.is_empty() {
            return self.answer(id, notice::usage(Command::Message));
        }
        match self.find(name) {
            Some((who, name)) => self.whisper(id, who, &name, text),
            None => self.answer(id, notice::nobody(&shortened(name))),
        }
    }

    /// A member writes to whoever has written to it last.
    fn reply(&mut self, id: MemberId, text: &str) {
        let who = match self.ordered.room.people() {
            Some(people) => people
                .get((self.ordered.node(), id.number()))
                .and_then(|profile| profile.written_by()),
            None => self.front.person(id).and_then(|person| person.written_by),
        };
        match who.and_then(|who| Some((who, self.name_of(who)?))) {
            Some((who, name)) => self.whisper(id, who, &name, text),
            None => self.answer(id, notice::NOBODY_WROTE.into()),
        }
    }

    fn whisper(&mut self, id: MemberId, (node, member): Who, name: &str, text: &str) {
        let is_to_host = member == HOST;
        if !is_visible(text) {
            return self.answer(id, notice::NO_TEXT.into());
        }
        if !is_to_host && !self.ordered.room.rules().is_private() {
            return self.answer(id, notice::NOT_PRIVATE.into());
        }
        if !is_to_host && self.is_muted(id) {
            return self.tell_of_muting(id);
        }
        let Some(label) = self.front.label(id).cloned() else { return };
        let to = Person { node, member, name };
        let entry = Entry::Whispered { member: id.number(), from: label.name(), to, text };
        self.propose(&entry, 0);
        self.front.spend(self.now, id, label.as_str().len() + text.len() + 1);
    }

    /// Who is called so, by name or address, if it is here.
    pub(super) fn find(&self, name: &str) -> Option<(Who, String)> {
        if name.eq_ignore_ascii_case(notice::HOST_NAME) {
            let node = self.ordered.room.hosted_node()?;
            return Some(((node, HOST), notice::HOST_NAME.into()));
        }
        if let Ok(name) = Name::new(name) {
            let who = self.ordered.room.owner_of(&name)?;
            return Some((who, self.name_of(who)?));
        }
        let address: SocketAddr = name.parse().ok()?;
        self.find_address(Label::of_address(address).name())
    }

    /// What somebody is called who is here.
    pub(super) fn name_of(&self, who: Who) -> Option<String> {
        if who.1 == HOST {
            return self.ordered.room.has_host(who.0).then(|| notice::HOST_NAME.into());
        }
        if let Some(people) = self.ordered.room.people() {
            let profile = people.get(people.now(who)).filter(|profile| !profile.is_away());
            return profile.map(|profile| profile.name().into());
        }
        let id = MemberId::from_number(who.1);
        self.front.label(id).filter(|_| self.front.is_here(id)).map(|label| label.name().into())
    }

    /// A member is given what was said earlier.
    fn give_history(&mut self, id: MemberId, rest: &str) {
        match self.messages_wanted(rest) {
            Ok(most) => {
                let before = self.front.first_history_ends(id);
                if self.is_known_to_all(id) {
                    return self.recall(id, before, most);
                }
                self.insert_earlier(id.into(), before, most);
            }
            Err(why) => self.answer(id, why.into()),
        }
    }

    /// How many messages are given to whoever asks for a history so; why not any.
    pub(super) fn messages_wanted(&self, rest: &str) -> Result<usize, &'static str> {
        let most = match rest {
            "" => EARLIER,
            _ => rest.parse().ok().filter(|&most| most > 0).ok_or(notice::NOT_A_NUMBER)?,
        };
        match self.limits.history {
            0 => Err(notice::NO_HISTORY),
            limit => Ok(most.min(limit)),
        }
    }

    /// A reader is given the last messages before a position, or of all.
    pub(super) fn insert_earlier(&mut self, id: ReaderId, before: Option<u64>, most: usize) {
        let log = &mut self.ordered.room.log;
        let before = before.unwrap_or(log.end());
        log.insert_earlier(id, before, most, notice::earlier, notice::EARLIER_ENDS);
        self.address(id);
    }
}

/// No more of a text than a name may have.
fn shortened(name: &str) -> String {
    if name.len() <= crate::limits::MAX_NAME { name.into() } else { "such a member".into() }
}
