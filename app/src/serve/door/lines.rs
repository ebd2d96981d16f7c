//! A member that sends and receives lines over TCP: its bytes go into the room, and the room's go
//! straight from the log into its socket.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use chat_core::{MemberId, Transmit};
use mio::net::TcpStream;

use super::parting::{part_now, turn_away};
use crate::net::Socket;
use crate::serve::hub::{Hub, OpenGuard};
use crate::serve::participant::Participant;
use crate::serve::round::Round;
use crate::serve::wakers::Entered;
use crate::system::A_SHORT_WRITE_IS_ALL;

/// Connects a peer to the room as a member, or turns it away if the room is full.
pub(super) fn enter(hub: &Rc<Hub>, round: &Rc<Round>, socket: Socket<TcpStream>, addr: SocketAddr) {
    match hub.tell(|room, now| room.join(now, addr)) {
        Ok(id) => {
            let lines = Rc::new(Lines::new(hub, round, socket, id));
            lines.enter_round();
            hub.spawn(lines.run());
        }
        Err(full) => hub.spawn(turn_away(hub.clone(), socket, full.to_string())),
    }
}

/// The connection of one member.
struct Lines {
    hub: Rc<Hub>,
    round: Rc<Round>,
    socket: Socket<TcpStream>,
    id: MemberId,
    /// Whether it sends no more.
    input_ended: Cell<bool>,
    output: Cell<Output>,
    /// Whether it has got everything that it is ever to get.
    is_over: Cell<bool>,
    budget: Entered,
    pace: Entered,
    _open: OpenGuard,
}

/// Who delivers to a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    /// Its task, now.
    Ready,
    /// Its task, once the socket takes something again.
    Blocked,
    /// The round, once there is more than it has got.
    InRound,
}

/// What became of a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The member has got everything there is.
    CaughtUp,
    /// The socket takes no more for now.
    Blocked,
    /// The member has got everything that it is ever to get.
    Over,
}

/// Whether there is more to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Perhaps: others first, then again.
    More,
    /// Not until the task is woken.
    Exhausted,
}

impl Lines {
    fn new(hub: &Rc<Hub>, round: &Rc<Round>, socket: Socket<TcpStream>, id: MemberId) -> Self {
        Self {
            _open: hub.count_open(),
            hub: hub.clone(),
            round: round.clone(),
            socket,
            id,
            input_ended: Cell::new(false),
            output: Cell::new(Output::InRound),
            is_over: Cell::new(false),
            budget: Entered::default(),
            pace: Entered::default(),
        }
    }

    /// Serves the member until its connection ends.
    async fn run(self: Rc<Self>) {
        // Whatever ends the connection, its member has left; the reason makes no difference to
        // others.
        let _ = poll_fn(|cx| self.poll(cx)).await;
        if self.hub.is_stopping() {
            part_now(&self.hub, &self.socket);
        } else {
            self.hub.tell(|room, now| room.leave(now, self.id));
        }
    }

    /// Reads once, then delivers what is pending, unless the round does. Ready when the connection
    /// is to close.
    fn poll(self: &Rc<Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.register(cx);
        let input = self.read(cx)?;
        let is_due = match self.output.get() {
            Output::Ready => true,
            Output::Blocked => self.socket.is_writable(),
            // One that has left does not wait for the round to find out that this was all.
            Output::InRound => self.input_ended.get(),
        };
        if is_due {
            self.deliver()?;
        }
        if self.is_over.get() {
            return Poll::Ready(Ok(()));
        }
        if input == Input::More {
            self.round.pace(&self.pace, cx);
        }
        Poll::Pending
    }

    /// Takes what the member has sent, as much as the room wants at once.
    fn read(&self, cx: &mut Context<'_>) -> io::Result<Input> {
        // The socket is tried only if it may have something: a member that only listens costs no
        // system call here.
        if self.input_ended.get() || self.hub.is_stopping() || !self.socket.is_readable() {
            return Ok(Input::Exhausted);
        }
        let budget = self.hub.room().input_budget(self.hub.clock().now(), self.id);
        if budget == 0 {
            self.hub.await_budget(&self.budget, cx);
            return Ok(Input::Exhausted);
        }
        let mut buffer = self.hub.buffer();
        let most = budget.min(buffer.len());
        match self.socket.get_ref().read(&mut buffer[..most]) {
            Ok(0) => {
                self.input_ended.set(true);
                self.hub.tell(|room, now| room.end_of_input(now, self.id));
                return Ok(Input::Exhausted);
            }
            Ok(count) => {
                self.hub.tell(|room, now| room.receive(now, self.id, &buffer[..count]));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.socket.clear_readable(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(if self.socket.is_readable() { Input::More } else { Input::Exhausted })
    }

    /// Delivers what is pending, and decides who goes on with it.
    fn deliver(self: &Rc<Self>) -> io::Result<()> {
        let outcome = self.send_pending()?;
        match outcome {
            Outcome::CaughtUp if self.output.get() != Output::InRound => {
                self.output.set(Output::InRound);
                self.enter_round();
            }
            Outcome::Blocked if self.output.get() != Output::InRound => {
                self.output.set(Output::Blocked);
            }
            _ => {}
        }
        // The room may have waited for this member.
        self.hub.dispatch();
        Ok(())
    }

    /// Sends what is pending until that was all, or until the socket takes no more.
    fn send_pending(&self) -> io::Result<Outcome> {
        let mut room = self.hub.room();
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
                        return Ok(Outcome::Blocked);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.clear_writable();
                    return Ok(Outcome::Blocked);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let is_over = room.is_finished(self.id) || self.hub.is_stopping();
        self.is_over.set(is_over);
        Ok(if is_over { Outcome::Over } else { Outcome::CaughtUp })
    }

    fn enter_round(self: &Rc<Self>) {
        let member: Weak<Self> = Rc::downgrade(self);
        self.round.enter(member);
    }
}

impl Participant for Lines {
    fn take_part(&self) -> bool {
        match self.send_pending() {
            Ok(Outcome::CaughtUp) => return true,
            Ok(Outcome::Blocked) => self.output.set(Output::Blocked),
            // Its task finds an error too.
            Ok(Outcome::Over) | Err(_) => {
                self.output.set(Output::Ready);
                self.socket.wake();
            }
        }
        false
    }
}

/// Writes the slices in one system call, as much as the socket takes.
fn send(mut stream: &TcpStream, slices: &[&[u8]]) -> io::Result<usize> {
    if let [slice] = slices {
        return stream.write(slice);
    }
    let mut vectors = [IoSlice::new(&[]); Transmit::MAX_SLICES];
    for (vector, slice) in vectors.iter_mut().zip(slices) {
        *vector = IoSlice::new(slice);
    }
    stream.write_vectored(&vectors[..slices.len()])
}
