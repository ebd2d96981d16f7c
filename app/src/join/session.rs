//! A session: one connection between a user and a room.

use std::future;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chat_core::{Client, FAREWELL};
use futures_lite::Stream;
use smol::Async;

use super::keyboard::Typed;
use crate::clock::{Alarm, Clock};
use crate::failure::Failure;
use crate::place::Place;
use crate::stdio::Printer;

/// Bytes read from the server at once, at the most.
const CHUNK: usize = 64 * 1024;

/// Moves bytes between the server, standard input, standard output and the client's core.
pub(crate) struct Session {
    client: Client,
    clock: Clock,
    socket: Arc<Async<TcpStream>>,
    /// `None` once it has ended.
    keyboard: Option<Pin<Box<Typed>>>,
    /// Why standard input could not be read to its end.
    input_error: Option<io::Error>,
    printer: Printer,
    is_printing: bool,
    alarm: Alarm,
    buffer: Box<[u8]>,
    /// Whether the end of input leaves the connection as it is.
    stay: bool,
    /// Whether the sending side is closed, by us or by a failure.
    sending: Sending,
    /// How the server's side ended.
    server_end: Option<io::Result<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// All is sent and the sending side is closed.
    Closed,
    /// The server takes nothing more; what it still says is read first.
    Failed,
}

/// Whether a step got anywhere, so that others may get further too.
type Moved = bool;

impl Session {
    pub(crate) fn new(
        socket: Arc<Async<TcpStream>>,
        keyboard: Typed,
        printer: Printer,
        stay: bool,
    ) -> Self {
        let clock = Clock::new();
        Self {
            client: Client::new(clock.now()),
            clock,
            socket,
            keyboard: Some(Box::pin(keyboard)),
            input_error: None,
            printer,
            is_printing: false,
            alarm: Alarm::new(clock),
            buffer: vec![0; CHUNK].into(),
            stay,
            sending: Sending::Open,
            server_end: None,
        }
    }

    /// Runs until the server's side has ended and all that it said is printed, or until nobody
    /// reads the output any more.
    ///
    /// # Errors
    ///
    /// The server ended although the user had not, the output failed, or the input had.
    pub(crate) async fn run(&mut self, place: &Place<'_>) -> Result<(), Failure> {
        match future::poll_fn(|cx| self.poll(cx)).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Failure::output(&error)),
        }
        if let Some(error) = self.input_error.take() {
            return Err(Failure::new("cannot read standard input", &error));
        }
        let tried = format!("the connection to {place} ended");
        match self.server_end.take() {
            Some(Err(error)) => Err(Failure::new(tried, &error)),
            _ if self.sending == Sending::Closed => Ok(()),
            _ => Err(Failure::new(tried, &io::Error::other("the server closed it"))),
        }
    }

    /// Prints what is left to print, and the farewell.
    pub(crate) async fn say_farewell(&mut self) {
        if self.is_printing {
            let _ = self.printer.printed().await;
        }
        let mut bytes = self.take_display();
        bytes.extend_from_slice(FAREWELL.as_bytes());
        let _ = self.printer.print(bytes).await;
    }

    /// Ready when the session is over; an error is one of standard output.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut moved = self.take_typed(cx);
            moved |= self.receive(cx);
            moved |= self.send(cx);
            moved |= self.print(cx)?;
            moved |= self.tick(cx);
            if self.server_end.is_some() && !self.is_printing {
                return Poll::Ready(Ok(()));
            }
            if !moved {
                return Poll::Pending;
            }
        }
    }

    fn take_typed(&mut self, cx: &mut Context<'_>) -> Moved {
        let Some(keyboard) = self.keyboard.as_mut().filter(|_| self.client.wants_typed()) else {
            return false;
        };
        match keyboard.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => self.client.type_in(&bytes),
            Poll::Ready(Some(Err(error))) => self.input_error = Some(error),
            Poll::Ready(None) => {
                self.keyboard = None;
                self.client.end_of_input();
            }
            Poll::Pending => return false,
        }
        true
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
        if self.sending != Sending::Open {
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

    fn print(&mut self, cx: &mut Context<'_>) -> io::Result<Moved> {
        if self.is_printing {
            match self.printer.poll_printed(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(result) => self.is_printing = result.map(|_| false)?,
            }
        }
        let bytes = self.take_display();
        self.is_printing = !bytes.is_empty();
        if self.is_printing {
            self.printer.begin(bytes);
        }
        Ok(self.is_printing)
    }

    fn take_display(&mut self) -> Vec<u8> {
        let bytes = self.client.display().to_vec();
        self.client.displayed(bytes.len());
        bytes
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
