//! A snapshot of a room: what its entries have made of it, as bytes. All servers have the same ones at the
//! same place of the order.
//!
//! # Encoding
//!
//! Numbers and texts are those of an entry.
//!
//! | field | |
//! |---|---|
//! | version | a byte: 1 |
//! | lines | how many lines the log has had |
//! | rules | a byte: 1 hush, 2 lock, 4 not private, in sum; the topic |
//! | servers | how many; of each the node, a byte: 1 lost, 2 has a host, in sum; unless it is lost the number of its last entry |
//! | people | how many; of each what stands below |
//!
//! | field of a member | |
//! |---|---|
//! | who | its node and number |
//! | what there is | a byte: 1 muted, 2 away, 4 a name, 8 somebody has written to it, 16 a session, 32 that has strayed, in sum |
//! | address, name | what it was called first; what it is called, if that is a name |
//! | former | how many; of each the node and number that it had before, the oldest first |
//! | writer | the node and number of who has written to it last, if anybody |
//! | session | if it has one: its key in two numbers, the higher half first; how much of its input is heard, and bytes that were said of the message that is heard in part; bytes that were written to it since it said what it had got; how many lines that is; how many it has counted |
//!
//! Servers and members stand in ascending order, so that there is one encoding of each room.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::people::{MOST_FORMER, Profile, Session, Who};
use super::roster::Roster;
use super::rules::Rules;
use super::sessions::NO_KEY;
use super::{Log, Room};
use crate::entry::{DecodeError, Heard, Rest, Rule, push_number, push_text};
use crate::id::NodeId;
use crate::limits::{Limits, MAX_LABEL, MAX_REMARK};

const VERSION: u8 = 1;

/// No number that counts something is as large.
const TOO_MANY: u64 = 1 << 62;

const LOST: u8 = 1;
const HOSTED: u8 = 2;

const MUTED: u8 = 1;
const AWAY: u8 = 2;
const NAMED: u8 = 4;
const WRITTEN: u8 = 8;
const SESSION: u8 = 16;
const STRAYED: u8 = 32;

/// What a snapshot says.
pub(super) struct Snapshot {
    pub(super) roster: Roster,
    pub(super) rules: Rules,
    /// The lines of the log so far.
    pub(super) lines: u64,
    /// Those who may come back, and the lines that each has counted.
    pub(super) sessions: Vec<(Who, u64)>,
}

impl Room {
    /// What entries have made of it so far.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::from([VERSION]);
        push_number(self.log.lines(), &mut out);
        push_rules(&self.rules, &mut out);
        let servers = || self.roster.servers();
        push_number(servers().count() as u64, &mut out);
        for (node, last, is_hosted) in servers() {
            push_number(node.0, &mut out);
            out.push(flag(last.is_none(), LOST) | flag(is_hosted, HOSTED));
            last.into_iter().for_each(|last| push_number(last, &mut out));
        }
        let people = || self.people().into_iter().flat_map(|people| people.all());
        push_number(people().count() as u64, &mut out);
        for (who, profile) in people() {
            push_profile(who, profile, &mut out);
            if profile.session().is_some() {
                push_number(self.lines_of(who), &mut out);
            }
        }
        out
    }

    /// The room of which a snapshot was taken, without what was said in it.
    pub(crate) fn from_snapshot(
        node: NodeId,
        limits: &Limits,
        bytes: &[u8],
    ) -> Result<Self, DecodeError> {
        let Snapshot { roster, rules, lines, sessions } = Snapshot::decode(node, bytes)?;
        let mut log = Log::new(limits);
        log.skip_to(lines);
        let mut room = Self { rules, log, ..Self::with(roster, limits) };
        room.begin_ghosts(sessions);
        Ok(room)
    }
}

impl Room {
    /// Goes on from a snapshot that was taken later, on another server. What was said between is not
    /// known, but how much it was.
    pub(crate) fn skip_to(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let own = self.roster.own();
        let Snapshot { roster, rules, lines, sessions } = Snapshot::decode(own, bytes)?;
        let is_later = |(node, last): (NodeId, Option<u64>)| {
            roster.has_lost(node) || last.is_some_and(|last| roster.last_of(node) >= last)
        };
        check(lines >= self.log.lines() && self.servers().all(is_later))?;
        let skipped = lines - self.log.lines();
        let before = self.own_sessions();
        (self.roster, self.rules) = (roster, rules);
        self.log.skip_to(lines);
        self.skip_sessions(sessions, skipped, &before);
        Ok(())
    }
}

