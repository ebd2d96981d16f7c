//! The half of a line.

use core::mem;

use super::ring::Ring;

/// A line of which a reader has got a part. Should it never get the rest, because the backlog has
/// gone over it, the line is ended where it is, but not inside a character.
#[derive(Clone, Copy, Default)]
pub(super) struct Half {
    /// What the character that it is inside of still needs, and then zeros.
    rest: [u8; 3],
    /// Whether with that it lacks nothing but its newline.
    is_whole: bool,
}

impl Half {
    /// For a line sent up to `position`.
    pub(super) fn at(position: u64, ring: &Ring) -> Self {
        let mut half = Self::default();
        let next = ring.slices(position..position + 4);
        let mut next = next.into_iter().flatten().copied().peekable();
        for place in &mut half.rest {
            let Some(byte) = next.next_if(|&byte| continues_character(byte)) else { break };
            *place = byte;
        }
        half.is_whole = next.next() == Some(b'\n');
        half
    }

    /// What ends it.
    pub(super) fn end(&self) -> impl Iterator<Item = u8> {
        self.rest.into_iter().filter(|&byte| byte != 0).chain([b'\n'])
    }

    /// Whether it counts as got when it is ended: it does once.
    pub(super) fn takes_as_whole(&mut self) -> bool {
        mem::take(&mut self.is_whole)
    }
}

/// Whether a byte continues a character of UTF-8.
pub(super) fn continues_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
