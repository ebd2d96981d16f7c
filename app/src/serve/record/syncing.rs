//! Syncing: what is written is made to survive a power failure, about once a second.

use std::cell::RefCell;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use smol::Timer;

use super::{AGAIN, FIRST_PAUSE};
use crate::failure::{Failure, complain};
use crate::serve::trouble::Trouble;
use crate::serve::wakers::Wakers;
use crate::system::{Worker, sync};

/// How long what is written may only be in memory, beside the time that a disk takes.
const PERIOD: Duration = Duration::from_secs(1);

/// Has a file synchronized on a thread of its own: a disk may take long for that, and what is
/// written meanwhile does not wait for it.
#[derive(Default)]
pub(super) struct Syncing {
    /// The file that was written to since it was last synchronized.
    written: RefCell<Option<Arc<File>>>,
    wakers: Wakers,
}

/// The file to synchronize.
type Job = Option<Arc<File>>;

impl Syncing {
    /// Something was written to `file`.
    pub(super) fn note(&self, file: Arc<File>) {
        if self.written.borrow_mut().replace(file).is_none() {
            self.wakers.wake();
        }
    }

    /// Starts its thread.
    pub(super) fn start() -> io::Result<Worker<Job>> {
        Worker::start(None, |file: &mut Job| file.as_deref().map_or(Ok(()), sync))
    }

    /// Synchronizes what is written, for ever. `complaint` is what is said if that fails.
    pub(super) async fn run(self: Rc<Self>, mut worker: Worker<Job>, complaint: String) {
        let mut trouble = Trouble::new(complaint, FIRST_PAUSE);
        loop {
            self.wakers.until(|| self.written.borrow().is_some()).await;
            Timer::after(PERIOD).await;
            worker.begin(self.written.take());
            let done = poll_fn(|cx| worker.poll(cx)).await;
            match done.result {
                Ok(()) if trouble.end() => complain([Failure::over(AGAIN)]),
                Ok(()) => {}
                Err(error) => {
                    // Unless there is something newer.
                    let newer = self.written.take();
                    self.written.replace(newer.or(done.job));
                    trouble.pause(&error).await;
                }
            }
        }
    }
}
