//! What keys make of a draft.

use super::Typist;
use crate::terminal::Effect;
use crate::terminal::text::MAX_DRAFT;

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const LEFT: &str = "\x1b[D";
const WORD_RIGHT: &str = "\x1b[1;5C";
const WORD_LEFT: &str = "\x1b[1;5D";
const HOME: &str = "\x1b[H";
const END: &str = "\x1b[F";
const DELETE: &str = "\x1b[3~";
const BACKSPACE: &str = "\x7f";
const ALT_BACKSPACE: &str = "\x1b\x7f";
const ALT_D: &str = "\x1bd";
const CTRL_A: &str = "\x01";
const CTRL_D: &str = "\x04";
const CTRL_E: &str = "\x05";
const CTRL_G: &str = "\x07";
const CTRL_K: &str = "\x0b";
const CTRL_R: &str = "\x12";
const CTRL_S: &str = "\x13";
const CTRL_T: &str = "\x14";
const CTRL_U: &str = "\x15";
const CTRL_W: &str = "\x17";
const CTRL_Y: &str = "\x19";

fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

#[track_caller]
fn expect(keys: &[&str], shown: &str) {
    let mut typist = Typist::new();
    typist.types(&keys.concat());
    assert_eq!(typist.shows(), shown, "{keys:?}");
}

#[test]
fn moving() {
    expect(&["안녕", LEFT, "하"], "안하|녕");
    expect(&["안녕", LEFT, LEFT, LEFT, RIGHT, "하"], "안하|녕");
    expect(&["둘 셋", HOME, "하나 "], "하나 |둘 셋");
    expect(&["둘 셋", CTRL_A, "하나 ", CTRL_E, "!"], "하나 둘 셋!|");
    expect(&["둘 셋", HOME, END, "!"], "둘 셋!|");
    expect(&["하나 둘, 셋", WORD_LEFT, WORD_LEFT, "|"], "하나 ||둘, 셋");
    expect(&["하나 둘, 셋", HOME, WORD_RIGHT, WORD_RIGHT], "하나 둘|, 셋");
    expect(&["cafe\u{301}s 끝", HOME, WORD_RIGHT], "cafe\u{301}s| 끝");
    expect(&["cafe\u{301}s 끝", HOME, ALT_D], "| 끝");
    expect(&["cafe\u{301}s", ALT_BACKSPACE], "|");
}

#[test]
fn deleting() {
    expect(&["안녕", BACKSPACE], "안|");
    expect(&["안녕", LEFT, BACKSPACE], "|녕");
    expect(&["안녕", HOME, DELETE], "|녕");
    expect(&["안녕", HOME, CTRL_D], "|녕");
    expect(&["하나 둘, 셋", CTRL_W], "하나 둘, |");
    expect(&["하나 둘, 셋", CTRL_W, CTRL_W], "하나 |");
    expect(&["하나 (둘)", ALT_BACKSPACE], "하나 (|");
    expect(&["하나 둘", LEFT, CTRL_U], "|둘");
    expect(&["하나 둘", LEFT, CTRL_K], "하나 |");
    expect(&["하나 둘", CTRL_U, "셋 ", CTRL_Y], "셋 하나 둘|");
    expect(&["하나 둘 셋", CTRL_W, CTRL_W, CTRL_Y], "하나 둘 셋|");
    expect(&["하나 둘 셋", WORD_LEFT, ALT_D, CTRL_W, CTRL_Y, CTRL_Y], "하나 둘 셋둘 셋|");
    expect(&["하나 둘 셋", CTRL_W, LEFT, CTRL_W, CTRL_Y], "하나 둘| ");
    expect(&["가나", CTRL_T], "나가|");
}

/// One key press moves over, or deletes, one grapheme.
#[test]
fn characters_of_several_code_points() {
    for character in [
        "\u{1112}\u{1161}\u{11ab}",         // 한, as jamo
        "e\u{301}",                         // é, as a letter and its accent
        "👩\u{200d}🚀",                     // an astronaut
        "👨\u{200d}👩\u{200d}👧\u{200d}👦", // a family
        "🇰🇷",
        "👋🏿",
        "❤\u{fe0f}",
    ] {
        expect(&["가", character, BACKSPACE], "가|");
        expect(&["가", character, LEFT, DELETE], "가|");
        expect(&["가", character, "나", LEFT, LEFT], &format!("가|{character}나"));
        expect(&[character, HOME, RIGHT], &format!("{character}|"));
    }
}

