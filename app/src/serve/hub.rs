//! The hub: the core's server, and who is to be woken when it has something to do.

use std::cell::{Cell, RefCell, RefMut};
use std::future::Future;
use std::mem;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::Context;

use chat_core::{Event, Instant, MemberId, ReaderId, Refused, Server, Wall, Wire};
use smol::{LocalExecutor, Task};

use super::participant::{Call, Participant};
use super::wakers::{Entered, Wakers};
use crate::clock::{Clock, WallClock};
use crate::system::draw_key;

/// Most bytes read from one member at once: large enough that a flood costs few system calls, small
/// enough that the others are soon read from too.
const CHUNK: usize = 16 * 1024;

/// The core's server, and who is to be woken when it has something to do.
pub(crate) struct Hub {
    server: RefCell<Server>,
    clock: Clock,
    wall_clock: WallClock,
    executor: Rc<LocalExecutor<'static>>,
    /// Every read goes into this one buffer, from which the core takes what it needs.
    buffer: RefCell<Box<[u8]>>,
    /// The members that are connected, by their [`ReaderId::index`].
    participants: RefCell<Vec<Option<Weak<dyn Participant>>>>,
    /// When the core wants its next tick.
    tick_at: Cell<Option<Instant>>,
    /// The round and the observers, which wait for the log to grow, or for the end.
    growth: Wakers,
    /// Tasks of members from which the core takes no input, and of listeners.
    held_back: Wakers,
    /// The ticker, which waits to be set to an earlier time.
    ticker: Wakers,
    is_stopping: Cell<bool>,
    /// Connections that are open.
    open: Cell<usize>,
    /// Whoever waits for `open` to become 0.
    all_closed: Wakers,
    /// `None` where the server commits what it proposes at once.
    elsewhere: Option<Elsewhere>,
}

/// Whether an order elsewhere has something to do.
#[derive(Default)]
struct Elsewhere {
    /// Whoever has what is proposed committed.
    proposed: Wakers,
    /// Whether nothing more is committed.
    is_over: Cell<bool>,
}

impl Hub {
    pub(crate) fn new(
        server: Server,
        wall_clock: WallClock,
        executor: Rc<LocalExecutor<'static>>,
    ) -> Self {
        Self {
            server: RefCell::new(server),
            clock: Clock::new(),
            wall_clock,
            executor,
            buffer: RefCell::new(vec![0; CHUNK].into()),
            participants: RefCell::default(),
            tick_at: Cell::new(None),
            growth: Wakers::default(),
            held_back: Wakers::default(),
            ticker: Wakers::default(),
            is_stopping: Cell::new(false),
            open: Cell::new(0),
            all_closed: Wakers::default(),
            elsewhere: None,
        }
    }

    /// The hub of a server whose order is elsewhere: what is proposed is committed by somebody
    /// else, who also tells what time it is in the room.
    #[cfg(feature = "shared")]
    pub(crate) fn with_order_elsewhere(self) -> Self {
        Self { elsewhere: Some(Elsewhere::default()), ..self }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The server, to look at it or to deliver what is pending. After a delivery call
    /// [`Hub::dispatch`], once for any number of successive deliveries.
    pub(crate) fn server(&self) -> RefMut<'_, Server> {
        self.server.borrow_mut()
    }

