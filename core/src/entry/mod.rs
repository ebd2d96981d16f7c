//! Entries: what happens in a room, as values, and their codec.
//!
//! A server's front proposes entries, an order decides their sequence, and committing them in that
//! sequence is all that ever changes a room. An entry carries what it takes to apply it: the same
//! entries give the same log on every machine.
//!
//! | module | noun |
//! |---|---|
//! | `codec` | entries as bytes |
//! | `bytes` | numbers and texts as bytes |
//!
//! # Encoding
//!
//! Numbers are LEB128 (seven bits a byte, the least significant first, the eighth bit set in all but
//! the last); a text is its length in bytes as a number, and its UTF-8.
//!
//! | field | |
//! |---|---|
//! | node, number | the [`Stamp`] |
//! | kind | a byte, as below; 0x80 more if the next field is there |
//! | heard | a number: twice the bytes of its member's input, from the beginning of its session on, that are dealt with by this entry and those before it; one more if the next byte belongs to a message of which a piece was said |
//!
//! | kind | its fields |
//! |---|---|
//! | 1 joined, 3 left, 7 away | the member's number, its name |
//! | 2 said | the member's number, its label, the text |
//! | 4 lost | the node |
//! | 5 named | the member's number, what it was called, its name |
//! | 6 whispered | the member's number, its name; the receiver's node, number, name; the text |
//! | 8 forgotten | the member's node, number, name |
//! | 9 removed | the member's node, number, name; the reason |
//! | 10 muted, 11 unmuted | the member's node, number, name |
//! | 12 topic | the text |
//! | 13 rule | a byte: 1 hush, 2 lock, 3 private; a byte: 0 off, 1 on |
//! | 14 session | the member's number; its key in two numbers, the higher half first |
//! | 15 moved | the number of a connection; a key in two numbers, the higher half first; how many lines are got |
//! | 16 told | the member's number, a text of whole lines |
//! | 17 recalled | the member's number; the number of the first line, how many they are |
//! | 18 got | the member's number, how many lines |
//! | 20 hosted | a byte: 0 no, 1 yes |
//! | 21 heard | the member's number |
//! | 22 apart | |
//! | 23 unread | the node and number of who wrote, the name of whom it wrote to |
//!
//! The number 0 is the host's of a server.
//!
//! An encoded entry has no end of its own: whoever carries it says how long it is.

mod bytes;
mod codec;

pub(crate) use bytes::{Rest, push_number, push_text};

use core::fmt;

use crate::id::NodeId;

/// Who proposed an entry, and its number among all that it proposed, from 1 on.
///
/// An entry is committed once, however often its order gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The server that proposed it; a member in it is that server's.
    pub node: NodeId,
    /// One more than that of the server's entry before it.
    pub number: u64,
}

