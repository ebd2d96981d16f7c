//! Accepting: many at once, and what to do when there is no descriptor left.

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

use super::peer::{self, Peer};
use super::server::Server;
use crate::failure::{Failure, complain};
use crate::net::Socket;
use crate::net::configure;
use crate::system::{OPTIONS_ARE_INHERITED, is_of_one_connection};

/// Connections accepted in a row before others have their turn, which takes some milliseconds.
/// With fewer, a storm of newcomers overflows the system's queue, and each that finds it full comes
/// again after a second.
const ROW: usize = 1024;

/// Pauses between two tries when a connection cannot be accepted: from the first, doubling.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts connections for ever.
pub(crate) async fn run(server: &Rc<Server>, listeners: Vec<Socket<TcpListener>>) -> Infallible {
    let mut all: Vec<_> =
        listeners.into_iter().map(|listener| Box::pin(accept(server, listener))).collect();
    poll_fn(|cx| {
        for one in &mut all {
            let _ = one.as_mut().poll(cx);
        }
        Poll::Pending
    })
    .await
}

async fn accept(server: &Rc<Server>, listener: Socket<TcpListener>) {
    let mut trouble = Trouble::default();
    loop {
        listener.readable().await;
        server.takes_newcomers().await;
        match drain(server, &listener) {
            Drained { error: None, .. } => trouble = Trouble::default(),
            // There may be nobody left to accept: the system refuses without looking.
            Drained { accepted: 1.., .. } => {}
            Drained { error: Some(error), .. } => {
                trouble.tell(&error);
                trouble.pause().await;
            }
        }
        future::yield_now().await;
    }
}

/// What became of a queue of connections.
struct Drained {
    /// Connections taken out of the queue.
    accepted: usize,
    error: Option<io::Error>,
}

/// Accepts what waits, up to a row.
fn drain(server: &Rc<Server>, listener: &Socket<TcpListener>) -> Drained {
    let mut accepted = 0;
    while accepted < ROW && server.room().takes_newcomers() {
        match listener.get_ref().accept() {
            Ok((stream, addr)) => {
                accepted += 1;
                admit(server, stream, addr);
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

fn admit(server: &Rc<Server>, stream: TcpStream, addr: SocketAddr) {
    // If the reactor has no room for it the peer is closed, as if it had never been accepted.
    let Ok(socket) = Socket::new(&server.reactor, stream) else { return };
    if !OPTIONS_ARE_INHERITED {
        configure(&SockRef::from(socket.get_ref()));
    }
    match server.tell(|room, now| room.join(now, addr)) {
        Ok(id) => {
            let peer = Rc::new(Peer::new(server.clone(), socket, id));
            server.round.enter(&peer);
            server.executor.spawn(peer.run()).detach();
        }
        Err(full) => {
            let notice = full.to_string();
            server.executor.spawn(peer::turn_away(server.clone(), socket, notice)).detach();
        }
    }
}

/// A time in which connections cannot be accepted.
#[derive(Default)]
struct Trouble {
    pause: Option<Duration>,
}

impl Trouble {
    /// Says so, once.
    fn tell(&self, error: &io::Error) {
        if self.pause.is_none() {
            complain([Failure::new("cannot accept connections for now", error)]);
        }
    }

    async fn pause(&mut self) {
        let pause = self.pause.unwrap_or(FIRST_PAUSE);
        self.pause = Some((pause * 2).min(LONGEST_PAUSE));
        Timer::after(pause).await;
    }
}
