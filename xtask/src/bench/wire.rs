//! The protocols of the servers that are measured.

use super::frames;

/// A server that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Chat,
    /// Another build of it.
    Other,
    /// Ours, with members that come by WebSockets, as pages in browsers do.
    Web,
    /// Our own loop that does only what is indispensable: the practical limit.
    Bare,
    Redis,
    Nats,
    Ncat,
}

impl Kind {
    /// Those that are compared with each other.
    pub(crate) const ALL: [Self; 6] =
        [Self::Chat, Self::Other, Self::Bare, Self::Redis, Self::Nats, Self::Ncat];

    /// The two ways into a room of ours.
    pub(crate) const DOORS: [Self; 2] = [Self::Chat, Self::Web];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Other => "other chat",
            Self::Web => "in browsers",
            Self::Bare => "bare loop",
            Self::Redis => "redis",
            Self::Nats => "nats",
            Self::Ncat => "ncat",
        }
    }

    /// Returns what a member sends first.
    pub(crate) fn hello(self) -> &'static [u8] {
        match self {
            Self::Redis => b"SUBSCRIBE room\r\n",
            Self::Nats => {
                b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n\
                  SUB room 1\r\nPING\r\n"
            }
            Self::Web => {
                b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
                  Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            }
            _ => b"",
        }
    }

    /// Returns a part of the answer to [`Self::hello`] that occurs nowhere before it.
    pub(crate) fn welcome(self) -> &'static [u8] {
        match self {
            Self::Chat | Self::Other | Self::Web | Self::Bare => b"> Connected",
            Self::Redis => b":1\r\n",
            Self::Nats => b"PONG",
            Self::Ncat => b"<announce>",
        }
    }

    /// Returns whether a server does something for a member before it is one.
    pub(crate) fn shakes_hands(self) -> bool {
        self == Self::Web
    }

    /// Returns whether members may talk. Otherwise talkers are connections of their own.
    pub(crate) fn members_talk(self) -> bool {
        self != Self::Redis
    }

    /// Returns whether members are told of joins.
    pub(crate) fn tells_of_joins(self) -> bool {
        matches!(self, Self::Chat | Self::Other | Self::Web | Self::Bare)
    }

    /// Appends a message in the form in which a talker sends it.
    pub(crate) fn push(self, text: &[u8], out: &mut Vec<u8>) {
        let (before, after): (&[u8], &[u8]) = match self {
            Self::Chat | Self::Other | Self::Bare | Self::Ncat => (b"", b"\n"),
            Self::Redis => (b"PUBLISH room ", b"\r\n"),
            Self::Nats => (b"PUB room 63\r\n", b"\r\n"),
            Self::Web => return frames::push(text, out),
        };
        out.extend_from_slice(before);
        out.extend_from_slice(text);
        out.extend_from_slice(after);
    }
}

/// Begins a message and occurs nowhere else.
const MARK: u8 = b'#';

/// Length of a message's text in bytes; 64 with its newline.
const LENGTH: usize = 63;

// Ends of its fields, all of digits: the talker, the message's number, the time in microseconds.
const TALKER: usize = 6;
const NUMBER: usize = 16;
const TIME: usize = 28;

/// The fields of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) talker: usize,
    pub(crate) number: u64,
    pub(crate) micros: u64,
}

impl Message {
    pub(crate) fn text(self) -> [u8; LENGTH] {
        let mut text = [b'.'; LENGTH];
        text[0] = MARK;
        digits(self.talker as u64, &mut text[1..TALKER]);
        digits(self.number, &mut text[TALKER..NUMBER]);
        digits(self.micros, &mut text[NUMBER..TIME]);
        text
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let number =
            |from: usize, to: usize| std::str::from_utf8(text.get(from..to)?).ok()?.parse().ok();
        Some(Self {
            talker: usize::try_from(number(1, TALKER)?).ok()?,
            number: number(TALKER, NUMBER)?,
            micros: number(NUMBER, TIME)?,
        })
    }
}

fn digits(mut value: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Returns how many messages begin in `bytes`.
pub(crate) fn count(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(MARK, bytes).count() as u64
}

/// Returns the last message whose fields are complete.
pub(crate) fn last(bytes: &[u8]) -> Option<Message> {
    let end = bytes.len().checked_sub(TIME - 1)?;
    Message::parse(&bytes[memchr::memrchr(MARK, &bytes[..end])?..])
}

/// Returns all messages whose fields are complete.
pub(crate) fn all(bytes: &[u8]) -> impl Iterator<Item = Message> {
    memchr::memchr_iter(MARK, bytes).filter_map(|at| Message::parse(&bytes[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message = Message { talker: 999, number: 1_234_567_890, micros: 86_400_000_000 };

    #[test]
    fn a_message_is_parsed_as_it_was_written() {
        let later = Message { number: MESSAGE.number + 1, ..MESSAGE };
        for kind in Kind::ALL {
            let mut sent = Vec::new();
            kind.push(&MESSAGE.text(), &mut sent);
            kind.push(&later.text(), &mut sent);
            assert_eq!(count(&sent), 2);
            assert_eq!(all(&sent).collect::<Vec<_>>(), [MESSAGE, later]);
            assert_eq!(last(&sent), Some(later));
        }
    }

    #[test]
    fn a_message_that_is_cut_off_counts_but_is_not_parsed() {
        let mut sent = Vec::new();
        Kind::Chat.push(&MESSAGE.text(), &mut sent);
        sent.extend_from_slice(&MESSAGE.text()[..TIME - 1]);
        assert_eq!(count(&sent), 2);
        assert_eq!(last(&sent), Some(MESSAGE));
        assert_eq!(last(&sent[..TIME - 1]), None);
        assert_eq!(last(b""), None);
    }
}
