//! Inserts: what one reader gets beside what everybody gets, each at its place in the log.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::ops::Range;

use memchr::{memchr_iter, memrchr};

use super::ring::Ring;
use crate::notice;

/// What the inserts may cost that a reader has pending, in bytes: many answers, and little beside
/// what a member's socket holds. Who asks for more without reading is not answered.
pub(crate) const MAX_INSERTS: usize = 32 * 1024;

/// What they may cost for another one to be taken however long it is: a message may be longer than all
/// that. A member of which more is unread is not read from.
pub(crate) const ANSWERED: usize = MAX_INSERTS / 4;

/// What those may cost that are sent, and kept until it is known that they have arrived.
pub(super) const MAX_KEPT: usize = 16 * 1024;

/// What an insert costs beside its text: its place in the queue. An answer of telnet's has three
/// bytes.
const PLACE: usize = 64;

/// What a range of the log costs as an insert that is pending. It holds no text, but it may be long:
/// who has asked for one gets it before anything else is asked.
const RANGE: usize = ANSWERED + 1;

/// The inserts of one reader, in the order in which it gets them.
///
/// Empty, as nearly all are at nearly all times, they are no larger than a pointer.
#[derive(Default)]
pub(super) struct Inserts(Option<Box<Queue>>);

#[derive(Default)]
struct Queue {
    /// First those that are sent and kept, then those that are pending.
    inserts: VecDeque<Insert>,
    /// How many are sent and kept.
    kept: usize,
    /// What those cost.
    cost_kept: usize,
    /// What those cost that are pending.
    cost: usize,
    /// Bytes of the first text that is pending that are sent.
    sent: usize,
}

/// One of them.
pub(super) struct Insert {
    /// The position in the log before which it stands: the start of a line.
    pub(super) at: u64,
    pub(super) kind: Kind,
    content: Content,
    /// How many lines its reader has counted before it, and how many it is itself: none if its reader
    /// does not count them.
    pub(super) ordinal: u64,
    pub(super) lines: u64,
}

enum Content {
    Text(Box<[u8]>),
    Earlier(Box<Earlier>),
}

/// Whole lines of the log that a reader gets once more.
pub(crate) struct Earlier {
    range: Range<u64>,
    /// The numbers of its first line and of the one behind its last.
    lines: Range<u64>,
    /// The next byte that the reader gets, and the number of the line that it belongs to.
    next: u64,
    next_line: u64,
}

/// What an insert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first text that a reader gets, always with its newline.
    Greeting,
    /// The notice that so many lines were skipped.
    Skips(u64),
    /// A line that stands for so many that the reader does not get.
    Instead(u64),
    /// A line or a few.
    Lines,
    /// A line for the program at the other end, which it does not count.
    Control,
    /// The one of those behind which it counts.
    Begins,
    /// One that says how much of its input is heard: of several the last is enough.
    Heard,
    /// Bytes that are no text: part of a negotiation.
    Raw,
}

/// What is not sent of an insert that is due.
pub(super) enum Due<'a> {
    Text(&'a [u8]),
    Earlier(Range<u64>),
}

impl Due<'_> {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Earlier(range) => range.end - range.start,
        }
    }
}

impl Earlier {
    pub(super) fn new(range: Range<u64>, lines: Range<u64>) -> Self {
        let (next, next_line) = (range.start, lines.start);
        Self { range, lines, next, next_line }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.range.is_empty()
    }
}

impl Insert {
    pub(super) fn text(at: u64, text: Box<[u8]>, kind: Kind) -> Self {
        Self { at, kind, content: Content::Text(text), ordinal: 0, lines: 0 }
    }

    pub(super) fn earlier(at: u64, earlier: Earlier) -> Self {
        let content = Content::Earlier(Box::new(earlier));
        Self { at, kind: Kind::Lines, content, ordinal: 0, lines: 0 }
    }

