//! A line to show, as a value.

use core::fmt;

use crate::notice::{
    Private, YOU, is_refusal, read_connected, read_entered, read_left, read_named,
    read_private_label, read_skipped,
};

/// A line among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The line itself.
    pub line: Line<'a>,
    /// Whether it was said before the user asked for what was: it stands between `> N earlier
    /// messages, …:` and `> That was earlier`. Only a client with a session tells.
    pub is_earlier: bool,
}

/// A line, without its newline. Its `Display` is the line as it is.
///
/// What a member says stands behind a label, and its name holds no space: nobody can forge any line
/// but a [`Line::Message`] of its own. Who is called nothing else is called by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `> Connected to the chat server (2 users online)`: what a newcomer gets first.
    Greeting {
        /// The whole line.
        text: &'a str,
        /// The users online.
        count: u64,
    },
    /// `> New user NAME entered (2 users online)`.
    Joined {
        /// Who did.
        from: &'a str,
        /// The users online since then.
        count: u64,
        /// The whole line.
        text: &'a str,
    },
    /// `< The user NAME left (2 users online)`.
    Left {
        /// Who did.
        from: &'a str,
        /// The users online since then.
        count: u64,
        /// The whole line.
        text: &'a str,
    },
    /// `> The user ADDRESS is now NAME`.
    Named {
        /// What the member was called.
        from: &'a str,
        /// What it is called from now on.
        name: &'a str,
        /// The whole line.
        text: &'a str,
    },
    /// `[NAME] text`: somebody else's message.
    Message {
        /// What stands in the brackets.
        from: &'a str,
        /// What stands behind the label.
        text: &'a str,
    },
    /// `[NAME -> you] text`: somebody's message to the user alone.
    Private {
        /// Who wrote it.
        from: &'a str,
        /// What stands behind the label.
        text: &'a str,
    },
    /// `[you -> NAME] text`: the user's own message to somebody alone.
    PrivateTo {
        /// Who gets it.
        to: &'a str,
        /// What stands behind the label.
        text: &'a str,
    },
    /// `[You] text`: the user's own message.
    Own(&'a str),
    /// `> 3 messages skipped: …`: this connection did not get them.
    Skipped {
        /// How many.
        count: u64,
        /// The whole line.
        text: &'a str,
    },
    /// `> …` and `< …`: the room says anything else.
    Notice(&'a str),
    /// The notice that the room has no place, or takes nobody: the server closes after it.
    Full(&'a str),
    /// Anything else, which only a server of another kind says.
    Other(&'a str),
}

impl<'a> Line<'a> {
    /// What a line of the server is: the wire carries text.
    pub(super) fn of_server(line: &'a str) -> Self {
        if line.starts_with("> ") || line.starts_with("< ") {
            return Self::of_notice(line);
        }
        match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((label, text)) => match read_private_label(label) {
                Some(Private::From(from)) => Self::Private { from, text },
                Some(Private::To(to)) => Self::PrivateTo { to, text },
                None => Self::Message { from: label, text },
            },
            None => Self::Other(line),
        }
    }

    /// What a line of the user's own is.
    pub(super) fn of_user(line: &'a str) -> Self {
        Self::Own(line.strip_prefix(YOU).unwrap_or(line))
    }

    fn of_notice(text: &'a str) -> Self {
        if is_refusal(text) {
            Self::Full(text)
        } else if let Some(count) = read_connected(text) {
            Self::Greeting { text, count }
        } else if let Some((from, count)) = read_entered(text) {
            Self::Joined { from, count, text }
        } else if let Some((from, count)) = read_left(text) {
            Self::Left { from, count, text }
        } else if let Some((from, name)) = read_named(text) {
            Self::Named { from, name, text }
        } else if let Some(count) = read_skipped(text) {
            Self::Skipped { count, text }
        } else {
            Self::Notice(text)
        }
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting { text, .. }
            | Self::Joined { text, .. }
            | Self::Left { text, .. }
            | Self::Named { text, .. }
            | Self::Skipped { text, .. }
            | Self::Notice(text)
            | Self::Full(text)
            | Self::Other(text) => f.write_str(text),
            Self::Message { from, text } => write!(f, "[{from}] {text}"),
            Self::Private { from, text } => write!(f, "[{}] {text}", Private::From(from)),
            Self::PrivateTo { to, text } => write!(f, "[{}] {text}", Private::To(to)),
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

    const ADDRESSES: [&str; 2] = ["192.0.2.1:45390", "[2001:db8::1]:45390"];

    /// Asserts what a line is, and that its parts give it back.
    #[track_caller]
    fn assert_is(text: &str, line: Line<'_>) {
        assert_eq!(Line::of_server(text), line);
        assert_eq!(line.to_string(), text);
    }

    #[test]
    fn what_a_room_says() {
        for count in [0, 1, 2, 1_204] {
            let users = usize::try_from(count).unwrap();
            let greeting = notice::connected(users);
            let text = greeting.trim_end();
            assert_is(text, Line::Greeting { text, count });
            for from in ["지민", "지민_2", ADDRESSES[0], ADDRESSES[1]] {
                let text = &notice::entered(from, users);
                assert_is(text, Line::Joined { from, count, text });
                let text = &notice::left(from, users);
                assert_is(text, Line::Left { from, count, text });
            }
            let skipped = notice::skipped(count);
            let text = skipped.trim_end();
            assert_is(text, Line::Skipped { count, text });
            let full = notice::full(users);
            assert_is(full.trim_end(), Line::Full(full.trim_end()));
        }
        assert_is("> The room is locked", Line::Full("> The room is locked"));
        let text = "> The user 192.0.2.1:45390 is now 지민";
        assert_is(text, Line::Named { from: ADDRESSES[0], name: "지민", text });
        for text in [
            &notice::lost(37, 12),
            "> Host locked the room",
            "> Host removed 지민 (New user a entered (1 user online))",
            "> Topic: > The room is locked",
            "> You are 지민 (192.0.2.1:45390)",
            "> The name 지민 is taken; 지민2 is free",
            "> 3 users online: 민수, 지민, 192.0.2.1:45392",
            "> 3 earlier messages, 14:02 to 14:05:",
            "> That was earlier",
        ] {
            assert_is(text, Line::Notice(text));
        }
    }

    #[test]
    fn what_members_say() {
        // Lines of the room, and labels.
        let texts = [
            "안녕] [You] 하세요?",
            "> Connected to the chat server (1 user online)",
            "> The room is locked",
            "[지민 -> you] 비밀",
            "> That was earlier",
            " -> you] 비밀",
            "",
        ];
        for text in texts {
            for from in ADDRESSES {
                let addr: SocketAddr = from.parse().unwrap();
                let line = format!("{}{text}", Label::of_address(addr).as_str());
                assert_is(&line, Line::Message { from, text });
            }
            for name in ["지민", "you", "a-b_1", ADDRESSES[0], ADDRESSES[1]] {
                assert_is(&format!("[{name}] {text}"), Line::Message { from: name, text });
                assert_is(&format!("[{name} -> you] {text}"), Line::Private { from: name, text });
            }
            for to in ["지민", "a-b_1", "Host", ADDRESSES[0], ADDRESSES[1]] {
                assert_is(&format!("[you -> {to}] {text}"), Line::PrivateTo { to, text });
            }
        }
    }

    /// A line that says anything but what a room would is at most a notice.
    #[test]
    fn what_no_room_says() {
        for text in [
            "> Connected to the chat server (1 users online)",
            "> Connected to the chat server (+1 user online)",
            "> Connected to the chat server (18446744073709551616 users online)",
            "> Connected to the chat server (1 user online) ",
            "> New user  entered (1 user online)",
            "> New user a b entered (1 user online)",
            "> New user a entered (1 user online",
            "< The user a entered (1 user online)",
            "< The user left (1 user online)",
            "> The user a is now ",
            "> The user a is now b c",
            "> The user a b is now c",
            "> 1 messages skipped: this connection reads too slowly",
            "> 1 message skipped: this connection reads too slowly.",
            "> The room is locked.",
            "> ",
        ] {
            assert_is(text, Line::Notice(text));
        }
        for text in ["", "[", "[] ", "[a]b", "안녕", ">", "<b>", "] ", "[a -> b] c", "[ -> you] c"]
        {
            assert_eq!(Line::of_server(text).to_string(), text);
            let is_private =
                matches!(Line::of_server(text), Line::Private { .. } | Line::PrivateTo { .. });
            assert!(!is_private, "{text}");
        }
    }
}