#[test]
fn the_cursor_is_never_inside_a_character() {
    // A consonant is typed before a vowel; a letter before an accent is deleted.
    expect(&["\u{1161}", HOME, "\u{1112}"], "\u{1112}\u{1161}|");
    expect(&["ea\u{301}", LEFT, BACKSPACE], "|a\u{301}");
    expect(&["e", "a", "\u{301}b", LEFT, LEFT, DELETE], "e|b");
    // The newline between a letter and an accent is deleted, and they become one.
    expect(&["e", "\x1b\r", "\u{301}", LEFT, BACKSPACE], "e\u{301}|");
    // Thai: the vowel is part of the character, and a word of its own.
    expect(&["ก\u{e33}", WORD_LEFT], "|ก\u{e33}");
    expect(&["ก\u{e33}", HOME, WORD_RIGHT], "ก\u{e33}|");
    expect(&["ก\u{e33}", ALT_BACKSPACE], "|");
}

#[test]
fn entering_and_the_history() {
    let mut typist = Typist::new();
    typist.types("하나\r둘\r둘\r\r셋\r");
    assert_eq!(typist.sent, ["하나", "둘", "둘", "", "셋"]);
    typist.types(&["초안", UP].concat());
    assert_eq!(typist.shows(), "셋|");
    typist.types(&[UP, UP].concat());
    assert_eq!(typist.shows(), "하나|", "what is empty or said twice in a row is there once");
    typist.types(UP);
    assert_eq!(typist.shows(), "하나|");
    assert_eq!(typist.effects.last(), Some(&Effect::Refused));
    typist.types(&["!", DOWN, DOWN].concat());
    assert_eq!(typist.shows(), "셋|");
    typist.types(DOWN);
    assert_eq!(typist.shows(), "초안|");
    typist.types(&[DOWN, UP, "\r"].concat());
    assert_eq!(typist.sent.last().unwrap(), "셋");
}

#[test]
fn searching() {
    let mut typist = Typist::new();
    typist.types("사과 둘\r배 하나\r사과 하나\r초안");
    typist.types(CTRL_R);
    assert_eq!(typist.shows(), "(reverse-i-search)`': 초안|");
    typist.types("사");
    assert_eq!(typist.shows(), "(reverse-i-search)`사': |사과 하나");
    typist.types("과 둘");
    assert_eq!(typist.shows(), "(reverse-i-search)`사과 둘': |사과 둘");
    typist.types(&[BACKSPACE, BACKSPACE].concat());
    assert_eq!(typist.shows(), "(reverse-i-search)`사과': |사과 하나");
    typist.types(CTRL_R);
    assert_eq!(typist.shows(), "(reverse-i-search)`사과': |사과 둘");
    typist.types(CTRL_R);
    assert_eq!(typist.shows(), "(failed reverse-i-search)`사과': |사과 둘");
    assert_eq!(typist.effects.last(), Some(&Effect::Refused));
    typist.types(CTRL_S);
    assert_eq!(typist.shows(), "(reverse-i-search)`사과': |사과 하나");
    typist.types("!");
    assert_eq!(typist.shows(), "(failed reverse-i-search)`사과!': |사과 하나");
    typist.types(&[BACKSPACE, BACKSPACE, BACKSPACE].concat());
    assert_eq!(typist.shows(), "(reverse-i-search)`': 초안|");
    typist.types(&["배", CTRL_G].concat());
    assert_eq!(typist.shows(), "초안|");
    typist.types(&[CTRL_R, "배\x03"].concat());
    assert_eq!(typist.shows(), "초안|");
    assert_eq!(typist.effects.last(), Some(&Effect::Left));
}

