//! Keys: from the bytes that a terminal sends to what was pressed and pasted.
//!
//! The syntax is ECMA-48's (section 5.4 for control sequences); the keys are those of xterm
//! ("PC-Style Function Keys" in its `ctlseqs` document), the Linux console and rxvt. A sequence
//! that is well formed and unknown, such as a terminal's late answer to another program, is one
//! [`Key::Other`], never text.

use std::mem;
use std::time::Duration;

use super::text::MAX_DRAFT;

/// What was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character of text, or a tab.
    Char(char),
    /// Ctrl and a letter, given in lower case.
    Ctrl(char),
    /// Alt and a character.
    Alt(char),
    Enter,
    AltEnter,
    Backspace,
    WordBackspace,
    Delete,
    WordDelete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Up,
    Down,
    Home,
    End,
    Escape,
    /// The text of a bracketed paste, with newlines as line ends.
    Paste(String),
    Other,
}

/// Bytes of a paste that are kept: one more than fit into a draft, so that the draft can tell that
/// they do not. A terminal that never ends a paste must not fill the memory.
pub(super) const MAX_PASTE: usize = MAX_DRAFT + 1;

/// How long after ESC a byte may belong to it. Terminals send a sequence in one go.
pub(super) const ESCAPE: Duration = Duration::from_millis(50);

/// How long the rest of a sequence may take once it has clearly begun: only a network can have cut
/// it, and if its rest were taken for text, a paste could send itself.
pub(super) const SEQUENCE: Duration = Duration::from_secs(1);

/// Bytes of a control sequence that are kept: more than any key has.
const MAX_SEQUENCE: usize = 32;

const CTRL_C: u8 = 0x03;

pub(super) const PASTE_END: &[u8] = b"\x1b[201~";

/// Turns bytes into keys, however they are cut.
#[derive(Default)]
pub(crate) struct Keys {
    state: State,
    /// The bytes so far of a character, a control sequence or a paste.
    pub(super) bytes: Vec<u8>,
    /// Whether nothing has arrived for long although a paste has not ended.
    is_quiet: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After ESC: the key itself, Alt, or the beginning of a sequence.
    Escape,
    /// After ESC `[`.
    Sequence,
    /// After ESC `O`.
    Single,
    /// After ESC `]` and others that begin a string: a terminal's answer.
    String,
    Paste,
}

impl Keys {
    /// Takes bytes as they arrived.
    pub(crate) fn feed(&mut self, bytes: &[u8], press: &mut dyn FnMut(Key)) {
        for &byte in bytes {
            self.take(byte, press);
        }
    }

