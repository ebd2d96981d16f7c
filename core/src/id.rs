//! Names of those who read the room.

use slotmap::DefaultKey;

/// Names a member of one room.
///
/// It is never given to another member: once its own has left it names nobody, and every call with
/// it is without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(DefaultKey);

impl MemberId {
    pub(crate) fn new(key: DefaultKey) -> Self {
        Self(key)
    }

    pub(crate) fn key(self) -> DefaultKey {
        self.0
    }
}

/// A reader of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Console,
    Member(MemberId),
}
