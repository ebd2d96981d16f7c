//! Standard input, in chunks.

use std::io;
use std::mem;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use super::kind::is_foreground;
use super::worker::{Done, Transfer, TryNow, Worker};
use super::{linux, stdio};

/// Most bytes read at once.
const CHUNK: usize = 32 * 1024;

/// How long to leave input alone that is meant for another program.
const IN_BACKGROUND: Duration = Duration::from_millis(100);

/// What standard input provides.
pub(crate) struct Keyboard {
    /// Reads on its thread what is not there yet: a read of it cannot be cancelled.
    worker: Worker<Transfer>,
    /// The memory for a chunk, except while the worker has it.
    buffer: Vec<u8>,
}

impl Keyboard {
    /// Reads any standard input.
    pub(crate) fn start() -> io::Result<Self> {
        let try_now = |job: &mut Transfer| {
            job.count = linux::read_now(&mut job.bytes)?;
            // Linux 5.9 and 5.10 may return 0 before the end (`preadv2(2)`, "Bugs").
            Ok(job.count > 0)
        };
        Self::with(Some(try_now), read)
    }

    /// Reads a terminal, but nothing while other programs have it: such a read would stop this
    /// program, even when it is asked to end.
    pub(crate) fn of_terminal() -> io::Result<Self> {
        Self::with(None, |job| {
            loop {
                stdio::wait_for_input()?;
                if is_foreground() {
                    return read(job);
                }
                thread::sleep(IN_BACKGROUND);
            }
        })
    }

    fn with(
        try_now: Option<TryNow<Transfer>>,
        read: fn(&mut Transfer) -> io::Result<()>,
    ) -> io::Result<Self> {
        Ok(Self { worker: Worker::start(try_now, read)?, buffer: vec![0; CHUNK] })
    }

    /// Reads the next chunk; an empty one is the end, as is an error. Nothing is read before it is
    /// asked for, so an endless input is read only as fast as it is sent.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if !self.worker.is_busy() {
            self.worker.begin(Transfer { bytes: mem::take(&mut self.buffer), count: 0 });
        }
        let Done { job, result } = ready!(self.worker.poll(cx));
        self.buffer = job.bytes;
        Poll::Ready(result.map(|()| &self.buffer[..job.count]))
    }
}

fn read(job: &mut Transfer) -> io::Result<()> {
    job.count = stdio::read(&mut job.bytes)?;
    Ok(())
}
