//! What the user enters.

use alloc::format;

use super::outbox::Outbox;
use crate::command::{Audience, Command, Meaning};
use crate::limits::MAX_LINE;
use crate::time::Instant;
use crate::wire::{Framer, Piece};

/// From what is typed to lines that are to be sent.
pub(super) struct Input {
    /// What is typed: lines.
    typed: Framer,
    /// Whether there is no more.
    has_ended: bool,
    pub(super) lines: Entered,
}

/// Lines on their way to a server that may know commands.
#[derive(Default)]
pub(super) struct Entered {
    /// Whether it may: then a line that is none has to be sent so that it is not taken for one.
    pub(super) escapes: bool,
    /// Whether the line that is typed is a command that no server takes: it is too long, and what is
    /// behind its first piece must not be said.
    is_too_long: bool,
    pub(super) outbox: Outbox,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { typed: Framer::framed().in_blocks(), has_ended: false, lines: Entered::default() }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The user has typed `bytes`, in any chunks. A line is a message, or a command.
    pub(super) fn type_in(&mut self, bytes: &[u8]) {
        let Self { typed, lines, .. } = self;
        // Newlines alone end them, so the time does not matter.
        typed.receive(Instant::default(), bytes, MAX_LINE, &mut |text, piece| {
            lines.push(text, piece);
        });
    }

    /// The user wants the lines of `text` said, whatever they are.
    pub(super) fn say(&mut self, text: &str) {
        let mut push = |line: &str, _| self.lines.push_said(line);
        let mut framer = Framer::framed();
        framer.receive(Instant::default(), text.as_bytes(), MAX_LINE, &mut push);
        framer.end_of_stream(MAX_LINE, &mut push);
    }

    /// The user types no more; a line without an end is one too.
    pub(super) fn end(&mut self) {
        let Self { typed, lines, .. } = self;
        typed.end_of_stream(MAX_LINE, &mut |text, piece| lines.push(text, piece));
        self.has_ended = true;
    }

    /// Nothing more is wanted; a line without an end is none.
    pub(super) fn break_off(&mut self) {
        self.typed = Framer::framed().in_blocks();
        self.has_ended = true;
    }
}

impl Entered {
    /// Adds lines that are typed, with a newline between each two, or a piece of one.
    fn push(&mut self, lines: &str, piece: Piece) {
        match piece {
            _ if !self.escapes => self.outbox.push(lines),
            Piece::Whole => self.push_whole(lines),
            Piece::First => {
                let is_command = matches!(Command::meaning(lines), Meaning::Command(..));
                self.is_too_long = is_command && !is_for_programs(lines);
                self.push_whole(lines);
            }
            Piece::Middle | Piece::Last if self.is_too_long => {}
            Piece::Middle | Piece::Last => self.push_said(lines),
        }
    }

    /// Adds lines of which those that are commands are.
    fn push_whole(&mut self, lines: &str) {
        if !lines.split('\n').any(is_for_programs) {
            return self.outbox.push(lines);
        }
        for line in lines.split('\n') {
            if is_for_programs(line) { self.push_said(line) } else { self.outbox.push(line) }
        }
    }

    /// Adds a line that is to be said.
    fn push_said(&mut self, line: &str) {
        if self.escapes && Command::needs_escape(line) {
            self.outbox.push(&format!("/{line}"));
        } else {
            self.outbox.push(line);
        }
    }
}

/// Whether only programs send `line`. A user who enters it means to say it.
fn is_for_programs(line: &str) -> bool {
    match Command::meaning(line) {
        Meaning::Command(command, _) => command.audience() == Audience::Programs,
        Meaning::Said(_) => false,
    }
}
