//! A message whose end has not come yet: decoded, cleaned, and cut where it grows too long.

use alloc::string::String;
use core::mem;

use unicode_segmentation::GraphemeCursor;

use super::cleaning::{push_clean, shown};

/// Takes the pieces of a message.
pub(crate) type Deliver<'a> = dyn FnMut(&str, Piece) + 'a;

/// What a piece is of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// All of it.
    Whole,
    /// The first of several.
    First,
    /// One of several.
    Middle,
    /// The last of several.
    Last,
}

/// Bytes that are decoded before the text is cut again: bounds how far it outgrows its limit.
const STEP: usize = 1024;

/// The text of a message so far. Empty, it holds no memory.
#[derive(Default)]
pub(crate) struct Partial {
    /// Clean, and not longer than the limit between two calls.
    text: String,
    undecided: Undecided,
    /// Whether anything in the message so far was not UTF-8.
    is_damaged: bool,
    /// Whether a piece of the message was delivered.
    is_cut: bool,
}

/// Bytes whose meaning the next byte decides: the start of a UTF-8 sequence, a `\r`, or the `\r\0`
/// that some telnet clients send for it (RFC 854).
#[derive(Default)]
struct Undecided {
    bytes: [u8; 4],
    len: u8,
}

/// How the message so far ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// With nothing that the next byte could change.
    Nothing,
    /// With a `\r`, after which a newline may come.
    Return,
    /// With the beginning of a character.
    CharacterBegun,
}

impl Partial {
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.undecided.len == 0
    }

    /// The text so far, without what the next byte decides.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether anything in it was not UTF-8.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    pub(crate) fn tail(&self) -> Tail {
        match self.undecided.as_bytes() {
            b"" | b"\r\0" => Tail::Nothing,
            b"\r" => Tail::Return,
            _ => Tail::CharacterBegun,
        }
    }

    /// Takes more of the message, which holds no newline. Whenever the text is longer than `limit`
    /// bytes its first piece is delivered. Returns whether one was.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize, deliver: &mut Deliver<'_>) -> bool {
        let mut is_cut = false;
        for step in bytes.chunks(STEP) {
            let rest = self.decide(step);
            self.decode(rest);
            is_cut |= self.cut(limit, deliver);
        }
        is_cut
    }

    /// The message has ended: a `\r`, or `\r\0`, at its end is dropped.
    pub(crate) fn end(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        if self.tail() == Tail::CharacterBegun {
            self.push_replacement();
            self.cut(limit, deliver);
        }
        self.undecided.clear();
        self.is_damaged = false;
        let piece = if mem::take(&mut self.is_cut) { Piece::Last } else { Piece::Whole };
        deliver(&mem::take(&mut self.text), piece);
    }

    /// Decides what the bytes before began. Returns the bytes that come after it.
    fn decide<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while let ([byte, after @ ..], 1..) = (rest, self.undecided.len) {
            match (self.undecided.as_bytes(), byte) {
                (b"\r", b'\0') => self.undecided.push(*byte),
                (b"\r" | b"\r\0", _) => {
                    // The message goes on, so they were part of it.
                    self.text.extend(self.undecided.as_bytes().iter().map(|&b| shown(b.into())));
                    self.undecided.clear();
                    break;
                }
                _ => {
                    if !self.complete_character(*byte) {
                        break;
                    }
                }
            }
            rest = after;
        }
        rest
    }

    /// Adds a byte to the character that has begun. Returns whether it belonged to it.
    fn complete_character(&mut self, byte: u8) -> bool {
        self.undecided.push(byte);
        match core::str::from_utf8(self.undecided.as_bytes()) {
            Ok(character) => {
                push_clean(character, &mut self.text);
                self.undecided.clear();
                true
            }
            Err(error) if error.error_len().is_none() => true,
            Err(_) => {
                // This byte breaks the sequence and is not part of it.
                self.undecided.clear();
                self.push_replacement();
                false
            }
        }
    }

    /// Appends what can be decoded; what the next byte decides is kept.
    ///
    /// A bad sequence is the longest one that could have begun a character (Unicode, "U+FFFD
    /// Substitution of Maximal Subparts"), so the same bytes give the same text however they come.
    fn decode(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (valid, after, bad) = match core::str::from_utf8(rest) {
                Ok(text) => (text, &rest[rest.len()..], 0),
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    let valid = core::str::from_utf8(valid);
                    let valid = valid.unwrap_or_else(|_| unreachable!("it is valid up to there"));
                    (valid, after, error.error_len().unwrap_or(0))
                }
            };
            if bad > 0 {
                push_clean(valid, &mut self.text);
                self.push_replacement();
            } else {
                let end = if after.is_empty() { return_at_end(valid) } else { "" };
                push_clean(&valid[..valid.len() - end.len()], &mut self.text);
                end.bytes().chain(after.iter().copied()).for_each(|b| self.undecided.push(b));
            }
            rest = if bad > 0 { &after[bad..] } else { &[] };
        }
    }

    /// Appends what stands for bytes that are not UTF-8.
    fn push_replacement(&mut self) {
        self.text.push(char::REPLACEMENT_CHARACTER);
        self.is_damaged = true;
    }

    /// Delivers pieces until the rest is not too long. Returns whether there were any.
    fn cut(&mut self, limit: usize, deliver: &mut Deliver<'_>) -> bool {
        let is_too_long = self.text.len() > limit;
        while self.text.len() > limit {
            let at = cut_at(&self.text, limit);
            let is_later = mem::replace(&mut self.is_cut, true);
            deliver(&self.text[..at], if is_later { Piece::Middle } else { Piece::First });
            self.text.drain(..at);
        }
        is_too_long
    }
}

