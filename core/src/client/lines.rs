//! Lines to show: as text, and as values.

use alloc::vec::Vec;
use core::fmt;

use memchr::memchr;

use crate::notice::{FULL, YOU};

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
    User,
}

/// A line, without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `> …` and `< …`: the room says what happened. What a user says stands behind a label, so nobody
    /// can forge one.
    Notice(&'a str),
    /// The notice that the room has no place: the server closes after it.
    Full(&'a str),
    /// `[ADDRESS] text`: somebody else's message.
    Message {
        /// What stands in the brackets.
        from: &'a str,
        /// What stands behind the label.
        text: &'a str,
    },
    /// The user's own message, once it is sent.
    Own(&'a str),
    /// Anything else, which only a server of another kind says.
    Other(&'a str),
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
        self.push_server(notice);
    }

    /// Adds a line of the user's own, given without its newline.
    pub fn push_own(&mut self, line: &str) {
        self.push_own_line(line.as_bytes());
        self.text.push(b'\n');
        self.note(Source::User, 1);
    }

    /// The lines as values.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let mut at = 0;
        let runs = self.runs.iter().map(move |&(source, bytes)| {
            let run = &self.text[at..at + bytes];
            at += bytes;
            (source, run)
        });
        runs.flat_map(|(source, run)| {
            let text = |line| str::from_utf8(line).unwrap_or_else(|_| unreachable!("it is clean"));
            Split(run).map(text).map(move |line| Line::of(source, line))
        })
    }

    /// Adds lines of the server, with a newline between each two.
    pub(super) fn push_server(&mut self, lines: &str) {
        self.text.extend_from_slice(lines.as_bytes());
        self.text.push(b'\n');
        self.note(Source::Server, lines.len() + 1);
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

impl<'a> Line<'a> {
    fn of(source: Source, line: &'a str) -> Self {
        match source {
            Source::User => Self::Own(line.strip_prefix(YOU).unwrap_or(line)),
            Source::Server => Self::of_server(line),
        }
    }

    /// What a line of the server is: the wire carries text.
    pub(super) fn of_server(line: &'a str) -> Self {
        if line.starts_with(FULL) {
            return Self::Full(line);
        }
        if line.starts_with("> ") || line.starts_with("< ") {
            return Self::Notice(line);
        }
        match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((from, text)) => Self::Message { from, text },
            None => Self::Other(line),
        }
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notice(text) | Self::Full(text) | Self::Other(text) => f.write_str(text),
            Self::Message { from, text } => write!(f, "[{from}] {text}"),
            Self::Own(text) => write!(f, "{YOU}{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use core::net::SocketAddr;

    use crate::notice;
    use crate::room::Label;

    fn lines(text: &str) -> Lines {
        let mut lines = Lines::default();
        lines.push_server(text);
        lines
    }

    #[test]
    fn what_a_room_says() {
        for notice in [
            notice::connected(1),
            notice::entered("192.0.2.1:45390", 2),
            notice::left("192.0.2.1:45390", 1),
            notice::lost(37, 12),
            notice::skipped(12),
        ] {
            let line = notice.trim_end();
            assert_eq!(Line::of_server(line), Line::Notice(line));
        }
        let full = notice::full(2);
        assert_eq!(Line::of_server(full.trim_end()), Line::Full(full.trim_end()));
        for address in ["192.0.2.1:45390", "[::1]:3333"] {
            let addr: SocketAddr = address.parse().unwrap();
            let text = "> 안녕] [You] 하세요?";
            assert_eq!(
                Line::of_server(&format!("{}{text}", Label::of_address(addr).as_str())),
                Line::Message { from: address, text }
            );
        }
    }

    #[test]
    fn an_own_line_is_known_and_not_recognized() {
        let mut lines = lines("[You] 가짜\n[a] 안녕");
        lines.push_own("> 진짜");
        lines.push_own("");
        let values: Vec<Line<'_>> = lines.iter().collect();
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
    fn what_other_servers_say() {
        for line in ["", "[", "[] ", "[a]b", "안녕", ">", "<b>", "] "] {
            assert_eq!(Line::of_server(line).to_string(), line);
        }
    }
}
