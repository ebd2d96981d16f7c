//! A name like one that is taken.

use alloc::format;
use alloc::string::String;

use unicode_segmentation::UnicodeSegmentation as _;

use super::characters::{Character, Kind};
use super::{MAX_BYTES, MAX_COLUMNS, Name, Skeleton, columns};

/// How often the step to the next number is doubled before no name is found. A thousand million
/// names that differ in their numbers are more than a room has.
const DOUBLINGS: u32 = 30;

/// Returns a name like `name` that is free: itself, or with the least number behind it that is,
/// where the numbers before that are taken: 지민, 지민2, 지민3 …
///
/// It looks at 60 names at the most, however many are taken. Nothing if all of these are, which
/// takes somebody who has occupied them for that.
pub(crate) fn free_like(name: &Name, is_taken: impl Fn(&Skeleton) -> bool) -> Option<Name> {
    let is_free = |name: &Name| !name.skeletons().iter().any(&is_taken);
    if is_free(name) {
        return Some(name.clone());
    }
    let series = Series::of(name.as_str());
    let free = |number| series.name(number).filter(|name| is_free(name));
    // The step is doubled until one is free, and the first that is lies between it and the one
    // before.
    let steps = (0..DOUBLINGS).map(|doublings| (1_u32 << doublings) - 1);
    let (found, mut name) = steps.into_iter().find_map(|step| Some((step, free(step)?)))?;
    let (mut taken, mut found) = (found / 2, found);
    while found - taken > 1 {
        let middle = taken.midpoint(found);
        match free(middle) {
            Some(nearer) => (found, name) = (middle, nearer),
            None => taken = middle,
        }
    }
    Some(name)
}

/// Names that differ in their numbers.
struct Series<'a> {
    /// What stands before the number.
    base: &'a str,
    separator: &'static str,
    /// The number of step 0.
    first: u32,
    zero: char,
}

/// The most digits that are taken for a number to count on from: behind more there is a year, or
/// somebody's birthday.
const MAX_COUNTED: usize = 2;

impl<'a> Series<'a> {
    fn of(name: &'a str) -> Self {
        let digit = |c: char| Some(Character::of(c)?).filter(|c| c.kind == Kind::Digit);
        // A name's digits are of one kind.
        let zero = name.chars().find_map(digit).map_or('0', |digit| digit.first);
        let base = name.trim_end_matches(|c| digit(c).is_some());
        let values = name[base.len()..].chars().map(|c| u32::from(c) - u32::from(zero));
        let number = values.clone().take(MAX_COUNTED).fold(0, |number, value| number * 10 + value);
        let is_counted = values.clone().next() != Some(0) && values.clone().count() <= MAX_COUNTED;
        match values.count() {
            0 => Self { base, separator: "", first: 2, zero },
            _ if is_counted && !base.is_empty() => {
                Self { base, separator: "", first: number + 1, zero }
            }
            _ => Self { base: name, separator: "-", first: 2, zero },
        }
    }

    /// Returns the name of a step; its base is cut between graphemes so that it is not too long.
    fn name(&self, step: u32) -> Option<Name> {
        let digits = format!("{}{}", self.separator, self.first.saturating_add(step));
        let of_kind = |c: char| match c.to_digit(10) {
            Some(value) => char::from_u32(u32::from(self.zero) + value).unwrap_or(c),
            None => c,
        };
        let suffix: String = digits.chars().map(of_kind).collect();
        let mut name = String::from(self.base);
        while name.len() + suffix.len() > MAX_BYTES
            || columns(&name) + columns(&suffix) > MAX_COLUMNS
        {
            let last = name.grapheme_indices(true).next_back().map_or(0, |(start, _)| start);
            name.truncate(last);
        }
        name.push_str(&suffix);
        Name::new(&name).ok()
    }
}
