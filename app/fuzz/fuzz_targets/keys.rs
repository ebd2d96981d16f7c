//! Whatever a terminal sends, however it is cut and held back: the cuts change nothing, what
//! ECMA-48 calls a control sequence types nothing, and the user can leave.

#![no_main]

#[allow(dead_code, unused_imports, reason = "the executable uses more of it")]
#[path = "../../src/terminal/mod.rs"]
mod terminal;

use libfuzzer_sys::fuzz_target;
use terminal::{CommandWord, Draft, Key, Keys, Takes, Vocabulary};

/// Bytes; where they are cut, and whether each cut is followed by a silence; the parameters, the
/// intermediate bytes and the final byte of a control sequence.
type Input = (Vec<u8>, Vec<(u8, bool)>, (Vec<u8>, Vec<u8>, u8));

fuzz_target!(|input: Input| {
    let (bytes, cuts, (parameters, intermediates, last)) = input;
    let lengths = cuts.iter().map(|(length, _)| (*length, false)).collect::<Vec<_>>();
    assert_eq!(pressed(&bytes, &lengths), pressed(&bytes, &[]));

    let mut draft = Draft::new();
    let vocabulary = Vocabulary {
        commands: vec![CommandWord { word: "msg", takes: Takes::Name }],
        names: vec!["지민", "Ann", "192.0.2.7:45390"],
    };
    for key in pressed(&bytes, &cuts) {
        match key {
            Key::Char('\t') => draft.complete(&vocabulary, false),
            Key::BackTab => draft.complete(&vocabulary, true),
            key => draft.press(key),
        };
    }
    assert!(draft.view().text.chars().all(|c| c == '\n' || chat_core::shown(c) == c));

    leave_after(&bytes, &cuts);
    send_sequence(&parameters, &intermediates, last, &lengths);
});

/// Returns the keys of bytes that arrive so.
fn pressed(bytes: &[u8], cuts: &[(u8, bool)]) -> Vec<Key> {
    let mut pressed = Vec::new();
    feed(&mut Keys::default(), bytes, cuts, &mut |key| pressed.push(key));
    pressed
}

fn feed(keys: &mut Keys, bytes: &[u8], cuts: &[(u8, bool)], press: &mut dyn FnMut(Key)) {
    let mut rest = bytes;
    for (length, is_silent) in cuts {
        let (chunk, after) = rest.split_at(usize::from(*length).min(rest.len()));
        keys.feed(chunk, press);
        if *is_silent && keys.undecided_for().is_some() {
            keys.decide(press);
        }
        rest = after;
    }
    keys.feed(rest, press);
}

/// Whatever has arrived, Ctrl+C is heard after a silence.
fn leave_after(bytes: &[u8], cuts: &[(u8, bool)]) {
    for ctrl_c in ["\x03", "\x1b[99;5u", "\x1b[27;5;99~"] {
        let mut keys = Keys::default();
        feed(&mut keys, bytes, cuts, &mut |_| {});
        let mut silences = 0;
        while keys.undecided_for().is_some() {
            keys.decide(&mut |_| {});
            silences += 1;
            assert!(silences <= 2);
        }
        let mut last = None;
        keys.feed(ctrl_c.as_bytes(), &mut |key| last = Some(key));
        assert_eq!(last, Some(Key::Ctrl('c')));
    }
}

/// A control sequence (ECMA-48, 5.4), between two characters.
fn send_sequence(parameters: &[u8], intermediates: &[u8], last: u8, cuts: &[(u8, bool)]) {
    let parameters = parameters.iter().map(|byte| b'0' + byte % 16).collect::<Vec<_>>();
    let intermediates = intermediates.iter().map(|byte| b' ' + byte % 16).collect::<Vec<_>>();
    let last = b'@' + last % 63;
    let is_more = match (&*parameters, &*intermediates, last) {
        // Keys that give text, a paste, the Linux console's function keys, and raw bytes.
        (_, _, b'u') | (b"200", [], b'~') | ([], [], b'[' | b'M' | b't' | b'T') => true,
        ([b'2', b'7', b';', ..], [], b'~' | b'^' | b'@') => true,
        // rxvt's.
        (_, [b'$', ..], _) => parameters.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if is_more {
        return;
    }
    let bytes = [b"x\x1b[", &parameters[..], &intermediates, &[last], "가".as_bytes()].concat();
    let keys = pressed(&bytes, cuts);
    let [Key::Char('x'), key, Key::Char('가')] = &keys[..] else { panic!("{keys:?}") };
    assert!(!matches!(key, Key::Char(_) | Key::Enter | Key::Paste(_)), "{key:?}");
}