    /// How many lines a reader counts that counts them.
    pub(super) fn count_lines(&self) -> u64 {
        match (&self.content, self.kind) {
            (_, Kind::Control | Kind::Begins | Kind::Heard | Kind::Raw) => 0,
            (Content::Text(text), _) => memchr_iter(b'\n', text).count() as u64,
            (Content::Earlier(earlier), _) => earlier.lines.end - earlier.lines.start,
        }
    }

    /// Its last line counts as so many that all of them count as `lines`: its reader is told.
    pub(super) fn count_as(&mut self, lines: u64) {
        let Content::Text(text) = &mut self.content else { return };
        if text.is_empty() {
            // There is nothing to tell.
            return;
        }
        let others = (memchr_iter(b'\n', text).count() as u64).saturating_sub(1);
        let last = lines.saturating_sub(others);
        if last != 1 {
            let start = text.strip_suffix(b"\n").and_then(|text| memrchr(b'\n', text));
            let (before, line) = text.split_at(start.map_or(0, |newline| newline + 1));
            *text = [before, notice::counts(last).as_bytes(), line].concat().into();
        }
    }

    /// Leaves out its first `count` lines, of which there are more.
    fn skip_lines(&mut self, count: u64, ring: &Ring) {
        self.ordinal += count;
        self.lines -= count;
        match &mut self.content {
            Content::Text(text) => {
                let newlines = usize::try_from(count).unwrap_or(usize::MAX);
                let last = newlines.checked_sub(1).and_then(|at| memchr_iter(b'\n', text).nth(at));
                let rest = &text[last.map_or(0, |at| at + 1)..];
                // It stays as it is if its last line stands for what is left out.
                if !rest.is_empty() {
                    *text = rest.into();
                }
            }
            Content::Earlier(earlier) => {
                let line = earlier.lines.start + count;
                // What is not kept any more is found out when it is sent.
                let start = ring.position_of(line).unwrap_or(earlier.range.start);
                **earlier = Earlier::new(start..earlier.range.end, line..earlier.lines.end);
            }
        }
    }

    /// The same, if that is among the lines that it stands for: then it stands for the others. Returns
    /// whether it does.
    fn stand_for_fewer(&mut self, count: u64) -> bool {
        let Content::Text(text) = &self.content else { return false };
        // The end of a line of which its reader had a part may come before.
        let others = u64::from(!text.starts_with(b"> "));
        let lines = self.lines - count;
        let kind = match self.kind {
            Kind::Skips(_) => Kind::Skips(lines),
            Kind::Instead(_) => Kind::Instead(lines),
            _ => return false,
        };
        if count > others {
            let text = notice::skipped(lines).into_bytes().into();
            let ordinal = self.ordinal + count;
            *self = Self { ordinal, lines, ..Self::text(self.at, text, kind) };
            self.count_as(lines);
        }
        count > others
    }

    /// If it begins with the end of a line of which its reader had a part, as it was told of skips: another
    /// connection has no such part.
    fn forget_end(&mut self, is_exact: bool) {
        let Content::Text(text) = &mut self.content else { return };
        if !matches!(self.kind, Kind::Skips(_)) || text.starts_with(b"> ") {
            return;
        }
        if is_exact {
            let (ordinal, lines) = (self.ordinal, self.lines);
            let text = notice::skipped(lines).into_bytes().into();
            *self = Self { ordinal, lines, ..Self::text(self.at, text, Kind::Skips(lines)) };
            self.count_as(lines);
        } else {
            // It counts as a line.
            let end = text.iter().position(|&byte| byte == b'\n').unwrap_or(0);
            *text = text[end..].into();
        }
    }

    /// It is pending again, as a whole.
    fn rewind(&mut self) {
        if let Content::Earlier(earlier) = &mut self.content {
            (earlier.next, earlier.next_line) = (earlier.range.start, earlier.lines.start);
        }
    }

    fn cost(&self) -> usize {
        match &self.content {
            Content::Text(text) => PLACE + text.len(),
            Content::Earlier(_) => RANGE,
        }
    }

