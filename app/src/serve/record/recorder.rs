//! The recorder: takes what is said out of the log, and has it written.

use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use chat_core::Delivered;
use smol::Timer;

use super::job::{CHUNK, Job};
use super::lost::{Lost, missing};
use super::pen::Pen;
use super::syncing::Syncing;
use super::{AGAIN, FIRST_PAUSE, Requests};
use crate::failure::{Failure, complain};
use crate::serve::hub::Hub;
use crate::serve::trouble::Trouble;
use crate::serve::wakers::Entered;
use crate::settings::LogSync;
use crate::system::{Done, Worker};

/// How long nobody gets what is not safe yet: as long as the room waits for any reader.
const GATE_PATIENCE: Duration = Duration::from_secs(1);

/// How long what is said is gathered before it is written, unless nobody gets it before that: a write
/// costs about as much as it costs to deliver a line to twenty members.
const GATHERING: Duration = Duration::from_millis(50);

/// The last line of each run.
const LAST: &[u8] = b"exit\n";

/// Takes what is said out of the log, and has it written.
pub(super) struct Recorder {
    hub: Rc<Hub>,
    requests: Rc<Requests>,
    lost: Rc<Lost>,
    worker: Worker<Job>,
    /// What is to be written first, of an earlier time.
    lacking: Job,
    /// The job that was done last.
    memory: Job,
    trouble: Trouble,
    durability: Durability,
    growth: Entered,
    asked: Entered,
    /// If something was written a moment ago: until when more is gathered, and how much had been said
    /// when that was taken.
    gathering: Option<(Timer, u64)>,
}

/// How what is written is made to survive a power failure.
enum Durability {
    /// Meanwhile.
    EverySecond(Rc<Syncing>),
    /// Before anybody gets it.
    Gate(Gate),
}

/// What keeps others from lines that are not safe.
struct Gate {
    hub: Rc<Hub>,
    lost: Rc<Lost>,
    /// Whether it is open, as the disk takes too long.
    is_open: bool,
    /// Whether that was said.
    is_told: bool,
    /// When a job was begun that is not done.
    began: Option<Instant>,
    /// Rings when one has taken too long, or sooner: to set it for each would cost more than all else.
    limit: Timer,
}

impl Recorder {
    /// Starts the threads that it needs. From now on what is said is kept by `pen`.
    pub(super) fn start(
        hub: Rc<Hub>,
        requests: Rc<Requests>,
        lost: Rc<Lost>,
        mut pen: Pen,
        sync: LogSync,
    ) -> Result<Self, Failure> {
        let worker = Worker::start(None, move |job: &mut Job| pen.run(job));
        let worker = worker.map_err(Failure::thread)?;
        let complaint = format!("cannot record to {} for now", lost.path());
        let durability = match sync {
            LogSync::Second => {
                let syncing = Rc::new(Syncing::default());
                let worker = Syncing::start().map_err(Failure::thread)?;
                hub.spawn(syncing.clone().run(worker, complaint.clone()));
                Durability::EverySecond(syncing)
            }
            LogSync::Always => Durability::Gate(Gate::close(hub.clone(), lost.clone())),
        };
        Ok(Self {
            hub,
            requests,
            lost,
            worker,
            lacking: Job::default(),
            memory: Job::default(),
            trouble: Trouble::new(complaint, FIRST_PAUSE),
            durability,
            growth: Entered::default(),
            asked: Entered::default(),
            gathering: None,
        })
    }

    /// Has it write a job before all else.
    pub(super) fn with_lacking(self, lacking: Job) -> Self {
        Self { lacking, ..self }
    }

