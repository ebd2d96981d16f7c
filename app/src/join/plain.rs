//! The plain client: lines in, lines out, like any Unix filter.

use std::future;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::task::{Context, Poll};

use chat_core::{FAREWELL, Lines};
use futures_lite::future::or;
use smol::Async;

use super::connection::Connection;
use super::keyboard::Keyboard;
use super::progress::Progress;
use super::style::Style;
use crate::failure::Failure;
use crate::net::{Place, connect};
use crate::system::{Interrupts, Printer, widen_output};

/// Steps taken before signals are looked at again.
const STEPS: usize = 16;

/// Joins a room until the input, the server or a signal ends it.
pub(super) async fn join(place: &Place, style: Style, stays: bool) -> Result<(), Failure> {
    let mut interrupts = Interrupts::new().map_err(Failure::signals)?;
    widen_output();
    let mut printer = Printer::start().map_err(Failure::thread)?;

    let connected = async { Some(connect(place).await) };
    let Some(socket) = or(connected, interrupts.interrupted()).await else {
        let farewell = async { drop(printer.print(FAREWELL).await) };
        interrupts.finish_within_patience(farewell).await;
        return Ok(());
    };
    let socket = socket?;
    let keyboard = Keyboard::start().map_err(Failure::thread)?;
    let mut session = Session::new(socket, keyboard, printer, stays, style);
    let ended = async { Some(session.run(place).await) };
    if let Some(end) = or(ended, interrupts.interrupted()).await {
        return end;
    }
    interrupts.finish_within_patience(session.say_farewell()).await;
    Ok(())
}

/// Moves bytes between a connection, standard input and standard output.
struct Session {
    connection: Connection,
    /// `None` once it has ended.
    keyboard: Option<Keyboard>,
    /// Why standard input could not be read to its end.
    input_error: Option<io::Error>,
    style: Style,
    printer: Printer,
}

impl Session {
    fn new(
        socket: Arc<Async<TcpStream>>,
        keyboard: Keyboard,
        printer: Printer,
        stays: bool,
        style: Style,
    ) -> Self {
        Self {
            connection: Connection::new(socket, stays),
            keyboard: Some(keyboard),
            input_error: None,
            style,
            printer,
        }
    }

    /// Runs until the server's side has ended and all that it said is printed, or until nobody
    /// reads the output any more.
    ///
    /// # Errors
    ///
    /// The server ended before the user did, the output failed, or the input did.
    async fn run(&mut self, place: &Place) -> Result<(), Failure> {
        match future::poll_fn(|cx| self.poll(cx)).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Failure::output(&error)),
        }
        if let Some(error) = self.input_error.take() {
            return Err(Failure::new("cannot read standard input", &error));
        }
        match self.connection.take_failure() {
            Some(error) => Err(Failure::connection_ended(place, &error)),
            None => Ok(()),
        }
    }

    /// Prints what is left to print, and the farewell.
    async fn say_farewell(&mut self) {
        let _ = self.printer.idle().await;
        let mut bytes = self.take_lines();
        bytes.extend_from_slice(FAREWELL.as_bytes());
        let _ = self.printer.print(bytes).await;
    }

    /// Ready when the session is over; an error is one of standard output.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..STEPS {
            let progress = self.take_typed(cx) | self.connection.poll(cx) | self.print(cx)?;
            if self.connection.has_ended() && !self.printer.is_busy() {
                return Poll::Ready(Ok(()));
            }
            if progress == Progress::Stalled {
                return Poll::Pending;
            }
        }
        // If neither end ever makes it wait, this would never return.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_typed(&mut self, cx: &mut Context<'_>) -> Progress {
        let client = &mut self.connection.client;
        let Some(keyboard) = self.keyboard.as_mut().filter(|_| client.wants_typed()) else {
            return Progress::Stalled;
        };
        match keyboard.poll_read(cx) {
            Poll::Ready(Ok([])) => self.end_input(None),
            Poll::Ready(Ok(bytes)) => client.type_in(bytes),
            Poll::Ready(Err(error)) => self.end_input(Some(error)),
            Poll::Pending => return Progress::Stalled,
        }
        Progress::Made
    }

    fn end_input(&mut self, error: Option<io::Error>) {
        self.keyboard = None;
        self.input_error = error;
        self.connection.client.end_of_input();
    }

    fn print(&mut self, cx: &mut Context<'_>) -> io::Result<Progress> {
        let Poll::Ready(idle) = self.printer.poll_idle(cx) else { return Ok(Progress::Stalled) };
        idle?;
        if self.connection.client.lines().is_empty() {
            return Ok(Progress::Stalled);
        }
        let bytes = self.take_lines();
        self.printer.begin(bytes);
        Ok(Progress::Made)
    }

    fn take_lines(&mut self) -> Vec<u8> {
        let memory = Lines::with_memory(self.printer.memory());
        self.style.show(self.connection.client.take_lines(memory), "\n")
    }
}
