//! What the user typed, on its way to the server.

use alloc::vec::Vec;

use memchr::{memchr, memchr_iter, memmem, memrchr};

/// What the user typed and is not sent yet: lines, each with its newline.
#[derive(Default)]
pub(super) struct Outbox {
    lines: Vec<u8>,
    /// Bytes of `lines` that are sent and shown: whole lines.
    done: usize,
    /// Bytes of `lines` that are sent.
    sent: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, lines: &str) {
        self.lines.extend_from_slice(lines.as_bytes());
        self.lines.push(b'\n');
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done == self.lines.len()
    }

    /// Bytes that are not sent.
    pub(super) fn len(&self) -> usize {
        self.lines.len() - self.sent
    }

    /// The lines that are not sent whole.
    pub(super) fn unsent_lines(&self) -> &[u8] {
        &self.lines[self.done..]
    }

    fn unsent(&self) -> &[u8] {
        &self.lines[self.sent..]
    }

    /// What is unsent up to an empty line, which is never sent.
    pub(super) fn lines(&self) -> &[u8] {
        let unsent = self.unsent();
        let end = memmem::find(unsent, b"\n\n").map_or(unsent.len(), |at| at + 1);
        &unsent[..end]
    }

    /// What is unsent of the first message, without its newline.
    pub(super) fn message(&self) -> &[u8] {
        let unsent = self.unsent();
        &unsent[..memchr(b'\n', unsent).unwrap_or(unsent.len())]
    }

    /// So many bytes more are sent.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        assert!(self.sent <= self.lines.len(), "more is sent than was lent");
    }

    /// Passes a message's newline if all before it is sent. Returns whether that was so.
    pub(super) fn end_message(&mut self) -> bool {
        let ends = self.sent > self.done && self.unsent().first() == Some(&b'\n');
        self.sent += usize::from(ends);
        ends
    }

    /// Takes the lines that are sent whole.
    pub(super) fn take_sent_lines(&mut self, take: &mut dyn FnMut(&[u8])) {
        let sent = &self.lines[self.done..self.sent];
        let whole = memrchr(b'\n', sent).map_or(0, |last| last + 1);
        let mut at = 0;
        for newline in memchr_iter(b'\n', &sent[..whole]) {
            take(&sent[at..=newline]);
            at = newline + 1;
        }
        self.done += whole;
        self.compact();
    }

    /// Takes the empty lines that come next.
    pub(super) fn take_empty_lines(&mut self, take: &mut dyn FnMut(&[u8])) {
        while self.sent == self.done && self.unsent().first() == Some(&b'\n') {
            self.sent += 1;
            self.done += 1;
            take(b"\n");
        }
        self.compact();
    }

    /// Takes all lines, without their newlines. None has begun to be sent.
    pub(super) fn take_lines(&mut self, take: &mut dyn FnMut(&[u8])) {
        debug_assert_eq!(self.done, self.sent, "the rest of a line is none");
        let mut at = self.done;
        for newline in memchr_iter(b'\n', &self.lines[self.done..]) {
            let end = self.done + newline;
            take(&self.lines[at..end]);
            at = end + 1;
        }
        self.forget();
    }

    /// A line that is sent in part is to be sent again, and `lines`, each with its newline, before
    /// it.
    pub(super) fn begin_again(&mut self, lines: &[u8]) {
        self.lines.splice(..self.done, lines.iter().copied());
        self.done = 0;
        self.sent = 0;
    }

    /// Forgets the lines that are not sent whole. Returns how many they are.
    pub(super) fn forget(&mut self) -> usize {
        let count = memchr_iter(b'\n', self.unsent_lines()).count();
        self.lines.clear();
        self.done = 0;
        self.sent = 0;
        count
    }

    /// Compacts when at least half is done: amortized O(1).
    fn compact(&mut self) {
        if self.done >= self.lines.len() - self.done {
            self.lines.drain(..self.done);
            self.sent -= self.done;
            self.done = 0;
        }
    }
}
