//! Telnet as one reads it in its RFC: one thing after the other.

use std::collections::BTreeSet;

/// What comes next in what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Byte(u8),
    /// A command of one byte.
    Command(u8),
    /// A verb and its option.
    Verb(u8, u8),
    /// A subnegotiation.
    Nothing,
}

/// The first token of `bytes` and its length, if it is there whole.
pub(super) fn token(bytes: &[u8]) -> Option<(Token, usize)> {
    match *bytes {
        [255] | [] => None,
        [255, 255, ..] => Some((Token::Byte(255), 2)),
        [255, verb @ 251..=254, option, ..] => Some((Token::Verb(verb, option), 3)),
        [255, 251..=254] => None,
        [255, 250, ..] => subnegotiation(&bytes[2..]).map(|length| (Token::Nothing, 2 + length)),
        [255, command @ 236..=255, ..] => Some((Token::Command(command), 2)),
        [byte, ..] => Some((Token::Byte(byte), 1)),
    }
}

/// The length of a subnegotiation: to its end, or to where it is longer than any.
fn subnegotiation(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut count) = (0, 0);
    while count <= 512 {
        match bytes[at..] {
            [] | [255] => return None,
            [255, 240, ..] => return Some(at + 2),
            [255, _, ..] => at += 2,
            _ => at += 1,
        }
        count += 1;
    }
    Some(at)
}

/// What was negotiated.
#[derive(Default)]
pub(super) struct Negotiation {
    has_greeted: bool,
    answered: BTreeSet<(u8, u8)>,
}

impl Negotiation {
    /// A telnet client is asked for all eight bits, once.
    pub(super) fn greeting(&mut self) -> Vec<u8> {
        if std::mem::replace(&mut self.has_greeted, true) { vec![] } else { vec![255, 253, 0] }
    }

    pub(super) fn answer(&mut self, verb: u8, option: u8) -> Vec<u8> {
        let mut answer = self.greeting();
        let is_new = self.answered.insert((verb, option));
        match (verb, option) {
            (253, 6) => answer.extend([255, 252, 6]),
            // That is the answer to our own greeting.
            (251, 0) => {}
            (253, _) if is_new => answer.extend([255, 252, option]),
            (251, _) if is_new => answer.extend([255, 254, option]),
            _ => {}
        }
        answer
    }
}
