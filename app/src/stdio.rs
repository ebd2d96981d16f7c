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

/// Whether a call that was not to wait, and failed, may be tried so again; it is a refusal, and the
/// call that waits is wanted. A socket gives its error once: any other failure is the outcome.
pub(crate) fn may_refuse_again(error: io::Error) -> io::Result<bool> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(true),
        // Files differ in how they say that they cannot refuse, from kernel to kernel.
        io::ErrorKind::Unsupported
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::PermissionDenied => Ok(false),
        _ => Err(error),
    }
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
    /// What takes nothing just now is written by a thread, which waits for it.
    worker: Worker,
    /// Whether standard output may say that it would have to wait.
    may_refuse: bool,
    /// Why what was begun last could not be printed.
    failed: Option<io::Error>,
    /// That of what was printed last.
    memory: Vec<u8>,
}

impl Printer {
    /// Starts its thread.
    pub(crate) fn start() -> io::Result<Self> {
        let worker = Worker::start(|job| write(job.bytes.get(job.count..).unwrap_or_default()))?;
        Ok(Self { worker, may_refuse: true, failed: None, memory: Vec::new() })
    }

    /// Empty memory for a text: that of the last one, if it is printed. In a flood, large blocks
    /// would otherwise come and go, for which some allocators ask the system each time.
    pub(crate) fn memory(&mut self) -> Vec<u8> {
        let mut memory = mem::take(&mut self.memory);
        memory.clear();
        memory
    }

    /// Begins to print `text`, while nothing else is being printed. It may be printed then.
    pub(crate) fn begin(&mut self, text: Vec<u8>) {
        let mut count = 0;
        if self.may_refuse {
            match system::write_now(&text) {
                Ok(written) => count = written,
                Err(error) => match may_refuse_again(error) {
                    Ok(may) => self.may_refuse = may,
                    Err(error) => return self.failed = Some(error),
                },
            }
        }
        if count == text.len() {
            self.memory = text;
        } else {
            self.worker.begin(Job { bytes: text, count });
        }
    }

    /// Whether something is being printed.
    pub(crate) fn is_busy(&self) -> bool {
        self.worker.is_busy() || self.failed.is_some()
    }

    /// Ready when nothing is being printed; fails once if what was begun last failed.
    pub(crate) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        if self.worker.is_busy() {
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
