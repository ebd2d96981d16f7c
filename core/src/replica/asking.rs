//! What is asked of the engine, and what its answers lead to.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::time::Duration;

use super::batch::Payload;
use super::{Answer, Apart, Goal, Phase, Position, RETRY, Replica, Request, State};
use crate::entry::{Stamp, Stamped};
use crate::id::NodeId;
use crate::server::Server;
use crate::time::Instant;

/// How often a lease is renewed: a fifth of it.
pub(super) const RENEWAL: Duration = Duration::from_secs(1);

/// How long a snapshot may be due before others than the one whose part that is give it to the
/// engine.
const OTHERS_KEEP: Duration = Duration::from_secs(2);

/// How soon to ask again what an engine has not taken that is full, or otherwise busy.
const PAUSE: Duration = Duration::from_millis(250);

/// What the outstanding request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Attach,
    Seed,
    Restore { last: u64 },
    Ready,
    Append { last: u64 },
    Renew,
    Declare { lost: NodeId },
    Keep { at: Position },
}

/// Asking.
impl Replica {
    /// What to ask the engine next; `None` if nothing now, or something is outstanding.
    pub fn request(&mut self, now: Instant, server: &Server) -> Option<Request> {
        let waits = self.retry_at.is_some_and(|at| at > now);
        if waits || self.outstanding.is_some() || self.end.is_some() {
            return None;
        }
        self.retry_at = None;
        if !matches!(self.phase, Phase::Open | Phase::Down) {
            self.health.down(now, "it is being restored");
        }
        let request = self.next_request(now, server)?;
        self.outstanding = Some(Asked::of(&request));
        Some(request)
    }

    fn next_request(&mut self, now: Instant, server: &Server) -> Option<Request> {
        match self.phase {
            Phase::Down => None,
            Phase::Attach => Some(Request::Attach { at: self.position, era: self.era }),
            // A full engine refuses both for a while, and may not take this node for gone by that.
            Phase::Seed { over } => self.renew(now).or_else(|| self.seed(over)),
            Phase::Restore { next } => {
                self.renew(now).or_else(|| self.restore(next)).or_else(|| {
                    self.phase = Phase::Ready;
                    Some(Request::Ready)
                })
            }
            Phase::Ready => Some(Request::Ready),
            Phase::Open => self.usual_request(now, server),
        }
    }

    /// What is asked of a log that is open.
    fn usual_request(&mut self, now: Instant, server: &Server) -> Option<Request> {
        let takes_part = self.goal == Goal::TakePart;
        // One that ends too: what it has to say before that may be refused for a while.
        if let Some(renew) = self.renew(now) {
            return Some(renew);
        }
        if let Some(lost) = self.absences.pop().filter(|_| takes_part) {
            return Some(declare(lost.node, lost.last, Some(lost.lease), false));
        }
        if let Some(keep) = self.keep_snapshot(now).filter(|_| takes_part) {
            return Some(keep);
        }
        self.append(server).or_else(|| {
            (!takes_part).then(|| {
                self.has_said_so = true;
                declare(self.node, self.appended, None, self.has_diverged())
            })
        })
    }

    /// Renews the lease, if that is due.
    fn renew(&mut self, now: Instant) -> Option<Request> {
        let is_due = self.renew_at.is_none_or(|at| at <= now);
        is_due.then(|| {
            self.renew_at = Some(now + RENEWAL);
            Request::Renew
        })
    }

    /// Has the engine keep a snapshot that is worth it: that is up to the node whose batch it
    /// stands behind. If it is not there after a while all others try.
    fn keep_snapshot(&mut self, now: Instant) -> Option<Request> {
        let Some(snapshot) = self.kept.worth_keeping(self.worth) else {
            self.unkept_since = None;
            return None;
        };
        let since = *self.unkept_since.get_or_insert(now);
        let is_due = snapshot.is_own || since + OTHERS_KEEP <= now;
        is_due.then(|| Request::Keep { at: snapshot.at, snapshot: Rc::clone(&snapshot.bytes) })
    }

    /// The engine has a snapshot: what comes before it is not needed here.
    fn note_snapshot(&mut self, index: u64) {
        // One that leaves says its own again.
        if !self.is_leaving() && self.kept.forget_before(index) {
            self.unkept_since = None;
        }
    }

    /// The outstanding request was answered.
    pub fn answered(&mut self, now: Instant, server: &mut Server, answer: Answer) {
        let Some(asked) = self.outstanding.take() else { return };
        if self.phase == Phase::Open {
            self.health.heard(now);
        }
        if let Answer::Done { snap, .. } | Answer::Nodes { snap, .. } = answer {
            self.note_snapshot(snap);
        }
        let is_appended = matches!((asked, &answer), (Asked::Append { .. }, Answer::Done { .. }));
        let is_refused = matches!(answer, Answer::Busy { .. });
        self.heed(now, server, asked, answer);
        if !is_refused {
            // A log that is open may refuse what is appended: that is found out only by doing it.
            self.note_health(now, server, is_appended);
        }
        self.tick(now, server);
    }

