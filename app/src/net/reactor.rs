//! The reactor: the thread that serves the sockets also waits for them.

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

/// The token of the thread's waker.
const WAKER: Token = Token(usize::MAX);

/// Waits for sockets on the thread that serves them.
///
/// Not smol's: the reactor of its release 2.0 belongs to all threads of a program, and a thread of
/// smol's own takes it over when this one works for longer than 50 µs, or up to 10 ms. Under load
/// nearly every event then came through another thread, and each wait for a socket cost one more
/// system call.
pub(crate) struct Reactor {
    poll: RefCell<mio::Poll>,
    events: RefCell<Events>,
    sockets: RefCell<Slab<Rc<Readiness>>>,
    waker: Arc<ThreadWaker>,
}

/// What is known of a socket.
///
/// The system reports changes, each only once: a report holds until a call that would have blocked
/// has shown that it no longer does. (A call that did part of what was asked has not shown that: a
/// read stops at urgent data, and before the end.)
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
struct ThreadWaker {
    is_woken: AtomicBool,
    /// Whether the thread waits, so that only the system can wake it.
    is_waiting: AtomicBool,
    waker: mio::Waker,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKER)?;
        let (is_woken, is_waiting) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self {
            poll: RefCell::new(poll),
            events: RefCell::new(Events::with_capacity(EVENTS)),
            sockets: RefCell::default(),
            waker: Arc::new(ThreadWaker { is_woken, is_waiting, waker }),
        })
    }

    /// Runs `work` to completion, and waits for sockets whenever it is pending.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        let mut work = pin!(work);
        let waker = Waker::from(self.waker.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            // Twice: what is said during the first poll is delivered during the second.
            for _ in 0..2 {
                if let Poll::Ready(result) = work.as_mut().poll(&mut cx) {
                    return Ok(result);
                }
                if !self.waker.is_woken.load(Ordering::SeqCst) {
                    break;
                }
            }
            self.wait()?;
        }
    }

    /// Waits until a socket is ready or the thread is woken, and wakes the tasks concerned.
    fn wait(&self) -> io::Result<()> {
        let mut events = self.events.borrow_mut();
        let timeout = self.waker.begin_to_wait();
        let waited = self.poll.borrow_mut().poll(&mut events, timeout);
        self.waker.is_waiting.store(false, Ordering::SeqCst);
        match waited {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
        let sockets = self.sockets.borrow();
        for event in &*events {
            // The waker's own token is not among them.
            if let Some(readiness) = sockets.get(event.token().0) {
                readiness.update(event);
            }
        }
        Ok(())
    }
}

impl ThreadWaker {
    /// Begins to wait. Returns the timeout of the wait: none if the thread was not woken already.
    fn begin_to_wait(&self) -> Option<Duration> {
        // In this order: whoever wakes the thread checks afterwards whether it waits.
        self.is_waiting.store(true, Ordering::SeqCst);
        self.is_woken.swap(false, Ordering::SeqCst).then_some(Duration::ZERO)
    }
}

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        if self.is_waiting.swap(false, Ordering::SeqCst) {
            // It can fail only when the system is out of memory, which is not worth a panic.
            let _ = self.waker.wake();
        }
    }
}

impl Readiness {
    /// Records what the system reports; wakes the task if that is news.
    fn update(&self, event: &Event) {
        // Whatever is wrong with a socket shows when it is used.
        let has_failed = event.is_error();
        let may_read = event.is_readable() || event.is_read_closed() || has_failed;
        let may_write = event.is_writable() || event.is_write_closed() || has_failed;
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
    /// A non-blocking socket, served by one task at a time.
    pub(crate) fn new(reactor: &Rc<Reactor>, mut socket: S) -> io::Result<Self> {
        let readiness = Rc::new(Readiness {
            is_readable: Cell::new(false),
            // Its send buffer is empty.
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

    /// Registers the task of `cx`, to be woken when the socket becomes readable or writable, and by
    /// [`Socket::wake`].
    pub(crate) fn register(&self, cx: &Context<'_>) {
        let mut task = self.readiness.task.borrow_mut();
        task.get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
    }

    /// Wakes the task that serves it.
    pub(crate) fn wake(&self) {
        self.readiness.wake();
    }

    /// Returns whether there may be something to read.
    pub(crate) fn is_readable(&self) -> bool {
        self.readiness.is_readable.get()
    }

    /// Returns whether it may take something.
    pub(crate) fn is_writable(&self) -> bool {
        self.readiness.is_writable.get()
    }

    /// Records that there was nothing to read.
    pub(crate) fn clear_readable(&self) {
        self.readiness.is_readable.set(false);
    }

    /// Records that it did not take everything.
    pub(crate) fn clear_writable(&self) {
        self.readiness.is_writable.set(false);
    }

    /// Waits until there may be something to read.
    pub(crate) async fn readable(&self) {
        poll_fn(|cx| {
            self.register(cx);
            if self.is_readable() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Waits until it may take something.
    pub(crate) async fn writable(&self) {
        poll_fn(|cx| {
            self.register(cx);
            if self.is_writable() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl<S: Source> Drop for Socket<S> {
    fn drop(&mut self) {
        // It is closed right after this in any case.
        let _ = self.reactor.poll.borrow().registry().deregister(&mut self.socket);
        self.reactor.sockets.borrow_mut().remove(self.token.0);
    }
}
