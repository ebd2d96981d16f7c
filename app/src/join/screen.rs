//! The terminal's screen: what is shown on it, when, and whether it is ours.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_signal::{Signal, Signals};
use chat_core::Instant;
use futures_lite::Stream;

use super::Moved;
use super::link::Link;
use super::style::Style;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::system::{Printer, RawMode, TERMINAL_CHANGES, is_foreground, stop_job, terminal_size};
use crate::terminal::{Draft, Painter, RELEASE, Size, lay_out};

/// Lines that come within this time are shown together: no eye sees more, and a flood does not
/// paint the draft for every line.
const FRAME: Duration = Duration::from_millis(10);

/// Bytes of lines that do not wait for others.
const BURST: usize = 32 * 1024;

/// How often to look whether other programs still have the terminal. A shell that gives it back to
/// a job that runs already says nothing.
const LOOK: Duration = Duration::from_millis(200);

/// How long it may take to stop after that was asked for. What is not stopped then cannot be.
const STOPPING: Duration = Duration::from_millis(100);

/// A terminal in raw mode, and what stands on it.
pub(super) struct Screen {
    clock: Clock,
    style: Style,
    painter: Painter,
    /// Whether it is to be painted although no line comes.
    is_stale: bool,
    /// When it may be painted next for the sake of lines.
    frame_at: Instant,
    printer: Printer,
    mode: RawMode,
    changes: Signals,
    hold: Hold,
}

/// Who has the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Ours,
    /// It is to be given away.
    Leaving,
    /// What stands on it is being taken away.
    Withdrawing,
    /// It is given away; if we are not stopped by then, nobody wanted it.
    Until(Instant),
    /// Other programs have it; that is looked at again then.
    Others(Instant),
}

impl Screen {
    pub(super) fn new(style: Style, clock: Clock) -> Result<Self, Failure> {
        let changes = Signals::new(TERMINAL_CHANGES).map_err(Failure::signals)?;
        let printer = Printer::start().map_err(Failure::thread)?;
        let mode = RawMode::enter(RELEASE)
            .map_err(|error| Failure::new("cannot set the terminal's mode", &error))?;
        Ok(Self {
            clock,
            painter: Painter::new(
                size(),
                crate::terminal::reflows(&|name| std::env::var_os(name)),
                style.dim(),
            ),
            style,
            is_stale: true,
            frame_at: clock.now(),
            printer,
            mode,
            changes,
            hold: Hold::Ours,
        })
    }

    /// The draft has changed.
    pub(super) fn repaint(&mut self) {
        self.is_stale = true;
    }

    /// Rings the bell.
    pub(super) fn ring(&mut self) {
        self.painter.ring();
        self.is_stale = true;
    }

    /// Clears all but the draft.
    pub(super) fn clear(&mut self) {
        self.painter.clear();
        self.is_stale = true;
    }

    /// Lets the shell have the terminal, and stops until it continues us.
    pub(super) fn give_away(&mut self) {
        if self.hold == Hold::Ours {
            self.hold = Hold::Leaving;
        }
    }

    /// Shows what has changed, if the terminal has taken what was shown before.
    ///
    /// # Errors
    ///
    /// It takes nothing any more.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        link: &mut Link<'_>,
        draft: &Draft,
    ) -> io::Result<Moved> {
        let changed = self.take_changes(cx);
        let Poll::Ready(idle) = self.printer.poll_idle(cx) else { return Ok(changed) };
        idle?;
        match self.hold {
            Hold::Ours if self.is_due(link.waiting()) => self.begin_frame(link, draft),
            Hold::Leaving => {
                self.hold = Hold::Withdrawing;
                self.printer.begin(self.painter.withdraw());
            }
            Hold::Withdrawing => self.stop(),
            Hold::Until(at) | Hold::Others(at) if at <= self.clock.now() => self.go_on(),
            _ => return Ok(changed),
        }
        Ok(true)
    }

    /// When [`Screen::poll`] is wanted again though nothing else happens, if `waiting` bytes of
    /// lines are to be shown.
    pub(super) fn wanted_at(&self, waiting: usize) -> Option<Instant> {
        match self.hold {
            _ if self.printer.is_busy() => None,
            Hold::Ours if waiting > 0 => Some(self.frame_at),
            Hold::Until(at) | Hold::Others(at) => Some(at),
            _ => None,
        }
    }

    /// Shows what is left to show, and gives the terminal back as it was, with `farewell` below
    /// what stands there, or else as if no draft had been. While other programs have it, they have
    /// it as it was, and nothing is shown.
    pub(super) async fn leave(
        &mut self,
        link: &mut Link<'_>,
        draft: &Draft,
        farewell: Option<&str>,
    ) {
        let _ = self.printer.idle().await;
        if matches!(self.hold, Hold::Withdrawing | Hold::Until(_) | Hold::Others(_)) {
            self.go_on();
        }
        if let Hold::Others(_) = self.hold {
            return;
        }
        self.begin_frame(link, draft);
        let _ = self.printer.idle().await;
        let last = match farewell {
            None if draft.is_empty() => self.painter.withdraw(),
            farewell => self.painter.farewell(farewell.unwrap_or("\n")),
        };
        let _ = self.printer.print(last).await;
    }

    fn is_due(&self, waiting: usize) -> bool {
        let is_time = waiting >= BURST || self.frame_at <= self.clock.now();
        self.is_stale || (is_time && waiting > 0)
    }

    fn begin_frame(&mut self, link: &mut Link<'_>, draft: &Draft) {
        self.is_stale = false;
        self.frame_at = self.clock.now() + FRAME;
        self.painter.resize(size());
        let above = self.style.show(link.take_lines(), "\r\n");
        let pending = String::from_utf8_lossy(link.unsent());
        let rows = lay_out(&pending, &draft.view(), self.painter.columns());
        self.printer.begin(self.painter.frame(&above, &rows));
    }

    fn take_changes(&mut self, cx: &mut Context<'_>) -> Moved {
        match Pin::new(&mut self.changes).poll_next(cx) {
            Poll::Ready(Some(Ok(Signal::Cont))) => self.go_on(),
            // The next frame asks for the size.
            Poll::Ready(Some(Ok(_))) => self.is_stale = true,
            Poll::Ready(Some(Err(_))) => {}
            Poll::Ready(None) | Poll::Pending => return false,
        }
        true
    }

    fn stop(&mut self) {
        self.mode.suspend();
        self.hold = Hold::Until(self.clock.now() + STOPPING);
        // If that fails we go on soon.
        let _ = stop_job();
    }

    /// We are continued, or were not stopped, or may have the terminal back.
    fn go_on(&mut self) {
        if !is_foreground() {
            self.hold = Hold::Others(self.clock.now() + LOOK);
            return;
        }
        if !self.mode.is_entered() {
            // Another program had the terminal, and has left it as it pleased.
            self.painter.forget();
            // If that fails the terminal is gone, which is read next.
            let _ = self.mode.resume();
        }
        self.hold = Hold::Ours;
        self.is_stale = true;
    }
}

/// The size of the terminal at standard output.
fn size() -> Size {
    let (columns, rows) = terminal_size().unwrap_or_default();
    Size::reported(columns, rows)
}
