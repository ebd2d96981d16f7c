//! The record: a reader of the log like any other, which keeps what is said in a file.
//!
//! | module | noun |
//! |---|---|
//! | `recorder` | the task that takes what is said out of the log |
//! | `replay` | what a log that others share still has of what an earlier run did not record |
//! | `job` | lines on their way into the file |
//! | `lost` | what is not in the file in the end |
//! | `pen` | what writes to the file, on a thread |
//! | `syncing` | what has the file survive a power failure |
//! | `tail` | what a file ends with |
//! | `stamp` | the time before each line |
//!
//! What is written are the lines that everybody gets, and what could not be written is counted as
//! it is for any reader. If it is to be safe before anybody gets it, the record is the room's gate
//! as well: the others get what it has confirmed.

mod job;
mod lost;
mod pen;
mod recorder;
mod replay;
mod stamp;
mod syncing;
mod tail;

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use chat_core::Server;
use smol::Task;
use smol::channel::bounded;

use super::hub::Hub;
use super::wakers::Wakers;
use crate::failure::Failure;
use crate::settings::{LogSync, Serve};
use crate::system;
use job::Job;
use lost::Lost;
use pen::Pen;
use recorder::Recorder;

pub(super) use pen::Opened;
pub(super) use replay::Replay;

/// The first pause when nothing can be written: little beside the time that it takes to make room
/// on a disk.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What is said when there is no trouble any more.
const AGAIN: &str = "what is said is recorded again";

/// Opens the file that `settings` name, if any; without holding up anything, as a disk may be slow.
///
/// # Errors
///
/// Those of [`Pen::open`].
pub(super) async fn open(settings: &Serve) -> Result<Option<Opened>, Failure> {
    let Some(record) = &settings.record else { return Ok(None) };
    let limits = &settings.limits;
    // Half of it is the room's history, of lines that have no time before them any more; or all of
    // it is looked for in the log of a room that others share.
    let is_asked_for = limits.history > 0 || settings.is_shared();
    let most = if is_asked_for { limits.backlog as u64 } else { 0 };
    let (path, (report, opened)) = (record.path.clone(), bounded(1));
    let open = move || {
        // If nobody waits for it any more the program ends.
        let _ = report.send_blocking(Pen::open(path, most));
    };
    system::spawn(open).map_err(Failure::thread)?;
    let gone = || Err(Failure::thread(io::ErrorKind::BrokenPipe.into()));
    opened.recv().await.unwrap_or_else(|_| gone()).map(Some)
}

/// A record that is kept.
pub(super) struct Record {
    task: Task<Result<(), Failure>>,
    lost: Rc<Lost>,
    requests: Rc<Requests>,
}

/// What a record is asked for.
#[derive(Default)]
pub(super) struct Requests {
    /// Whether the file is to be opened anew.
    reopens: Cell<bool>,
    wakers: Wakers,
}

impl Requests {
    /// The file may have been renamed: go on in the one that is at its path.
    pub(super) fn reopen(&self) {
        self.reopens.set(true);
        self.wakers.wake();
    }

    fn take(&self) -> bool {
        self.reopens.replace(false)
    }
}

impl Record {
    /// Keeps what is said from now on in a room that listens on `port`. Of a room that others share
    /// it is given the replay, and keeps what the file lacks of that; of any other one the history
    /// is what was recorded last.
    pub(super) fn begin(
        hub: &Rc<Hub>,
        opened: Opened,
        replay: Option<Replay>,
        sync: LogSync,
        port: u16,
    ) -> Result<Self, Failure> {
        let (reader, lacks) = match replay {
            Some(replay) => replay.end(&opened.last_said(usize::MAX), opened.is_new()),
            None => {
                let half = hub.server().limits().backlog / 2;
                let restored = |server: &mut Server| {
                    server.restore(opened.last_said(half));
                    server.record()
                };
                (hub.tell(|server, _| restored(server)), Job::default())
            }
        };
        let wall = hub.wall();
        hub.tell(|server, now| {
            server.set_recorded(true);
            // What others share has told no time if nothing was said there.
            server.set_wall(now, wall);
            server.open(reader, port);
        });
        let requests = Rc::new(Requests::default());
        let pen = opened.into_pen();
        let lost = Rc::new(Lost::new(hub.clone(), reader, &pen));
        let recorder = Recorder::start(hub.clone(), requests.clone(), lost.clone(), pen, sync)?;
        let recorder = recorder.with_lacking(lacks);
        Ok(Self { task: hub.run(recorder.run()), lost, requests })
    }

    pub(super) fn requests(&self) -> Rc<Requests> {
        self.requests.clone()
    }

    /// Waits until all is recorded, once the server is to end.
    ///
    /// # Errors
    ///
    /// It cannot be.
    pub(super) async fn finished(&mut self) -> Result<(), Failure> {
        (&mut self.task).await
    }

    /// Gives up what is not recorded, if that is not finished.
    ///
    /// # Errors
    ///
    /// It is not.
    pub(super) async fn give_up(self) -> Result<(), Failure> {
        if self.task.is_finished() {
            return Ok(());
        }
        self.task.cancel().await;
        Err(self.lost.failure(&io::Error::other("it takes too long to write to it")))
    }
}
