//! The client on a terminal: a line editor below what the room says.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_signal::{Signal, Signals};
use chat_core::{FAREWELL, Instant};
use futures_lite::Stream;
use futures_lite::future::or;
use rustix::process::kill_current_process_group;

use super::connection::Moved;
use super::keyboard::{self, Typed};
use super::link::Link;
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

/// Moves what is typed to the room, and what the room says to the terminal.
struct Session<'a> {
    clock: Clock,
    alarm: Alarm,
    link: Link<'a>,

    keyboard: Pin<Box<Typed>>,
    keys: Keys,
    /// When a key that is undecided is decided.
    escape_at: Option<Instant>,
    draft: Draft,

    style: Style,
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
            clock,
            alarm: Alarm::new(clock),
            link: Link::new(place, args.no_reconnect, clock),
            keyboard: Box::pin(keyboard),
            keys: Keys::default(),
            escape_at: None,
            draft: Draft::new(),
            painter: Painter::new(Size::now(), style.dim()),
            style,
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
            moved |= self.link.poll(cx)?;
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
        if self.link.unsent().len() >= ENOUGH {
            return self.painter.ring();
        }
        let mut text = self.draft.take();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.link.send(&text);
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
        let waiting = self.link.waiting();
        let is_due = waiting >= ENOUGH || self.frame_at <= self.clock.now();
        if self.is_stale || (is_due && waiting > 0) {
            self.begin_frame();
            return Ok(true);
        }
        Ok(false)
    }

    fn begin_frame(&mut self) {
        self.is_stale = false;
        self.frame_at = self.clock.now() + FRAME;
        let above = self.style.show(self.link.take_lines(), "\r\n");
        let pending = String::from_utf8_lossy(self.link.unsent()).into_owned();
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
        let may_print = !self.is_printing && self.suspension == Suspension::No;
        let frame_at = (may_print && self.link.waiting() > 0).then_some(self.frame_at);
        let resume_at = if let Suspension::Until(at) = self.suspension { Some(at) } else { None };
        let next = [self.escape_at, frame_at, self.link.next_attempt(), resume_at]
            .into_iter()
            .flatten()
            .min();
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

    /// Closes the connection when all that was entered is sent. A second Ctrl+C ends that.
    async fn leave_room(&mut self) {
        self.link.begin_close();
        poll_fn(|cx| {
            if self.link.poll_close(cx).is_ready() {
                return Poll::Ready(());
            }
            while let Poll::Ready(typed) = self.keyboard.as_mut().poll_next(cx) {
                match typed {
                    Some(Ok(bytes)) if !bytes.contains(&CTRL_C) => {}
                    _ => return Poll::Ready(()),
                }
            }
            Poll::Pending
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
        let is_nothing_left = self.draft.is_empty() && self.link.unsent().is_empty();
        let last = match farewell {
            "\n" if is_nothing_left => self.painter.withdraw(),
            farewell => self.painter.farewell(farewell),
        };
        let _ = self.printer.print(last).await;
    }
}

/// What Ctrl+C sends while the terminal is in raw mode.
const CTRL_C: u8 = 0x03;
