//! A message whose end has not come yet: decoded, cleaned, and cut where it grows too long.

use alloc::string::String;
use core::mem;

use unicode_segmentation::GraphemeCursor;

use crate::cleaning::{push_clean, shown};

/// Takes the pieces of a message.
pub(crate) type Deliver<'a> = dyn FnMut(&str) + 'a;

/// Bytes that are decoded before the text is cut again: bounds how far it outgrows its limit.
const STEP: usize = 1024;

/// The text of a message so far. Empty, it holds no memory.
#[derive(Default)]
pub(crate) struct Partial {
    /// Clean, and not longer than the limit between two calls.
    text: String,
    tail: Tail,
}

/// Bytes whose meaning the next byte decides: the start of a UTF-8 sequence, or a `\r`.
#[derive(Default)]
struct Tail {
    bytes: [u8; 4],
    len: u8,
}

impl Partial {
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.tail.len == 0
    }

    /// Takes more of the message, which holds no newline. Whenever the text is longer than `limit`
    /// bytes its first piece is delivered.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize, deliver: &mut Deliver<'_>) {
        for step in bytes.chunks(STEP) {
            let rest = self.complete_tail(step);
            self.decode(rest);
            self.cut(limit, deliver);
        }
    }

    /// The message ended with a newline: a `\r` before it is dropped.
    pub(crate) fn end_with_newline(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        if self.tail.as_bytes() == b"\r" {
            self.tail.clear();
        }
        self.end(limit, deliver);
    }

    /// The message ended without a newline.
    pub(crate) fn end(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        if self.tail.len > 0 {
            self.give_up_tail();
            self.cut(limit, deliver);
        }
        deliver(&mem::take(&mut self.text));
    }

    /// Completes what the tail began; gives the bytes that come after it.
    fn complete_tail<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while let ([byte, after @ ..], 1..) = (rest, self.tail.len) {
            if self.tail.as_bytes() == b"\r" {
                self.give_up_tail();
                break;
            }
            self.tail.push(*byte);
            match core::str::from_utf8(self.tail.as_bytes()) {
                Ok(character) => {
                    push_clean(character, &mut self.text);
                    self.tail.clear();
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    // This byte breaks the sequence and is not part of it.
                    self.tail.clear();
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    break;
                }
            }
            rest = after;
        }
        rest
    }

    /// Appends what can be decoded; what the next byte decides becomes the tail.
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
                    let valid = core::str::from_utf8(valid).unwrap_or_default();
                    (valid, after, error.error_len().unwrap_or(0))
                }
            };
            if bad > 0 {
                push_clean(valid, &mut self.text);
                self.text.push(char::REPLACEMENT_CHARACTER);
            } else if let (Some(before), []) = (valid.strip_suffix('\r'), after) {
                push_clean(before, &mut self.text);
                self.tail.push(b'\r');
            } else {
                push_clean(valid, &mut self.text);
                after.iter().for_each(|&byte| self.tail.push(byte));
            }
            rest = if bad > 0 { &after[bad..] } else { &[] };
        }
    }

    /// What the tail began goes on otherwise, or not at all.
    fn give_up_tail(&mut self) {
        let stand_in =
            if self.tail.as_bytes() == b"\r" { shown('\r') } else { char::REPLACEMENT_CHARACTER };
        self.text.push(stand_in);
        self.tail.clear();
    }

    fn cut(&mut self, limit: usize, deliver: &mut Deliver<'_>) {
        while self.text.len() > limit {
            let at = cut_at(&self.text, limit);
            deliver(&self.text[..at]);
            self.text.drain(..at);
        }
    }
}

impl Tail {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// At most four bytes come together: with the fourth a sequence is complete or broken.
    fn push(&mut self, byte: u8) {
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
        let mut deliver = |text: &str| pieces.push(text.to_string());
        let mut partial = Partial::default();
        for chunk in chunks {
            partial.push(chunk, LIMIT, &mut deliver);
        }
        partial.end_with_newline(LIMIT, &mut deliver);
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
