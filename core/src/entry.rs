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
//! | kind | a byte: 1 joined, 2 said, 3 left, 4 lost |
//! | joined, left | the member's number, its name |
//! | said | the member's number, its label, the text |
//! | lost | the node |
//!
//! An encoded entry has no end of its own: whoever carries it says how long it is.

use alloc::vec::Vec;
use core::fmt;

use crate::id::NodeId;
use crate::limits::{MAX_LABEL, MAX_LINE};
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
    /// A server is gone, and all its members with it: nothing that it proposes counts any more.
    Lost { node: NodeId },
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
    for text in texts {
        push_number(text.len() as u64, out);
        out.extend_from_slice(text.as_bytes());
    }
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

    const ENTRIES: [Entry<'_>; 4] = [
        Entry::Joined { member: 1 << 32 | 1, name: "192.0.2.1:45390" },
        Entry::Said { member: 0, label: "[192.0.2.1:45390] ", text: "안녕하세요?" },
        Entry::Left { member: u64::MAX, name: "[2001:db8::1]:1" },
        Entry::Lost { node: NodeId(u64::MAX) },
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
        ] {
            assert_eq!(Stamped::decode(bytes), Err(DecodeError::Malformed), "{bytes:x?}");
        }
        assert_eq!(Stamped::decode(b"\x01\x01\x09"), Err(DecodeError::UnknownKind(9)));
    }
}
