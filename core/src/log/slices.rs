//! What one delivery lends.

/// Slices that a delivery lends, at the most. More would seldom help: each is a run of lines that
/// nothing interrupts, and what does not fit is lent next time.
pub const MAX_SLICES: usize = 16;

/// The bytes that a reader has pending, or the first of them, in order.
#[derive(Default)]
pub(super) struct Slices<'a> {
    slices: [&'a [u8]; MAX_SLICES],
    count: usize,
}

impl<'a> Slices<'a> {
    pub(super) fn as_slice(&self) -> &[&'a [u8]] {
        &self.slices[..self.count]
    }

    pub(super) fn total(&self) -> usize {
        self.as_slice().iter().map(|slice| slice.len()).sum()
    }

    /// Adds a slice, for which there is a place. Returns whether another one would fit.
    pub(super) fn push(&mut self, slice: &'a [u8]) -> bool {
        debug_assert!(slice.is_empty() || self.count < MAX_SLICES, "a slice without a place");
        if !slice.is_empty()
            && let Some(place) = self.slices.get_mut(self.count)
        {
            *place = slice;
            self.count += 1;
        }
        self.count < MAX_SLICES
    }

    /// Leaves out a newline at the end. Returns whether there was one.
    pub(super) fn withhold_newline(&mut self) -> bool {
        let Some(last) = self.slices[..self.count].last_mut() else { return false };
        let Some(before) = last.strip_suffix(b"\n") else { return false };
        *last = before;
        if before.is_empty() {
            self.count -= 1;
        }
        true
    }
}
