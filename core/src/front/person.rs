//! A person: what is known of a peer that does more than to listen and to speak.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::count::Count;
use crate::command::{Command, Meaning};
use crate::entry::Heard;
use crate::room::{Label, Name, Who};
use crate::time::Instant;
use crate::wire::{Piece, is_visible};

/// What few peers have, in a box of its own.
#[derive(Default)]
pub(crate) struct Person {
    /// Its label without a name, if it has one.
    pub(crate) address: Option<Label>,
    pub(crate) session: Option<Session>,
    /// What it has sent, if it is not known yet whether it has come back.
    pub(crate) arrival: Vec<u8>,
    /// When it is greeted, if it was not.
    pub(super) greeted_at: Option<Instant>,
    /// Bytes that were received from it, from where it asked for a session.
    pub(super) received: u64,
    /// When it sent telnet's interrupt, if nothing has come since.
    pub(super) interrupted: Option<Instant>,
    /// Whether it has been given what was said earlier.
    pub(super) has_had_history: bool,
    /// Who wrote to it last.
    pub(crate) written_by: Option<Who>,
    pub(super) deferred: Deferred,
    /// Whether what it says is not said, and whether it knows.
    pub(crate) is_muted: bool,
    pub(crate) knows_that_it_is_muted: bool,
    /// Whether its connection is gone, and it may come back.
    pub(crate) is_away: bool,
    /// What it proposes to be called, if that is not decided yet.
    pub(crate) wanted_name: Option<Name>,
    /// Whether it is among those that wait to go on.
    pub(crate) is_waiting: bool,
    /// Whether it has left, and is to be dealt with as soon as nothing is deferred.
    pub(crate) leaves: Option<Leaves>,
    /// What of its input is dealt with, where several servers share the room.
    pub(super) count: Count,
    /// The key that it is to have, once no message of it is said in part: what others know of one begins
    /// with its session.
    pub(crate) next_key: Option<Session>,
    /// Whether an answer is on its way to it by an entry.
    pub(crate) awaits_answer: bool,
    /// As whom it wants to go on, if that is not decided yet.
    pub(crate) returns: Option<Returns>,
}

/// How a peer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// It sends nothing more.
    Input,
    /// Its connection is gone.
    Connection,
}

impl Person {
    /// Whether what it says next is dealt with message by message.
    pub(super) fn is_deferring(&self) -> bool {
        self.is_muted || self.deferred.goes_on() || self.awaits()
    }

    /// Whether what it says next is dealt with only once something is decided elsewhere.
    pub(crate) fn awaits(&self) -> bool {
        self.wanted_name.is_some() || self.awaits_answer || self.returns.is_some()
    }

    pub(crate) fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// Whether there is nothing to know of it.
    pub(super) fn is_nobody(&self) -> bool {
        self.address.is_none() && self.session.is_none() && !self.is_deferring()
    }
}

/// As whom a connection wants to go on.
#[derive(Clone, Copy)]
pub(crate) struct Returns {
    pub(crate) key: Session,
    /// The lines that it has got.
    pub(crate) lines: u64,
}

/// Who somebody is that a connection goes on as.
pub(crate) struct Back<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_named: bool,
    pub(crate) address: &'a str,
    pub(crate) is_muted: bool,
    pub(crate) session: Session,
    /// What of its input is dealt with, and the bytes that were said of a message that is in part.
    pub(crate) heard: Heard,
    pub(crate) said: u64,
}

/// What makes a peer known that comes back: the two halves of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session([u64; 2]);

impl Session {
    pub(crate) fn new(key: u128) -> Self {
        Self([(key >> 64) as u64, key as u64])
    }

    pub(crate) fn of_halves(halves: [u64; 2]) -> Self {
        Self(halves)
    }

    pub(crate) fn key(self) -> u128 {
        u128::from(self.0[0]) << 64 | u128::from(self.0[1])
    }

    pub(crate) fn halves(self) -> [u64; 2] {
        self.0
    }

    /// By which it is found.
    pub(crate) fn first_half(self) -> u64 {
        self.0[0]
    }
}

