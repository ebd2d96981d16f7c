//! A naive room: a list for each reader, everything copied. Slow, simple, and what the real one is
//! compared with.

mod reader;
mod speaker;
mod telnet;
mod text;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use chat_core::{Instant, Limits, Wall, Wire};

use reader::{Item, Own, Reader};
use speaker::{Outcome, Speaker};

/// One who takes part: a member, or an observer, which says nothing.
#[derive(Default)]
pub(crate) struct Party {
    addr: String,
    pub(crate) reader: Reader,
    pub(crate) speaker: Speaker,
    /// What it may say while the room waits, in microseconds that it takes to be given back, and
    /// when it was that much.
    little: (u64, Instant),
}

pub(crate) struct Model {
    limits: Limits,
    kept: VecDeque<Rc<str>>,
    bytes_kept: usize,
    first_kept: usize,
    /// Where each line ended that was ever said, and when that was.
    said: Vec<(u64, Wall)>,
    /// What the clock on the wall says.
    pub(crate) wall: Wall,
    /// Who confirms what is let through.
    pub(crate) gate: Option<usize>,
    /// How many lines are let through; `None` for all.
    pub(crate) bound: Option<usize>,
    pub(crate) users: usize,
    pub(crate) parties: BTreeMap<usize, Party>,
}

/// What a member may say while the room waits, in bytes of the log, and how much of it a second
/// gives back.
const LITTLE: u64 = 4096;
const LITTLE_A_SECOND: u64 = 500;

/// Microseconds in which a byte of it is given back.
const BYTE: u64 = 1_000_000 / LITTLE_A_SECOND;

/// The console's place among the parties. Other observers have those before it.
pub(crate) const CONSOLE: usize = usize::MAX;

/// Whether a place is an observer's.
pub(crate) fn is_observer(place: usize) -> bool {
    place > CONSOLE / 2
}

