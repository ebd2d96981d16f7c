//! Why an engine cannot be used for now: in a few words that members are told, and in more of them
//! that are for whoever runs the server.

use std::fmt;
use std::io;

use chat_core::shown;

use crate::failure::reason;

/// Why an engine cannot be used for now. It is displayed in all words that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Away {
    why: String,
    /// What is not for members: it may name hosts and files.
    detail: Option<String>,
}

/// The kinds of errors that engines have in a state that passes, or that an operator can end, by
/// their first word.
const KINDS: [(&str, &str); 14] = [
    ("BUSY", "it is busy with a script"),
    ("CLUSTERDOWN", "its cluster is down"),
    ("CROSSSLOT", "it is a cluster that takes no such keys"),
    ("LOADING", "it is loading its data"),
    ("MASTERDOWN", "it has lost its master"),
    ("MISCONF", "it cannot save to its disk"),
    ("MOVED", "it is a cluster, and the room is on another node"),
    ("NOAUTH", "it wants a password"),
    ("NOPERM", "the user may not do that"),
    ("NOREPLICAS", "it has too few replicas"),
    ("OOM", "out of memory"),
    ("READONLY", REPLICA),
    ("TRYAGAIN", "its cluster is being changed"),
    ("WRONGPASS", "wrong user or password"),
];

/// What members are told of an error that is none of these.
const OTHER: &str = "it does not do what is asked";

const REPLICA: &str = "it is a replica";

/// Most bytes of what an engine says itself.
const MOST: usize = 100;

impl Away {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), detail: None }
    }

    /// The same with what is not for members.
    pub(super) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// What members are told.
    pub(super) fn why(&self) -> &str {
        &self.why
    }

    /// It is no master.
    pub(super) fn replica() -> Self {
        Self::new(REPLICA)
    }

    /// What it says is no answer to what was asked.
    pub(super) fn nonsense() -> Self {
        Self::new("what it says is not understood")
    }

    /// It has answered a password with that error, of which nothing is repeated: it may hold the
    /// password.
    pub(super) fn refused(error: &[u8]) -> Self {
        Self::of_kind(error).unwrap_or_else(|| Self::new("it takes no password"))
    }

    fn of_kind(error: &[u8]) -> Option<Self> {
        let kind = error.split(|byte| *byte == b' ').next()?;
        let known = KINDS.iter().find(|(name, _)| name.as_bytes() == kind);
        known.map(|(_, why)| Self::new(*why))
    }

    /// It has answered with that error.
    pub(super) fn said(error: &[u8]) -> Self {
        if let Some(known) = Self::of_kind(error) {
            return known;
        }
        let text = String::from_utf8_lossy(error);
        let end = (0..=MOST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        Self::new(OTHER).with_detail(text[..end].chars().map(shown).collect::<String>())
    }
}

impl From<io::Error> for Away {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::new("no answer in time"),
            io::ErrorKind::UnexpectedEof => Self::new("the connection ended"),
            // It may name the hosts of a certificate.
            io::ErrorKind::InvalidData => {
                Self::new("its TLS is not accepted").with_detail(reason(&error))
            }
            _ => Self::new(reason(&error)),
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail.as_ref().unwrap_or(&self.why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_engines_are_told_in_a_few_words() {
        for (error, why) in [
            ("OOM command not allowed when used memory > 'maxmemory'.", "out of memory"),
            ("READONLY You can't write against a read only replica.", "it is a replica"),
            ("ERR unknown command 'EVALSHA'", "ERR unknown command 'EVALSHA'"),
            ("ERR \u{1b}[2J", "ERR ␛[2J"),
            ("", ""),
        ] {
            assert_eq!(Away::said(error.as_bytes()).to_string(), why);
        }
        // What it says itself may name hosts and files.
        let other = Away::said(b"ERR cannot open /home/redis/secret");
        assert_eq!(other.why(), OTHER);
        let refused = Away::refused(b"ERR unknown command 'AUTH', with args: 'secret'");
        assert_eq!(refused.to_string(), "it takes no password");
        let names = io::Error::new(io::ErrorKind::InvalidData, "not valid for name \"a.example\"");
        let away = Away::from(names);
        assert_eq!(away.why(), "its TLS is not accepted");
        assert_eq!(away.to_string(), "not valid for name \"a.example\"");
        let long = Away::said("한".repeat(99).as_bytes()).to_string();
        assert_eq!(long, "한".repeat(MOST / 3));
    }
}
