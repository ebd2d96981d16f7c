//! Telnet: the commands that its clients mix into what is typed (RFC 854).
//!
//! Their first byte, 0xFF, is never part of UTF-8, so they are taken out of whatever any peer sends,
//! wherever a read cuts them. Options are refused, each once, but for a timing mark (RFC 860), for
//! which the client waits each time, and for eight-bit bytes (RFC 856), which we ask for: without
//! them inetutils' telnet takes parts of Korean characters for control keys.

use alloc::boxed::Box;
use alloc::vec::Vec;

use memchr::memchr;

const SE: u8 = 240;
const BREAK: u8 = 243;
const INTERRUPT_PROCESS: u8 = 244;
const ABORT_OUTPUT: u8 = 245;
const SUBNEGOTIATION: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

/// The least of the bytes that are commands after an IAC: EOF (RFC 1184).
const FIRST_COMMAND: u8 = 236;
const END_OF_FILE: u8 = 236;
const SUSPEND: u8 = 237;
const ABORT: u8 = 238;

const BINARY: u8 = 0;
const TIMING_MARK: u8 = 6;

/// Bytes of a subnegotiation, at the most. We agree to no option, so there should be none at all; what
/// has no end is not one.
const LONGEST_SUBNEGOTIATION: u16 = 512;

/// What one peer sends, without the commands in it. Most peers are no telnet, and cost no memory here.
#[derive(Default)]
pub(crate) struct Telnet(Option<Box<Client>>);

/// A peer that has sent a command, or the beginning of one.
#[derive(Default)]
struct Client {
    state: State,
    /// Whether it was asked for all eight bits of each byte.
    is_greeted: bool,
    refused_to_do: Bits,
    refused_to_let: Bits,
}

/// Where in a command the last byte was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After WILL, WONT, DO or DONT.
    Verb(u8),
    /// Inside a subnegotiation, which may have so many bytes more.
    Sub(u16),
    /// After an IAC in it.
    SubCommand(u16),
}

/// Options, a bit each.
#[derive(Default)]
struct Bits([u64; 4]);

/// What a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// Bytes of text.
    Text(&'a [u8]),
    /// A key that the client has made a command of.
    Key(Key),
}

/// Keys that clients send as commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Ctrl+C.
    Interrupt,
    /// Ctrl+D.
    EndOfInput,
    /// Ctrl+O.
    AbortOutput,
    /// Ctrl+Z.
    Suspend,
    /// Ctrl+\.
    Break,
}

impl Key {
    /// The byte that it stands for inside a character: a client that looks at seven bits of each takes
    /// such a byte for the key (inetutils' telnet, before it is asked for all eight).
    pub(crate) fn as_byte(self) -> Option<u8> {
        match self {
            Self::Interrupt => Some(0x83),
            Self::EndOfInput => None,
            Self::AbortOutput => Some(0x8f),
            Self::Suspend => Some(0x9a),
            Self::Break => Some(0x9c),
        }
    }

    fn of_command(command: u8) -> Option<Self> {
        match command {
            INTERRUPT_PROCESS | ABORT => Some(Self::Interrupt),
            END_OF_FILE => Some(Self::EndOfInput),
            ABORT_OUTPUT => Some(Self::AbortOutput),
            SUSPEND => Some(Self::Suspend),
            BREAK => Some(Self::Break),
            _ => None,
        }
    }
}

impl Telnet {
    /// Takes bytes as they came, in any chunks, and gives what they are to `take`. What is to be sent
    /// back is appended to `answers`.
    pub(crate) fn receive(
        &mut self,
        bytes: &[u8],
        answers: &mut Vec<u8>,
        take: &mut dyn FnMut(Heard<'_>),
    ) {
        if self.0.is_none() && memchr(IAC, bytes).is_none() {
            return take(Heard::Text(bytes));
        }
        self.0.get_or_insert_default().receive(bytes, answers, take);
    }

    /// Asks a client to send all eight bits of each byte, once.
    ///
    /// Not to take them as well: inetutils' telnet then shows every line below the end of the last.
    pub(crate) fn greet(&mut self, answers: &mut Vec<u8>) {
        self.0.get_or_insert_default().greet(answers);
    }
}

impl Client {
    fn receive(&mut self, bytes: &[u8], answers: &mut Vec<u8>, take: &mut dyn FnMut(Heard<'_>)) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if self.state == State::Text {
                let text_end = memchr(IAC, rest).unwrap_or(rest.len());
                let (text, command) = rest.split_at(text_end);
                if !text.is_empty() {
                    take(Heard::Text(text));
                }
                if !command.is_empty() {
                    self.state = State::Command;
                }
                rest = command.get(1..).unwrap_or_default();
                continue;
            }
            let (state, is_taken) = self.step(byte, answers, take);
            self.state = state;
            if is_taken {
                rest = after;
            }
        }
    }

    /// One byte that may be part of a command. Returns the state after it, and whether it was one;
    /// else it is text.
    fn step(
        &mut self,
        byte: u8,
        answers: &mut Vec<u8>,
        take: &mut dyn FnMut(Heard<'_>),
    ) -> (State, bool) {
        let next = match (self.state, byte) {
            (State::Command, WILL..=DONT) => State::Verb(byte),
            (State::Command, SUBNEGOTIATION) => State::Sub(LONGEST_SUBNEGOTIATION),
            (State::Command, IAC) => {
                take(Heard::Text(&[IAC]));
                State::Text
            }
            (State::Command, FIRST_COMMAND..) => {
                self.greet(answers);
                if let Some(key) = Key::of_command(byte) {
                    take(Heard::Key(key));
                }
                State::Text
            }
            (State::Command, _) => {
                // No telnet: a byte that is not UTF-8, and another one.
                take(Heard::Text(&[IAC]));
                return (State::Text, false);
            }
            (State::Verb(verb), option) => {
                self.greet(answers);
                self.answer(verb, option, answers);
                State::Text
            }
            (State::Sub(left), IAC) => State::SubCommand(left),
            (State::SubCommand(_), SE) => State::Text,
            (State::Sub(left) | State::SubCommand(left), _) => match left.checked_sub(1) {
                Some(left) => State::Sub(left),
                None => State::Text,
            },
            (State::Text, _) => return (State::Text, false),
        };
        (next, true)
    }

    fn greet(&mut self, answers: &mut Vec<u8>) {
        if !self.is_greeted {
            self.is_greeted = true;
            // That it will is the answer, and no offer to be refused.
            self.refused_to_let.set(BINARY);
            answers.extend([IAC, DO, BINARY]);
        }
    }

    fn answer(&mut self, verb: u8, option: u8, answers: &mut Vec<u8>) {
        match verb {
            DO if option == TIMING_MARK || self.refused_to_do.set(option) => {
                answers.extend([IAC, WONT, option]);
            }
            WILL if self.refused_to_let.set(option) => answers.extend([IAC, DONT, option]),
            _ => {}
        }
    }
}

impl Bits {
    /// Sets a bit. Returns whether that is new.
    fn set(&mut self, bit: u8) -> bool {
        let (word, mask) = (usize::from(bit / 64), 1 << (bit % 64));
        let was = self.0[word];
        self.0[word] |= mask;
        was & mask == 0
    }
}
