//! What is shown of what a server says.

use alloc::string::String;

use memchr::memmem;

use super::line::Line;
use super::lines::Lines;
use super::notes::Notes;

/// Clean lines to show, and what the first of them was.
#[derive(Default)]
pub(super) struct Display {
    pub(super) lines: Lines,
    pub(super) greeting: Greeting,
    /// What the client heeds itself of what it shows, if it has a session or may get one.
    pub(super) notes: Option<Notes>,
    /// Lines, with a newline after each, of which it is not known whether they are to be shown.
    held: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Greeting {
    #[default]
    NotYet,
    Welcome,
    Full,
}

impl Display {
    /// Shows lines from the server, with a newline between each two, but for those that are empty.
    pub(super) fn show(&mut self, lines: &str) {
        if self.greeting == Greeting::NotYet {
            self.greet(lines);
        }
        if let Some(held) = &mut self.held {
            held.push_str(lines);
            held.push('\n');
        } else if has_empty_line(lines) {
            lines.split('\n').filter(|line| !line.is_empty()).for_each(|line| self.push(line));
        } else {
            self.push(lines);
        }
    }

    /// Holds back what comes, until it is known whether it is to be shown.
    pub(super) fn hold(&mut self) {
        self.held = Some(String::new());
    }

    /// The bytes that are held back.
    pub(super) fn held_len(&self) -> usize {
        self.held.as_ref().map_or(0, String::len)
    }

    /// What was held back is to be shown, and so is what comes.
    pub(super) fn release(&mut self) {
        let held = self.held.take().unwrap_or_default();
        held.split_terminator('\n')
            .filter(|line| !line.is_empty())
            .for_each(|line| self.push(line));
    }

    /// What was held back comes again; what comes is to be shown.
    pub(super) fn forget_held(&mut self) {
        self.held = None;
    }

    /// The first line that is not empty is the room's answer.
    fn greet(&mut self, lines: &str) {
        let Some(first) = lines.split('\n').find(|line| !line.is_empty()) else { return };
        if matches!(Line::of_server(first), Line::Full(_)) {
            self.greeting = Greeting::Full;
            self.release();
        } else {
            self.greeting = Greeting::Welcome;
        }
    }

    /// Adds lines, none of which is empty.
    fn push(&mut self, lines: &str) {
        match &mut self.notes {
            Some(notes) => notes.push(lines, &mut self.lines),
            None => self.lines.push_server(lines, false),
        }
    }
}

/// Whether one of `lines`, which have newlines between them, is empty.
fn has_empty_line(lines: &str) -> bool {
    let bytes = lines.as_bytes();
    bytes.first().is_none_or(|&first| first == b'\n')
        || bytes.last() == Some(&b'\n')
        || memmem::find(bytes, b"\n\n").is_some()
}
