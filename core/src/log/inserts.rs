//! Inserts: what one reader gets beside what everybody gets, each at its place in the log.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// What the inserts may cost that a reader has pending, in bytes: many answers, and little beside
/// what a member's socket holds. Who asks for more without reading is not answered.
pub(crate) const MAX_INSERTS: usize = 32 * 1024;

/// What an insert costs beside its text: its place in the queue. An answer of telnet's has three
/// bytes.
const PLACE: usize = 64;

/// The inserts of one reader, in the order in which it gets them.
///
/// Empty, as nearly all are at nearly all times, they are no larger than a pointer.
#[derive(Default)]
pub(super) struct Inserts(Option<Box<Queue>>);

#[derive(Default)]
struct Queue {
    inserts: VecDeque<Insert>,
    /// Bytes of the first that are sent.
    sent: usize,
    /// Bytes of all of them, sent or not.
    bytes: usize,
}

struct Insert {
    /// The position in the log before which it stands: the start of a line.
    at: u64,
    text: Box<[u8]>,
    kind: Kind,
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
        self.0.is_none()
    }

    /// What those cost that are not sent, in bytes.
    pub(super) fn cost(&self) -> usize {
        let cost = |queue: &Queue| queue.bytes - queue.sent + PLACE * queue.inserts.len();
        self.0.as_deref().map_or(0, cost)
    }

    /// Whether there is space for another one.
    pub(super) fn has_space(&self, text: &[u8]) -> bool {
        self.cost() + PLACE + text.len() <= MAX_INSERTS
    }

    /// Adds one behind all others.
    pub(super) fn push(&mut self, at: u64, text: Box<[u8]>, kind: Kind) {
        if text.is_empty() {
            return;
        }
        let queue = self.0.get_or_insert_default();
        debug_assert!(queue.inserts.back().is_none_or(|last| last.at <= at), "out of order");
        queue.bytes += text.len();
        queue.reserve_first();
        queue.inserts.push_back(Insert { at, text, kind });
    }

    /// Adds one before all others, but for one that is sent in part.
    pub(super) fn push_first(&mut self, at: u64, text: Box<[u8]>, kind: Kind) {
        if text.is_empty() {
            return;
        }
        let queue = self.0.get_or_insert_default();
        queue.bytes += text.len();
        queue.reserve_first();
        let index = usize::from(queue.sent > 0);
        queue.inserts.insert(index, Insert { at, text, kind });
    }

    /// The one at `index` with what is not sent of its text, if a reader at `position` gets it
    /// before anything more of the log.
    pub(super) fn due(&self, index: usize, position: u64) -> Option<(&[u8], Kind)> {
        let queue = self.0.as_ref()?;
        let insert = queue.inserts.get(index).filter(|insert| insert.at <= position)?;
        let sent = if index == 0 { queue.sent } else { 0 };
        Some((insert.text.get(sent..)?, insert.kind))
    }

    /// The position of the one at `index`.
    pub(super) fn at(&self, index: usize) -> Option<u64> {
        Some(self.0.as_ref()?.inserts.get(index)?.at)
    }

    /// The first `count` bytes of the first one's rest are sent.
    pub(super) fn advance(&mut self, count: usize) {
        let Some(queue) = &mut self.0 else {
            assert_eq!(count, 0, "more is sent than was lent");
            return;
        };
        queue.sent += count;
        let length = queue.inserts.front().map_or(0, |first| first.text.len());
        assert!(queue.sent <= length, "more is sent than was lent");
        if queue.sent == length {
            self.remove_first();
        }
    }

    /// Takes back the notice of skipped lines that comes next, if nothing of it is sent. Returns how
    /// many it tells of.
    pub(super) fn take_back_skips(&mut self) -> Option<u64> {
        let queue = self.0.as_ref().filter(|queue| queue.sent == 0)?;
        let Kind::Skips(lines) = queue.inserts.front()?.kind else { return None };
        self.remove_first();
        Some(lines)
    }

    fn remove_first(&mut self) {
        let Some(queue) = &mut self.0 else { return };
        if let Some(first) = queue.inserts.pop_front() {
            queue.bytes -= first.text.len();
            queue.sent = 0;
        }
        if queue.inserts.is_empty() {
            self.0 = None;
        }
    }
}

impl Queue {
    /// Most readers never have more than one at a time.
    fn reserve_first(&mut self) {
        if self.inserts.capacity() == 0 {
            self.inserts.reserve_exact(1);
        }
    }
}
