//! What a sequence means.

use super::key::Key;

/// How to tell the key of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::terminal) enum Meaning {
    /// By its last byte.
    Cursor,
    /// By its last byte in lower case; Shift, or Ctrl.
    ShiftCursor,
    CtrlCursor,
    /// By its first parameter.
    Numbered,
    /// By its first parameter: a code point, or a functional key of the kitty keyboard protocol.
    CodePoint,
    BackTab,
    Enter,
    /// What the terminal says of itself.
    Report,
    Nothing,
}

/// Modifiers, as bits. A parameter is one more than their sum (xterm's `ctlseqs`, "PC-Style
/// Function Keys"; the kitty keyboard protocol, "Modifiers").
#[derive(Clone, Copy)]
struct Modifiers(u32);

impl Modifiers {
    const SHIFT: u32 = 1;
    const ALT: u32 = 2;
    const CTRL: u32 = 4;
    const CAPS_LOCK: u32 = 64;
    const NUM_LOCK: u32 = 128;

    fn has(self, modifier: u32) -> bool {
        self.0 & modifier != 0
    }

    /// Returns those that are held down. A lock is no such modifier.
    fn held(self) -> u32 {
        self.0 & !(Self::CAPS_LOCK | Self::NUM_LOCK)
    }

    /// Whether a key that moves or deletes goes by word: with any modifier but Shift, as terminals
    /// and systems differ in which.
    fn by_word(self) -> bool {
        self.held() & !Self::SHIFT != 0
    }
}

/// Parameters: numbers between `;`, each of which may have further ones behind `:`.
struct Parameters<'a>(&'a str);

impl Parameters<'_> {
    fn number(&self, field: usize, part: usize) -> Option<u32> {
        self.0.split(';').nth(field)?.split(':').nth(part)?.parse().ok()
    }

    fn modifiers(&self, field: usize) -> Modifiers {
        Modifiers(self.number(field, 0).unwrap_or(1).saturating_sub(1))
    }

    /// Returns the characters of the text that a key gives (the kitty keyboard protocol, "Text as
    /// code points").
    fn text(&self) -> impl Iterator<Item = char> {
        let numbers = self.0.split(';').nth(2).unwrap_or_default().split(':');
        let chars = numbers.filter_map(|number| char::from_u32(number.parse().ok()?));
        chars.filter(|c| !c.is_control())
    }
}

/// The event type of a key's release (the kitty keyboard protocol, "Event types").
const RELEASE: u32 = 3;

/// Presses what a sequence means; `is_alt` says whether another ESC stood before it.
pub(super) fn press(
    meaning: Meaning,
    parameters: &[u8],
    last: u8,
    is_alt: bool,
    press: &mut dyn FnMut(Key),
) {
    let parameters = Parameters(str::from_utf8(parameters).unwrap_or_default());
    if meaning == Meaning::Report {
        return press(Key::Report(format!("{}{}", parameters.0, char::from(last))));
    }
    if parameters.number(1, 1) == Some(RELEASE) || parameters.0.starts_with(['<', '=', '?']) {
        return press(Key::Other);
    }
    let alt = if is_alt { Modifiers::ALT } else { 0 };
    let with = |modifiers: Modifiers, more| Modifiers(modifiers.0 | alt | more);
    press(match meaning {
        Meaning::Cursor => cursor_key(last, with(cursor_modifiers(parameters.0), 0)),
        Meaning::ShiftCursor => {
            cursor_key(last.to_ascii_uppercase(), Modifiers(Modifiers::SHIFT | alt))
        }
        Meaning::CtrlCursor => {
            cursor_key(last.to_ascii_uppercase(), Modifiers(Modifiers::CTRL | alt))
        }
        Meaning::Numbered => {
            let more = match last {
                b'$' => Modifiers::SHIFT,
                b'^' => Modifiers::CTRL,
                b'@' => Modifiers::SHIFT | Modifiers::CTRL,
                _ => 0,
            };
            let modifiers = with(parameters.modifiers(1), more);
            match (parameters.number(0, 0), parameters.number(2, 0)) {
                // xterm's modifyOtherKeys: a code point is the last parameter.
                (Some(27), Some(code)) => coded_key(code, None, None, modifiers),
                (number, _) => numbered_key(number, modifiers),
            }
        }
        Meaning::CodePoint => {
            let modifiers = with(parameters.modifiers(1), 0);
            let mut text = parameters.text().peekable();
            if modifiers.held() & !Modifiers::SHIFT == 0 && text.peek().is_some() {
                return text.for_each(|c| press(Key::Char(c)));
            }
            let code = parameters.number(0, 0).unwrap_or(0);
            let (shifted, base) = (parameters.number(0, 1), parameters.number(0, 2));
            coded_key(code, shifted, base, modifiers)
        }
        Meaning::BackTab => Key::BackTab,
        Meaning::Enter => enter(with(cursor_modifiers(parameters.0), 0)),
        Meaning::Report | Meaning::Nothing => Key::Other,
    });
}