    /// Returns how long to wait for more before [`Keys::decide`]; `None` if nothing is undecided.
    pub(crate) fn undecided_for(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Escape | State::Single => Some(ESCAPE),
            State::Sequence if self.bytes.is_empty() => Some(ESCAPE),
            State::String if self.bytes.len() == 1 => Some(ESCAPE),
            State::Sequence | State::String => Some(SEQUENCE),
            State::Paste => (!self.is_quiet).then_some(SEQUENCE),
        }
    }

    /// Decides what the last bytes were, as nothing has arrived for as long as that: a key, or
    /// nothing.
    pub(crate) fn decide(&mut self, press: &mut dyn FnMut(Key)) {
        if self.state == State::Paste {
            // That is not its end, or its rest would be taken for keys. But now Ctrl+C leaves.
            self.is_quiet = true;
            return;
        }
        let state = mem::take(&mut self.state);
        let bytes = mem::take(&mut self.bytes);
        match (state, bytes.as_slice()) {
            (State::Ground | State::Paste, _) => self.bytes = bytes,
            (State::Escape, _) => press(Key::Escape),
            (State::Sequence, []) => press(Key::Alt('[')),
            (State::Single, _) => press(Key::Alt('O')),
            (State::String, &[first]) => press(Key::Alt(first.into())),
            (State::Sequence | State::String, _) => press(Key::Other),
        }
    }

    fn take(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        match self.state {
            State::Ground => self.take_text(byte, press),
            State::Escape => self.take_after_escape(byte, press),
            State::Single => {
                self.state = State::Ground;
                press(single_key(byte));
            }
            State::Sequence => self.take_in_sequence(byte, press),
            State::String => self.take_in_string(byte, press),
            State::Paste => self.take_in_paste(byte, press),
        }
    }

    fn take_text(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        if byte >= 0x80 || !self.bytes.is_empty() {
            self.bytes.push(byte);
            match str::from_utf8(&self.bytes) {
                Ok(text) => {
                    text.chars().for_each(|c| press(Key::Char(c)));
                    self.bytes.clear();
                }
                Err(error) => {
                    if let Some(count) = error.error_len() {
                        // The byte that breaks a character off is taken afresh.
                        let rest = self.bytes.split_off(count);
                        self.bytes.clear();
                        press(Key::Char(char::REPLACEMENT_CHARACTER));
                        self.feed(&rest, press);
                    }
                }
            }
            return;
        }
        if byte == 0x1b {
            self.state = State::Escape;
        } else {
            press(plain_key(byte));
        }
    }

    fn take_after_escape(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        self.state = State::Ground;
        match byte {
            b'[' => self.state = State::Sequence,
            b'O' => self.state = State::Single,
            // DCS, SOS, OSC, PM, APC (ECMA-48, 5.6).
            b'P' | b'X' | b']' | b'^' | b'_' => {
                self.state = State::String;
                self.bytes.push(byte);
            }
            0x1b => {
                self.state = State::Escape;
                press(Key::Escape);
            }
            b'\r' | b'\n' => press(Key::AltEnter),
            0x08 | 0x7f => press(Key::WordBackspace),
            b' '..=b'~' => press(Key::Alt(byte.into())),
            _ => {
                press(Key::Escape);
                self.take(byte, press);
            }
        }
    }

    fn take_in_sequence(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        match byte {
            // The Linux console's function keys: ESC [ [ A.
            b'[' if self.bytes.is_empty() => self.bytes.push(byte),
            // Parameters and intermediate bytes.
            b' '..=b'?' => {
                if self.bytes.len() < MAX_SEQUENCE {
                    self.bytes.push(byte);
                }
            }
            b'@'..=b'~' => {
                let parameters = mem::take(&mut self.bytes);
                if parameters == b"200" && byte == b'~' {
                    self.state = State::Paste;
                } else {
                    self.state = State::Ground;
                    press(sequence_key(&parameters, byte));
                }
            }
            _ => {
                self.bytes.clear();
                self.state = State::Ground;
                press(Key::Other);
                self.take(byte, press);
            }
        }
    }

    /// A string ends with BEL, or with ESC and a backslash. What it cannot contain breaks it off:
    /// another control character, or ESC with anything else behind it, which begins something new.
    fn take_in_string(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        let is_escaped = self.bytes.ends_with(b"\x1b");
        let ends = byte == 0x07 || (byte == b'\\' && is_escaped);
        let breaks_off = is_escaped || (byte < 0x20 && byte != 0x1b);
        if !ends && !breaks_off {
            if self.bytes.len() >= MAX_SEQUENCE {
                self.bytes.truncate(MAX_SEQUENCE - 1);
            }
            self.bytes.push(byte);
            return;
        }
        self.bytes.clear();
        self.state = if is_escaped && !ends { State::Escape } else { State::Ground };
        press(Key::Other);
        if !ends {
            self.take(byte, press);
        }
    }

    fn take_in_paste(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        // A paste whose end was lost must not keep the user from leaving. Pasted text cannot do
        // this: it does not arrive alone, and late.
        if mem::take(&mut self.is_quiet) && byte == CTRL_C {
            self.bytes = Vec::new();
            self.state = State::Ground;
            return press(plain_key(byte));
        }
        if self.bytes.len() >= MAX_PASTE + PASTE_END.len() {
            // Only its end still matters.
            self.bytes.remove(MAX_PASTE);
        }
        self.bytes.push(byte);
        if let Some(pasted) = self.bytes.strip_suffix(PASTE_END) {
            let text = String::from_utf8_lossy(&pasted[..pasted.len().min(MAX_PASTE)]);
            // Terminals send line ends in a paste as Enter.
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            self.bytes = Vec::new();
            self.state = State::Ground;
            press(Key::Paste(text));
        }
    }
}

/// Returns the key of an ASCII byte outside of any sequence.
fn plain_key(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' | b' '..=b'~' => Key::Char(byte.into()),
        0x08 | 0x7f => Key::Backspace,
        0x01..=0x1a => Key::Ctrl((b'a' + byte - 1).into()),
        _ => Key::Other,
    }
}

/// Returns the key of ESC O and `last`.
fn single_key(last: u8) -> Key {
    match last {
        b'c' => Key::WordRight,
        b'd' => Key::WordLeft,
        b'M' => Key::Enter,
        _ => cursor_key(last, false),
    }
}

/// Returns the key of ESC `[`, `parameters` and `last`.
fn sequence_key(parameters: &[u8], last: u8) -> Key {
    let parameters = str::from_utf8(parameters).unwrap_or_default();
    let mut numbers = parameters.split(';').map(|number| number.parse::<u8>());
    let number = numbers.next().and_then(Result::ok).unwrap_or(0);
    let modifiers = numbers.next().and_then(Result::ok).unwrap_or(1);
    // xterm: one more than the sum of 1 for Shift, 2 for Alt, 4 for Ctrl and 8 for Meta.
    let by_word = modifiers.saturating_sub(1) & !1 != 0;
    match last {
        _ if parameters.starts_with(['[', '?', '<', '=', '>']) => Key::Other,
        b'~' => match number {
            1 | 7 => Key::Home,
            4 | 8 => Key::End,
            3 if by_word => Key::WordDelete,
            3 => Key::Delete,
            _ => Key::Other,
        },
        _ => cursor_key(last, by_word),
    }
}

fn cursor_key(last: u8, by_word: bool) -> Key {
    match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if by_word => Key::WordRight,
        b'D' if by_word => Key::WordLeft,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => Key::Other,
    }
}