/// The `\r` or `\r\0` that `text` ends with, if any.
fn return_at_end(text: &str) -> &str {
    ["\r", "\r\0"].into_iter().find(|end| text.ends_with(end)).unwrap_or("")
}

impl Undecided {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// At most four bytes come together: with the fourth a sequence is complete or broken.
    fn push(&mut self, byte: u8) {
        debug_assert!(usize::from(self.len) < self.bytes.len(), "a sequence of more than four");
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }

    fn clear(&mut self) {
        self.len = 0;
    }
}

/// Where the first piece of `text`, which is longer than `limit`, ends: at the last boundary
/// between graphemes within the limit, or between characters if the first grapheme is longer.
///
/// Whether a place is such a boundary depends on what stands before it and on the one character
/// after it, all of which is there, so more text to come would not change the answer.
fn cut_at(text: &str, limit: usize) -> usize {
    let character = text.floor_char_boundary(limit);
    let mut cursor = GraphemeCursor::new(character, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(true) => character,
        _ => match cursor.prev_boundary(text, 0) {
            Ok(Some(grapheme)) if grapheme > 0 => grapheme,
            _ => character,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    const LIMIT: usize = 16;

    /// The pieces of one message that ends with a newline, its bytes given in `chunks`.
    fn pieces(chunks: &[&[u8]]) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut deliver = |text: &str, _| pieces.push(text.to_string());
        let mut partial = Partial::default();
        for chunk in chunks {
            partial.push(chunk, LIMIT, &mut deliver);
        }
        partial.end(LIMIT, &mut deliver);
        assert!(partial.is_empty());
        pieces
    }

    #[test]
    fn a_character_split_over_reads_is_whole() {
        let text = "a한é😀";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let bytes = text.as_bytes();
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(pieces(&chunks), [text]);
            }
        }
    }

    #[test]
    fn each_bad_sequence_is_one_replacement() {
        assert_eq!(pieces(&[b"a\xffb"]), ["a\u{fffd}b"]);
        assert_eq!(pieces(&[b"\xed\x95"]), ["\u{fffd}"], "the start of a character, then the end");
        assert_eq!(pieces(&[b"\xed\x95", b"x"]), ["\u{fffd}x"]);
        assert_eq!(pieces(&[b"\xed", b"\xff"]), ["\u{fffd}\u{fffd}"]);
        assert_eq!(pieces(&[b"\xed\xa0\x80"]), ["\u{fffd}\u{fffd}\u{fffd}"], "a surrogate");
    }

    #[test]
    fn replacements_are_those_of_std_however_the_bytes_come() {
        let bytes = b"\xf0\x9f\x98\xe2\x82\xc3(\xf0\x9f\x98\x80\xc0\x80";
        let expected = String::from_utf8_lossy(bytes);
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(pieces(&[first, second]).concat(), expected);
        }
    }

    #[test]
    fn only_the_last_carriage_return_is_dropped() {
        assert_eq!(pieces(&[b"a\r"]), ["a"]);
        assert_eq!(pieces(&[b"a\r", b"\r"]), ["a␍"]);
        assert_eq!(pieces(&[b"a\r", b"b"]), ["a␍b"]);
        assert_eq!(pieces(&[b"\r"]), [""]);
        for chunks in [&[b"a\r\0".as_slice()][..], &[b"a\r", b"\0"], &[b"a", b"\r", b"\0"]] {
            assert_eq!(pieces(chunks), ["a"], "telnet's way of sending it");
        }
        assert_eq!(pieces(&[b"a\r\0b"]), ["a␍␀b"]);
        assert_eq!(pieces(&[b"a\r\0", b"\0"]), ["a␍␀␀"]);
    }

    #[test]
    fn the_limit_at_its_edges() {
        assert_eq!(pieces(&[&[b'x'; LIMIT - 1]]), ["x".repeat(LIMIT - 1)]);
        assert_eq!(pieces(&[&[b'x'; LIMIT]]), ["x".repeat(LIMIT)]);
        assert_eq!(pieces(&[&[b'x'; LIMIT], b"\r"]), ["x".repeat(LIMIT)]);
        assert_eq!(pieces(&[&[b'x'; LIMIT + 1]]), ["x".repeat(LIMIT).as_str(), "x"]);
    }

    #[test]
    fn a_cut_falls_between_graphemes() {
        let jamo = "\u{1112}\u{1161}\u{11ab}"; // one syllable of 9 bytes
        let text = ["1234567", jamo, "8"].concat();
        assert_eq!(pieces(&[text.as_bytes()]), [["1234567", jamo].concat().as_str(), "8"]);
        let text = ["12345678", jamo].concat();
        assert_eq!(pieces(&[text.as_bytes()]), ["12345678", jamo]);
    }

    #[test]
    fn a_grapheme_over_the_limit_is_cut_between_characters() {
        let marks = ["e", &"\u{301}".repeat(10)].concat();
        let expected = [["e", &"\u{301}".repeat(7)].concat(), "\u{301}".repeat(3)];
        assert_eq!(pieces(&[marks.as_bytes()]), expected);
    }
}
