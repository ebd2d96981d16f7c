//! What is asked of the engine, and its answers.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Batch, Position};
use crate::entry::DecodeError;
use crate::id::NodeId;

/// What to ask the engine: each is the script of that name
/// ([rules](crate::replica#the-rules-of-the-engine)). The driver adds the run id of the instance
/// that it is connected to, and the number of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Takes up the connection. The answer is [`Answer::Attached`].
    Attach {
        /// What was read and committed.
        at: Position,
        /// The highest era of the room that this node has seen; 0: none.
        era: u64,
    },
    /// Gives a snapshot to an engine that has lost it, and what came before it.
    Seed {
        /// Where the log ends that it replaces, as [`Answer::Attached`] said.
        over: Position,
        /// Where it was taken.
        at: Position,
        /// The last number of each node that the snapshot knows; `None`: it was declared lost.
        nodes: Vec<(NodeId, Option<u64>)>,
        /// All that the entries up to there have made.
        snapshot: Rc<[u8]>,
    },
    /// Says again what was cut off, oldest first: at most 64 batches, and 256 KiB unless it is one.
    Restore {
        /// Successive ones.
        batches: Vec<Rc<Batch>>,
    },
    /// This node has said again all that it knows.
    Ready,
    /// Appends entries of this node.
    Append {
        /// The number of the first one.
        first: u64,
        /// And of the last one.
        last: u64,
        /// All of them.
        payload: Vec<u8>,
    },
    /// This node lives. The answer is [`Answer::Nodes`].
    Renew,
    /// Says that a node is gone, maybe this one.
    Declare {
        /// Which one.
        lost: NodeId,
        /// The number of its last entry.
        last: u64,
        /// Its lease, as [`Answer::Nodes`] said; `None` if it is this node.
        lease: Option<u64>,
        /// An entry that says so, stamped with the lost node and the next number; if it is this
        /// node, and has read another log, one before it says that.
        payload: Vec<u8>,
    },
    /// A snapshot that replaces an older one; the stream is trimmed behind it.
    Keep {
        /// Where it was taken.
        at: Position,
        /// All that the entries up to there have made.
        snapshot: Rc<[u8]>,
    },
}

/// What the engine has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Request::Attach`].
    Attached(Attached),
    /// It is done.
    Done {
        /// Where the log ends then.
        tail: Position,
        /// The index of the snapshot that the engine has; 0 if it has none.
        snap: u64,
    },
    /// Somebody else was there first: not all of it was restored, or nothing was seeded.
    Tail {
        /// Where the log ends then.
        tail: Position,
    },
    /// Nothing was appended: the first number is not the next one.
    Gap {
        /// The number of this node's last entry in the log.
        last: u64,
    },
    /// Nothing was done: the log is not open yet.
    Healing,
    /// The lease is renewed.
    Nodes {
        /// Nodes whose lease has run out.
        expired: Vec<Expired>,
        /// The index of the snapshot that the engine has; 0 if it has none.
        snap: u64,
    },
    /// That node is not declared lost: it lives, has said more, or it is known.
    Refused,
    /// Nothing was done: the engine takes nothing for now. The connection is good.
    Busy {
        /// What members may read of the reason.
        why: String,
    },
    /// To [`Request::Attach`]: the room is one of a later release, and this node is no part of it.
    Foreign {
        /// The [format](Batch::FORMAT) of its log.
        format: u64,
    },
    /// To [`Request::Attach`]: another instance has taken over from this one, which does not know.
    /// Nothing was done, and nothing is to be asked: the connection is to be given up, and whoever
    /// serves now is to be found.
    Stale,
    /// The engine is another one, or does not know this node: attach.
    Detached,
    /// This node was declared lost.
    Fenced,
}

impl Answer {
    /// What members may read of [`Answer::Stale`].
    pub const STALE: &str = "it is not the one that serves any more";
}

/// How an engine is found on attaching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// This node.
    pub node: NodeId,
    /// The number of its last entry in the log.
    pub last: u64,
    /// The room's era: the highest one that there has been.
    pub era: u64,
    /// Where the log ends.
    pub tail: Position,
    /// What became of the position that this node has read up to.
    pub at: Relation,
    /// Whether nothing may be appended yet but what was lost.
    pub is_healing: bool,
    /// Where a node goes on that is [`Relation::Behind`].
    pub snapshot: Option<(Position, Box<[u8]>)>,
}

/// A node whose lease has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Which one.
    pub node: NodeId,
    /// The number of its last entry.
    pub last: u64,
    /// When its lease ended, by the engine's clock. It is another one each time that it is renewed.
    pub lease: u64,
    /// Whether it has not taken part since the engine began to serve.
    pub is_absent: bool,
}

/// What became of a position in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is where it was. The tail may be further.
    Same,
    /// The log ends before it.
    Cut,
    /// What follows it is trimmed. The snapshot is given.
    Behind,
    /// Another batch is there.
    Apart,
}

/// How it stands with a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes part in the room, or tries to.
    Running,
    /// Its server has [ended](crate::Replica::end), and the room knows.
    Over,
    /// The room has taken this server for gone. It gets nothing in any more.
    Fenced,
    /// It has read what the log does not have. What its members have said is in the log, and the
    /// room knows that it is gone, and that its members may have got what it has read there.
    Apart(Apart),
}

/// Why a server can be no part of the room any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// It has read what the log does not have, and what cannot be put there any more.
    Diverged,
    /// The log holds what it cannot read: a server of a later release may have appended it.
    Unreadable(DecodeError),
    /// The log is one of a later release, and has this [format](Batch::FORMAT).
    Foreign(u64),
}

/// Why no server can begin with what an engine holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its snapshot is none, or one of a later release.
    Snapshot(DecodeError),
    /// It has none, and the log does not begin at its beginning.
    NoBeginning,
    /// The log is one of a later release, and has this [format](Batch::FORMAT).
    Foreign(u64),
}

/// Says of a log that it has that format.
struct Later(u64);

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (format, known) = (self.0, Batch::FORMAT);
        write!(f, "is one of a later release (format {format}; this server knows {known})")
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diverged => {
                f.write_str("the room's log has lost what this server has read of it")
            }
            Self::Unreadable(error) => write!(f, "the room's log holds {error}"),
            Self::Foreign(format) => write!(f, "the room's log {}", Later(*format)),
        }
    }
}

impl core::error::Error for Apart {}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(error) => write!(f, "its snapshot holds {error}"),
            Self::NoBeginning => f.write_str("its log has no beginning"),
            Self::Foreign(format) => write!(f, "its log {}", Later(*format)),
        }
    }
}

impl core::error::Error for Unusable {}
