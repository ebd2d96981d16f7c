//! Where a run takes its decisions from.

/// A source of decisions.
pub(crate) trait Choices {
    /// A number below `end`, which is not 0 and at most 65,536.
    fn below(&mut self, end: usize) -> usize;

    /// Whether there is nothing more to decide by.
    fn is_exhausted(&self) -> bool;

    /// One of several.
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// True once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
