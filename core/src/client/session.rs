//! A client that comes back: what it takes along from one connection to the next.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

use memchr::memchr_iter;

use super::asides::Piece;
use super::display::Greeting;
use super::exchange::{Exchange, Stage, Wishes};
use super::input::Input;
use super::lines::Lines;
use super::notes::Notes;
use super::opening::Opening;
use super::{Client, Lent};
use crate::notice::{Aside, read_aside};
use crate::time::Instant;
use crate::wire::is_clean;

/// Bytes of lines that are held back from the user, at the most, until a server says whether they come
/// again: as many as rooms keep.
const MOST_HELD: usize = 1024 * 1024;

/// What is left of a connection that has ended: [`Client::resume`] goes on with it on the next one.
///
/// What the user enters meanwhile is given to it, as it is to a client.
pub struct Session {
    exchange: Exchange,
    input: Input,
    notes: Notes,
    /// What was not taken to be shown.
    lines: Lines,
}

impl Session {
    /// The user has typed `bytes`: see [`Client::type_in`].
    pub fn type_in(&mut self, bytes: &[u8]) {
        self.input.type_in(bytes);
    }

    /// The user wants `text` said: see [`Client::say`].
    pub fn say(&mut self, text: &str) {
        self.input.say(text);
    }

    /// What the user was called last.
    #[must_use]
    pub fn own_name(&self) -> Option<&str> {
        self.notes.name.as_deref()
    }

    /// The lines that the user has entered and the room is not known to have: see [`Client::unheard`].
    pub fn unheard(&self) -> impl Iterator<Item = &str> {
        unheard(Some(&self.exchange), &self.input)
    }

    /// Their bytes.
    #[must_use]
    pub fn unheard_len(&self) -> usize {
        self.exchange.waiting() + self.input.lines.outbox.len()
    }

    /// The lines that the user has entered and that are not shown yet: see [`Client::pending`].
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        pending(Some(&self.exchange), &self.input)
    }
}

/// # Sessions
impl Client {
    /// A client that connected at `now`, and asks the server for a session, so that it can come back.
    /// With a server that knows none, all is as with [`Client::new`].
    #[must_use]
    pub fn with_session(now: Instant, wishes: Wishes) -> Self {
        let mut input = Input::new();
        input.lines.escapes = true;
        let session = Session {
            exchange: Exchange::new(wishes),
            input,
            notes: Notes::default(),
            lines: Lines::default(),
        };
        Self::resume(now, session)
    }

    /// A client that connected at `now`, and goes on where another connection ended.
    ///
    /// If the room does not know it any more, it is a newcomer in it: [`Client::is_new_room`].
    #[must_use]
    pub fn resume(now: Instant, session: Session) -> Self {
        let Session { exchange, input, notes, lines } = session;
        let mut client = Self::new(now);
        client.opening = match exchange.key {
            Some(key) => Opening::resuming(key, exchange.lines),
            None => Opening::asking(),
        };
        client.input = input;
        client.display.lines = lines;
        client.display.notes = Some(notes);
        if exchange.key.is_some() {
            client.display.hold();
        }
        client.exchange = Some(exchange.into());
        client
    }

    /// Takes what another connection is to go on with, once this one has ended; `None` if it was made
    /// by [`Client::new`], or that was taken already.
    #[must_use]
    pub fn take_session(&mut self) -> Option<Session> {
        let mut exchange = *self.exchange.take()?;
        let mut input = mem::replace(&mut self.input, Input::new());
        exchange.reconnect(&mut input);
        self.lent = 0;
        Some(Session {
            exchange,
            input,
            notes: self.display.notes.take().unwrap_or_default(),
            lines: mem::take(&mut self.display.lines),
        })
    }

    /// What the user is called in the room, its name or its address, as soon as that is known.
    #[must_use]
    pub fn own_name(&self) -> Option<&str> {
        self.display.notes.as_ref()?.name.as_deref()
    }