    /// Nothing waits any more that could not be appended.
    pub(super) fn note_health(&mut self, now: Instant, server: &mut Server, is_appended: bool) {
        if self.phase == Phase::Open && (is_appended || !self.has_more(server)) {
            self.health.up(now, server);
        }
    }

    pub(super) fn heed(&mut self, now: Instant, server: &mut Server, asked: Asked, answer: Answer) {
        match (asked, answer) {
            (_, Answer::Fenced) => self.fenced(),
            (_, Answer::Busy { why }) => self.pause(now, asked, &why),
            (_, Answer::Foreign { format }) => {
                self.end = Some(State::Apart(Apart::Foreign(format)))
            }
            (Asked::Attach, Answer::Stale) => self.disconnected(now, server, Answer::STALE),
            (Asked::Attach, Answer::Attached(attached)) => self.attached(now, server, attached),
            (Asked::Seed | Asked::Restore { .. }, Answer::Done { .. })
                if self.phase == Phase::Attach => {}
            (Asked::Seed, Answer::Done { .. }) => {
                self.phase = Phase::Restore { next: self.kept.base().index + 1 };
            }
            (Asked::Restore { last }, Answer::Done { .. }) => {
                self.phase = Phase::Restore { next: last + 1 };
            }
            (Asked::Seed | Asked::Restore { .. }, Answer::Tail { .. }) => {
                self.phase = Phase::Attach;
            }
            (Asked::Ready, Answer::Done { .. }) if self.phase == Phase::Ready => {
                self.phase = Phase::Open;
                self.retry = RETRY;
                let takes_part = self.goal == Goal::TakePart;
                self.renew_at = (!takes_part).then_some(now + RENEWAL);
                self.health.heard(now);
            }
            (Asked::Append { last }, Answer::Done { .. }) => {
                self.appended = self.appended.max(last);
            }
            (Asked::Append { .. }, Answer::Gap { last }) => self.correct(now, last),
            (Asked::Ready | Asked::Append { .. } | Asked::Declare { .. }, Answer::Healing) => {
                if self.phase == Phase::Open {
                    self.phase = Phase::Ready;
                }
                self.retry(now);
            }
            (Asked::Renew, Answer::Nodes { mut expired, .. }) => {
                expired.retain(|of| of.node != self.node);
                self.absences.note(now, expired, self.health.has_been_well(now));
            }
            (Asked::Declare { lost }, Answer::Done { .. }) if lost == self.node => self.finish(),
            (Asked::Declare { lost }, Answer::Refused) if lost == self.node => {
                self.attach_again(now, "its last number is another one");
            }
            (Asked::Declare { .. }, Answer::Done { .. } | Answer::Refused) => {}
            (Asked::Keep { at }, Answer::Done { .. }) => self.note_snapshot(at.index),
            (_, Answer::Detached) => self.attach_again(now, "it is another one"),
            // It was overtaken by something that was read, or is no answer to that.
            _ => self.attach_again(now, "it answers otherwise"),
        }
    }

    /// The engine has more of this node's entries than was known, or fewer.
    pub(super) fn correct(&mut self, now: Instant, last: u64) {
        self.appended = last;
        if last < self.committed && !self.is_leaving() {
            self.attach_again(now, "it lacks what it had");
        }
    }

    /// The engine takes nothing for now.
    fn pause(&mut self, now: Instant, asked: Asked, why: &str) {
        self.retry_at = Some(now + PAUSE);
        self.health.down(now, why);
        if asked == Asked::Renew {
            self.renew_at = None;
            // Nobody's lease is renewed.
            self.health.lost(now, why);
            self.absences.clear();
        }
    }

    /// Asks the engine where the log stands, on the connection that there is.
    pub(super) fn attach_again(&mut self, now: Instant, why: &str) {
        self.phase = Phase::Attach;
        self.retry(now);
        self.absences.clear();
        self.health.lost(now, why);
    }
}

impl Asked {
    fn of(request: &Request) -> Self {
        match request {
            Request::Attach { .. } => Self::Attach,
            Request::Seed { .. } => Self::Seed,
            Request::Restore { batches } => {
                Self::Restore { last: batches.last().map_or(0, |batch| batch.index) }
            }
            Request::Ready => Self::Ready,
            Request::Append { last, .. } => Self::Append { last: *last },
            Request::Renew => Self::Renew,
            Request::Declare { lost, .. } => Self::Declare { lost: *lost },
            Request::Keep { at, .. } => Self::Keep { at: *at },
        }
    }
}

/// Says that `lost` is gone, whose last entry has the number `last`; and before that, if it has read
/// another log, that it has: others could not tell.
fn declare(lost: NodeId, last: u64, lease: Option<u64>, has_diverged: bool) -> Request {
    let mut payload = Payload::default();
    let stamp = |number| Stamp { node: lost, number };
    let apart = has_diverged.then(|| Stamped::apart(stamp(last + 1)));
    let end = last + 1 + u64::from(has_diverged);
    for stamped in apart.into_iter().chain([Stamped::lost(stamp(end), lost)]) {
        let mut entry = Vec::new();
        stamped.encode(&mut entry);
        payload.push(&entry);
    }
    Request::Declare { lost, last, lease, payload: payload.into_bytes() }
}
