//! Windows: what it lacks is left out here.

use std::io::{self, Read, Write};

use async_signal::Signal;
use socket2::Socket;

use super::Standard;

/// The editor wants raw mode, and there is none here yet.
pub(crate) const HAS_EDITOR: bool = false;

pub(crate) const REQUESTS_TO_END: &[Signal] = &[Signal::Int];
pub(crate) const WOULD_END: &[Signal] = REQUESTS_TO_END;
pub(crate) const TERMINAL_CHANGES: &[Signal] = &[];

/// std turns a console's UTF-16 into UTF-8.
pub(crate) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    io::stdin().lock().read(buffer)
}

pub(crate) fn write(stream: Standard, bytes: &[u8]) -> io::Result<usize> {
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

/// Its standard streams are never non-blocking.
pub(crate) fn wait(_: Standard) -> io::Result<()> {
    Ok(())
}

/// There is none to be had.
#[derive(Clone)]
pub(crate) struct TerminalMode(());

impl TerminalMode {
    pub(crate) fn now() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn to_raw(&self) -> Self {
        self.clone()
    }

    pub(crate) fn is_raw(&self) -> bool {
        false
    }

    pub(crate) fn set(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

pub(crate) fn is_foreground() -> bool {
    true
}

pub(crate) fn terminal_size() -> io::Result<(u16, u16)> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn stop_job() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn raise_descriptor_limit() -> Option<u64> {
    None
}

pub(crate) fn make_room_for_descriptors(_: u32) {}

pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// A port can be taken again at once. The option of that name would let others take it meanwhile.
pub(crate) fn reuse_address(_: &Socket) -> io::Result<()> {
    Ok(())
}
