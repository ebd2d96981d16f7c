//! The plain client: lines in, lines out, like any Unix filter.

mod unsent;
mod way;

use std::future;
use std::io;
use std::mem;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use chat_core::{FAREWELL, Lines, Wishes};
use futures_lite::future::{or, yield_now};
use smol::Timer;

use super::connection::{Connection, Opening};
use super::form::Form;
use super::ignoring::obey;
use super::person::{Deed, Person};
use super::route::{Next, Route, Step};
use crate::clock::{Clock, PATIENCE, within};
use crate::failure::{Failure, complain};
use crate::net::{Place, Reached};
use crate::progress::Progress;
use crate::settings::Patience;
use crate::system::{Audience, Interrupts, Keyboard, Outlook, Printer, outlook, widen_output};
use unsent::Unsent;
use way::Way;

/// Steps taken before signals are looked at again.
const STEPS: usize = 16;

/// Bytes of lines above which no more are collected for the end.
const MOST_SHOWN: usize = 1024 * 1024;

/// A pause in the input after which no more of it is waited for, once the connection has ended: far
/// more than a program takes that writes on as fast as it is read.
const PAUSE: Duration = Duration::from_millis(100);

/// How a filter joins.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// Whether to go on receiving after the end of the input.
    pub(super) stays: bool,
    pub(super) patience: Patience,
    /// Whether somebody is at a terminal.
    pub(super) is_personal: bool,
}

/// Joins a room until the input, the server or a signal ends it.
pub(super) async fn join(
    places: &[Place],
    wishes: Option<Wishes>,
    mut form: Form,
    manner: Manner,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::new().map_err(Failure::signals)?;
    widen_output();
    let mut printer = Printer::start().map_err(Failure::thread)?;

    let mut route = Route::new(places);
    let waits = manner.patience.waits;
    let connected = async { Some(first_connection(&mut route, waits).await) };
    let Some(reached) = or(connected, interrupts.interrupted()).await else {
        interrupts.finish_within_patience(printer.print(FAREWELL)).await;
        return Ok(());
    };
    let reached = reached?;
    let greeting = route.reached(&reached.addresses, &reached.tried);
    let opening = Opening::with(wishes.as_ref());
    let mut session = Session {
        shown: form.connected(&route.place().to_string()),
        route,
        manner,
        connection: Connection::new(reached.socket, manner.stays, greeting, opening),
        wishes,
        way: Way::Connected(Instant::now()),
        has_joined: false,
        lost: 0,
        keyboard: Some(Keyboard::start().map_err(Failure::thread)?),
        person: manner.is_personal.then(Person::default),
        input_error: None,
        form,
        clock: Clock::new(),
        printer,
        audience: Audience::watch().map_err(Failure::thread)?,
    };
    let ended = async { Some(session.run().await) };
    if let Some(end) = or(ended, interrupts.interrupted()).await {
        return end;
    }
    if session.wishes.is_some() {
        interrupts.finish_within_patience(session.take_leave()).await;
    }
    interrupts.finish_within_patience(session.say_farewell()).await;
    Ok(())
}

/// Connects to the first place that can be reached. Where none can it fails, or `waits` and tries
/// them all again. Says of each place once why it cannot be reached.
async fn first_connection(route: &mut Route<'_>, waits: bool) -> Result<Reached, Failure> {
    loop {
        let failure = match route.attempt().await {
            Ok(reached) => return Ok(reached),
            Err(failure) => failure,
        };
        let Step { next, is_news } = route.failed(&failure);
        match next {
            Next::Address | Next::Place if is_news => {
                complain([failure.with(route.consequence(next))]);
            }
            Next::Address | Next::Place => {}
            Next::Round if waits => {
                complain(Some(failure).filter(|_| is_news));
                Timer::after(route.wait()).await;
            }
            Next::Round => return Err(failure),
        }
    }
}

/// Moves bytes between a connection, standard input and standard output.
struct Session<'a> {
    route: Route<'a>,
    manner: Manner,
    wishes: Option<Wishes>,
    /// The connection, or the last one.
    connection: Connection,
    way: Way<'a>,
    /// Whether a room has ever let us in.
    has_joined: bool,
    /// Lines that a new room was not sent.
    lost: usize,
    /// `None` once it has ended.
    keyboard: Option<Keyboard>,
    /// Whoever sits there, if it is a terminal.
    person: Option<Person>,
    /// Why standard input could not be read to its end.
    input_error: Option<io::Error>,
    form: Form,
    clock: Clock,
    /// Bytes to print before the lines that the connection holds.
    shown: Vec<u8>,
    printer: Printer,
    /// Whoever reads standard output.
    audience: Audience,
}