#[test]
fn what_ends_a_search_is_done_to_what_was_found() {
    for (key, shown) in [
        (RIGHT, "사과| 하나"),
        (END, "사과 하나|"),
        (CTRL_U, "|과 하나"),
        (DOWN, "배|"),
        (&pasted("!\n"), "사!\n|과 하나"),
    ] {
        let mut typist = Typist::new();
        typist.types(&["사과 하나\r배\r", CTRL_R, "과", key].concat());
        assert_eq!(typist.shows(), shown);
    }
    let mut typist = Typist::new();
    typist.types(&["사과\r배\r초안", CTRL_R, "사", DOWN, DOWN].concat());
    assert_eq!(typist.shows(), "초안|", "what was being written is below the newest");
    let mut typist = Typist::new();
    typist.types(&["사과\r배\r사탕\r", CTRL_R, "사", CTRL_G, CTRL_R, CTRL_R, CTRL_R].concat());
    assert_eq!(typist.shows(), "(reverse-i-search)`사': |사과", "the same again");
    let mut typist = Typist::new();
    typist.types(&["사과\r배\r", CTRL_R, "과", "\r"].concat());
    assert_eq!(typist.sent, ["사과", "배", "사과"]);
}

#[test]
fn a_paste_of_several_lines_waits_for_enter() {
    let mut typist = Typist::new();
    typist.types(&["가", &pasted("하나\r\n둘\n\n셋")].concat());
    assert_eq!(typist.shows(), "가하나\n둘\n\n셋|");
    assert!(typist.sent.is_empty());
    typist.types("\r");
    assert_eq!(typist.sent, ["가하나\n둘\n\n셋"]);
    typist.types(UP);
    assert_eq!(typist.shows(), "가하나\n둘\n\n셋|");
}

#[test]
fn moving_in_several_lines() {
    let text = pasted("하나 둘\n셋\n넷 다섯");
    expect(&[&text, UP], "하나 둘\n셋|\n넷 다섯");
    expect(&[&text, UP, UP, "!"], "하!|나 둘\n셋\n넷 다섯");
    expect(&[&text, UP, HOME, "!"], "하나 둘\n!|셋\n넷 다섯");
    expect(&[&text, UP, UP, END, DOWN], "하나 둘\n셋|\n넷 다섯");
    expect(&["가", "\x1b\r", "나"], "가\n나|");
}

#[test]
fn what_could_command_a_terminal_is_shown() {
    expect(&[&pasted("\u{1b}]0;x\u{7}\u{9b}\u{202e}\t")], "␛]0;x␇\u{fffd}\u{fffd}\t|");
    // A paste cannot end itself early to press keys: what follows is text that was typed.
    expect(&[&pasted("a\u{1b}[200~b")], "a␛[200~b|");
}

/// A terminal's answer to another program, or a key that means nothing here.
#[test]
fn what_is_no_key_of_ours_does_nothing() {
    expect(&["안녕", "\x1b[?1;2c", "\x1b[15~"], "안녕|");
    expect(&["안녕\r", CTRL_R, "녕", "\x1b[24;80R"], "(reverse-i-search)`녕': 안|녕");
}

#[test]
fn leaving() {
    let mut typist = Typist::new();
    typist.types(&["가", CTRL_D].concat());
    assert_eq!(typist.effects.last(), Some(&Effect::Refused));
    typist.types(&[BACKSPACE, CTRL_D].concat());
    assert_eq!(typist.effects.last(), Some(&Effect::Ended));
    typist.types("가\x03");
    assert_eq!(typist.effects.last(), Some(&Effect::Left));
}

#[test]
fn a_draft_is_bounded() {
    let mut typist = Typist::new();
    typist.types(&pasted(&"x".repeat(MAX_DRAFT + 100)));
    assert_eq!(typist.effects, [Effect::Refused]);
    assert_eq!(typist.draft.take().len(), MAX_DRAFT);
    let mut typist = Typist::new();
    let half = "가".repeat(MAX_DRAFT / 6);
    typist.types(&pasted(&half));
    typist.types(&pasted(&half));
    assert_eq!(typist.effects, [Effect::Painted, Effect::Painted]);
    typist.types(&pasted(&half));
    typist.types("나나나");
    assert_eq!(typist.effects.last(), Some(&Effect::Refused));
    let length = typist.draft.view().text.len();
    assert!((MAX_DRAFT - 3..=MAX_DRAFT).contains(&length), "{length}");
}
