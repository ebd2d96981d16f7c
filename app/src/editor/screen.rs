//! The terminal's screen: what is shown on it, when, and who has it.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_signal::{Signal, Signals};
use chat_core::Instant;
use futures_lite::Stream;

use super::feed::Feed;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::style::{Bell, Style};
use crate::system::{Printer, RawMode, TERMINAL_CHANGES, is_foreground, stop_job, terminal_size};
use crate::terminal::{Draft, Painter, RELEASE, Size, lay_out};

/// What happens within this time is shown together, 60 times a second at most: no eye sees a
/// difference, and a flood does not repaint the draft for every line.
const FRAME: Duration = Duration::from_micros(16_667);

/// Bytes of lines that a frame shows at least, if there are so many, and at most. Between them a
/// terminal decides by its speed: what is typed is seen once the frame before has been taken.
const LEAST_LINES: usize = 32 * 1024;
const MOST_LINES: usize = 512 * 1024;

/// How long a terminal that was asked what it is may take to answer. An answer that comes when the
/// program has ended is typed into the shell.
const ANSWER: Duration = Duration::from_secs(1);

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
    bell: Bell,
    painter: Painter,
    /// Whether it must be painted even if no line arrives.
    is_stale: bool,
    /// What is said of the draft.
    warning: Option<&'static str>,
    /// What it says above the draft.
    status: Option<String>,
    /// When it may be painted next.
    frame_at: Instant,
    /// Since when a frame has been written that the terminal has not taken yet.
    writing_since: Option<Instant>,
    /// Bytes of lines that a frame shows at most.
    enough: usize,
    questions: Questions,
    printer: Printer,
    mode: RawMode,
    changes: Signals,
    hold: Hold,
    /// Whether lines are printed while other programs have the terminal.
    prints_in_background: bool,
}