impl Session<'_> {
    /// Runs until the server's side has ended for good and all that it said is printed, or until
    /// nobody reads the output any more.
    ///
    /// # Errors
    ///
    /// The server ended before the user did, the output failed, or the input did.
    async fn run(&mut self) -> Result<(), Failure> {
        let failure = match future::poll_fn(|cx| self.poll(cx)).await {
            Err(error) if outlook(&error) == Outlook::Unread => {
                within(PATIENCE, self.leave()).await;
                return Ok(());
            }
            Err(error) => Failure::output(&error),
            Ok(end) => match (self.input_error.take(), end) {
                (Some(error), _) => Failure::new("cannot read standard input", &error),
                (None, Some(failure)) => failure,
                (None, None) if self.lost > 0 => {
                    let unsent = Unsent { lines: self.lost, goes_on: false };
                    return Err(Failure::unsent(format_args!("{unsent} to a new room")));
                }
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
        while self.move_on().await == Progress::Made {
            self.discard_lines();
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

    /// Sends what was entered, and tells the room that the session is over: the name is free.
    async fn take_leave(&mut self) {
        self.connection.client.break_off_input();
        self.connection.stay_no_longer();
        while self.move_on().await == Progress::Made {
            if self.shown.len() < MOST_SHOWN {
                self.collect_lines();
            }
        }
    }

    /// Waits until the connection gets any further, unless it has ended.
    async fn move_on(&mut self) -> Progress {
        if !matches!(self.way, Way::Connected(_)) || self.connection.has_ended() {
            return Progress::Stalled;
        }
        let moved = future::poll_fn(|cx| match self.connection.poll(cx) {
            Progress::Made => Poll::Ready(Progress::Made),
            Progress::Stalled => Poll::Pending,
        });
        let progress = moved.await;
        // A server that never makes it wait does not keep it either.
        yield_now().await;
        progress
    }

    /// Prints what is left to print, and the farewell.
    async fn say_farewell(&mut self) {
        let _ = self.printer.idle().await;
        let mut bytes = self.take_shown();
        if matches!(self.form, Form::Text { .. }) {
            bytes.extend_from_slice(FAREWELL.as_bytes());
        }
        let _ = self.printer.print(bytes).await;
    }

    /// Ready when the session is over, with the reason if the user did not want that; an error is
    /// one of standard output.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Failure>>> {
        if self.audience.poll_gone(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        for _ in 0..STEPS {
            let progress = self.take_typed(cx) | self.advance(cx) | self.print(cx)?;
            if let Way::Over(end) = &mut self.way
                && self.shown.is_empty()
                && !self.printer.is_busy()
            {
                return Poll::Ready(Ok(end.take()));
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
            Poll::Ready(Ok(bytes)) => match &mut self.person {
                None => client.type_in(bytes),
                Some(person) => {
                    let knows_commands = client.knows_commands() || client.is_asking();
                    let deeds = person.type_in(bytes, knows_commands);
                    deeds.into_iter().for_each(|deed| self.act(deed));
                }
            },
            Poll::Ready(Err(error)) => self.end_input(Some(error)),
            Poll::Pending => return Progress::Stalled,
        }
        Progress::Made
    }

    /// Does what somebody at a terminal has asked for.
    fn act(&mut self, deed: Deed) {
        let told = match (deed, self.form.people()) {
            (Deed::Send(bytes), _) => return self.connection.client.type_in(&bytes),
            (Deed::Tell(line), _) => vec![line],
            (Deed::Obey(word, rest), Some(people)) => obey(people, word, &rest),
            (Deed::Obey(..), None) => return,
        };
        self.collect_lines();
        told.iter().for_each(|line| self.shown.extend(format!("{line}\n").bytes()));
    }

    fn end_input(&mut self, error: Option<io::Error>) {
        let begun = self.person.as_mut().map(Person::end).unwrap_or_default();
        self.connection.client.type_in(&begun);
        self.keyboard = None;
        self.input_error = error;
        self.connection.client.end_of_input();
    }

    fn print(&mut self, cx: &mut Context<'_>) -> io::Result<Progress> {
        let Poll::Ready(idle) = self.printer.poll_idle(cx) else { return Ok(Progress::Stalled) };
        idle?;
        let bytes = self.take_shown();
        if bytes.is_empty() {
            return Ok(Progress::Stalled);
        }
        self.printer.begin(bytes);
        Ok(Progress::Made)
    }

    /// Takes what is to be printed.
    fn take_shown(&mut self) -> Vec<u8> {
        self.collect_lines();
        mem::take(&mut self.shown)
    }

    /// Takes from the connection the lines that are to be printed.
    fn collect_lines(&mut self) {
        let Connection { client, .. } = &mut self.connection;
        if client.lines().is_empty() || !self.connection.is_introduced() {
            return;
        }
        let memory = if self.shown.is_empty() { self.printer.memory() } else { Vec::new() };
        let client = &mut self.connection.client;
        let lines = client.take_lines(Lines::with_memory(memory));
        let bytes = self.form.show(lines, client.own_name(), self.clock.now());
        if self.shown.is_empty() {
            self.shown = bytes;
        } else {
            self.shown.extend(bytes);
        }
    }
}
