//! Hangul as it is typed: syllables as the keys of a Korean keyboard, so that one that is not
//! finished yet is the beginning of one that is.

/// The letters that a syllable begins with, in Unicode's order (The Unicode Standard, 3.12).
const LEADING: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ',
    'ㅌ', 'ㅍ', 'ㅎ',
];

/// The vowels, as the keys that type them (KS X 5002).
const VOWELS: [&str; 21] = [
    "ㅏ", "ㅐ", "ㅑ", "ㅒ", "ㅓ", "ㅔ", "ㅕ", "ㅖ", "ㅗ", "ㅗㅏ", "ㅗㅐ", "ㅗㅣ", "ㅛ", "ㅜ",
    "ㅜㅓ", "ㅜㅔ", "ㅜㅣ", "ㅠ", "ㅡ", "ㅡㅣ", "ㅣ",
];

/// The letters that a syllable ends with, as the keys that type them; the first is none.
const TRAILING: [&str; 28] = [
    "", "ㄱ", "ㄲ", "ㄱㅅ", "ㄴ", "ㄴㅈ", "ㄴㅎ", "ㄷ", "ㄹ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ",
    "ㄹㅌ", "ㄹㅍ", "ㄹㅎ", "ㅁ", "ㅂ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅊ", "ㅋ", "ㅌ", "ㅍ",
    "ㅎ",
];

/// Letters that stand alone and take two keys.
const DOUBLE: [(char, &str); 18] = [
    ('ㄳ', "ㄱㅅ"),
    ('ㄵ', "ㄴㅈ"),
    ('ㄶ', "ㄴㅎ"),
    ('ㄺ', "ㄹㄱ"),
    ('ㄻ', "ㄹㅁ"),
    ('ㄼ', "ㄹㅂ"),
    ('ㄽ', "ㄹㅅ"),
    ('ㄾ', "ㄹㅌ"),
    ('ㄿ', "ㄹㅍ"),
    ('ㅀ', "ㄹㅎ"),
    ('ㅄ', "ㅂㅅ"),
    ('ㅘ', "ㅗㅏ"),
    ('ㅙ', "ㅗㅐ"),
    ('ㅚ', "ㅗㅣ"),
    ('ㅝ', "ㅜㅓ"),
    ('ㅞ', "ㅜㅔ"),
    ('ㅟ', "ㅜㅣ"),
    ('ㅢ', "ㅡㅣ"),
];

/// Returns `text` as the keys that type it: syllables and conjoining letters become the letters on
/// the keyboard, all else is as it is, in lower case.
pub(super) fn keys_of(text: &str) -> String {
    let mut keys = String::with_capacity(2 * text.len());
    for c in text.chars() {
        match Letters::of(c) {
            Some(letters) => letters.push_to(&mut keys),
            None => match DOUBLE.iter().find(|(letter, _)| *letter == c) {
                Some((_, typed)) => keys.push_str(typed),
                None => keys.extend(c.to_lowercase()),
            },
        }
    }
    keys
}

/// Whether `typed` is the first letter of each of the syllables that `text` begins with: `ㅈㅁ` of
/// `지민`.
pub(super) fn are_initials(typed: &str, text: &str) -> bool {
    let mut syllables = text.chars();
    let initial = |c| Letters::of(c).and_then(|letters| letters.leading);
    !typed.is_empty()
        && typed
            .chars()
            .all(|c| LEADING.contains(&c) && syllables.next().and_then(initial) == Some(c))
}

/// Whether `c` is a syllable, or a part of one.
pub(super) fn is_hangul(c: char) -> bool {
    Letters::of(c).is_some()
}

/// What a syllable, or a conjoining letter, consists of.
#[derive(Default)]
struct Letters {
    leading: Option<char>,
    vowel: &'static str,
    trailing: &'static str,
}

impl Letters {
    fn of(c: char) -> Option<Self> {
        let at = |first: u32| usize::try_from(u32::from(c) - first).unwrap_or(usize::MAX);
        match c {
            '가'..='힣' => {
                let index = at(0xac00);
                let vowels = VOWELS.len() * TRAILING.len();
                Some(Self {
                    leading: LEADING.get(index / vowels).copied(),
                    vowel: VOWELS.get(index % vowels / TRAILING.len())?,
                    trailing: TRAILING.get(index % TRAILING.len())?,
                })
            }
            '\u{1100}'..='\u{1112}' => {
                Some(Self { leading: LEADING.get(at(0x1100)).copied(), ..Self::default() })
            }
            '\u{1161}'..='\u{1175}' => {
                Some(Self { vowel: VOWELS.get(at(0x1161))?, ..Self::default() })
            }
            '\u{11a8}'..='\u{11c2}' => {
                Some(Self { trailing: TRAILING.get(at(0x11a7))?, ..Self::default() })
            }
            _ => None,
        }
    }

    fn push_to(&self, keys: &mut String) {
        keys.extend(self.leading);
        keys.push_str(self.vowel);
        keys.push_str(self.trailing);
    }
}
