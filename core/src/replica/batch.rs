//! Batches: entries of one node that are appended together, and their place in the log.
//!
//! A payload is entries, each preceded by its length in bytes as LEB128, all of one node, with
//! successive numbers.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::entry::{DecodeError, Stamped};
use crate::id::NodeId;
use crate::time::Wall;

/// Bytes of a payload at the most, unless it is a single entry: little enough that a room that
/// waits for a slow reader has space for it, so much that a larger one would not be cheaper by the
/// entry.
pub(super) const MAX_PAYLOAD: usize = 64 * 1024;

/// What stands for the log up to a batch: different logs have different ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link(
    /// The 64 bits that the engine writes as 16 hexadecimal digits.
    pub u64,
);

/// A place in the log: behind a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The index of the batch, from 1 on; 0 before the first one.
    pub index: u64,
    /// Its link.
    pub link: Link,
}

impl Position {
    /// Before the first batch.
    pub const GENESIS: Self = Self { index: 0, link: Link(0) };
}

/// A batch as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its place, from 1 on: one more than that of the batch before it.
    pub index: u64,
    /// The link of the batch before it.
    pub before: Link,
    /// Its own.
    pub link: Link,
    /// When it was appended, by the engine's clock, and the offset of the time of day here.
    pub wall: Wall,
    /// Its entries.
    pub payload: Box<[u8]>,
}

/// Whose entries a batch holds, and which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The node that they are stamped with.
    pub node: NodeId,
    /// The number of the first one.
    pub first: u64,
    /// And of the last one.
    pub last: u64,
}

impl Batch {
    /// The format of a log: of its batches, their entries, and the rules of the engine. It changes
    /// with what servers of an earlier release cannot read.
    pub const FORMAT: u64 = 1;

    /// Where the log is behind it.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { index: self.index, link: self.link }
    }

    /// Whose entries these are.
    ///
    /// # Errors
    ///
    /// It holds no entry, or anything else, or entries that do not belong together.
    pub fn numbers(&self) -> Result<Numbers, DecodeError> {
        let entries = self.decoded()?;
        let [first, last] =
            [entries.first(), entries.last()].map(|entry| entry.map(Stamped::stamp));
        let (first, last) = first.zip(last).ok_or(DecodeError::Malformed)?;
        Ok(Numbers { node: first.node, first: first.number, last: last.number })
    }

    /// Its entries, of which there is one at least, and each follows the one before.
    ///
    /// # Errors
    ///
    /// As [`numbers`](Batch::numbers).
    pub(super) fn decoded(&self) -> Result<Vec<Stamped<'_>>, DecodeError> {
        let entries: Vec<Stamped<'_>> = self.entries().collect::<Result<_, _>>()?;
        let follows = |pair: &[Stamped<'_>]| {
            let [before, after] = [pair[0].stamp(), pair[1].stamp()];
            before.node == after.node && before.number.checked_add(1) == Some(after.number)
        };
        if !entries.is_empty() && entries.windows(2).all(follows) {
            Ok(entries)
        } else {
            Err(DecodeError::Malformed)
        }
    }

    /// The node that it says is lost, if it is such a batch: its last entry says so, and is the last
    /// one of that node.
    #[must_use]
    pub fn loss(&self) -> Option<NodeId> {
        let entry = self.decoded().ok()?.pop()?;
        entry.loss().filter(|&lost| lost == entry.stamp().node)
    }

    /// Its entries, in their sequence.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries(&self.payload)
    }
}

/// What is left of a payload.
pub(super) struct Entries<'a>(&'a [u8]);

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Stamped<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let entry =
            split_entry(&mut self.0).ok_or(DecodeError::Malformed).and_then(Stamped::decode);
        if entry.is_err() {
            self.0 = &[];
        }
        Some(entry)
    }
}

/// Takes the first entry off `rest`.
fn split_entry<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (entry, behind) = rest.split_at_checked(length)?;
            *rest = behind;
            return Some(entry);
        }
    }
    None
}

/// A payload that is being put together.
#[derive(Default)]
pub(super) struct Payload(Vec<u8>);

