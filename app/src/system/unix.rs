//! Unix.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};

use async_signal::Signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{
    Resource, Rlimit, getpgrp, getrlimit, kill_current_process_group, setrlimit,
};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, QueueSelector, Termios, tcflush, tcgetattr,
    tcgetpgrp, tcgetwinsize, tcsetattr,
};
use socket2::Socket;

use super::standard::{Outlook, Standard};

/// Whether a terminal can be read key by key.
pub(crate) const HAS_EDITOR: bool = true;

/// What asks the program to end.
pub(super) const REQUESTS_TO_END: &[Signal] = &[Signal::Int, Signal::Term];

/// All that would end the program and leave its terminal in raw mode.
pub(super) const WOULD_END: &[Signal] = &[
    Signal::Int,
    Signal::Term,
    Signal::Hup,
    Signal::Quit,
    Signal::Usr1,
    Signal::Usr2,
    Signal::Alarm,
];

/// What asks a program that runs for long to open its files anew.
pub(super) const REQUESTS_TO_REOPEN: &[Signal] = &[Signal::Hup];

/// What would end the program although a call that it makes says the same: that the output has
/// become as large as a file may be (`setrlimit(2)`, "RLIMIT_FSIZE").
pub(super) const WOULD_END_NEEDLESSLY: &[Signal] = &[Signal::Xfsz];

/// The terminal's size has changed, or the program continues after a stop.
pub(crate) const TERMINAL_CHANGES: &[Signal] = &[Signal::Winch, Signal::Cont];

/// Reads from standard input once.
pub(super) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(stdin(), buffer)?)
}

/// Writes to `stream` once.
pub(super) fn write(stream: Standard, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::write(descriptor(stream), bytes)?)
}

