//! The standard streams by name, and what their errors mean.

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standard {
    Input,
    Output,
    Error,
}

/// What an error of standard output means for what is still to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It may take more later: room can be made on a full disk.
    Later,
    /// It takes nothing any more.
    Never,
    /// Nobody reads it any more.
    Unread,
}
