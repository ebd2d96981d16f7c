//! Keys: from the bytes that a terminal sends to what was pressed and pasted.
//!
//! | module | noun |
//! |---|---|
//! | `key` | what was pressed |
//! | `grammar` | the grammar of what terminals send, and the table of their sequences |
//! | `meaning` | which key a sequence is |
//! | `paste` | a bracketed paste, while it arrives |
//!
//! Only what was typed or pasted is ever text: not a key that is unknown here, not a late answer to
//! another program, not the rest of either after a network has cut it.
//!
//! ESC alone is a key, so after a short silence it must be taken for one, although the rest of a
//! sequence may still come. To recognize that, what comes after such an ESC is held back as long as
//! it can be a sequence of the table, and is text once it cannot. So `[A` that is typed within
//! seconds after ESC moves up. That is rare, and a paste that sends itself is worse.
//!
//! What begins with ESC and a character is Alt and that character; when it comes apart, that cannot
//! be told from two keys.

mod grammar;
mod key;
mod meaning;
mod paste;

use std::mem;
use std::time::Duration;

use grammar::{Beginning, CSI, ESC, Read};
use meaning::{alt_key, plain_key};
use paste::Paste;

pub(crate) use key::Key;

#[cfg(test)]
pub(super) use {
    grammar::{Parameters, TABLE},
    meaning::Meaning,
    paste::{END as PASTE_END, MAX_PASTE},
};

/// How long after ESC a byte surely belongs to it. Terminals send a sequence in one go.
pub(super) const ESCAPE: Duration = Duration::from_millis(50);

/// How long the rest of a sequence may take. Only a network can have cut it, and if its rest were
/// taken for text, a paste could send itself; a network that needs longer is seen to fail.
pub(super) const SEQUENCE: Duration = Duration::from_secs(10);

/// How long nothing of a paste has arrived when Ctrl+C alone is no longer a part of it.
pub(super) const PASTE: Duration = Duration::from_secs(1);

/// Bytes of a sequence that are kept: a key with the text that it gives, as long as an input method
/// makes it.
const MAX_SEQUENCE: usize = 1024;

/// Turns bytes into keys, however they are cut.
#[derive(Default)]
pub(crate) struct Keys {
    /// The bytes so far of a character, or of what begins with ESC.
    bytes: Vec<u8>,
    /// How many of them a silence has decided: their key is pressed, but more may follow.
    decided: usize,
    /// Whether its introducer was a single C1 control. Nobody types that.
    is_eight_bit: bool,
    paste: Option<Paste>,
}

impl Keys {
    /// Takes bytes as they arrived.
    pub(crate) fn feed(&mut self, bytes: &[u8], press: &mut dyn FnMut(Key)) {
        // A paste whose end was lost must not keep the user from leaving. Pasted text cannot do
        // this: it does not arrive alone, and late.
        if let Some(paste) = &mut self.paste
            && mem::take(&mut paste.is_quiet)
            && is_ctrl_c(bytes)
        {
            self.paste = None;
        }
        for &byte in bytes {
            self.take(byte, press);
        }
    }

    /// Returns how long to wait for more before [`Keys::decide`]; `None` if nothing is undecided.
    pub(crate) fn undecided_for(&self) -> Option<Duration> {
        if let Some(paste) = &self.paste {
            return (!paste.is_quiet).then_some(PASTE);
        }
        if !self.is_in_sequence() {
            return None;
        }
        Some(if self.is_key_so_far() { ESCAPE } else { SEQUENCE })
    }

    /// Decides what the last bytes were, as nothing has arrived for as long as that: a key, or
    /// nothing.
    pub(crate) fn decide(&mut self, press: &mut dyn FnMut(Key)) {
        if let Some(paste) = &mut self.paste {
            // That is not its end, or its rest would be taken for keys. But now Ctrl+C leaves.
            paste.is_quiet = true;
        } else if self.decided > 0 {
            self.take_as_typed(press);
        } else if self.is_key_so_far() {
            self.decided = self.bytes.len();
            match self.bytes[..] {
                [ESC, ESC, introducer] => {
                    press(Key::Escape);
                    press(alt_key(introducer.into()));
                }
                [ESC, introducer] if introducer != ESC => press(alt_key(introducer.into())),
                _ => press(Key::Escape),
            }
        } else if self.is_in_sequence() {
            self.bytes.clear();
            press(Key::Other);
        }
    }

