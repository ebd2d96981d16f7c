//! The log: one ring of bytes that holds the last of what was said, for everybody.

use alloc::boxed::Box;
use alloc::vec;
use core::ops::Range;

use memchr::{memchr, memchr_iter};

/// How many bytes apart it is known how many lines end before them: as many as are counted in no
/// time, so that what this costs a reader does not grow with what it was sent.
const MARK: u64 = 1024;

/// A ring of lines. Positions count all bytes ever said, so they only grow and never wrap.
///
/// Each line ends with the only newline in it; what is kept starts at a line's start.
pub(crate) struct Log {
    ring: Box<[u8]>,
    /// Lines before each position that is a multiple of [`MARK`], as a ring of those that are kept.
    marks: Box<[u64]>,
    /// Position of the oldest byte kept.
    start: u64,
    /// Position after the newest byte.
    end: u64,
    /// Lines before `start`.
    lines_evicted: u64,
    /// Lines before `end`.
    lines: u64,
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        // Both ends of what is kept may lie in the midst of two marks.
        let marks = capacity / MARK as usize + 2;
        Self {
            ring: vec![0; capacity].into(),
            marks: vec![0; marks].into(),
            start: 0,
            end: 0,
            lines_evicted: 0,
            lines: 0,
        }
    }

    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn lines_evicted(&self) -> u64 {
        self.lines_evicted
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether `length` more bytes fit without an eviction.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        self.end - self.start + length as u64 <= self.ring.len() as u64
    }

    /// Appends one line, given in parts, and gives its range.
    ///
    /// The caller has made room: see [`Log::has_room`] and [`Log::evict_line`].
    pub(crate) fn append(&mut self, parts: &[&[u8]]) -> Range<u64> {
        let start = self.end;
        for part in parts {
            debug_assert!(self.has_room(part.len()), "a line without room");
            let at = self.offset(self.end);
            let before_wrap = part.len().min(self.ring.len() - at);
            let (first, second) = part.split_at(before_wrap);
            self.ring[at..at + first.len()].copy_from_slice(first);
            self.ring[..second.len()].copy_from_slice(second);
            self.end += part.len() as u64;
        }
        for mark in start / MARK + 1..=self.end / MARK {
            let place = self.place(mark);
            self.marks[place] = self.lines + u64::from(mark * MARK == self.end);
        }
        self.lines += 1;
        start..self.end
    }

    /// Forgets the oldest line and gives its range; `None` if the log is empty.
    pub(crate) fn evict_line(&mut self) -> Option<Range<u64>> {
        let [first, second] = self.slices(self.start..self.end);
        let newline = memchr(b'\n', first)
            .or_else(|| memchr(b'\n', second).map(|at| first.len() + at))?
            as u64;
        let line = self.start..self.start + newline + 1;
        self.start = line.end;
        self.lines_evicted += 1;
        Some(line)
    }

    /// The bytes of a range, in two slices of which either may be empty. What is not kept of the
    /// range is left out.
    pub(crate) fn slices(&self, range: Range<u64>) -> [&[u8]; 2] {
        let from = range.start.max(self.start);
        let to = range.end.min(self.end);
        if from >= to {
            return [&[], &[]];
        }
        let at = self.offset(from);
        // Not longer than the ring, so it fits a usize.
        let length = (to - from) as usize;
        let before_wrap = length.min(self.ring.len() - at);
        [&self.ring[at..at + before_wrap], &self.ring[..length - before_wrap]]
    }

    /// Lines that end before `position`, which is kept. The nearest that is known is counted from.
    pub(crate) fn lines_before(&self, position: u64) -> u64 {
        let mark = position / MARK;
        let (known, lines) = match mark * MARK {
            at if at < self.start => (self.start, self.lines_evicted),
            at => (at, self.marks[self.place(mark)]),
        };
        if position - known <= self.end - position {
            lines + self.newlines(known..position)
        } else {
            self.lines - self.newlines(position..self.end)
        }
    }

    /// Whether `position`, whose preceding byte is kept, stands inside a line.
    pub(crate) fn is_inside_line(&self, position: u64) -> bool {
        let [before, _] = self.slices(position.saturating_sub(1)..position);
        before.first().is_some_and(|&byte| byte != b'\n')
    }

    fn newlines(&self, range: Range<u64>) -> u64 {
        self.slices(range).iter().map(|slice| memchr_iter(b'\n', slice).count() as u64).sum()
    }

    /// Where the mark with this number stands.
    fn place(&self, mark: u64) -> usize {
        // Less than their number, so it fits a usize.
        (mark % self.marks.len() as u64) as usize
    }

    fn offset(&self, position: u64) -> usize {
        // Less than the ring's length, so it fits a usize.
        (position % self.ring.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn text(log: &Log) -> String {
        let [first, second] = log.slices(log.start()..log.end());
        String::from_utf8([first, second].concat()).unwrap()
    }

    /// Every wrap position: a ring of each size is filled past several turns with lines of
    /// different lengths and compared with a list of lines.
    #[test]
    fn keeps_the_last_lines_at_every_wrap_position() {
        // Under Miri there is time for a few of them.
        let stride = if cfg!(miri) { 13 } else { 1 };
        for capacity in (8..40).step_by(stride) {
            let mut log = Log::new(capacity);
            let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
            for turn in 0..200_usize {
                let mut line = vec![b'a' + (turn % 26) as u8; turn * 7 % 8];
                line.push(b'\n');
                while !log.has_room(line.len()) {
                    let evicted = log.evict_line().unwrap();
                    assert_eq!(evicted.end - evicted.start, kept.pop_front().unwrap().len() as u64);
                }
                let (left, right) = line.split_at(line.len() / 2);
                let range = log.append(&[left, right]);
                assert_eq!(range.end - range.start, line.len() as u64);
                kept.push_back(line);

                assert_eq!(text(&log).into_bytes(), Vec::from(kept.clone()).concat());
                assert_eq!(log.lines(), turn as u64 + 1);
                assert_eq!(log.lines() - log.lines_evicted(), kept.len() as u64);
            }
        }
    }

    /// Lines that end at a mark, next to one, and beyond several; in a ring that turns.
    #[test]
    fn counts_the_lines_before_every_position() {
        let mark = MARK as usize;
        let stride = if cfg!(miri) { 97 } else { 1 };
        let mut log = Log::new(4 * mark + 10);
        let (mut said, mut evicted) = (Vec::new(), 0);
        for length in [mark, mark - 1, 2, 1, 2 * mark + 7, 3, 1, mark - 10, 1, 3 * mark, mark / 3] {
            let line = [vec![b'a'; length - 1].as_slice(), b"\n"].concat();
            while !log.has_room(length) {
                evicted += log.evict_line().map_or(0, |_| 1);
            }
            log.append(&[&line]);
            said.extend(line);
            assert_eq!(log.lines_evicted(), evicted);
            let start = log.start() as usize;
            let mut expected = evicted;
            for position in start..=said.len() {
                let follows_newline = position > 0 && said[position - 1] == b'\n';
                expected += u64::from(follows_newline && position > start);
                if position % stride == 0 || position.abs_diff(said.len()) < 2 {
                    assert_eq!(log.lines_before(position as u64), expected, "at {position}");
                    let is_inside = position > 0 && !follows_newline;
                    // What precedes the first position may not be kept any more.
                    let is_known = position > start || start == 0;
                    assert_eq!(log.is_inside_line(position as u64), is_inside && is_known);
                }
            }
        }
        assert!(evicted > 3);
    }

    #[test]
    fn an_empty_log_has_nothing_to_evict() {
        assert_eq!(Log::new(8).evict_line(), None);
    }
}
