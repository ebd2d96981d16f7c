//! What each character is in a name.

use super::tables::{LOOKS, POOL, RUNS, SCRIPTS};

/// What a character is in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Letter,
    /// Belongs to the letter before it.
    Mark,
    /// A decimal digit of one of the scripts.
    Digit,
    /// `-` or `_`.
    Line,
}

/// The first of some characters that follow each other, how many more there are, what they are, and
/// the number of their set of scripts.
pub(super) type Run = (char, u16, Kind, u8);

/// A character, where its look begins in the pool, how long that is, how long the look of its small
/// letter is, and where that begins.
pub(super) type Look = (char, u16, u8, u8, u16);

/// A character that a name may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Character {
    pub(super) kind: Kind,
    /// The scripts and writing systems that it belongs to, a bit for each.
    pub(super) scripts: u128,
    /// The first of its run: for a digit, the zero of its kind.
    pub(super) first: char,
}

impl Character {
    /// Returns what a character is in a name, or nothing if no name has it.
    pub(super) fn of(c: char) -> Option<Self> {
        let after = RUNS.partition_point(|run| run.0 <= c);
        let &(first, more, kind, scripts) = RUNS.get(after.checked_sub(1)?)?;
        let scripts = *SCRIPTS.get(usize::from(scripts))?;
        let is_in = u32::from(c) - u32::from(first) <= u32::from(more);
        is_in.then_some(Self { kind, scripts, first })
    }
}

/// Which look of a character is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// That of the character as it is.
    Given,
    /// That of its small letter.
    Small,
}

/// Returns what a character of a decomposed name looks like, if that is not the character itself.
pub(super) fn look(c: char, size: Size) -> Option<&'static str> {
    let index = LOOKS.binary_search_by_key(&c, |look| look.0).ok()?;
    let &(_, given, given_length, small_length, small) = LOOKS.get(index)?;
    let (start, length) = match size {
        Size::Given => (given, given_length),
        Size::Small => (small, small_length),
    };
    POOL.get(usize::from(start)..)?.get(..usize::from(length))
}
