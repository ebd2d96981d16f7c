//! What a server may not have heard yet: it is sent again when the connection has ended.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use memchr::{memchr, memrchr};

/// Lines as they go over the wire, counted in bytes, each kept until the server has heard it.
#[derive(Default)]
pub(super) struct Unheard {
    /// Lines, each with its newline.
    bytes: Vec<u8>,
    /// What each of them is. An empty line of the user's stands here alone: it is never sent.
    kinds: VecDeque<Kind>,
    /// How many bytes were heard and are forgotten.
    forgotten: u64,
    /// How many of `bytes` the server has heard.
    heard: usize,
    /// How many of `bytes` are sent; never fewer than are heard.
    sent: usize,
    /// How many of `bytes`, and of `kinds`, are shown.
    shown: Passed,
    /// Where the last of the lines ended that are forgotten and were shown: [`MOST_ENDS`] at the most.
    ends: VecDeque<u64>,
}

/// Lines that are heard of which it is known where they ended. More than that no room loses.
const MOST_ENDS: usize = 1_000;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The user has entered it, and it is said as it is.
    Plain,
    /// The user has entered it, and it is said, of an escape what stands behind the first slash.
    Said,
    /// The user has entered it, and it is a command.
    Command,
    /// The user has entered it, and it is empty.
    Empty,
    /// It is the program's own.
    Program,
}

/// Whole lines, from the first one on.
#[derive(Clone, Copy, Default)]
struct Passed {
    bytes: usize,
    lines: usize,
}

impl Unheard {
    /// Adds a line, given without its newline, which holds none.
    pub(super) fn push(&mut self, kind: Kind, line: &[u8]) {
        debug_assert_eq!(kind == Kind::Empty, line.is_empty(), "only an empty line is");
        self.kinds.push_back(kind);
        if kind != Kind::Empty {
            self.bytes.extend_from_slice(line);
            self.bytes.push(b'\n');
        }
    }

