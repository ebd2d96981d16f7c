//! A peer: one connection's bytes become messages.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::mem;
use core::time::Duration;

use memchr::memchr;
use memchr::memmem::find;

use super::allowance::Allowance;
use super::person::{Arrival, Back, Person, read_resume};
use crate::command::{Command, Meaning};
use crate::entry::Heard;
use crate::limits::{INTERRUPT, LONGEST_MESSAGE, Limits};
use crate::room::{Label, Room};
use crate::time::Instant;
use crate::wire::{
    Framer, Heard as Incoming, Key, Opening, Piece, Telnet, begins_request, is_request, is_visible,
};

/// How a peer's bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// As those of any line client, or of the original program (protocol.md, "Messages").
    Lines,
    /// As lines alone: from a peer of which it is known that it sends nothing else.
    Messages,
}

/// One connection, from its beginning until it is gone.
pub(super) struct Peer {
    wire: Wire,
    opening: Opening,
    telnet: Telnet,
    framer: Framer,
    /// Whether anything that can be seen has come from it.
    has_spoken: bool,
    /// The position in the log behind which it gets everything; 0 before that is known.
    pub(super) entered_at: u64,
    /// What stands before its messages.
    pub(super) label: Label,
    /// What it may say while the room waits.
    pub(super) allowance: Allowance,
    /// When it is to be looked at.
    pub(super) timer: Option<Instant>,
    /// Whether the shell was asked to listen to it.
    pub(super) is_asked: bool,
    /// Whether the shell wanted to read from it and was told not to, since anything came.
    pub(super) was_refused: Cell<bool>,
    pub(super) has_left: bool,
    /// Whether it has not been greeted: it may be one that has come back.
    pub(super) is_new: bool,
    /// How many bytes are to come of those that ask for a session, if it has sent nothing else; 0 if it
    /// does not ask so.
    to_ask: u8,
    /// The second in which it came.
    came: u32,
    /// The number of its connection among all that came, which only grows until it begins anew.
    number: u32,
    pub(super) person: Option<Box<Person>>,
}

/// By what a peer is heard.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) limits: &'a Limits,
    /// Whether only the host speaks.
    is_hushed: bool,
    /// Whether it is counted what of a peer's input is dealt with.
    is_counted: bool,
}

impl<'a> Terms<'a> {
    /// Those that hold in a room just now.
    pub(crate) fn of(limits: &'a Limits, room: &Room) -> Self {
        let is_counted = room.people().is_some();
        Self { limits, is_hushed: room.rules().is_hushed(), is_counted }
    }
}

/// The first bytes of a program that asks for a session: an empty line, and one that ends otherwise.
/// To every server that knows nothing of that they are two empty lines; no other client sends them.
const ASKS_FOR_SESSION: &[u8] = b"\n\r\n";

/// How the first line of one begins that has come back.
const HAS_COME_BACK: &[u8] = b"/resume ";

const SECOND: u64 = 1_000_000;

/// The longest such line.
const MAX_RESUME: usize = 128;

/// What becomes of a peer by what it has sent, beside what it has said.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Bytes that only it is to be sent.
    pub(crate) answers: Vec<u8>,
    /// What is new of how it takes newlines.
    pub(crate) newlines: Option<Newlines>,
    /// Whether it is to leave: because its user wants to, or because it does not chat.
    pub(crate) departs: bool,
    /// Whether it has asked for a session by its first bytes.
    pub(crate) wants_session: bool,
    /// Whether messages of it are deferred, to be dealt with one by one.
    pub(crate) has_deferred: bool,
}

/// Whether what is sent to a peer ends with newlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newlines {
    Sent,
    Withheld,
}

