//! The tables against those of other packages.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use regex::Regex;
use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::is_nfd;
use unicode_security::general_security_profile::IdentifierType;
use unicode_security::{GeneralSecurityProfile as _, skeleton};

use super::super::characters::{Character, Kind};
use super::super::tables::RIGHT_TO_LEFT;
use super::*;

/// The characters are those of UTS 39's profile, with the exceptions that the module names.
#[test]
fn characters_are_of_the_profile() {
    let is_of_category = Regex::new(r"^[\p{L}\p{M}\p{Nd}\p{Nl}_-]$").unwrap();
    // Those that the package does not know yet are left to the other one.
    let is_unknown = Regex::new(r"^\p{Cn}$").unwrap();
    let is_ignorable = Regex::new(r"^\p{Default_Ignorable_Code_Point}$").unwrap();
    for c in all_characters() {
        let text = c.to_string();
        if is_unknown.is_match(&text) {
            continue;
        }
        if Character::of(c).is_some() {
            assert!(is_of_category.is_match(&text) && !is_ignorable.is_match(&text), "{c:?}");
            let is_typed = "ևำຳໜໝ".contains(c) || ('ㄱ'..='ㅣ').contains(&c);
            let kind = c.identifier_type();
            let is_used =
                matches!(kind, Some(IdentifierType::Uncommon_Use | IdentifierType::Limited_Use));
            assert!(c.identifier_allowed() || is_used || is_typed, "{c:?} {kind:?}");
        } else if c.identifier_allowed() {
            assert!(!is_of_category.is_match(&text), "{c:?}");
        }
    }
}

/// Nothing in a name looks like a sign of an address, but a zero that is like a full stop and a
/// vowel sign that is like a colon; and there is no name with both.
#[test]
fn nothing_looks_like_an_address() {
    let of_sign = |sign: char| {
        let looks = move |c: &char| {
            Character::of(*c).is_some() && skeleton(&c.to_string()).any(|look| look == sign)
        };
        all_characters().filter(looks).collect::<String>()
    };
    if !cfg!(miri) {
        assert_eq!(of_sign('.'), "٠۰");
        assert_eq!(of_sign(':'), "ःઃ");
    }
    for sign in ['[', ']', '<', '>', '(', ')'] {
        assert_eq!(of_sign(sign), "");
    }
}

/// What UTS 39 takes for confusable is the same, character by character.
#[test]
fn confusables_are_the_same() {
    let names = all_characters().filter_map(|c| Name::new(&c.to_string()).ok());
    let mut by_skeleton: Vec<(String, Name)> =
        names.map(|name| (skeleton(name.as_str()).collect(), name)).collect();
    by_skeleton.sort();
    let mut pairs = 0;
    for pair in by_skeleton.windows(2) {
        if let [(one, first), (other, second)] = pair
            && one == other
        {
            assert!(are_same(first, second), "{first} {second}");
            pairs += 1;
        }
    }
    assert!(pairs > 1000 || cfg!(miri), "{pairs}");
}

#[test]
fn capitals_are_the_same() {
    for c in all_characters() {
        let Ok(one) = Name::new(&c.to_string()) else { continue };
        for other in [c.to_uppercase().to_string(), c.to_lowercase().to_string()] {
            if let Ok(other) = Name::new(&other) {
                assert!(are_same(&one, &other), "{one} {other}");
            }
        }
    }
}

#[test]
fn digits_are_whole_runs() {
    for c in all_characters() {
        let Some(digit) = Character::of(c).filter(|c| c.kind == Kind::Digit) else { continue };
        let value = u32::from(c) - u32::from(digit.first);
        assert!(value < 10, "{c}");
        let last = char::from_u32(u32::from(digit.first) + 9).and_then(Character::of);
        assert_eq!(last, Some(digit));
        assert_eq!(c.to_digit(10).unwrap_or(value), value);
    }
}

#[test]
fn directions_are_those_of_the_bidirectional_algorithm() {
    for c in all_characters() {
        let Some(character) = Character::of(c).filter(|c| c.kind == Kind::Letter) else { continue };
        let runs_left = matches!(bidi_class(c), BidiClass::R | BidiClass::AL);
        assert_eq!(character.scripts & RIGHT_TO_LEFT != 0, runs_left, "{c:?}");
    }
}
/// What a letter looks like may end with a mark that belongs behind the letter's own.
#[test]
fn skeletons_are_decomposed() {
    for text in ["Ŋ\u{328}", "Ñandú", "Việt", "지민"] {
        let name = name(text);
        for skeleton in name.skeletons().iter() {
            assert!(is_nfd(skeleton.as_str()), "{text}");
        }
    }
}
