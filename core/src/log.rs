//! The log: one ring of bytes that holds the last of what was said, for everybody.

use alloc::boxed::Box;
use alloc::vec;
use core::ops::Range;

use memchr::{memchr, memchr_iter};

/// A ring of lines. Positions count all bytes ever said, so they only grow and never wrap.
///
/// Each line ends with the only newline in it; what is kept starts at a line's start.
pub(crate) struct Log {
    ring: Box<[u8]>,
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
        Self { ring: vec![0; capacity].into(), start: 0, end: 0, lines_evicted: 0, lines: 0 }
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

    /// Lines that end before `position`, which is kept, given that `known_lines` end before
    /// `known`, kept too and not after it. The work is that of counting the shorter way.
    pub(crate) fn lines_before(&self, position: u64, known: u64, known_lines: u64) -> u64 {
        if position - known <= self.end - position {
            known_lines + self.newlines(known..position)
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

    #[test]
    fn counts_lines_from_either_side() {
        let mut log = Log::new(64);
        for line in ["one\n", "two\n", "three\n", "\n", "five\n"] {
            log.append(&[line.as_bytes()]);
        }
        let all = text(&log);
        for position in 0..=log.end() {
            let expected = all[..position as usize].matches('\n').count() as u64;
            assert_eq!(log.lines_before(position, 0, 0), expected);
            let inside = position > 0 && all.as_bytes()[position as usize - 1] != b'\n';
            assert_eq!(log.is_inside_line(position), inside);
        }
    }

    #[test]
    fn an_empty_log_has_nothing_to_evict() {
        assert_eq!(Log::new(8).evict_line(), None);
    }
}