impl Peer {
    /// One that came at `now`.
    pub(super) fn new(now: Instant, label: Label, wire: Wire, number: u32) -> Self {
        let framer = if wire == Wire::Lines { Framer::default() } else { Framer::framed() };
        Self {
            wire,
            opening: Opening::default(),
            telnet: Telnet::default(),
            framer,
            has_spoken: false,
            entered_at: 0,
            label,
            allowance: Allowance::new(now),
            timer: None,
            is_asked: false,
            was_refused: Cell::new(false),
            has_left: false,
            is_new: false,
            to_ask: ASKS_FOR_SESSION.len() as u8,
            // Good for a century.
            came: u32::try_from(now.as_micros() / SECOND).unwrap_or(u32::MAX),
            number,
            person: None,
        }
    }

    /// What is known of it beside.
    pub(super) fn person_mut(&mut self) -> &mut Person {
        self.person.get_or_insert_default()
    }

    /// What its first bytes come to, if it has not been greeted: they are kept until that is known.
    pub(super) fn arrive(&mut self, now: Instant, bytes: &[u8]) -> Arrival {
        let person = self.person_mut();
        if person.arrival.is_empty() {
            // It has begun to say something: it may go on, though not for ever.
            person.greeted_at = Some(now + LONGEST_MESSAGE);
        }
        let arrival = &mut person.arrival;
        arrival.extend_from_slice(bytes);
        let known = arrival.len().min(HAS_COME_BACK.len());
        if arrival[..known] != HAS_COME_BACK[..known] {
            return Arrival::New;
        }
        let Some(newline) = memchr(b'\n', arrival) else {
            return if arrival.len() < MAX_RESUME { Arrival::Undecided } else { Arrival::New };
        };
        let rest = str::from_utf8(&arrival[known..newline]).ok();
        match rest.and_then(read_resume) {
            Some((key, lines)) => {
                arrival.drain(..=newline);
                Arrival::Back { key, lines }
            }
            None => Arrival::New,
        }
    }

    /// When it came, within a second.
    pub(super) fn came(&self) -> Instant {
        Instant::from_micros(u64::from(self.came) * SECOND)
    }

    /// It is not greeted for a while, as it may have come back.
    pub(super) fn hold(&mut self, until: Instant) {
        self.is_new = true;
        self.person_mut().greeted_at = Some(until);
    }

    /// It is greeted. Returns what it has sent so far.
    pub(super) fn welcome(&mut self) -> Vec<u8> {
        self.is_new = false;
        let arrival = self.person.as_mut().map(|person| mem::take(&mut person.arrival));
        if self.person.as_ref().is_some_and(|person| person.is_nobody()) {
            self.person = None;
        }
        arrival.unwrap_or_default()
    }

    /// The number of its connection.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Another connection goes on for it, which has this number.
    pub(super) fn come_back(&mut self, now: Instant, number: u32) {
        self.number = number;
        self.has_left = false;
        self.is_asked = false;
        self.timer = None;
        self.was_refused = Cell::new(true);
        self.forget_refusal(now);
    }

    /// The most bytes by which the log grows for a byte of its input, if `max_line` is at least
    /// `limits::MIN_LINE`; a message begun earlier comes on top.
    ///
    /// A byte becomes at most three (a control's picture, a replacement). A line needs two bytes
    /// of input at least (one of text and the newline; or, where a long message is cut, two pieces
    /// together hold almost `max_line` bytes) and adds a label and a newline.
    pub(super) fn growth(&self) -> usize {
        3 + (self.label.as_str().len() + 1).div_ceil(2)
    }

