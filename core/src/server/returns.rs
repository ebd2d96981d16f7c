//! Members that come back on any of the servers that share a room.
//!
//! What such a member does and gets is in the entries of the room. So it goes on at another server, or on
//! another connection of this one, by an entry too: what was proposed for it before that one counts, and
//! what comes after it does not; it says again what it was not told to be heard.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::skip::OnTheirWay;
use super::{Event, Refused, Server};
use crate::entry::{Entry, Person, Stamped};
use crate::front::{Back, Leaves, Returns, Session};
use crate::id::{MemberId, NodeId};
use crate::limits::{KEPT_FOR, MAX_NOTICE, MOST_AWAY, WELCOME, WELCOME_BACK};
use crate::log::Kind;
use crate::notice;
use crate::room::{Effect, Profile, Who};
use crate::time::Instant;

/// Who comes back, or may.
#[derive(Default)]
pub(super) struct Returning {
    /// Connections that say a key, of which it is not decided who they are.
    proposed: Vec<MemberId>,
    /// Those that are at no server, and since when.
    absent: VecDeque<(Instant, Who)>,
    /// Whether those are not known yet, as the server began with what is known of a room, and without a
    /// time.
    has_begun_late: bool,
}

impl Returning {
    /// When something is to be decided.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.absent.front().map(|&(since, _)| since + KEPT_FOR)
    }
}

impl Server {
    /// Whether anybody may come back.
    pub(super) fn has_sessions(&self) -> bool {
        let people = self.ordered.room.people();
        !self.sessions.is_empty() || people.is_some_and(|people| people.has_sessions())
    }

    /// How long a newcomer has to say that it has come back.
    pub(super) fn welcome_time(&self) -> Duration {
        match self.ordered.is_shared() {
            true if self.returning.absent.is_empty() => WELCOME,
            true => WELCOME_BACK,
            false => self.sessions.welcome_time(),
        }
    }

    /// Whether a member has a session.
    pub(super) fn has_session(&self, id: MemberId) -> bool {
        self.sessions.has(&self.front, id) || self.is_known_to_all(id)
    }

    /// Whether a member has a session of which all servers know, or will.
    pub(super) fn is_known_to_all(&self, id: MemberId) -> bool {
        self.ordered.is_shared()
            && self.front.person(id).is_some_and(|person| person.session.is_some())
    }

    /// Whether a connection is about to go on as somebody.
    pub(super) fn is_returning(&self, id: MemberId) -> bool {
        self.front.person(id).is_some_and(|person| person.returns.is_some())
    }

    /// Gives a member a key that all servers know.
    pub(super) fn give_key_by_entry(&mut self, id: MemberId, session: Session) {
        let key = session.halves();
        let people = self.ordered.room.people();
        let is_known = people.is_some_and(|people| people.owner_of_key(key).is_some());
        if !self.front.is_here(id) || is_known || self.front.returns(id).is_some() {
            return;
        }
        if self.front.is_said_in_part(id) {
            if let Some(person) = self.front.person_mut(id) {
                person.next_key = Some(session);
            }
            return;
        }
        self.front.begin_session(id, session);
        let heard = self.front.dealt(id);
        let entry = Entry::Session { member: id.number(), key };
        self.ordered.propose_heard(self.now, &entry, heard, 0);
        self.report_heard(id);
    }

    /// Has entries say what of a member's input is dealt with and came to nothing else.
    pub(super) fn report_heard(&mut self, id: MemberId) {
        if !self.ordered.is_shared() {
            return;
        }
        let proposed = self.ordered.take_proposed();
        if let Some(heard) = self.front.unproposed(id, proposed) {
            let entry = Entry::Heard { member: id.number() };
            self.ordered.propose_heard(self.now, &entry, Some(heard), 0);
            let _ = self.ordered.take_proposed();
        }
        if !self.front.is_said_in_part(id)
            && let Some(person) = self.front.person_mut_if_any(id)
            && let Some(session) = person.next_key.take()
        {
            self.give_key_by_entry(id, session);
        }
    }

