//! Framing: where the messages of a peer end (spec: "On the wire").

use memchr::{memchr, memchr_iter, memrchr};

use crate::cleaning::{as_clean_text, as_plain_lines};
use crate::partial::{Deliver, Partial};
use crate::time::Instant;

/// What ends the messages of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Framing {
    /// Its first message has not ended: a newline or a silence will decide.
    #[default]
    Undecided,
    /// Newlines alone.
    Framed,
    /// Newlines and silences, as with the original program, which sends no terminators.
    Unframed,
}

/// Turns what one peer sends into messages.
///
/// Each method that may end a message gives its pieces to `deliver`: clean text of at most `limit`
/// bytes, empty only if the whole message was.
#[derive(Default)]
pub(crate) struct Framer {
    framing: Framing,
    /// Whether plain lines that come together are one text, with a newline between each two.
    in_blocks: bool,
    partial: Partial,
    /// When the newest byte of `partial` came.
    heard: Instant,
}

impl Framer {
    /// For a peer whose messages all end with newlines.
    pub(crate) fn framed() -> Self {
        Self { framing: Framing::Framed, ..Self::default() }
    }

    /// Has plain lines that come together delivered together, for whom it does not matter where
    /// each of them ends.
    pub(crate) fn in_blocks(self) -> Self {
        Self { in_blocks: true, ..self }
    }

    pub(crate) fn is_undecided(&self) -> bool {
        self.framing == Framing::Undecided
    }

    pub(crate) fn is_unframed(&self) -> bool {
        self.framing == Framing::Unframed
    }

    /// Takes bytes as they came.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        bytes: &[u8],
        limit: usize,
        deliver: &mut Deliver<'_>,
    ) {
        let mut rest = bytes;
        if let Some(newline) = memchr(b'\n', rest) {
            // Only the first line can have begun before.
            self.end_line(&rest[..newline], limit, deliver);
            rest = &rest[newline + 1..];
        }
        let (lines, rest) = rest.split_at(memrchr(b'\n', rest).map_or(0, |last| last + 1));
        self.end_lines(lines, limit, deliver);
        if !rest.is_empty() {
            self.partial.push(rest, limit, deliver);
            self.heard = now;
        }
    }

    /// Since when a message waits for a silence to end it; `None` if a silence would end none.
    pub(crate) fn silent_since(&self) -> Option<Instant> {
        (self.framing != Framing::Framed && !self.partial.is_empty()).then_some(self.heard)
    }

    /// Nobody listened until `now`, so what came before then was no silence.
    pub(crate) fn was_not_heard_until(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The silence that ends a message has passed.
    pub(crate) fn end_by_silence(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        if self.framing == Framing::Undecided {
            self.framing = Framing::Unframed;
        }
        self.partial.end(limit, deliver);
    }

    /// The peer sends no more: what it left unended is a message too.
    pub(crate) fn end_of_stream(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        if !self.partial.is_empty() {
            self.partial.end(limit, deliver);
        }
    }

    /// Takes whole lines, while none has begun.
    fn end_lines(&mut self, lines: &[u8], limit: usize, deliver: &mut Deliver<'_>) {
        let plain = as_plain_lines(lines);
        let block = plain.and_then(|text| text.strip_suffix('\n'));
        if let Some(block) = block.filter(|text| self.in_blocks && text.len() <= limit) {
            return deliver(block);
        }
        let mut at = 0;
        for newline in memchr_iter(b'\n', lines) {
            match plain.and_then(|text| text.get(at..newline)).filter(|line| line.len() <= limit) {
                Some(line) => deliver(line),
                None => self.end_line(&lines[at..newline], limit, deliver),
            }
            at = newline + 1;
        }
    }

    /// `end` is what stands between the bytes taken so far and a newline.
    fn end_line(&mut self, end: &[u8], limit: usize, deliver: &mut Deliver<'_>) {
        if self.framing == Framing::Undecided {
            self.framing = Framing::Framed;
        }
        if self.partial.is_empty() {
            let line = end.strip_suffix(b"\r").unwrap_or(end);
            if let Some(text) = as_clean_text(line).filter(|text| text.len() <= limit) {
                return deliver(text);
            }
        }
        self.partial.push(end, limit, deliver);
        self.partial.end_with_newline(limit, deliver);
    }
}
