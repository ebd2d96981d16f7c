//! What Tab makes of a draft.

use crate::terminal::hangul::keys_of;
use crate::terminal::{CommandWord, Draft, Effect, Key, Takes, Vocabulary};

const COMMANDS: &[CommandWord] = &[
    CommandWord { word: "name", takes: Takes::Text },
    CommandWord { word: "who", takes: Takes::Nothing },
    CommandWord { word: "msg", takes: Takes::Name },
];

const NAMES: [&str; 6] = ["지민", "지우", "Ann", "민수", "지원2", "192.0.2.7:45390"];

/// A draft in which so much was typed.
fn draft(typed: &str) -> Draft {
    let mut draft = Draft::new();
    draft.press(Key::Paste(typed.to_owned()));
    draft
}

fn tab(draft: &mut Draft, goes_back: bool) -> Effect {
    let vocabulary = Vocabulary { commands: COMMANDS.to_vec(), names: NAMES.to_vec() };
    draft.complete(&vocabulary, goes_back)
}

/// Returns the draft after each of so many Tabs.
fn tabs(typed: &str, count: usize) -> Vec<String> {
    let mut draft = draft(typed);
    let texts = (0..count).map(|_| {
        tab(&mut draft, false);
        draft.view().text.to_owned()
    });
    texts.collect()
}

#[test]
fn a_name_anywhere() {
    assert_eq!(tabs("안녕 민", 1), ["안녕 민수"]);
    assert_eq!(tabs("an", 1), ["Ann: "], "at the start it is spoken to");
    assert_eq!(tabs("192", 1), ["192.0.2.7:45390: "]);
    assert_eq!(tabs("hi A", 1), ["hi Ann"]);
    assert_eq!(tabs("민", 1), ["민수"], "a particle may follow");
    assert_eq!(tabs("하나\nan", 1), ["하나\nAnn: "], "each line has its start");
    assert_eq!(tabs("@an", 1), ["@Ann"]);
    assert_eq!(tabs("(지", 2), ["(지민", "(지우"]);
}

#[test]
fn tab_goes_through_the_names_and_back() {
    let mut draft = draft("지");
    for (goes_back, text) in [
        (false, "지민"),
        (false, "지우"),
        (false, "지원2: "),
        (false, "지민"),
        (true, "지원2: "),
        (true, "지우"),
    ] {
        assert_eq!(tab(&mut draft, goes_back), Effect::Painted);
        assert_eq!(draft.view().text, text);
    }
    // Any other key ends that.
    draft.press(Key::Char(' '));
    draft.press(Key::Char('민'));
    tab(&mut draft, true);
    assert_eq!(draft.view().text, "지우 민수");
}

#[test]
fn what_stands_behind_the_cursor_stays() {
    let mut draft = draft("an 안녕");
    draft.press(Key::Home);
    (0..2).for_each(|_| assert_eq!(draft.press(Key::Right), Effect::Painted));
    tab(&mut draft, false);
    assert_eq!((draft.view().text, draft.view().cursor), ("Ann:  안녕", 5));
}

#[test]
fn a_command_at_the_start_of_a_line() {
    assert_eq!(tabs("/w", 1), ["/who"]);
    assert_eq!(tabs("/", 4), ["/name ", "/who", "/msg ", "/name "]);
    assert_eq!(tabs("하나\n/m", 1), ["하나\n/msg "]);
    assert_eq!(tab(&mut draft("안녕 /w"), false), Effect::Refused);
    assert_eq!(tab(&mut draft("/x"), false), Effect::Refused);
}

#[test]
fn a_name_behind_a_command() {
    assert_eq!(tabs("/msg 민", 1), ["/msg 민수 "]);
    // After the one candidate, the next Tab is about the next word.
    assert_eq!(tabs("/m", 3), ["/msg ", "/msg 지민 ", "/msg 지우 "]);
    assert_eq!(tabs("/msg 지민 an", 1), ["/msg 지민 Ann"]);
    assert_eq!(tabs("/who ", 1), ["/who \t"], "no name has to follow");
}

/// A syllable that is still being composed is the beginning of a name.
#[test]
fn unfinished_syllables() {
    for (typed, name) in [
        ("지ㅁ", "지민"),
        ("짐", "지민"),
        ("ㅈㅁ", "지민"),
        ("ㅁ", "민수"),
        ("미", "민수"),
        ("지\u{110b}", "지우"),
        ("\u{110c}\u{1175}\u{1106}\u{1175}\u{11ab}", "지민"),
        ("징", "지원2: "),
    ] {
        let completed = tabs(typed, 1);
        let fits = typed != "징";
        assert_eq!(completed == [name], fits, "{typed}: {completed:?}");
    }
    assert_eq!(tabs("지ㅇ", 2), ["지우", "지원2: "]);
    assert_eq!(tabs("지워", 1), ["지원2: "]);
    assert_eq!(tabs("지웝", 1), ["지웝"], "nobody is called so");
}

/// The decomposition of a syllable is that of The Unicode Standard, 3.12, but for letters that take
/// two keys. Its own examples, and what a Korean keyboard does.
#[test]
fn syllables_as_keys() {
    assert_eq!(keys_of("퓛"), "ㅍㅜㅣㄹㅎ");
    for (text, keys) in [
        ("한글", "ㅎㅏㄴㄱㅡㄹ"),
        ("값", "ㄱㅏㅂㅅ"),
        ("\u{1112}\u{1161}\u{11ab}", "ㅎㅏㄴ"),
        ("과", "ㄱㅗㅏ"),
        ("꽥", "ㄲㅗㅐㄱ"),
        ("힣", "ㅎㅣㅎ"),
        ("가", "ㄱㅏ"),
        ("ㄳㅘ", "ㄱㅅㅗㅏ"),
        ("Ann漢", "ann漢"),
    ] {
        assert_eq!(keys_of(text), keys, "{text}");
    }
}

#[test]
fn without_a_word_tab_is_a_tab() {
    assert_eq!(tabs("", 1), ["\t"]);
    assert_eq!(tabs("하나 ", 1), ["하나 \t"]);
    assert_eq!(tab(&mut draft(""), true), Effect::Refused);
    let mut draft = draft("없다");
    assert_eq!(tab(&mut draft, false), Effect::Refused);
    assert_eq!(draft.view().text, "없다");
}

/// It ends a search, and completes what was found.
#[test]
fn in_a_search() {
    let mut draft = draft("안녕 민");
    draft.take();
    draft.press(Key::Ctrl('r'));
    draft.press(Key::Char('녕'));
    draft.press(Key::End);
    tab(&mut draft, false);
    assert_eq!(draft.view().text, "안녕 민수");
}

#[test]
fn lines_before_what_is_being_written() {
    let mut draft = draft("초안");
    draft.press(Key::Left);
    draft.put_before("하나\n둘");
    assert_eq!((draft.view().text, draft.view().cursor), ("하나\n둘\n초안", "하나\n둘\n초".len()));
    let mut draft = Draft::new();
    draft.put_before("하나");
    assert_eq!((draft.view().text, draft.view().cursor), ("하나", "하나".len()));
}
