//! Unix.

use std::io;
use std::os::fd::BorrowedFd;

use async_signal::Signal;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{
    Resource, Rlimit, getpgrp, getrlimit, kill_current_process_group, setrlimit,
};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{
    LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
};
use socket2::Socket;

use super::Standard;

/// Whether a terminal can be had key by key.
pub(crate) const HAS_EDITOR: bool = true;

/// What asks a program to end.
pub(crate) const REQUESTS_TO_END: &[Signal] = &[Signal::Int, Signal::Term];

/// All that would end the program and leave its terminal as it has changed it.
pub(crate) const WOULD_END: &[Signal] = &[
    Signal::Int,
    Signal::Term,
    Signal::Hup,
    Signal::Quit,
    Signal::Usr1,
    Signal::Usr2,
    Signal::Alarm,
];

/// The terminal has another size, or the program goes on after it was stopped.
pub(crate) const TERMINAL_CHANGES: &[Signal] = &[Signal::Winch, Signal::Cont];

/// One read of standard input.
pub(crate) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(stdin(), buffer)?)
}

/// One write to `stream`.
pub(crate) fn write(stream: Standard, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::write(descriptor(stream), bytes)?)
}

/// Waits until `stream` can be read or written, or until a signal comes.
pub(crate) fn wait(stream: Standard) -> io::Result<()> {
    let flags = if stream == Standard::Input { PollFlags::IN } else { PollFlags::OUT };
    match poll(&mut [PollFd::new(&descriptor(stream), flags)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn descriptor(stream: Standard) -> BorrowedFd<'static> {
    match stream {
        Standard::Input => stdin(),
        Standard::Output => stdout(),
        Standard::Error => stderr(),
    }
}

/// How the terminal at standard input hands out keys, and what it echoes.
#[derive(Clone)]
pub(crate) struct TerminalMode(Termios);

impl TerminalMode {
    pub(crate) fn now() -> io::Result<Self> {
        Ok(Self(tcgetattr(stdin())?))
    }

    /// The mode in which every key comes at once and as it is, and nothing is echoed.
    pub(crate) fn to_raw(&self) -> Self {
        let mut raw = self.0.clone();
        raw.make_raw();
        Self(raw)
    }

    pub(crate) fn is_raw(&self) -> bool {
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        !self.0.local_modes.intersects(cooked)
    }

    pub(crate) fn set(&self) -> io::Result<()> {
        Ok(tcsetattr(stdin(), OptionalActions::Now, &self.0)?)
    }
}

/// Whether the terminal is this program's to read and to set, and not only to write to: whether its
/// job is in the foreground. Where there are no jobs it is.
pub(crate) fn is_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |foreground| foreground == getpgrp())
}

/// Columns and rows of the terminal at standard output; 0 is one that it does not know.
pub(crate) fn terminal_size() -> io::Result<(u16, u16)> {
    let size = tcgetwinsize(stdout())?;
    Ok((size.ws_col, size.ws_row))
}

/// Stops the whole job that this program is part of, as a shell does.
pub(crate) fn stop_job() -> io::Result<()> {
    Ok(kill_current_process_group(rustix::process::Signal::TSTP)?)
}

/// Raises the soft limit on descriptors to the hard one, if that is allowed, and gives it; `None`
/// if there is none.
pub(crate) fn raise_descriptor_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    getrlimit(Resource::Nofile).current
}

/// Has the system make room for so many descriptors, as far as they are allowed.
///
/// Linux doubles a program's table of them as it fills up, and in one with threads, each time, waits
/// until no processor can still be looking at the old one: 10 to 20 ms in which nobody is accepted.
pub(crate) fn make_room_for_descriptors(count: u32) {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let last = u64::from(count).min(limit).saturating_sub(1);
    if let (Ok((pipe, _)), Ok(last)) = (io::pipe(), last.try_into()) {
        let _ = fcntl_dupfd_cloexec(pipe, last);
    }
}

/// Whether what `accept` failed with is a signal, or that of a connection which has failed again:
/// the next one may be accepted (`accept(2)`, "Error handling").
pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::INTR
                | Errno::NETDOWN
                | Errno::PROTO
                | Errno::NOPROTOOPT
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::OPNOTSUPP
                | Errno::NETUNREACH
        )
    )
}

/// Lets a listener take a port again while connections of the one before still time out.
pub(crate) fn reuse_address(listener: &Socket) -> io::Result<()> {
    listener.set_reuse_address(true)
}
