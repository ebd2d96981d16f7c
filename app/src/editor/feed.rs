//! What stands around the draft.

use std::borrow::Cow;

use chat_core::Lines;

/// The lines that stand above the draft, and what is said of them.
pub(crate) trait Feed {
    /// Returns how many bytes of lines are to be shown.
    fn waiting(&self) -> usize;

    /// Takes the lines that are to be shown.
    fn take_lines(&mut self) -> Lines;

    /// Returns the lines that are entered and not sent, which stand dim above the draft.
    fn pending(&self) -> Cow<'_, str>;

    /// Returns what stands in a row of its own above these, ASCII, if anything.
    fn status(&self) -> Option<String> {
        None
    }
}
