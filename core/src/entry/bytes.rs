//! Numbers and texts as they stand in an encoding.

use alloc::vec::Vec;

use super::DecodeError;
use crate::wire::is_clean;

pub(crate) fn push_text(text: &str, out: &mut Vec<u8>) {
    push_number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut rest = number;
    while rest > 0x7f {
        // The lowest seven bits.
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// What is not decoded yet.
pub(crate) struct Rest<'a>(pub(crate) &'a [u8]);

impl<'a> Rest<'a> {
    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.0.split_first().ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return Err(DecodeError::Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                // Each number has one encoding.
                let is_shortest = byte != 0 || shift == 0;
                return if is_shortest { Ok(number) } else { Err(DecodeError::Malformed) };
            }
        }
        Err(DecodeError::Malformed)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Malformed),
        }
    }

    /// Text that may stand in a line of the log.
    pub(crate) fn text(&mut self, most: usize) -> Result<&'a str, DecodeError> {
        let text = self.any_text(most)?;
        if is_clean(text) { Ok(text) } else { Err(DecodeError::Malformed) }
    }

    /// A line or more, each with its newline.
    pub(crate) fn lines(&mut self, most: usize) -> Result<&'a str, DecodeError> {
        let text = self.any_text(most)?;
        let mut lines = text.strip_suffix('\n').ok_or(DecodeError::Malformed)?.split('\n');
        if lines.all(is_clean) { Ok(text) } else { Err(DecodeError::Malformed) }
    }

    fn any_text(&mut self, most: usize) -> Result<&'a str, DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| DecodeError::Malformed)?;
        if length > most {
            return Err(DecodeError::Malformed);
        }
        let (text, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        core::str::from_utf8(text).map_err(|_| DecodeError::Malformed)
    }

    /// Nothing comes behind it.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Malformed) }
    }
}
