//! A thread for calls that may block, one at a time, so that nothing else waits for them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use futures_lite::Stream;
use smol::channel::{Receiver, Sender, bounded};

/// Runs one kind of call: at once where that needs no wait, else on a thread.
///
/// Not the `blocking` crate's pool: the threads of its release 1.7.0 never end, and wake up twice a
/// second for as long as the program runs.
pub(crate) struct Worker<J> {
    /// `None` where every call may block.
    try_now: Option<TryNow<J>>,
    jobs: Sender<J>,
    results: Pin<Box<Receiver<Done<J>>>>,
    /// Whether the thread has a job.
    is_waiting: bool,
    /// The result of a job that needed no thread.
    result: Option<Done<J>>,
}

/// Does what it can of a job without blocking. Returns whether that was all of it.
pub(super) type TryNow<J> = fn(&mut J) -> io::Result<bool>;

/// A job: what a call that reads or writes is given, and gives back.
#[derive(Default)]
pub(super) struct Transfer {
    pub(super) bytes: Vec<u8>,
    /// How many of them have been written or read.
    pub(super) count: usize,
}

/// What became of a job. One that has failed may be done in part.
pub(crate) struct Done<J> {
    pub(crate) job: J,
    pub(crate) result: io::Result<()>,
}

impl<J: Default + Send + 'static> Worker<J> {
    /// Starts the thread, which runs `work` on what `try_now` could not finish.
    pub(crate) fn start(
        try_now: Option<TryNow<J>>,
        mut work: impl FnMut(&mut J) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = bounded::<J>(1);
        let (report, results) = bounded(1);
        spawn(move || {
            while let Ok(mut job) = queue.recv_blocking() {
                let result = work(&mut job);
                if report.send_blocking(Done { job, result }).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { try_now, jobs, results: Box::pin(results), is_waiting: false, result: None })
    }

    /// Begins a job. Call only while no other is outstanding.
    pub(crate) fn begin(&mut self, mut job: J) {
        match self.try_now(&mut job) {
            Ok(true) => self.result = Some(Done { job, result: Ok(()) }),
            Ok(false) => {
                // The queue is empty: the job before this one is done.
                let _ = self.jobs.try_send(job);
                self.is_waiting = true;
            }
            Err(error) => self.result = Some(Done { job, result: Err(error) }),
        }
    }

    /// Returns whether a job's result is still outstanding.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_waiting || self.result.is_some()
    }

    /// Ready with the job once it is done or has failed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done<J>> {
        if let Some(done) = self.result.take() {
            return Poll::Ready(done);
        }
        let done = ready!(self.results.as_mut().poll_next(cx));
        self.is_waiting = false;
        let gone = || Done { job: J::default(), result: Err(io::ErrorKind::BrokenPipe.into()) };
        Poll::Ready(done.unwrap_or_else(gone))
    }

    /// Returns whether all of `job` could be done at once. A socket reports an error only once, so
    /// the thread gets the job only after a refusal to block; any other error is the result.
    fn try_now(&mut self, job: &mut J) -> io::Result<bool> {
        let Some(try_now) = self.try_now else { return Ok(false) };
        try_now(job).or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
            // Kernels differ in how they say that a file cannot be used without blocking.
            io::ErrorKind::Unsupported
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::PermissionDenied => {
                self.try_now = None;
                Ok(false)
            }
            _ => Err(error),
        })
    }
}

/// Starts a thread.
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}
