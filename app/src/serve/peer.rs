//! One connection: its bytes go into the room, and the room's go straight from the log into it.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_core::{MemberId, Transmit};
use futures_lite::future;
use smol::Async;

use super::server::{Connection, Server};
use super::wakers::Entered;
use crate::clock::within;

/// How long a peer that was turned away has to read why.
const PARTING: Duration = Duration::from_secs(1);

/// Bytes of unread input that are thrown away before a connection is closed, at the most.
const DISCARD: usize = 1024 * 1024;

/// Tells a peer why it cannot join, and closes its connection once it had the time to read that.
pub(crate) async fn turn_away(server: Rc<Server>, socket: Async<TcpStream>, notice: String) {
    // A new socket's buffer is empty: either it takes so few bytes at once or it takes none.
    if socket.get_ref().write_all(notice.as_bytes()).is_err() {
        return;
    }
    let _ = socket.get_ref().shutdown(Shutdown::Write);
    // Closed with its input unread, the connection would be reset and the notice with it.
    let read_out = async {
        let mut discarded = 0;
        while discarded < DISCARD {
            match socket.read_with(|mut stream| stream.read(&mut server.buffer())).await {
                Ok(count @ 1..) => discarded += count,
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
    socket: Async<TcpStream>,
    id: MemberId,
    input: Input,
    /// Whether the socket took less than it was given last.
    is_blocked: bool,
    growth: Entered,
    budget: Entered,
    _connection: Connection,
}

/// What is known of a member's input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The reactor tells when there is some.
    Awaited,
    /// There may be some.
    Ready,
    /// There is no more.
    Ended,
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
    pub(crate) fn new(server: Rc<Server>, socket: Async<TcpStream>, id: MemberId) -> Self {
        Self {
            _connection: server.count_connection(),
            server,
            socket,
            id,
            input: Input::Awaited,
            is_blocked: false,
            growth: Entered::default(),
            budget: Entered::default(),
        }
    }

    /// Serves the member until its connection ends.
    pub(crate) async fn run(mut self) {
        // Whatever ends the connection, its member has left; to others the reason makes no
        // difference.
        let _ = poll_fn(|cx| self.poll(cx)).await;
        if self.server.is_stopping() {
            self.close_cleanly();
        } else {
            self.server.tell(|room, now| room.leave(now, self.id));
        }
    }

    /// One turn: reads once, then writes what is pending. Ready when the connection is to close.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let turn = self.read(cx)?;
        let is_drained = self.write(cx)?;
        if self.server.room().is_finished(self.id) || (is_drained && self.server.is_stopping()) {
            return Poll::Ready(Ok(()));
        }
        if turn == Turn::Again {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Takes what the member sent, as much as the room wants in one turn.
    fn read(&mut self, cx: &mut Context<'_>) -> io::Result<Turn> {
        // The socket is tried only once the reactor has seen something, or where the last read
        // may have left something: a member that only listens costs no system call here.
        if self.input == Input::Ended || self.server.is_stopping() || !self.await_input(cx)? {
            return Ok(Turn::Done);
        }
        let budget = self.server.room().input_budget(self.id);
        if budget == 0 {
            self.server.await_budget(&mut self.budget, cx);
            return Ok(Turn::Done);
        }
        let mut buffer = self.server.buffer();
        let limit = budget.min(buffer.len());
        match self.socket.get_ref().read(&mut buffer[..limit]) {
            Ok(0) => {
                self.input = Input::Ended;
                self.server.tell(|room, now| room.end_of_input(now, self.id));
            }
            Ok(count) => {
                self.input = if count == limit { Input::Ready } else { Input::Awaited };
                self.server.tell(|room, now| room.receive(now, self.id, &buffer[..count]));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.input = Input::Awaited,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        drop(buffer);
        let goes_on = self.input != Input::Ended && self.await_input(cx)?;
        Ok(if goes_on { Turn::Again } else { Turn::Done })
    }

    /// Whether there may be input; if not, the task is woken when there is.
    fn await_input(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.input == Input::Awaited && self.socket.poll_readable(cx)?.is_ready() {
            self.input = Input::Ready;
        }
        Ok(self.input == Input::Ready)
    }

    /// Hands out what is pending until the socket takes no more. Gives whether that was all.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let is_all = loop {
            if self.is_blocked && self.socket.poll_writable(cx)?.is_pending() {
                break false;
            }
            self.is_blocked = false;
            let mut room = self.server.room();
            let transmit = room.transmit(self.id);
            if transmit.is_empty() {
                break true;
            }
            match send(self.socket.get_ref(), &transmit) {
                Ok(count) => {
                    self.is_blocked = count < transmit.total();
                    room.sent(self.id, count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_blocked = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        // The room may have waited for this member.
        self.server.wake();
        if is_all {
            self.server.await_growth(&mut self.growth, cx);
        }
        Ok(is_all)
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
