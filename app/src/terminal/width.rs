//! Width: how many columns a character takes up, at most and at least.
//!
//! No terminal tells what it takes a character for, and they differ: in the version of Unicode, in
//! whether they know combining characters, spacing marks and conjoining jamo at all, in whether
//! they put what belongs together (an emoji joined from several) into one place, and in what their
//! user has set up for characters that Unicode calls ambiguous (UAX #11). What can be relied on is
//! a range.
//!
//! A row is certain not to be wrapped if it is laid out for the greatest width; what was said is
//! certain not to be erased if the rows of a terminal that has rewrapped them are counted for the
//! least. The tests compare both with the tables of terminals.

use std::ops::RangeInclusive;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Returns the most columns that a grapheme takes up on any terminal: those of all its characters,
/// each on its own.
pub(super) fn most_width(grapheme: &str) -> usize {
    grapheme.chars().map(most).sum()
}

/// Returns the fewest columns that a grapheme takes up on any terminal that rewraps rows: those of
/// its first character, as one that knows what belongs together gives it no more.
pub(super) fn least_width(grapheme: &str) -> usize {
    let width = grapheme.chars().next().map_or(0, least);
    if grapheme.contains(TEXT_STYLE) { width.min(1) } else { width }
}

/// Returns whether some terminal may put the first character of `text` into the place of what is
/// before it, or show nothing of it but the marks that it bears.
pub(super) fn may_be_mark(text: &str) -> bool {
    let may_be = |c: char| !c.is_ascii() && (!c.is_alphanumeric() || least(c) == 0);
    text.chars().next().is_some_and(may_be)
}

/// Asks for the narrow form of an emoji.
const TEXT_STYLE: char = '\u{fe0e}';

/// At least one column even for what is zero-width: the Linux console and the Windows console do not
/// combine.
fn most(c: char) -> usize {
    if c.is_ascii() {
        return 1;
    }
    let most = if is_in(c, &MAYBE_WIDE) { 2 } else { 1 };
    // Terminals that use this table of our own library are terminals too.
    most.max(c.width_cjk().unwrap_or(0))
}

fn least(c: char) -> usize {
    match c.width() {
        None | Some(0) => 0,
        Some(1) if c.is_ascii() => 1,
        Some(_) if is_in(c, &MAYBE_NOTHING) || is_extending(c) => 0,
        Some(1) => 1,
        Some(_) if is_in(c, &WIDE) => 2,
        Some(_) => 1,
    }
}

/// Returns whether a character belongs to the one before it, whatever that is.
fn is_extending(c: char) -> bool {
    String::from_iter(['x', c]).graphemes(true).count() == 1
}

fn is_in(c: char, blocks: &[RangeInclusive<char>]) -> bool {
    blocks.iter().any(|block| block.contains(&c))
}

/// Blocks with characters that some terminal takes for wide: ambiguous ones, symbols that are emoji
/// too, and, where East Asian scripts and pictures are, all that is or may yet be in them.
const MAYBE_WIDE: [RangeInclusive<char>; 12] = [
    // Latin with marks, Greek, Cyrillic, and the marks.
    '\u{80}'..='\u{52f}',
    // Punctuation, letterlike, arrows, mathematics, boxes, dingbats.
    '\u{2010}'..='\u{2bff}',
    '\u{2e80}'..='\u{a4cf}',
    '\u{a960}'..='\u{a97f}',
    '\u{e000}'..='\u{faff}',
    '\u{fe00}'..='\u{fe6f}',
    '\u{ff00}'..='\u{ff60}',
    '\u{ffe0}'..='\u{ffff}',
    // From Tangut to kana.
    '\u{16fe0}'..='\u{1b2ff}',
    '\u{1d300}'..='\u{1d37f}',
    '\u{1f000}'..='\u{1faff}',
    '\u{20000}'..='\u{10ffff}',
];

/// Blocks of which all that is wide is so on every terminal that rewraps rows, as far as it knows
/// them.
const WIDE: [RangeInclusive<char>; 19] = [
    '\u{1100}'..='\u{115e}',
    '\u{231a}'..='\u{2615}',
    '\u{2648}'..='\u{267f}',
    '\u{2693}'..='\u{2b55}',
    '\u{2e80}'..='\u{2fd5}',
    '\u{3000}'..='\u{3029}',
    '\u{3031}'..='\u{303c}',
    '\u{303e}'..='\u{31e3}',
    '\u{31f0}'..='\u{3296}',
    '\u{329a}'..='\u{4dbf}',
    '\u{4e00}'..='\u{a4c6}',
    '\u{a960}'..='\u{a97c}',
    '\u{ac00}'..='\u{d7a3}',
    '\u{f900}'..='\u{ffe6}',
    '\u{1f300}'..='\u{1f3fa}',
    '\u{1f400}'..='\u{1f64f}',
    '\u{1f680}'..='\u{1f6d2}',
    '\u{1f90c}'..='\u{1f9ff}',
    '\u{20000}'..='\u{2a6df}',
];

/// Characters to which some terminal gives no column although they are not marks: it shows none of
/// these, or does not know them yet, or takes them for marks.
const MAYBE_NOTHING: [RangeInclusive<char>; 13] = [
    // Arabic number signs.
    '\u{600}'..='\u{605}',
    '\u{6dd}'..='\u{6dd}',
    // Spacing marks, by their category, that do not belong to what is before them.
    '\u{102b}'..='\u{109c}',
    '\u{1a61}'..='\u{1a64}',
    '\u{aa7b}'..='\u{aa7d}',
    // A filler, a joiner, and where jamo may yet be added.
    '\u{115f}'..='\u{115f}',
    '\u{2d7f}'..='\u{2d7f}',
    '\u{d7b0}'..='\u{d7ff}',
    '\u{fff9}'..='\u{fffb}',
    // Rare scripts and symbols, to which each version adds; skin tones; the newest pictures.
    '\u{10000}'..='\u{1efff}',
    '\u{1f3fb}'..='\u{1f3ff}',
    '\u{1f6d3}'..='\u{1f6ff}',
    '\u{1fa00}'..='\u{1faff}',
];
