//! What is shown of what a server says.

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
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Greeting {
    #[default]
    NotYet,
    Welcome,
    Full,
}

impl Display {
    /// Shows lines from the server, but for those that are empty.
    pub(super) fn show(&mut self, lines: &str) {
        if self.greeting == Greeting::NotYet || has_empty_line(lines) {
            lines.split('\n').filter(|line| !line.is_empty()).for_each(|line| self.show_line(line));
        } else if let Some(notes) = &mut self.notes {
            notes.push(lines, &mut self.lines);
        } else {
            self.lines.push_server(lines, false);
        }
    }

    fn show_line(&mut self, line: &str) {
        if self.greeting == Greeting::NotYet {
            let is_full = matches!(Line::of_server(line), Line::Full(_));
            self.greeting = if is_full { Greeting::Full } else { Greeting::Welcome };
            if let Some(notes) = &mut self.notes {
                // That was another room's.
                notes.is_earlier = false;
            }
        }
        match &mut self.notes {
            Some(notes) => notes.push(line, &mut self.lines),
            None => self.lines.push_server(line, false),
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
