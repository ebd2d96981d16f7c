//! The connection of a member: its bytes go into the core, and the room's go straight from the log
//! into its socket, both as its wire has it.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use chat_core::{Delivered, MemberId};
use mio::net::TcpStream;

use super::parting::{part, part_now, turn_away};
use super::wire::{End, Taken, Wire};
use crate::net::Socket;
use crate::serve::hub::{Hub, OpenGuard};
use crate::serve::participant::{Call, Participant};
use crate::serve::round::Round;
use crate::serve::wakers::Entered;

/// Connects a peer to the room as a member, or turns it away if the room takes nobody else.
pub(super) fn enter<W: Wire>(
    hub: &Rc<Hub>,
    round: &Rc<Round>,
    socket: Socket<TcpStream>,
    addr: SocketAddr,
    wire: W,
) -> Option<Rc<Connection<W>>> {
    match hub.connect(addr, W::CARRIES) {
        Ok(id) => {
            let connection = Rc::new(Connection::new(hub, round, socket, id, wire));
            round.enter(connection.to_participant());
            hub.introduce(id, connection.to_participant());
            hub.spawn(connection.clone().run());
            Some(connection)
        }
        Err(refused) => {
            let notice = wire.refusal(&refused.to_string());
            hub.spawn(turn_away(hub.clone(), socket, notice));
            None
        }
    }
}

/// The connection of one member.
pub(super) struct Connection<W> {
    hub: Rc<Hub>,
    round: Rc<Round>,
    socket: Socket<TcpStream>,
    wire: W,
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

impl<W: Wire> Connection<W> {
    fn new(
        hub: &Rc<Hub>,
        round: &Rc<Round>,
        socket: Socket<TcpStream>,
        id: MemberId,
        wire: W,
    ) -> Self {
        Self {
            hub: hub.clone(),
            round: round.clone(),
            socket,
            wire,
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
        if self.is_replaced.get() || self.hub.is_stopping() {
            let end = if self.is_replaced.get() { End::Replaced } else { End::OfServer };
            self.wire.close(end);
            let _ = self.wire.flush(self.socket.get_ref());
            return part_now(&self.hub, &self.socket);
        }
        self.hub.disconnect(self.id.get());
        if self.input.get() == Input::Refused {
            self.wire.close(End::OfMember);
            // The end of the server does not wait for that.
            self.open.take();
            // Boxed, so that the task of every member is not as large as the few that need this.
            Box::pin(part(&self.hub, &self.socket, || self.wire.flush(self.socket.get_ref())))
                .await;
        }
    }

    /// Has it polled: its wire has something to send.
    pub(super) fn address(&self) {
        self.is_addressed.set(true);
        self.socket.wake();
    }

    pub(super) fn wire(&self) -> &W {
        &self.wire
    }

    /// Reads once, then delivers what is pending, unless the round does. Ready when the connection
    /// is to close.
    fn poll(self: &Rc<Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_replaced.get() {
            return Poll::Ready(Ok(()));
        }
        self.socket.register(cx);
        let unread = self.read(cx)?;
        if self.is_over.get() {
            return Poll::Ready(Ok(()));
        }
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
            Ok(0) if W::ENDS_ABRUPTLY => {
                self.input.set(Input::Ended);
                self.is_over.set(true);
                return Ok(Unread::Nothing);
            }
            Ok(0) => {
                self.input.set(Input::Ended);
                self.is_addressed.set(true);
                self.hub.tell(|server, now| server.end_of_input(now, self.id.get()));
                return Ok(Unread::Nothing);
            }
            Ok(count) => {
                self.take(&mut buffer[..count]);
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

    /// Takes what was read.
    fn take(&self, bytes: &mut [u8]) {
        let taken = self.hub.tell(|server, now| {
            self.wire.take(bytes, &mut |heard| {
                self.is_asked.set(false);
                server.receive(now, self.id.get(), heard);
            })
        });
        match taken {
            Taken::Everything => {}
            Taken::AndAnswers => self.is_addressed.set(true),
            Taken::TheLast => {
                self.input.set(Input::Refused);
                self.is_over.set(true);
            }
        }
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
        let stream = self.socket.get_ref();
        let mut server = self.hub.server();
        loop {
            let mut is_full = !self.wire.flush(stream)?;
            let mut delivered = Delivered::Partial;
            if !is_full {
                delivered = server.deliver(self.id.get(), |slices| {
                    let sent = self.wire.send(stream, slices)?;
                    is_full = sent.is_full;
                    Ok::<_, io::Error>(sent.count)
                })?;
            }
            let outcome = match delivered {
                _ if is_full => Outcome::Blocked,
                Delivered::Partial => continue,
                _ if !self.wire.is_flushed() => continue,
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

impl<W: Wire> Participant for Connection<W> {
    fn take_part(&self) -> bool {
        if self.is_replaced.get() || self.is_over.get() {
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
