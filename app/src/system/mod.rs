//! What the program asks of the system beyond std: its only code that differs between systems.
//!
//! | | Linux | other Unix | Windows |
//! |---|---|---|---|
//! | the streams of a shell, waited for where they are non-blocking | yes | yes | std's |
//! | the same, where they need no waiting, without a thread | pipes, sockets, some files | no | no |
//! | a larger pipe at standard output | yes | no | no |
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

#[cfg(target_os = "linux")]
use rustix::io::{ReadWriteFlags, preadv2, pwritev2};
#[cfg(target_os = "linux")]
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
#[cfg(target_os = "linux")]
use rustix::stdio::{stdin, stdout};
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

/// Whether a socket that took a part of what was written takes no more, and will tell when it does.
/// Elsewhere only a call that would have to wait has it tell.
pub(crate) const A_SHORT_WRITE_IS_ALL: bool = cfg!(unix);

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

/// The offset that stands for a file's own position (`preadv2(2)`).
#[cfg(target_os = "linux")]
const OWN_POSITION: u64 = u64::MAX;

/// Reads from standard input what is there without waiting.
///
/// # Errors
///
/// [`io::ErrorKind::Unsupported`], or another kind on older kernels, where that is not to be had: of
/// a terminal, of some files, on other systems.
#[cfg(target_os = "linux")]
pub(crate) fn read_now(buffer: &mut [u8]) -> io::Result<usize> {
    let mut buffers = [io::IoSliceMut::new(buffer)];
    Ok(preadv2(stdin(), &mut buffers, OWN_POSITION, ReadWriteFlags::NOWAIT)?)
}

/// Writes to standard output what it takes without waiting. Fails as [`read_now`].
#[cfg(target_os = "linux")]
pub(crate) fn write_now(bytes: &[u8]) -> io::Result<usize> {
    Ok(pwritev2(stdout(), &[io::IoSlice::new(bytes)], OWN_POSITION, ReadWriteFlags::NOWAIT)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read_now(_: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn write_now(_: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Lets a pipe at standard output hold as much as any program may ask for (`pipe(7)`), so that who
/// writes and who reads it wait for each other less often. If it cannot, it stays as it is.
#[cfg(target_os = "linux")]
pub(crate) fn widen_output() {
    const SIZE: usize = 1024 * 1024;
    if fcntl_getpipe_size(stdout()).is_ok_and(|size| size < SIZE) {
        let _ = fcntl_setpipe_size(stdout(), SIZE);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn widen_output() {}