/// Waits until `stream` is ready, or a signal arrives.
pub(super) fn wait(stream: Standard) -> io::Result<()> {
    let flags = if stream == Standard::Input { PollFlags::IN } else { PollFlags::OUT };
    match poll(&mut [PollFd::new(&descriptor(stream), flags)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Waits until nobody reads standard output any more: until the last reader of a pipe has closed
/// it, or a terminal has hung up. For a file that is for ever.
pub(super) fn wait_until_unread() -> io::Result<()> {
    loop {
        // Asked for nothing, it tells of these all the same (`poll(2)`).
        let descriptor = stdout();
        let mut polled = [PollFd::new(&descriptor, PollFlags::empty())];
        match poll(&mut polled, None) {
            Ok(_) if polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                return Ok(());
            }
            Ok(_) => return Err(io::ErrorKind::Unsupported.into()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns what an error of standard output means. That a disk has no space, or that its owner may
/// have no more of it, passes; so may whatever is not listed here.
pub(crate) fn outlook(error: &io::Error) -> Outlook {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    if matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected) {
        return Outlook::Unread;
    }
    match Errno::from_io_error(error) {
        Some(Errno::BADF | Errno::INVAL | Errno::NXIO | Errno::NODEV) => Outlook::Never,
        // A terminal has hung up. A disk may only have failed once.
        Some(Errno::IO) if is_device(stdout()) => Outlook::Never,
        _ => Outlook::Later,
    }
}

/// Returns whether it is a terminal, or any other device that is no disk. A terminal that has hung
/// up does not say itself that it is one.
fn is_device(descriptor: BorrowedFd<'_>) -> bool {
    let file = descriptor.try_clone_to_owned().map(File::from);
    let metadata = file.and_then(|file| file.metadata());
    metadata.is_ok_and(|metadata| metadata.file_type().is_char_device())
}

fn descriptor(stream: Standard) -> BorrowedFd<'static> {
    match stream {
        Standard::Input => stdin(),
        Standard::Output => stdout(),
        Standard::Error => stderr(),
    }
}

/// The mode of the terminal at standard input: how it passes keys on, and what it echoes.
#[derive(Clone)]
pub(super) struct TerminalMode(Termios);

impl TerminalMode {
    pub(super) fn now() -> io::Result<Self> {
        Ok(Self(tcgetattr(stdin())?))
    }

    /// Returns the mode in which every key arrives at once and unchanged, and nothing is echoed.
    ///
    /// What is written is processed as in any other: a line feed begins a line also for programs
    /// that know nothing of this one, such as a job in the background.
    pub(super) fn to_raw(&self) -> Self {
        let mut raw = self.0.clone();
        raw.make_raw();
        raw.output_modes = OutputModes::OPOST | OutputModes::ONLCR;
        Self(raw)
    }

    pub(super) fn is_raw(&self) -> bool {
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        !self.0.local_modes.intersects(cooked)
    }

    pub(super) fn set(&self) -> io::Result<()> {
        Ok(tcsetattr(stdin(), OptionalActions::Now, &self.0)?)
    }

    /// Throws away what is typed and not read yet. The system has more of a paste than can be
    /// thrown away at once.
    pub(super) fn discard_typed() -> io::Result<()> {
        for _ in 0..MOST_DISCARDED {
            tcflush(stdin(), QueueSelector::IFlush)?;
            if poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], Some(&ON_ITS_WAY))? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// How long what is typed is on its way inside of the system, at most, and how often there may be
/// more: a terminal that sends for ever does not hold the program.
const ON_ITS_WAY: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
const MOST_DISCARDED: usize = 100;

/// Returns whether this program may read the terminal and set its mode, and not only write to it:
/// whether its job is in the foreground. Without job control it is.
pub(crate) fn is_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |foreground| foreground == getpgrp())
}

/// Returns columns and rows of the terminal at standard output; 0 where it does not know them.
pub(crate) fn terminal_size() -> io::Result<(u16, u16)> {
    let size = tcgetwinsize(stdout())?;
    Ok((size.ws_col, size.ws_row))
}

/// Returns whether the terminal at standard input has hung up: then it has no mode any more.
pub(super) fn is_terminal_gone() -> bool {
    tcgetattr(stdin()).is_err()
}

/// Stops the whole job that this program belongs to, as a shell does.
pub(crate) fn stop_job() -> io::Result<()> {
    Ok(kill_current_process_group(rustix::process::Signal::TSTP)?)
}

/// Raises the soft limit on descriptors to the hard one, if that is allowed. Returns the limit,
/// `None` if there is none.
pub(super) fn raise_descriptor_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    descriptor_limit()
}

/// Returns the limit on descriptors, `None` if there is none.
pub(super) fn descriptor_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Has the system enlarge the table of descriptors to `count` entries, within the limit.
///
/// Linux doubles a program's table as it fills up. With threads it waits each time until no
/// processor can still be using the old one: 10 to 20 ms in which nobody is accepted.
pub(super) fn reserve_descriptors(count: u32) {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let last = u64::from(count).min(limit).saturating_sub(1);
    if let (Ok((pipe, _)), Ok(last)) = (io::pipe(), last.try_into()) {
        let _ = fcntl_dupfd_cloexec(pipe, last);
    }
}

/// Returns whether an error of `accept` is a signal, or concerns only one connection, which has
/// failed already: the next one may be accepted (`accept(2)`, "Error handling").
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

/// Lets a listener take a port while connections of the one before still time out.
pub(crate) fn reuse_address(listener: &Socket) {
    let _ = listener.set_reuse_address(true);
}

/// Only its owner is to read and to write a file that is made.
const OWNERS: u32 = 0o600;

/// How a file is opened that is appended to. It is also read: its end, and so that a pipe does not
/// wait for somebody to read it (`fifo(7)`). A terminal does not become that of this program.
pub(super) fn append_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(OWNERS);
    // Linux has them as an i32, and uses no bit that is none of that.
    if let Ok(flags) = i32::try_from(OFlags::NOCTTY.bits()) {
        options.custom_flags(flags);
    }
    options
}

/// Gives the owner of a new file what the mask of the process has taken from its mode. A file system
/// without modes may refuse.
pub(super) fn keep_to_owner(file: &File) {
    let _ = file.set_permissions(Permissions::from_mode(OWNERS));
}

/// Whether a lock means anything: not on a device, which many may use.
pub(super) fn is_lockable(metadata: &Metadata) -> bool {
    metadata.is_file() || metadata.file_type().is_fifo()
}

pub(super) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether an open file has no name any more.
pub(super) fn is_unlinked(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.nlink() == 0
}

/// Whether the error says that there is no disk to write to (`fdatasync(2)`, "Errors").
pub(super) fn has_no_disk(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOTSUP | Errno::ROFS))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn what_an_error_of_the_output_means() {
        for (expected, errors) in [
            (Outlook::Later, &[Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::STALE][..]),
            (Outlook::Unread, &[Errno::PIPE, Errno::CONNRESET]),
            (Outlook::Never, &[Errno::BADF]),
        ] {
            for &error in errors {
                assert_eq!(outlook(&error.into()), expected, "{error}");
            }
        }
        assert_eq!(outlook(&io::ErrorKind::BrokenPipe.into()), Outlook::Unread);
    }

    /// What an `EIO` means depends on that.
    #[test]
    fn a_device_is_no_disk() {
        assert!(is_device(File::open("/dev/null").unwrap().as_fd()));
        assert!(!is_device(tempfile::tempfile().unwrap().as_fd()));
    }
}
