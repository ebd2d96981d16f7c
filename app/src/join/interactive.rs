//! The client on a terminal: a line editor below what the room says.

use std::future::poll_fn;
use std::task::{Context, Poll};

use chat_core::{FAREWELL, is_visible};
use futures_lite::future::or;

use super::keyboard::Keyboard;
use super::link::Link;
use super::progress::Progress;
use super::screen::Screen;
use super::style::Style;
use super::typing::Typing;
use crate::clock::{Alarm, Clock};
use crate::failure::Failure;
use crate::net::Place;
use crate::settings::Patience;
use crate::system::Interrupts;
use crate::terminal::{Draft, Effect, Key};

/// Bytes that are entered and unsent above which no more can be entered.
const MOST_UNSENT: usize = 32 * 1024;

/// Joins a room, again and again if the connection ends, until the user or a signal ends it.
pub(super) async fn join(
    place: &Place,
    style: Style,
    patience: Patience,
    reflows: bool,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::all().map_err(Failure::signals)?;
    let clock = Clock::new();
    let screen = Screen::new(style, reflows, clock)?;
    let mut session = Session::new(Link::new(place, patience, clock), screen, clock)?;
    let ended = async { Some(poll_fn(|cx| session.poll(cx)).await) };
    let end = or(ended, interrupts.interrupted()).await.unwrap_or(Ok(()));

    interrupts.finish_within_patience(session.leave_room()).await;
    session.link.give_up(&session.draft.give_up());
    let farewell = if end.is_ok() { FAREWELL } else { "" };
    interrupts.finish_within_patience(session.screen.leave(&mut session.link, farewell)).await;
    interrupts.finish_within_patience(session.hear_out()).await;
    end
}

/// Moves what is typed to the room, and what the room says to the terminal.
struct Session<'a> {
    alarm: Alarm,
    link: Link<'a>,
    typing: Typing,
    draft: Draft,
    screen: Screen,
    /// Whether the user has asked to leave twice.
    hurries: bool,
}

impl<'a> Session<'a> {
    fn new(link: Link<'a>, screen: Screen, clock: Clock) -> Result<Self, Failure> {
        let keyboard = Keyboard::of_terminal().map_err(Failure::thread)?;
        Ok(Self {
            alarm: Alarm::new(clock),
            link,
            typing: Typing::new(keyboard, clock),
            draft: Draft::new(),
            screen,
            hurries: false,
        })
    }

    /// Ready when the session is over: because the user leaves, or by a failure.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        loop {
            let typed = match self.typing.poll(cx) {
                Poll::Ready(Some(keys)) => {
                    let mut keys = keys.into_iter();
                    if keys.any(|key| self.press(key) == Wish::Leave) {
                        self.hurries = keys.any(|key| key == Key::Ctrl('c'));
                        return Poll::Ready(Ok(()));
                    }
                    Progress::Made
                }
                // The terminal is gone.
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => Progress::Stalled,
            };
            let moved = self.link.poll(cx, self.screen.enough())?;
            let shown = self.screen.poll(cx, &mut self.link, &self.draft);
            let shown = shown.map_err(|error| Failure::output(&error))?;
            let progress = typed | moved | shown;
            if progress == Progress::Stalled && self.tick(cx) == Progress::Stalled {
                return Poll::Pending;
            }
        }
    }

    fn press(&mut self, key: Key) -> Wish {
        match &key {
            Key::Report(report) => {
                self.screen.heed(report);
                return Wish::Stay;
            }
            Key::Other => {}
            _ => self.link.hurry(),
        }
        self.screen.repaint();
        match self.draft.press(key) {
            Effect::Painted => {}
            Effect::Refused => self.screen.ring(),
            Effect::Entered => self.enter(),
            Effect::Cleared => self.screen.clear(),
            Effect::Suspended => self.screen.give_away(),
            Effect::Left => return Wish::Leave,
        }
        Wish::Stay
    }

    /// Sends the draft: each of its lines in which there is anything to see is a message. The room
    /// relays no other.
    fn enter(&mut self) {
        if self.link.unsent().len() >= MOST_UNSENT {
            // What is typed next must not become part of this line.
            self.draft.begin_line();
            return self.screen.ring();
        }
        for line in self.draft.take().split('\n').filter(|line| is_visible(line)) {
            self.link.send(line);
        }
    }

    /// Waits for the next time at which something is to be done.
    fn tick(&mut self, cx: &mut Context<'_>) -> Progress {
        let times = [
            self.typing.decide_at(),
            self.link.wanted_at(),
            self.screen.wanted_at(self.link.waiting()),
        ];
        match self.alarm.poll(times.into_iter().flatten().min(), cx) {
            Poll::Ready(()) => Progress::Made,
            Poll::Pending => Progress::Stalled,
        }
    }

    /// Sends what was entered, and closes so that none of it is lost. A second Ctrl+C ends that.
    async fn leave_room(&mut self) {
        self.link.begin_close();
        poll_fn(|cx| {
            let is_closed = self.link.poll_close(cx).is_ready();
            while let Poll::Ready(Some(keys)) = self.typing.poll(cx) {
                self.hurries |= keys.contains(&Key::Ctrl('c'));
                self.heed(&keys);
            }
            if is_closed || self.hurries { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Passes on what the terminal says of itself.
    fn heed(&mut self, keys: &[Key]) {
        for key in keys {
            if let Key::Report(report) = key {
                self.screen.heed(report);
            }
        }
    }

    /// Takes what the terminal still answers, so that it is not left to whoever has the terminal
    /// next.
    async fn hear_out(&mut self) {
        poll_fn(|cx| {
            while let Some(until) = self.screen.answers_by() {
                let keys = match self.typing.poll(cx) {
                    Poll::Ready(Some(keys)) => keys,
                    Poll::Ready(None) => break,
                    Poll::Pending if self.alarm.poll(Some(until), cx).is_ready() => break,
                    Poll::Pending => return Poll::Pending,
                };
                self.heed(&keys);
            }
            Poll::Ready(())
        })
        .await;
    }
}

#[derive(PartialEq, Eq)]
enum Wish {
    Stay,
    Leave,
}
