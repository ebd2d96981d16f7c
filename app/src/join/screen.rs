//! The terminal's screen: what is shown on it, when, and who has it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_signal::{Signal, Signals};
use chat_core::Instant;
use futures_lite::Stream;

use super::link::Link;
use super::progress::Progress;
use super::style::Style;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::system::{Printer, RawMode, TERMINAL_CHANGES, is_foreground, stop_job, terminal_size};
use crate::terminal::{Draft, Painter, RELEASE, Size, lay_out};

/// Lines that arrive within this time are shown together: no eye sees a difference, and a flood
/// does not repaint the draft for every line.
const FRAME: Duration = Duration::from_millis(10);

/// Bytes of lines that are shown without waiting for more.
const BURST: usize = 32 * 1024;

/// How often to check whether other programs still have the terminal. A shell that gives it back to
/// a job which is running already does not say so.
const LOOK: Duration = Duration::from_millis(200);

/// How long a stop may take after it was asked for. A program that still runs then cannot be
/// stopped.
const STOPPING: Duration = Duration::from_millis(100);

/// A terminal in raw mode, and what stands on it.
pub(super) struct Screen {
    clock: Clock,
    style: Style,
    painter: Painter,
    /// Whether it must be painted even if no line arrives.
    is_stale: bool,
    /// When it may be painted next just to show lines.
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
    /// Other programs have it; check again then.
    Others(Instant),
}

impl Screen {
    pub(super) fn new(style: Style, reflows: bool, clock: Clock) -> Result<Self, Failure> {
        let changes = Signals::new(TERMINAL_CHANGES).map_err(Failure::signals)?;
        let printer = Printer::start().map_err(Failure::thread)?;
        let mode = RawMode::enter(RELEASE)
            .map_err(|error| Failure::new("cannot set the terminal's mode", &error))?;
        Ok(Self {
            clock,
            painter: Painter::new(size(), reflows, style.dim()),
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

    /// Clears everything but the draft.
    pub(super) fn clear(&mut self) {
        self.painter.clear();
        self.is_stale = true;
    }

    /// Gives the terminal to the shell, and stops until that continues us.
    pub(super) fn give_away(&mut self) {
        if self.hold == Hold::Ours {
            self.hold = Hold::Leaving;
        }
    }

    /// Shows what has changed, if the terminal has accepted what was shown before.
    ///
    /// # Errors
    ///
    /// It accepts nothing any more.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        link: &mut Link<'_>,
        draft: &Draft,
    ) -> io::Result<Progress> {
        let progress = self.take_changes(cx);
        let Poll::Ready(idle) = self.printer.poll_idle(cx) else { return Ok(progress) };
        idle?;
        match self.hold {
            Hold::Ours if self.is_due(link.waiting()) => self.begin_frame(link, draft),
            Hold::Leaving => {
                self.hold = Hold::Withdrawing;
                self.printer.begin(self.painter.withdraw());
            }
            Hold::Withdrawing => self.stop(),
            Hold::Until(at) | Hold::Others(at) if at <= self.clock.now() => self.go_on(),
            _ => return Ok(progress),
        }
        Ok(Progress::Made)
    }

    /// When [`Screen::poll`] must be called again even if nothing else happens, while `waiting`
    /// bytes of lines are to be shown.
    pub(super) fn wanted_at(&self, waiting: usize) -> Option<Instant> {
        match self.hold {
            _ if self.printer.is_busy() => None,
            Hold::Ours if waiting > 0 => Some(self.frame_at),
            Hold::Until(at) | Hold::Others(at) => Some(at),
            _ => None,
        }
    }

    /// Shows what is left to show, and gives the terminal back as it was: with `farewell` below
    /// what stands there or, without one, as if there had been no draft. If other programs have the
    /// terminal, they have it as it was, and nothing is shown.
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

    fn take_changes(&mut self, cx: &mut Context<'_>) -> Progress {
        match Pin::new(&mut self.changes).poll_next(cx) {
            Poll::Ready(Some(Ok(Signal::Cont))) => self.go_on(),
            // The next frame asks for the size.
            Poll::Ready(Some(Ok(_))) => self.is_stale = true,
            Poll::Ready(Some(Err(_))) => {}
            Poll::Ready(None) | Poll::Pending => return Progress::Stalled,
        }
        Progress::Made
    }

    fn stop(&mut self) {
        self.mode.suspend();
        self.hold = Hold::Until(self.clock.now() + STOPPING);
        // If that fails we soon go on.
        let _ = stop_job();
    }

    /// We are continued, or were not stopped, or may take the terminal back.
    fn go_on(&mut self) {
        if !is_foreground() {
            self.hold = Hold::Others(self.clock.now() + LOOK);
            return;
        }
        if !self.mode.is_entered() {
            // Another program had the terminal, and left it in any state.
            self.painter.forget();
            // If that fails the terminal is gone, which the next read finds out.
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
