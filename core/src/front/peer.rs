//! A peer: one connection's bytes become messages.

use alloc::vec::Vec;
use core::cell::Cell;
use core::mem;
use core::time::Duration;

use super::allowance::Allowance;
use crate::limits::{INTERRUPT, LONGEST_MESSAGE, Limits};
use crate::room::Label;
use crate::time::Instant;
use crate::wire::{Framer, Heard, Key, Opening, Telnet, begins_request, is_request, is_visible};

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
    /// When it sent telnet's interrupt, if nothing has come since.
    interrupted: Option<Instant>,
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
}

/// What becomes of a peer by what it has sent, beside what it has said.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Bytes that only it is to be sent.
    pub(crate) answers: Vec<u8>,
    /// What is new of how it takes newlines.
    pub(crate) newlines: Option<Newlines>,
    /// Whether it is to leave: because its user wants to, or because it does not chat.
    pub(crate) departs: bool,
}

/// Whether what is sent to a peer ends with newlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newlines {
    Sent,
    Withheld,
}

impl Peer {
    /// One that came at `now`.
    pub(super) fn new(now: Instant, label: Label, wire: Wire) -> Self {
        let framer = if wire == Wire::Lines { Framer::default() } else { Framer::framed() };
        Self {
            wire,
            opening: Opening::default(),
            telnet: Telnet::default(),
            framer,
            has_spoken: false,
            interrupted: None,
            label,
            allowance: Allowance::new(now),
            timer: None,
            is_asked: false,
            was_refused: Cell::new(false),
            has_left: false,
        }
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
        limits: &Limits,
        say: &mut impl FnMut(&str, &str),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        self.is_asked = false;
        self.forget_refusal(now);
        if self.wire == Wire::Messages {
            self.hear(now, bytes, limits, &mut outcome, say);
            return outcome;
        }
        if self.opening.is_tls(bytes) {
            outcome.departs = true;
            return outcome;
        }
        let was_unframed = self.framer.is_unframed();
        let mut telnet = mem::take(&mut self.telnet);
        let mut answers = Vec::new();
        telnet.receive(bytes, &mut answers, &mut |heard| match heard {
            Heard::Text(text) => self.hear(now, text, limits, &mut outcome, say),
            Heard::Key(key) => self.press(now, key, limits, &mut outcome, say),
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
        outcome
    }

    /// It sends no more: what it left unended is a message too.
    pub(super) fn end_of_input(
        &mut self,
        now: Instant,
        limits: &Limits,
        say: &mut impl FnMut(&str, &str),
    ) {
        let mut outcome = Outcome::default();
        self.listen(now, limits, &mut outcome, say, Framer::end_of_stream);
    }

    /// Nothing more of it has come until `now`, and it was listened to: a silence may have ended its
    /// message.
    pub(super) fn quiet(
        &mut self,
        now: Instant,
        limits: &Limits,
        say: &mut impl FnMut(&str, &str),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        if self.forget_refusal(now) {
            return outcome;
        }
        if self.interrupted.is_some_and(|at| at + INTERRUPT <= now) {
            outcome.departs = true;
            return outcome;
        }
        if self.silent_at(limits.silence).is_some_and(|at| at <= now) {
            self.listen(now, limits, &mut outcome, say, Framer::end_by_silence);
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
            self.interrupted = self.interrupted.map(|_| now);
        }
        was_refused
    }

    /// When it is to be listened to, as a silence may end something then.
    pub(super) fn due_at(&self, limits: &Limits) -> Option<Instant> {
        let interrupt = self.interrupted.map(|at| at + INTERRUPT);
        [self.silent_at(limits.silence), interrupt].into_iter().flatten().min()
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
        limits: &Limits,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str),
    ) {
        self.interrupted = None;
        self.listen(now, limits, outcome, say, |framer, limit, deliver| {
            framer.receive(now, bytes, limit, deliver);
        });
    }

    /// Takes a key that was sent as a command.
    fn press(
        &mut self,
        now: Instant,
        key: Key,
        limits: &Limits,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str),
    ) {
        if self.framer.is_inside_character() {
            // A client that knows nothing of such characters has taken a byte of one for a key.
            if let Some(byte) = key.as_byte() {
                self.hear(now, &[byte], limits, outcome, say);
            }
            return;
        }
        match key {
            Key::Interrupt => self.interrupted = Some(now),
            Key::EndOfInput => {
                self.listen(now, limits, outcome, say, Framer::end_of_stream);
                outcome.departs = true;
            }
            Key::AbortOutput | Key::Suspend | Key::Break => {}
        }
    }

    /// Lets the framer work on something; what it delivers is said, unless there is nothing to see.
    fn listen(
        &mut self,
        now: Instant,
        limits: &Limits,
        outcome: &mut Outcome,
        say: &mut impl FnMut(&str, &str),
        work: impl FnOnce(&mut Framer, usize, &mut dyn FnMut(&str)),
    ) {
        let Self { framer, label, allowance, has_spoken, wire, .. } = self;
        let label = label.as_str();
        let mut said = 0;
        work(framer, limits.max_line, &mut |text| {
            if outcome.departs || !is_visible(text) {
                return;
            }
            if !*has_spoken {
                *has_spoken = true;
                if *wire == Wire::Lines && is_request(text, limits.max_line) {
                    outcome.departs = true;
                    return;
                }
            }
            said += label.len() + text.len() + 1;
            say(label, text);
        });
        // All at once: it is the same as for each message.
        allowance.spend(now, said);
    }
}
