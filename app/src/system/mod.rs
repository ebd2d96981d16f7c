//! What the program asks of the system beyond std: its only code that differs between systems.
//!
//! | | Linux | other Unix | Windows |
//! |---|---|---|---|
//! | the streams of a shell, waited for where they are non-blocking | yes | yes | std's |
//! | the editor's terminal: raw mode, size, jobs | yes | yes | no, the client is the plain one |
//! | signals that ask to end | yes | yes | Ctrl+C |
//! | a limit on descriptors, to be raised | yes | yes | no |
//! | keepalive | yes | yes | yes |
//! | a time within which sent bytes are acknowledged | yes | the system's own | the system's own |
//! | a bound on what the kernel holds for a slow reader | yes | its send buffer | its send buffer |
//!
//! Linux is the system that the program is made for and tested on. For others it is known to compile.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "windows.rs")]
mod kind;

pub(crate) use kind::{
    HAS_EDITOR, REQUESTS_TO_END, TERMINAL_CHANGES, TerminalMode, WOULD_END, is_foreground,
    is_of_one_connection, make_room_for_descriptors, raise_descriptor_limit, read, reuse_address,
    stop_job, terminal_size, wait, write,
};

use std::io;
use std::time::Duration;

use socket2::SockRef;

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standard {
    Input,
    Output,
    Error,
}

/// Whether a connection has the options of the listener that it came from. On Linux it does
/// (`tcp(7)`); elsewhere that differs from option to option.
pub(crate) const OPTIONS_ARE_INHERITED: bool = cfg!(target_os = "linux");

/// Sets how long sent bytes may stay unacknowledged, and how many bytes that are not sent yet the
/// kernel takes, where the system can be told.
#[cfg(target_os = "linux")]
pub(crate) fn bound_sending(
    socket: &SockRef<'_>,
    answer_within: Duration,
    not_sent: u32,
) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(answer_within))?;
    socket.set_tcp_notsent_lowat(not_sent)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn bound_sending(_: &SockRef<'_>, _: Duration, _: u32) -> io::Result<()> {
    Ok(())
}
