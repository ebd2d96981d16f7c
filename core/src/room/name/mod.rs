//! Names: what members call themselves.
//!
//! | module | noun |
//! |---|---|
//! | `characters`, `tables` | what each character is in a name |
//! | `skeleton` | what names that cannot be told apart have in common |
//! | `free` | a name like one that is taken |
//!
//! # What is a name
//!
//! Letters, marks and digits of the scripts that are in use, `-` and `_`, in NFC, 20 columns and 80
//! bytes at the most, one script by the level "highly restrictive" of UTS 39 (section 5.2). Of the
//! characters, UTS 39's identifier profile (section 3.1) leaves out what is technical, obsolete,
//! invisible or a variant of something else. It is followed but for these:
//!
//! - Scripts of limited use are allowed: they are somebody's own. Those that nobody writes in any
//!   more are not: terminals show boxes instead, which are all alike.
//! - Letters of uncommon use are allowed, as Hanja of names often are; marks of that kind are not.
//! - A few letters are allowed that keyboards have and compatibility normalization would change,
//!   among them the jamo of ㅋㅋ. Conjoining jamo that do not make up a syllable are not: terminals
//!   take them for one, two or no columns.
//! - Halfwidth and fullwidth forms are not: they would be a second way to write the same.
//!
//! A mark is on a letter of its script, and there are four at most, of which no two that follow
//! each other are the same: UTS 39, section 5.4. All digits are of one kind (section 5.3).
//!
//! A name from right to left begins with a letter and does not end with a line, so that it is
//! shown like no other one (RFC 5893, the Bidi Rule) and the line around it stays as it is.
//!
//! Nothing in a name is one of the signs that the room puts around names, and nobody is called by
//! one of the words that stand there.
//!
//! All this is decided by tables of the program, the same on every machine. Those of different
//! versions may differ: a name is checked once, when it is asked for.

mod characters;
mod free;
mod skeleton;
mod tables;

#[cfg(test)]
mod tests;

pub(crate) use free::free_like;
pub(crate) use skeleton::{Skeleton, Skeletons};

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

use characters::{Character, Kind};
use tables::{LATIN, RIGHT_TO_LEFT, WITH_LATIN};

/// The longest name in columns: two of them, and what stands around them, fit a line of 80 columns
/// together with something that is said.
pub(crate) const MAX_COLUMNS: usize = 20;

/// The longest name in bytes: 20 columns of the characters that are longest in UTF-8. With marks,
/// which take no columns, it is what bounds a name.
pub(crate) const MAX_BYTES: usize = crate::limits::MAX_NAME;

/// The longest text in bytes of which a name can come: normalizing makes nothing shorter than a
/// third.
const MAX_GIVEN: usize = 3 * MAX_BYTES;

/// The most marks that follow each other and take no columns: what any orthography needs (UTS 39,
/// section 5.4). More of them grow into the lines above and below.
const MAX_MARKS: usize = 4;

/// What nobody is called: what the program itself puts where a name stands. Their skeletons.
const RESERVED: [&str; 3] = ["you", "host", "server"];

/// A name that a member can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Box<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAName {
    Empty,
    TooLong,
    /// It has a character that no name has.
    Character(char),
    /// It begins with what is neither a letter nor a digit.
    Beginning,
    /// A mark is on nothing, or on a letter of another script, or there are too many.
    Marks,
    /// It mixes scripts.
    Scripts,
    /// It mixes digits of several kinds.
    Digits,
    /// It is from right to left and might be shown like another one.
    Direction,
    /// It is what only the program calls itself, or its user.
    Reserved,
}

