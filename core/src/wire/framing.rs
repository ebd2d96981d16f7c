//! Framing: where the messages of a peer end (protocol.md, "Messages").

use core::mem;
use core::time::Duration;

use memchr::{memchr, memchr_iter, memrchr};

use super::cleaning::{as_clean_text, as_plain_lines};
use super::partial::{Deliver, Partial, Piece, Tail};
use crate::limits::LONGEST_MESSAGE;
use crate::time::Instant;

/// What ends the messages of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Framing {
    /// No message has ended: a newline or a silence will decide.
    #[default]
    Undecided,
    /// Newlines alone.
    Framed,
    /// Newlines and silences, as with the original program, which sends no newlines.
    Unframed,
}

/// Turns what one peer sends into messages.
///
/// Each method that may end a message gives its pieces to `deliver`: clean text of at most `limit`
/// bytes, empty only if the whole message was.
#[derive(Default)]
pub(crate) struct Framer {
    framing: Framing,
    /// Whether a newline of an unframed peer leaves it unframed.
    stays_unframed: bool,
    /// Whether plain lines that come together are one text, with a newline between each two.
    in_blocks: bool,
    partial: Partial,
    /// Whether a line has come that was not UTF-8 and ended with `\r\n`.
    has_damaged_line: bool,
    /// When the oldest byte of `partial` came.
    began: Instant,
    /// When its newest byte came.
    heard: Instant,
}

impl Framer {
    /// For a peer whose messages all end with newlines.
    pub(crate) fn framed() -> Self {
        Self { framing: Framing::Framed, ..Self::default() }
    }

    /// For a server: its first message shows once and for all which of the two kinds it is.
    pub(crate) fn of_server() -> Self {
        Self { stays_unframed: true, ..Self::default() }
    }

    /// Has plain lines that come together delivered together, for whom it does not matter where
    /// each of them ends.
    pub(crate) fn in_blocks(self) -> Self {
        Self { in_blocks: true, ..self }
    }

    pub(crate) fn is_undecided(&self) -> bool {
        self.framing == Framing::Undecided
    }

    pub(crate) fn is_framed(&self) -> bool {
        self.framing == Framing::Framed
    }

    pub(crate) fn is_unframed(&self) -> bool {
        self.framing == Framing::Unframed
    }

    /// The peer frames after all.
    pub(crate) fn frame(&mut self) {
        self.framing = Framing::Framed;
    }

    /// The text so far of the message that has not ended.
    pub(crate) fn unended(&self) -> &str {
        self.partial.text()
    }

    /// Whether a message has begun and not ended.
    pub(crate) fn has_begun(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Returns whether a line has come, since this was last asked, that was not UTF-8 and ended with
    /// `\r\n`.
    pub(crate) fn take_damaged_line(&mut self) -> bool {
        mem::take(&mut self.has_damaged_line)
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
            let begins = self.partial.is_empty();
            if self.partial.push(rest, limit, deliver) || begins {
                self.began = now;
            }
            self.heard = now;
        }
    }

    /// When a silence that goes on ends the message; `None` if none would: of a framed peer, while
    /// nothing has begun, or inside a character.
    ///
    /// `silence` after its newest byte, or [`LONGEST_MESSAGE`] after its oldest one. After a `\r`
    /// only the latter: the newline that belongs to it may be on its way.
    pub(crate) fn silent_at(&self, silence: Duration) -> Option<Instant> {
        if self.is_framed() || self.partial.is_empty() {
            return None;
        }
        let (paused, too_long) = (self.heard + silence, self.began + LONGEST_MESSAGE);
        match self.partial.tail() {
            Tail::CharacterBegun => None,
            Tail::Return => Some(paused.max(too_long)),
            Tail::Nothing => Some(paused.min(too_long)),
        }
    }

    /// Nobody listened until `now`, so the time before then was no silence.
    pub(crate) fn was_not_heard_until(&mut self, now: Instant) {
        self.heard = now;
        self.began = now;
    }

    /// The silence that ends a message has passed, or a read that is one message.
    pub(crate) fn end_by_silence(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        if self.framing == Framing::Undecided {
            self.framing = Framing::Unframed;
        }
        self.partial.end(limit, deliver);
    }

    /// Whether the message so far ends inside a character.
    pub(crate) fn is_inside_character(&self) -> bool {
        self.partial.tail() == Tail::CharacterBegun
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
            return deliver(block, Piece::Whole);
        }
        let mut at = 0;
        for newline in memchr_iter(b'\n', lines) {
            match plain.and_then(|text| text.get(at..newline)).filter(|line| line.len() <= limit) {
                Some(line) => deliver(line, Piece::Whole),
                None => self.end_line(&lines[at..newline], limit, deliver),
            }
            at = newline + 1;
        }
    }

    /// `end` is what stands between the bytes taken so far and a newline.
    fn end_line(&mut self, end: &[u8], limit: usize, deliver: &mut Deliver<'_>) {
        if self.framing == Framing::Undecided || !self.stays_unframed {
            self.framing = Framing::Framed;
        }
        if self.partial.is_empty() {
            let line = end.strip_suffix(b"\r").unwrap_or(end);
            if let Some(text) = as_clean_text(line).filter(|text| text.len() <= limit) {
                return deliver(text, Piece::Whole);
            }
        }
        self.partial.push(end, limit, deliver);
        let has_return = self.partial.tail() == Tail::Return;
        self.has_damaged_line |= has_return && self.partial.is_damaged();
        self.partial.end(limit, deliver);
    }
}
