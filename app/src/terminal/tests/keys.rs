//! What terminals send, and what was pressed.

mod cuts;
mod kitty;
mod terminfo;

use crate::terminal::keys::{ESCAPE, Key, Keys, MAX_PASTE, PASTE, PASTE_END, SEQUENCE};

fn keys(bytes: impl AsRef<[u8]>) -> Vec<Key> {
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed(bytes.as_ref(), &mut |key| pressed.push(key));
    keys.decide(&mut |key| pressed.push(key));
    pressed
}

fn text(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[test]
fn text_of_every_kind() {
    for it in ["abc ~", "안녕하세요ㅋㅋ", "\u{1112}\u{1161}\u{11ab}", "👩\u{200d}🚀", "\t"]
    {
        assert_eq!(keys(it), text(it));
    }
}

#[test]
fn what_is_not_utf8_is_shown_and_swallows_nothing() {
    assert_eq!(keys(b"\xffa\xec\x95b\xed\x1b[A"), {
        let mut expected = text("\u{fffd}a\u{fffd}b\u{fffd}");
        expected.push(Key::Up);
        expected
    });
}

#[test]
fn the_keys_of_terminals() {
    for (bytes, key) in [
        ("\r", Key::Enter),
        ("\n", Key::Enter),
        ("\x1b\r", Key::AltEnter),
        ("\x7f", Key::Backspace),
        ("\x08", Key::Backspace),
        ("\x1b\x7f", Key::WordBackspace),
        ("\x01", Key::Ctrl('a')),
        ("\x1a", Key::Ctrl('z')),
        ("\x1bb", Key::Alt('b')),
        ("\x1b]", Key::Alt(']')),
        ("\x1bP", Key::Alt('P')),
        ("\x1b", Key::Escape),
        ("\x1b[", Key::Alt('[')),
        ("\x1bO", Key::Alt('O')),
        ("\x1b[A", Key::Up),
        ("\x1bOA", Key::Up),
        ("\x1b[B", Key::Down),
        ("\x1b[C", Key::Right),
        ("\x1b[D", Key::Left),
        ("\x1b[1;2C", Key::Right),
        ("\x1b[1;5C", Key::WordRight),
        ("\x1b[1;3D", Key::WordLeft),
        // Old ones, and xterm with other settings.
        ("\x1b[5C", Key::WordRight),
        ("\x1bO5C", Key::WordRight),
        ("\x1bO1;5C", Key::WordRight),
        ("\x1b[>1;5C", Key::WordRight),
        ("\x1bO2P", Key::Other),
        // rxvt; with Alt many terminals put another ESC before a sequence.
        ("\x1b[c", Key::Right),
        ("\x1b[7$", Key::Home),
        ("\x1b[8@", Key::End),
        ("\x1b[3$", Key::Delete),
        ("\x1b[3^", Key::WordDelete),
        ("\x1b[23$", Key::Other),
        ("\x1b\x1b[D", Key::WordLeft),
        ("\x1b\x1bOC", Key::WordRight),
        ("\x1b\x1b[3~", Key::WordDelete),
        ("\x1b\x1b[7$", Key::Home),
        ("\x1b\x1b", Key::Escape),
        ("\x1bOc", Key::WordRight),
        ("\x1b[H", Key::Home),
        ("\x1bOH", Key::Home),
        ("\x1b[1~", Key::Home),
        ("\x1b[7~", Key::Home),
        ("\x1b[F", Key::End),
        ("\x1b[4~", Key::End),
        ("\x1b[8~", Key::End),
        ("\x1b[3~", Key::Delete),
        ("\x1b[3;5~", Key::WordDelete),
        ("\x1b[15~", Key::Other),
        ("\x1b[[A", Key::Other),
        ("\x1b\t", Key::Alt('\t')),
        ("\x1b[Z", Key::BackTab),
        ("\x1b[1;2Z", Key::BackTab),
        ("\x1b안", Key::Alt('안')),
        // The key of B on a Korean keyboard.
        ("\x1bㅠ", Key::Alt('b')),
        // C1 controls, of a terminal that sends them in one byte, or one character.
        ("\u{9b}A", Key::Up),
        ("\u{9b}1;5C", Key::WordRight),
        ("\u{8f}H", Key::Home),
        ("\u{9b}", Key::Other),
        ("\u{85}", Key::Other),
        ("\x1b[?1;2c", Key::Report("?1;2c".to_owned())),
        ("\x1b[?2026;2$y", Key::Report("?2026;2$y".to_owned())),
        ("\x1bP>|tmux 3.3a\x1b\\", Key::Report("P>|tmux 3.3a".to_owned())),
        ("\x1b[<0;1;1M", Key::Other),
        ("\x1b[99999999999999999999;5~", Key::Other),
        ("\x1c", Key::Other),
        ("\0", Key::Other),
    ] {
        assert_eq!(keys(bytes), [key], "{bytes:?}");
    }
}

#[test]
fn a_sequence_that_breaks_off_swallows_no_text() {
    assert_eq!(keys("\x1b[1;안"), [Key::Other, Key::Char('안')]);
    assert_eq!(keys("\x1b[A\x1b[1;"), [Key::Up, Key::Other]);
    assert_eq!(keys("\x1b[1;\x1b[A"), [Key::Other, Key::Up]);
    assert_eq!(keys("\x1b\x1bb"), [Key::Escape, Key::Alt('b')]);
    assert_eq!(keys("\x1b[M!\x03"), [Key::Other, Key::Ctrl('c')]);
    assert_eq!(keys(b"\x9bA\x8fH\x1b\x9bB"), [Key::Up, Key::Home, Key::Escape, Key::Down]);
}

#[test]
fn a_paste_is_one_key() {
    assert_eq!(
        keys("가\x1b[200~하나\r\n둘\r\r\x1b[A\x1b[201~나"),
        [Key::Char('가'), Key::Paste("하나\n둘\n\n\x1b[A".to_owned()), Key::Char('나')]
    );
}

#[test]
fn answers_to_other_programs_are_no_text() {
    for answer in [
        "\x1b]11;rgb:0000/0000/0000\x1b\\",
        "\x1b]11;rgb:0000/0000/0000\x07",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\x1b[?64;1;2;6;22c",
        "\x1b[24;80R",
        "\x1b[0n",
        "\x1b[?2026;2$y",
        "\x1b[20;1$y",
        "\x1b[8;24;80t",
        "\x1b[?1u",
        "\x1bP>|XTerm(379)\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        // A title that contains the byte of an 8-bit ST.
        "\x1b]l위로\x1b\\",
        "\u{9d}11;rgb:0000/0000/0000\u{9c}",
        // A focus, a mouse.
        "\x1b[I",
        "\x1b[<0;1;1M",
        "\x1b[<0;1;1m",
        "\x1b[32;1;1M",
        "\x1b[M !!",
        "\x1b[M \0\x7f",
        "\x1b[M \u{e1}\u{7ff}",
        "\x1b[t!!",
        "\x1b[T!!\"\"##",
    ] {
        let keys = keys(format!("{answer}가"));
        let [Key::Other | Key::Report(_), Key::Char('가')] = keys[..] else {
            panic!("{answer:?}: {keys:?}");
        };
    }
    assert_eq!(keys("\x1b]11;x\r가"), [Key::Other, Key::Enter, Key::Char('가')]);
    // Longer than what is kept of it.
    let copied = "7JWI64WV".repeat(10_000);
    assert_eq!(keys(format!("\x1b]52;c;{copied}\x1b\\가")), [Key::Other, Key::Char('가')]);
    let numbers = "1;".repeat(10_000);
    assert_eq!(keys(format!("\x1b[{numbers}A가")), [Key::Other, Key::Char('가')]);
    // The bytes of a mouse far to the right, and the last one could begin a character.
    assert_eq!(keys(b"\x1b[M \xff\xc3x"), [Key::Other, Key::Char('x')]);
    // Cut off, and followed by something else.
    let pasted = "\x1b[200~하나\r둘\x1b[201~";
    let expected = [Key::Other, Key::Paste("하나\n둘".to_owned())];
    assert_eq!(keys(format!("\x1b]11;rgb:00{pasted}")), expected);
    assert_eq!(keys("\x1b]11;rgb:00\x1b[A"), [Key::Other, Key::Up]);
}

/// How long nothing has been decided: it is seen at once that ESC is pressed, and long waited for
/// what only a network can have held back.
#[test]
fn a_silence() {
    for (before, undecided, expected) in [
        ("\x1b", Some(ESCAPE), Some(Key::Escape)),
        ("\x1b[", Some(ESCAPE), Some(Key::Alt('['))),
        ("\x1bO", Some(ESCAPE), Some(Key::Alt('O'))),
        ("\x1b]", Some(ESCAPE), Some(Key::Alt(']'))),
        ("\x1b\x1b", Some(ESCAPE), Some(Key::Escape)),
        ("\x1b\x1b[", Some(ESCAPE), Some(Key::Alt('['))),
        ("\x1b[2", Some(SEQUENCE), Some(Key::Other)),
        ("\x1b[M", Some(SEQUENCE), Some(Key::Other)),
        ("\u{9b}", Some(SEQUENCE), Some(Key::Other)),
        ("\x1b]11;r", Some(SEQUENCE), Some(Key::Other)),
        ("\x1b[200~가", Some(PASTE), None),
        ("가", None, Some(Key::Char('가'))),
    ] {
        let mut keys = Keys::default();
        let mut pressed = Vec::new();
        keys.feed(before.as_bytes(), &mut |key| pressed.push(key));
        assert_eq!(keys.undecided_for(), undecided, "{before:?}");
        keys.decide(&mut |key| pressed.push(key));
        assert_eq!(pressed.last(), expected.as_ref(), "{before:?}");
    }
}

/// Types bytes some time after ESC, which a silence has decided, and stops.
fn keys_after_escape(bytes: &str) -> Vec<Key> {
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed(b"\x1b", &mut |key| pressed.push(key));
    keys.decide(&mut |key| pressed.push(key));
    assert_eq!(pressed, [Key::Escape]);
    keys.feed(bytes.as_bytes(), &mut |key| pressed.push(key));
    while keys.undecided_for().is_some() {
        keys.decide(&mut |key| pressed.push(key));
    }
    pressed.split_off(1)
}

/// Text behind ESC loses nothing, even if it looks like a beginning.
#[test]
fn what_is_typed_after_escape() {
    for typed in [
        "x",
        "가",
        "[",
        "[]",
        "[1]",
        "[ ] 할 일",
        "[공지] 내일",
        "[2026-11-25]",
        "[x]",
        "[0x1f]",
        "O",
        "OK",
        "Oh",
        "P",
        "Please",
        "P2P 거래",
        "]",
        "]]",
        "]1",
        "^^",
        "_",
        "_ㅋ",
        "X",
        "X축",
        "\t",
        "[1;",
        "b",
    ] {
        assert_eq!(keys_after_escape(typed), text(typed), "{typed:?}");
    }
    assert_eq!(keys_after_escape("[1\r"), [Key::Char('['), Key::Char('1'), Key::Enter]);
    assert_eq!(keys_after_escape("[\x1b[A"), [Key::Char('['), Key::Up]);
    assert_eq!(keys_after_escape("O\x03"), [Key::Char('O'), Key::Ctrl('c')]);
    // Long after.
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed(b"\x1b", &mut |key| pressed.push(key));
    keys.decide(&mut |_| {});
    assert_eq!(keys.undecided_for(), Some(SEQUENCE));
    keys.decide(&mut |_| {});
    assert_eq!(keys.undecided_for(), None);
    keys.feed(b"[A", &mut |key| pressed.push(key));
    assert_eq!(pressed, text("[A"));
}

#[test]
fn a_paste_whose_end_is_lost_can_be_left() {
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed("\x1b[200~가\x03나".as_bytes(), &mut |key| pressed.push(key));
    assert_eq!(pressed, []);
    keys.decide(&mut |key| pressed.push(key));
    assert_eq!(keys.undecided_for(), None);
    // What comes late and not alone is pasted.
    keys.feed(b"\x03x", &mut |key| pressed.push(key));
    assert_eq!(pressed, []);
    for ctrl_c in ["\x03", "\x1b[99;5u", "\x03\x03"] {
        let mut keys = Keys::default();
        keys.feed("\x1b[200~가".as_bytes(), &mut |key| pressed.push(key));
        keys.decide(&mut |key| pressed.push(key));
        keys.feed(ctrl_c.as_bytes(), &mut |key| pressed.push(key));
        assert_eq!(pressed.pop(), Some(Key::Ctrl('c')));
    }
}

/// Only the mark that belongs to its beginning ends a paste.
#[test]
fn a_paste_of_an_8_bit_terminal() {
    let inside = "가\x1b[201~나".to_owned();
    assert_eq!(keys(format!("\u{9b}200~{inside}\u{9b}201~")), [Key::Paste(inside.clone())]);
    assert_eq!(keys(b"\x9b200~x\x9b201~"), [Key::Paste("x".to_owned())]);
    assert_eq!(keys("\x1b[200~가\u{9b}201~\r\x1b[201~"), [Key::Paste("가\u{9b}201~\n".to_owned())]);
}

#[test]
fn a_paste_without_an_end_is_bounded() {
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed(b"\x1b[200~", &mut |key| pressed.push(key));
    keys.feed(&vec![b'x'; MAX_PASTE + 100], &mut |key| pressed.push(key));
    assert_eq!(keys.kept(), MAX_PASTE + PASTE_END.len());
    keys.feed(PASTE_END, &mut |key| pressed.push(key));
    assert_eq!(pressed, [Key::Paste("x".repeat(MAX_PASTE))]);
}

#[test]
fn bytes_cut_anywhere_are_the_same_keys() {
    let bytes = "한\x1b[1;5C\x1bb\x1bOA\x1b[200~글\r\x1b[201~\x7f\r".as_bytes();
    let whole = keys(bytes);
    for cut in 0..bytes.len() {
        let mut keys = Keys::default();
        let mut pressed = Vec::new();
        keys.feed(&bytes[..cut], &mut |key| pressed.push(key));
        keys.feed(&bytes[cut..], &mut |key| pressed.push(key));
        assert_eq!(pressed, whole);
    }
}
