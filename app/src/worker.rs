//! Calls that may wait, one at a time, and that nothing else must wait for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use futures_lite::Stream;
use smol::channel::{Receiver, Sender, bounded};

/// Does one kind of call: at once as far as it need not wait, and the rest on a thread.
///
/// Not the `blocking` crate's pool: the threads of its release 1.7.0 never end, and wake up twice a
/// second for as long as the program runs.
pub(crate) struct Worker {
    /// `None` where a call can only wait.
    attempt: Option<Attempt>,
    jobs: Sender<Job>,
    done: Pin<Box<Receiver<io::Result<Job>>>>,
    /// Whether the thread has a job.
    is_waiting: bool,
    /// What was begun and is over already.
    over: Option<io::Result<Job>>,
}

/// Does what can be done of a job without waiting, and says whether that is all of it.
pub(crate) type Attempt = fn(&mut Job) -> io::Result<bool>;

/// What a call is given, and gives back.
pub(crate) struct Job {
    pub(crate) bytes: Vec<u8>,
    /// How many of them are written, or were read.
    pub(crate) count: usize,
}

impl Worker {
    /// Starts the thread, which does `work` to what `attempt` could not.
    pub(crate) fn start(
        attempt: Option<Attempt>,
        work: fn(&mut Job) -> io::Result<()>,
    ) -> io::Result<Self> {
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
        Ok(Self { attempt, jobs, done: Box::pin(done), is_waiting: false, over: None })
    }

    /// Begins a job, while no other is begun.
    pub(crate) fn begin(&mut self, mut job: Job) {
        match self.attempt(&mut job) {
            Ok(true) => self.over = Some(Ok(job)),
            Ok(false) => {
                // There is room: nothing is begun before what was begun last is done.
                let _ = self.jobs.try_send(job);
                self.is_waiting = true;
            }
            Err(error) => self.over = Some(Err(error)),
        }
    }

    /// Whether something is begun of which [`Worker::poll`] has not told the end.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_waiting || self.over.is_some()
    }

    /// Ready with what was begun, once it is done or has failed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Job>> {
        if let Some(result) = self.over.take() {
            return Poll::Ready(result);
        }
        let done = ready!(self.done.as_mut().poll_next(cx));
        self.is_waiting = false;
        Poll::Ready(done.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into())))
    }

    /// Whether all of `job` could be done at once. A socket gives its error once, so only what is a
    /// refusal to wait leaves the job to the thread; any other error is the outcome.
    fn attempt(&mut self, job: &mut Job) -> io::Result<bool> {
        let Some(attempt) = self.attempt else { return Ok(false) };
        attempt(job).or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
            // From kernel to kernel files differ in how they say that they can only wait.
            io::ErrorKind::Unsupported
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::PermissionDenied => {
                self.attempt = None;
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
