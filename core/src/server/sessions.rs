//! Sessions: members that come back.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::{Event, Server};
use crate::entry::{Entry, Person};
use crate::front::{Arrival, Front, Session};
use crate::id::MemberId;
use crate::limits::{KEPT_FOR, MAX_NOTICE, MOST_AWAY, WELCOME, WELCOME_BACK};
use crate::log::Kind;
use crate::notice;
use crate::room::NO_KEY;
use crate::time::Instant;

/// Who may come back.
#[derive(Default)]
pub(super) struct Sessions {
    /// Whose key begins so. The whole of it is known of the member.
    by_key: BTreeMap<u64, MemberId>,
    /// Those whose connection is gone, and since when.
    away: VecDeque<(Instant, MemberId)>,
}

impl Sessions {
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// How long a newcomer has to say that it has come back.
    pub(super) fn welcome_time(&self) -> Duration {
        if self.away.is_empty() { WELCOME } else { WELCOME_BACK }
    }

    /// Whether a member has a session.
    pub(super) fn has(&self, front: &Front, id: MemberId) -> bool {
        !self.is_empty() && front.person(id).is_some_and(|person| person.session.is_some())
    }

    /// When somebody is to be forgotten.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.away.front().map(|&(since, _)| since + KEPT_FOR)
    }

    /// Who has this key.
    fn owner_of(&self, front: &Front, key: u128) -> Option<MemberId> {
        let session = Session::new(key);
        let &id = self.by_key.get(&session.first_half())?;
        (front.person(id)?.session? == session).then_some(id)
    }
}

impl Server {
    /// Gives a member the key that [`Event::KeyWanted`] has asked for: 128 bits that nobody can guess.
    pub fn give_key(&mut self, now: Instant, id: MemberId, key: u128) {
        self.pass_time(now);
        let session = Session::new(key);
        if self.ordered.is_shared() {
            return self.give_key_by_entry(id, session);
        }
        let half = session.first_half();
        if !self.front.is_here(id) || self.sessions.by_key.contains_key(&half) {
            return;
        }
        self.end_session(id);
        self.front.begin_session(id, session);
        self.sessions.by_key.insert(half, id);
        let Some(label) = self.front.label(id) else { return };
        let text = notice::session(key, label.name());
        self.ordered.room.log.count_lines(id.into());
        self.control(id, text, Kind::Control);
        if self.front.heard(id).is_some_and(|bytes| bytes > 0) {
            self.tell_heard(id);
        }
    }

    /// Tells the program at a member's end something.
    pub(super) fn control(&mut self, id: MemberId, text: String, kind: Kind) {
        self.ordered.room.log.insert(id.into(), text.into_bytes().into(), kind);
        self.address(id.into());
    }

    /// Tells a member with a session how much of its input is heard.
    pub(super) fn tell_heard(&mut self, id: MemberId) {
        if self.sessions.is_empty() || !self.front.is_here(id) {
            return;
        }
        if let Some(bytes) = self.front.heard(id) {
            self.control(id, notice::heard(bytes), Kind::Heard);
        }
    }

    /// Takes the first bytes of one that has not been greeted.
    pub(super) fn receive_first(&mut self, id: MemberId, bytes: &[u8]) {
        if self.front.returns(id).is_some() {
            // What it sends behind that is dealt with once it is known who it is.
            return self.front.keep_arrival(id, bytes);
        }
        match self.front.arrive(self.now, id, bytes, &self.limits) {
            Arrival::Undecided => {}
            Arrival::New => self.welcome(id),
            Arrival::Back { key, lines } if self.ordered.is_shared() => {
                self.arrive_back(id, key, lines);
            }
            Arrival::Back { key, lines } => match self.sessions.owner_of(&self.front, key) {
                Some(member) => self.come_back(id, member, lines),
                None => {
                    let rest = self.front.person(id).map_or(0, |person| person.arrival.len());
                    self.welcome(id);
                    self.front.count_from_here(id, rest);
                    self.events.queue.push_back(Event::KeyWanted(id));
                }
            },
        }
    }

    /// Greets a newcomer, and takes what it has sent so far; or turns it away.
    pub(super) fn welcome(&mut self, id: MemberId) {
        let admitted = self.admits();
        let Some(bytes) = self.front.welcome(id) else { return };
        match admitted {
            Ok(()) => {
                self.join(id);
                if !bytes.is_empty() {
                    self.hear(id, &bytes);
                }
            }
            Err(refused) => self.turn_away(id, format!("{refused}")),
        }
    }

    /// Whether one that has not been greeted has sent the beginning of what one says that comes back.
    pub(super) fn has_begun_to_come_back(&self, id: MemberId) -> bool {
        self.front.person(id).is_some_and(|person| !person.arrival.is_empty())
    }

