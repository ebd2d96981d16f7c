//! What the user enters.

use super::command::{escape, is_for_programs};
use super::outbox::Outbox;
use crate::limits::MAX_LINE;
use crate::time::Instant;
use crate::wire::Framer;

/// From what is typed to lines that are to be sent.
pub(super) struct Input {
    /// What is typed: lines.
    typed: Framer,
    /// Whether there is no more.
    has_ended: bool,
    /// Whether the server may know commands: then a line that is none has to be sent so that it is
    /// not taken for one.
    pub(super) escapes: bool,
    pub(super) outbox: Outbox,
}

impl Input {
    pub(super) fn new() -> Self {
        Self {
            typed: Framer::framed().in_blocks(),
            has_ended: false,
            escapes: false,
            outbox: Outbox::default(),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The user has typed `bytes`, in any chunks. A line is a message, or a command.
    pub(super) fn type_in(&mut self, bytes: &[u8]) {
        let (outbox, escapes) = (&mut self.outbox, self.escapes);
        // Newlines alone end them, so the time does not matter.
        self.typed.receive(Instant::default(), bytes, MAX_LINE, &mut |lines, _| {
            push_typed(outbox, escapes, lines);
        });
    }

    /// The user wants the lines of `text` said, whatever they are.
    pub(super) fn say(&mut self, text: &str) {
        let (outbox, escapes) = (&mut self.outbox, self.escapes);
        let mut push = |line: &str, _| match escapes {
            true => outbox.push(&escape(line)),
            false => outbox.push(line),
        };
        let mut lines = Framer::framed();
        lines.receive(Instant::default(), text.as_bytes(), MAX_LINE, &mut push);
        lines.end_of_stream(MAX_LINE, &mut push);
    }

    /// The user types no more; a line without an end is one too.
    pub(super) fn end(&mut self) {
        let (outbox, escapes) = (&mut self.outbox, self.escapes);
        self.typed.end_of_stream(MAX_LINE, &mut |lines, _| push_typed(outbox, escapes, lines));
        self.has_ended = true;
    }

    /// Nothing more is wanted; a line without an end is none.
    pub(super) fn break_off(&mut self) {
        self.typed = Framer::framed().in_blocks();
        self.has_ended = true;
    }
}

/// A user who types what only programs send means to say it.
fn push_typed(outbox: &mut Outbox, escapes: bool, lines: &str) {
    if !escapes || !lines.split('\n').any(is_for_programs) {
        return outbox.push(lines);
    }
    for line in lines.split('\n') {
        if is_for_programs(line) { outbox.push(&escape(line)) } else { outbox.push(line) }
    }
}
