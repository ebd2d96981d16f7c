//! The reactor: the one thread that serves the sockets is the one that waits for them.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mio::event::{Event, Source};
use mio::{Events, Interest, Token};
use slab::Slab;

/// Events taken from the system at once.
const EVENTS: usize = 1024;

/// The token of what wakes the thread.
const ALARM: Token = Token(usize::MAX);

/// Waits for sockets, for the thread that serves them.
///
/// Not smol's: that of its release 2.0 belongs to all threads of a program, and one of its own takes
/// it over when this one works for longer than 50 µs, or up to 10 ms. Under load nearly every event
/// then came through another thread, and each wait for a socket was a system call more.
pub(crate) struct Reactor {
    poll: RefCell<mio::Poll>,
    events: RefCell<Events>,
    sockets: RefCell<Slab<Rc<Readiness>>>,
    alarm: Arc<Alarm>,
}

/// What is known of a socket.
///
/// The system tells changes, and each only once: what it told is true until a call that would have to
/// wait has shown that it is not any more. (One that did a part of what was asked has not: a read stops
/// at urgent data, and before the end.)
struct Readiness {
    is_readable: Cell<bool>,
    is_writable: Cell<bool>,
    /// The task that serves it.
    task: RefCell<Option<Waker>>,
}

/// A socket that the reactor waits for.
pub(crate) struct Socket<S: Source> {
    socket: S,
    readiness: Rc<Readiness>,
    token: Token,
    reactor: Rc<Reactor>,
}

/// Wakes the reactor's thread.
struct Alarm {
    is_raised: AtomicBool,
    /// Whether the thread waits, so that only the system can wake it.
    is_awaited: AtomicBool,
    waker: mio::Waker,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), ALARM)?;
        let (is_raised, is_awaited) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self {
            poll: RefCell::new(poll),
            events: RefCell::new(Events::with_capacity(EVENTS)),
            sockets: RefCell::default(),
            alarm: Arc::new(Alarm { is_raised, is_awaited, waker }),
        })
    }

    /// Does `work` to its end, and waits whenever it does.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        let mut work = pin!(work);
        let waker = Waker::from(self.alarm.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            // Twice: what is said in the first of them is handed out in the second.
            for _ in 0..2 {
                if let Poll::Ready(done) = work.as_mut().poll(&mut cx) {
                    return Ok(done);
                }
                if !self.alarm.is_raised.load(Ordering::SeqCst) {
                    break;
                }
            }
            self.wait()?;
        }
    }

    /// Waits until a socket is ready or the alarm is raised, and wakes whom that concerns.
    fn wait(&self) -> io::Result<()> {
        let mut events = self.events.borrow_mut();
        let time = self.alarm.await_it();
        let waited = self.poll.borrow_mut().poll(&mut events, time);
        self.alarm.is_awaited.store(false, Ordering::SeqCst);
        match waited {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
        let sockets = self.sockets.borrow();
        for event in &*events {
            // The alarm's is not among them.
            if let Some(readiness) = sockets.get(event.token().0) {
                readiness.learn(event);
            }
        }
        Ok(())
    }
}

impl Alarm {
    /// Begins to wait for it. Gives how long the system may be waited for: not at all if it was
    /// raised already.
    fn await_it(&self) -> Option<Duration> {
        // In this order: whoever raises it looks afterwards whether it is awaited.
        self.is_awaited.store(true, Ordering::SeqCst);
        self.is_raised.swap(false, Ordering::SeqCst).then_some(Duration::ZERO)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_raised.store(true, Ordering::SeqCst);
        if self.is_awaited.swap(false, Ordering::SeqCst) {
            // It can only fail for want of memory in the system, and then is not worth a panic.
            let _ = self.waker.wake();
        }
    }
}

impl Readiness {
    /// Takes in what the system tells; the task is woken if that is news.
    fn learn(&self, event: &Event) {
        // Whatever is wrong with a socket shows when it is used.
        let is_over = event.is_error();
        let may_read = event.is_readable() || event.is_read_closed() || is_over;
        let may_write = event.is_writable() || event.is_write_closed() || is_over;
        if (may_read && !self.is_readable.replace(true))
            | (may_write && !self.is_writable.replace(true))
        {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
        }
    }
}

impl<S: Source> Socket<S> {
    /// A socket that does not block, served by one task at a time.
    pub(crate) fn new(reactor: &Rc<Reactor>, mut socket: S) -> io::Result<Self> {
        let readiness = Rc::new(Readiness {
            is_readable: Cell::new(false),
            // Nothing is in its way yet.
            is_writable: Cell::new(true),
            task: RefCell::default(),
        });
        let token = Token(reactor.sockets.borrow_mut().insert(Rc::clone(&readiness)));
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = reactor.poll.borrow().registry().register(&mut socket, token, interest)
        {
            reactor.sockets.borrow_mut().remove(token.0);
            return Err(error);
        }
        Ok(Self { socket, readiness, token, reactor: reactor.clone() })
    }

    pub(crate) fn get_ref(&self) -> &S {
        &self.socket
    }

    /// Has the task of `cx` woken when there is something to read or to write, and by
    /// [`Socket::wake`].
    pub(crate) fn serve_in(&self, cx: &Context<'_>) {
        let mut task = self.readiness.task.borrow_mut();
        task.get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
    }

    /// Wakes the task that serves it.
    pub(crate) fn wake(&self) {
        self.readiness.wake();
    }

    /// Whether there may be something to read.
    pub(crate) fn is_readable(&self) -> bool {
        self.readiness.is_readable.get()
    }

    /// Whether it may take something.
    pub(crate) fn is_writable(&self) -> bool {
        self.readiness.is_writable.get()
    }

    /// There was nothing to read.
    pub(crate) fn was_empty(&self) {
        self.readiness.is_readable.set(false);
    }

    /// It took nothing, or not all.
    pub(crate) fn was_full(&self) {
        self.readiness.is_writable.set(false);
    }

    /// Waits until there may be something to read.
    pub(crate) async fn readable(&self) {
        poll_fn(|cx| {
            self.serve_in(cx);
            if self.is_readable() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl<S: Source> Drop for Socket<S> {
    fn drop(&mut self) {
        // It is closed after this in any case.
        let _ = self.reactor.poll.borrow().registry().deregister(&mut self.socket);
        self.reactor.sockets.borrow_mut().remove(self.token.0);
    }
}
