//! One connection: its bytes go into the room, and the room's go straight from the log into it.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_core::{MemberId, Transmit};
use futures_lite::future;
use mio::net::TcpStream;

use super::server::{Connection, Server};
use super::wakers::Entered;
use crate::clock::within;
use crate::net::Socket;
use crate::system::A_SHORT_WRITE_IS_ALL;

/// How long a peer that was turned away has to read why.
const PARTING: Duration = Duration::from_secs(1);

/// Bytes of unread input that are thrown away before a connection is closed, at the most.
const DISCARD: usize = 1024 * 1024;

/// Tells a peer why it cannot join, and closes its connection once it had the time to read that.
pub(crate) async fn turn_away(server: Rc<Server>, socket: Socket<TcpStream>, notice: String) {
    // A new socket's buffer is empty: either it takes so few bytes at once or it takes none.
    if socket.get_ref().write_all(notice.as_bytes()).is_err() {
        return;
    }
    let _ = socket.get_ref().shutdown(Shutdown::Write);
    // Closed with its input unread, the connection would be reset and the notice with it.
    let read_out = async {
        let mut discarded = 0;
        while discarded < DISCARD {
            socket.readable().await;
            match socket.get_ref().read(&mut server.buffer()) {
                Ok(count @ 1..) => discarded += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.clear_readable(),
                _ => break,
            }
            // It is not the only one that wants a turn.
            future::yield_now().await;
        }
    };
    within(PARTING, read_out).await;
}

/// The connection of one member.
pub(crate) struct Peer {
    server: Rc<Server>,
    socket: Socket<TcpStream>,
    id: MemberId,
    /// Whether it sends no more.
    input_ended: Cell<bool>,
    output: Cell<Output>,
    budget: Entered,
    turn: Entered,
    _connection: Connection,
}

/// Who hands out to a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    /// Its task, now.
    Ready,
    /// Its task, once the socket takes something again.
    Blocked,
    /// The round, once there is more than it has got.
    InRound,
}

/// What a member's turn came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// There is more to do: others first, then again.
    Again,
    /// There is nothing to do until the task is woken.
    Done,
}

impl Peer {
    pub(crate) fn new(server: Rc<Server>, socket: Socket<TcpStream>, id: MemberId) -> Self {
        Self {
            _connection: server.count_connection(),
            server,
            socket,
            id,
            input_ended: Cell::new(false),
            output: Cell::new(Output::InRound),
            budget: Entered::default(),
            turn: Entered::default(),
        }
    }

    /// Serves the member until its connection ends.
    pub(crate) async fn run(self: Rc<Self>) {
        // Whatever ends the connection, its member has left; to others the reason makes no
        // difference.
        let _ = poll_fn(|cx| self.poll(cx)).await;
        if self.server.is_stopping() {
            self.close_cleanly();
        } else {
            self.server.tell(|room, now| room.leave(now, self.id));
        }
    }

    /// One turn: reads once, then writes what is pending, unless the round does. Ready when the
    /// connection is to close.
    fn poll(self: &Rc<Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.register(cx);
        let turn = self.read(cx)?;
        if self.output.get() != Output::InRound {
            self.write()?;
        }
        if self.is_done() {
            return Poll::Ready(Ok(()));
        }
        if turn == Turn::Again {
            self.server.round.await_turn(&self.server, &self.turn, cx);
        }
        Poll::Pending
    }

    /// Whether it has got all that it is to get.
    fn is_done(&self) -> bool {
        let room = self.server.room();
        room.is_finished(self.id) || (self.server.is_stopping() && room.has_caught_up(self.id))
    }

    /// Takes what the member sent, as much as the room wants in one turn.
    fn read(&self, cx: &mut Context<'_>) -> io::Result<Turn> {
        // The socket is tried only where it may have something: a member that only listens costs no
        // system call here.
        if self.input_ended.get() || self.server.is_stopping() || !self.socket.is_readable() {
            return Ok(Turn::Done);
        }
        let budget = self.server.room().input_budget(self.server.clock().now(), self.id);
        if budget == 0 {
            self.server.await_budget(&self.budget, cx);
            return Ok(Turn::Done);
        }
        let mut buffer = self.server.buffer();
        let limit = budget.min(buffer.len());
        match self.socket.get_ref().read(&mut buffer[..limit]) {
            Ok(0) => {
                self.input_ended.set(true);
                self.server.tell(|room, now| room.end_of_input(now, self.id));
                return Ok(Turn::Done);
            }
            Ok(count) => {
                self.server.tell(|room, now| room.receive(now, self.id, &buffer[..count]));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.socket.clear_readable(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(if self.socket.is_readable() { Turn::Again } else { Turn::Done })
    }

    /// Hands out what is pending until the socket takes no more, or until that was all: then the
    /// round goes on with it.
    fn write(self: &Rc<Self>) -> io::Result<()> {
        while self.output.get() == Output::Ready || self.socket.is_writable() {
            if self.hand_out()? {
                self.output.set(Output::InRound);
                self.server.round.enter(self);
                break;
            }
            self.output.set(Output::Blocked);
        }
        // The room may have waited for this member.
        self.server.wake();
        Ok(())
    }

    /// The member's part of a round. Gives whether it stays in it; else its task goes on, once
    /// the socket takes something again, or to end.
    pub(crate) fn take_part(&self) -> bool {
        match self.hand_out() {
            Ok(true) if !self.is_done() => return true,
            Ok(false) => self.output.set(Output::Blocked),
            // Its task will come upon an error as well.
            _ => {
                self.output.set(Output::Ready);
                self.socket.wake();
            }
        }
        false
    }

    /// Hands out what is pending until the socket takes no more. Gives whether that was all.
    fn hand_out(&self) -> io::Result<bool> {
        let mut room = self.server.room();
        while !room.has_caught_up(self.id) {
            let transmit = room.transmit(self.id);
            let total = transmit.total();
            if total == 0 {
                break;
            }
            match send(self.socket.get_ref(), &transmit) {
                Ok(count) => {
                    room.sent(self.id, count);
                    if count < total && A_SHORT_WRITE_IS_ALL {
                        self.socket.clear_writable();
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.clear_writable();
                    return Ok(false);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Closes so that the member can still read what it was sent: with input unread, the
    /// connection would be reset.
    fn close_cleanly(&self) {
        let mut stream = self.socket.get_ref();
        let _ = stream.shutdown(Shutdown::Write);
        let mut discarded = 0;
        while let Ok(count @ 1..) = stream.read(&mut self.server.buffer()) {
            discarded += count;
            if discarded >= DISCARD {
                break;
            }
        }
    }
}

/// Writes the slices in one system call, as far as the socket takes them.
fn send(mut stream: &TcpStream, transmit: &Transmit<'_>) -> io::Result<usize> {
    match **transmit {
        [slice] => stream.write(slice),
        ref slices => {
            let mut vectors = [IoSlice::new(&[]); Transmit::MAX_SLICES];
            for (vector, slice) in vectors.iter_mut().zip(slices) {
                *vector = IoSlice::new(slice);
            }
            stream.write_vectored(&vectors[..slices.len()])
        }
    }
}
