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
    /// What telnet clients send: also a key at a time, and commands.
    Telnet,
    /// A browser's, or another program's that does not chat.
    Foreign,
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
    "\u{3164}".as_bytes(),
    "\u{2800}".as_bytes(),
    b"\x16",
];

/// Telnet's commands, whole and not.
const COMMANDS: &[&[u8]] = &[
    b"\xff\xfd\x06",
    b"\xff\xfd\x06",
    b"\xff\xfd\x06\xff\xfd\x06\xff\xfd\x06\xff\xfd\x06\xff\xfd\x06\xff\xfd\x06\xff\xfd\x06",
    b"\xff\xfd\x03",
    b"\xff\xfb\x18",
    b"\xff\xfb\x00",
    b"\xff\xfd\x0a",
    b"\xff\xfb\x0a",
    b"\xff\xfc\x01",
    b"\xff\xfe\x01",
    b"\xff\xf1",
    b"\xff\xed",
    b"\xff\xf5",
    b"\xff\xf3",
    b"\xed\xff\xf5",
    b"\xed\x95\xff\xf3",
    b"\xec\xff\xf4",
    b"\xff\xfa\x18\x00xterm\xff\xf0",
    b"\xff\xfa\xff\xff\xff\xff\xff\xf0",
    b"\xff\xff",
    b"\xff",
    b"\xff\xfd",
];

/// Keys with which a user leaves, or nearly.
const LEAVING: &[&[u8]] =
    &[b"\xff\xf4", b"\xff\xf4\xff\xfd\x06", b"\xff\xee", b"\xff\xec", b"\xff\xfa"];

/// How those begin that do not chat, and what is taken for them.
const OPENINGS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
    b"POST http://192.0.2.1/ HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n",
    b"WALK /dog HTTP/1.1\n",
    b"GET /a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z",
    b"GET / now",
    b"GET a life HTTP/9",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"SSH-less\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"\x16\x02",
    b" \n\xe2\x80\x8bPRI * HTTP/2.0\r\n",
];

impl Talk {
    pub(crate) fn any(choices: &mut impl Choices) -> Self {
        choices.one(&[
            Self::Framed,
            Self::Framed,
            Self::Terse,
            Self::Unframed,
            Self::Unframed,
            Self::Hostile,
            Self::Telnet,
            Self::Foreign,
        ])
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
                Self::Telnet if choices.once_in(2) => {
                    let leaves = choices.once_in(20);
                    bytes.extend_from_slice(choices.one(if leaves { LEAVING } else { COMMANDS }));
                }
                Self::Foreign => bytes.extend_from_slice(choices.one(OPENINGS)),
                _ => bytes.extend_from_slice(choices.one(WORDS).as_bytes()),
            }
            let ends = match self {
                Self::Framed => !choices.once_in(4),
                Self::Terse => true,
                Self::Unframed => choices.once_in(12),
                Self::Hostile => choices.once_in(4),
                Self::Telnet => choices.once_in(6),
                Self::Foreign => false,
            };
            if ends {
                bytes.extend_from_slice(choices.one(&[b"\n".as_slice(), b"\r\n", b"\r\0\n"]));
            } else if self == Self::Unframed && choices.once_in(4) {
                bytes.extend_from_slice(choices.one(&[b"\r".as_slice(), b"\r\0", b"\xed\x95"]));
            }
        }
        if choices.once_in(4) {
            bytes.truncate(choices.below(bytes.len() + 1));
        }
        bytes
    }
}