    /// Returns the number of bytes kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.bytes.len() + self.paste.as_ref().map_or(0, Paste::len)
    }

    fn is_in_sequence(&self) -> bool {
        self.bytes.first() == Some(&ESC)
    }

    /// Whether what began with ESC is a key if nothing follows.
    fn is_key_so_far(&self) -> bool {
        self.is_in_sequence()
            && self.decided == 0
            && !self.is_eight_bit
            && grammar::read(&self.bytes) == Read::Beginning(Beginning::Key)
    }

    fn take(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        if let Some(paste) = &mut self.paste {
            if let Some(text) = paste.take(byte) {
                self.paste = None;
                press(Key::Paste(text));
            }
        } else if self.is_in_sequence() {
            self.take_in_sequence(byte, press);
        } else {
            self.take_text(byte, press);
        }
    }

    fn take_text(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        if self.bytes.is_empty() && byte < 0x80 {
            if byte == ESC {
                self.begin(false, &[])
            } else {
                press(plain_key(byte))
            }
            return;
        }
        self.bytes.push(byte);
        match str::from_utf8(&self.bytes) {
            Ok(text) => {
                let c = text.chars().next().unwrap_or_default();
                self.bytes.clear();
                match u8::try_from(c) {
                    Ok(c1 @ 0x80..0xa0) => self.take_c1(c1, press),
                    _ => press(Key::Char(c)),
                }
            }
            Err(error) => {
                let Some(count) = error.error_len() else { return };
                // The byte that breaks a character off is taken afresh.
                let rest = self.bytes.split_off(count);
                let bad = mem::take(&mut self.bytes);
                if grammar::introducer(bad[0]).is_some() {
                    self.take_c1(bad[0], press);
                } else {
                    press(Key::Char(char::REPLACEMENT_CHARACTER));
                }
                rest.into_iter().for_each(|byte| self.take(byte, press));
            }
        }
    }

    /// Takes a C1 control, of which those that introduce something are ESC and a letter in one.
    fn take_c1(&mut self, c1: u8, press: &mut dyn FnMut(Key)) {
        match grammar::introducer(c1) {
            Some(introducer) => self.begin(true, &[introducer]),
            None => press(Key::Other),
        }
    }

    fn begin(&mut self, is_eight_bit: bool, rest: &[u8]) {
        self.bytes.push(ESC);
        self.bytes.extend_from_slice(rest);
        self.is_eight_bit = is_eight_bit;
    }

    fn take_in_sequence(&mut self, byte: u8, press: &mut dyn FnMut(Key)) {
        if self.decided > 0 && byte == ESC {
            self.take_as_typed(press);
            return self.begin(false, &[]);
        }
        if self.bytes.len() == MAX_SEQUENCE {
            // The end of a string is two bytes.
            self.bytes.remove(MAX_SEQUENCE - 2);
        }
        self.bytes.push(byte);
        let is_alt = self.bytes[1] == ESC;
        let may_be_typed = self.decided > 0;
        match grammar::read(&self.bytes) {
            Read::Beginning(Beginning::Certain) => self.decided = 0,
            Read::Beginning(Beginning::Unlikely) | Read::Alt(_) | Read::String | Read::Broken
                if may_be_typed =>
            {
                self.take_as_typed(press);
            }
            Read::Beginning(_) => {}
            Read::Alt(c) => self.end(press, |press| press(alt_key(c))),
            Read::String => {
                let key = string_key(&self.bytes);
                self.end(press, |press| press(key));
            }
            Read::Report => self.end(press, |press| press(Key::Other)),
            Read::Sequence { introducer: CSI, parameters: b"200", last: b'~' } => {
                self.paste = Some(Paste::new(self.is_eight_bit));
                self.end(press, |_| {});
            }
            Read::Sequence { introducer, parameters, last } => {
                match grammar::find(introducer, parameters, last) {
                    None if may_be_typed => self.take_as_typed(press),
                    Some(row) if self.bytes.len() < MAX_SEQUENCE => {
                        meaning::press(row.meaning, parameters, last, is_alt, press);
                        self.end(press, |_| {});
                    }
                    _ => self.end(press, |press| press(Key::Other)),
                }
            }
            Read::Broken => self.break_off(press),
        }
    }

    fn end(&mut self, press: &mut dyn FnMut(Key), key: impl FnOnce(&mut dyn FnMut(Key))) {
        self.bytes.clear();
        self.decided = 0;
        key(press);
    }

    /// Ends what the last byte does not belong to. That byte is taken afresh, and an ESC before it.
    fn break_off(&mut self, press: &mut dyn FnMut(Key)) {
        let bytes = mem::take(&mut self.bytes);
        let Some((&last, before)) = bytes.split_last() else { return };
        press(if matches!(before, [ESC] | [ESC, ESC]) { Key::Escape } else { Key::Other });
        if before.len() > 1 && before.ends_with(&[ESC]) {
            self.begin(false, &[]);
        }
        self.take(last, press);
    }

    /// Takes as text what came after the bytes that a silence has decided.
    fn take_as_typed(&mut self, press: &mut dyn FnMut(Key)) {
        let typed = self.bytes.split_off(self.decided);
        self.bytes.clear();
        self.decided = 0;
        typed.into_iter().for_each(|byte| self.take(byte, press));
    }
}

/// Returns what a whole string is: a terminal's name and version (xterm's XTVERSION), or nothing.
fn string_key(string: &[u8]) -> Key {
    let content = string.strip_prefix(b"\x1b").unwrap_or(string);
    let content = content.split(|byte| matches!(*byte, ESC | 0x07 | 0x9c)).next();
    match content.map(str::from_utf8) {
        Some(Ok(text)) if text.starts_with("P>|") => Key::Report(text.to_owned()),
        _ => Key::Other,
    }
}

/// Whether bytes are Ctrl+C and nothing else, in any of its forms.
fn is_ctrl_c(bytes: &[u8]) -> bool {
    if bytes.len() > MAX_SEQUENCE {
        return false;
    }
    let (mut keys, mut is_it, mut is_else) = (Keys::default(), false, false);
    keys.feed(bytes, &mut |key| {
        is_it |= key == Key::Ctrl('c');
        is_else |= key != Key::Ctrl('c');
    });
    is_it && !is_else
}
