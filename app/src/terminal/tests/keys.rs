//! What terminals send, and what was pressed.

use crate::terminal::keys::{ESCAPE, Key, Keys, MAX_PASTE, PASTE_END, SEQUENCE};

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
        ("\x1b[?1;2c", Key::Other),
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
    assert_eq!(keys("\x1b안"), [Key::Escape, Key::Char('안')]);
    assert_eq!(keys("\x1b\x1b[A"), [Key::Escape, Key::Up]);
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
    ] {
        assert_eq!(keys(format!("{answer}가")), [Key::Other, Key::Char('가')], "{answer:?}");
    }
    assert_eq!(keys("\x1b]11;x\r가"), [Key::Other, Key::Enter, Key::Char('가')]);
    // Cut off, and followed by something else.
    let pasted = "\x1b[200~하나\r둘\x1b[201~";
    let expected = [Key::Other, Key::Paste("하나\n둘".to_owned())];
    assert_eq!(keys(format!("\x1b]11;rgb:00{pasted}")), expected);
    assert_eq!(keys("\x1b]11;rgb:00\x1b[A"), [Key::Other, Key::Up]);
}

/// A network may delay the rest of anything, from anywhere.
#[test]
fn a_silence() {
    for (before, undecided, after, expected) in [
        ("\x1b", Some(ESCAPE), "", Some(Key::Escape)),
        ("\x1b[", Some(ESCAPE), "", Some(Key::Alt('['))),
        ("\x1b]", Some(ESCAPE), "", Some(Key::Alt(']'))),
        ("\x1b[20", Some(SEQUENCE), "0~가\x1b[201~", Some(Key::Paste("가".to_owned()))),
        ("\x1b[2", Some(SEQUENCE), "", Some(Key::Other)),
        ("\x1b]11;r", Some(SEQUENCE), "", Some(Key::Other)),
        ("\x1b[200~가", Some(SEQUENCE), "", None),
        ("가", None, "나", Some(Key::Char('나'))),
    ] {
        let mut keys = Keys::default();
        let mut pressed = Vec::new();
        keys.feed(before.as_bytes(), &mut |key| pressed.push(key));
        assert_eq!(keys.undecided_for(), undecided, "{before:?}");
        keys.feed(after.as_bytes(), &mut |key| pressed.push(key));
        keys.decide(&mut |key| pressed.push(key));
        assert_eq!(pressed.last(), expected.as_ref(), "{before:?}, {after:?}");
    }
}

#[test]
fn a_paste_whose_end_is_lost_can_be_left() {
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed("\x1b[200~가\x03나".as_bytes(), &mut |key| pressed.push(key));
    assert_eq!(pressed, []);
    keys.decide(&mut |key| pressed.push(key));
    assert_eq!(keys.undecided_for(), None);
    keys.feed(b"\x03", &mut |key| pressed.push(key));
    assert_eq!(pressed, [Key::Ctrl('c')]);
}

#[test]
fn a_paste_without_an_end_is_bounded() {
    let mut keys = Keys::default();
    let mut pressed = Vec::new();
    keys.feed(b"\x1b[200~", &mut |key| pressed.push(key));
    keys.feed(&vec![b'x'; MAX_PASTE + 100], &mut |key| pressed.push(key));
    assert_eq!(keys.bytes.len(), MAX_PASTE + PASTE_END.len());
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