    /// A member that may come back gets an answer, on all servers.
    pub(super) fn answer_by_entry(&mut self, id: MemberId, text: &str) {
        self.await_answer(id);
        self.propose(&Entry::Told { member: id.number(), text }, 0);
    }

    /// Has it get the last messages before a position, or of all.
    pub(super) fn recall(&mut self, id: MemberId, before: Option<u64>, most: usize) {
        let log = &self.ordered.room.log;
        let Some((first, count)) = log.find_earlier(before.unwrap_or(log.end()), most) else {
            return self.answer_by_entry(id, &notice::earlier(0, None));
        };
        self.await_answer(id);
        self.propose(&Entry::Recalled { member: id.number(), first, count }, 0);
    }

    pub(super) fn await_answer(&mut self, id: MemberId) {
        if let Some(person) = self.front.person_mut(id) {
            person.awaits_answer = true;
        }
    }

    /// A member has got so many lines.
    pub(super) fn note_got(&mut self, id: MemberId, lines: u64) {
        if self.is_known_to_all(id) {
            self.propose(&Entry::Got { member: id.number(), lines }, 0);
        } else {
            self.ordered.room.log.acknowledge(id.into(), lines);
        }
    }

    /// A connection says that it is for whoever has this key: whether anybody has is decided once that is
    /// committed, as what was proposed for it before counts then, and others may know the key by then.
    pub(super) fn arrive_back(&mut self, id: MemberId, key: u128, lines: u64) {
        let returns = Returns { key: Session::new(key), lines };
        if self.has_come_since(id, returns.key) {
            // What it was to say has come too late: the member has given it up, and has come since.
            return self.give_up(id);
        }
        let refused = if self.is_unreachable() {
            Some(Refused::Unreachable)
        } else {
            let users = self.users();
            (self.is_full() && self.is_key_of_absent(returns.key))
                .then_some(Refused::Full { users })
        };
        if let Some(refused) = refused.filter(|_| self.front.is_new(id)) {
            self.front.welcome(id);
            return self.turn_away(id, format!("{refused}"));
        }
        self.front.await_return(id, returns);
        self.returning.proposed.push(id);
        let entry = Entry::Moved { member: id.number(), key: returns.key.halves(), lines };
        self.propose(&entry, 2 * MAX_NOTICE);
    }

    /// Whether a younger connection of this server is whoever has a key, or is about to be.
    fn has_come_since(&self, id: MemberId, key: Session) -> bool {
        let people = self.ordered.room.people();
        let owner = people.and_then(|people| people.owner_of_key(key.halves()));
        let owner = owner.filter(|who| self.ordered.is_own(who.0));
        let has_key = |id: &MemberId| self.front.returns(*id).is_some_and(|other| other.key == key);
        let proposed = self.returning.proposed.iter().copied().filter(has_key);
        let mut others = owner.map(|who| MemberId::from_number(who.1)).into_iter().chain(proposed);
        others.any(|other| self.front.is_older(id, other))
    }

    /// Whether nobody serves the member that has a key.
    fn is_key_of_absent(&self, key: Session) -> bool {
        self.ordered.room.people().is_some_and(|people| {
            let owner = people.owner_of_key(key.halves()).and_then(|who| people.get(who));
            owner.is_some_and(Profile::is_away)
        })
    }

    /// Nobody is known by the key that a connection says.
    fn take_for_new(&mut self, id: MemberId) {
        if let Some(person) = self.front.person_mut(id) {
            person.returns = None;
        }
        if self.front.is_new(id) {
            self.front.count_from_here(id, 0);
            self.welcome(id);
        }
        self.events.queue.push_back(Event::KeyWanted(id));
        self.events.has_resumed = true;
        self.go_on(id);
    }

    /// The room had somebody in it when the server began. When that was is known with the first entry.
    pub(super) fn begin_late(&mut self) {
        self.returning.has_begun_late = true;
    }

    /// An entry has been committed.
    pub(super) fn heed_entry(&mut self, stamped: &Stamped<'_>) {
        if core::mem::take(&mut self.returning.has_begun_late) {
            self.note_all_absent(None);
        }
        match *stamped.entry() {
            Entry::Away { member, .. } => self.note_absent((stamped.stamp().node, member)),
            Entry::Lost { node } => self.note_all_absent(Some(node)),
            _ => {}
        }
    }

