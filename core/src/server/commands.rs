//! Commands: what members ask of the room.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;
use core::net::SocketAddr;

use super::{Event, Server};
use crate::command::{Command, Meaning};
use crate::entry::{Entry, HOST, Person};
use crate::front::{Leaves, Next, Person as Peer, read_resume};
use crate::id::MemberId;
use crate::limits::{BREATH, COMMANDS, CROWD_BREATH, LATE, MAX_NOTICE};
use crate::log::ANSWERED;
use crate::notice;
use crate::room::{Label, Name, Who};
use crate::time::{Instant, Wall};
use crate::wire::is_visible;

/// Members of which messages are deferred.
#[derive(Default)]
pub(super) struct Waiting {
    members: VecDeque<MemberId>,
    /// How many of them are to be looked at, as they may go on now.
    due: usize,
    /// When that goes on.
    at: Option<Instant>,
    /// When the next command may be dealt with that looks at all members.
    crowd_at: Instant,
}

impl Waiting {
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.at
    }

    /// All of them may go on at `at`.
    pub(super) fn resume(&mut self, at: Instant) {
        self.due = self.members.len();
        if self.due > 0 {
            self.at = Some(self.at.map_or(at, |before| before.min(at)));
        }
    }
}

/// Members of whom all may be looked at as if that were nothing.
const FEW: usize = 64;

/// Members that one call looks at that may go on, and those of them that do: the others wait for
/// [`BREATH`], as the room does for these.
const LOOKS: usize = 512;
const TURNS: usize = 8;

/// Messages that are given of what was earlier, if it is not said how many.
pub(super) const EARLIER: usize = 20;

/// The lines of an answer that lists members, and the columns of each.
const ROWS: usize = 4;
const COLUMNS: usize = 72;

/// The members that a host's list names.
const GUESTS: usize = 40;

impl Server {
    /// Deals with the messages of a member that are deferred: with a few of them, as long as there is
    /// space for what that leads to.
    pub(super) fn go_on(&mut self, id: MemberId) {
        if self.front.person(id).is_none() {
            return;
        }
        for _ in 0..COMMANDS {
            if !self.may_go_on(id) || !self.may_take_long(id) {
                break;
            }
            self.do_next(id);
        }
        if !self.front.has_deferred(id) {
            return self.has_gone_on(id);
        }
        let is_gone = |person: &Peer| person.leaves == Some(Leaves::Connection);
        if !self.has_read(id) && self.front.person(id).is_some_and(is_gone) {
            // It reads nothing before it comes back, if it does.
            if !self.front.says_bye(id) {
                return self.go_away(id);
            }
            self.end_session(id);
        }
        let (may_go_on, takes_long) = (self.may_go_on(id), self.takes_long(id));
        let Some(person) = self.front.person_mut(id) else { return };
        if !mem::replace(&mut person.is_waiting, true) {
            self.waiting.members.push_back(id);
        }
        if may_go_on {
            let at = self.now + BREATH;
            self.waiting.resume(if takes_long { at.max(self.waiting.crowd_at) } else { at });
        } else if self.is_waiting() {
            // Time alone may give something back.
            self.waiting.resume(self.now + LATE);
        }
    }

    /// Nothing of a member is deferred any more.
    fn has_gone_on(&mut self, id: MemberId) {
        let Some(person) = self.front.person_mut(id) else { return };
        let leaves = person.leaves.take();
        // Before, its budget was 0.
        self.events.has_resumed |= person.is_waiting;
        if let Some(leaves) = leaves {
            self.take_leave(id, leaves);
        }
    }

    /// Says what one has said that is forgotten. Nobody is there to be answered.
    pub(super) fn say_rest(&mut self, id: MemberId) {
        while let Some(next) = self.front.next_deferred(id) {
            if let Next::Message(text) = next
                && let Meaning::Said(text) = Command::meaning(&text)
            {
                self.say(id, text);
            }
        }
    }