    /// The one buffer, for a read within one poll.
    pub(crate) fn buffer(&self) -> RefMut<'_, Box<[u8]>> {
        self.buffer.borrow_mut()
    }

    /// Runs a task for as long as the server runs.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.executor.spawn(task).detach();
    }

    /// Runs a task that somebody waits for, or may cancel.
    pub(crate) fn run<T: 'static>(&self, task: impl Future<Output = T> + 'static) -> Task<T> {
        self.executor.spawn(task)
    }

    /// What the clock on the wall says.
    pub(crate) fn wall(&self) -> Wall {
        self.wall_clock.now()
    }

    /// What it said at that time.
    #[cfg(feature = "shared")]
    pub(crate) fn wall_at(&self, unix_seconds: i64) -> Wall {
        self.wall_clock.at(unix_seconds)
    }

    /// Tells the server that something has happened, and wakes whoever that concerns.
    pub(crate) fn tell<R>(&self, what: impl FnOnce(&mut Server, Instant) -> R) -> R {
        let now = self.clock.now();
        self.look_at_wall(now);
        let told = what(&mut self.server(), now);
        self.dispatch();
        told
    }

    /// Tells the server what the clock on the wall says, if that is another second than it was
    /// told.
    fn look_at_wall(&self, now: Instant) {
        if self.elsewhere.is_some() {
            return;
        }
        if let Some(wall) = self.wall_clock.next() {
            self.server().set_wall(now, wall);
        }
    }

    /// Connects a newcomer, which is to be made a participant by [`Hub::introduce`].
    ///
    /// # Errors
    ///
    /// The room is full, or locked.
    pub(crate) fn connect(&self, origin: SocketAddr, wire: Wire) -> Result<MemberId, Refused> {
        let now = self.clock.now();
        self.look_at_wall(now);
        self.server().connect(now, origin, wire)
    }

    /// Introduces the participant that has just been connected as `id`.
    pub(crate) fn introduce(&self, id: MemberId, participant: Weak<dyn Participant>) {
        let index = ReaderId::from(id).index();
        let mut participants = self.participants.borrow_mut();
        if participants.len() <= index {
            participants.resize_with(index + 1, || None);
        }
        participants[index] = Some(participant);
        drop(participants);
        // Not before: an event may be for this one.
        self.dispatch();
    }

    /// Disconnects a participant whose connection is gone.
    pub(crate) fn disconnect(&self, id: MemberId) {
        if let Some(place) = self.participants.borrow_mut().get_mut(ReaderId::from(id).index()) {
            *place = None;
        }
        self.tell(|server, now| server.disconnect(now, id));
    }

    /// Ticks the server: the time that it has asked for has come.
    pub(crate) fn tick(&self) {
        self.tick_at.set(None);
        self.tell(Server::tick);
    }

    /// Wakes whoever is concerned by what the server wants done next.
    pub(crate) fn dispatch(&self) {
        while let Some(event) = self.next_event() {
            match event {
                Event::Grown => self.growth.wake(),
                Event::Resumed => self.held_back.wake(),
                Event::TickAt(at) => self.set_ticker(at),
                Event::Listen(id) => self.call(id, Call::Listen),
                Event::Closed(id) => self.call(id, Call::Close),
                Event::Addressed(reader) => self.call(reader, Call::Deliver),
                // It has been in the round since it was connected, with nothing pending.
                Event::Admitted(id) => self.call(id, Call::Deliver),
                Event::KeyWanted(id) => self.give_key(id),
                Event::Replaced { connection, member } => self.replace(connection, member),
            }
        }
        if let Some(elsewhere) = &self.elsewhere
            && self.server().proposals().next().is_some()
        {
            elsewhere.proposed.wake();
        }
    }

    fn next_event(&self) -> Option<Event> {
        self.server().poll()
    }

    /// Gives a member a key for when it comes back; none, if the system has no randomness to give.
    fn give_key(&self, id: MemberId) {
        if let Some(key) = draw_key() {
            self.server().give_key(self.clock.now(), id, key);
        }
    }

    /// A connection goes on as a member that has come back.
    fn replace(&self, connection: MemberId, member: MemberId) {
        let [from, to] = [connection, member].map(|id| ReaderId::from(id).index());
        let mut participants = self.participants.borrow_mut();
        let newcomer = participants.get_mut(from).and_then(Option::take);
        let before =
            participants.get_mut(to).and_then(|place| mem::replace(place, newcomer.clone()));
        drop(participants);
        if let Some(before) = before.as_ref().and_then(Weak::upgrade) {
            before.call(Call::Replace);
        }
        if let Some(newcomer) = newcomer.as_ref().and_then(Weak::upgrade) {
            newcomer.become_member(member);
        }
    }

    /// Wakes the ticker if it would wake up too late. If too early, it finds that out itself.
    fn set_ticker(&self, at: Instant) {
        if self.tick_at.replace(Some(at)).is_none_or(|before| at < before) {
            self.ticker.wake();
        }
    }

    fn call(&self, reader: impl Into<ReaderId>, call: Call) {
        let index = reader.into().index();
        let participant =
            self.participants.borrow().get(index).and_then(Option::as_ref).map(Weak::upgrade);
        match participant {
            Some(Some(participant)) => participant.call(call),
            // Its connection is gone, though it is not disconnected yet.
            Some(None) => {}
            // An observer. Others that wait for growth are woken in vain, which is harmless.
            None => self.growth.wake(),
        }
    }

    /// Has the task of `cx` woken when the log grows, when an observer is addressed, or when the
    /// server is to end.
    pub(crate) fn await_growth(&self, entered: &Entered, cx: &Context<'_>) {
        self.growth.enter(entered, cx);
    }

    /// Has the task of `cx` woken when the core takes more input.
    pub(crate) fn await_budget(&self, entered: &Entered, cx: &Context<'_>) {
        self.held_back.enter(entered, cx);
    }

    /// Returns when the core wants its next tick, and has the task of `cx` woken when it wants one
    /// before that.
    pub(crate) fn await_tick(&self, entered: &Entered, cx: &Context<'_>) -> Option<Instant> {
        self.ticker.enter(entered, cx);
        self.tick_at.get()
    }

    /// Waits until the core takes newcomers.
    pub(crate) async fn takes_newcomers(&self) {
        self.held_back.until(|| self.server().takes_newcomers()).await;
    }

    /// From now on nothing more is said: connections deliver what is pending, and close.
    pub(crate) fn stop(&self) {
        self.is_stopping.set(true);
        self.growth.wake();
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.proposed.wake();
        }
    }

    /// Has the task of `cx` woken when something is proposed, or when the server is to end.
    #[cfg(feature = "shared")]
    pub(crate) fn await_proposals(&self, entered: &Entered, cx: &Context<'_>) {
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.proposed.enter(entered, cx);
        }
    }

    /// Nothing more is committed, or is waited for.
    pub(crate) fn order_is_over(&self) {
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.is_over.set(true);
        }
        self.growth.wake();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.get()
    }

    /// Whether a reader that has got everything there is may close: nothing more is said, and
    /// nothing that was said is still held back, or on its way through an order elsewhere.
    pub(crate) fn may_close(&self, server: &Server) -> bool {
        let is_over = self.elsewhere.as_ref().is_none_or(|elsewhere| elsewhere.is_over.get());
        self.is_stopping() && is_over && !server.holds_back()
    }

    /// Counts a connection as open for as long as the returned guard lives.
    pub(crate) fn count_open(self: &Rc<Self>) -> OpenGuard {
        self.open.set(self.open.get() + 1);
        OpenGuard { hub: self.clone() }
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