    /// Whether the server knows commands. A client without a session cannot tell.
    #[must_use]
    pub fn knows_commands(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.key.is_some())
    }

    /// Whether the server may still answer whether it knows commands, and what the user is called.
    /// It is waited for only for a moment: 300 ms, or more if the greeting took long.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| match exchange.stage {
            Stage::Asking => !self.incoming.is_unframed() && !self.is_turned_away(),
            _ => exchange.is_awaited(self.now),
        })
    }

    /// Whether the room did not know who came back: it is another room, or has forgotten. What was
    /// entered before is not said in it; [`Client::take_unheard`] gives it back.
    #[must_use]
    pub fn is_new_room(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.is_new_room)
    }

    /// Takes the lines that the user entered before the room turned out to be a new one, and that the
    /// other one did not hear. They are as they were typed, or as they would be to the same effect.
    #[must_use]
    pub fn take_unheard(&mut self) -> Vec<String> {
        let Some(exchange) = &mut self.exchange else { return Vec::new() };
        let lines = exchange.take_left_over();
        let lines = String::from_utf8(lines).unwrap_or_else(|_| unreachable!("it is text"));
        lines.split_terminator('\n').map(str::to_string).collect()
    }

    /// The lines that the user has entered and the room is not known to have: with a session those
    /// that it has not said that it heard, without one those that are not sent whole. They are as they
    /// were typed, or as they would be to the same effect; none is empty.
    pub fn unheard(&self) -> impl Iterator<Item = &str> {
        unheard(self.exchange.as_deref(), &self.input)
    }

    /// Their bytes, newlines included.
    #[must_use]
    pub fn unheard_len(&self) -> usize {
        self.exchange.as_ref().map_or(0, |exchange| exchange.waiting())
            + self.input.lines.outbox.len()
    }

    /// The lines that the user has entered and that do not stand among the lines to show yet: with
    /// a session not all of [`Client::unheard`], as a line is shown before the room says that it has
    /// heard it.
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        pending(self.exchange.as_deref(), &self.input)
    }

    /// Whether the host has removed the user: the room would not know it if it came back.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.display.notes.as_ref().is_some_and(|notes| notes.is_removed)
    }

    /// Takes what a server has sent that may be asked for a session.
    pub(super) fn receive_with_asides(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(piece) =
            self.exchange.as_mut().and_then(|exchange| exchange.asides.take(&mut rest))
        {
            match piece {
                Piece::Bytes(bytes) => {
                    self.receive_bytes(bytes);
                    if let Some(exchange) = &mut self.exchange {
                        exchange.count_lines(memchr_iter(b'\n', bytes).count(), self.now);
                    }
                    self.note_greeting();
                }
                Piece::Aside(line) => self.obey(&line),
            }
        }
    }

    /// A server that greets one who wants to come back does not know it, or has not heard yet who it
    /// is.
    pub(super) fn note_greeting(&mut self) {
        let Some(exchange) = &mut self.exchange else { return };
        let is_greeted = self.display.greeting == Greeting::Welcome;
        if let Stage::Resuming { greeted: greeted @ None } = &mut exchange.stage
            && is_greeted
        {
            *greeted = Some(self.now);
        }
        let knows_none = self.incoming.is_unframed();
        if is_greeted && (knows_none || self.display.held_len() > MOST_HELD) {
            self.begin_anew();
        }
    }

    /// The room is a new one, if that was in question.
    fn begin_anew(&mut self) {
        let (Some(exchange), Some(notes)) = (&mut self.exchange, &mut self.display.notes) else {
            return;
        };
        let Stage::Resuming { greeted: Some(at) } = exchange.stage else { return };
        exchange.begin_anew(at, &mut self.input, notes);
        if self.incoming.is_unframed() {
            exchange.turn_off(&mut self.input);
        }
        self.display.release();
    }

    /// Deals with a line for the program.
    fn obey(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = str::from_utf8(line).ok().filter(|text| is_clean(text));
        let aside = text.and_then(read_aside);
        if let Some(Aside::Session { .. }) = aside {
            self.begin_anew();
        }
        let (Some(exchange), Some(notes)) = (&mut self.exchange, &mut self.display.notes) else {
            return;
        };
        match (aside, exchange.stage) {
            (Some(Aside::Session { key, name }), Stage::Asked { .. }) => {
                exchange.begin(key, name, notes);
            }
            (Some(Aside::Resumed { bytes, lines }), Stage::Resuming { .. }) => {
                self.incoming.frame();
                exchange.resume(bytes, lines, notes, &mut self.display.lines);
                self.display.greeting = Greeting::Welcome;
                self.display.forget_held();
            }
            (Some(Aside::Heard(bytes)), Stage::On) => {
                exchange.hear(bytes, &mut self.display.lines);
            }
            (Some(Aside::Counts(lines)), Stage::On) => exchange.next_counts(lines),
            // Nothing was asked for, or nothing that is known was said.
            _ => {}
        }
    }

    /// Whether lines go by way of the session now, which makes them ready.
    pub(super) fn refill(&mut self) -> bool {
        if self.exchange.as_ref().is_some_and(|exchange| !exchange.is_awaited(self.now)) {
            self.begin_anew();
        }
        let (Some(exchange), Some(notes)) = (&mut self.exchange, &mut self.display.notes) else {
            return false;
        };
        exchange.refill(self.now, &mut self.input, notes, &mut self.display.lines);
        match exchange.stage {
            Stage::On | Stage::Asked { .. } | Stage::Resuming { .. } => true,
            // What was begun is ended.
            Stage::Asking | Stage::Off => !exchange.unheard.unsent().is_empty(),
        }
    }

    /// What was lent before anything else is sent, or something else was.
    pub(super) fn note_sent(&mut self, lent: Lent) {
        let Some(exchange) = &mut self.exchange else { return };
        match (exchange.stage, lent) {
            (Stage::Asking, Lent::Opening) if self.opening.is_sent() => {
                exchange.ask(self.began, self.now);
            }
            // It went to a server that has not greeted, or is the original one.
            (Stage::Asking, Lent::Outbox) => exchange.turn_off(&mut self.input),
            _ => {}
        }
    }
}

/// The lines that the user has entered and the room is not known to have.
fn unheard<'a>(exchange: Option<&'a Exchange>, input: &'a Input) -> impl Iterator<Item = &'a str> {
    let exchanged = exchange.into_iter().flat_map(Exchange::users);
    let unsent = input.lines.outbox.unsent_lines().split(|&byte| byte == b'\n');
    let lines = exchanged.chain(unsent.filter(|line| !line.is_empty()));
    lines.map(|line| str::from_utf8(line).unwrap_or_else(|_| unreachable!("it is text")))
}

/// The lines that the user has entered and that are not shown as such yet.
fn pending<'a>(exchange: Option<&'a Exchange>, input: &'a Input) -> impl Iterator<Item = &'a str> {
    let exchanged = exchange.into_iter().flat_map(|exchange| exchange.unheard.users_unshown());
    let unsent = input.lines.outbox.unsent_lines().split(|&byte| byte == b'\n');
    let lines = exchanged.chain(unsent.filter(|line| !line.is_empty()));
    lines.map(|line| str::from_utf8(line).unwrap_or_else(|_| unreachable!("it is text")))
}