impl Snapshot {
    /// What [`Room::snapshot`] wrote, and nothing else.
    pub(super) fn decode(own: NodeId, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut rest = Rest(bytes);
        match rest.byte()? {
            VERSION => {}
            version => return Err(DecodeError::UnknownVersion(version)),
        }
        let lines = rest.count()?;
        let rules = rest.rules()?;
        let mut roster = Roster::shared(own);
        let mut before = None;
        for _ in 0..rest.number()? {
            let node = NodeId(rest.number()?);
            let flags = rest.flags(LOST | HOSTED)?;
            let last = if flags & LOST == 0 { Some(rest.count()?) } else { None };
            check(before.replace(node).is_none_or(|before| before < node))?;
            check(last.map_or(flags == LOST, |last| last > 0))?;
            roster.add_server(node, last, flags & HOSTED != 0);
        }
        let (mut before, mut sessions) = (None, Vec::new());
        for _ in 0..rest.number()? {
            let who = rest.who()?;
            check(before.replace(who).is_none_or(|before| before < who))?;
            let profile = rest.profile()?;
            if let Some(session) = profile.session() {
                let lines = rest.count()?;
                check(session.got() <= lines)?;
                sessions.push((who, lines));
            }
            check(roster.add_person(who, profile))?;
        }
        rest.end()?;
        Ok(Self { roster, rules, lines, sessions })
    }
}

fn check(holds: bool) -> Result<(), DecodeError> {
    if holds { Ok(()) } else { Err(DecodeError::Malformed) }
}

fn flag(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

fn push_rules(rules: &Rules, out: &mut Vec<u8>) {
    let hush = flag(rules.is_hushed(), 1);
    out.push(hush | flag(rules.is_locked(), 2) | flag(!rules.is_private(), 4));
    push_text(rules.topic(), out);
}

fn push_who((node, member): Who, out: &mut Vec<u8>) {
    push_number(node.0, out);
    push_number(member, out);
}

fn push_profile(who: Who, profile: &Profile, out: &mut Vec<u8>) {
    push_who(who, out);
    let (writer, session) = (profile.written_by(), profile.session());
    out.push(
        flag(profile.is_muted(), MUTED)
            | flag(profile.is_away(), AWAY)
            | flag(profile.is_named(), NAMED)
            | flag(writer.is_some(), WRITTEN)
            | flag(session.is_some(), SESSION)
            | flag(session.is_some_and(Session::has_strayed), STRAYED),
    );
    push_text(profile.address(), out);
    if profile.is_named() {
        push_text(profile.name(), out);
    }
    push_number(profile.former.len() as u64, out);
    profile.former.iter().for_each(|&former| push_who(former, out));
    if let Some(writer) = writer {
        push_who(writer, out);
    }
    if let Some(session) = session {
        session.key().into_iter().for_each(|half| push_number(half, out));
        let heard = session.heard().number();
        let numbers = [heard, session.said(), session.unread(), session.got()];
        numbers.into_iter().for_each(|number| push_number(number, out));
    }
}

impl Rest<'_> {
    /// A number that counts something: it is far from the largest.
    fn count(&mut self) -> Result<u64, DecodeError> {
        let number = self.number()?;
        check(number < TOO_MANY)?;
        Ok(number)
    }

    fn flags(&mut self, all: u8) -> Result<u8, DecodeError> {
        let flags = self.byte()?;
        check(flags & !all == 0)?;
        Ok(flags)
    }

    fn rules(&mut self) -> Result<Rules, DecodeError> {
        let flags = self.flags(7)?;
        let mut rules = Rules::default();
        rules.set(Rule::Hush, flags & 1 != 0);
        rules.set(Rule::Lock, flags & 2 != 0);
        rules.set(Rule::Private, flags & 4 == 0);
        rules.set_topic(self.text(MAX_REMARK)?);
        Ok(rules)
    }

    fn who(&mut self) -> Result<Who, DecodeError> {
        Ok((NodeId(self.number()?), self.number()?))
    }

    fn profile(&mut self) -> Result<Profile, DecodeError> {
        let flags = self.flags(MUTED | AWAY | NAMED | WRITTEN | SESSION | STRAYED)?;
        let has = |flag| flags & flag != 0;
        let mut profile = Profile::new(self.text(MAX_LABEL)?);
        profile.is_muted = has(MUTED);
        profile.is_away = has(AWAY);
        if has(NAMED) {
            profile.name = Some(self.text(MAX_LABEL)?.into());
        }
        let former = self.number()?;
        check(former <= MOST_FORMER as u64)?;
        for _ in 0..former {
            let former = self.who()?;
            check(!profile.former.contains(&former))?;
            profile.former.push(former);
        }
        if has(WRITTEN) {
            profile.written_by = Some(self.who()?);
        }
        if has(SESSION) {
            let key = [self.number()?, self.number()?];
            let heard = Heard::from_number(self.number()?);
            let (said, unread, got) = (self.count()?, self.count()?, self.count()?);
            let has_strayed = has(STRAYED);
            check(key != NO_KEY && (heard.is_inside || said == 0))?;
            let session = Session { key, heard, said, unread, got, has_strayed };
            profile.session = Some(Box::new(session));
        }
        check(has(SESSION) || !has(STRAYED))?;
        Ok(profile)
    }
}
