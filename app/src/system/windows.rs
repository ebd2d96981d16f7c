//! Windows: what it lacks is stubbed out here.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};

use async_signal::Signal;
use socket2::Socket;

use super::standard::{Outlook, Standard};

/// The editor needs raw mode, which is not implemented here.
pub(crate) const HAS_EDITOR: bool = false;

pub(super) const REQUESTS_TO_END: &[Signal] = &[Signal::Int];
pub(super) const WOULD_END: &[Signal] = REQUESTS_TO_END;
pub(super) const REQUESTS_TO_REOPEN: &[Signal] = &[];
pub(super) const WOULD_END_NEEDLESSLY: &[Signal] = &[];
pub(crate) const TERMINAL_CHANGES: &[Signal] = &[];

/// std converts a console's UTF-16 to UTF-8.
pub(super) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    io::stdin().lock().read(buffer)
}

pub(super) fn write(stream: Standard, bytes: &[u8]) -> io::Result<usize> {
    let mut stdout;
    let mut stderr;
    let stream: &mut dyn Write = if stream == Standard::Error {
        stderr = io::stderr();
        &mut stderr
    } else {
        stdout = io::stdout();
        &mut stdout
    };
    let count = stream.write(bytes)?;
    stream.flush()?;
    Ok(count)
}

pub(super) fn wait_until_unread() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn outlook(error: &io::Error) -> Outlook {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Outlook::Unread,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Outlook::Later,
        _ => Outlook::Never,
    }
}

/// Its standard streams are never non-blocking.
pub(super) fn wait(_: Standard) -> io::Result<()> {
    Ok(())
}

/// Not implemented.
#[derive(Clone)]
pub(super) struct TerminalMode(());

impl TerminalMode {
    pub(super) fn now() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn to_raw(&self) -> Self {
        self.clone()
    }

    pub(super) fn is_raw(&self) -> bool {
        false
    }

    pub(super) fn set(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn discard_typed() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

pub(crate) fn is_foreground() -> bool {
    true
}

pub(crate) fn terminal_size() -> io::Result<(u16, u16)> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn is_terminal_gone() -> bool {
    false
}

pub(crate) fn stop_job() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn raise_descriptor_limit() -> Option<u64> {
    None
}

pub(super) fn descriptor_limit() -> Option<u64> {
    None
}

pub(super) fn reserve_descriptors(_: u32) {}

pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// A port can be taken again at once here. The option of that name would let another program take
/// it while it is in use.
pub(crate) fn reuse_address(_: &Socket) {}

pub(super) fn append_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    options
}

/// It has the rights that its folder gives.
pub(super) fn keep_to_owner(_: &File) {}

pub(super) fn is_lockable(metadata: &Metadata) -> bool {
    metadata.is_file()
}

/// std does not tell files apart here. One that is open cannot be renamed or removed.
pub(super) fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}

pub(super) fn is_unlinked(_: &Metadata) -> bool {
    false
}

pub(super) fn has_no_disk(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}
