//! A connection to a room: bytes between its socket and the client's core.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};

use chat_core::Client;
use smol::Async;

use super::Moved;
use crate::clock::{Alarm, Clock};

/// Bytes read from the server at once, at the most.
const CHUNK: usize = 64 * 1024;

/// One connection, from its greeting to its end.
pub(super) struct Connection {
    pub(super) client: Client,
    clock: Clock,
    socket: Arc<Async<TcpStream>>,
    alarm: Alarm,
    buffer: Box<[u8]>,
    /// Whether the end of input leaves the connection as it is.
    stay: bool,
    sending: Sending,
    /// How the server's side ended.
    server_end: Option<io::Result<()>>,
}

/// Whether the sending side is closed, by us or by a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// All is sent and the sending side is closed.
    Closed,
    /// The server takes nothing more; what it still says is read first.
    Failed,
}

impl Connection {
    pub(super) fn new(socket: Arc<Async<TcpStream>>, stay: bool) -> Self {
        let clock = Clock::new();
        Self {
            client: Client::new(clock.now()),
            clock,
            socket,
            alarm: Alarm::new(clock),
            buffer: vec![0; CHUNK].into(),
            stay,
            sending: Sending::Open,
            server_end: None,
        }
    }

    /// Moves what can be moved now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Moved {
        let received = self.receive(cx);
        let sent = self.send(cx);
        let ticked = self.tick(cx);
        received | sent | ticked
    }

    /// Whether the server's side has ended: nothing more comes.
    pub(super) fn has_ended(&self) -> bool {
        self.server_end.is_some()
    }

    /// Why it ended; `None` if it is as the user wanted it.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        match self.server_end.take() {
            Some(Err(error)) => Some(error),
            _ if self.sending == Sending::Closed => None,
            _ => Some(io::Error::other("the server closed it")),
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Moved {
        if self.server_end.is_some() || !self.client.wants_received() {
            return false;
        }
        let end = match self.socket.get_ref().read(&mut self.buffer) {
            Ok(0) => Ok(()),
            Ok(count) => {
                self.client.receive(self.clock.now(), &self.buffer[..count]);
                return true;
            }
            Err(error) if is_passing(&error) => match self.socket.poll_readable(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) => return true,
                Poll::Ready(Err(error)) => Err(error),
            },
            Err(error) => Err(error),
        };
        self.client.end_of_stream();
        self.server_end = Some(end);
        true
    }

    fn send(&mut self, cx: &mut Context<'_>) -> Moved {
        if self.sending != Sending::Open || self.has_ended() {
            return false;
        }
        let now = self.clock.now();
        let bytes = self.client.transmit(now);
        if bytes.is_empty() {
            let is_over = !self.stay && self.client.is_all_sent(now);
            if is_over {
                self.sending = Sending::Closed;
                // If that fails the connection has ended, which is read next.
                let _ = self.socket.get_ref().shutdown(Shutdown::Write);
            }
            return is_over;
        }
        match self.socket.get_ref().write(bytes) {
            Ok(count) => self.client.sent(now, count),
            Err(error) if is_passing(&error) => match self.socket.poll_writable(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => self.sending = Sending::Failed,
            },
            Err(_) => self.sending = Sending::Failed,
        }
        true
    }

    fn tick(&mut self, cx: &mut Context<'_>) -> Moved {
        let next = self.client.next_tick(self.clock.now());
        let is_due = self.alarm.poll(next, cx).is_ready();
        if is_due {
            self.client.tick(self.clock.now());
        }
        is_due
    }
}

/// Whether the same call may succeed later.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
