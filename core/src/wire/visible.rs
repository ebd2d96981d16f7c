//! Whether there is anything to see in a text.

/// Characters that leave nothing on a screen, as ranges: Unicode 17.0's Default_Ignorable_Code_Point
/// and White_Space, and those below that are neither. Sorted.
///
/// The others: BRAILLE PATTERN BLANK (U+2800), interlinear annotations (U+FFF9–B), the format controls
/// of Egyptian hieroglyphs (U+13430–3F), MUSICAL SYMBOL NULL NOTEHEAD (U+1D159).
const INVISIBLE: [(char, char); 26] = [
    ('\u{9}', '\u{d}'),
    ('\u{20}', '\u{20}'),
    ('\u{85}', '\u{85}'),
    ('\u{a0}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether any character of `text` leaves something on a screen. A message in which none does is
/// not relayed.
#[inline]
#[must_use]
pub fn is_visible(text: &str) -> bool {
    // Most texts begin with one that does: of ASCII, or of Hangul and its neighbours in UTF-8, U+4000 to
    // U+DFFF.
    matches!(text.as_bytes().first(), Some(b'!'..=b'~' | 0xe4..=0xed))
        || text.chars().any(|c| !is_invisible(c))
}

fn is_invisible(c: char) -> bool {
    let after = INVISIBLE.partition_point(|&(first, _)| first <= c);
    after.checked_sub(1).and_then(|index| INVISIBLE.get(index)).is_some_and(|&(_, last)| c <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    use regex::Regex;

    /// What the table takes for invisible is what Unicode's own properties say, as another package has
    /// them.
    #[test]
    fn the_table_is_unicodes() {
        let by_property =
            Regex::new(r"^[\p{Default_Ignorable_Code_Point}\p{White_Space}]$").unwrap();
        let others = ['\u{2800}', '\u{1d159}'];
        let is_other = |c: char| {
            others.contains(&c)
                || ('\u{fff9}'..='\u{fffb}').contains(&c)
                || ('\u{13430}'..='\u{1343f}').contains(&c)
        };
        // Under Miri there is time for some of them.
        let stride = if cfg!(miri) { 1_009 } else { 1 };
        for c in ('\0'..=char::MAX).step_by(stride) {
            let is_invisible = by_property.is_match(c.encode_utf8(&mut [0; 4])) || is_other(c);
            assert_eq!(is_visible(&c.to_string()), !is_invisible, "{:x}", u32::from(c));
        }
    }

    #[test]
    fn one_character_is_enough() {
        for text in ["", " ", "\t\u{3000}", "\u{3164}\u{2800}\u{200b}\u{feff}"] {
            assert!(!is_visible(text));
            for visible in ["a", "한", "\u{1112}", "ㅋ", "~", "\u{fffd}", "␛"] {
                assert!(is_visible(&[text, visible, text].concat()));
            }
        }
    }
}