    /// Those are to be forgotten in time that are at no server, or no more at this one.
    pub(super) fn note_all_absent(&mut self, node: Option<NodeId>) {
        let people = self.ordered.room.people().into_iter().flat_map(|people| people.all());
        let absent = people.filter(|&(who, _)| node.is_none_or(|node| who.0 == node));
        let absent: Vec<Who> =
            absent.filter(|(_, profile)| profile.is_away()).map(|(who, _)| who).collect();
        absent.into_iter().for_each(|who| self.note_absent(who));
    }

    /// The room is known anew.
    pub(super) fn note_all_anew(&mut self) {
        self.returning.absent.clear();
        self.note_all_absent(None);
    }

    /// What was waited for, and is not on its way any more, has been decided.
    pub(super) fn end_waits(&mut self, on_their_way: &OnTheirWay) {
        let is_on_its_way = |id: &MemberId| on_their_way.returns.contains(&id.number());
        self.returning.proposed.retain(is_on_its_way);
        let all: Vec<MemberId> = self.front.all().collect();
        for id in all {
            if let Some(returns) = self.front.returns(id).filter(|_| !is_on_its_way(&id)) {
                let people = self.ordered.room.people();
                match people.and_then(|people| people.owner_of_key(returns.key.halves())) {
                    // That one went on with it, and has come elsewhere since.
                    Some(_) => self.give_up(id),
                    None => self.not_back(id),
                }
            }
            let awaits = self.front.person(id).is_some_and(|person| person.awaits_answer);
            if awaits && !on_their_way.answers.contains(&id.number()) {
                self.heed_return(Effect::Answered(id));
            }
        }
    }

    fn note_absent(&mut self, who: Who) {
        self.returning.absent.push_back((self.now, who));
        if self.returning.absent.len() > MOST_AWAY {
            self.forget_first();
        }
    }

    /// Decides what is due.
    pub(super) fn tick_returning(&mut self) {
        while let Some(&(since, _)) = self.returning.absent.front()
            && since + KEPT_FOR <= self.now
        {
            self.forget_first();
        }
    }

    /// Forgets who has been away for longest. Its server does, or any if that is gone.
    fn forget_first(&mut self) {
        let Some((_, who)) = self.returning.absent.pop_front() else { return };
        let (room, own) = (&self.ordered.room, self.ordered.node());
        let profile = room.people().and_then(|people| people.get(who));
        let Some(profile) = profile.filter(|profile| profile.is_away()) else { return };
        if who.0 == own || room.has_lost(who.0) {
            let name = String::from(profile.name());
            let who = Person { node: who.0, member: who.1, name: &name };
            self.propose(&Entry::Forgotten { who }, 0);
        }
    }

    /// Does what entries have led to for members that may come back.
    pub(super) fn heed_return(&mut self, effect: Effect) {
        match effect {
            Effect::Known(id, key) => self.tell_key(id, Session::of_halves(key)),
            Effect::Missed(id, lines) => {
                let log = &mut self.ordered.room.log;
                log.insert_instead(id.into(), notice::skipped(lines), lines);
                self.address(id.into());
            }
            Effect::Answered(id) => {
                if let Some(person) = self.front.person_mut(id) {
                    person.awaits_answer = false;
                }
                self.address(id.into());
                self.go_on(id);
            }
            Effect::Heard(id, bytes) if bytes > 0 && self.front.is_here(id) => {
                self.control(id, notice::heard(bytes), Kind::Heard);
            }
            Effect::Unread((node, member), name) => {
                let who = Person { node, member, name: &name };
                self.propose(&Entry::Unread { who }, 0);
            }
            Effect::Gone(id) => self.let_go(id),
            Effect::Back(id) => self.take_back(id),
            Effect::NotBack(id) => self.not_back(id),
            Effect::Forgotten(id) => self.drop_connection(id),
            _ => {}
        }
    }

