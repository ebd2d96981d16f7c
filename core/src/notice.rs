//! Every line that the room and the client say of their own accord: the one place where those
//! words stand.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

/// What both programs print last when they are asked to stop.
pub const FAREWELL: &str = "\nexit\n";

/// What the client puts before a line that its own user typed.
pub const YOU: &str = "[You] ";

/// How the notice begins that turns a newcomer away.
pub(crate) const FULL: &str = "> The chat server is full (";

/// The longest label in bytes: `[` + IPv6 in brackets, colon and port + `] `.
pub(crate) const MAX_LABEL: usize = 1 + 47 + 2;

/// The longest notice in bytes: an upper bound for all functions of this module.
pub(crate) const MAX_NOTICE: usize = 128;

/// The server's first line on its console.
pub(crate) fn started(port: u16) -> String {
    format!("Chat Server started on port {port}.\n")
}

/// The label of a member: what stands before each of its messages.
///
/// An IPv4-mapped IPv6 address is shown as IPv4. The zone of a link-local address is left out: it
/// means nothing on another machine (RFC 4007, section 6).
pub(crate) fn label(addr: SocketAddr) -> String {
    let shown = SocketAddr::new(addr.ip().to_canonical(), addr.port());
    format!("[{shown}] ")
}

/// The address inside a label.
pub(crate) fn address(label: &str) -> &str {
    label.strip_prefix('[').and_then(|rest| rest.strip_suffix("] ")).unwrap_or(label)
}

/// What a newcomer gets first.
pub(crate) fn connected(users: usize) -> String {
    format!("> Connected to the chat server ({})\n", Online(users))
}

/// What everybody else gets about a newcomer; the log adds the newline.
pub(crate) fn entered(address: &str, users: usize) -> String {
    format!("> New user {address} entered ({})", Online(users))
}

/// What everybody who stays gets about one who left; the log adds the newline.
pub(crate) fn left(address: &str, users: usize) -> String {
    format!("< The user {address} left ({})", Online(users))
}

/// What a reader gets that fell behind the backlog.
pub(crate) fn skipped(messages: u64) -> String {
    let s = if messages == 1 { "" } else { "s" };
    format!("> {messages} message{s} skipped: this connection reads too slowly\n")
}

/// What a newcomer gets when the room is full.
pub(crate) fn full(users: usize) -> String {
    format!("{FULL}{})\n", Online(users))
}

/// The count in a notice: `0 user online`, `1 user online`, `2 users online`.
struct Online(usize);

impl fmt::Display for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.0 < 2 { "" } else { "s" };
        write!(f, "{} user{s} online", self.0)
    }
}
