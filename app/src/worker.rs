//! A thread for what may wait: calls that nothing else must wait for, one at a time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use futures_lite::Stream;
use smol::channel::{Receiver, Sender, bounded};

/// A thread that does one kind of blocking call.
///
/// Not the `blocking` crate's pool: the threads of its release 1.7.0 never end, and wake up twice a
/// second for as long as the program runs.
pub(crate) struct Worker {
    jobs: Sender<Job>,
    done: Pin<Box<Receiver<io::Result<Job>>>>,
    /// Whether what was begun is not done yet.
    is_busy: bool,
}

/// What a call is given, and gives back.
pub(crate) struct Job {
    pub(crate) bytes: Vec<u8>,
    /// How many of them are written, or were read.
    pub(crate) count: usize,
}

impl Worker {
    /// Starts the thread, which does `work` to whatever it is given.
    pub(crate) fn start(work: fn(&mut Job) -> io::Result<()>) -> io::Result<Self> {
        let (jobs, to_do) = bounded::<Job>(1);
        let (report, done) = bounded(1);
        spawn(move || {
            while let Ok(mut job) = to_do.recv_blocking() {
                let result = work(&mut job);
                if report.send_blocking(result.map(|()| job)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { jobs, done: Box::pin(done), is_busy: false })
    }

    /// Begins a job, while no other is being done.
    pub(crate) fn begin(&mut self, job: Job) {
        // There is room: nothing is begun before what was begun last is done.
        let _ = self.jobs.try_send(job);
        self.is_busy = true;
    }

    /// Whether something is being done.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Ready with what was begun, once it is done or has failed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Job>> {
        let done = ready!(self.done.as_mut().poll_next(cx));
        self.is_busy = false;
        Poll::Ready(done.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into())))
    }
}

/// Starts a thread.
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}
