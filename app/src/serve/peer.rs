//! One connection: its bytes go into the room, and the room's go straight from the log into it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
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
    input: Cell<Input>,
    output: Cell<Output>,
    /// The task that serves it.
    task: RefCell<Option<Waker>>,
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

/// Who hands out to a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    /// Its task, now.
    Ready,
    /// Its task, once the reactor tells that the socket takes something again.
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
    pub(crate) fn new(server: Rc<Server>, socket: Async<TcpStream>, id: MemberId) -> Self {
        Self {
            _connection: server.count_connection(),
            server,
            socket,
            id,
            input: Cell::new(Input::Awaited),
            output: Cell::new(Output::InRound),
            task: RefCell::default(),
            budget: Entered::default(),
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
        self.task.borrow_mut().get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
        let turn = self.read(cx)?;
        if self.output.get() != Output::InRound {
            self.write(cx)?;
        }
        if self.is_done() {
            return Poll::Ready(Ok(()));
        }
        if turn == Turn::Again {
            cx.waker().wake_by_ref();
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
        // The socket is tried only once the reactor has seen something, or where the last read
        // may have left something: a member that only listens costs no system call here.
        if self.input.get() == Input::Ended || self.server.is_stopping() || !self.await_input(cx)? {
            return Ok(Turn::Done);
        }
        let budget = self.server.room().input_budget(self.id);
        if budget == 0 {
            self.server.await_budget(&self.budget, cx);
            return Ok(Turn::Done);
        }
        let mut buffer = self.server.buffer();
        let limit = budget.min(buffer.len());
        match self.socket.get_ref().read(&mut buffer[..limit]) {
            Ok(0) => {
                self.input.set(Input::Ended);
                self.server.tell(|room, now| room.end_of_input(now, self.id));
            }
            Ok(count) => {
                self.input.set(if count == limit { Input::Ready } else { Input::Awaited });
                self.server.tell(|room, now| room.receive(now, self.id, &buffer[..count]));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.input.set(Input::Awaited);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        drop(buffer);
        let goes_on = self.input.get() != Input::Ended && self.await_input(cx)?;
        Ok(if goes_on { Turn::Again } else { Turn::Done })
    }

    /// Whether there may be input; if not, the task is woken when there is.
    fn await_input(&self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.input.get() == Input::Awaited && self.socket.poll_readable(cx)?.is_ready() {
            self.input.set(Input::Ready);
        }
        Ok(self.input.get() == Input::Ready)
    }

    /// Hands out what is pending until the socket takes no more, or until that was all: then the
    /// round goes on with it.
    fn write(self: &Rc<Self>, cx: &mut Context<'_>) -> io::Result<()> {
        while self.output.get() == Output::Ready || self.socket.poll_writable(cx)?.is_ready() {
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

    /// The member's part of a round. Gives whether it stays in it; else its task is woken, to wait
    /// for the socket or to end.
    pub(crate) fn take_part(&self) -> bool {
        // Its task will come upon an error as well.
        let stays = matches!(self.hand_out(), Ok(true)) && !self.is_done();
        if !stays {
            self.output.set(Output::Ready);
            if let Some(task) = &*self.task.borrow() {
                task.wake_by_ref();
            }
        }
        stays
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
                    if count < total {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
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
