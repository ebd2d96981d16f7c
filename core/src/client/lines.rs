//! Lines to show: as text, and as values.

use alloc::vec::Vec;
use core::fmt;

use memchr::memchr;

use super::line::{Line, Shown};
use crate::notice::{YOU, begins_earlier, ends_earlier};

/// Lines to show, in order, of which it is known whose they are.
///
/// [`Lines::iter`] gives each as a value; the text of all of them is there as it is, for whoever shows
/// nothing but that.
#[derive(Clone, Default)]
pub struct Lines {
    /// Lines of text, each with its newline.
    text: Vec<u8>,
    /// Whose they are, as runs of so many bytes.
    runs: Vec<(Source, usize)>,
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Server,
    /// Of the server, from before the user asked for it.
    Earlier,
    User,
}

impl Lines {
    /// No lines yet, with the memory of a text that is not needed any more.
    #[must_use]
    pub fn with_memory(mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self { text: memory, runs: Vec::new() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The bytes of their text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Their text: lines as the plain client shows them, each with its newline. It is UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Their text, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.text
    }

    /// Forgets them, and keeps their memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.runs.clear();
    }

    /// Adds all lines of another.
    pub fn append(&mut self, other: &Self) {
        self.text.extend_from_slice(&other.text);
        other.runs.iter().for_each(|&(source, bytes)| self.note(source, bytes));
    }

    /// Adds a line of a program's own words, such as what became of the connection.
    pub fn push_notice(&mut self, notice: &str) {
        self.push_server(notice, false);
    }

    /// Adds a line that a room says. `is_earlier` is whether it stands between `> N earlier messages,
    /// …:` and `> That was earlier`, as far as the lines before it tell; then, whether the next one
    /// does.
    pub fn push_said(&mut self, line: &str, is_earlier: &mut bool) {
        *is_earlier &= !ends_earlier(line);
        self.push_server(line, *is_earlier);
        *is_earlier |= begins_earlier(line);
    }

    /// Adds a line of the user's own, given without its newline.
    pub fn push_own(&mut self, line: &str) {
        self.push_own_line(line.as_bytes());
        self.text.push(b'\n');
        self.note(Source::User, 1);
    }

    /// The lines as values.
    pub fn iter(&self) -> impl Iterator<Item = Shown<'_>> {
        let mut at = 0;
        let runs = self.runs.iter().map(move |&(source, bytes)| {
            let run = &self.text[at..at + bytes];
            at += bytes;
            (source, run)
        });
        runs.flat_map(|(source, run)| {
            let text = |line| str::from_utf8(line).unwrap_or_else(|_| unreachable!("it is clean"));
            Split(run).map(text).map(move |line| shown(source, line))
        })
    }

    /// Adds lines of the server, with a newline between each two.
    pub(super) fn push_server(&mut self, lines: &str, are_earlier: bool) {
        self.text.extend_from_slice(lines.as_bytes());
        self.text.push(b'\n');
        let source = if are_earlier { Source::Earlier } else { Source::Server };
        self.note(source, lines.len() + 1);
    }

    /// Adds a line of the user's own, with its newline if it has one.
    pub(super) fn push_own_line(&mut self, line: &[u8]) {
        self.text.extend_from_slice(YOU.as_bytes());
        self.text.extend_from_slice(line);
        self.note(Source::User, YOU.len() + line.len());
    }

    fn note(&mut self, source: Source, bytes: usize) {
        match self.runs.last_mut() {
            Some((last, length)) if *last == source => *length += bytes,
            _ => self.runs.push((source, bytes)),
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn shown(source: Source, line: &str) -> Shown<'_> {
    let is_earlier = source == Source::Earlier;
    let line = if source == Source::User { Line::of_user(line) } else { Line::of_server(line) };
    Shown { line, is_earlier }
}

/// Lines that each have a newline, without it.
struct Split<'a>(&'a [u8]);

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let end = memchr(b'\n', self.0)?;
        let (line, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn an_own_line_is_known_and_not_recognized() {
        let mut lines = Lines::default();
        lines.push_server("[You] 가짜\n[a] 안녕", false);
        lines.push_own("> 진짜");
        lines.push_own("");
        let values: Vec<Line<'_>> = lines.iter().map(|shown| shown.line).collect();
        assert_eq!(
            values,
            [
                Line::Message { from: "You", text: "가짜" },
                Line::Message { from: "a", text: "안녕" },
                Line::Own("> 진짜"),
                Line::Own(""),
            ]
        );
        let text: Vec<_> = values.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(text.concat().as_bytes(), lines.as_bytes());
    }

    #[test]
    fn what_is_earlier_is_marked() {
        let mut lines = Lines::default();
        lines.push_server("> 2 earlier messages, 14:02 to 14:05:", false);
        lines.push_server("[a] 하나\n[b] 둘", true);
        lines.push_server("> That was earlier", false);
        let mut all = Lines::default();
        all.append(&lines);
        let are_earlier: Vec<bool> = all.iter().map(|shown| shown.is_earlier).collect();
        assert_eq!(are_earlier, [false, true, true, false]);
    }

    #[test]
    fn what_is_said_tells_what_is_earlier() {
        let mut lines = Lines::default();
        let mut is_earlier = false;
        for line in [
            "[a] > 2 earlier messages, 14:02 to 14:05:",
            "> 2 earlier messages, 14:02 to 14:05:",
            "[a] > That was earlier",
            "< The user b left (1 user online)",
            "> That was earlier",
            "[a] 하나",
        ] {
            lines.push_said(line, &mut is_earlier);
        }
        let are_earlier: Vec<bool> = lines.iter().map(|shown| shown.is_earlier).collect();
        assert_eq!(are_earlier, [false, false, true, true, false, false]);
    }
}