    /// Takes bytes as they came. What it says goes to `say`, with its label before it.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        bytes: &[u8],
        terms: Terms<'_>,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        self.is_asked = false;
        self.forget_refusal(now);
        if let Some(person) = &mut self.person {
            person.received += bytes.len() as u64;
        }
        outcome.wants_session = self.asks_for_session(bytes);
        if self.wire == Wire::Lines && self.opening.is_tls(bytes) {
            outcome.departs = true;
            return outcome;
        }
        let begun = self.begun_command();
        match self.wire {
            Wire::Lines => self.hear_lines(now, bytes, terms, &mut outcome, say),
            Wire::Messages => self.hear(now, bytes, terms, &mut outcome, say),
        }
        if outcome.has_deferred {
            self.find_question(&begun, bytes);
        }
        self.settle_count();
        outcome
    }

    /// Takes what any line client may send: commands of telnet, and messages that end with silences.
    fn hear_lines(
        &mut self,
        now: Instant,
        bytes: &[u8],
        terms: Terms<'_>,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) {
        let was_unframed = self.framer.is_unframed();
        let mut telnet = mem::take(&mut self.telnet);
        let mut answers = Vec::new();
        telnet.receive(bytes, &mut answers, &mut |heard| match heard {
            Incoming::Text(text) => self.hear(now, text, terms, outcome, say),
            Incoming::Key(key) => self.press(now, key, terms, outcome, say),
        });
        if self.framer.take_damaged_line() {
            // It may be telnet, which ends lines so, and loses parts of characters until it is asked
            // not to.
            telnet.greet(&mut answers);
        }
        self.telnet = telnet;
        outcome.answers = answers;
        if was_unframed && self.framer.is_framed() {
            outcome.newlines = Some(Newlines::Sent);
        }
    }

    /// The line that has begun, if it may ask for a session.
    fn begun_command(&self) -> String {
        let begun = self.framer.unended();
        let may_ask = begun.starts_with('/') && begun.len() <= MAX_RESUME;
        if may_ask { begun.into() } else { String::new() }
    }

    /// If what was received last asks for a session in a line, of which `begun` had come before: what
    /// stands behind it is counted.
    fn find_question(&mut self, begun: &str, bytes: &[u8]) {
        let (mut begun, mut rest) = (begun, bytes);
        while let Some(newline) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(newline);
            rest = &after[1..];
            let is_slashed = begun.is_empty().then(|| line.first()).flatten() == Some(&b'/');
            if (is_slashed || !begun.is_empty())
                && asks_for_session(&[begun.as_bytes(), line].concat())
            {
                let person = self.person_mut();
                person.received = rest.len() as u64;
                person.count.begin();
                person.deferred.count_from_last();
            }
            begun = "";
        }
    }

    /// Whether `bytes`, which are received now, end what asks for a session. What stands behind it is
    /// counted.
    fn asks_for_session(&mut self, bytes: &[u8]) -> bool {
        let rest = &ASKS_FOR_SESSION[ASKS_FOR_SESSION.len() - usize::from(self.to_ask)..];
        if rest.is_empty() {
            return false;
        }
        let common = rest.iter().zip(bytes).take_while(|(asks, byte)| asks == byte).count();
        let goes_on = common == bytes.len() && common < rest.len();
        // Three at the most.
        self.to_ask = if goes_on { (rest.len() - common) as u8 } else { 0 };
        if common == rest.len() {
            let person = self.person_mut();
            person.received = (bytes.len() - common) as u64;
            person.count.begin();
        }
        common == rest.len()
    }

    /// What was received is taken in.
    pub(super) fn settle_count(&mut self) {
        let has_begun = self.framer.has_begun();
        if let Some(person) = &mut self.person {
            let has_deferred = person.has_deferred();
            person.count.settle(person.received, has_begun, has_deferred);
        }
    }

    /// Whether it may matter which of its bytes a message ends with.
    pub(super) fn is_counted(&self, bytes: &[u8]) -> bool {
        let asks = || [&b"/session"[..], b"/resume"].iter().any(|word| find(bytes, word).is_some());
        let may_ask = || self.framer.unended().starts_with('/') || asks();
        self.to_ask > 0 || self.person.is_some() || may_ask()
    }

    /// It goes on as somebody that was elsewhere.
    pub(super) fn go_on_as(&mut self, back: Back<'_>) {
        self.label = Label::of_name(back.name);
        self.framer.frame();
        self.has_spoken = true;
        self.to_ask = 0;
        let person = self.person_mut();
        person.address = back.is_named.then(|| Label::of_name(back.address));
        person.session = Some(back.session);
        person.received = back.heard.bytes;
        person.count.go_on(back.heard, back.said);
        person.is_muted = back.is_muted;
        // It may want to see that too.
        person.has_had_history = true;
        person.returns = None;
        person.wanted_name = None;
    }

    /// It sends no more: what it left unended is a message too.
    pub(super) fn end_of_input(
        &mut self,
        now: Instant,
        terms: Terms<'_>,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) {
        let mut outcome = Outcome::default();
        self.spoil_resume(now, terms, &mut outcome, say);
        self.listen(now, terms, &mut outcome, say, Framer::end_of_stream);
    }

    /// What says that it has come back ends with a newline: of its number some digits may be missing.
    fn spoil_resume(
        &mut self,
        now: Instant,
        terms: Terms<'_>,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) {
        if self.framer.unended().as_bytes().starts_with(HAS_COME_BACK) {
            self.listen(now, terms, outcome, say, |framer, limit, deliver| {
                framer.receive(now, b" ?", limit, deliver);
            });
        }
    }

    /// Nothing more of it has come until `now`, and it was listened to: a silence may have ended its
    /// message.
    pub(super) fn quiet(
        &mut self,
        now: Instant,
        terms: Terms<'_>,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        if self.forget_refusal(now) {
            return outcome;
        }
        if self.interrupted().is_some_and(|at| at + INTERRUPT <= now) {
            outcome.departs = true;
            return outcome;
        }
        if self.silent_at(terms.limits.silence).is_some_and(|at| at <= now) {
            let asks = asks_for_session(self.begun_command().as_bytes());
            self.spoil_resume(now, terms, &mut outcome, say);
            self.listen(now, terms, &mut outcome, say, Framer::end_by_silence);
            if asks {
                let person = self.person_mut();
                person.received = 0;
                person.count.begin();
                person.deferred.count_from_last();
            }
            self.settle_count();
            if self.framer.is_unframed() {
                outcome.newlines = Some(Newlines::Withheld);
            }
        }
        outcome
    }

    /// It is listened to now. If it was refused before, some of the time until now was no silence,
    /// but the room's own waiting. Returns whether it was.
    fn forget_refusal(&mut self, now: Instant) -> bool {
        let was_refused = self.was_refused.take();
        if was_refused {
            self.framer.was_not_heard_until(now);
            if let Some(at) = self.person.as_mut().and_then(|p| p.interrupted.as_mut()) {
                *at = now;
            }
        }
        was_refused
    }

    /// When it is to be listened to, as a silence may end something then.
    pub(super) fn due_at(&self, limits: &Limits) -> Option<Instant> {
        if self.is_new {
            return self.person.as_ref().and_then(|person| person.greeted_at);
        }
        let interrupt = self.interrupted().map(|at| at + INTERRUPT);
        [self.silent_at(limits.silence), interrupt].into_iter().flatten().min()
    }

    /// When it sent telnet's interrupt, if nothing has come since.
    fn interrupted(&self) -> Option<Instant> {
        self.person.as_ref()?.interrupted
    }

    /// When a silence that goes on ends its message.
    fn silent_at(&self, silence: Duration) -> Option<Instant> {
        // What looks like the beginning of a request is waited for.
        let is_doubtful = !self.has_spoken && begins_request(self.framer.unended());
        self.framer.silent_at(if is_doubtful { LONGEST_MESSAGE } else { silence })
    }

    /// Takes bytes that are no commands.
    fn hear(
        &mut self,
        now: Instant,
        bytes: &[u8],
        terms: Terms<'_>,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) {
        if let Some(person) = &mut self.person {
            person.interrupted = None;
        }
        self.listen(now, terms, outcome, say, |framer, limit, deliver| {
            framer.receive(now, bytes, limit, deliver);
        });
    }

    /// Takes a key that was sent as a command.
    fn press(
        &mut self,
        now: Instant,
        key: Key,
        terms: Terms<'_>,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) {
        if self.framer.is_inside_character() {
            // A client that knows nothing of such characters has taken a byte of one for a key.
            if let Some(byte) = key.as_byte() {
                self.hear(now, &[byte], terms, outcome, say);
            }
            return;
        }
        match key {
            Key::Interrupt => self.person_mut().interrupted = Some(now),
            Key::EndOfInput => {
                self.listen(now, terms, outcome, say, Framer::end_of_stream);
                outcome.departs = true;
            }
            Key::AbortOutput | Key::Suspend | Key::Break => {}
        }
    }

    /// Lets the framer work on something; what it delivers is said, unless there is nothing to see.
    fn listen(
        &mut self,
        now: Instant,
        terms: Terms<'_>,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
        work: impl FnOnce(&mut Framer, usize, &mut dyn FnMut(&str, Piece)),
    ) {
        let Self { framer, label, allowance, has_spoken, wire, person, .. } = self;
        let label = label.as_str();
        let max_line = terms.limits.max_line;
        // Whether what it says is dealt with message by message.
        let mut is_deferring =
            terms.is_hushed || person.as_ref().is_some_and(|person| person.is_deferring());
        let mut said = 0;
        work(framer, max_line, &mut |text, piece| {
            if outcome.departs {
                return;
            }
            let counted = person.as_deref_mut().filter(|_| terms.is_counted);
            let (text, piece, heard, has_session) = match counted {
                Some(person) => person.count(text, piece),
                None => (text, piece, Heard::default(), false),
            };
            if (is_deferring
                || text.as_bytes().first() == Some(&b'/') && begins_command(text, piece))
                && (*has_spoken || *wire != Wire::Lines || !is_request(text, max_line))
            {
                is_deferring = true;
                *has_spoken |= is_visible(text);
                let heard = terms.is_counted.then_some(heard);
                return person.get_or_insert_default().deferred.push(text, piece, heard);
            }
            if !is_visible(text) {
                return;
            }
            if !*has_spoken {
                *has_spoken = true;
                if *wire == Wire::Lines && is_request(text, max_line) {
                    outcome.departs = true;
                    return;
                }
            }
            let text = without_escape(text, piece);
            said += label.len() + text.len() + 1;
            say(label, text, has_session.then_some(heard));
        });
        outcome.has_deferred = person.as_ref().is_some_and(|person| person.has_deferred());
        // All at once: it is the same as for each message.
        allowance.spend(now, said);
    }
}

