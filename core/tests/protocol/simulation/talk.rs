//! What members say.

use super::choices::Choices;

/// How a member talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Talk {
    /// Lines of text.
    Framed,
    /// Lines of a character each, by which the log grows the most.
    Terse,
    /// Text without newlines: silences end its messages.
    Unframed,
    /// Anything at all.
    Hostile,
}

const WORDS: &[&str] = &[
    "안녕하세요",
    "네",
    "ㅋㅋㅋ",
    "hello",
    "a",
    "the quick brown fox",
    "다람쥐 헌 쳇바퀴",
    "👩‍🚀",
    "é",
    "e\u{301}",
    "\u{1112}\u{1161}\u{11ab}",
    "“…”",
    "\t",
    " ",
    "1234567890",
    "> 3 messages skipped",
    "[10.0.0.1:1] ",
];

/// What could command a terminal, forge a line, or break what takes it apart.
const ATTACKS: &[&[u8]] = &[
    b"\x1b]0;title\x07",
    b"\x1b[2J\x1b[H",
    b"\x1b]52;c;cm0gLXJm\x07",
    b"\x1b[201~",
    b"\x9b31m",
    b"\xc2\x9b31m",
    b"\xc2\x85",
    b"\r> The user left",
    b"\n> Connected to the chat server (99 users online)\n",
    b"\x00",
    b"\x7f",
    b"\x08\x08\x08",
    "\u{202e}".as_bytes(),
    "\u{2066}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{2029}".as_bytes(),
    "\u{61c}".as_bytes(),
    "\u{200f}".as_bytes(),
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xe2\x80",
    b"\xed",
    b"\xc0\x80",
    b"\r\n",
    b"\r",
    b"\r\r\n",
    b"\n\n",
    "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".as_bytes(),
    "\u{200d}".as_bytes(),
    "\u{feff}".as_bytes(),
    b"\x0b\x0c\x1c\x1d",
];

impl Talk {
    pub(crate) fn any(choices: &mut impl Choices) -> Self {
        choices.one(&[Self::Framed, Self::Framed, Self::Terse, Self::Unframed, Self::Hostile])
    }

    /// Something to say, in a piece as it may come from a socket.
    pub(crate) fn bytes(self, choices: &mut impl Choices) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..=choices.one(&[0, 1, 3, 20]) {
            match self {
                Self::Terse => bytes.extend_from_slice(choices.one(&[b"a", b"\x01"])),
                Self::Hostile if !choices.once_in(3) => {
                    bytes.extend_from_slice(choices.one(ATTACKS));
                }
                _ => bytes.extend_from_slice(choices.one(WORDS).as_bytes()),
            }
            let ends = match self {
                Self::Framed => !choices.once_in(4),
                Self::Terse => true,
                Self::Unframed => choices.once_in(12),
                Self::Hostile => choices.once_in(4),
            };
            if ends {
                bytes.extend_from_slice(choices.one(&[b"\n".as_slice(), b"\r\n"]));
            }
        }
        if choices.once_in(4) {
            bytes.truncate(choices.below(bytes.len() + 1));
        }
        bytes
    }
}
