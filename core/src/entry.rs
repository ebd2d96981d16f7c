//! Entries: what happens in a room, as values, and their codec.
//!
//! A server's front proposes entries, an order decides their sequence, and committing them in that
//! sequence is all that ever changes a room. An entry carries what it takes to apply it: the same
//! entries give the same log on every machine.
//!
//! # Encoding
//!
//! Numbers are LEB128 (seven bits a byte, the least significant first, the eighth bit set in all but
//! the last); a text is its length in bytes as a number, and its UTF-8.
//!
//! | field | |
//! |---|---|
//! | node, number | the [`Stamp`] |
//! | kind | a byte: 1 joined, 2 said, 3 left, 4 lost, 5 named, 6 whispered, 7 away, 8 forgotten, 9 removed, 10 muted, 11 unmuted, 12 topic, 13 rule |
//! | joined, left, away, forgotten | the member's number, its name |
//! | said | the member's number, its label, the text |
//! | lost | the node |
//! | named | the member's number, what it was called, its name |
//! | whispered | the member's number, its name; the receiver's node, number, name; the text |
//! | removed | the member's node, number, name; the reason |
//! | muted, unmuted | the member's node, number, name |
//! | topic | the text |
//! | rule | a byte: 1 hush, 2 lock, 3 private; a byte: 0 off, 1 on |
//!
//! The number 0 is the host's of a server.
//!
//! An encoded entry has no end of its own: whoever carries it says how long it is.

use alloc::vec::Vec;
use core::fmt;

use crate::id::NodeId;
use crate::limits::{MAX_LABEL, MAX_LINE, MAX_REMARK};
use crate::wire::is_clean;

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
    Forgotten { member: u64, name: &'a str },
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

/// An entry with its stamp, as an order carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamped<'a> {
    stamp: Stamp,
    entry: Entry<'a>,
}

/// Why bytes are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They end too soon, go on after its end, or hold what no server says.
    Malformed,
    /// They may be one of a later release.
    UnknownKind(u8),
}

const JOINED: u8 = 1;
const SAID: u8 = 2;
const LEFT: u8 = 3;
const LOST: u8 = 4;
const NAMED: u8 = 5;
const WHISPERED: u8 = 6;
const AWAY: u8 = 7;
const FORGOTTEN: u8 = 8;
const REMOVED: u8 = 9;
const MUTED: u8 = 10;
const UNMUTED: u8 = 11;
const TOPIC: u8 = 12;
const RULED: u8 = 13;

impl<'a> Stamped<'a> {
    pub(crate) fn new(stamp: Stamp, entry: Entry<'a>) -> Self {
        Self { stamp, entry }
    }

    /// That the server `node` is gone: for whoever has found that out.
    #[must_use]
    pub fn lost(stamp: Stamp, node: NodeId) -> Self {
        Self { stamp, entry: Entry::Lost { node } }
    }