    /// Tells one that has not joined why, and has it closed.
    pub(super) fn turn_away(&mut self, id: MemberId, text: String) {
        let log = &mut self.ordered.room.log;
        log.start(id.into(), text.into_bytes().into());
        log.end_here(id.into());
        // It has not joined, so that nothing is proposed.
        self.front.depart(id);
        self.events.queue.push_back(Event::Closed(id));
    }

    /// One that says so by a command has come back, though it was greeted.
    pub(super) fn come_back_late(&mut self, id: MemberId, key: u128, lines: u64) {
        if self.ordered.is_shared() {
            return self.arrive_back(id, key, lines);
        }
        match self.sessions.owner_of(&self.front, key).filter(|&member| member != id) {
            Some(member) => self.come_back(id, member, lines),
            None => self.events.queue.push_back(Event::KeyWanted(id)),
        }
    }

    /// Nobody is at the other end of a connection any more.
    pub(super) fn give_up(&mut self, connection: MemberId) {
        if self.front.welcome(connection).is_some() {
            return self.turn_away(connection, String::new());
        }
        self.end_session(connection);
        self.front.drop_deferred(connection);
        self.depart(connection);
        self.events.queue.push_back(Event::Closed(connection));
    }

    /// `connection` goes on as `member`, which has got so many lines.
    fn come_back(&mut self, connection: MemberId, member: MemberId, lines: u64) {
        if self.front.is_older(connection, member) {
            // What it was to say has come too late: the member has given it up, and has come since.
            return self.give_up(connection);
        }
        let is_away = self.front.person(member).is_some_and(|person| person.is_away);
        if self.front.is_new(connection) && is_away && self.is_full() {
            self.front.welcome(connection);
            let users = self.users();
            return self.turn_away(connection, notice::full(users));
        }
        let mut first = self.ordered.room.log.line_end(connection.into());
        self.end_session(connection);
        self.depart(connection);
        let rest = self.front.welcome(connection).unwrap_or_default();
        self.front.come_back(self.now, connection, member);
        self.drop_connection(connection);
        if let Some(person) = self.front.person_mut(member) {
            person.is_away = false;
            person.leaves = None;
        }
        if is_away {
            self.sessions.away.retain(|&(_, id)| id != member);
            self.join(member);
        }
        first.extend(notice::resumed(self.front.heard(member).unwrap_or(0), None).bytes());
        self.ordered.room.log.come_back(member.into(), lines, first.into());
        self.events.queue.push_back(Event::Replaced { connection, member });
        self.address(member.into());
        if !rest.is_empty() {
            self.hear(member, &rest);
        }
        self.go_on(member);
    }

    /// A member's connection is gone, and it may come back.
    pub(super) fn go_away(&mut self, id: MemberId) {
        if let Some(person) = self.front.person_mut(id) {
            person.leaves = None;
        }
        if self.front.person(id).is_none_or(|person| person.is_away) {
            return;
        }
        let Some(label) = self.front.depart(id) else { return };
        if !self.is_ending {
            let entry = Entry::Away { member: id.number(), name: label.name() };
            self.ordered.propose(self.now, &entry, MAX_NOTICE);
        }
        if let Some(person) = self.front.person_mut(id) {
            person.is_away = true;
        }
        self.ordered.room.log.set_away(id.into());
        if self.ordered.is_shared() {
            // It says again what is not heard.
            return self.front.drop_deferred(id);
        }
        self.sessions.away.push_back((self.now, id));
        if self.sessions.away.len() > MOST_AWAY {
            self.forget_first_absent();
        }
    }

    /// Forgets who has been away for too long.
    pub(super) fn forget_absent(&mut self) {
        while self.sessions.next_tick().is_some_and(|at| at <= self.now) {
            self.forget_first_absent();
        }
    }

    fn forget_first_absent(&mut self) {
        let Some((_, id)) = self.sessions.away.pop_front() else { return };
        self.say_rest(id);
        self.end_session(id);
        if let Some(label) = self.front.label(id) {
            let who = Person { node: self.ordered.node(), member: id.number(), name: label.name() };
            let entry = Entry::Forgotten { who };
            self.ordered.propose(self.now, &entry, 0);
        }
        self.drop_connection(id);
    }

    /// A member's key is void.
    pub(super) fn end_session(&mut self, id: MemberId) {
        if self.is_known_to_all(id) {
            let entry = Entry::Session { member: id.number(), key: NO_KEY };
            self.propose(&entry, 0);
            // What it is answered next is counted until that is committed.
            self.await_answer(id);
        }
        self.drop_session(id);
    }

    /// A member's key is void here, and all others know that or will.
    pub(super) fn drop_session(&mut self, id: MemberId) {
        let session = self.front.person_mut(id).and_then(|person| person.session.take());
        if let Some(session) = session.filter(|_| !self.ordered.is_shared()) {
            self.sessions.by_key.remove(&session.first_half());
            self.ordered.room.log.count_no_lines(id.into());
        }
    }
}
