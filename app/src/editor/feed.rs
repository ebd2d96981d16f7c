//! What stands around the draft.

use std::borrow::Cow;

use chat_core::{Lines, is_visible};

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

/// Has `add` add to `shown` the lines that were entered or written and are not going to be sent:
/// nothing must stand there as if it had been said.
pub(crate) fn list_unsent<'t>(
    shown: &mut Lines,
    unsent: impl Iterator<Item = &'t str>,
    add: impl Fn(&mut Lines, &str),
) {
    for (index, line) in unsent.filter(|line| is_visible(line)).enumerate() {
        if index == 0 {
            shown.push_notice("chat: not sent:");
        }
        add(shown, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_sent() {
        let listed = |unsent: &str| {
            let mut shown = Lines::default();
            list_unsent(&mut shown, unsent.split('\n'), Lines::push_own);
            String::from_utf8(shown.into_bytes()).unwrap()
        };
        assert_eq!(listed("하나\n\n \n둘"), "chat: not sent:\n[You] 하나\n[You] 둘\n");
        assert_eq!(listed("\n"), "");
    }
}