    /// The bytes that are not heard.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.heard
    }

    /// What is to be sent.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// So many bytes more are sent.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        assert!(self.sent <= self.bytes.len(), "more is sent than was lent");
    }

    /// The server has heard so many bytes in all. It cannot have heard what was not sent, nor have
    /// forgotten what it had heard.
    pub(super) fn hear(&mut self, total: u64) {
        let heard = usize::try_from(total.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
        self.heard = heard.clamp(self.heard, self.sent);
    }

    /// The connection is another one, and the server has heard so many bytes in all: what comes behind them is
    /// to be sent again. Returns how many lines that were shown are lost, as another server had heard them, and
    /// is gone with them.
    pub(super) fn resume(&mut self, total: u64) -> usize {
        if total >= self.forgotten {
            let heard = usize::try_from(total - self.forgotten).unwrap_or(usize::MAX);
            self.heard = heard.min(self.sent);
            self.sent = self.heard;
            return 0;
        }
        let before = self.ends.len();
        self.ends.retain(|&end| end <= total);
        (self.forgotten, self.heard, self.sent) = (total, 0, 0);
        // The server may have a part of a line that is lost: that ends here.
        self.bytes.insert(0, b'\n');
        self.kinds.push_front(Kind::Program);
        self.shown = Passed { bytes: self.shown.bytes + 1, lines: self.shown.lines + 1 };
        before - self.ends.len()
    }

    /// Lines have other numbers than it thought: what it was to say again of how many it has got is not said.
    pub(super) fn forget_got(&mut self) {
        let (mut at, mut index) = (0, 0);
        while let Some(&kind) = self.kinds.get(index) {
            let rest = &self.bytes[at..];
            let length = match kind {
                Kind::Empty => 0,
                _ => memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1),
            };
            if kind == Kind::Program && at >= self.sent && rest.starts_with(b"/got ") {
                self.bytes.drain(at..at + length);
                self.kinds.remove(index);
                if index < self.shown.lines {
                    self.shown.bytes -= length;
                    self.shown.lines -= 1;
                }
            } else {
                at += length;
                index += 1;
            }
        }
    }

    /// The server tells nothing of what it hears: what is sent counts as heard, line by line.
    pub(super) fn take_sent_for_heard(&mut self) {
        let sent = &self.bytes[..self.sent];
        self.heard = memrchr(b'\n', sent).map_or(0, |newline| newline + 1).max(self.heard);
    }

    /// Calls `show` for each line, without its newline, that is sent and was not shown before.
    pub(super) fn show_sent(&mut self, show: &mut dyn FnMut(Kind, &[u8])) {
        self.show(self.sent, show);
    }

    /// Calls `show` for each that is heard and was not.
    pub(super) fn show_heard(&mut self, show: &mut dyn FnMut(Kind, &[u8])) {
        self.show(self.heard, show);
    }

    /// Forgets the lines that are heard and shown.
    pub(super) fn forget_heard(&mut self) {
        let end = Passed { bytes: self.heard.min(self.shown.bytes), ..self.shown };
        let (mut at, mut ends) = (self.forgotten, mem::take(&mut self.ends));
        let heard = self.pass(Passed::default(), end, &mut |kind, line| {
            if kind != Kind::Empty {
                at += line.len() as u64 + 1;
            }
            if matches!(kind, Kind::Plain | Kind::Said) {
                ends.push_back(at);
            }
        });
        ends.drain(..ends.len().saturating_sub(MOST_ENDS));
        self.ends = ends;
        self.bytes.drain(..heard.bytes);
        self.kinds.drain(..heard.lines);
        self.forgotten += heard.bytes as u64;
        self.heard -= heard.bytes;
        self.sent -= heard.bytes;
        self.shown.bytes -= heard.bytes;
        self.shown.lines -= heard.lines;
    }

    /// The lines of the user's that the server has not heard whole, as they were entered, or as they
    /// would be to the same effect.
    pub(super) fn users(&self) -> impl Iterator<Item = &[u8]> {
        self.users_after(self.heard)
    }

    /// Those that are not sent whole.
    pub(super) fn users_unsent(&self) -> impl Iterator<Item = &[u8]> {
        self.users_after(self.sent)
    }

    /// Those that are not shown.
    pub(super) fn users_unshown(&self) -> impl Iterator<Item = &[u8]> {
        self.users_after(self.shown.bytes)
    }

    fn users_after(&self, passed: usize) -> impl Iterator<Item = &[u8]> {
        let mut at = 0;
        let lines = self.kinds.iter().filter(|&&kind| kind != Kind::Empty).map(move |&kind| {
            let rest = &self.bytes[at..];
            let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
            at += line.len() + 1;
            (kind, line, at)
        });
        let after = lines.filter(move |&(kind, _, end)| kind != Kind::Program && end > passed);
        after.map(|(_, line, _)| line)
    }

    fn show(&mut self, bytes: usize, show: &mut dyn FnMut(Kind, &[u8])) {
        let end = Passed { bytes, lines: self.kinds.len() };
        self.shown = self.pass(self.shown, end, show);
    }

    /// Calls `pass` for each whole line between `from` and `end`. Returns where they end.
    fn pass(&self, from: Passed, end: Passed, pass: &mut dyn FnMut(Kind, &[u8])) -> Passed {
        let mut passed = from;
        for &kind in self.kinds.range(from.lines..end.lines) {
            let rest = self.bytes.get(passed.bytes..end.bytes).unwrap_or_default();
            let length = match (kind, memchr(b'\n', rest)) {
                (Kind::Empty, _) => 0,
                (_, Some(newline)) => newline + 1,
                (_, None) => break,
            };
            pass(kind, &rest[..length.saturating_sub(1)]);
            passed.bytes += length;
            passed.lines += 1;
        }
        passed
    }
}
