//! The hub: the core's room, and who is to be woken when something happens in it.

use std::cell::{Cell, RefCell, RefMut};
use std::future::Future;
use std::rc::Rc;
use std::task::Context;

use chat_core::{Instant, Room};
use smol::LocalExecutor;

use super::wakers::{Entered, Wakers};
use crate::clock::Clock;

/// Most bytes read from one member at once: large enough that a flood costs few system calls, small
/// enough that the others are soon read from too.
const CHUNK: usize = 16 * 1024;

/// The room, and who is to be woken when something happens in it.
pub(crate) struct Hub {
    room: RefCell<Room>,
    clock: Clock,
    executor: Rc<LocalExecutor<'static>>,
    /// Every read goes into this one buffer, from which the room takes what it needs.
    buffer: RefCell<Box<[u8]>>,
    /// The length of the log that those in `growth` know of.
    said: Cell<u64>,
    /// When the ticker wakes up.
    tick_at: Cell<Option<Instant>>,
    /// The round and the console, which wait for the log to grow, or for the end.
    growth: Wakers,
    /// Tasks of members from which the room takes no input, and of listeners.
    held_back: Wakers,
    /// The ticker, which waits to be set to an earlier time.
    ticker: Wakers,
    is_stopping: Cell<bool>,
    /// Connections that are open.
    open: Cell<usize>,
    /// Whoever waits for `open` to become 0.
    all_closed: Wakers,
}

impl Hub {
    pub(crate) fn new(room: Room, executor: Rc<LocalExecutor<'static>>) -> Self {
        Self {
            said: Cell::new(room.said()),
            room: RefCell::new(room),
            clock: Clock::new(),
            executor,
            buffer: RefCell::new(vec![0; CHUNK].into()),
            tick_at: Cell::new(None),
            growth: Wakers::default(),
            held_back: Wakers::default(),
            ticker: Wakers::default(),
            is_stopping: Cell::new(false),
            open: Cell::new(0),
            all_closed: Wakers::default(),
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The room, to look at it or to deliver what is pending. After a delivery call
    /// [`Hub::dispatch`], once for as many deliveries as come one after the other.
    pub(crate) fn room(&self) -> RefMut<'_, Room> {
        self.room.borrow_mut()
    }

    /// The one buffer, for a read within one poll.
    pub(crate) fn buffer(&self) -> RefMut<'_, Box<[u8]>> {
        self.buffer.borrow_mut()
    }

    /// Runs a task for as long as the server runs.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.executor.spawn(task).detach();
    }

    /// Tells the room that something has happened, and wakes whoever that concerns.
    pub(crate) fn tell<R>(&self, what: impl FnOnce(&mut Room, Instant) -> R) -> R {
        let told = what(&mut self.room(), self.clock.now());
        self.dispatch();
        told
    }

    /// Wakes whoever is concerned by what has happened in the room.
    pub(crate) fn dispatch(&self) {
        let room = self.room();
        if room.said() != self.said.replace(room.said()) {
            self.growth.wake();
        }
        if !room.is_waiting() {
            self.held_back.wake();
        }
        let next = room.next_tick();
        let wanted = self.tick_at.replace(next);
        if next.is_some() && wanted.is_none_or(|wanted| next < Some(wanted)) {
            self.ticker.wake();
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

    /// Returns when the room wants its next tick, and has the task of `cx` woken when it wants one
    /// before that.
    pub(crate) fn await_tick(&self, entered: &Entered, cx: &Context<'_>) -> Option<Instant> {
        self.ticker.enter(entered, cx);
        self.tick_at.get()
    }

    /// From now on nothing more is said: connections deliver what is pending, and close.
    pub(crate) fn stop(&self) {
        self.is_stopping.set(true);
        self.growth.wake();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.get()
    }

    /// Counts a connection as open for as long as the returned guard lives.
    pub(crate) fn count_open(self: &Rc<Self>) -> OpenGuard {
        self.open.set(self.open.get() + 1);
        OpenGuard { hub: self.clone() }
    }

    /// Waits until the room takes newcomers.
    pub(crate) async fn takes_newcomers(&self) {
        self.held_back.until(|| self.room().takes_newcomers()).await;
    }

    /// Waits until no connection is open.
    pub(crate) async fn all_closed(&self) {
        self.all_closed.until(|| self.open.get() == 0).await;
    }
}

/// One of the server's open connections.
pub(crate) struct OpenGuard {
    hub: Rc<Hub>,
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        let open = &self.hub.open;
        open.set(open.get() - 1);
        if open.get() == 0 {
            self.hub.all_closed.wake();
        }
    }
}
