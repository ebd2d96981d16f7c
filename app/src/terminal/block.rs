//! Lines that are written above the draft together.

use super::height::Height;

/// Lines that are inserted at once.
pub(super) struct Block<'a> {
    /// Each with whether there is space behind it in its last row.
    pub(super) lines: Vec<(&'a str, bool)>,
    /// How many rows they take up at most, and whether that is certain.
    pub(super) rows: usize,
    pub(super) is_certain: bool,
}

impl Default for Block<'_> {
    fn default() -> Self {
        Self { lines: Vec::new(), rows: 0, is_certain: true }
    }
}

impl<'a> Block<'a> {
    pub(super) fn add(&mut self, line: &'a str, height: Height) {
        self.lines.push((line, height.has_space));
        self.rows += height.most;
        self.is_certain &= height.is_certain;
    }
}