/// Whether the terminal was asked what it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Questions {
    /// It is, once there is something to show.
    Unasked,
    /// It answers by then, or never.
    Asked(Instant),
    Answered,
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
    pub(super) fn new(
        printer: Printer,
        style: Style,
        reflows: bool,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let changes = Signals::new(TERMINAL_CHANGES).map_err(Failure::signals)?;
        let mut screen = Self {
            clock,
            painter: Painter::new(size(), reflows, style.dim()),
            style,
            bell: Bell::default(),
            is_stale: true,
            warning: None,
            status: None,
            frame_at: clock.now(),
            writing_since: None,
            enough: LEAST_LINES,
            questions: Questions::Unasked,
            printer,
            mode: RawMode::new(RELEASE),
            changes,
            hold: Hold::Others(clock.now()),
            prints_in_background: false,
        };
        screen.go_on().map_err(|error| Failure::new("cannot set the terminal's mode", &error))?;
        Ok(screen)
    }

    /// From now on lines are printed while other programs have the terminal.
    pub(super) fn print_in_background(&mut self) {
        self.prints_in_background = true;
    }

    /// The draft has changed.
    pub(super) fn repaint(&mut self) {
        self.is_stale = true;
    }

    /// Says something of the draft in a row of its own, or nothing any more. Returns what was said.
    pub(super) fn warn(&mut self, warning: Option<&'static str>) -> Option<&'static str> {
        mem::replace(&mut self.warning, warning)
    }

    /// How lines are shown.
    pub(super) fn style(&mut self) -> &mut Style {
        &mut self.style
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

    /// The terminal has sent a report.
    pub(super) fn heed(&mut self, report: &str) {
        if self.painter.heed(report) {
            self.questions = Questions::Answered;
        }
    }

    /// Returns when the terminal's answers are not waited for any more; `None` if there is nothing
    /// to wait for.
    pub(super) fn answers_by(&self) -> Option<Instant> {
        match self.questions {
            Questions::Asked(until) if until > self.clock.now() => Some(until),
            _ => None,
        }
    }

    /// Returns up to how many bytes of lines are to be collected for the next frame.
    pub(super) fn enough(&self) -> usize {
        self.enough
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
        feed: &mut impl Feed,
        draft: &Draft,
    ) -> io::Result<Progress> {
        let progress = self.take_changes(cx);
        let Poll::Ready(idle) = self.printer.poll_idle(cx) else { return Ok(progress) };
        idle?;
        self.note_speed();
        self.note_status(feed);
        match self.hold {
            Hold::Ours if self.is_due(feed.waiting()) => self.begin_frame(feed, draft),
            Hold::Leaving => {
                self.hold = Hold::Withdrawing;
                self.printer.begin(self.painter.withdraw());
            }
            Hold::Withdrawing if self.answers_by().is_none() => self.stop(),
            Hold::Until(at) | Hold::Others(at) if at <= self.clock.now() => {
                // If that fails the terminal is gone, which the next read finds out.
                let _ = self.go_on();
            }
            Hold::Others(_) if self.prints_in_background && feed.waiting() > 0 => {
                self.printer.begin(self.style.show(feed.take_lines(), "\n"));
            }
            _ => return Ok(progress),
        }
        Ok(Progress::Made)
    }

    /// When [`Screen::poll`] must be called again even if nothing else happens, while `waiting`
    /// bytes of lines are to be shown.
    pub(super) fn wanted_at(&self, waiting: usize) -> Option<Instant> {
        match self.hold {
            _ if self.printer.is_busy() => None,
            Hold::Ours if self.is_stale || waiting > 0 => Some(self.frame_at),
            Hold::Withdrawing => self.answers_by(),
            Hold::Until(at) | Hold::Others(at) => Some(at),
            _ => None,
        }
    }

    /// Shows what is left to show, takes the draft away, and gives the terminal back as it was, with
    /// `farewell` below what stands there. If other programs have the terminal, they have it as it
    /// was, and nothing is painted.
    ///
    /// # Errors
    ///
    /// Not all of that could be written; the rest was tried all the same.
    pub(super) async fn leave(
        &mut self,
        feed: &mut impl Feed,
        draft: &Draft,
        farewell: &str,
    ) -> io::Result<()> {
        let before = self.printer.idle().await;
        if matches!(self.hold, Hold::Withdrawing | Hold::Until(_) | Hold::Others(_)) {
            let _ = self.go_on();
        }
        if let Hold::Others(_) = self.hold {
            if self.prints_in_background {
                let mut last = self.style.show(feed.take_lines(), "\n");
                last.extend_from_slice(farewell.as_bytes());
                return before.and(self.printer.print(last).await);
            }
            return before;
        }
        self.note_status(feed);
        self.begin_frame(feed, draft);
        let shown = self.printer.idle().await;
        let mut last = self.painter.withdraw();
        last.extend_from_slice(farewell.replace('\n', "\r\n").as_bytes());
        let left = self.printer.print(last).await;
        before.and(shown).and(left)
    }

    /// Gives the terminal back as it was.
    pub(super) fn into_printer(self) -> Printer {
        self.printer
    }

    fn is_due(&self, waiting: usize) -> bool {
        (self.is_stale || waiting > 0) && self.frame_at <= self.clock.now()
    }

    fn begin_frame(&mut self, feed: &mut impl Feed, draft: &Draft) {
        let now = self.clock.now();
        self.is_stale = false;
        self.frame_at = now + FRAME;
        self.writing_since = Some(now);
        self.painter.resize(size());
        let above = self.style.show(feed.take_lines(), "\n");
        if self.style.take_call() && self.bell.rings(now) {
            self.painter.ring();
        }
        if !above.is_empty() && self.questions == Questions::Unasked {
            self.questions = Questions::Asked(now + ANSWER);
            self.painter.ask();
        }
        let mut rows = lay_out(&feed.pending(), &draft.view(), self.painter.columns());
        if let Some(status) = &self.status {
            rows.put_above(status, self.painter.columns());
        }
        self.printer.begin(self.painter.frame(&String::from_utf8_lossy(&above), &rows));
    }

    fn note_status(&mut self, feed: &impl Feed) {
        let status = self.warning.map(str::to_owned).or_else(|| feed.status());
        self.is_stale |= status != self.status;
        self.status = status;
    }

    /// The terminal has taken a frame: the faster it does, the more the next ones show.
    fn note_speed(&mut self) {
        let Some(since) = self.writing_since.take() else { return };
        let now = self.clock.now();
        self.enough = match self.enough {
            enough if now > since + 2 * FRAME => (enough / 2).max(LEAST_LINES),
            enough if now < since + FRAME => (enough * 2).min(MOST_LINES),
            enough => enough,
        };
    }

    fn take_changes(&mut self, cx: &mut Context<'_>) -> Progress {
        match Pin::new(&mut self.changes).poll_next(cx) {
            Poll::Ready(Some(Ok(Signal::Cont))) => {
                let _ = self.go_on();
            }
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
    fn go_on(&mut self) -> io::Result<()> {
        if !is_foreground() {
            self.hold = Hold::Others(self.clock.now() + LOOK);
            return Ok(());
        }
        self.hold = Hold::Ours;
        self.is_stale = true;
        if self.mode.is_entered() {
            return Ok(());
        }
        // Another program had the terminal, and left it in any state.
        self.painter.forget();
        self.mode.enter()
    }
}

/// The size of the terminal at standard output.
fn size() -> Size {
    let (columns, rows) = terminal_size().unwrap_or_default();
    Size::reported(columns, rows)
}
