//! Where a message calls somebody by name.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Returns where `name` stands in `text` as a word of its own, in any case.
///
/// Words are those of UAX #29, with what it leaves to the language: behind a Korean name may stand
/// particles and titles (`지민아`, `지민이가`, `지민님께서`), but nothing else (`지민수`); a syllable
/// beside a letter of another script is no part of its word (`Ann아`); a digit is (`지민2`), and so are
/// `-` and `_` inside a longer name.
pub(super) fn mentions(name: &str, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(first) = name.chars().next() else { return found };
    let firsts: Vec<char> = first.to_lowercase().chain(first.to_uppercase()).collect();
    let mut free_from = 0;
    for (start, c) in text.char_indices() {
        if start < free_from || !(c == first || firsts.contains(&c)) {
            continue;
        }
        let Some(end) = end_of(name, text, start) else { continue };
        if begins_word(text, start) && ends_word(text, end) {
            found.push(start..end);
            free_from = end;
        }
    }
    found
}

/// Returns where `name` ends that begins in `text` at `start`, if it does.
fn end_of(name: &str, text: &str, start: usize) -> Option<usize> {
    let mut rest = text.get(start..)?.char_indices();
    let is_there = name.chars().all(|c| rest.next().is_some_and(|(_, other)| is_same(c, other)));
    is_there.then(|| start + rest.offset())
}

fn is_same(a: char, b: char) -> bool {
    a.eq_ignore_ascii_case(&b)
        || (!a.is_ascii() && !b.is_ascii() && a.to_lowercase().eq(b.to_lowercase()))
}

fn begins_word(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let (Some(last), Some(first)) = (before.chars().next_back(), after.chars().next()) else {
        return true;
    };
    let is_joined = last.is_numeric()
        || is_joint(last) && before.chars().nth_back(1).is_some_and(char::is_alphanumeric);
    let changes = is_hangul(last) != is_hangul(first) && is_grapheme_boundary(text, at);
    !is_joined && (changes || is_word_boundary(text, at))
}

fn ends_word(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let (Some(last), Some(first)) = (before.chars().next_back(), after.chars().next()) else {
        return true;
    };
    if first.is_numeric() {
        // Of `지민` and `지민2`, each is somebody.
        return false;
    }
    if is_joint(first) {
        return !after.chars().nth(1).is_some_and(char::is_alphanumeric);
    }
    match (is_hangul(last), is_hangul(first)) {
        (true, true) => {
            let end = after.find(|c| !is_hangul(c)).unwrap_or(after.len());
            are_particles(&after[..end])
        }
        // UAX #29 takes `Ann's` for one word (WB6, WB7).
        (false, false) => matches!(first, '\'' | '’') || is_word_boundary(text, at),
        _ => is_grapheme_boundary(text, at),
    }
}

/// Whether `c` can stand inside a name without being a letter of it.
fn is_joint(c: char) -> bool {
    matches!(c, '-' | '_')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '가'..='힣' | '\u{1100}'..='\u{11ff}')
}

fn is_word_boundary(text: &str, at: usize) -> bool {
    text.split_word_bound_indices().any(|(start, _)| start == at) || at == text.len()
}

fn is_grapheme_boundary(text: &str, at: usize) -> bool {
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// What is put behind a name without a space: particles (조사), the copula, titles, the plural.
const PARTICLES: [&str; 72] = [
    "아",
    "야",
    "여",
    "이",
    "가",
    "은",
    "는",
    "을",
    "를",
    "의",
    "에",
    "에서",
    "에게",
    "에게서",
    "께",
    "께서",
    "한테",
    "한테서",
    "더러",
    "보고",
    "와",
    "과",
    "랑",
    "하고",
    "도",
    "만",
    "까지",
    "부터",
    "마저",
    "조차",
    "밖에",
    "뿐",
    "처럼",
    "같이",
    "보다",
    "마다",
    "대로",
    "치고",
    "로",
    "으로",
    "라",
    "라고",
    "라서",
    "라면",
    "란",
    "라도",
    "나",
    "나마",
    "든지",
    "요",
    "네",
    "들",
    "님",
    "씨",
    "군",
    "양",
    "쌤",
    "샘",
    "선생님",
    "선배",
    "형",
    "누나",
    "언니",
    "오빠",
    "다",
    "입니다",
    "입니까",
    "예요",
    "에요",
    "고",
    "며",
    "면",
];

/// Syllables that are looked at, at most: nobody puts so many particles in a row.
const LONGEST: usize = 12;

/// Whether `text` is particles and nothing else.
fn are_particles(text: &str) -> bool {
    if text.chars().count() > LONGEST {
        return false;
    }
    // Where a particle may begin.
    let mut starts = vec![false; text.len() + 1];
    starts[0] = true;
    for at in 0..text.len() {
        if starts[at]
            && let Some(rest) = text.get(at..)
        {
            let fitting = PARTICLES.iter().filter(|particle| rest.starts_with(**particle));
            fitting.for_each(|particle| starts[at + particle.len()] = true);
        }
    }
    starts[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(name: &str, text: &str, expected: &[&str]) {
        let found: Vec<&str> = mentions(name, text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{name} in {text}");
    }

    #[test]
    fn a_whole_word_in_any_case() {
        for text in ["Ann", "ann?", "hi ANN, hi", "@ann", "(Ann)", "\"ann\"", "Ann's", "it's ann."]
        {
            assert_eq!(mentions("Ann", text).len(), 1, "{text}");
        }
        finds("ann", "Ann and ANN", &["Ann", "ANN"]);
        for text in ["Anna", "Joann", "ann2", "ann_b", "a-ann", "ann-b", "Ann\u{301}", "", "An n"] {
            finds("ann", text, &[]);
        }
        finds("ann", "ann- ann_ -ann", &["ann", "ann", "ann"]);
        finds("Émile", "émile!", &["émile"]);
        finds("ann_b", "Ann_B: ann", &["Ann_B"]);
    }

    #[test]
    fn a_korean_name_with_what_follows_it() {
        for text in [
            "지민",
            "지민아",
            "지민이가 그랬어",
            "지민님께서는",
            "지민이한테도",
            "아니 지민씨, 그게",
            "지민이랑 민수",
            "지민!",
            "[지민]",
            "지민입니다",
            "지민선생님은",
            "ㅋㅋ지민ㅋㅋ",
        ] {
            finds("지민", text, &["지민"]);
        }
        for text in ["지민수", "지민수가", "박지민", "지민정아", "지", "민지민주"]
        {
            finds("지민", text, &[]);
        }
        finds("민", "민주주의", &[]);
        finds("민수", "민수야 민수민수 민수2", &["민수"]);
        finds("지민", &format!("지민{}", "이".repeat(1000)), &[]);
    }

    #[test]
    fn beside_another_script() {
        finds("Ann", "Ann아 우리Ann이 Anna야", &["Ann", "Ann"]);
        finds("지민2", "지민2가 왔다", &["지민2"]);
        finds("田中", "田中さんは", &["田中"]);
        finds("小明", "我叫小明来", &["小明"]);
        finds("192.0.2.7:45390", "이건 192.0.2.7:45390 이야", &["192.0.2.7:45390"]);
        finds("192.0.2.7:45390", "192.0.2.7:453901", &[]);
    }
}