impl Payload {
    /// Appends an encoded entry. Returns whether it does: not if that would be too much.
    pub(super) fn push(&mut self, entry: &[u8]) -> bool {
        let mut length = [0; 4];
        let length = length_prefix(entry.len(), &mut length);
        let fits = self.0.is_empty() || self.0.len() + length.len() + entry.len() <= MAX_PAYLOAD;
        if fits {
            self.0.extend_from_slice(length);
            self.0.extend_from_slice(entry);
        }
        fits
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A length as LEB128. No entry is as long as 2²⁸ bytes.
fn length_prefix(length: usize, into: &mut [u8; 4]) -> &[u8] {
    let (mut rest, mut count) = (length, 0);
    for byte in into.iter_mut() {
        count += 1;
        *byte = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            break;
        }
        *byte |= 0x80;
    }
    &into[..count]
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::entry::Stamp;

    fn batch(payload: Vec<u8>) -> Batch {
        Batch {
            index: 1,
            before: Link(0),
            link: Link(1),
            wall: Wall::default(),
            payload: payload.into(),
        }
    }

    fn lost(node: u64, number: u64, lost: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let stamp = Stamp { node: NodeId(node), number };
        Stamped::lost(stamp, NodeId(lost)).encode(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_put_together_comes_apart() {
        let mut payload = Payload::default();
        for number in 5..8 {
            assert!(payload.push(&lost(3, number, 9)));
        }
        let batch = batch(payload.into_bytes());
        assert_eq!(batch.numbers(), Ok(Numbers { node: NodeId(3), first: 5, last: 7 }));
        assert_eq!(batch.loss(), None, "it says that of another");
        assert_eq!(batch.entries().count(), 3);
    }

    #[test]
    fn a_payload_has_an_end() {
        let mut payload = Payload::default();
        assert!(payload.push(&vec![0; MAX_PAYLOAD + 1]), "one alone may be larger");
        assert!(!payload.push(&[0]));
        let mut payload = Payload::default();
        while payload.push(&[0; 200]) {}
        let length = payload.into_bytes().len();
        assert!(length <= MAX_PAYLOAD && length > MAX_PAYLOAD - 202);
    }

    #[test]
    fn lengths_are_leb128() {
        let prefix = |length| length_prefix(length, &mut [0; 4]).to_vec();
        assert_eq!(prefix(0), [0]);
        assert_eq!(prefix(0x7f), [0x7f]);
        assert_eq!(prefix(0x80), [0x80, 1]);
        assert_eq!(prefix(66_000), [0xd0, 0x83, 4]);
    }

    #[test]
    fn what_is_no_payload_is_an_error() {
        for bytes in [&b""[..], b"\x00", b"\x05abc", b"\xff\xff\xff\xff\x01", b"\x01\x01\x80"] {
            assert_eq!(batch(bytes.to_vec()).numbers(), Err(DecodeError::Malformed), "{bytes:x?}");
            assert_eq!(batch(bytes.to_vec()).loss(), None);
        }
    }

    /// Each of its entries follows the one before.
    #[test]
    fn entries_that_do_not_belong_together_are_no_batch() {
        for second in [lost(3, 7, 9), lost(3, 5, 9), lost(3, 4, 9), lost(4, 6, 9), lost(4, 6, 4)] {
            let mut payload = Payload::default();
            assert!(payload.push(&lost(3, 5, 9)) && payload.push(&second));
            let batch = batch(payload.into_bytes());
            assert_eq!(batch.numbers(), Err(DecodeError::Malformed));
            assert_eq!(batch.loss(), None);
        }
    }

    #[test]
    fn a_loss_is_stamped_with_the_lost() {
        let mut payload = Payload::default();
        payload.push(&lost(3, 8, 3));
        assert_eq!(batch(payload.into_bytes()).loss(), Some(NodeId(3)));
        // It may say why.
        let (mut apart, mut payload) = (Vec::new(), Payload::default());
        Stamped::apart(Stamp { node: NodeId(3), number: 8 }).encode(&mut apart);
        assert!(payload.push(&apart) && payload.push(&lost(3, 9, 3)));
        let batch = batch(payload.into_bytes());
        assert_eq!(batch.loss(), Some(NodeId(3)));
        assert_eq!(batch.numbers(), Ok(Numbers { node: NodeId(3), first: 8, last: 9 }));
    }
}
