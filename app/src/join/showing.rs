//! What stands above the draft of a client, whatever becomes of its connections.

use std::mem;

use chat_core::{Line, Lines};

use crate::editor::list_unsent;

/// The lines that are to be shown.
#[derive(Default)]
pub(super) struct Showing {
    lines: Lines,
    /// Whether the user is leaving: what others say is not shown any more.
    is_closing: bool,
    /// How we were last turned away since a room last let us in, which is not said twice.
    refusal: Lines,
}

impl Showing {
    /// Bytes of lines that are to be shown.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn take_lines(&mut self) -> Lines {
        mem::take(&mut self.lines)
    }

    pub(super) fn begin_close(&mut self) {
        self.is_closing = true;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Adds a line of the program's own words.
    pub(super) fn push_notice(&mut self, text: &str) {
        self.lines.push_notice(text);
    }

    /// Adds lines of a connection.
    pub(super) fn push(&mut self, lines: &Lines) {
        if !self.is_closing {
            return self.lines.append(lines);
        }
        for shown in lines.iter() {
            if let Line::Own(text) = shown.line {
                self.lines.push_own(text);
            }
        }
    }

    /// Adds those of a room that turns us away. That it is full is said once, not for every
    /// attempt.
    pub(super) fn push_refusal(&mut self, lines: &Lines) {
        if !lines.is_empty() && self.refusal.as_bytes() != lines.as_bytes() {
            self.refusal.clone_from(lines);
            self.push(lines);
        }
    }

    /// A room has let us in.
    pub(super) fn let_in(&mut self) {
        self.refusal.clear();
    }

    /// Lists what was entered and is not going to be sent.
    pub(super) fn list_unsent<'t>(&mut self, lines: impl Iterator<Item = &'t str>) {
        list_unsent(&mut self.lines, lines, Lines::push_own);
    }
}
