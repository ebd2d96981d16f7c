//! The round: whoever has got all there was is served, one after the other, once there is more.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use super::peer::Peer;
use super::server::Server;
use super::wakers::{Entered, Wakers};

/// Bytes by which the log may grow in a round before those who have more to say wait for the next one,
/// at the most; each of those that waited is read from once in any case.
///
/// In a flood that is what each write hands out: large enough that writes are few, small enough that
/// who chats is soon heard by a thousand.
const SHARE: u64 = 256 * 1024;

/// Members served in a row before whoever speaks, joins or comes back has a turn.
const TURN: usize = 64;

/// The members that wait for the log to grow.
///
/// One loop serves them, instead of a task for each that would have to be woken, and be given its
/// turn, for every message.
pub(crate) struct Round {
    share: u64,
    /// The first was served longest ago.
    members: RefCell<VecDeque<Weak<Peer>>>,
    /// How many of them, from the first on, may have something pending that was said before the
    /// first of all was served.
    due: Cell<usize>,
    /// The length of the log of which they are to get all.
    said: Cell<u64>,
    growth: Entered,
    /// Tasks that wait for the next round to begin.
    next: Wakers,
}

impl Round {
    /// For a log of `backlog` bytes: of a flood, half of it at the most is said in a round, so that
    /// nobody is far behind merely for not having been served yet.
    pub(crate) fn new(backlog: usize) -> Self {
        Self {
            share: SHARE.min(backlog as u64 / 2),
            members: RefCell::default(),
            due: Cell::default(),
            said: Cell::default(),
            growth: Entered::default(),
            next: Wakers::default(),
        }
    }

    /// A member that has got all there is takes part from now on.
    pub(crate) fn enter(&self, peer: &Rc<Peer>) {
        self.members.borrow_mut().push_back(Rc::downgrade(peer));
    }

    /// Has the task of `cx` woken for its next turn: at once, or in the next round if enough has
    /// been said in this one.
    pub(crate) fn await_turn(&self, server: &Server, entered: &Entered, cx: &Context<'_>) {
        if server.room().said() - self.said.get() < self.share {
            cx.waker().wake_by_ref();
        } else {
            self.next.enter(entered, cx);
        }
    }

    /// Serves the members, for ever.
    pub(crate) async fn run(server: &Server) -> Infallible {
        poll_fn(|cx| server.round.poll(server, cx)).await
    }

    fn poll(&self, server: &Server, cx: &mut Context<'_>) -> Poll<Infallible> {
        server.await_growth(&self.growth, cx);
        // Not before all have had their turn: in a storm each newcomer would be served once more.
        if self.due.get() == 0 && self.is_behind(server) {
            self.said.set(server.room().said());
            self.due.set(self.members.borrow().len());
            self.next.wake();
        }
        if self.due.get() == 0 {
            return Poll::Pending;
        }
        let turn = self.due.get().min(TURN);
        self.due.set(self.due.get() - turn);
        for _ in 0..turn {
            let member = self.members.borrow_mut().pop_front();
            // One that is gone has left its place.
            if let Some(peer) = member.as_ref().and_then(Weak::upgrade)
                && peer.take_part()
            {
                self.members.borrow_mut().extend(member);
            }
        }
        // The room may have waited for one of them.
        server.wake();
        if self.due.get() > 0 || self.is_behind(server) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Whether there is more than those who are not due have been given, or all are to end.
    fn is_behind(&self, server: &Server) -> bool {
        self.said.get() != server.room().said() || server.is_stopping()
    }
}
