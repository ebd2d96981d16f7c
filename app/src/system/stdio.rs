//! The standard streams, as blocking calls, and a printer that blocks on a thread of its own.
//!
//! A descriptor that is shared with another program, such as a terminal, may be non-blocking at any
//! time. Then these calls wait for it themselves.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::Stream;
use smol::channel::{Receiver, bounded};

use super::standard::Standard;
use super::worker::{Done, Transfer, Worker, spawn};
use super::{kind, linux};

/// Reads from standard input; 0 bytes are its end.
pub(super) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match kind::read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) => wait_if_temporary(error, Standard::Input)?,
        }
    }
}

/// Waits until standard input has something to read, or has ended.
pub(super) fn wait_for_input() -> io::Result<()> {
    kind::wait(Standard::Input)
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
    write_rest(stream, bytes, &mut 0)
}

/// Writes what is left of `bytes`, of which `count` are written; counts those that it writes, also
/// if it fails.
fn write_rest(stream: Standard, bytes: &[u8], count: &mut usize) -> io::Result<()> {
    while let Some(rest @ [_, ..]) = bytes.get(*count..) {
        match kind::write(stream, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => *count += written,
            Err(error) => wait_if_temporary(error, stream)?,
        }
    }
    Ok(())
}

/// Waits until a call that failed may succeed; fails if it never will.
fn wait_if_temporary(error: io::Error, stream: Standard) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock => kind::wait(stream),
        _ => Err(error),
    }
}

/// Whoever reads standard output, noticed to be gone even if nothing is written.
pub(crate) struct Audience {
    /// `None` where that cannot be noticed.
    is_gone: Option<Pin<Box<Receiver<()>>>>,
}

impl Audience {
    /// Starts a thread that waits for it. That cannot be cancelled, and costs nothing.
    pub(crate) fn watch() -> io::Result<Self> {
        let (report, is_gone) = bounded(1);
        spawn(move || {
            if kind::wait_until_unread().is_ok() {
                // If the program ends meanwhile, nobody waits for it any more.
                let _ = report.send_blocking(());
            }
        })?;
        Ok(Self { is_gone: Some(Box::pin(is_gone)) })
    }

    /// Ready, once, when nobody reads standard output any more.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(is_gone) = &mut self.is_gone else { return Poll::Pending };
        let told = ready!(is_gone.as_mut().poll_next(cx));
        self.is_gone = None;
        if told.is_some() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Writes to standard output. If that takes nothing, as a stopped terminal does, nothing else stops
/// with it.
pub(crate) struct Printer {
    worker: Worker<Transfer>,
    /// The text that was printed last, and how much of it was: all, unless that failed.
    last: Transfer,
}

impl Printer {
    /// Starts its thread, which writes what standard output does not take at once.
    pub(crate) fn start() -> io::Result<Self> {
        let try_now = |job: &mut Transfer| {
            job.count += linux::write_now(job.bytes.get(job.count..).unwrap_or_default())?;
            Ok(job.count == job.bytes.len())
        };
        let write = |job: &mut Transfer| write_rest(Standard::Output, &job.bytes, &mut job.count);
        Ok(Self { worker: Worker::start(Some(try_now), write)?, last: Transfer::default() })
    }

    /// Returns an empty buffer for a text: that of the last one, once it is printed. In a flood,
    /// large blocks would otherwise be allocated and freed again and again, for which some
    /// allocators ask the system each time.
    pub(crate) fn memory(&mut self) -> Vec<u8> {
        let mut memory = mem::take(&mut self.last).bytes;
        memory.clear();
        memory
    }

    /// Begins to print `text`. Call only while nothing is being printed.
    pub(crate) fn begin(&mut self, text: Vec<u8>) {
        self.worker.begin(Transfer { bytes: text, count: 0 });
    }

    /// Returns whether something is being printed.
    pub(crate) fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    /// Ready when nothing is being printed; fails once if the last text could not be printed.
    pub(crate) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_busy() {
            let Done { job, result } = ready!(self.worker.poll(cx));
            self.last = job;
            result?;
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

    /// Prints the rest of the last text, after that has failed: from the very byte on that was not
    /// written.
    pub(crate) async fn print_rest(&mut self) -> io::Result<()> {
        let rest = mem::take(&mut self.last);
        self.worker.begin(rest);
        self.idle().await
    }
}
