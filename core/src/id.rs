//! Handles: how the shell names those who take part.

use slotmap::{DefaultKey, Key, KeyData};

/// A member of one server.
///
/// It is never given to another member: once its own has left it names nobody, and every call with
/// it is without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(DefaultKey);

/// A reader of one server's log: a member, or an observer.
///
/// As a [`MemberId`] it is never given to another reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(DefaultKey);

/// A server, among those that share a room. A server that starts again is another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl MemberId {
    /// The member whose reader has this handle.
    pub(crate) fn of(reader: ReaderId) -> Self {
        Self(reader.0)
    }

    /// The member that this server calls `number` in its entries.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(KeyData::from_ffi(number).into())
    }

    /// What this server calls the member in its entries: never the same for two members.
    pub(crate) fn number(self) -> u64 {
        self.0.data().as_ffi()
    }

    pub(crate) fn from_key(key: DefaultKey) -> Self {
        Self(key)
    }

    pub(crate) fn key(self) -> DefaultKey {
        self.0
    }
}

impl ReaderId {
    /// A small number that no other reader has at the same time, for a table of them.
    #[must_use]
    pub fn index(self) -> usize {
        // The lower half is the place in the table of readers.
        self.0.data().as_ffi() as u32 as usize
    }

    pub(crate) fn new(key: DefaultKey) -> Self {
        Self(key)
    }

    pub(crate) fn key(self) -> DefaultKey {
        self.0
    }
}

impl ReaderId {
    /// The member that reads so, if it is one.
    pub(crate) fn member(self) -> MemberId {
        MemberId(self.0)
    }
}

impl From<MemberId> for ReaderId {
    fn from(member: MemberId) -> Self {
        Self(member.0)
    }
}