    /// A member's lines are counted from here on, though it may be about to be removed.
    fn tell_key(&mut self, id: MemberId, session: Session) {
        if let Some(label) = self.front.label(id) {
            let text = notice::session(session.key(), label.name());
            self.control(id, text, Kind::Begins);
        }
    }

    /// A member goes on elsewhere: its connection, if it has one, is closed without a word.
    fn let_go(&mut self, id: MemberId) {
        self.front.drop_deferred(id);
        let person = self.front.person_mut(id);
        let is_gone = person.is_none_or(|person| {
            person.session = None;
            person.is_away || person.leaves == Some(Leaves::Connection)
        });
        self.front.depart(id);
        if is_gone {
            self.drop_connection(id);
        } else {
            self.events.queue.push_back(Event::Closed(id));
        }
    }

    /// A connection goes on as somebody from now on.
    fn take_back(&mut self, id: MemberId) {
        self.returning.proposed.retain(|&other| other != id);
        let returns = self.front.returns(id).or_else(|| self.return_of_removed(id));
        let Some(returns) = returns else {
            // It has ended meanwhile.
            let name = self.ordered.room.profile(id).map(|profile| String::from(profile.name()));
            let Some(name) = name.filter(|_| !self.is_ending) else { return };
            if self.front.person(id).is_some_and(|person| person.is_away) {
                self.drop_connection(id);
            }
            let entry = Entry::Away { member: id.number(), name: &name };
            return self.ordered.propose(self.now, &entry, MAX_NOTICE);
        };
        let is_new = self.front.is_new(id);
        let rest = self.front.welcome(id).unwrap_or_default();
        self.front.drop_deferred(id);
        let mut first = self.ordered.room.log.line_end(id.into());
        self.ordered.room.seat(self.now, id);
        let profile = self.ordered.room.profile(id);
        let Some((profile, session)) = profile.and_then(|it| Some((it, it.session()?))) else {
            return;
        };
        let back = Back {
            name: profile.name(),
            is_named: profile.is_named(),
            address: profile.address(),
            is_muted: profile.is_muted(),
            session: Session::of_halves(session.key()),
            heard: session.heard(),
            said: session.said(),
        };
        // More it can have got only where the log was longer once, or was another one.
        let total = self.ordered.room.log.total(id.into()).unwrap_or(0);
        let most = if session.has_strayed() { session.got() } else { total };
        let lines = returns.lines.min(most);
        let other = Some(lines).filter(|&lines| lines < returns.lines);
        first.extend(notice::resumed(back.heard.bytes, other).bytes());
        if session.has_strayed() && other.is_some() {
            let again = returns.lines - lines;
            first.extend((notice::counts(0) + &notice::cut_back(again)).bytes());
        }
        self.front.go_on_as(id, back);
        self.ordered.room.log.come_back(id.into(), lines, first.into());
        if is_new {
            self.events.queue.push_back(Event::Admitted(id));
        }
        self.address(id.into());
        self.events.has_resumed = true;
        if !rest.is_empty() {
            self.hear(id, &rest);
        }
        self.go_on(id);
    }

    /// What a connection waits for that the host has removed: that comes next, and ends it.
    fn return_of_removed(&self, id: MemberId) -> Option<Returns> {
        let own = (self.ordered.node(), id.number());
        let is_removal = |stamped: Stamped<'_>| match *stamped.entry() {
            Entry::Removed { who, .. } => (who.node, who.member) == own,
            _ => false,
        };
        let returns = self.front.person(id)?.returns?;
        self.ordered.proposed().any(is_removal).then_some(returns)
    }

    /// The key was not good any more that a connection said.
    fn not_back(&mut self, id: MemberId) {
        self.returning.proposed.retain(|&other| other != id);
        if self.front.returns(id).is_some() {
            return self.take_for_new(id);
        }
        // It had joined, and has ended meanwhile.
        let profile = self.ordered.room.profile(id);
        let profile = profile.filter(|profile| !profile.is_away() && !self.is_ending);
        if let Some(name) = profile.map(|profile| String::from(profile.name())) {
            let entry = Entry::Left { member: id.number(), name: &name };
            self.ordered.propose(self.now, &entry, MAX_NOTICE);
        }
    }
}
