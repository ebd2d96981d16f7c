//! What a key means.

/// What was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character of text, or a tab.
    Char(char),
    /// Ctrl and a letter, given in lower case.
    Ctrl(char),
    /// Alt and a character.
    Alt(char),
    /// Shift and Tab.
    BackTab,
    Enter,
    /// Alt or Shift and Enter.
    AltEnter,
    Backspace,
    WordBackspace,
    Delete,
    WordDelete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Up,
    Down,
    Home,
    End,
    Escape,
    /// The text of a bracketed paste, with newlines as line ends.
    Paste(String),
    /// What the terminal says of itself: a control sequence without what introduces it, or a device
    /// control string that begins with `P`.
    Report(String),
    /// Anything else that a terminal sends: a key that means nothing here, a key's release, a
    /// movement of the mouse, an answer to another program.
    Other,
}
