//! Keys with code points: the kitty keyboard protocol, and xterm's modifyOtherKeys.
//!
//! The numbers and the legacy forms are those of the protocol's specification, "Functional key
//! definitions" and "Legacy key event encoding":
//! <https://sw.kovidgoyal.net/kitty/keyboard-protocol/>.

use super::{keys, text};
use crate::terminal::keys::Key;

const LOCKS: [u32; 4] = [0, 64, 128, 192];

/// A key's code point form and its legacy form are the same key.
#[test]
fn each_key_that_has_another_form() {
    let mut forms: Vec<(u32, u32, String)> = Vec::new();
    for c in 'a'..='z' {
        forms.push((c.into(), 1, c.into()));
        forms.push((c.into(), 2, c.to_ascii_uppercase().into()));
        forms.push((c.into(), 3, format!("\x1b{c}")));
        forms.push((c.into(), 4, format!("\x1b{}", c.to_ascii_uppercase())));
        forms.push((c.into(), 5, char::from(c as u8 & 0x1f).into()));
    }
    for c in "0123456789`-=[]\\;',./".chars() {
        forms.push((c.into(), 1, c.into()));
        forms.push((c.into(), 3, format!("\x1b{c}")));
    }
    for (code, modifiers, legacy) in [
        (13, 1, "\r"),
        (13, 3, "\x1b\r"),
        (13, 5, "\r"),
        (27, 1, "\x1b"),
        (127, 1, "\x7f"),
        (127, 3, "\x1b\x7f"),
        (9, 1, "\t"),
        (9, 3, "\x1b\t"),
        (32, 1, " "),
        (32, 5, "\0"),
        (57414, 1, "\r"),
        (57417, 1, "\x1b[D"),
        (57418, 5, "\x1b[1;5C"),
        (57419, 1, "\x1b[A"),
        (57420, 1, "\x1b[B"),
        (57423, 1, "\x1b[H"),
        (57424, 1, "\x1b[F"),
        (57426, 1, "\x1b[3~"),
        ('가'.into(), 1, "가"),
    ] {
        forms.push((code, modifiers, legacy.to_owned()));
    }
    for (code, modifiers, legacy) in forms {
        let expected = keys(&legacy);
        for locks in [0, 128] {
            let modifiers = modifiers + locks;
            for form in [
                format!("\x1b[{code};{modifiers}u"),
                format!("\x1b[{code};{modifiers}:1u"),
                format!("\x1b[{code};{modifiers}:2u"),
                format!("\x1b[27;{modifiers};{code}~"),
            ] {
                assert_eq!(keys(&form), expected, "{form:?}, {legacy:?}");
            }
        }
    }
}

#[test]
fn what_has_no_other_form() {
    for (form, expected) in [
        // Shift+Enter.
        ("\x1b[13;2u", vec![Key::AltEnter]),
        ("\x1b[27;2;13~", vec![Key::AltEnter]),
        ("\x1b[57414;2u", vec![Key::AltEnter]),
        ("\x1b[127;5u", vec![Key::WordBackspace]),
        // Without modifiers they are left out.
        ("\x1b[99u", text("c")),
        ("\x1b[1;129D", vec![Key::Left]),
        ("\x1b[1;133D", vec![Key::WordLeft]),
        ("\x1b[3;65~", vec![Key::Delete]),
        // Caps Lock; xterm sends what that makes of it.
        ("\x1b[97;65u", text("A")),
        ("\x1b[97;66u", text("a")),
        ("\x1b[27;5;67~", vec![Key::Ctrl('c')]),
        // Alternate keys: with Shift, and where the key is on an English keyboard.
        ("\x1b[49:33;2u", text("!")),
        ("\x1b[1089::99;5u", vec![Key::Ctrl('c')]),
        ("\x1b[1073::44;3u", vec![Key::Alt(',')]),
        // ㅊ and ㅠ are where C and B are.
        ("\x1b[12618;5u", vec![Key::Ctrl('c')]),
        ("\x1b[12618::99;5u", vec![Key::Ctrl('c')]),
        ("\x1b[12640;3u", vec![Key::Alt('b')]),
        // Text.
        ("\x1b[97;2;65u", text("A")),
        ("\x1b[97;;229u", text("å")),
        ("\x1b[0;;50504:45397u", text("안녕")),
        ("\x1b[57400;129;49u", text("1")),
        ("\x1b[57400;129u", text("1")),
        ("\x1b[97;1;7:155:98u", text("b")),
        ("\x1b[9;2u", vec![Key::BackTab]),
        // Nothing of ours.
        ("\x1b[99;6u", vec![Key::Other]),
        ("\x1b[99;9u", vec![Key::Other]),
        ("\x1b[0u", vec![Key::Other]),
        ("\x1b[u", vec![Key::Other]),
        ("\x1b[55296u", vec![Key::Other]),
        ("\x1b[4294967296u", vec![Key::Other]),
    ] {
        assert_eq!(keys(form), expected, "{form:?}");
    }
}

/// Whatever the modifiers: releases are not presses, locks are no modifiers, and functional keys
/// are no text.
#[test]
fn functional_keys() {
    let numbers = (57358..=57363).chain(57376..=57454).chain([9, 13, 27, 127]);
    let coded = numbers.map(|number| (number.to_string(), 'u'));
    let numbered = [2, 3, 5, 6, 7, 8, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 57427];
    let numbered = numbered.map(|number| (number.to_string(), '~'));
    let cursors = "ABCDEFHPQS".chars().map(|last| ("1".to_owned(), last));
    for (number, last) in coded.chain(numbered).chain(cursors) {
        for held in 0..64 {
            let key = keys(format!("\x1b[{number};{}{last}", held + 1));
            let is_text = matches!(key[..], [Key::Char(_)]);
            let types = ["9", "57399"].contains(&&*number)
                || (57400..=57416).any(|n| number == n.to_string());
            assert!(!is_text || types && held < 2, "{number} {held} {last}");
            for locks in LOCKS {
                let modifiers = held + locks + 1;
                for event in ["", ":1", ":2"] {
                    assert_eq!(keys(format!("\x1b[{number};{modifiers}{event}{last}")), key);
                }
                let released = keys(format!("\x1b[{number};{modifiers}:3{last}"));
                assert_eq!(released, [Key::Other], "{number} {modifiers} {last}");
            }
        }
    }
    assert_eq!(keys("\x1b[97;1:3u"), [Key::Other]);
    assert_eq!(keys("\x1b[97;1:3;97u"), [Key::Other]);
}
