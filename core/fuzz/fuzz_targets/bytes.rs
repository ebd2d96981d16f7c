//! Decisions that are a fuzzer's.

use crate::choices::Choices;

pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Choices for Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        let length = if end <= 256 { 1 } else { 2 };
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)) % end
    }

    fn is_exhausted(&self) -> bool {
        self.0.is_empty()
    }
}
