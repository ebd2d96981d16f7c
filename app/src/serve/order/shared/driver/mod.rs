//! The driver: has the hub's server take part in a room whose log an engine keeps.
//!
//! A task beside the hub. It asks the engine what the replica wants to have asked, one thing at a
//! time, and commits what is read of the log while the room has space for it.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_core::{Answer, Batch, Instant, Replica, Request, State};
use futures_lite::Stream;
use smol::channel::{Receiver, Sender, bounded};

use super::Sharing;
use super::away::Away;
use super::connection::{Connection, Heard, Opening, Written, open};
use super::master::danger;
use super::outage::Outage;
use super::scripts::Scripts;
use crate::clock::Alarm;
use crate::failure::{Failure, complain};
use crate::progress::Progress;
use crate::serve::hub::Hub;
use crate::serve::wakers::Entered;
use crate::settings::Shared;

/// The first pause before an engine is tried again that could not be used, and the longest one: a
/// failover is to be noticed soon, and an engine that begins again is to get some rest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How long a connection has to last for the pauses to begin anew: an engine that answers, and does
/// not do what is asked, is to get some rest too.
const LASTING: Duration = Duration::from_secs(1);

/// Bytes committed in succession before others get to run, and what a batch costs at the least:
/// each may be of another second, and a record is to get all of them before the log forgets them.
const TURN: usize = 64 * 1024;
const LEAST_COST: usize = TURN / 128;

/// One server's part in the room.
pub(super) struct Driver {
    hub: Rc<Hub>,
    replica: Replica,
    shared: Arc<Shared>,
    scripts: Arc<Scripts>,
    line: Line,
    /// The next pause.
    pause: Duration,
    /// What is said of on stderr if it lasts.
    outage: Outage,
    /// By which rule the last instance throws rooms away, of which something was said.
    evicts_by: Option<String>,
    alarm: Alarm,
    /// Who waits for the room to be as it was when the server began.
    beginning: Option<Sender<()>>,
    /// Whether the replica knows that the server ends.
    has_ended: bool,
    proposed: Entered,
    space: Entered,
}

/// How it stands with the connection.
enum Line {
    /// There is none, until then.
    Down(Instant),
    Opening(Pin<Box<Opening>>),
    Up(Box<Up>),
}

/// A connection that is in use.
struct Up {
    connection: Connection,
    since: Instant,
    /// Whether something is asked and not answered.
    is_asked: bool,
    /// Whether what was asked last is to append something.
    appends: bool,
    /// Whether the last answer was that the engine takes nothing for now.
    is_busy: bool,
    /// The index of the last batch that was given to the replica, or behind which it is read;
    /// `None` while nothing is read.
    given: Option<u64>,
    /// What was read and not committed.
    batches: VecDeque<Batch>,
}

impl Up {
    fn new(connection: Connection, since: Instant) -> Self {
        Self {
            connection,
            since,
            is_asked: false,
            appends: false,
            is_busy: false,
            given: None,
            batches: VecDeque::new(),
        }
    }

    /// Reads the log behind that index.
    ///
    /// # Errors
    ///
    /// It is read already, and goes on elsewhere.
    fn read_from(&mut self, index: u64) -> Result<(), Away> {
        match self.given {
            Some(given) if given == index => {}
            Some(_) => return Err(Away::new("its log goes on elsewhere")),
            None => self.connection.read_from(index),
        }
        self.given = Some(index);
        Ok(())
    }
}

/// What a step has come to, if not that the connection is of no use any more.
type Step = Result<Progress, Away>;

impl Driver {
    /// A driver of what was taken up. The room is as all others have it once there is something to
    /// receive.
    pub(super) fn new(hub: Rc<Hub>, sharing: Sharing) -> (Self, Receiver<()>) {
        let Sharing { shared, scripts, connection, replica } = sharing;
        let mut up = Up::new(connection, hub.clock().now());
        // Nothing is read yet.
        let _ = up.read_from(replica.position().index);
        let (sender, begun) = bounded(1);
        let alarm = Alarm::new(hub.clock());
        let driver = Self {
            hub,
            replica,
            shared,
            scripts,
            line: Line::Up(up.into()),
            pause: FIRST_PAUSE,
            outage: Outage::default(),
            evicts_by: None,
            alarm,
            beginning: Some(sender),
            has_ended: false,
            proposed: Entered::default(),
            space: Entered::default(),
        };
        (driver, begun)
    }

