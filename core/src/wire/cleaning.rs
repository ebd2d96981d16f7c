//! Cleaning: what could command a terminal is shown instead of obeyed (protocol.md, "Text").

use alloc::string::String;

/// The text of `bytes`, if they are UTF-8 and each character may stand as it is.
///
/// This is the fast path: plain ASCII and Hangul cost one pass that the compiler vectorizes and
/// std's UTF-8 check.
pub(crate) fn as_clean_text(bytes: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(bytes).ok()?;
    is_clean(text).then_some(text)
}

/// The text of `bytes`, which are whole lines, if it holds nothing that may need a closer look.
pub(crate) fn as_plain_lines(bytes: &[u8]) -> Option<&str> {
    // The first look is quicker, and often enough.
    let is_ascii = |bytes: &[u8]| !any(bytes, |byte| !matches!(byte, b' '..=b'~' | b'\n'));
    let is_plain =
        |bytes: &[u8]| is_ascii(bytes) || !any(bytes, |byte| is_suspect(byte) & (byte != b'\n'));
    bytes.chunks(64).all(is_plain).then(|| core::str::from_utf8(bytes).ok())?
}

/// Appends `text` to `out` with each character as it is to be shown.
pub(crate) fn push_clean(text: &str, out: &mut String) {
    if is_clean(text) {
        out.push_str(text);
    } else {
        out.extend(text.chars().map(shown));
    }
}

/// The character that stands for `c` on a screen: `c` itself unless it could be taken as a command.
///
/// A control character becomes its picture (U+2400 block: ESC is `␛`), other commands U+FFFD. A tab
/// stays, a newline does not.
#[must_use]
pub fn shown(c: char) -> char {
    match c {
        '\t' => c,
        // C0 has its pictures from U+2400 on, in the same order.
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        // C1, and NEL (U+0085) among it.
        '\u{80}'..='\u{9f}'
        // Bidirectional controls: marks, embeddings and overrides, isolates.
        | '\u{61c}'
        | '\u{200e}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        // Line and paragraph separators.
        | '\u{2028}'..='\u{2029}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// Whether each character may stand as it is.
pub(crate) fn is_clean(text: &str) -> bool {
    !text.as_bytes().chunks(64).any(|bytes| any(bytes, is_suspect))
        || text.chars().all(|c| shown(c) == c)
}

/// Whether any byte satisfies the predicate. Without an early exit, so that it vectorizes.
fn any(bytes: &[u8], is_so: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |any, &byte| any | is_so(byte))
}

/// Whether a byte may begin a character that [`shown`] replaces.
fn is_suspect(byte: u8) -> bool {
    // Lead bytes: 0xc2 of U+0080–00BF, 0xd8 of U+0600–063F, 0xe2 of U+2000–2FFF.
    (byte < 0x20 && byte != b'\t')
        | (byte == 0x7f)
        | (byte == 0xc2)
        | (byte == 0xd8)
        | (byte == 0xe2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn clean(text: &str) -> String {
        let mut out = String::new();
        push_clean(text, &mut out);
        out
    }

    #[test]
    fn controls_become_pictures() {
        assert_eq!(clean("\u{0}\u{1}\n\r\u{1b}[2J\u{1f}\u{7f}"), "␀␁␊␍␛[2J␟␡");
    }

    #[test]
    fn a_tab_stays() {
        assert_eq!(clean("a\tb"), "a\tb");
    }

    #[test]
    fn what_moves_or_breaks_lines_is_replaced() {
        let hostile = "\u{80}\u{85}\u{9b}\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}";
        assert_eq!(clean(hostile), "\u{fffd}".repeat(hostile.chars().count()));
    }

    #[test]
    fn the_neighbours_of_what_is_replaced_stay() {
        let harmless = " ~\u{a0}\u{61b}\u{61d}\u{200d}\u{2010}\u{2027}\u{202f}\u{2065}\u{206a}";
        assert_eq!(clean(harmless), harmless);
    }

    #[test]
    fn scripts_stay_as_sent() {
        // Composed Hangul, jamo that compose, compatibility jamo, combining marks, ZWJ.
        for text in ["한글", "\u{1112}\u{1161}\u{11ab}", "ㅋㅋ", "e\u{301}", "👩\u{200d}🚀", "“…”"]
        {
            assert_eq!(as_clean_text(text.as_bytes()), Some(text));
            assert_eq!(clean(text), text);
        }
    }

    /// The fast path and the table agree on every character there is.
    #[test]
    fn the_suspect_bytes_cover_the_table() {
        // Under Miri there is time for some of them.
        let stride = if cfg!(miri) { 1_009 } else { 1 };
        for c in ('\0'..=char::MAX).step_by(stride) {
            let replaced = shown(c) != c;
            let text = c.to_string();
            assert_eq!(as_clean_text(text.as_bytes()).is_none(), replaced, "{c:?}");
            let is_plain = as_plain_lines(text.as_bytes()).is_some();
            assert!(!(is_plain && replaced && c != '\n'), "{c:?}");
            assert_eq!(shown(shown(c)), shown(c), "{c:?} is clean once cleaned");
        }
    }
}
