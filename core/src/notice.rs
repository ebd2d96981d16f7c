//! Every line that the room and the client say of their own accord: the one place where those
//! words stand. What they say is read back by the functions of `reading`.

mod people;
mod reading;

pub(crate) use people::*;
pub(crate) use reading::{
    Aside, Private, begins_earlier, ends_earlier, is_no_earlier, is_of_room, is_refusal,
    is_removal, read_aside, read_connected, read_entered, read_free, read_left, read_named,
    read_private_label, read_skipped,
};
pub use reading::{is_of_log, read_missing};

use alloc::format;
use alloc::string::String;
use core::fmt;

/// What both programs print last when they are asked to stop.
pub const FAREWELL: &str = "\nexit\n";

/// What the client puts before a line that its own user typed.
pub const YOU: &str = "[You] ";

/// How the notice begins that turns a newcomer away.
const FULL: &str = "> The chat server is full (";

/// The other one that does.
const LOCKED: &str = "> The room is locked";

/// How the notice begins that several servers of a room cannot agree on what is said.
const UNREACHABLE: &str = "> The room's log cannot be reached";

/// What newcomers are told in a room that keeps a record.
pub(crate) const RECORDED: &str = "> What is said here is recorded\n";

/// What stands before and after a newcomer's name.
const ENTERED: [&str; 2] = ["> New user ", " entered ("];

/// What stands before and after the name of one who left.
const LEFT: [&str; 2] = ["< The user ", " left ("];

/// What stands before a member's old name, and before its new one.
const NAMED: [&str; 2] = ["> The user ", " is now "];

/// What stands after the number of messages that a reader did not get.
const SKIPPED: &str = " skipped: this connection reads too slowly";

/// What stands after the number of messages that a record lacks, and at the end.
const MISSING: &str = " missing here: ";
const NOT_RECORDED: &str = " could not be recorded";

/// What a record has where messages may be missing, as the room's log has forgotten what is between.
pub const MAY_BE_MISSING: &str =
    "> Messages may be missing here: the room's log does not go back so far\n";

/// How a line begins that is for a program, not for its user.
pub(crate) const ASIDE: &str = "> /";

/// What stands before the key of a session, and the name of its member.
const SESSION: &str = "session ";

/// What stands before the bytes that the room has taken for good of a member that comes back.
const RESUMED: &str = "resumed ";

/// What stands before those of any other.
const HEARD: &str = "heard ";

/// What stands before the number of lines as which the next one counts.
const COUNTS: &str = "counts ";

/// What stands before and after a name that another member has, and before one that is free.
const TAKEN: [&str; 2] = ["> The name ", " is taken; "];

/// What stands after the one that is free.
const FREE: &str = " is free";

/// What stands before what the room is about.
const TOPIC: &str = "> Topic: ";

/// What stands before the reason, if there is one, why a member is removed.
const REMOVED: &str = "> Host removed you";

/// What stands after the number of earlier messages, before the times of the first and the last.
const EARLIER: &str = " earlier message";

/// The receiver in the label of a private message that it gets, and the sender in that of one that
/// it has sent.
pub(crate) const SELF: &str = "you";

/// What stands between sender and receiver there.
pub(crate) const ARROW: &str = " -> ";

/// The server's first line on its console.
pub(crate) fn started(port: u16) -> String {
    format!("Chat Server started on port {port}.\n")
}

/// How what a newcomer gets first begins.
const CONNECTED: &str = "> Connected to the chat server (";

/// What a newcomer gets first.
pub(crate) fn connected(users: usize) -> String {
    format!("{CONNECTED}{})\n", Online(users))
}

/// Whether `text` is the beginning of what a newcomer gets first, and not all of it.
pub(crate) fn begins_greeting(text: &str) -> bool {
    CONNECTED.starts_with(text) || (text.starts_with(CONNECTED) && !text.ends_with(')'))
}

/// What everybody else gets about a newcomer; the log adds the newline.
pub(crate) fn entered(name: &str, users: usize) -> String {
    let [before, after] = ENTERED;
    format!("{before}{name}{after}{})", Online(users))
}

/// What everybody who stays gets about one who left; the log adds the newline.
pub(crate) fn left(name: &str, users: usize) -> String {
    let [before, after] = LEFT;
    format!("{before}{name}{after}{})", Online(users))
}

/// What everybody gets about the members of a server that is gone; the log adds the newline.
pub(crate) fn lost(members: usize, users: usize) -> String {
    let s = if members == 1 { "" } else { "s" };
    format!("< {members} user{s} left: their server is gone ({})", Online(users))
}

/// What a reader gets that fell behind the backlog.
pub(crate) fn skipped(messages: u64) -> String {
    let s = if messages == 1 { "" } else { "s" };
    format!("> {messages} message{s}{SKIPPED}\n")
}

/// What a record has instead of messages that it did not get.
pub(crate) fn missing(messages: u64) -> String {
    let (s, are, they) = if messages == 1 { ("", "is", "it") } else { ("s", "are", "they") };
    format!("> {messages} message{s} {are}{MISSING}{they}{NOT_RECORDED}\n")
}

/// What a newcomer gets when the room is full.
pub(crate) fn full(users: usize) -> String {
    format!("{FULL}{})\n", Online(users))
}

/// What everybody gets at a server that cannot reach the log of its room.
pub(crate) fn waits(why: &str) -> String {
    format!("{UNREACHABLE} ({why}): what is said waits\n")
}

/// What everybody gets once it can.
pub(crate) const GOES_ON: &str = "> The room goes on\n";

/// What a newcomer gets if that takes long.
pub(crate) fn unreachable() -> String {
    format!("{UNREACHABLE}: try again later\n")
}

/// The count in a notice: `0 user online`, `1 user online`, `2 users online`.
struct Online(usize);

impl fmt::Display for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.0 < 2 { "" } else { "s" };
        write!(f, "{} user{s} online", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_LABEL, MAX_NOTICE, MAX_REMARK};

    #[test]
    fn no_notice_is_longer_than_the_longest() {
        let name = "x".repeat(MAX_LABEL - "[] ".len());
        let many = usize::MAX;
        for notice in [
            started(u16::MAX),
            connected(many),
            entered(&name, many),
            left(&name, many),
            lost(many, many),
            skipped(u64::MAX),
            missing(u64::MAX),
            full(many),
            waits(&"x".repeat(MAX_REMARK)),
        ] {
            // The log adds a newline to some.
            assert!(notice.len() < MAX_NOTICE, "{notice}");
        }
    }
}
