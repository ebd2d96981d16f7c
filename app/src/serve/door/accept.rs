//! Accepting: many at once, and what to do when there is no descriptor left.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_lite::future;
use mio::net::{TcpListener, TcpStream};
use smol::Timer;
use socket2::SockRef;

use crate::net::{Reactor, Socket, configure};
use crate::serve::hub::Hub;
use crate::serve::trouble::Trouble;
use crate::system::{OPTIONS_ARE_INHERITED, is_of_one_connection};

/// Connections accepted in succession before others get to run, if nothing speaks for fewer; it takes
/// some milliseconds. With fewer, a storm of newcomers overflows the system's queue, and each that
/// finds it full tries again only after a second.
pub(super) const BATCH: usize = 1024;

/// The first pause when connections cannot be accepted: the next one may close any moment.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Accepts connections, whichever listeners they come to.
pub(super) struct Acceptor<'a> {
    hub: &'a Hub,
    reactor: &'a Rc<Reactor>,
    /// What keeps one of them from accepting keeps all of them from it.
    trouble: RefCell<Trouble>,
}

/// What became of a queue of connections.
struct Drained {
    /// Connections taken out of the queue.
    accepted: usize,
    error: Option<io::Error>,
}

impl<'a> Acceptor<'a> {
    pub(super) fn new(hub: &'a Hub, reactor: &'a Rc<Reactor>) -> Self {
        let trouble = Trouble::new("cannot accept connections for now", FIRST_PAUSE);
        Self { hub, reactor, trouble: trouble.into() }
    }

    /// Accepts connections, up to a `batch` of them in succession, and hands them to `enter`, for
    /// ever.
    pub(super) async fn run(
        &self,
        listeners: Vec<Socket<TcpListener>>,
        batch: usize,
        enter: impl Fn(Socket<TcpStream>, SocketAddr),
    ) -> Infallible {
        let accept = |listener| Box::pin(self.accept(listener, batch, &enter));
        let mut all: Vec<_> = listeners.into_iter().map(accept).collect();
        poll_fn(|cx| {
            for one in &mut all {
                let _ = one.as_mut().poll(cx);
            }
            Poll::Pending
        })
        .await
    }

    async fn accept(
        &self,
        listener: Socket<TcpListener>,
        batch: usize,
        enter: &impl Fn(Socket<TcpStream>, SocketAddr),
    ) {
        loop {
            listener.readable().await;
            self.hub.takes_newcomers().await;
            match self.drain(&listener, batch, enter) {
                Drained { error: None, .. } => drop(self.trouble.borrow_mut().end()),
                // There may be nobody left to accept: the system refuses without looking.
                Drained { accepted: 1.., .. } => {}
                Drained { error: Some(error), .. } => {
                    let pause = self.trouble.borrow_mut().note(&error);
                    Timer::after(pause).await;
                }
            }
            future::yield_now().await;
        }
    }

    /// Accepts the connections that wait, up to a batch.
    fn drain(
        &self,
        listener: &Socket<TcpListener>,
        batch: usize,
        enter: &impl Fn(Socket<TcpStream>, SocketAddr),
    ) -> Drained {
        let mut accepted = 0;
        while accepted < batch && self.hub.server().takes_newcomers() {
            match listener.get_ref().accept() {
                Ok((stream, addr)) => {
                    accepted += 1;
                    self.let_in(stream, addr, enter);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    listener.clear_readable();
                    break;
                }
                Err(error) if is_of_one_connection(&error) => accepted += 1,
                Err(error) => return Drained { accepted, error: Some(error) },
            }
        }
        Drained { accepted, error: None }
    }

    fn let_in(
        &self,
        stream: TcpStream,
        addr: SocketAddr,
        enter: &impl Fn(Socket<TcpStream>, SocketAddr),
    ) {
        // If the reactor cannot take it the peer is closed, as if it had never been accepted.
        let Ok(socket) = Socket::new(self.reactor, stream) else { return };
        if !OPTIONS_ARE_INHERITED {
            configure(&SockRef::from(socket.get_ref()));
        }
        enter(socket, addr);
    }
}