/// Messages that are dealt with one by one, as the first of them is a command or is not to be said:
/// clean lines, each with a newline.
#[derive(Default)]
pub(crate) struct Deferred {
    lines: String,
    /// What of the input is dealt with once each of them is, where that is counted.
    heard: VecDeque<Heard>,
    /// A command that is too long, of which that is said when it has ended.
    too_long: Option<Command>,
    /// Bytes of them that are done.
    done: usize,
    /// Whether what comes next belongs to a command that is too long.
    is_too_long: bool,
}

/// What a clean line never begins with: it stands for a command that is too long.
const TOO_LONG: char = '\u{1}';

/// The next of those messages.
pub(crate) enum Next {
    Message(String),
    TooLong(Command),
}

impl Deferred {
    /// Whether messages come after some that are deferred, or belong to one.
    pub(super) fn goes_on(&self) -> bool {
        self.is_too_long || !self.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Defers a piece of a message. Once it is dealt with so much of the input is, if that is counted.
    pub(super) fn push(&mut self, text: &str, piece: Piece, heard: Option<Heard>) {
        match (piece, Command::meaning(text)) {
            (Piece::First, Meaning::Command(command, _)) => {
                self.is_too_long = true;
                if heard.is_some() {
                    self.too_long = Some(command);
                } else {
                    self.push_too_long(command, None);
                }
            }
            (Piece::Middle, _) if self.is_too_long => {}
            (Piece::Last, _) if self.is_too_long => {
                self.is_too_long = false;
                if let Some(command) = self.too_long.take() {
                    self.push_too_long(command, heard);
                }
            }
            _ if !is_visible(text) => {}
            (Piece::Middle | Piece::Last, _) if Command::needs_escape(text) => {
                // It is no message of its own.
                self.lines.push('/');
                self.push_line(text, heard);
            }
            _ => self.push_line(text, heard),
        }
    }

    fn push_too_long(&mut self, command: Command, heard: Option<Heard>) {
        self.lines.push(TOO_LONG);
        self.push_line(command.word(), heard);
    }

    /// What was deferred last is the question for a session: what comes behind it is counted.
    pub(super) fn count_from_last(&mut self) {
        if let Some(last) = self.heard.back_mut() {
            *last = Heard::default();
        }
    }

    /// Whether it is among them that nobody comes back.
    pub(super) fn say_bye(&self) -> bool {
        let is_bye = |line| matches!(Command::meaning(line), Meaning::Command(Command::Bye, _));
        self.lines[self.done..].lines().any(is_bye)
    }

    fn push_line(&mut self, line: &str, heard: Option<Heard>) {
        self.lines.push_str(line);
        self.lines.push('\n');
        self.heard.extend(heard);
    }

    /// Whether for the next one all members are looked at, or much of what was said.
    pub(super) fn next_takes_long(&self) -> bool {
        let next = self.lines[self.done..].split('\n').next();
        match next.map(Command::meaning) {
            Some(Meaning::Command(Command::Who | Command::History, _)) => true,
            // Whose an address is nobody keeps in mind.
            Some(Meaning::Command(Command::Message, rest)) => {
                rest.trim_start().split(' ').next().is_some_and(|name| name.contains(':'))
            }
            _ => false,
        }
    }

    /// What of the input is dealt with once the next one is, if that is counted.
    pub(super) fn take_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// Takes the next one.
    pub(super) fn take(&mut self) -> Option<Next> {
        let line = String::from(self.lines[self.done..].split_once('\n')?.0);
        self.done += line.len() + 1;
        if self.done == self.lines.len() {
            self.lines = String::new();
            self.done = 0;
        }
        match line.strip_prefix(TOO_LONG).map(Command::of_word) {
            Some(command) => command.map(Next::TooLong),
            None => Some(Next::Message(line)),
        }
    }
}

/// What the first bytes of a newcomer come to that has not been greeted.
pub(crate) enum Arrival {
    /// It may be one that has come back: more is waited for.
    Undecided,
    /// It is new.
    New,
    /// It has come back: it has this key, and has got so many lines.
    Back { key: u128, lines: u64 },
}

/// What says so: key and lines, behind the word.
pub(crate) fn read_resume(rest: &str) -> Option<(u128, u64)> {
    let (key, lines) = rest.trim().split_once(' ')?;
    let is_key = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((u128::from_str_radix(key, 16).ok().filter(|_| is_key)?, lines.trim().parse().ok()?))
}
