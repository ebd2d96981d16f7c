//! The ring: the last bytes of what was said, once for everybody.

use alloc::boxed::Box;
use alloc::vec;
use core::ops::Range;

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

/// Distance in bytes between the positions whose line number is kept: short enough to count the rest
/// in no time, so that finding a reader's line does not cost more the more it was sent.
const MARK: u64 = 1024;

/// A ring of lines. Positions count all bytes ever said, so they only grow and never wrap.
///
/// Each line ends with the only newline in it, and what is kept begins at the start of a line.
pub(super) struct Ring {
    bytes: Box<[u8]>,
    /// Lines before each position that is a multiple of [`MARK`], as a ring of those still kept.
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

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        // Either end of what is kept may lie between two marks.
        let marks = capacity / MARK as usize + 2;
        Self {
            bytes: vec![0; capacity].into(),
            marks: vec![0; marks].into(),
            start: 0,
            end: 0,
            lines_evicted: 0,
            lines: 0,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn lines_evicted(&self) -> u64 {
        self.lines_evicted
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether `length` more bytes fit without an eviction.
    pub(super) fn has_space(&self, length: usize) -> bool {
        self.end - self.start + length as u64 <= self.bytes.len() as u64
    }

    /// Appends a line, given in two parts without its newline, and returns its range.
    ///
    /// The caller has made space: see [`Ring::has_space`] and [`Ring::evict_line`].
    #[inline]
    pub(super) fn append(&mut self, label: &[u8], text: &[u8]) -> Range<u64> {
        let start = self.end;
        let length = label.len() + text.len() + 1;
        // Past this the ring would hold bytes that no line accounts for.
        assert!(self.has_space(length), "a line without space");
        let at = self.offset(start);
        if let Some(place) = self.bytes.get_mut(at..at + length) {
            let (for_label, place) = place.split_at_mut(label.len());
            for_label.copy_from_slice(label);
            let (for_text, place) = place.split_at_mut(text.len());
            for_text.copy_from_slice(text);
            place[0] = b'\n';
        } else {
            let line = label.iter().chain(text).chain(b"\n");
            let (end, start) = self.bytes.split_at_mut(at);
            start.iter_mut().chain(end).zip(line).for_each(|(place, byte)| *place = *byte);
        }
        self.end += length as u64;
        for mark in start / MARK + 1..=self.end / MARK {
            let place = self.place(mark);
            self.marks[place] = self.lines + u64::from(mark * MARK == self.end);
        }
        self.lines += 1;
        start..self.end
    }

    /// Forgets the oldest line and returns its range; `None` if the ring is empty.
    pub(super) fn evict_line(&mut self) -> Option<Range<u64>> {
        let [first, second] = self.slices(self.start..self.end);
        let newline = memchr(b'\n', first)
            .or_else(|| memchr(b'\n', second).map(|at| first.len() + at))?
            as u64;
        let line = self.start..self.start + newline + 1;
        self.start = line.end;
        self.lines_evicted += 1;
        Some(line)
    }

    /// Goes on behind so many lines, where nothing is kept any more. Whoever is at the end is behind what
    /// is kept from then on, by one position.
    pub(super) fn skip_to(&mut self, lines: u64) {
        debug_assert!(self.start == self.end && lines >= self.lines, "what is kept is skipped");
        self.end += 1;
        self.start = self.end;
        (self.lines, self.lines_evicted) = (lines, lines);
        if self.end.is_multiple_of(MARK) {
            let place = self.place(self.end / MARK);
            self.marks[place] = lines;
        }
    }

    /// Returns the bytes of a range as two slices, either of which may be empty. What is no longer
    /// kept of the range is left out.
    pub(super) fn slices(&self, range: Range<u64>) -> [&[u8]; 2] {
        let from = range.start.max(self.start);
        let to = range.end.min(self.end);
        if from >= to {
            return [&[], &[]];
        }
        let at = self.offset(from);
        // Not longer than the ring, so it fits a usize.
        let length = (to - from) as usize;
        let before_wrap = length.min(self.bytes.len() - at);
        [&self.bytes[at..at + before_wrap], &self.bytes[..length - before_wrap]]
    }

    /// Counts the lines that end before `position`, which is kept, from the nearest position whose
    /// count is known.
    pub(super) fn lines_before(&self, position: u64) -> u64 {
        debug_assert!((self.start..=self.end).contains(&position), "a position that is not kept");
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

    /// Returns the position where the last `lines` lines begin, and the lines before it; the oldest
    /// kept if there are fewer.
    pub(super) fn start_of_last(&self, lines: usize) -> (u64, u64) {
        let [first, second] = self.slices(self.start..self.end);
        let mut newlines = memrchr_iter(b'\n', second)
            .map(|at| first.len() + at)
            .chain(memrchr_iter(b'\n', first));
        // The last newline ends the last line; the one `lines` before it ends the line before ours.
        match newlines.nth(lines) {
            Some(at) => (self.start + at as u64 + 1, self.lines - lines as u64),
            None => (self.start, self.lines_evicted),
        }
    }

    /// Returns the position before which `line` lines end; `None` if it is not kept.
    pub(super) fn position_of(&self, line: u64) -> Option<u64> {
        if !(self.lines_evicted..=self.lines).contains(&line) {
            return None;
        }
        // The last mark before which fewer lines end; their numbers only grow.
        let (mut low, mut high) = (self.start / MARK + 1, self.end / MARK + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.marks[self.place(middle)] < line { low = middle + 1 } else { high = middle }
        }
        let mark = low - 1;
        let (from, lines) = match mark * MARK {
            at if at <= self.start => (self.start, self.lines_evicted),
            at => (at, self.marks[self.place(mark)]),
        };
        // As many newlines as are missing; none if it is the start of what is kept.
        let Some(last) = (line - lines).checked_sub(1) else { return Some(from) };
        let [first, second] = self.slices(from..self.end);
        let mut newlines =
            memchr_iter(b'\n', first).chain(memchr_iter(b'\n', second).map(|at| first.len() + at));
        // Lines are shorter than the ring, so it fits a usize.
        newlines.nth(usize::try_from(last).ok()?).map(|at| from + at as u64 + 1)
    }

    /// Returns where the last messages before `end`, the start of a line, are: so many of them, and none
    /// of them further than so many bytes before the end of all. Returns their range, and how many they
    /// are. What else was said between them is inside.
    pub(super) fn last_messages(&self, end: u64, most: usize, bytes: usize) -> (Range<u64>, usize) {
        let floor = self.start.max(self.end.saturating_sub(bytes as u64));
        let whole_end = end.clamp(floor, self.end);
        let [first, second] = self.slices(floor..whole_end);
        let byte_at = |at: usize| first.get(at).or_else(|| second.get(at - first.len()));
        let newlines = memrchr_iter(b'\n', second)
            .map(|at| first.len() + at)
            .chain(memrchr_iter(b'\n', first));
        let (mut range, mut count) = (whole_end..whole_end, 0);
        // Where the line that is looked at ends.
        let mut end = first.len() + second.len();
        let starts = newlines.map(|at| at + 1).skip(1).map(Some);
        // What stands at the floor is the start of a line only if that is the ring's.
        let at_floor = (floor == self.start && end > 0).then_some(Some(0));
        for start in starts.chain(at_floor).flatten() {
            if count == most {
                break;
            }
            if byte_at(start) == Some(&b'[') {
                if count == 0 {
                    range.end = floor + end as u64;
                }
                range.start = floor + start as u64;
                count += 1;
            }
            end = start;
        }
        (range, count)
    }

    /// How many messages begin in a range that begins with a line. What else is said are no messages.
    pub(super) fn messages(&self, range: Range<u64>) -> usize {
        let [first, second] = self.slices(range);
        let byte_at = |at: usize| first.get(at).or_else(|| second.get(at - first.len()));
        let newlines =
            memchr_iter(b'\n', first).chain(memchr_iter(b'\n', second).map(|at| first.len() + at));
        let starts = core::iter::once(0).chain(newlines.map(|at| at + 1));
        starts.filter(|&at| byte_at(at) == Some(&b'[')).count()
    }

    /// Whether `position`, whose preceding byte is kept, is inside a line.
    pub(super) fn is_inside_line(&self, position: u64) -> bool {
        let [before, _] = self.slices(position.saturating_sub(1)..position);
        before.first().is_some_and(|&byte| byte != b'\n')
    }

    /// Where the line begins that `position` is inside of, or what is kept if that comes later.
    pub(super) fn line_start(&self, position: u64) -> u64 {
        if position <= self.start || !self.is_inside_line(position) {
            return position.max(self.start);
        }
        let [first, second] = self.slices(self.start..position);
        let before = memrchr(b'\n', second).map(|at| first.len() + at);
        let newline = before.or_else(|| memrchr(b'\n', first));
        newline.map_or(self.start, |at| self.start + at as u64 + 1)
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
        (position % self.bytes.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn text(ring: &Ring) -> String {
        let [first, second] = ring.slices(ring.start()..ring.end());
        String::from_utf8([first, second].concat()).unwrap()
    }

    /// Every wrap position: a ring of each size is filled past several turns with lines of
    /// different lengths and compared with a list of lines.
    #[test]
    fn keeps_the_last_lines_at_every_wrap_position() {
        // Under Miri there is time for a few of them.
        let stride = if cfg!(miri) { 13 } else { 1 };
        for capacity in (8..40).step_by(stride) {
            let mut ring = Ring::new(capacity);
            let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
            for turn in 0..200_usize {
                let mut line = vec![b'a' + (turn % 26) as u8; turn * 7 % 8];
                while !ring.has_space(line.len() + 1) {
                    let evicted = ring.evict_line().unwrap();
                    assert_eq!(evicted.end - evicted.start, kept.pop_front().unwrap().len() as u64);
                }
                let (left, right) = line.split_at(line.len() / 2);
                let range = ring.append(left, right);
                line.push(b'\n');
                assert_eq!(range.end - range.start, line.len() as u64);
                kept.push_back(line);

                assert_eq!(text(&ring).into_bytes(), Vec::from(kept.clone()).concat());
                assert_eq!(ring.lines(), turn as u64 + 1);
                assert_eq!(ring.lines() - ring.lines_evicted(), kept.len() as u64);
            }
        }
    }

    /// Lines that end at a mark, next to one, and beyond several; in a ring that turns.
    #[test]
    fn counts_the_lines_before_every_position() {
        let mark = MARK as usize;
        let stride = if cfg!(miri) { 97 } else { 1 };
        let mut ring = Ring::new(4 * mark + 10);
        let (mut said, mut evicted) = (Vec::new(), 0);
        for length in [mark, mark - 1, 2, 1, 2 * mark + 7, 3, 1, mark - 10, 1, 3 * mark, mark / 3] {
            let line = [vec![b'a'; length - 1].as_slice(), b"\n"].concat();
            while !ring.has_space(length) {
                evicted += ring.evict_line().map_or(0, |_| 1);
            }
            ring.append(&line[..length - 1], b"");
            said.extend(line);
            assert_eq!(ring.lines_evicted(), evicted);
            let start = ring.start() as usize;
            let mut expected = evicted;
            for position in start..=said.len() {
                let follows_newline = position > 0 && said[position - 1] == b'\n';
                expected += u64::from(follows_newline && position > start);
                if position % stride == 0 || position.abs_diff(said.len()) < 2 {
                    assert_eq!(ring.lines_before(position as u64), expected, "at {position}");
                    let is_inside = position > 0 && !follows_newline;
                    // What precedes the first position may not be kept any more.
                    let is_known = position > start || start == 0;
                    assert_eq!(ring.is_inside_line(position as u64), is_inside && is_known);
                }
            }
        }
        assert!(evicted > 3);
    }

    /// As on a server that was there all the time.
    #[test]
    fn lines_are_numbered_alike_behind_a_skip() {
        let mark = MARK as usize;
        // The place of the skip is at a mark, or next to one.
        for before in [0, 1, mark - 2, mark - 1, mark] {
            let mut ring = Ring::new(4 * mark);
            if before > 0 {
                ring.append(&vec![b'a'; before - 1], b"");
                ring.evict_line();
            }
            let end = ring.end();
            ring.skip_to(1_000);
            assert!(ring.start() > end, "whoever has got all is behind");
            assert_eq!((ring.lines(), ring.lines_evicted()), (1_000, 1_000));
            assert_eq!(ring.position_of(1_000), Some(ring.start()));
            let mut starts = vec![ring.start()];
            for length in [1, 700, 300, mark, 1, 40] {
                ring.append(&vec![b'b'; length - 1], b"");
                starts.push(ring.end());
            }
            for (number, &start) in (1_000..).zip(&starts) {
                assert_eq!(ring.lines_before(start), number, "{before}");
                assert_eq!(ring.position_of(number), Some(start), "{before}");
            }
            assert_eq!(ring.position_of(999), None);
        }
    }

    #[test]
    fn an_empty_ring_has_nothing_to_evict() {
        assert_eq!(Ring::new(8).evict_line(), None);
    }
}
