//! What bytes are as text, one character after the other.

use unicode_segmentation::UnicodeSegmentation;

/// The text of a message, as others may see it.
pub(super) fn clean(bytes: &[u8]) -> String {
    let picture = |c: char| match c {
        '\t' | ' '..='~' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap(),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        _ => c,
    };
    String::from_utf8_lossy(bytes).chars().map(picture).collect()
}

/// Whether there is anything to see in a clean text.
pub(super) fn is_visible(text: &str) -> bool {
    text.chars()
        .any(|c| !c.is_whitespace() && !"\u{200b}\u{200d}\u{2800}\u{3164}\u{feff}".contains(c))
}

/// What ends a message that nothing follows: the half of a telnet line's end.
pub(super) fn without_return(bytes: &[u8]) -> &[u8] {
    let without = |end: &[u8]| bytes.strip_suffix(end);
    without(b"\r\0").or_else(|| without(b"\r")).unwrap_or(bytes)
}

/// The bytes whose meaning no later byte can change.
pub(super) fn decided(bytes: &[u8]) -> &[u8] {
    let before = without_return(bytes);
    &before[..before.len() - if before == bytes { character_begun(bytes) } else { 0 }]
}

/// Bytes at the end that begin a character.
pub(super) fn character_begun(bytes: &[u8]) -> usize {
    // A character has at most four bytes.
    let begins = |last: &[u8]| {
        let error = std::str::from_utf8(last).err();
        error.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    let counts = 1..=bytes.len().min(3);
    counts.into_iter().find(|count| begins(&bytes[bytes.len() - count..])).unwrap_or(0)
}

/// Where the first piece of a text ends that is longer than `limit`.
pub(super) fn cut(text: &str, limit: usize) -> usize {
    let graphemes = text.grapheme_indices(true).map(|(at, _)| at);
    graphemes
        .take_while(|&at| at <= limit)
        .last()
        .filter(|&at| at > 0)
        .unwrap_or(text.floor_char_boundary(limit))
}

/// Whether a first line is a request's, or SSH's; of one that is longer than `limit` this is a
/// piece.
pub(super) fn is_foreign(line: &str, limit: usize) -> bool {
    if let ["SSH", version, _, ..] = line.split('-').collect::<Vec<_>>()[..]
        && let [major, minor] = version.split('.').collect::<Vec<_>>()[..]
        && [major, minor].iter().all(|number| number.parse::<u32>().is_ok())
    {
        return true;
    }
    let words: Vec<&str> = line.split(' ').collect();
    let has_version =
        words.len() > 2 && ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"].contains(words.last().unwrap());
    // RFC 9110 has it the other way round: what may not be in a token.
    let is_no_method = |c: char| !c.is_ascii_graphic() || "\"(),/:;<=>?@[\\]{}".contains(c);
    let is_method = |word: &str| !word.is_empty() && !word.contains(is_no_method);
    if has_version && words.len() == 3 && is_method(words[0]) && !words[1].is_empty() {
        return true;
    }
    // Three bytes: a piece ends before a character.
    may_become_foreign(line) && (has_version || line.len() + 3 > limit)
}

/// Whether a text may be the beginning of a request.
pub(super) fn may_become_foreign(text: &str) -> bool {
    let methods = ["GET ", "POST ", "OPTIONS ", "PRI "];
    let target = methods.iter().find_map(|method| text.strip_prefix(method));
    target.is_some_and(|target| ["/", "*", "http"].iter().any(|begin| target.starts_with(begin)))
}