    /// Records what is said until the server ends, then that it does.
    ///
    /// # Errors
    ///
    /// The server has ended in a time in which nothing could be written.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let recorded = self.record_all().await;
        if let Durability::Gate(gate) = &mut self.durability {
            // Nobody confirms anything any more.
            gate.open();
        }
        recorded.map_err(|error| self.lost.failure(&error))
    }

    async fn record_all(&mut self) -> io::Result<()> {
        let mut lacking = mem::take(&mut self.lacking);
        if !lacking.is_empty() {
            lacking.syncs = matches!(self.durability, Durability::Gate(_));
            self.write(lacking, 0).await?;
        }
        loop {
            self.gather().await;
            let said = self.hub.server().said();
            let (job, missing) = self.take();
            if !job.is_empty() || self.requests.reopens.get() {
                // Not if there is much, or if others wait for it.
                let gathers =
                    job.len() < CHUNK / 2 && matches!(self.durability, Durability::EverySecond(_));
                self.write(job, missing).await?;
                self.gathering = gathers.then(|| (Timer::after(GATHERING), said));
                continue;
            }
            self.memory = job;
            self.note_caught_up();
            if self.hub.may_close(&self.hub.server()) {
                break;
            }
            self.await_more().await;
        }
        let mut last = mem::take(&mut self.memory).emptied();
        last.add(self.hub.wall(), &[LAST]);
        last.syncs = true;
        self.write(last, 0).await
    }

    /// Waits for more to be said, if something was written a moment ago; but not once much is pending, or
    /// anything is asked for.
    async fn gather(&mut self) {
        let Some((mut timer, taken)) = self.gathering.take() else { return };
        let much = (self.hub.server().limits().backlog as u64 / 8).min(CHUNK as u64);
        poll_fn(|cx| {
            self.hub.await_growth(&self.growth, cx);
            self.requests.wakers.enter(&self.asked, cx);
            let is_asked = self.hub.is_stopping() || self.requests.reopens.get();
            if is_asked || self.hub.server().said() - taken >= much {
                return Poll::Ready(());
            }
            Pin::new(&mut timer).poll(cx).map(drop)
        })
        .await;
    }

    /// Takes what is pending out of the log, in whole lines. Returns also how many messages are
    /// missing by that, beyond one for each line that says so.
    fn take(&mut self) -> (Job, usize) {
        let mut job = mem::take(&mut self.memory).emptied();
        job.syncs = matches!(self.durability, Durability::Gate(_));
        let mut missed = 0;
        loop {
            let mut taken = 0;
            let delivered = self.hub.tell(|server, _| {
                server.deliver_timed(self.lost.reader(), |wall, slices| {
                    taken = job.add(wall, slices);
                    if taken > 0 {
                        missed += missing(slices);
                    }
                    Ok::<_, io::Error>(taken)
                })
            });
            let may_have_more = matches!(delivered, Ok(Delivered::Partial)) && taken > 0;
            if !may_have_more || job.len() >= CHUNK {
                return (job, missed);
            }
        }
    }

    /// All that was said is written.
    fn note_caught_up(&mut self) {
        if self.trouble.end() {
            complain([Failure::over(AGAIN)]);
        }
        if let Durability::Gate(gate) = &mut self.durability {
            gate.close_again();
        }
    }

    /// Writes a job, in as many attempts as it takes. Once the server is to end, only one more is
    /// made.
    async fn write(&mut self, mut job: Job, missing: usize) -> io::Result<()> {
        self.lost.give(job.count_lines(), missing);
        if let Durability::Gate(gate) = &mut self.durability {
            gate.began = Some(Instant::now());
        }
        loop {
            job.reopens |= self.requests.take();
            self.worker.begin(job);
            let Done { job: tried, result } = poll_fn(|cx| self.poll_done(cx)).await;
            job = tried;
            if let Some(file) = job.file.take()
                && let Durability::EverySecond(syncing) = &self.durability
            {
                syncing.note(file);
            }
            match result {
                Ok(()) => break,
                Err(error) if self.hub.is_stopping() => return Err(error),
                Err(error) => self.pause(&error).await,
            }
        }
        self.memory = job;
        if let Durability::Gate(gate) = &mut self.durability {
            gate.began = None;
            self.hub.tell(|server, now| server.confirm(now, self.lost.reader()));
        }
        Ok(())
    }

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Done<Job>> {
        let done = self.worker.poll(cx);
        if let Durability::Gate(gate) = &mut self.durability
            && done.is_pending()
        {
            gate.poll(cx, self.trouble.lasts());
        }
        done
    }

    /// Pauses before the next attempt, unless the server is to end, or the file to be opened anew.
    async fn pause(&mut self, error: &io::Error) {
        let mut pause = pin!(self.trouble.pause(error));
        poll_fn(|cx| {
            self.hub.await_growth(&self.growth, cx);
            self.requests.wakers.enter(&self.asked, cx);
            if let Durability::Gate(gate) = &mut self.durability {
                gate.poll(cx, true);
            }
            if self.hub.is_stopping() || self.requests.reopens.get() {
                return Poll::Ready(());
            }
            pause.as_mut().poll(cx)
        })
        .await;
    }

    /// Waits until the log grows, something is asked for, or the server is to end.
    async fn await_more(&self) {
        let mut is_first = true;
        poll_fn(|cx| {
            self.hub.await_growth(&self.growth, cx);
            self.requests.wakers.enter(&self.asked, cx);
            if mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

impl Gate {
    fn close(hub: Rc<Hub>, lost: Rc<Lost>) -> Self {
        hub.tell(|server, _| server.set_gate(Some(lost.reader())));
        let limit = Timer::after(Duration::ZERO);
        Self { hub, lost, is_open: false, is_told: false, began: None, limit }
    }

    /// Opens it if what is to be safe takes too long. Says so, unless that `has_reason` which was
    /// said.
    fn poll(&mut self, cx: &mut Context<'_>, has_reason: bool) {
        let Some(began) = self.began.filter(|_| !self.is_open) else { return };
        let ends = began + GATE_PATIENCE;
        while Instant::now() < ends {
            if Pin::new(&mut self.limit).poll(cx).is_pending() {
                return;
            }
            self.limit.set_at(ends);
        }
        self.open();
        if !has_reason {
            self.is_told = true;
            let path = self.lost.path();
            complain([Failure::over(format_args!(
                "the disk of {path} takes longer than a second: what is said does not wait for it"
            ))]);
        }
    }

    fn open(&mut self) {
        if !mem::replace(&mut self.is_open, true) {
            self.hub.tell(|server, _| server.set_gate(None));
        }
    }

    /// All is safe: what is said next waits again.
    fn close_again(&mut self) {
        if mem::take(&mut self.is_open) {
            self.limit.set_after(Duration::ZERO);
            self.hub.tell(|server, _| server.set_gate(Some(self.lost.reader())));
        }
        if mem::take(&mut self.is_told) {
            let path = self.lost.path();
            complain([Failure::over(format_args!(
                "what is said waits for the disk of {path} again"
            ))]);
        }
    }
}
