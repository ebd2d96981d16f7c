//! What is lent to be sent.

use core::ops::Deref;

const MAX_SLICES: usize = 16;

/// The bytes that a reader has pending, or the first of them, as slices to send in order.
///
/// They are lent from the room as they stand. Tell the room with `sent` how many of them the
/// socket took, before the room is given anything else.
#[derive(Default)]
pub struct Transmit<'a> {
    slices: [&'a [u8]; MAX_SLICES],
    count: usize,
    /// The newline at the end was left out, for an unframed peer.
    withheld: bool,
}

impl<'a> Transmit<'a> {
    /// Slices lent at once, at the most. More would seldom help: each is a whole run of other
    /// people's messages, and what does not fit is lent next time.
    pub const MAX_SLICES: usize = MAX_SLICES;

    /// The number of bytes in all slices.
    #[must_use]
    pub fn total(&self) -> usize {
        self.iter().map(|slice| slice.len()).sum()
    }

    /// Adds a slice; gives whether another one would fit.
    pub(crate) fn push(&mut self, slice: &'a [u8]) -> bool {
        if !slice.is_empty()
            && let Some(place) = self.slices.get_mut(self.count)
        {
            *place = slice;
            self.count += 1;
        }
        self.count < MAX_SLICES
    }

    /// Leaves out a newline at the end: an unframed peer takes the end of a write for it.
    pub(crate) fn withhold_newline(&mut self) {
        let Some(last) = self.count.checked_sub(1).and_then(|last| self.slices.get_mut(last))
        else {
            return;
        };
        if let Some(before) = last.strip_suffix(b"\n") {
            self.withheld = true;
            *last = before;
            if before.is_empty() {
                self.count -= 1;
            }
        }
    }

    /// The bytes of what is pending that are dealt with once `sent` bytes are sent: with the last of
    /// these goes the newline that was left out.
    pub(crate) fn dealt_with(&self, sent: usize) -> usize {
        let total = self.total();
        if self.withheld && sent >= total { total + 1 } else { sent }
    }
}

impl<'a> Deref for Transmit<'a> {
    type Target = [&'a [u8]];

    fn deref(&self) -> &Self::Target {
        &self.slices[..self.count]
    }
}
