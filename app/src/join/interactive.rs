//! The client on a terminal: a line editor below what the room says.

use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use async_signal::{Signal, Signals};
use chat_core::{FAREWELL, Instant, Line};
use futures_lite::Stream;
use futures_lite::future::or;
use rustix::process::kill_current_process_group;
use smol::Async;

use super::backoff::Backoff;
use super::connect;
use super::connection::{Connection, Moved};
use super::keyboard::{self, Typed};
use super::style::Style;
use crate::args::Join;
use crate::clock::{Alarm, Clock, PATIENCE, within};
use crate::failure::Failure;
use crate::place::Place;
use crate::signals::Interrupts;
use crate::stdio::Printer;
use crate::terminal::{Draft, Effect, Key, Keys, Painter, RawMode, Size, lay_out};

/// How long after ESC what follows may belong to it. Terminals send a sequence in one go; only a
/// network can cut it.
const ESCAPE: Duration = Duration::from_millis(50);

/// Lines that come within this time are shown together: no eye sees more, and a flood does not
/// paint the draft for every line.
const FRAME: Duration = Duration::from_millis(10);

/// Bytes that wait to be shown, or to be sent, above which nothing waits for more.
const ENOUGH: usize = 32 * 1024;

/// How long it may take to stop after that was asked for. What is not stopped then cannot be.
const STOPPING: Duration = Duration::from_millis(100);

/// Joins a room, again and again if the connection ends, until the user or a signal ends it.
pub(super) async fn join(args: &Join, place: &Place<'_>, style: Style) -> Result<(), Failure> {
    let mut interrupts = Interrupts::with_hang_up()?;
    let mut session = Session::new(args, place, style)?;
    let ended = async { Some(poll_fn(|cx| session.poll(cx)).await) };
    let end = or(ended, interrupts.or_none()).await.unwrap_or(Ok(()));
    match &end {
        Ok(()) => {
            let _ = or(within(PATIENCE, session.leave_room()), interrupts.or_none()).await;
            interrupts.let_finish(session.leave_terminal(FAREWELL)).await;
        }
        Err(_) => interrupts.let_finish(session.leave_terminal("\n")).await,
    }
    end
}

type Socket = Arc<Async<TcpStream>>;

/// The way to the room.
enum Link<'a> {
    Connecting(Pin<Box<dyn Future<Output = Result<Socket, Failure>> + 'a>>),
    Connected(Box<Connection>),
    /// Until it is time to connect again.
    Waiting(Instant),
}

/// Moves what is typed to the room, and what the room says to the terminal.
struct Session<'a> {
    place: &'a Place<'a>,
    no_reconnect: bool,
    clock: Clock,
    alarm: Alarm,

    link: Link<'a>,
    connected_at: time::Instant,
    backoff: Backoff,
    /// Whether a room has let us in.
    has_joined: bool,
    /// Lines that were typed and not sent while there is no connection.
    unsent: Vec<u8>,

    keyboard: Pin<Box<Typed>>,
    keys: Keys,
    /// When a key that is undecided is decided.
    escape_at: Option<Instant>,
    draft: Draft,

    style: Style,
    /// Lines that are to be shown.
    lines: Vec<u8>,
    /// What was last said of the connection.
    said: String,
    painter: Painter,
    /// Whether the draft is to be painted although no line comes.
    is_stale: bool,
    /// When the next frame may be shown for the sake of lines.
    frame_at: Instant,
    printer: Printer,
    is_printing: bool,

    mode: RawMode,
    /// The terminal has another size, or we have it back.
    changes: Signals,
    suspension: Suspension,
}

/// Whether another program has the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspension {
    No,
    /// It is to be given away.
    Wanted,
    /// What stood on it is being taken away.
    Begun,
    /// It is given away; if we are not stopped by then, we have it still.
    Until(Instant),
}

impl<'a> Session<'a> {
    fn new(args: &Join, place: &'a Place<'a>, style: Style) -> Result<Self, Failure> {
        let changes = Signals::new([Signal::Winch, Signal::Cont]).map_err(Failure::signals)?;
        let clock = Clock::new();
        let printer = Printer::start().map_err(Failure::thread)?;
        let mode = RawMode::enter()
            .map_err(|error| Failure::new("cannot set the terminal's mode", &error))?;
        let keyboard = keyboard::read().map_err(Failure::thread)?;
        Ok(Self {
            place,
            no_reconnect: args.no_reconnect,
            clock,
            alarm: Alarm::new(clock),
            link: Link::Connecting(Box::pin(connect::connect(place))),
            connected_at: time::Instant::now(),
            backoff: Backoff::new(),
            has_joined: false,
            unsent: Vec::new(),
            keyboard: Box::pin(keyboard),
            keys: Keys::default(),
            escape_at: None,
            draft: Draft::new(),
            painter: Painter::new(Size::now(), style.dim()),
            style,
            lines: Vec::new(),
            said: String::new(),
            is_stale: true,
            frame_at: clock.now(),
            printer,
            is_printing: false,
            mode,
            changes,
            suspension: Suspension::No,
        })
    }

