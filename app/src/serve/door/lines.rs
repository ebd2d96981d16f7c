//! A member that sends and receives lines over TCP: its bytes go into the core, and the room's go
//! straight from the log into its socket.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use chat_core::{Delivered, MAX_SLICES, MemberId, Wire};
use mio::net::TcpStream;

use super::parting::{part, part_now, turn_away};
use crate::net::Socket;
use crate::serve::hub::{Hub, OpenGuard};
use crate::serve::participant::{Call, Participant};
use crate::serve::round::Round;
use crate::serve::wakers::Entered;
use crate::system::A_SHORT_WRITE_IS_ALL;

/// Connects a peer to the room as a member, or turns it away if the room is full.
pub(super) fn enter(hub: &Rc<Hub>, round: &Rc<Round>, socket: Socket<TcpStream>, addr: SocketAddr) {
    match hub.connect(addr, Wire::Lines) {
        Ok(id) => {
            let lines = Rc::new(Lines::new(hub, round, socket, id));
            round.enter(lines.to_participant());
            hub.introduce(id, lines.to_participant());
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
    id: Cell<MemberId>,
    input: Cell<Input>,
    /// Whether the core waits to be told that there is nothing to read.
    is_asked: Cell<bool>,
    output: Cell<Output>,
    /// Whether there is something to deliver that does not wait for the round.
    is_addressed: Cell<bool>,
    /// Whether it has got everything that it is ever to get.
    is_over: Cell<bool>,
    /// Whether another connection goes on as its member.
    is_replaced: Cell<bool>,
    /// Its place among those that wait for a budget.
    budget: Entered,
    /// Its place among those that wait for the next round.
    pace: Entered,
    /// Counts the connection as open, until it has got everything.
    open: Cell<Option<OpenGuard>>,
}

/// Whether a member is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// It sends no more.
    Ended,
    /// Nothing that it sends is wanted any more.
    Refused,
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

/// Whether there is more to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unread {
    /// There may be: try again once others have run.
    More,
    /// Nothing, until the task is woken.
    Nothing,
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

impl Lines {
    fn new(hub: &Rc<Hub>, round: &Rc<Round>, socket: Socket<TcpStream>, id: MemberId) -> Self {
        Self {
            hub: hub.clone(),
            round: round.clone(),
            socket,
            id: Cell::new(id),
            input: Cell::new(Input::Open),
            is_asked: Cell::new(false),
            output: Cell::new(Output::InRound),
            is_addressed: Cell::new(false),
            is_over: Cell::new(false),
            is_replaced: Cell::new(false),
            budget: Entered::default(),
            pace: Entered::default(),
            open: Cell::new(Some(hub.count_open())),
        }
    }

    /// Serves the member until its connection ends.
    async fn run(self: Rc<Self>) {
        // Whatever ends the connection, its member has left; the reason makes no difference to
        // others.
        let _ = poll_fn(|cx| self.poll(cx)).await;
        if self.is_replaced.get() {
            return part_now(&self.hub, &self.socket);
        }
        if self.hub.is_stopping() {
            return part_now(&self.hub, &self.socket);
        }
        self.hub.disconnect(self.id.get());
        if self.input.get() == Input::Refused {
            // The end of the server does not wait for that.
            self.open.take();
            // Boxed, so that the task of every member is not as large as the few that need this.
            Box::pin(part(&self.hub, &self.socket)).await;
        }
    }

    /// Reads once, then delivers what is pending, unless the round does. Ready when the connection
    /// is to close.
    fn poll(self: &Rc<Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_replaced.get() {
            return Poll::Ready(Ok(()));
        }
        self.socket.register(cx);
        let unread = self.read(cx)?;
        let delivers = match self.output.get() {
            Output::Ready => true,
            Output::Blocked => self.socket.is_writable(),
            Output::InRound => self.is_addressed.get() && self.socket.is_writable(),
        };
        if delivers {
            self.deliver()?;
        }
        if self.is_over.get() {
            return Poll::Ready(Ok(()));
        }
        if unread == Unread::More {
            self.round.pace(&self.pace, cx);
        }
        Poll::Pending
    }

    /// Takes what the member has sent, as much as the core wants at once.
    fn read(&self, cx: &mut Context<'_>) -> io::Result<Unread> {
        if self.input.get() != Input::Open || self.hub.is_stopping() || !self.may_read() {
            return Ok(Unread::Nothing);
        }
        let budget = self.hub.server().budget(self.hub.clock().now(), self.id.get());
        if budget == 0 {
            self.hub.await_budget(&self.budget, cx);
            return Ok(Unread::Nothing);
        }
        let mut buffer = self.hub.buffer();
        let most = budget.min(buffer.len());
        match self.socket.get_ref().read(&mut buffer[..most]) {
            Ok(0) => {
                self.input.set(Input::Ended);
                self.is_addressed.set(true);
                self.hub.tell(|server, now| server.end_of_input(now, self.id.get()));
                return Ok(Unread::Nothing);
            }
            Ok(count) => {
                self.is_asked.set(false);
                self.hub.tell(|server, now| server.receive(now, self.id.get(), &buffer[..count]));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.socket.clear_readable();
                if self.is_asked.replace(false) {
                    self.hub.tell(|server, now| server.quiet(now, self.id.get()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(if self.may_read() { Unread::More } else { Unread::Nothing })
    }

    /// Returns whether to try the socket: only if it may have something, as a member that only
    /// listens is to cost no system call, or if the core wants to know that it has nothing.
    fn may_read(&self) -> bool {
        self.socket.is_readable() || self.is_asked.get()
    }

    /// Delivers what is pending, and decides who goes on with it.
    fn deliver(self: &Rc<Self>) -> io::Result<()> {
        let outcome = self.send_pending()?;
        // A member that is in the round stays in it; if its socket is full, the round finds out.
        if self.output.get() != Output::InRound {
            match outcome {
                Outcome::CaughtUp => {
                    self.output.set(Output::InRound);
                    self.round.enter(self.to_participant());
                }
                Outcome::Blocked => self.output.set(Output::Blocked),
                Outcome::Over => {}
            }
        }
        // The room may have waited for this member.
        self.hub.dispatch();
        Ok(())
    }

    /// Sends what is pending until that was all, or until the socket takes no more.
    fn send_pending(&self) -> io::Result<Outcome> {
        let mut server = self.hub.server();
        loop {
            let mut is_full = false;
            let delivered = server.deliver(self.id.get(), |slices| {
                let sent = send(self.socket.get_ref(), slices)?;
                is_full = sent.is_full;
                Ok::<_, io::Error>(sent.count)
            })?;
            let outcome = match delivered {
                _ if is_full => Outcome::Blocked,
                Delivered::Partial => continue,
                Delivered::Finished => Outcome::Over,
                Delivered::Nothing | Delivered::CaughtUp => match self.hub.may_close(&server) {
                    true => Outcome::Over,
                    false => Outcome::CaughtUp,
                },
            };
            match outcome {
                Outcome::Blocked => self.socket.clear_writable(),
                Outcome::CaughtUp => self.is_addressed.set(false),
                Outcome::Over => self.is_over.set(true),
            }
            return Ok(outcome);
        }
    }

    fn to_participant(self: &Rc<Self>) -> Weak<dyn Participant> {
        let participant: Weak<Self> = Rc::downgrade(self);
        participant
    }
}

impl Participant for Lines {
    fn take_part(&self) -> bool {
        if self.is_replaced.get() {
            return false;
        }
        match self.send_pending() {
            Ok(Outcome::CaughtUp) => return true,
            Ok(Outcome::Blocked) => self.output.set(Output::Blocked),
            // Its task closes the connection; it runs into an error itself.
            Ok(Outcome::Over) | Err(_) => {
                self.output.set(Output::Ready);
                self.socket.wake();
            }
        }
        false
    }

    fn call(self: Rc<Self>, call: Call) {
        match call {
            Call::Listen => self.is_asked.set(true),
            Call::Deliver => self.is_addressed.set(true),
            Call::Close => {
                self.input.set(Input::Refused);
                self.is_addressed.set(true);
            }
            Call::Replace => {
                self.input.set(Input::Refused);
                self.is_replaced.set(true);
                self.is_over.set(true);
            }
        }
        self.socket.wake();
    }

    fn become_member(&self, id: MemberId) {
        self.id.set(id);
    }
}

/// What a socket took of what it was given.
struct Sent {
    count: usize,
    /// Whether it takes no more for now.
    is_full: bool,
}

/// Writes the slices in one system call, as much as the socket takes.
fn send(stream: &TcpStream, slices: &[&[u8]]) -> io::Result<Sent> {
    match write(stream, slices) {
        Ok(count) => {
            let total: usize = slices.iter().map(|slice| slice.len()).sum();
            Ok(Sent { count, is_full: count < total && A_SHORT_WRITE_IS_ALL })
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Ok(Sent { count: 0, is_full: true })
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Ok(Sent { count: 0, is_full: false })
        }
        Err(error) => Err(error),
    }
}

fn write(mut stream: &TcpStream, slices: &[&[u8]]) -> io::Result<usize> {
    if let [slice] = slices {
        return stream.write(slice);
    }
    let mut vectors = [IoSlice::new(&[]); MAX_SLICES];
    for (vector, slice) in vectors.iter_mut().zip(slices) {
        *vector = IoSlice::new(slice);
    }
    stream.write_vectored(&vectors[..slices.len()])
}
