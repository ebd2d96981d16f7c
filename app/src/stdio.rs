//! The standard streams, as blocking calls: what may wait is called on a thread of its own.
//!
//! A descriptor that another program shares, such as a terminal, may be non-blocking at any time.
//! Then these calls wait for it themselves.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::task::{Context, Poll, ready};

use crate::system::{self, Standard};
use crate::worker::{Job, Worker};

/// Reads from standard input; 0 bytes are its end.
pub(crate) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match system::read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) => wait_if_passing(error, Standard::Input)?,
        }
    }
}

/// Waits until standard input has something to read, or has ended.
pub(crate) fn wait_for_input() -> io::Result<()> {
    system::wait(Standard::Input)
}

/// Writes all of `bytes` to standard output; fails with [`io::ErrorKind::BrokenPipe`] if nobody
/// reads it any more.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    write_to(Standard::Output, bytes)
}

/// Writes all of `bytes` to standard error.
pub(crate) fn write_error(bytes: &[u8]) -> io::Result<()> {
    write_to(Standard::Error, bytes)
}

fn write_to(stream: Standard, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match system::write(stream, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) => wait_if_passing(error, stream)?,
        }
    }
    Ok(())
}

/// Waits until a call that failed may succeed; fails if it will not.
fn wait_if_passing(error: io::Error, stream: Standard) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock => system::wait(stream),
        _ => Err(error),
    }
}

/// Writes to standard output, so that one that takes nothing, as a terminal that somebody has
/// stopped, stops nothing else.
pub(crate) struct Printer {
    worker: Worker,
    /// That of what was printed last.
    memory: Vec<u8>,
}

impl Printer {
    /// Starts its thread, which writes what standard output does not take at once.
    pub(crate) fn start() -> io::Result<Self> {
        let attempt = |job: &mut Job| {
            job.count = system::write_now(&job.bytes)?;
            Ok(job.count == job.bytes.len())
        };
        let write = |job: &mut Job| write(job.bytes.get(job.count..).unwrap_or_default());
        Ok(Self { worker: Worker::start(Some(attempt), write)?, memory: Vec::new() })
    }

    /// Empty memory for a text: that of the last one, if it is printed. In a flood, large blocks
    /// would otherwise come and go, for which some allocators ask the system each time.
    pub(crate) fn memory(&mut self) -> Vec<u8> {
        let mut memory = mem::take(&mut self.memory);
        memory.clear();
        memory
    }

    /// Begins to print `text`, while nothing else is being printed.
    pub(crate) fn begin(&mut self, text: Vec<u8>) {
        self.worker.begin(Job { bytes: text, count: 0 });
    }

    /// Whether something is being printed.
    pub(crate) fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    /// Ready when nothing is being printed; fails once if what was begun last failed.
    pub(crate) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_busy() {
            self.memory = ready!(self.worker.poll(cx))?.bytes;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until nothing is being printed.
    pub(crate) async fn idle(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_idle(cx)).await
    }

    /// Prints `text`.
    pub(crate) async fn print(&mut self, text: impl Into<Vec<u8>>) -> io::Result<()> {
        self.begin(text.into());
        self.idle().await
    }
}