    /// Who proposed it, and its number.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    pub(crate) fn entry(&self) -> &Entry<'a> {
        &self.entry
    }

    /// Appends its encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        push_number(self.stamp.node.0, out);
        push_number(self.stamp.number, out);
        match self.entry {
            Entry::Joined { member, name } => push_entry(JOINED, member, &[name], out),
            Entry::Said { member, label, text } => push_entry(SAID, member, &[label, text], out),
            Entry::Left { member, name } => push_entry(LEFT, member, &[name], out),
            Entry::Lost { node } => push_entry(LOST, node.0, &[], out),
            Entry::Named { member, from, name } => push_entry(NAMED, member, &[from, name], out),
            Entry::Away { member, name } => push_entry(AWAY, member, &[name], out),
            Entry::Forgotten { member, name } => push_entry(FORGOTTEN, member, &[name], out),
            Entry::Whispered { member, from, to, text } => {
                push_entry(WHISPERED, member, &[from], out);
                push_person(to, out);
                push_text(text, out);
            }
            Entry::Removed { who, reason } => {
                out.push(REMOVED);
                push_person(who, out);
                push_text(reason, out);
            }
            Entry::Muted { who, is_muted } => {
                out.push(if is_muted { MUTED } else { UNMUTED });
                push_person(who, out);
            }
            Entry::Topic { text } => {
                out.push(TOPIC);
                push_text(text, out);
            }
            Entry::Ruled { rule, is_on } => out.extend([RULED, rule as u8, is_on.into()]),
        }
    }

    /// Decodes what [`Stamped::encode`] wrote, and nothing else.
    ///
    /// # Errors
    ///
    /// The bytes are no entry, or none that this release knows.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut rest = Rest(bytes);
        let node = NodeId(rest.number()?);
        let stamp = Stamp { node, number: rest.number()? };
        let kind = rest.byte()?;
        let entry = match kind {
            JOINED => Entry::Joined { member: rest.number()?, name: rest.name()? },
            SAID => {
                let (member, label) = (rest.number()?, rest.label()?);
                Entry::Said { member, label, text: rest.text(MAX_LINE)? }
            }
            LEFT => Entry::Left { member: rest.number()?, name: rest.name()? },
            LOST => Entry::Lost { node: NodeId(rest.number()?) },
            NAMED => {
                Entry::Named { member: rest.number()?, from: rest.name()?, name: rest.name()? }
            }
            AWAY => Entry::Away { member: rest.number()?, name: rest.name()? },
            FORGOTTEN => Entry::Forgotten { member: rest.number()?, name: rest.name()? },
            WHISPERED => {
                let (member, from, to) = (rest.number()?, rest.name()?, rest.person()?);
                Entry::Whispered { member, from, to, text: rest.text(MAX_LINE)? }
            }
            REMOVED => Entry::Removed { who: rest.person()?, reason: rest.text(MAX_REMARK)? },
            MUTED | UNMUTED => Entry::Muted { who: rest.person()?, is_muted: kind == MUTED },
            TOPIC => Entry::Topic { text: rest.text(MAX_REMARK)? },
            RULED => Entry::Ruled { rule: rest.rule()?, is_on: rest.flag()? },
            kind => return Err(DecodeError::UnknownKind(kind)),
        };
        if rest.0.is_empty() { Ok(Self { stamp, entry }) } else { Err(DecodeError::Malformed) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not an entry"),
            Self::UnknownKind(kind) => write!(f, "an entry of the unknown kind {kind}"),
        }
    }
}

impl core::error::Error for DecodeError {}

fn push_entry(kind: u8, number: u64, texts: &[&str], out: &mut Vec<u8>) {
    out.push(kind);
    push_number(number, out);
    texts.iter().for_each(|text| push_text(text, out));
}

fn push_person(person: Person<'_>, out: &mut Vec<u8>) {
    push_number(person.node.0, out);
    push_number(person.member, out);
    push_text(person.name, out);
}

