//! Inserts: what one reader gets beside what everybody gets, each at its place in the log.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// Bytes of inserts that a reader may have pending, at the most: many answers, and little beside what
/// a member's socket holds. Who asks for more without reading is not answered.
pub(crate) const MAX_INSERTS: usize = 16 * 1024;

/// The inserts of one reader, in the order in which it gets them.
///
/// Empty, they hold no memory.
#[derive(Default)]
pub(super) struct Inserts {
    queue: VecDeque<Insert>,
    /// Bytes of the first that are sent.
    sent: usize,
    /// Bytes of all of them, sent or not.
    bytes: usize,
}

pub(super) struct Insert {
    /// The position in the log before which it stands: the start of a line.
    pub(super) at: u64,
    pub(super) text: Box<[u8]>,
    pub(super) kind: Kind,
}

/// What an insert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first text that a reader gets, always with its newline.
    Greeting,
    /// The notice that so many lines were skipped.
    Skips(u64),
    /// A line or a few.
    Lines,
    /// Bytes that are no text: part of a negotiation.
    Raw,
}

impl Inserts {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Bytes that are not sent.
    pub(super) fn pending(&self) -> usize {
        self.bytes - self.sent
    }

    /// Adds one behind all others.
    pub(super) fn push(&mut self, at: u64, text: Box<[u8]>, kind: Kind) {
        debug_assert!(self.queue.back().is_none_or(|last| last.at <= at), "out of order");
        if text.is_empty() {
            return;
        }
        self.reserve_first();
        self.bytes += text.len();
        self.queue.push_back(Insert { at, text, kind });
    }

    /// Adds one before all others, of which none is sent in part.
    pub(super) fn push_first(&mut self, at: u64, text: Box<[u8]>, kind: Kind) {
        assert_eq!(self.sent, 0, "an insert between two halves of another");
        if text.is_empty() {
            return;
        }
        self.reserve_first();
        self.bytes += text.len();
        self.queue.push_front(Insert { at, text, kind });
    }

    /// Most readers never have more than one at a time.
    fn reserve_first(&mut self) {
        if self.queue.capacity() == 0 {
            self.queue.reserve_exact(1);
        }
    }

    /// The one at `index` with what is not sent of its text, if a reader at `position` gets it
    /// before anything more of the log.
    pub(super) fn due(&self, index: usize, position: u64) -> Option<(&[u8], Kind)> {
        let insert = self.queue.get(index).filter(|insert| insert.at <= position)?;
        let sent = if index == 0 { self.sent } else { 0 };
        Some((insert.text.get(sent..)?, insert.kind))
    }

    /// The position of the one at `index`.
    pub(super) fn at(&self, index: usize) -> Option<u64> {
        self.queue.get(index).map(|insert| insert.at)
    }

    /// The first `count` bytes of the first one's rest are sent.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        let Some(first) = self.queue.front() else {
            assert_eq!(count, 0, "more is sent than was lent");
            return;
        };
        assert!(self.sent <= first.text.len(), "more is sent than was lent");
        if self.sent == first.text.len() {
            self.remove_first();
        }
    }

    /// Takes back the notice of skipped lines that comes next, if nothing of it is sent. Returns how
    /// many it tells of.
    pub(super) fn take_back_skips(&mut self) -> Option<u64> {
        let first = self.queue.front()?;
        let Kind::Skips(lines) = first.kind else { return None };
        if self.sent > 0 {
            return None;
        }
        self.remove_first();
        Some(lines)
    }

    fn remove_first(&mut self) {
        if let Some(first) = self.queue.pop_front() {
            self.bytes -= first.text.len();
            self.sent = 0;
        }
        if self.queue.is_empty() {
            *self = Self::default();
        }
    }
}
