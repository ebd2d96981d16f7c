//! What holds for any text.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;

use proptest::prelude::*;
use unicode_normalization::is_nfc;
use unicode_security::{
    GeneralSecurityProfile as _, RestrictionLevel, RestrictionLevelDetection as _, skeleton,
};

use super::*;

/// Texts that are names, or nearly so.
fn texts() -> impl Strategy<Value = String> {
    let of_script = |script: &'static str| proptest::string::string_regex(script).unwrap();
    prop_oneof![
        of_script("[a-zA-Z0-9_-]{0,24}"),
        of_script("[가-힣ㄱ-ㅣ一-龥a-z0-9_\u{1100}-\u{11ff}-]{0,12}"),
        of_script("[ぁ-ゖァ-ヺーゞ゚一-龥]{0,12}"),
        of_script("[\u{590}-\u{5ff}0-9_-]{0,12}"),
        of_script("[\u{600}-\u{6ff}0-9_-]{0,12}"),
        of_script("[\u{900}-\u{97f}0-9]{0,12}"),
        of_script("[\u{e00}-\u{e7f}]{0,12}"),
        of_script("[\u{370}-\u{52f}\u{300}-\u{36f}]{0,12}"),
        of_script("[\u{a0}-\u{24f}\u{1e00}-\u{1eff}\u{300}-\u{36f}A-Za-z]{0,12}"),
        of_script("\\PC{0,8}"),
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn a_name_is_normal_and_stable(text in texts()) {
        let Ok(name) = Name::new(&text) else { return Ok(()) };
        prop_assert!(is_nfc(name.as_str()));
        prop_assert_eq!(Name::new(name.as_str()), Ok(name.clone()));
        prop_assert!(name.as_str().len() <= MAX_BYTES);
        prop_assert!((1..=MAX_COLUMNS).contains(&columns(name.as_str())));
        let signs = ['[', ']', '(', ')', ' ', ':', '.', ',', '<', '>', '/'];
        prop_assert!(!name.as_str().contains(signs));
        prop_assert!(!name.as_str().contains(char::is_control));
        let written = skeletons_of(&name);
        prop_assert_eq!(&written, &skeletons_of(&Name::new(&text).unwrap()));
        // Decomposed it is the same, and in capitals or small letters.
        let decomposed: String = text.nfd().collect();
        prop_assert_eq!(Name::new(&decomposed), Ok(name.clone()));
        for other in [name.as_str().to_uppercase(), name.as_str().to_lowercase()] {
            if let Ok(other) = Name::new(&other) {
                prop_assert!(are_same(&name, &other), "{} {}", name, other);
            }
        }
    }

    /// A look says what it looks like itself.
    #[test]
    fn a_skeleton_is_stable(text in texts()) {
        let Ok(name) = Name::new(&text) else { return Ok(()) };
        let skeletons = name.skeletons();
        for skeleton in skeletons.iter() {
            let again = Skeletons::of(skeleton.as_str());
            prop_assert_eq!(again.iter().next(), Some(skeleton));
        }
    }

    /// Of scripts that UTS 39's level "highly restrictive" allows together, and of no others.
    #[test]
    fn scripts_are_mixed_as_the_standard_says(
        text in "[a-zéа-яα-ω가-힣ㄅ-ㄩ一-龥ぁ-ゖァ-ヺא-תक-ह0-9]{1,4}",
    ) {
        let is_level = text.check_restriction_level(RestrictionLevel::HighlyRestrictive);
        let allowed = text.chars().all(char::identifier_allowed);
        if allowed {
            prop_assert_eq!(check_scripts(&text) != Err(NotAName::Scripts), is_level, "{}", text);
        }
    }

    /// Names of which UTS 39 says that they are confusable have a skeleton in common.
    #[test]
    fn confusable_names_are_the_same(text in texts(), numbers in any::<[u8; 12]>()) {
        let Ok(one) = Name::new(&text) else { return Ok(()) };
        let like = |(c, number): (char, &u8)| {
            let likes = &["lI1i", "oO0", "aаα", "cс", "eе", "pрρ", "xх", "yу", "sѕ", "HНΗ", "BВΒ",
                "ロ口", "カ力", "タ夕", "ニ二", "エ工", "ト卜", "へヘ", "ハ八", "一ーㅡ"];
            let of = likes.iter().find(|likes| likes.contains(c));
            of.and_then(|of| of.chars().cycle().nth(usize::from(*number))).unwrap_or(c)
        };
        let other: String = text.chars().zip(numbers.iter().cycle()).map(like).collect();
        let Ok(other) = Name::new(&other) else { return Ok(()) };
        if skeleton(one.as_str()).eq(skeleton(other.as_str())) {
            prop_assert!(are_same(&one, &other), "{} {}", one, other);
        }
    }

    #[test]
    fn what_is_free_is_a_name_that_is_not_taken(text in texts(), taken in 0_u32..40) {
        let Ok(wanted) = Name::new(&text) else { return Ok(()) };
        let mut room = BTreeSet::new();
        for _ in 0..taken {
            let free = free_like(&wanted, |skeleton| room.contains(skeleton));
            let Some(free) = free else { return Err(TestCaseError::fail("none is free")) };
            prop_assert_eq!(Name::new(free.as_str()), Ok(free.clone()));
            let skeletons = skeletons_of(&free);
            prop_assert!(skeletons.iter().all(|skeleton| !room.contains(skeleton)));
            room.extend(skeletons);
        }
    }
}
