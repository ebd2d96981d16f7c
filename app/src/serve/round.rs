//! The round: members that have got everything there is are served in sequence once there is more.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use super::hub::Hub;
use super::participant::Participant;
use super::wakers::{Entered, Wakers};

/// Bytes by which the log may grow in one round before those who have more to say wait for the next
/// one; each of those that waited is still read from once.
///
/// In a flood that is what each write delivers: large enough that writes are few, small enough that
/// a chat line reaches 1,000 members quickly.
const SHARE: u64 = 256 * 1024;

/// Members served in succession before those who speak, join or come back get to run.
const BATCH: usize = 64;

/// The members that wait for the log to grow.
///
/// One loop serves them, instead of a task for each that would have to be woken and scheduled for
/// every message.
pub(crate) struct Round {
    hub: Rc<Hub>,
    share: u64,
    /// The first was served longest ago.
    members: RefCell<VecDeque<Weak<dyn Participant>>>,
    /// How many of them, from the first on, are still to be served in this round.
    due: Cell<usize>,
    /// The length of the log that this round delivers.
    said: Cell<u64>,
    /// How many notices, which are no part of it.
    notices: Cell<u64>,
    growth: Entered,
    /// Tasks that wait for the next round to begin.
    next: Wakers,
}

impl Round {
    /// For the log of the hub's room: in a flood at most half of its backlog is said in one round,
    /// so that nobody is far behind merely for not having been served yet.
    pub(crate) fn new(hub: Rc<Hub>) -> Self {
        let half = hub.server().limits().backlog as u64 / 2;
        Self {
            hub,
            share: SHARE.min(half),
            members: RefCell::default(),
            due: Cell::default(),
            said: Cell::default(),
            notices: Cell::default(),
            growth: Entered::default(),
            next: Wakers::default(),
        }
    }

    /// Serves a member from now on.
    pub(crate) fn enter(&self, member: Weak<dyn Participant>) {
        self.members.borrow_mut().push_back(member);
    }

    /// Has the task of `cx` woken when it may go on speaking: at once, or in the next round if
    /// enough has been said in this one.
    pub(crate) fn pace(&self, entered: &Entered, cx: &Context<'_>) {
        if self.hub.server().said() - self.said.get() < self.share {
            cx.waker().wake_by_ref();
        } else {
            self.next.enter(entered, cx);
        }
    }

    /// Serves the members, for ever.
    pub(crate) async fn run(&self) -> Infallible {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Infallible> {
        self.hub.await_growth(&self.growth, cx);
        // Not before all have been served: in a storm of joins each newcomer would be served again.
        if self.due.get() == 0 && self.is_behind() {
            self.begin();
        }
        if self.due.get() == 0 {
            return Poll::Pending;
        }
        self.serve_batch();
        if self.due.get() > 0 || self.is_behind() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn begin(&self) {
        self.said.set(self.hub.server().said());
        self.notices.set(self.hub.server().notices());
        self.due.set(self.members.borrow().len());
        self.next.wake();
    }

    fn serve_batch(&self) {
        let count = self.due.get().min(BATCH);
        self.due.set(self.due.get() - count);
        for _ in 0..count {
            let member = self.members.borrow_mut().pop_front();
            // A member that is gone has left its place behind.
            if let Some(participant) = member.as_ref().and_then(Weak::upgrade)
                && participant.take_part()
            {
                self.members.borrow_mut().extend(member);
            }
        }
        // The room may have waited for one of them.
        self.hub.dispatch();
    }

    /// Returns whether there is more than this round delivers, or everybody is to end.
    fn is_behind(&self) -> bool {
        let server = self.hub.server();
        (self.said.get(), self.notices.get()) != (server.said(), server.notices())
            || self.hub.may_close(&server)
    }
}