/// What happens in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    /// A member has joined.
    Joined { member: u64, name: &'a str },
    /// A member has said `text`; `label` is what stands before it.
    Said { member: u64, label: &'a str, text: &'a str },
    /// A member has left.
    Left { member: u64, name: &'a str },
    /// A member has left, and may come back under its name.
    Away { member: u64, name: &'a str },
    /// A member that was away does not come back.
    Forgotten { who: Person<'a> },
    /// A member wants to be called `name`, and was called `from`.
    Named { member: u64, from: &'a str, name: &'a str },
    /// A member has said `text` to one other.
    Whispered { member: u64, from: &'a str, to: Person<'a>, text: &'a str },
    /// The host has removed a member.
    Removed { who: Person<'a>, reason: &'a str },
    /// What a member says is not said, or it is again.
    Muted { who: Person<'a>, is_muted: bool },
    /// What newcomers are told.
    Topic { text: &'a str },
    /// The host has changed a rule.
    Ruled { rule: Rule, is_on: bool },
    /// A server is gone, and all its members with it: nothing that it proposes counts any more.
    Lost { node: NodeId },
    /// A member may come back, on any server, with this key. Its lines are counted from here on.
    Session { member: u64, key: [u64; 2] },
    /// A connection of this server, `member`, goes on as whoever has this key, and has got so many lines of
    /// that one's.
    Moved { member: u64, key: [u64; 2], lines: u64 },
    /// An answer to a member that may come back.
    Told { member: u64, text: &'a str },
    /// A member that may come back gets lines of the log once more.
    Recalled { member: u64, first: u64, count: u64 },
    /// A member that may come back has got so many of its lines for sure.
    Got { member: u64, lines: u64 },
    /// A server has a host, or has none any more.
    Hosted { is_hosted: bool },
    /// What somebody wrote to one alone was not taken: `who` is called as that one.
    Unread { who: Person<'a> },
    /// More of a member's input is dealt with, and it came to nothing else.
    Heard { member: u64 },
    /// A server has read another log than this one: what its members that may come back have counted there
    /// counts nothing here.
    Apart,
}

/// Somebody on any server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person<'a> {
    pub(crate) node: NodeId,
    /// Its number, or [`HOST`].
    pub(crate) member: u64,
    pub(crate) name: &'a str,
}

/// The number of a server's host: no member has it.
pub(crate) const HOST: u64 = 0;

/// What a host can rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Only the host speaks.
    Hush = 1,
    /// Newcomers are not let in.
    Lock = 2,
    /// Members may write to each other.
    Private = 3,
}

/// How much of the input of a member with a session is dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Heard {
    /// From the beginning of its session on.
    pub(crate) bytes: u64,
    /// Whether the next byte belongs to a message of which a piece was said.
    pub(crate) is_inside: bool,
}

impl Heard {
    pub(crate) fn from_number(number: u64) -> Self {
        Self { bytes: number >> 1, is_inside: number & 1 == 1 }
    }

    /// Both in one number. More than 2^63 bytes nobody says.
    pub(crate) fn number(self) -> u64 {
        self.bytes << 1 | u64::from(self.is_inside)
    }
}

/// An entry with its stamp, as an order carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamped<'a> {
    stamp: Stamp,
    entry: Entry<'a>,
    heard: Option<Heard>,
}

/// Why bytes are no entry, or no snapshot of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They end too soon, go on after its end, or hold what no server says.
    Malformed,
    /// They may be an entry of a later release.
    UnknownKind(u8),
    /// They may be a snapshot of a later release.
    UnknownVersion(u8),
}

impl<'a> Entry<'a> {
    /// The member of the stamp's server that it is of, or [`HOST`]; `None` if it is of nobody there.
    pub(crate) fn author(&self) -> Option<u64> {
        match *self {
            Self::Joined { member, .. }
            | Self::Said { member, .. }
            | Self::Left { member, .. }
            | Self::Away { member, .. }
            | Self::Named { member, .. }
            | Self::Whispered { member, .. }
            | Self::Session { member, .. }
            | Self::Moved { member, .. }
            | Self::Told { member, .. }
            | Self::Recalled { member, .. }
            | Self::Got { member, .. }
            | Self::Heard { member } => Some(member),
            Self::Forgotten { .. }
            | Self::Removed { .. }
            | Self::Muted { .. }
            | Self::Unread { .. }
            | Self::Topic { .. }
            | Self::Ruled { .. }
            | Self::Lost { .. }
            | Self::Hosted { .. }
            | Self::Apart => None,
        }
    }

    /// The same for another log, in which lines that were counted in this one have other numbers: of nobody
    /// it says any more how many it has got.
    fn in_another_log(self) -> Self {
        match self {
            Self::Got { member, .. } => Self::Got { member, lines: 0 },
            Self::Moved { member, key, .. } => Self::Moved { member, key, lines: 0 },
            other => other,
        }
    }
}

impl<'a> Stamped<'a> {
    pub(crate) fn new(stamp: Stamp, entry: Entry<'a>) -> Self {
        Self { stamp, entry, heard: None }
    }

    /// So much of its member's input is dealt with once it is committed.
    pub(crate) fn with_heard(self, heard: Option<Heard>) -> Self {
        let is_members = self.entry.author().is_some_and(|member| member != HOST);
        debug_assert!(heard.is_none() || is_members, "nobody has said that");
        Self { heard, ..self }
    }

    /// That the server `node` is gone: for whoever has found that out.
    #[must_use]
    pub fn lost(stamp: Stamp, node: NodeId) -> Self {
        Self::new(stamp, Entry::Lost { node })
    }

    /// That its server has read another log.
    pub(crate) fn apart(stamp: Stamp) -> Self {
        Self::new(stamp, Entry::Apart)
    }

    /// The same, said again in another log.
    pub(crate) fn in_another_log(self) -> Self {
        Self { entry: self.entry.in_another_log(), ..self }
    }

    /// The node that it says is lost, if it says so.
    pub(crate) fn loss(&self) -> Option<NodeId> {
        match self.entry {
            Entry::Lost { node } => Some(node),
            _ => None,
        }
    }

    /// Who proposed it, and its number.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Whether somebody says something with it.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self.entry, Entry::Said { .. } | Entry::Whispered { .. })
    }

    pub(crate) fn entry(&self) -> &Entry<'a> {
        &self.entry
    }

    /// How much of its member's input is dealt with once it is committed, if it says so.
    pub(crate) fn heard(&self) -> Option<Heard> {
        self.heard
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not what a server says"),
            Self::UnknownKind(kind) => write!(f, "an entry of the unknown kind {kind}"),
            Self::UnknownVersion(version) => {
                write!(f, "a snapshot of the unknown version {version}")
            }
        }
    }
}

impl core::error::Error for DecodeError {}