impl Person {
    /// What of a piece is to be dealt with, as what piece, what of the input is dealt with then, and whether
    /// that is to be said.
    fn count<'a>(&mut self, text: &'a str, piece: Piece) -> (&'a str, Piece, Heard, bool) {
        let heard = self.count.of_piece(piece, self.received);
        self.count.pass(piece);
        let (text, piece) = if self.count.is_said_in_part() {
            let text = self.count.unsaid(without_escape(text, piece), piece);
            (text, if heard.is_inside { Piece::Middle } else { Piece::Last })
        } else {
            (text, piece)
        };
        (text, piece, heard, self.session.is_some())
    }
}

/// Whether a line is a command that begins a session, or may.
fn asks_for_session(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r\0").or(line.strip_suffix(b"\r")).unwrap_or(line);
    line.first() == Some(&b'/')
        && matches!(
            str::from_utf8(line).map(Command::meaning),
            Ok(Meaning::Command(Command::Session | Command::Resume, _))
        )
}

/// Whether a piece is a command, or the beginning of one.
fn begins_command(text: &str, piece: Piece) -> bool {
    matches!(piece, Piece::Whole | Piece::First)
        && matches!(Command::meaning(text), Meaning::Command(..))
}

/// What is said by a piece that is no command.
fn without_escape(text: &str, piece: Piece) -> &str {
    match text.as_bytes() {
        [b'/', b'/', ..] if matches!(piece, Piece::Whole | Piece::First) => {
            match Command::meaning(text) {
                Meaning::Said(text) => text,
                Meaning::Command(..) => text,
            }
        }
        _ => text,
    }
}