    fn cost_kept(&self) -> usize {
        match &self.content {
            Content::Text(text) => PLACE + text.len(),
            Content::Earlier(_) => 2 * PLACE,
        }
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            Content::Text(text) => text.is_empty(),
            Content::Earlier(earlier) => earlier.is_empty(),
        }
    }
}

impl Inserts {
    /// Whether none is pending.
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_deref().is_none_or(|queue| queue.inserts.len() == queue.kept)
    }

    /// What those cost that are pending, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.0.as_deref().map_or(0, |queue| queue.cost - queue.sent)
    }

    /// What those cost that are sent and kept.
    pub(super) fn cost_kept(&self) -> usize {
        self.0.as_deref().map_or(0, |queue| queue.cost_kept)
    }

    /// Whether there is space for another text of so many bytes.
    pub(super) fn has_space(&self, length: usize) -> bool {
        self.cost() <= ANSWERED || self.cost() + PLACE + length <= MAX_INSERTS
    }

    /// Adds one behind all others.
    pub(super) fn push(&mut self, insert: Insert) {
        if insert.is_empty() {
            return;
        }
        let queue = self.0.get_or_insert_default();
        debug_assert!(queue.inserts.back().is_none_or(|last| last.at <= insert.at), "out of order");
        queue.reserve_first();
        queue.cost += insert.cost();
        queue.inserts.push_back(insert);
    }

    /// Adds one before all others that are pending, but for one that is sent in part.
    pub(super) fn push_first(&mut self, insert: Insert) {
        if insert.is_empty() {
            return;
        }
        let queue = self.0.get_or_insert_default();
        queue.reserve_first();
        queue.cost += insert.cost();
        let index = queue.kept + usize::from(queue.sent > 0);
        queue.inserts.insert(index, insert);
    }

    /// Whether the reader is still to be told that it counts.
    pub(super) fn are_to_begin(&self) -> bool {
        self.0.as_deref().is_some_and(|queue| {
            queue.inserts.iter().skip(queue.kept).any(|insert| insert.kind == Kind::Begins)
        })
    }

    /// Adds one behind that.
    pub(super) fn push_behind_beginning(&mut self, insert: Insert) {
        let Some(queue) = &mut self.0 else { return };
        if let Some(at) = queue.inserts.iter().position(|insert| insert.kind == Kind::Begins) {
            queue.cost += insert.cost();
            queue.inserts.insert(at + 1, insert);
        }
    }

    /// Adds one before all others, of which nothing is sent.
    pub(super) fn push_before_all(&mut self, insert: Insert) {
        let queue = self.0.get_or_insert_default();
        debug_assert!(queue.kept == 0 && queue.sent == 0, "something is sent");
        queue.cost += insert.cost();
        queue.inserts.push_front(insert);
    }

    /// Adds one of [`Kind::Heard`]. If the last of all is another such line, of which nothing is sent,
    /// that is not needed any more.
    pub(super) fn push_heard(&mut self, insert: Insert) {
        if let Some(queue) = &mut self.0
            && queue.inserts.len() > queue.kept + usize::from(queue.sent > 0)
            && let Some(last) = queue.inserts.pop_back_if(|last| last.kind == Kind::Heard)
        {
            queue.cost -= last.cost();
        }
        self.push(insert);
    }

    /// The pending one at `index` with what is not sent of it, if a reader at `position` gets it
    /// before anything more of the log.
    pub(super) fn due(&self, index: usize, position: u64) -> Option<(Due<'_>, Kind)> {
        let queue = self.0.as_ref()?;
        let insert = queue.inserts.get(queue.kept + index)?;
        if insert.at > position {
            return None;
        }
        let rest = match &insert.content {
            Content::Text(text) => Due::Text(text.get(if index == 0 { queue.sent } else { 0 }..)?),
            Content::Earlier(earlier) => Due::Earlier(earlier.next..earlier.range.end),
        };
        Some((rest, insert.kind))
    }

    /// The position of the pending one at `index`.
    pub(super) fn at(&self, index: usize) -> Option<u64> {
        let queue = self.0.as_ref()?;
        Some(queue.inserts.get(queue.kept + index)?.at)
    }

    /// The oldest byte of the log that a pending one needs.
    pub(super) fn needs(&self) -> Option<u64> {
        let queue = self.0.as_ref()?;
        let pending = queue.inserts.iter().skip(queue.kept);
        let earlier = |insert: &Insert| match &insert.content {
            Content::Text(_) => None,
            Content::Earlier(earlier) => Some(earlier.next),
        };
        pending.filter_map(earlier).min()
    }

    /// The first `count` bytes of the first pending one's rest are sent. One that is sent whole is
    /// kept if its reader counts its lines. Returns the position in the log that the reader has got to
    /// with it, if it is lines of the log.
    pub(super) fn advance(&mut self, count: usize, ring: &Ring) -> Option<u64> {
        let queue = self.0.as_mut().filter(|_| count > 0)?;
        let first = queue.inserts.get_mut(queue.kept)?;
        let (is_sent, position) = match &mut first.content {
            Content::Text(text) => {
                queue.sent += count;
                assert!(queue.sent <= text.len(), "more is sent than was lent");
                (queue.sent == text.len(), None)
            }
            Content::Earlier(earlier) => {
                earlier.next += count as u64;
                assert!(earlier.next <= earlier.range.end, "more is sent than was lent");
                earlier.next_line = ring.lines_before(earlier.next);
                (earlier.next == earlier.range.end, Some(earlier.next))
            }
        };
        if is_sent {
            self.pass_first();
        }
        position
    }

    /// If the first pending one is due and is lines of the log, of which the next are not kept any more:
    /// leaves them out. Returns how many they are, the one that the reader has a part of among them.
    pub(super) fn clip(&mut self, position: u64, ring: &Ring) -> Option<u64> {
        let queue = self.0.as_mut()?;
        let first = queue.inserts.get_mut(queue.kept).filter(|first| first.at <= position)?;
        let Content::Earlier(earlier) = &mut first.content else { return None };
        if earlier.next >= ring.start() {
            return None;
        }
        let is_gone = earlier.range.end <= ring.start();
        let (start, line) = if is_gone {
            (earlier.range.end, earlier.lines.end)
        } else {
            (ring.start(), ring.lines_evicted())
        };
        let missed = line - earlier.next_line;
        let rest = Earlier::new(start..earlier.range.end, line..earlier.lines.end);
        let mut rest = Insert::earlier(first.at, rest);
        let is_counted = first.lines > 0;
        if is_counted {
            rest.lines = rest.count_lines();
            rest.ordinal = first.ordinal + earlier.next_line - earlier.lines.start + missed;
        }
        // What the reader has got of it, which is nothing if that is no whole line.
        earlier.range.end = earlier.next;
        earlier.lines.end = earlier.next_line;
        first.lines = if is_counted { first.count_lines() } else { 0 };
        self.pass_first();
        if !rest.is_empty() {
            self.push_first(rest);
        }
        Some(missed)
    }

    /// Takes back the notice of skipped lines that comes next, if nothing of it is sent. Returns how
    /// many it tells of, and how many lines it is itself.
    pub(super) fn take_back_skips(&mut self) -> Option<(u64, u64)> {
        let queue = self.0.as_mut().filter(|queue| queue.sent == 0)?;
        let Kind::Skips(skips) = queue.inserts.get(queue.kept)?.kind else { return None };
        let taken = queue.inserts.remove(queue.kept)?;
        queue.cost -= taken.cost();
        self.release_if_empty();
        Some((skips, taken.lines))
    }

    /// The first one of all, sent or not.
    pub(super) fn first(&self) -> Option<&Insert> {
        self.0.as_ref()?.inserts.front()
    }

    /// Leaves out the first `count` lines of the first one of all, which has more. Whatever stands for lines
    /// counts as so many if that `is_exact`.
    pub(super) fn skip_lines_of_first(&mut self, count: u64, is_exact: bool, ring: &Ring) {
        let Some(queue) = &mut self.0 else { return };
        let is_kept = queue.kept > 0;
        let Some(first) = queue.inserts.front_mut() else { return };
        let (cost, cost_kept) = (first.cost(), first.cost_kept());
        if !is_exact || !first.stand_for_fewer(count) {
            first.skip_lines(count, ring);
        }
        if is_kept {
            queue.cost_kept = queue.cost_kept - cost_kept + first.cost_kept();
        } else {
            queue.cost = queue.cost - cost + first.cost();
        }
    }

    /// Whether the first one of all is sent.
    pub(super) fn is_first_sent(&self) -> bool {
        self.0.as_deref().is_some_and(|queue| queue.kept > 0)
    }

    /// All of them, sent or not.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Insert> {
        self.0.iter().flat_map(|queue| &queue.inserts)
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Insert> {
        self.0.iter_mut().flat_map(|queue| &mut queue.inserts)
    }

    /// Those that are pending.
    pub(super) fn pending_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Insert> {
        self.0.iter_mut().flat_map(|queue| queue.inserts.iter_mut().skip(queue.kept))
    }

    /// Forgets the first one of all.
    pub(super) fn forget_first(&mut self) {
        let Some(queue) = &mut self.0 else { return };
        if let Some(first) = queue.inserts.pop_front() {
            if queue.kept > 0 {
                queue.kept -= 1;
                queue.cost_kept -= first.cost_kept();
            } else {
                queue.cost -= first.cost();
                queue.sent = 0;
            }
        }
        self.release_if_empty();
    }

    /// Whether the first pending one is sent in part.
    pub(super) fn is_begun(&self) -> bool {
        self.0.as_deref().is_some_and(|queue| queue.sent > 0)
    }

    /// What all of them cost, sent or not.
    pub(super) fn cost_of_all(&self) -> usize {
        self.cost() + self.cost_kept()
    }

    /// Those that are sent are not kept any more, and lines are not counted.
    pub(super) fn forget_kept(&mut self) {
        while self.is_first_sent() {
            self.forget_first();
        }
        self.iter_mut().for_each(|insert| insert.lines = 0);
    }

    /// Those that are kept are pending again, and so is the one that was sent in part, as a whole.
    pub(super) fn rewind(&mut self) {
        let Some(queue) = &mut self.0 else { return };
        queue.sent = 0;
        queue.kept = 0;
        queue.cost_kept = 0;
        // What is for programs told of a connection that is gone.
        let is_old = |kind| matches!(kind, Kind::Control | Kind::Begins | Kind::Heard | Kind::Raw);
        queue.inserts.retain(|insert| !is_old(insert.kind));
        queue.inserts.iter_mut().for_each(Insert::rewind);
        queue.cost = queue.inserts.iter().map(Insert::cost).sum();
        self.release_if_empty();
    }

    /// Its reader goes on with another connection, where none of them ends a line of which it has a part.
    /// Whatever stands for lines counts as so many if that `is_exact`.
    pub(super) fn forget_ends(&mut self, is_exact: bool) {
        let Some(queue) = &mut self.0 else { return };
        debug_assert!(queue.kept == 0 && queue.sent == 0, "something is sent");
        queue.inserts.iter_mut().for_each(|insert| insert.forget_end(is_exact));
        queue.cost = queue.inserts.iter().map(Insert::cost).sum();
    }

    /// The first pending one is sent.
    fn pass_first(&mut self) {
        let Some(queue) = &mut self.0 else { return };
        let index = queue.kept;
        let Some(first) = queue.inserts.get(index) else { return };
        queue.cost -= first.cost();
        queue.sent = 0;
        if first.lines > 0 {
            queue.kept += 1;
            queue.cost_kept += first.cost_kept();
        } else {
            queue.inserts.remove(index);
        }
        self.release_if_empty();
    }

    fn release_if_empty(&mut self) {
        if self.0.as_deref().is_some_and(|queue| queue.inserts.is_empty()) {
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
