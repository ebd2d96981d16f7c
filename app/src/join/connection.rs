//! A connection to a room: moves bytes between its socket and the core's client.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_core::{Client, Instant, Session, Wishes};
use smol::Async;

use crate::clock::{Alarm, Clock};
use crate::progress::Progress;

/// Most bytes read from the server at once.
const CHUNK: usize = 64 * 1024;

/// One connection, from its greeting to its end.
pub(super) struct Connection {
    pub(super) client: Client,
    clock: Clock,
    socket: Arc<Async<TcpStream>>,
    alarm: Alarm,
    /// Until when a greeting is waited for; `None` for ever, or if it was there.
    greeting_until: Option<Instant>,
    buffer: Box<[u8]>,
    /// Whether the connection stays open after the end of input.
    stays: bool,
    sending: Sending,
    /// How the server's side ended.
    server_end: Option<io::Result<()>>,
    /// That the connection was reset, if a write was told so: a read after it is told of an end.
    reset: Option<io::Error>,
}

/// How a connection begins.
pub(super) enum Opening {
    /// As that of any line client.
    Plain,
    /// The room is asked to let it come back, and for more.
    Session(Wishes),
    /// It goes on where another one has ended.
    Again(Box<Session>),
    /// What was typed to another client without a session, which has ended, is sent.
    Instead(Box<Client>),
}

impl Opening {
    /// Returns how a client begins that has wishes, or none at all.
    pub(super) fn with(wishes: Option<&Wishes>) -> Self {
        wishes.map_or(Self::Plain, |wishes| Self::Session(wishes.clone()))
    }

    /// Returns how it goes on with the session of another connection, or begins anew.
    pub(super) fn next(session: Option<Session>, wishes: Option<&Wishes>) -> Self {
        session.map_or_else(|| Self::with(wishes), |session| Self::Again(session.into()))
    }

    fn client(self, now: Instant) -> Client {
        match self {
            Self::Plain => Client::new(now),
            Self::Session(wishes) => Client::with_session(now, wishes),
            Self::Again(session) => Client::resume(now, *session),
            Self::Instead(mut client) => client.again(now),
        }
    }
}

/// The state of the sending side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// All is sent and the sending side is closed.
    Closed,
    /// The server takes nothing more; what it still says is read first.
    Failed,
}

impl Connection {
    /// A connection over `socket`, which ends if its greeting takes longer than `greeting`.
    pub(super) fn new(
        socket: Arc<Async<TcpStream>>,
        stays: bool,
        greeting: Option<Duration>,
        opening: Opening,
    ) -> Self {
        let clock = Clock::new();
        let mut client = opening.client(clock.now());
        if greeting.is_some() {
            client.wait_for_greeting();
        }
        Self {
            client,
            clock,
            socket,
            alarm: Alarm::new(clock),
            greeting_until: greeting.map(|greeting| clock.now() + greeting),
            buffer: vec![0; CHUNK].into(),
            stays,
            sending: Sending::Open,
            server_end: None,
            reset: None,
        }
    }

    /// Moves what can be moved now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Progress {
        let received = self.receive(cx);
        let sent = self.send(cx);
        let ticked = self.tick(cx);
        received | sent | ticked
    }

    /// Returns whether the server's side has ended: nothing more arrives.
    pub(super) fn has_ended(&self) -> bool {
        self.server_end.is_some()
    }

    /// Returns whether what it has received may be shown: once it is known what the user is called,
    /// or once that has been waited for.
    pub(super) fn is_introduced(&self) -> bool {
        !self.client.is_asking() || self.has_ended()
    }

    /// Takes the reason why it ended; `None` if that is what the user wanted.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        match self.server_end.take() {
            Some(Err(error)) => Some(error),
            // In a room that has no place for us the user was never.
            _ if self.sending == Sending::Closed && !self.client.is_turned_away() => None,
            _ => {
                let closed = || io::Error::other("the server closed it");
                Some(self.reset.take().unwrap_or_else(closed))
            }
        }
    }

    /// From now on the connection closes once the input has ended and all of it is sent.
    pub(super) fn stay_no_longer(&mut self) {
        self.stays = false;
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Progress {
        if self.server_end.is_some() || !self.client.wants_received() {
            return Progress::Stalled;
        }
        let end = match self.socket.get_ref().read(&mut self.buffer) {
            Ok(0) => Ok(()),
            Ok(count) => {
                let is_full = count == self.buffer.len();
                self.client.receive(self.clock.now(), &self.buffer[..count], is_full);
                return Progress::Made;
            }
            Err(error) if is_temporary(&error) => match self.socket.poll_readable(cx) {
                Poll::Pending => return Progress::Stalled,
                Poll::Ready(Ok(())) => return Progress::Made,
                Poll::Ready(Err(error)) => Err(error),
            },
            Err(error) => Err(error),
        };
        self.client.end_of_stream();
        self.server_end = Some(end);
        Progress::Made
    }

    fn send(&mut self, cx: &mut Context<'_>) -> Progress {
        if self.sending != Sending::Open || self.has_ended() {
            return Progress::Stalled;
        }
        let now = self.clock.now();
        let bytes = self.client.transmit(now);
        if bytes.is_empty() {
            return self.close_if_all_is_sent();
        }
        match self.socket.get_ref().write(bytes) {
            Ok(count) => self.client.sent(now, count),
            Err(error) if is_temporary(&error) => match self.socket.poll_writable(cx) {
                Poll::Pending => return Progress::Stalled,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => self.sending = Sending::Failed,
            },
            Err(error) => {
                self.sending = Sending::Failed;
                self.reset = Some(error).filter(|e| e.kind() == io::ErrorKind::ConnectionReset);
            }
        }
        Progress::Made
    }

    fn close_if_all_is_sent(&mut self) -> Progress {
        if self.stays || !self.client.is_all_sent(self.clock.now()) {
            return Progress::Stalled;
        }
        self.sending = Sending::Closed;
        // If that fails the connection has ended, which the next read finds out.
        let _ = self.socket.get_ref().shutdown(Shutdown::Write);
        Progress::Made
    }

    fn tick(&mut self, cx: &mut Context<'_>) -> Progress {
        if self.client.is_let_in() || self.client.is_turned_away() {
            self.greeting_until = None;
        }
        let next = self.client.next_tick().into_iter().chain(self.greeting_until).min();
        if self.alarm.poll(next, cx).is_pending() {
            return Progress::Stalled;
        }
        self.client.tick(self.clock.now());
        if self.greeting_until.is_some_and(|until| until <= self.clock.now()) {
            self.give_up_on_greeting();
        }
        Progress::Made
    }

    /// It has ended as far as this side goes.
    fn give_up_on_greeting(&mut self) {
        self.greeting_until = None;
        self.client.end_of_stream();
        let too_late = io::Error::new(io::ErrorKind::TimedOut, "no greeting in time");
        self.server_end.get_or_insert(Err(too_late));
    }
}

/// Returns whether the same call may succeed later.
fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