/// Returns the modifiers of a key that its last byte tells: `1;5`, or `5` alone, in old terminals.
fn cursor_modifiers(parameters: &str) -> Modifiers {
    let parameters = Parameters(parameters.strip_prefix('>').unwrap_or(parameters));
    parameters.modifiers(usize::from(parameters.0.contains(';')))
}

fn cursor_key(last: u8, modifiers: Modifiers) -> Key {
    match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if modifiers.by_word() => Key::WordRight,
        b'D' if modifiers.by_word() => Key::WordLeft,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => Key::Other,
    }
}

fn numbered_key(number: Option<u32>, modifiers: Modifiers) -> Key {
    match number {
        Some(1 | 7) => Key::Home,
        Some(4 | 8) => Key::End,
        Some(3) if modifiers.by_word() => Key::WordDelete,
        Some(3) => Key::Delete,
        _ => Key::Other,
    }
}

/// Returns the key of a code point; `shifted` is what it is with Shift, and `base` what stands
/// there on an English keyboard, if the terminal says so.
fn coded_key(code: u32, shifted: Option<u32>, base: Option<u32>, modifiers: Modifiers) -> Key {
    match code {
        0x1b => return Key::Escape,
        0x0d | 57414 => return enter(modifiers),
        0x08 | 0x7f if modifiers.by_word() => return Key::WordBackspace,
        0x08 | 0x7f => return Key::Backspace,
        57417 => return cursor_key(b'D', modifiers),
        57418 => return cursor_key(b'C', modifiers),
        57419 => return Key::Up,
        57420 => return Key::Down,
        57423 => return Key::Home,
        57424 => return Key::End,
        57426 => return numbered_key(Some(3), modifiers),
        _ => {}
    }
    let Some(c) = character(code) else { return Key::Other };
    let base = base.and_then(character).filter(char::is_ascii).unwrap_or(c);
    match modifiers.held() {
        Modifiers::SHIFT if c == '\t' => Key::BackTab,
        0 | Modifiers::SHIFT => Key::Char(with_case(c, shifted.and_then(character), modifiers)),
        Modifiers::ALT => alt_key(if c.is_ascii() { c } else { base }),
        held if held == Modifiers::ALT | Modifiers::SHIFT => {
            alt_key(with_case(c, shifted.and_then(character), modifiers))
        }
        Modifiers::CTRL => ctrl_key(if c.is_ascii() { c } else { base }),
        _ => Key::Other,
    }
}

/// Returns the character that a key types.
fn character(code: u32) -> Option<char> {
    /// The keypad, from 57399 on.
    const KEYPAD: &str = "0123456789./*-+\r=,";
    match code {
        // Code points for private use are functional keys (the kitty keyboard protocol,
        // "Functional key definitions").
        57344..63744 => KEYPAD.chars().nth(code.checked_sub(57399)?.try_into().ok()?),
        _ => char::from_u32(code).filter(|c| *c == '\t' || !c.is_control()),
    }
}

/// Returns what a key types with Shift and Caps Lock as they are. Where the keyboard has something
/// else than a letter, only the terminal knows.
fn with_case(c: char, shifted: Option<char>, modifiers: Modifiers) -> char {
    let has_shift = modifiers.has(Modifiers::SHIFT);
    let upper = || {
        let mut upper = c.to_uppercase();
        upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
    };
    match shifted {
        Some(shifted) if has_shift => shifted,
        _ if has_shift != modifiers.has(Modifiers::CAPS_LOCK) => upper(),
        _ => c,
    }
}

fn enter(modifiers: Modifiers) -> Key {
    if modifiers.has(Modifiers::SHIFT | Modifiers::ALT) { Key::AltEnter } else { Key::Enter }
}

/// Returns the key of an ASCII byte outside of any sequence.
pub(super) fn plain_key(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' | b' '..=b'~' => Key::Char(byte.into()),
        0x08 | 0x7f => Key::Backspace,
        0x1b => Key::Escape,
        0x01..=0x1a => Key::Ctrl((b'a' + byte - 1).into()),
        _ => Key::Other,
    }
}

/// Returns the key of Ctrl and a character: that of the byte which it has been since the VT100.
fn ctrl_key(c: char) -> Key {
    match latin(c).to_ascii_lowercase() {
        c @ ('a'..='z' | '[') => plain_key(c as u8 & 0x1f),
        '?' => Key::Backspace,
        _ => Key::Other,
    }
}

/// Returns the key of Alt and a character.
pub(super) fn alt_key(c: char) -> Key {
    match c {
        '\r' | '\n' => Key::AltEnter,
        '\u{8}' | '\u{7f}' => Key::WordBackspace,
        c => Key::Alt(latin(c)),
    }
}

/// Returns the letter that is on the same key of the Korean keyboard (KS X 5002): Ctrl+ㅊ leaves as
/// Ctrl+C does. Terminals that compose no syllables themselves, on macOS, send it so.
fn latin(c: char) -> char {
    const HANGUL: &str = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ";
    const LATIN: &str = "qwertyuiopasdfghjklzxcvbnmQWERTOP";
    let mut keys = HANGUL.chars().zip(LATIN.chars());
    keys.find(|(hangul, _)| *hangul == c).map_or(c, |(_, latin)| latin)
}