    /// Takes part until the hub stops, and all that its members have said is in the log.
    ///
    /// # Errors
    ///
    /// The server cannot be part of the room any more.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let state = poll_fn(|cx| self.poll(cx)).await;
        self.hub.order_is_over();
        match state {
            State::Running | State::Over => Ok(()),
            State::Fenced => Err(Failure::ended("the room has taken this server for gone")),
            State::Apart(why) => {
                let room = &self.shared.room;
                Err(Failure::ended(format_args!("cannot go on in the room {room}: {why}")))
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<State> {
        let mut committed = 0;
        loop {
            self.pass_time();
            let progress = match self.step(&mut committed, cx) {
                Ok(progress) => progress,
                Err(away) => {
                    self.go_down(&away);
                    Progress::Made
                }
            };
            self.look_for_end_of_outage();
            let state = self.replica.state();
            if state != State::Running && !self.misses_own(state) {
                return Poll::Ready(state);
            }
            if committed >= TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if progress == Progress::Stalled && self.poll_alarm(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Whether members have not got all that is in the log of what was said here, and will.
    fn misses_own(&self, state: State) -> bool {
        let is_read = matches!(self.line, Line::Up(_));
        state == State::Over && is_read && self.hub.server().proposals().next().is_some()
    }

    fn pass_time(&mut self) {
        let now = self.hub.clock().now();
        let replica = &mut self.replica;
        if self.hub.is_stopping() && !mem::replace(&mut self.has_ended, true) {
            self.hub.tell(|server, now| replica.end(now, server));
        }
        if replica.next_tick().is_some_and(|at| at <= now) {
            self.hub.tell(|server, now| replica.tick(now, server));
        }
        if let Some(why) = self.outage.tick(now) {
            let text = format_args!("cannot share {} for now: {why}", self.shared);
            complain([Failure::ended(text)]);
        }
    }

    /// What is said here gets into the log again, as far as can be told: nothing waits for that.
    fn look_for_end_of_outage(&mut self) {
        let is_refused = matches!(&self.line, Line::Up(up) if up.is_busy);
        let may_end = self.outage.lasts() && self.replica.is_open() && !is_refused;
        if may_end && self.hub.server().proposals().next().is_none() {
            self.end_outage();
        }
    }

    fn end_outage(&mut self) {
        if self.outage.end() {
            complain([Failure::over("the room is shared again")]);
        }
    }

    /// Ready when the next moment has come at which something is to be done.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.hub.await_proposals(&self.proposed, cx);
        let until = if let Line::Down(until) = self.line { Some(until) } else { None };
        let next = [until, self.replica.next_tick(), self.outage.next_tick()];
        let next = next.into_iter().flatten().min();
        self.alarm.poll(next, cx)
    }

    /// Does what there is to be done with the connection as it stands.
    fn step(&mut self, committed: &mut usize, cx: &mut Context<'_>) -> Step {
        match &mut self.line {
            Line::Down(until) if *until > self.hub.clock().now() => Ok(Progress::Stalled),
            Line::Down(_) => {
                let era = self.replica.era();
                let opening = open(self.shared.clone(), self.scripts.clone(), era)?;
                self.line = Line::Opening(Box::pin(opening));
                Ok(Progress::Made)
            }
            Line::Opening(opening) => {
                let Poll::Ready(opened) = opening.as_mut().poll_next(cx) else {
                    return Ok(Progress::Stalled);
                };
                let connection = opened.ok_or_else(thread_is_gone)??;
                self.note_eviction(connection.instance.evicts_by.clone());
                self.line = Line::Up(Up::new(connection, self.hub.clock().now()).into());
                let replica = &mut self.replica;
                self.hub.tell(|server, now| replica.connected(now, server));
                Ok(Progress::Made)
            }
            Line::Up(_) => Ok(self.hear_answer(cx)?
                | self.read(cx)?
                | self.commit(committed, cx)
                | self.ask()?),
        }
    }

    /// It may be another instance than the one that the server began with.
    fn note_eviction(&mut self, evicts_by: Option<String>) {
        if self.evicts_by == evicts_by {
            return;
        }
        if let Some(policy) = &evicts_by {
            let text = format_args!("{} is not safe: {}", self.shared, danger(policy));
            complain([Failure::told(text)]);
        }
        self.evicts_by = evicts_by;
    }

    fn go_down(&mut self, away: &Away) {
        let now = self.hub.clock().now();
        if let Line::Up(up) = &self.line
            && up.since + LASTING <= now
        {
            self.pause = FIRST_PAUSE;
        }
        self.line = Line::Down(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.outage.note(now, away.to_string());
        let replica = &mut self.replica;
        self.hub.tell(|server, now| replica.disconnected(now, server, away.why()));
    }

    fn hear_answer(&mut self, cx: &mut Context<'_>) -> Step {
        let Line::Up(up) = &mut self.line else { return Ok(Progress::Stalled) };
        let Poll::Ready(answer) = up.connection.answers.as_mut().poll_next(cx) else {
            return Ok(Progress::Stalled);
        };
        let Heard { answer, instance } = answer.ok_or_else(thread_is_gone)??;
        up.is_asked = false;
        if let Some(instance) = instance {
            up.connection.instance = instance;
        }
        let is_attached = matches!(answer, Answer::Attached(_));
        let is_stale = answer == Answer::Stale;
        let is_appended = up.appends && matches!(answer, Answer::Done { .. });
        up.is_busy = matches!(answer, Answer::Busy { .. });
        if let Answer::Busy { why } = &answer {
            self.outage.note(self.hub.clock().now(), why);
        }
        let replica = &mut self.replica;
        self.hub.tell(|server, now| replica.answered(now, server, answer));
        if is_stale {
            return Err(Away::new(Answer::STALE));
        }
        if is_attached {
            up.read_from(self.replica.position().index)?;
        }
        if is_appended {
            self.end_outage();
        }
        Ok(Progress::Made)
    }

    /// Takes what was read, once what was read before is committed.
    fn read(&mut self, cx: &mut Context<'_>) -> Step {
        let Line::Up(up) = &mut self.line else { return Ok(Progress::Stalled) };
        if !up.batches.is_empty() {
            return Ok(Progress::Stalled);
        }
        let Poll::Ready(written) = up.connection.written.as_mut().poll_next(cx) else {
            return Ok(Progress::Stalled);
        };
        let written = written.ok_or_else(thread_is_gone)??;
        up.batches.extend(written.into_iter().map(|written| batch(&self.hub, written)));
        Ok(Progress::Made)
    }

    /// Commits what was read, as much as the room has space for.
    fn commit(&mut self, committed: &mut usize, cx: &mut Context<'_>) -> Progress {
        self.note_beginning();
        let Line::Up(up) = &mut self.line else { return Progress::Stalled };
        let Some(first) = up.batches.front() else { return Progress::Stalled };
        if !self.replica.takes(&self.hub.server(), first) {
            self.hub.await_budget(&self.space, cx);
            return Progress::Stalled;
        }
        if let Some(batch) = up.batches.pop_front() {
            *committed += batch.payload.len().max(LEAST_COST);
            up.given = Some(batch.index);
            let replica = &mut self.replica;
            // If it is none that follows, the replica's state says so.
            let _ = self.hub.tell(|server, now| replica.read(now, server, batch));
        }
        Progress::Made
    }

    /// Says that all is read that was there when the server began.
    fn note_beginning(&mut self) {
        let has_begun = self.replica.has_begun();
        if let Some(begun) = self.beginning.take_if(|_| has_begun) {
            // If nobody waits for it, the server ends already.
            let _ = begun.try_send(());
        }
    }

    /// Asks what is to be asked next.
    fn ask(&mut self) -> Step {
        let Line::Up(up) = &mut self.line else { return Ok(Progress::Stalled) };
        if up.is_asked {
            return Ok(Progress::Stalled);
        }
        let request = self.replica.request(self.hub.clock().now(), &self.hub.server());
        let Some(request) = request else { return Ok(Progress::Stalled) };
        let asker = up.connection.asker(Some(self.replica.node()));
        up.connection.ask(self.scripts.call(asker, &request));
        (up.is_asked, up.appends) = (true, matches!(request, Request::Append { .. }));
        Ok(Progress::Made)
    }
}

fn thread_is_gone() -> Away {
    Away::new("its thread is gone")
}

fn batch(hub: &Hub, written: Written) -> Batch {
    let Written { index, before, link, unix_seconds, payload } = written;
    Batch { index, before, link, wall: hub.wall_at(unix_seconds), payload }
}