    /// Goes on with those that wait.
    pub(super) fn go_on_waiting(&mut self) {
        if self.waiting.at.is_none_or(|at| at > self.now) {
            return;
        }
        self.waiting.at = None;
        let (looks, mut turns) = (self.waiting.due.min(LOOKS), 0);
        for _ in 0..looks {
            self.waiting.due -= 1;
            let Some(id) = self.waiting.members.pop_front() else { break };
            if self.may_go_on(id) {
                turns += 1;
            }
            self.go_on_in_turn(id);
            if turns == TURNS {
                break;
            }
        }
        if self.waiting.due > 0 {
            self.waiting.at.get_or_insert(self.now + BREATH);
        }
    }

    fn go_on_in_turn(&mut self, id: MemberId) {
        if !self.front.has_deferred(id) {
            if self.front.person(id).is_some()
                && let Some(person) = self.front.person_mut(id)
            {
                person.is_waiting = false;
            }
            return;
        }
        // Behind all others; should nothing be left, that is found then.
        self.waiting.members.push_back(id);
        self.go_on(id);
    }

    /// Whether there is space for what the next message of a member leads to.
    fn may_go_on(&self, id: MemberId) -> bool {
        let awaits_name = self.front.person(id).is_some_and(|person| person.wanted_name.is_some());
        let Some((_, allowance)) = self.front.growth_and_allowance(self.now, id) else {
            return false;
        };
        self.front.has_deferred(id)
            && !awaits_name
            && self.has_read(id)
            && self.space() >= self.limits.longest_line()
            && (!self.is_waiting() || allowance > 0)
    }

    /// Whether a member has not left too many answers unread; one that does not read any more has not.
    fn has_read(&self, id: MemberId) -> bool {
        let is_gone =
            |person: &Peer| person.leaves == Some(Leaves::Connection) && person.session.is_none();
        self.ordered.room.log.inserts_pending(id.into()) <= ANSWERED
            || self.front.person(id).is_some_and(is_gone)
    }

    /// Whether the next message of a member may be dealt with already, if that takes long.
    fn may_take_long(&mut self, id: MemberId) -> bool {
        if !self.takes_long(id) {
            return true;
        }
        let may = self.waiting.crowd_at <= self.now;
        if may {
            self.waiting.crowd_at = self.now + CROWD_BREATH;
        }
        may
    }

    fn takes_long(&self, id: MemberId) -> bool {
        self.users() > FEW && self.front.next_takes_long(id)
    }