fn users_online(users: usize) -> String {
    if users < 2 { format!("({users} user online)") } else { format!("({users} users online)") }
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            kept: VecDeque::new(),
            bytes_kept: 0,
            first_kept: 0,
            said: Vec::new(),
            wall: Wall::default(),
            gate: None,
            bound: None,
            users: 0,
            parties: BTreeMap::from([(CONSOLE, Party::default())]),
        }
    }

    fn party(&mut self, place: usize) -> &mut Party {
        self.parties.get_mut(&place).unwrap()
    }

    /// The lines that were ever said, and their bytes.
    fn total(&self) -> usize {
        self.said.len()
    }

    pub(crate) fn end(&self) -> u64 {
        self.end_of(self.total())
    }

    /// The bytes of the first lines, so many of them.
    fn end_of(&self, lines: usize) -> u64 {
        lines.checked_sub(1).map_or(0, |last| self.said[last].0)
    }

    /// The bytes that are let through, and those that are not.
    pub(crate) fn readable(&self) -> u64 {
        self.end_of(self.bound.unwrap_or(self.total()))
    }

    pub(crate) fn held_back(&self) -> u64 {
        self.end() - self.readable()
    }

    /// How many lines are let through for one.
    fn bound_of(&self, place: usize) -> usize {
        self.bound.filter(|_| self.gate != Some(place)).unwrap_or(usize::MAX)
    }

    /// Who confirms from now on, if anybody does.
    pub(crate) fn set_gate(&mut self, place: Option<usize>) {
        self.gate = place;
        self.bound = place.map(|_| self.bound.unwrap_or(self.total()));
    }

    /// What the gate's reader has got is let through. Once it was given up, it must have caught up first.
    pub(crate) fn confirm(&mut self) {
        let Some(place) = self.gate else { return };
        let position = self.parties[&place].reader.position(self.total()).max(self.first_kept);
        let lacks = self.end() - self.end_of(position);
        match &mut self.bound {
            Some(bound) => *bound = position.max(*bound),
            None if lacks <= self.limits.backlog as u64 / 8 => self.bound = Some(self.total()),
            None => {}
        }
    }

    /// How much of what a reader has pending was said in one second, and which that is.
    pub(crate) fn in_one_second(&self, place: usize) -> (usize, Option<Wall>) {
        self.parties[&place].reader.in_one_second(self.first_kept, |line| self.said[line].1)
    }

    /// Whether a reader has got all that is let through for it.
    pub(crate) fn has_all(&self, place: usize) -> bool {
        self.parties[&place].reader.has_all(self.bound_of(place))
    }

    fn say(&mut self, author: usize, line: &str) {
        let number = self.total();
        let text: Rc<str> = format!("{line}\n").into();
        self.bytes_kept += text.len();
        self.said.push((self.end() + text.len() as u64, self.wall));
        self.kept.push_back(Rc::clone(&text));
        while self.bytes_kept > self.limits.backlog {
            self.bytes_kept -= self.kept.pop_front().unwrap().len();
            self.first_kept += 1;
        }
        for (&place, party) in &mut self.parties {
            if place != author && !party.reader.has_left {
                party.reader.push(Item::Line(number, Rc::clone(&text)));
            }
        }
    }

    /// Those that have missed something and were not told yet.
    pub(crate) fn overrun(&self) -> impl Iterator<Item = usize> {
        let is_overrun = |party: &Party| party.reader.is_overrun(self.first_kept);
        self.parties.iter().filter(move |(_, party)| is_overrun(party)).map(|(place, _)| *place)
    }

    /// An observer that keeps what it gets.
    pub(crate) fn record(&mut self, place: usize) {
        let mut party = Party::default();
        party.reader.is_record = true;
        self.parties.insert(place, party);
    }

    pub(crate) fn is_overrun(&self, place: usize) -> bool {
        self.parties[&place].reader.is_overrun(self.first_kept)
    }

    /// A newcomer; what it is told if there is no place for it.
    pub(crate) fn join(
        &mut self,
        now: Instant,
        place: usize,
        addr: &str,
        wire: Wire,
    ) -> Result<(), String> {
        if self.users >= self.limits.max_users {
            return Err(format!("> The chat server is full {}\n", users_online(self.users)));
        }
        self.users += 1;
        let online = users_online(self.users);
        self.say(place, &format!("> New user {addr} entered {online}"));
        let greeting = format!("> Connected to the chat server {online}\n").into();
        let little = (LITTLE_A_SECOND * BYTE, now);
        let speaker =
            if wire == Wire::Messages { Speaker::of_messages() } else { Speaker::default() };
        let mut party = Party { addr: addr.into(), little, speaker, ..Party::default() };
        party.reader.push(Item::Own(Own::Greeting, greeting, self.total()));
        self.parties.insert(place, party);
        Ok(())
    }

    /// An observer that gets the last `count` lines first. Gives how many bytes these are.
    pub(crate) fn observe(&mut self, place: usize, count: usize) -> usize {
        let mut party = Party::default();
        let skipped = self.kept.len().saturating_sub(count);
        for (index, text) in self.kept.iter().enumerate().skip(skipped) {
            party.reader.push(Item::Line(self.first_kept + index, Rc::clone(text)));
        }
        self.parties.insert(place, party);
        self.kept.iter().skip(skipped).map(|text| text.len()).sum()
    }

    /// Gives whether it has left by that.
    pub(crate) fn receive(&mut self, now: Instant, place: usize, bytes: &[u8]) -> bool {
        let limits = self.limits.clone();
        if self.party(place).reader.has_left {
            return false;
        }
        let outcome = self.party(place).speaker.receive(now, bytes, &limits);
        self.follow(now, place, outcome)
    }

    /// One that was listened to has said nothing. Gives whether it has left by that.
    pub(crate) fn quiet(&mut self, now: Instant, place: usize) -> bool {
        let limits = self.limits.clone();
        if self.party(place).reader.has_left {
            return false;
        }
        let outcome = self.party(place).speaker.quiet(now, &limits);
        self.follow(now, place, outcome)
    }

    fn follow(&mut self, now: Instant, place: usize, outcome: Outcome) -> bool {
        self.say_texts(now, place, &outcome.texts);
        let total = self.total();
        let party = self.party(place);
        if outcome.is_framed_now {
            party.reader.frame(total);
        }
        party.reader.is_unframed = party.speaker.is_unframed();
        party.reader.answer(outcome.answers, total);
        if outcome.departs {
            self.depart(place);
        }
        outcome.departs
    }

    fn say_texts(&mut self, now: Instant, place: usize, texts: &[String]) {
        for text in texts {
            let line = format!("[{}] {text}", self.parties[&place].addr);
            self.say(place, &line);
            let used = (line.len() + 1) as u64 * BYTE;
            let left = self.little_in_micros(place, now).saturating_sub(used);
            self.party(place).little = (left, now);
        }
    }

    /// What a member may say at `now` if the room waits, in bytes of the log.
    pub(crate) fn little(&self, place: usize, now: Instant) -> usize {
        (self.little_in_micros(place, now) / BYTE) as usize
    }

    fn little_in_micros(&self, place: usize, now: Instant) -> u64 {
        let (left, at) = self.parties[&place].little;
        (left + now.as_micros() - at.as_micros()).min(LITTLE * BYTE)
    }

    /// The most bytes by which the log grows for one of a member's: three for what is shown instead
    /// of it, half a label and a newline, as a line needs two.
    pub(crate) fn growth(&self, place: usize) -> usize {
        3 + ("[] ".len() + self.parties[&place].addr.len() + 1).div_ceil(2)
    }

    /// When the first silence may end that nobody was asked about.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let present = self.parties.values().filter(|party| !party.reader.has_left);
        let waiting = present.filter(|party| !party.speaker.is_asked);
        waiting.filter_map(|party| party.speaker.due(&self.limits)).min()
    }

    /// Time has passed. Gives those that are to be listened to now.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<usize> {
        let mut due = Vec::new();
        for (&place, Party { reader, speaker, .. }) in &mut self.parties {
            let is_due = speaker.due(&self.limits).is_some_and(|at| at <= now);
            if is_due && !reader.has_left && !speaker.is_asked {
                speaker.is_asked = true;
                due.push(place);
            }
        }
        due
    }

    /// A member was not read from, as the room did not want it.
    pub(crate) fn refuse(&mut self, place: usize) {
        let party = self.party(place);
        if !party.reader.has_left {
            party.speaker.was_refused = true;
        }
    }

    pub(crate) fn end_of_input(&mut self, now: Instant, place: usize) {
        let limits = self.limits.clone();
        if !self.parties[&place].reader.has_left {
            let outcome = self.party(place).speaker.end_of_input(now, &limits);
            self.say_texts(now, place, &outcome.texts);
            self.depart(place);
        }
    }

    fn depart(&mut self, place: usize) {
        self.users -= 1;
        let (online, total) = (users_online(self.users), self.total());
        let party = self.party(place);
        (party.reader.has_left, party.reader.left_at) = (true, total);
        let line = format!("< The user {} left {online}", party.addr);
        self.say(place, &line);
    }

    /// A reader is gone.
    pub(crate) fn leave(&mut self, place: usize) {
        if !is_observer(place) && !self.parties[&place].reader.has_left {
            self.depart(place);
        }
        self.parties.remove(&place);
        if self.gate == Some(place) {
            self.set_gate(None);
        }
    }

    /// What a reader has pending, all of it unless something must be told it first.
    pub(crate) fn pending(&mut self, place: usize) -> Vec<u8> {
        let (first_kept, total, bound) = (self.first_kept, self.total(), self.bound_of(place));
        self.party(place).reader.pending(first_kept, total, bound)
    }

    pub(crate) fn reader(&self, place: usize) -> &Reader {
        &self.parties[&place].reader
    }

    pub(crate) fn reader_mut(&mut self, place: usize) -> &mut Reader {
        &mut self.party(place).reader
    }

    pub(crate) fn speaker(&self, place: usize) -> &Speaker {
        &self.parties[&place].speaker
    }
}