    /// Ready when the session is over: as the user wants it, or by a failure.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        loop {
            let Some(typed) = self.take_typed(cx) else { return Poll::Ready(Ok(())) };
            let mut moved = typed | self.take_changes(cx);
            moved |= self.follow_link(cx)?;
            moved |= self.print(cx).map_err(|error| Failure::output(&error))?;
            moved |= self.tick(cx);
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// `None` if the user wants to leave, or the terminal is gone.
    fn take_typed(&mut self, cx: &mut Context<'_>) -> Option<Moved> {
        let bytes = match self.keyboard.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => bytes,
            Poll::Ready(Some(Err(_)) | None) => return None,
            Poll::Pending => return Some(false),
        };
        let mut pressed = Vec::new();
        self.keys.feed(&bytes, &mut |key| pressed.push(key));
        self.escape_at = self.keys.is_undecided().then(|| self.clock.now() + ESCAPE);
        self.press_all(pressed).then_some(true)
    }

    /// Whether the user wants to stay.
    fn press_all(&mut self, keys: Vec<Key>) -> bool {
        keys.into_iter().all(|key| self.press(key))
    }

    /// Whether the user wants to stay.
    fn press(&mut self, key: Key) -> bool {
        self.is_stale = true;
        match self.draft.press(key) {
            Effect::Painted => {}
            Effect::Refused => self.painter.ring(),
            Effect::Entered => self.enter(),
            Effect::Cleared => self.painter.clear(),
            Effect::Suspended => self.suspension = Suspension::Wanted,
            Effect::Left => return false,
        }
        true
    }

    /// Sends the draft: each of its lines is a message.
    fn enter(&mut self) {
        if self.pending().len() >= ENOUGH {
            return self.painter.ring();
        }
        let mut text = self.draft.take();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        match &mut self.link {
            Link::Connected(connection) => connection.client.type_in(text.as_bytes()),
            _ => self.unsent.extend_from_slice(text.as_bytes()),
        }
    }

    /// What was entered and is not sent.
    fn pending(&self) -> &[u8] {
        match &self.link {
            Link::Connected(connection) => connection.client.unsent(),
            _ => &self.unsent,
        }
    }

    fn take_changes(&mut self, cx: &mut Context<'_>) -> Moved {
        match Pin::new(&mut self.changes).poll_next(cx) {
            Poll::Ready(Some(Ok(Signal::Cont))) => self.have_terminal_back(),
            Poll::Ready(Some(Ok(_))) => {
                self.painter.resize(Size::now());
                self.is_stale = true;
            }
            Poll::Ready(Some(Err(_))) => {}
            Poll::Ready(None) | Poll::Pending => return false,
        }
        true
    }

    /// Connects, moves what a connection brings, waits to connect again.
    fn follow_link(&mut self, cx: &mut Context<'_>) -> Result<Moved, Failure> {
        match &mut self.link {
            Link::Connecting(attempt) => match attempt.as_mut().poll(cx) {
                Poll::Pending => Ok(false),
                Poll::Ready(Ok(socket)) => {
                    let mut connection = Connection::new(socket, false);
                    connection.client.type_in(&std::mem::take(&mut self.unsent));
                    self.link = Link::Connected(Box::new(connection));
                    self.connected_at = time::Instant::now();
                    Ok(true)
                }
                Poll::Ready(Err(failure)) => self.connect_again(failure).map(|()| true),
            },
            Link::Connected(connection) => {
                let moved = connection.poll(cx);
                if connection.has_ended() {
                    let closed = || io::ErrorKind::ConnectionAborted.into();
                    let error = connection.failure().unwrap_or_else(closed);
                    self.unsent = connection.client.unsent().to_vec();
                    self.collect_lines();
                    self.backoff.lasted(self.connected_at.elapsed());
                    self.connect_again(Failure::connection_ended(self.place, &error))?;
                    return Ok(true);
                }
                Ok(moved)
            }
            Link::Waiting(until) => {
                let is_due = *until <= self.clock.now();
                if is_due {
                    self.link = Link::Connecting(Box::pin(connect::connect(self.place)));
                }
                Ok(is_due)
            }
        }
    }

    /// After a while; fails if that is not wanted. What is said again and again is said once.
    fn connect_again(&mut self, failure: Failure) -> Result<(), Failure> {
        if self.no_reconnect || !self.has_joined {
            return Err(failure);
        }
        let said = format!("{failure}; connecting again\n");
        if self.said != said {
            self.lines.extend_from_slice(said.as_bytes());
            self.said = said;
        }
        self.link = Link::Waiting(self.clock.now() + self.backoff.wait());
        Ok(())
    }

    /// Takes what the connection wants shown.
    fn collect_lines(&mut self) {
        let Link::Connected(connection) = &mut self.link else { return };
        let lines = connection.take_display();
        if !self.has_joined && !lines.is_empty() {
            let text = String::from_utf8_lossy(&lines);
            let first = text.split('\n').next().unwrap_or_default();
            self.has_joined = !matches!(Line::parse(first), Line::Full(_));
        }
        self.lines.extend_from_slice(&lines);
    }

    /// Shows what has changed, if the terminal has taken what was shown before.
    fn print(&mut self, cx: &mut Context<'_>) -> io::Result<Moved> {
        if self.is_printing {
            match self.printer.poll_printed(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(result) => self.is_printing = result.map(|_| false)?,
            }
            if self.suspension == Suspension::Begun {
                self.give_terminal_away();
            }
        }
        match self.suspension {
            Suspension::No => {}
            Suspension::Wanted => {
                self.suspension = Suspension::Begun;
                self.begin_print(Painter::withdraw);
                return Ok(true);
            }
            Suspension::Begun | Suspension::Until(_) => return Ok(false),
        }
        if self.lines.len() < ENOUGH {
            self.collect_lines();
        }
        let is_due = self.lines.len() >= ENOUGH || self.frame_at <= self.clock.now();
        if self.is_stale || (is_due && !self.lines.is_empty()) {
            self.begin_frame();
            return Ok(true);
        }
        Ok(false)
    }

    fn begin_frame(&mut self) {
        self.is_stale = false;
        self.frame_at = self.clock.now() + FRAME;
        let above = self.style.show(std::mem::take(&mut self.lines), "\r\n");
        let pending = String::from_utf8_lossy(self.pending()).into_owned();
        let rows = lay_out(&pending, &self.draft.view(), self.painter.columns());
        self.begin_print(|painter| painter.frame(&above, &rows));
    }

    fn begin_print(&mut self, paint: impl FnOnce(&mut Painter) -> Vec<u8>) {
        self.is_printing = true;
        self.printer.begin(paint(&mut self.painter));
    }

    /// Lets a shell have the terminal, and stops until it continues this program.
    fn give_terminal_away(&mut self) {
        self.mode.suspend();
        self.suspension = Suspension::Until(self.clock.now() + STOPPING);
        // It is the whole job that a shell stops. If that fails we go on soon.
        let _ = kill_current_process_group(rustix::process::Signal::TSTP);
    }

    fn have_terminal_back(&mut self) {
        // If that fails the terminal is gone, which is read next.
        let _ = self.mode.resume();
        self.suspension = Suspension::No;
        self.painter.forget();
        self.painter.resize(Size::now());
        self.is_stale = true;
    }

    /// Waits for the next moment that something is to be done at.
    fn tick(&mut self, cx: &mut Context<'_>) -> Moved {
        let frame_at = (!self.lines.is_empty() && !self.is_printing).then_some(self.frame_at);
        let link_at = if let Link::Waiting(until) = self.link { Some(until) } else { None };
        let resume_at = if let Suspension::Until(at) = self.suspension { Some(at) } else { None };
        let next = [self.escape_at, frame_at, link_at, resume_at].into_iter().flatten().min();
        if self.alarm.poll(next, cx).is_pending() {
            return false;
        }
        let now = self.clock.now();
        if self.escape_at.is_some_and(|at| at <= now) {
            self.escape_at = None;
            let mut pressed = Vec::new();
            self.keys.decide(&mut |key| pressed.push(key));
            // None of these keys means leaving.
            self.press_all(pressed);
        }
        if resume_at.is_some_and(|at| at <= now) {
            self.have_terminal_back();
        }
        true
    }

    /// Sends what was entered, and closes so that nothing of it is lost. A second Ctrl+C ends that.
    async fn leave_room(&mut self) {
        self.collect_lines();
        let Link::Connected(connection) = &mut self.link else { return };
        connection.client.end_of_input();
        let keyboard = &mut self.keyboard;
        poll_fn(|cx| {
            loop {
                let mut moved = connection.poll(cx);
                // Nobody reads on.
                connection.take_display();
                if connection.has_ended() {
                    return Poll::Ready(());
                }
                match keyboard.as_mut().poll_next(cx) {
                    Poll::Ready(Some(Ok(bytes))) if !bytes.contains(&CTRL_C) => moved = true,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => {}
                }
                if !moved {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }

    /// Shows what is left to show, and gives the terminal back as it was.
    async fn leave_terminal(&mut self, farewell: &str) {
        if self.is_printing {
            let _ = self.printer.printed().await;
        }
        self.begin_frame();
        let _ = self.printer.printed().await;
        let is_nothing_left = self.draft.is_empty() && self.pending().is_empty();
        let last = match farewell {
            "\n" if is_nothing_left => self.painter.withdraw(),
            farewell => self.painter.farewell(farewell),
        };
        let _ = self.printer.print(last).await;
    }
}

/// What Ctrl+C sends while the terminal is in raw mode.
const CTRL_C: u8 = 0x03;