    fn do_next(&mut self, id: MemberId) {
        match self.front.next_deferred(id) {
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
    fn say(&mut self, id: MemberId, text: &str) {
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
                    self.ordered.room.log.acknowledge(id.into(), lines);
                }
            }
            Command::Bye => self.end_session(id),
            _ => self.answer(id, notice::for_host(command)),
        }
    }

    pub(super) fn answer(&mut self, id: MemberId, text: String) {
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

    /// A name that a member wanted is another one's.
    pub(super) fn refuse_name(&mut self, id: MemberId, name: &Name) {
        if let Some(free) = self.ordered.room.free_like(name) {
            self.answer(id, notice::taken(name.as_str(), free.as_str()));
        }
    }

    /// Who is here, those with a name first, in order.
    fn who(&self, start: &str) -> String {
        let mut here: Vec<(bool, &str)> = Vec::new();
        let mut matching = 0;
        for (_, name, is_named, _) in self.front.here().filter(|(_, name, ..)| starts(name, start))
        {
            matching += 1;
            here.push((!is_named, name));
        }
        // No more are listed than that.
        let most = here.len().min(ROWS * COLUMNS / 2);
        if most < here.len() {
            here.select_nth_unstable(most);
        }
        here.truncate(most);
        here.sort_unstable();
        let users = self.users();
        let begin = match start {
            "" => notice::online(users),
            _ => notice::online_with(start, matching, users),
        };
        let all = if start.is_empty() { users } else { matching };
        list(begin, here.iter().map(|&(_, name)| name), all)
    }

    /// Who is here, for the host.
    pub(super) fn guests(&self, start: &str) -> String {
        let mut guests: Vec<_> =
            self.front.here().filter(|(_, name, ..)| starts(name, start)).collect();
        guests.sort_unstable_by_key(|&(id, name, is_named, _)| (!is_named, name, id));
        let mut text = notice::online(self.users()).trim_end_matches([':', ' ']).to_string() + "\n";
        for &(id, name, _, came) in guests.iter().take(GUESTS) {
            let address = self.front.address(id).map_or(name, Label::name);
            text += &notice::guest(name, address, self.wall_at(came));
        }
        if guests.len() > GUESTS {
            text += &format!("> {}\n", notice::more(guests.len() - GUESTS));
        }
        text
    }

    /// What the clock on the wall said at a moment.
    fn wall_at(&self, at: Instant) -> Option<Wall> {
        let (known, wall) = self.wall?;
        let micros = i128::from(at.as_micros()) - i128::from(known.as_micros());
        let seconds = i64::try_from(micros.div_euclid(1_000_000)).ok()?;
        Some(Wall { unix_seconds: wall.unix_seconds.saturating_add(seconds), ..wall })
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
        let who = self.front.person(id).and_then(|person| person.written_by);
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
        let own = self.ordered.node();
        if name.eq_ignore_ascii_case(notice::HOST_NAME) {
            return self.ordered.room.host.map(|_| ((own, HOST), notice::HOST_NAME.into()));
        }
        if let Ok(name) = Name::new(name) {
            let who = self.ordered.room.owner_of(&name)?;
            return Some((who, self.name_of(who)?));
        }
        let address: SocketAddr = name.parse().ok()?;
        let label = Label::of_address(address);
        let mut here = self.front.here().filter(|&(id, name, is_named, _)| {
            let address =
                if is_named { self.front.address(id).map_or(name, Label::name) } else { name };
            address == label.name()
        });
        here.next().map(|(id, name, ..)| ((own, id.number()), name.into()))
    }

    /// What somebody is called who is here.
    pub(super) fn name_of(&self, (node, member): Who) -> Option<String> {
        if !self.ordered.is_own(node) {
            return None;
        }
        if member == HOST {
            return self.ordered.room.host.map(|_| notice::HOST_NAME.into());
        }
        let id = MemberId::from_number(member);
        self.front.label(id).filter(|_| self.front.is_here(id)).map(|label| label.name().into())
    }

    /// A member is given what was said earlier.
    fn give_history(&mut self, id: MemberId, rest: &str) {
        let most = match rest {
            "" => Some(EARLIER),
            _ => rest.parse().ok().filter(|&most| most > 0),
        };
        let Some(most) = most else { return self.answer(id, notice::NOT_A_NUMBER.into()) };
        if self.limits.history == 0 {
            return self.answer(id, notice::NO_HISTORY.into());
        }
        let most = most.min(self.limits.history);
        let log = &mut self.ordered.room.log;
        let before = self.front.first_history_ends(id).unwrap_or(log.end());
        log.insert_earlier(id.into(), before, most, notice::earlier, notice::EARLIER_ENDS);
        self.address(id.into());
    }
}

/// Whether a name starts so, whatever the case of its letters.
fn starts(name: &str, start: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    start.chars().flat_map(char::to_lowercase).all(|letter| letters.next() == Some(letter))
}

/// No more of a text than a name may have.
fn shortened(name: &str) -> String {
    if name.len() <= crate::limits::MAX_NAME { name.into() } else { "such a member".into() }
}

/// The beginning of an answer, and names in a few lines of it.
fn list<'a>(begin: String, names: impl ExactSizeIterator<Item = &'a str>, all: usize) -> String {
    let (mut text, mut columns, mut rows) = (begin, 0, 1);
    columns += text.chars().count();
    let mut listed = 0;
    for name in names {
        // Hangul takes up two columns a letter.
        let width = name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() + 2;
        let reserve = if rows == ROWS { notice::more(all - listed).chars().count() } else { 0 };
        if listed > 0 && columns + width + reserve > COLUMNS {
            if rows == ROWS {
                break;
            }
            text.push_str(",\n> ");
            columns = 2;
            rows += 1;
        } else if listed > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
        columns += width;
        listed += 1;
    }
    if listed < all {
        text.push(' ');
        text += &notice::more(all - listed);
    }
    text.push('\n');
    text
}
