//! Standard input, chunk by chunk.

use std::io;
use std::mem;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use crate::stdio;
use crate::system::{self, is_foreground};
use crate::worker::{Job, Worker};

/// Bytes read at once, at the most.
const CHUNK: usize = 32 * 1024;

/// How long to look away when there is input for another program.
const IN_BACKGROUND: Duration = Duration::from_millis(100);

/// What standard input gives.
pub(super) struct Keyboard {
    /// What is not there yet is read by a thread, which waits for it: a read of it cannot be given
    /// up.
    worker: Worker,
    /// Whether standard input may say that it would have to wait.
    may_refuse: bool,
    /// A chunk's memory, but while the thread has it.
    buffer: Vec<u8>,
}

impl Keyboard {
    /// Standard input as it is.
    pub(super) fn start() -> io::Result<Self> {
        Self::with(|job| stdio::read(&mut job.bytes).map(|count| job.count = count), true)
    }

    /// The same from a terminal, of which nothing is read while other programs have it: a read then
    /// would stop this program, also when it is asked to end.
    pub(super) fn of_terminal() -> io::Result<Self> {
        let read = |job: &mut Job| {
            loop {
                stdio::wait_for_input()?;
                if is_foreground() {
                    job.count = stdio::read(&mut job.bytes)?;
                    return Ok(());
                }
                thread::sleep(IN_BACKGROUND);
            }
        };
        Self::with(read, false)
    }

    fn with(read: fn(&mut Job) -> io::Result<()>, may_refuse: bool) -> io::Result<Self> {
        Ok(Self { worker: Worker::start(read)?, may_refuse, buffer: vec![0; CHUNK] })
    }

    /// The next chunk; an empty one is the end, as is an error. Nothing is read before it is asked
    /// for, so an input without an end is read only as fast as it is sent.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if !self.worker.is_busy() {
            if self.may_refuse {
                match system::read_now(&mut self.buffer) {
                    // Linux 5.9 and 5.10 may say so before the end (`preadv2(2)`, "Bugs").
                    Ok(0) => {}
                    Ok(count) => return Poll::Ready(Ok(&self.buffer[..count])),
                    Err(error) => self.may_refuse = stdio::may_refuse_again(error)?,
                }
            }
            self.worker.begin(Job { bytes: mem::take(&mut self.buffer), count: 0 });
        }
        let Job { bytes, count } = ready!(self.worker.poll(cx))?;
        self.buffer = bytes;
        Poll::Ready(Ok(&self.buffer[..count]))
    }
}