impl Name {
    /// The name that a text is, normalized.
    pub(crate) fn new(text: &str) -> Result<Self, NotAName> {
        if text.len() > MAX_GIVEN {
            return Err(NotAName::TooLong);
        }
        let name: String = text.nfc().collect();
        check_characters(&name)?;
        if name.len() > MAX_BYTES || columns(&name) > MAX_COLUMNS {
            return Err(NotAName::TooLong);
        }
        check_scripts(&name)?;
        check_direction(&name)?;
        if is_reserved(&name) {
            return Err(NotAName::Reserved);
        }
        Ok(Self(name.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// By which it is compared with other names: it is the same to a reader as one with which it
    /// has any of them in common.
    pub(crate) fn skeletons(&self) -> Skeletons {
        Skeletons::of(&self.0)
    }
}

/// Columns that a text takes up on a terminal; ambiguous characters are narrow (UAX #11).
fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

fn characters(name: &str) -> impl DoubleEndedIterator<Item = Character> {
    // Those of a name all are something.
    name.chars().filter_map(Character::of)
}

/// Whether all characters may be in a name, and stand where they do.
fn check_characters(name: &str) -> Result<(), NotAName> {
    let mut last: Option<(char, Character)> = None;
    let mut letter = 0;
    let mut marks = 0;
    for c in name.chars() {
        let character = Character::of(c).ok_or(NotAName::Character(c))?;
        if last.is_none() && matches!(character.kind, Kind::Mark | Kind::Line) {
            return Err(NotAName::Beginning);
        }
        if character.kind == Kind::Mark {
            marks += usize::from(c.width() == Some(0));
            let is_same = last.is_some_and(|(last, _)| last == c);
            if is_same || marks > MAX_MARKS || character.scripts & letter == 0 {
                return Err(NotAName::Marks);
            }
        } else {
            marks = 0;
            letter = if character.kind == Kind::Letter { character.scripts } else { 0 };
        }
        last = Some((c, character));
    }
    match last {
        None => Err(NotAName::Empty),
        Some(_) if !stands_alone(name) => Err(NotAName::Marks),
        Some(_) => Ok(()),
    }
}

/// Whether nothing of a name goes together with what stands before and behind it.
fn stands_alone(name: &str) -> bool {
    let line = ["[", name, "]"].concat();
    let mut graphemes = line.graphemes(true);
    graphemes.next() == Some("[") && graphemes.next_back() == Some("]")
}

/// Whether the letters are of one script or of scripts that are written together, and the digits of
/// one kind.
fn check_scripts(name: &str) -> Result<(), NotAName> {
    let all = characters(name).fold(u128::MAX, |all, c| all & c.scripts);
    let others = characters(name).filter(|c| c.scripts & LATIN == 0);
    let others = others.fold(u128::MAX, |all, c| all & c.scripts);
    if all == 0 && others & WITH_LATIN == 0 {
        return Err(NotAName::Scripts);
    }
    let mut zeros = characters(name).filter(|c| c.kind == Kind::Digit).map(|digit| digit.first);
    let zero = zeros.next();
    if zeros.all(|other| Some(other) == zero) { Ok(()) } else { Err(NotAName::Digits) }
}

/// Whether a name from right to left begins and ends with what keeps its place: RFC 5893, section
/// 2.
fn check_direction(name: &str) -> Result<(), NotAName> {
    let runs_left = |c: &Character| c.scripts & RIGHT_TO_LEFT != 0 && c.scripts != u128::MAX;
    let begins = characters(name).next().is_some_and(|c| runs_left(&c) && c.kind == Kind::Letter);
    let ends = characters(name).next_back().is_some_and(|c| c.kind != Kind::Line);
    if !characters(name).any(|c| runs_left(&c)) || (begins && ends) {
        Ok(())
    } else {
        Err(NotAName::Direction)
    }
}

/// Whether a name could be taken for a reserved one, marks and lines left out.
fn is_reserved(name: &str) -> bool {
    Skeletons::of(name).iter().any(|skeleton| {
        let letters = || skeleton.as_str().chars().filter(|c| c.is_alphanumeric());
        RESERVED.iter().any(|reserved| letters().eq(reserved.chars()))
    })
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What whoever asked for the name is told.
impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("> A name is 1 to 20 letters, digits, - or _")?;
        match self {
            Self::Empty => Ok(()),
            Self::TooLong => f.write_str("; letters such as 한 count twice"),
            Self::Character(' ') => f.write_str(", without spaces"),
            Self::Character(c) if c.is_ascii_graphic() => write!(f, ", without {c}"),
            Self::Character(c) => write!(f, ", without U+{:04X}", u32::from(*c)),
            Self::Beginning => f.write_str(", and begins with a letter or a digit"),
            Self::Marks => f.write_str(", with marks on letters of their script only, 4 at most"),
            Self::Scripts => f.write_str(" of one script (한, 漢 and Latin go together)"),
            Self::Digits => f.write_str(", and all its digits are of one kind"),
            Self::Direction => {
                f.write_str("; from right to left it begins with a letter, and ends with no - or _")
            }
            Self::Reserved => f.write_str("; nobody can be called You, Host or Server"),
        }
    }
}
