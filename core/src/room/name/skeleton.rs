//! Skeleton: what names that cannot be told apart have in common.

use alloc::boxed::Box;
use alloc::string::String;
use core::iter;

use unicode_normalization::UnicodeNormalization as _;

use super::characters::{Size, look};

/// The case-folded skeleton of a name after UTS 39 (section 4): what all names have in common that
/// look like it, in capitals or in small letters.
///
/// Beyond the standard, `i` is taken for `l` as `I` is, small capitals for letters (Cyrillic's `т`
/// for `t`, as `Т` is), and several `-` or `_` for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Skeleton(Box<str>);

/// The skeletons of one name.
///
/// Two names are the same to a reader if one of them looks like the other, or like the other in
/// small letters: if they have a skeleton in common. Most names have a single one. One alone could
/// not tell for all: `Ν` looks like Latin `N`, and its small letter `ν` like `v`, but `N` and `v`
/// are not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skeletons {
    given: Skeleton,
    /// That of the small letters, if it is another.
    small: Option<Skeleton>,
}

impl Skeleton {
    fn new(name: &str, size: Size) -> Self {
        let mut buffer = [0; 4];
        let mut looks = String::with_capacity(name.len());
        for c in name.nfd() {
            looks.push_str(look(c, size).unwrap_or(c.encode_utf8(&mut buffer)));
        }
        let mut skeleton = String::with_capacity(looks.len());
        for c in looks.nfd() {
            if !(matches!(c, '-' | '_') && skeleton.ends_with(c)) {
                skeleton.push(c);
            }
        }
        Self(skeleton.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Skeletons {
    /// Those of a name's text.
    pub(super) fn of(name: &str) -> Self {
        let given = Skeleton::new(name, Size::Given);
        let small = Some(Skeleton::new(name, Size::Small)).filter(|small| *small != given);
        Self { given, small }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Skeleton> {
        iter::once(&self.given).chain(&self.small)
    }
}
