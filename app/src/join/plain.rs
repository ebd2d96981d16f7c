//! The plain client: lines in, lines out, like any Unix filter.

use std::fmt;
use std::future;
use std::io;
use std::mem;
use std::net::TcpStream;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use chat_core::{FAREWELL, Lines};
use futures_lite::future::{or, yield_now};
use smol::{Async, Timer};

use super::backoff::Backoff;
use super::connection::Connection;
use crate::clock::{PATIENCE, within};
use crate::failure::{Failure, complain};
use crate::net::{Place, connect};
use crate::progress::Progress;
use crate::style::Style;
use crate::system::{Audience, Interrupts, Keyboard, Outlook, Printer, outlook, widen_output};

/// Steps taken before signals are looked at again.
const STEPS: usize = 16;

/// A pause in the input after which no more of it is waited for, once the connection has ended: far
/// more than a program takes that writes on as fast as it is read.
const PAUSE: Duration = Duration::from_millis(100);

/// Joins a room until the input, the server or a signal ends it.
pub(super) async fn join(
    place: &Place,
    style: Style,
    stays: bool,
    waits: bool,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::new().map_err(Failure::signals)?;
    widen_output();
    let mut printer = Printer::start().map_err(Failure::thread)?;

    let connected =
        async { Some(if waits { wait_for(place).await } else { connect(place).await }) };
    let Some(socket) = or(connected, interrupts.interrupted()).await else {
        interrupts.finish_within_patience(printer.print(FAREWELL)).await;
        return Ok(());
    };
    let connection = Connection::new(socket?, stays);
    let mut session = Session {
        connection,
        keyboard: Some(Keyboard::start().map_err(Failure::thread)?),
        input_error: None,
        style,
        printer,
        audience: Audience::watch().map_err(Failure::thread)?,
    };
    let ended = async { Some(session.run(place).await) };
    if let Some(end) = or(ended, interrupts.interrupted()).await {
        return end;
    }
    interrupts.finish_within_patience(session.say_farewell()).await;
    Ok(())
}

/// Connects as soon as that is possible. Says once why it is not.
async fn wait_for(place: &Place) -> Result<Arc<Async<TcpStream>>, Failure> {
    let mut backoff = Backoff::new();
    let mut complains = true;
    loop {
        match connect(place).await {
            Err(failure) if mem::take(&mut complains) => complain([failure]),
            Err(_) => {}
            Ok(socket) => return Ok(socket),
        }
        Timer::after(backoff.wait()).await;
    }
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
    /// Whoever reads standard output.
    audience: Audience,
}

impl Session {
    /// Runs until the server's side has ended and all that it said is printed, or until nobody
    /// reads the output any more.
    ///
    /// # Errors
    ///
    /// The server ended before the user did, the output failed, or the input did.
    async fn run(&mut self, place: &Place) -> Result<(), Failure> {
        let failure = match future::poll_fn(|cx| self.poll(cx)).await {
            Err(error) if outlook(&error) == Outlook::Unread => {
                within(PATIENCE, self.leave()).await;
                return Ok(());
            }
            Err(error) => Failure::output(&error),
            Ok(()) => match (self.input_error.take(), self.connection.take_failure()) {
                (Some(error), _) => Failure::new("cannot read standard input", &error),
                (None, Some(error)) => Failure::connection_ended(place, &error),
                (None, None) => return Ok(()),
            },
        };
        Err(match self.count_unsent().await {
            Unsent { lines: 0, .. } => failure,
            unsent => failure.with(unsent),
        })
    }

    /// Leaves, as nobody reads the output any more, and sends first what has come in by now: one
    /// chunk at the most, as there may be no end of it.
    async fn leave(&mut self) {
        future::poll_fn(|cx| Poll::Ready(self.take_typed(cx))).await;
        self.keyboard = None;
        self.connection.client.break_off_input();
        self.connection.stay_no_longer();
        while !self.connection.has_ended() {
            future::poll_fn(|cx| match self.connection.poll(cx) {
                Progress::Made => Poll::Ready(()),
                Progress::Stalled => Poll::Pending,
            })
            .await;
            self.discard_lines();
            // A server that never makes it wait does not keep it either.
            yield_now().await;
        }
    }

    fn discard_lines(&mut self) {
        let _ = self.connection.client.take_lines(Lines::default());
    }

    /// Counts the lines of the input that were not sent, now that no more are: those that were
    /// read, and those that can still be read, as far as that goes on without a pause.
    async fn count_unsent(&mut self) -> Unsent {
        self.discard_lines();
        let began = Instant::now();
        let mut unsent = Unsent { lines: self.connection.client.forget_unsent(), goes_on: false };
        while !unsent.goes_on && within(PAUSE, self.read_on()).await == Some(Progress::Made) {
            unsent.lines += self.connection.client.forget_unsent();
            unsent.goes_on = began.elapsed() > PATIENCE;
        }
        // A line without an end is one too.
        self.connection.client.end_of_input();
        unsent.lines += self.connection.client.forget_unsent();
        unsent
    }

    /// Waits for more input and takes it, unless it has ended.
    async fn read_on(&mut self) -> Progress {
        future::poll_fn(|cx| match self.take_typed(cx) {
            Progress::Stalled if self.keyboard.is_some() => Poll::Pending,
            progress => Poll::Ready(progress),
        })
        .await
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
        if self.audience.poll_gone(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
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

/// What was not sent of the input.
struct Unsent {
    lines: usize,
    /// Whether there is more, which is not counted.
    goes_on: bool,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.goes_on { "at least " } else { "" };
        match self.lines {
            1 => write!(f, "{at_least}1 line was not sent"),
            lines => write!(f, "{at_least}{lines} lines were not sent"),
        }
    }
}
