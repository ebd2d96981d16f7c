//! Lines for the program, among those for its user.

use alloc::vec::Vec;
use core::mem;

use memchr::{memchr, memmem};

use crate::notice::ASIDE;

/// The longest line for the program, in bytes: what is longer is none that it knows. Far more than a
/// key and a name take.
const LONGEST: usize = 1024;

/// Takes the lines for the program out of what a server sends, however it is cut.
#[derive(Default)]
pub(super) struct Asides {
    state: State,
    /// What has come of the one that has begun, without [`ASIDE`]: of one that is too long, a byte
    /// more than the most.
    begun: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of a line have come, all of which [`ASIDE`] begins with.
    Beginning(usize),
    /// Inside a line for the user.
    Inside,
    /// Inside one for the program.
    Aside,
}

impl Default for State {
    fn default() -> Self {
        Self::Beginning(0)
    }
}

/// A piece of what a server sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Bytes for the user, in any chunks.
    Bytes(&'a [u8]),
    /// A whole line for the program, without its beginning and its newline.
    Aside(Vec<u8>),
}

impl Asides {
    /// Takes the next piece off `bytes`; `None` if more must come first.
    pub(super) fn take<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        while !bytes.is_empty() {
            let piece = match self.state {
                State::Beginning(count) => self.begin(count, bytes),
                State::Inside => Some(self.pass(bytes)),
                State::Aside => self.collect(bytes),
            };
            if piece.is_some() {
                return piece;
            }
        }
        None
    }

    /// What was kept of a line as it may have become one for the program. It has not.
    pub(super) fn take_begun(&mut self) -> &'static [u8] {
        match mem::replace(&mut self.state, State::Inside) {
            State::Beginning(count) => &ASIDE.as_bytes()[..count],
            State::Inside | State::Aside => &[],
        }
    }

    /// Decides whose line it is that begins.
    fn begin<'a>(&mut self, count: usize, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        let (known, missing) = ASIDE.as_bytes().split_at(count);
        let same = missing.iter().zip(bytes.iter()).take_while(|(a, b)| a == b).count();
        if same == missing.len() {
            self.state = State::Aside;
        } else if same == bytes.len() {
            self.state = State::Beginning(count + same);
        } else {
            // Nothing is taken off: the bytes that are the same are the user's too.
            self.state = State::Inside;
            return (count > 0).then_some(Piece::Bytes(known));
        }
        *bytes = &bytes[same..];
        None
    }

    /// Passes on lines for the user, up to one that is not, or might not be.
    fn pass<'a>(&mut self, bytes: &mut &'a [u8]) -> Piece<'a> {
        const AFTER_NEWLINE: &[u8] = b"\n> /";
        let end = memmem::find(bytes, AFTER_NEWLINE).or_else(|| {
            let longest = AFTER_NEWLINE.len() - 1;
            (1..=longest)
                .rev()
                .find(|&count| bytes.ends_with(&AFTER_NEWLINE[..count]))
                .map(|count| bytes.len() - count)
        });
        let end = match end {
            Some(newline) => {
                self.state = State::Beginning(0);
                newline + 1
            }
            None => bytes.len(),
        };
        let (passed, rest) = bytes.split_at(end);
        *bytes = rest;
        Piece::Bytes(passed)
    }

    /// Collects a line for the program.
    fn collect<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        let newline = memchr(b'\n', bytes);
        let (line, rest) = bytes.split_at(newline.unwrap_or(bytes.len()));
        let space = (LONGEST + 1).saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&line[..line.len().min(space)]);
        *bytes = rest.get(1..).unwrap_or_default();
        newline?;
        self.state = State::Beginning(0);
        let aside = mem::take(&mut self.begun);
        Some(Piece::Aside(if aside.len() > LONGEST { Vec::new() } else { aside }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    /// What is the user's of `text`, and the lines for the program, with the text cut at `cuts`.
    fn taken(text: &str, cuts: [usize; 2]) -> (String, Vec<Vec<u8>>) {
        let mut asides = Asides::default();
        let (mut users, mut programs) = (Vec::new(), Vec::new());
        let (first, rest) = text.as_bytes().split_at(cuts[0]);
        let (second, third) = rest.split_at(cuts[1] - cuts[0]);
        for mut chunk in [first, second, third] {
            while let Some(piece) = asides.take(&mut chunk) {
                match piece {
                    Piece::Bytes(bytes) => users.extend_from_slice(bytes),
                    Piece::Aside(aside) => programs.push(aside),
                }
            }
        }
        users.extend_from_slice(asides.take_begun());
        (String::from_utf8(users).unwrap(), programs)
    }

    #[test]
    fn a_line_is_whose_it_is_wherever_it_is_cut() {
        let text = "> /one\n[a] > /b\n> /\r\n\n> \n>\n> two\n> /three\n> /four\nfive\n\n> /six\n> ";
        let users = "[a] > /b\n\n> \n>\n> two\nfive\n\n> ";
        let programs: [&[u8]; 5] = [b"one", b"\r", b"three", b"four", b"six"];
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let (bytes, asides) = taken(text, [first, second]);
                assert_eq!(bytes, users, "{first}, {second}");
                assert_eq!(asides, programs, "{first}, {second}");
            }
        }
    }

    #[test]
    fn one_that_never_ends_costs_no_memory() {
        let mut asides = Asides::default();
        assert_eq!(asides.take(&mut "> /".as_bytes()), None);
        for _ in 0..1_000 {
            assert_eq!(asides.take(&mut &[b'x'; 1_000][..]), None);
        }
        assert!(asides.begun.capacity() <= 2 * LONGEST + 2);
        let mut rest = "\n> /heard 1\n".as_bytes();
        assert_eq!(asides.take(&mut rest), Some(Piece::Aside(Vec::new())));
        assert_eq!(asides.take(&mut rest), Some(Piece::Aside(b"heard 1".to_vec())));
    }
}
