//! A line of a room taken apart, for a program that shows its parts in different ways.

use crate::notice::{FULL, YOU};

/// A line as [`Client::display`](crate::Client::display) lends it, without its newline.
///
/// Nobody can forge a notice: what a user says stands behind a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `> …` and `< …`: the room says what happened.
    Notice(&'a str),
    /// The notice that the room has no place: the server closes after it.
    Full(&'a str),
    /// `[ADDRESS] text`: somebody else's message.
    Message {
        /// The address in the brackets.
        from: &'a str,
        /// What stands behind the label.
        text: &'a str,
    },
    /// `[You] text`: the user's own message, given without the label.
    Own(&'a str),
    /// Anything else, which only a server of another kind says.
    Other(&'a str),
}

impl<'a> Line<'a> {
    /// Takes a line apart.
    #[must_use]
    pub fn parse(line: &'a str) -> Self {
        if line.starts_with(FULL) {
            return Self::Full(line);
        }
        if line.starts_with("> ") || line.starts_with("< ") {
            return Self::Notice(line);
        }
        if let Some(text) = line.strip_prefix(YOU) {
            return Self::Own(text);
        }
        match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((from, text)) => Self::Message { from, text },
            None => Self::Other(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice;
    use alloc::format;
    use core::net::SocketAddr;

    #[test]
    fn what_a_room_says() {
        let addr: SocketAddr = ([192, 0, 2, 1], 45390).into();
        for notice in [
            notice::connected(1),
            notice::entered("192.0.2.1:45390", 2),
            notice::left("192.0.2.1:45390", 1),
            notice::skipped(12),
        ] {
            let line = notice.trim_end();
            assert_eq!(Line::parse(line), Line::Notice(line));
        }
        let full = notice::full(2);
        assert_eq!(Line::parse(full.trim_end()), Line::Full(full.trim_end()));
        assert_eq!(
            Line::parse(&format!("{}> 안녕] [You] 하세요?", notice::label(addr))),
            Line::Message { from: "192.0.2.1:45390", text: "> 안녕] [You] 하세요?" }
        );
        let addr: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 1], 3333).into();
        assert_eq!(
            Line::parse(&format!("{}안녕", notice::label(addr))),
            Line::Message { from: "[::1]:3333", text: "안녕" }
        );
        assert_eq!(Line::parse("[You] > 안녕"), Line::Own("> 안녕"));
        assert_eq!(Line::parse("[You] "), Line::Own(""));
    }

    #[test]
    fn what_other_servers_say() {
        for line in ["", "[", "[] ", "[a]b", "안녕", ">", "<b>", "] "] {
            match Line::parse(line) {
                Line::Other(text) => assert_eq!(text, line),
                Line::Message { from, text } => assert_eq!(format!("[{from}] {text}"), line),
                other => panic!("{other:?}"),
            }
        }
    }
}
