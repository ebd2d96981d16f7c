//! What the tasks of the server share.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;
use std::task::Context;

use chat_core::{Instant, Room};
use smol::LocalExecutor;

use super::round::Round;
use super::wakers::{Entered, Wakers};
use crate::clock::Clock;
use crate::net::Reactor;

/// Bytes taken from one member in its turn, at the most: large enough that a flood costs few
/// system calls, small enough that the others' turns come soon.
const TURN: usize = 16 * 1024;

/// The room, and who is to be woken when something happens in it.
pub(crate) struct Server {
    room: RefCell<Room>,
    clock: Clock,
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) executor: Rc<LocalExecutor<'static>>,
    /// Every read goes into this one buffer, from which the room takes what it needs.
    buffer: RefCell<Box<[u8]>>,
    /// The length of the log that those in `growth` know of.
    said: Cell<u64>,
    /// The time that the ticker waits for.
    armed: Cell<Option<Instant>>,
    /// The members that wait for the log to grow.
    pub(crate) round: Round,
    /// The round and the console, which wait for the log to grow, or for the end.
    growth: Wakers,
    /// Tasks of members that the room takes no input from, and of listeners.
    held_back: Wakers,
    /// The ticker, which waits for an earlier time than it is set to.
    earlier: Wakers,
    stopping: Cell<bool>,
    /// Connections that are open.
    connections: Cell<usize>,
    /// Whoever waits for `connections` to become 0.
    emptied: Wakers,
}

impl Server {
    pub(crate) fn new(
        room: Room,
        reactor: Rc<Reactor>,
        executor: Rc<LocalExecutor<'static>>,
    ) -> Self {
        Self {
            said: Cell::new(room.said()),
            round: Round::new(room.limits().backlog),
            room: RefCell::new(room),
            clock: Clock::new(),
            reactor,
            executor,
            buffer: RefCell::new(vec![0; TURN].into()),
            armed: Cell::new(None),
            growth: Wakers::default(),
            held_back: Wakers::default(),
            earlier: Wakers::default(),
            stopping: Cell::new(false),
            connections: Cell::new(0),
            emptied: Wakers::default(),
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The room, to look at it or to take out what is pending.
    pub(crate) fn room(&self) -> RefMut<'_, Room> {
        self.room.borrow_mut()
    }

    /// The one buffer, for a read within one poll.
    pub(crate) fn buffer(&self) -> RefMut<'_, Box<[u8]>> {
        self.buffer.borrow_mut()
    }

    /// Tells the room that something happened; whoever that concerns is woken.
    pub(crate) fn tell<R>(&self, what: impl FnOnce(&mut Room, Instant) -> R) -> R {
        let told = what(&mut self.room(), self.clock.now());
        self.wake();
        told
    }

    /// Wakes whoever is concerned by what has happened in the room.
    pub(crate) fn wake(&self) {
        let room = self.room();
        if room.said() != self.said.replace(room.said()) {
            self.growth.wake();
        }
        if !room.is_waiting() {
            self.held_back.wake();
        }
        let next = room.next_tick();
        if next.is_some() && self.armed.get().is_none_or(|armed| next < Some(armed)) {
            self.earlier.wake();
        }
    }

    /// Has the task of `cx` woken when the log grows, or when the server is to end.
    pub(crate) fn await_growth(&self, entered: &Entered, cx: &Context<'_>) {
        self.growth.enter(entered, cx);
    }

    /// Has the task of `cx` woken when the room takes everybody's input again.
    pub(crate) fn await_budget(&self, entered: &Entered, cx: &Context<'_>) {
        self.held_back.enter(entered, cx);
    }

    /// Has the task of `cx`, which waits for `armed` itself, woken when the room wants a tick
    /// before that.
    pub(crate) fn await_tick_before(
        &self,
        armed: Option<Instant>,
        entered: &Entered,
        cx: &Context<'_>,
    ) {
        self.armed.set(armed);
        self.earlier.enter(entered, cx);
    }

    /// From now on nothing more is said: connections hand out what is pending, and close.
    pub(crate) fn stop(&self) {
        self.stopping.set(true);
        self.growth.wake();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Counts a connection for as long as what is given lives.
    pub(crate) fn count_connection(self: &Rc<Self>) -> Connection {
        self.connections.set(self.connections.get() + 1);
        Connection { server: self.clone() }
    }

    /// Waits until the room takes newcomers.
    pub(crate) async fn takes_newcomers(&self) {
        self.held_back.until(|| self.room().takes_newcomers()).await;
    }

    /// Waits until no connection is open.
    pub(crate) async fn emptied(&self) {
        self.emptied.until(|| self.connections.get() == 0).await;
    }
}

/// One of the server's open connections.
pub(crate) struct Connection {
    server: Rc<Server>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let connections = &self.server.connections;
        connections.set(connections.get() - 1);
        if connections.get() == 0 {
            self.server.emptied.wake();
        }
    }
}
