//! A job: lines that were said, on their way into the file.

use std::fs::File;
use std::sync::Arc;

use chat_core::Wall;

use super::stamp;

/// Most bytes that are said in one job. So many leave the log before they are written; the longest
/// line is shorter.
pub(super) const CHUNK: usize = 256 * 1024;

/// What the pen is given to write, and gives back.
#[derive(Default)]
pub(super) struct Job {
    /// Lines as they were said, each with its newline.
    said: Vec<u8>,
    /// From where on in them which second it was.
    times: Vec<(usize, Wall)>,
    /// The same lines with their times, once that is made.
    pub(super) lines: Vec<u8>,
    /// How many bytes of those are written.
    pub(super) count: usize,
    /// Whether the file is to be opened anew before that.
    pub(super) reopens: bool,
    /// Whether it is to be on its disk after that.
    pub(super) syncs: bool,
    /// The file that was written to.
    pub(super) file: Option<Arc<File>>,
}

impl Job {
    /// An empty job, with this one's memory.
    pub(super) fn emptied(mut self) -> Self {
        self.said.clear();
        self.times.clear();
        self.lines.clear();
        Self { said: self.said, times: self.times, lines: self.lines, ..Self::default() }
    }

    /// How many bytes are said.
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// Adds whole lines of what is said at one time, as many as there is space for. Returns how many
    /// bytes that are.
    pub(super) fn add(&mut self, wall: Wall, slices: &[&[u8]]) -> usize {
        let before = self.said.len();
        for slice in slices {
            let length = slice.len().min(CHUNK - self.said.len());
            self.said.extend_from_slice(&slice[..length]);
        }
        let end = self.said.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        // A line that does not end yet is taken only if nothing is before it.
        if end > 0 {
            self.said.truncate(end);
        }
        if self.times.last().is_none_or(|&(_, last)| last != wall) {
            self.times.push((before, wall));
        }
        self.said.len() - before
    }

    /// Adds one line, given without its newline, however much there is already.
    pub(super) fn push(&mut self, wall: Wall, line: &[u8]) {
        if self.times.last().is_none_or(|&(_, last)| last != wall) {
            self.times.push((self.said.len(), wall));
        }
        self.said.extend_from_slice(line);
        self.said.push(b'\n');
    }

    /// How many lines are to be written.
    pub(super) fn count_lines(&self) -> usize {
        newlines(&self.said)
    }

    /// Puts the time before each line, unless that is done.
    pub(super) fn stamp(&mut self) {
        if !self.lines.is_empty() {
            return;
        }
        let mut ends = self.times.iter().skip(1).map(|&(start, _)| start);
        for &(start, wall) in &self.times {
            let end = ends.next().unwrap_or(self.said.len());
            let mut before = Vec::with_capacity(stamp::LENGTH);
            stamp::push(wall, &mut before);
            for line in self.said[start..end].split_inclusive(|&byte| byte == b'\n') {
                self.lines.extend_from_slice(&before);
                self.lines.extend_from_slice(line);
            }
        }
    }
}

pub(super) fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Wall = Wall { unix_seconds: 1_795_582_927, offset_seconds: 9 * 60 * 60 };
    const LATER: Wall = Wall { unix_seconds: NOON.unix_seconds + 1, ..NOON };

    #[test]
    fn each_line_gets_the_time_at_which_it_was_said() {
        let mut job = Job::default();
        job.add(NOON, &["[지민] 안".as_bytes(), "녕\n".as_bytes()]);
        job.add(NOON, &[b"[a] b\n"]);
        job.add(LATER, &[b"[a] c\n"]);
        job.stamp();
        assert_eq!(
            String::from_utf8(job.lines).unwrap(),
            "2026-11-25T14:02:07+09:00 [지민] 안녕\n\
             2026-11-25T14:02:07+09:00 [a] b\n\
             2026-11-25T14:02:08+09:00 [a] c\n"
        );
    }

    #[test]
    fn a_job_is_of_whole_lines() {
        let mut job = Job::default();
        let line = [b"x".repeat(99).as_slice(), b"\n"].concat();
        let many = line.repeat(2 * CHUNK / line.len());
        let most = CHUNK / line.len() * line.len();
        assert_eq!(job.add(NOON, &[&many]), most);
        assert_eq!(job.add(LATER, &[&many]), 0);
        assert_eq!(job.count_lines(), CHUNK / line.len());
        let job = job.emptied();
        assert!(job.is_empty());
    }
}