fn push_text(text: &str, out: &mut Vec<u8>) {
    push_number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut rest = number;
    while rest > 0x7f {
        // The lowest seven bits.
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// What is not decoded yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.0.split_first().ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return Err(DecodeError::Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                // Each number has one encoding.
                let is_shortest = byte != 0 || shift == 0;
                return if is_shortest { Ok(number) } else { Err(DecodeError::Malformed) };
            }
        }
        Err(DecodeError::Malformed)
    }

    /// Text that may stand in a line of the log.
    fn text(&mut self, most: usize) -> Result<&'a str, DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| DecodeError::Malformed)?;
        if length > most {
            return Err(DecodeError::Malformed);
        }
        let (text, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        let text = core::str::from_utf8(text).map_err(|_| DecodeError::Malformed)?;
        if is_clean(text) { Ok(text) } else { Err(DecodeError::Malformed) }
    }

    fn name(&mut self) -> Result<&'a str, DecodeError> {
        self.text(MAX_LABEL)
    }

    fn person(&mut self) -> Result<Person<'a>, DecodeError> {
        let (node, member) = (NodeId(self.number()?), self.number()?);
        Ok(Person { node, member, name: self.name()? })
    }

    fn rule(&mut self) -> Result<Rule, DecodeError> {
        let byte = self.byte()?;
        let rules = [Rule::Hush, Rule::Lock, Rule::Private];
        rules.into_iter().find(|&rule| rule as u8 == byte).ok_or(DecodeError::Malformed)
    }

    fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Malformed),
        }
    }

    fn label(&mut self) -> Result<&'a str, DecodeError> {
        let label = self.text(MAX_LABEL)?;
        let is_label = label.starts_with('[') && label.ends_with("] ");
        if is_label { Ok(label) } else { Err(DecodeError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(entry: Entry<'_>) -> Stamped<'_> {
        Stamped::new(Stamp { node: NodeId(3), number: 300 }, entry)
    }

    const SOMEBODY: Person<'_> = Person { node: NodeId(1), member: 1 << 32 | 7, name: "민수" };

    const ENTRIES: [Entry<'_>; 13] = [
        Entry::Joined { member: 1 << 32 | 1, name: "192.0.2.1:45390" },
        Entry::Said { member: 0, label: "[192.0.2.1:45390] ", text: "안녕하세요?" },
        Entry::Left { member: u64::MAX, name: "[2001:db8::1]:1" },
        Entry::Lost { node: NodeId(u64::MAX) },
        Entry::Named { member: 7, from: "192.0.2.1:45390", name: "지민" },
        Entry::Whispered { member: HOST, from: "Host", to: SOMEBODY, text: "안녕" },
        Entry::Away { member: 7, name: "지민" },
        Entry::Forgotten { member: 7, name: "지민" },
        Entry::Removed { who: SOMEBODY, reason: "" },
        Entry::Muted { who: SOMEBODY, is_muted: true },
        Entry::Muted { who: SOMEBODY, is_muted: false },
        Entry::Topic { text: "3과" },
        Entry::Ruled { rule: Rule::Private, is_on: false },
    ];

    #[test]
    fn what_is_encoded_is_decoded() {
        for entry in ENTRIES {
            let mut bytes = Vec::new();
            stamped(entry).encode(&mut bytes);
            assert_eq!(Stamped::decode(&bytes), Ok(stamped(entry)));
            for end in 0..bytes.len() {
                assert_eq!(Stamped::decode(&bytes[..end]), Err(DecodeError::Malformed));
            }
            bytes.push(0);
            assert_eq!(Stamped::decode(&bytes), Err(DecodeError::Malformed));
        }
    }

    #[test]
    fn the_encoding_is_what_it_is() {
        let mut bytes = Vec::new();
        let entry = Entry::Said { member: 5, label: "[a] ", text: "네" };
        stamped(entry).encode(&mut bytes);
        assert_eq!(bytes, b"\x03\xac\x02\x02\x05\x04[a] \x03\xeb\x84\xa4");
    }

    #[test]
    fn what_no_server_says_is_refused() {
        for bytes in [
            &b"\x01\x01\x02\x05\x04[a] \x01\n"[..],
            b"\x01\x01\x02\x05\x04[a] \x01\x1b",
            b"\x01\x01\x02\x05\x04[a] \x01\xff",
            b"\x01\x01\x02\x05\x03abc\x01x",
            b"\x01\x01\x01\x05\x01\r",
            b"\x81\x00\x01\x04\x01",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x04\x01",
            b"\x01\x01\x02\x05\x04[a] \xff\xff\xff\xff\x0fx",
            b"\x01\x01\x0d\x00\x01",
            b"\x01\x01\x0d\x01\x02",
        ] {
            assert_eq!(Stamped::decode(bytes), Err(DecodeError::Malformed), "{bytes:x?}");
        }
        assert_eq!(Stamped::decode(b"\x01\x01\x63"), Err(DecodeError::UnknownKind(0x63)));
    }
}
