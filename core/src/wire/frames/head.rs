//! What stands before the payload of a frame (RFC 6455, section 5.2).

use super::MAX_CONTROL;
use super::close::CloseCode;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// Lengths that say that the length follows, in two bytes or in eight.
const IN_TWO: u8 = 126;
const IN_EIGHT: u8 = 127;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    fn of(byte: u8) -> Option<Self> {
        let all =
            [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong];
        all.into_iter().find(|opcode| *opcode as u8 == byte)
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of a client's frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) opcode: Opcode,
    pub(super) is_final: bool,
    pub(super) mask: [u8; 4],
    /// Bytes of the payload.
    pub(super) length: u64,
}

/// The bytes so far of a client's head.
#[derive(Debug, Default)]
pub(super) struct BegunHead {
    bytes: [u8; 14],
    len: u8,
}

impl BegunHead {
    /// Adds a byte. Returns the head if that was its last one.
    ///
    /// # Errors
    ///
    /// If no head of a client begins so. That is said as soon as it can be known.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<Head>, CloseCode> {
        let Some(place) = self.bytes.get_mut(usize::from(self.len)) else {
            return Err(CloseCode::PROTOCOL_ERROR);
        };
        *place = byte;
        self.len += 1;
        let [first, second, ..] = self.bytes;
        if self.len == 1 {
            return if first & RESERVED == 0 && Opcode::of(first & 0x0f).is_some() {
                Ok(None)
            } else {
                Err(CloseCode::PROTOCOL_ERROR)
            };
        }
        let opcode = Opcode::of(first & 0x0f).ok_or(CloseCode::PROTOCOL_ERROR)?;
        let is_final = first & FINAL != 0;
        let short = second & LENGTH;
        let is_allowed = second & MASKED != 0
            && (!opcode.is_control() || is_final && usize::from(short) <= MAX_CONTROL);
        if !is_allowed {
            return Err(CloseCode::PROTOCOL_ERROR);
        }
        let extended = extension(short);
        let (length, mask) = self.bytes[2..].split_at(extended);
        if usize::from(self.len) < 2 + extended + 4 {
            return Ok(None);
        }
        let length = match extended {
            0 => short.into(),
            _ => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        // The shortest form that there is, and no number that is negative to somebody.
        if extension_of(length) != extended || length >> 63 != 0 {
            return Err(CloseCode::PROTOCOL_ERROR);
        }
        let mask = [mask[0], mask[1], mask[2], mask[3]];
        *self = Self::default();
        Ok(Some(Head { opcode, is_final, mask, length }))
    }
}

/// How many bytes the length has behind its first.
fn extension(short: u8) -> usize {
    match short {
        IN_TWO => 2,
        IN_EIGHT => 8,
        _ => 0,
    }
}

/// How many it is to have.
fn extension_of(length: u64) -> usize {
    match length {
        0..=125 => 0,
        126..=0xffff => 2,
        _ => 8,
    }
}

/// The head of a server's frame: not masked.
#[derive(Clone, Copy, Default)]
pub(super) struct OwnHead {
    bytes: [u8; 10],
    len: u8,
}

impl OwnHead {
    pub(super) fn new(opcode: Opcode, is_final: bool, length: usize) -> Self {
        let mut bytes = [0; 10];
        bytes[0] = opcode as u8 | if is_final { FINAL } else { 0 };
        // No machine has longer ones.
        let length = length as u64;
        let extended = extension_of(length);
        let all = length.to_be_bytes();
        bytes[1] = match extended {
            0 => all[7],
            2 => IN_TWO,
            _ => IN_EIGHT,
        };
        bytes[2..2 + extended].copy_from_slice(&all[8 - extended..]);
        Self { bytes, len: 2 + extended as u8 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len.into()]
    }
}
