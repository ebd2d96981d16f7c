//! The line editor on a real terminal, below lines that come in: what `terminal` works out, moved
//! between a keyboard and a screen.
//!
//! | module | noun |
//! |---|---|
//! | `feed` | the lines that stand above the draft, and what is said of them |
//! | `words` | the words that a line may begin with after a slash |
//! | `typing` | the keys in what is typed |
//! | `screen` | what stands on the terminal, and who has it |
//!
//! [`Editor`] is polled by a loop that knows what is said and to whom: it is pressed the keys that
//! it has read itself, and says what they ask for.

mod feed;
mod screen;
mod typing;
mod words;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use chat_core::Instant;

use crate::clock::{Alarm, Clock};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::style::Style;
use crate::system::{Keyboard, Printer};
use crate::terminal::{Draft, Effect, Key, Vocabulary};
use screen::Screen;
use typing::Typing;
use words::DOUBT;

pub(crate) use feed::{Feed, list_unsent};
pub(crate) use words::{Entered, Words};

/// Bytes that are entered and unsent above which no more can be entered.
const MOST_UNSENT: usize = 32 * 1024;

/// A draft at the bottom of a terminal, the keyboard that it is written with, and the lines of a
/// feed above it.
pub(crate) struct Editor {
    alarm: Alarm,
    typing: Typing,
    draft: Draft,
    screen: Screen,
}

/// What a user asks for with a key, beside what the editor sees to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    /// [`Editor::enter`] the draft, if it can be sent.
    Enter,
    /// End the input: there was nothing in the draft.
    End,
    /// End the program.
    Leave,
}

impl Editor {
    /// Takes the terminal, if it is in the foreground, with an empty draft. `reflows`: whether it
    /// rewraps rows that have become too wide, unless it says otherwise.
    pub(crate) fn start(
        printer: Printer,
        style: Style,
        reflows: bool,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let screen = Screen::new(printer, style, reflows, clock)?;
        let keyboard = Keyboard::of_terminal().map_err(Failure::thread)?;
        Ok(Self {
            alarm: Alarm::new(clock),
            typing: Typing::new(keyboard, clock),
            draft: Draft::new(),
            screen,
        })
    }

    /// The same with another draft.
    pub(crate) fn with(self, draft: Draft) -> Self {
        Self { draft, ..self }
    }

    /// The same, but what comes in while other programs have the terminal is printed as any job in
    /// the background does, instead of being kept for later.
    pub(crate) fn printing_in_background(mut self) -> Self {
        self.screen.print_in_background();
        self
    }

    /// Returns the keys that were pressed next, for [`Editor::press`]; `None` once there can be no
    /// more: the terminal is gone.
    pub(crate) fn poll_typed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<Key>>> {
        self.typing.poll(cx)
    }

    /// Does what a key does in the draft of somebody called `user`, in which `words` mean something.
    pub(crate) fn press(&mut self, key: Key, words: Words, user: Option<&str>) -> Wish {
        if let Key::Report(report) = &key {
            self.screen.heed(report);
            return Wish::Nothing;
        }
        self.screen.repaint();
        if !matches!(key, Key::Enter | Key::Other) {
            self.screen.warn(None);
        }
        let key = match key {
            Key::Char('\t') => return self.complete(words, user, false),
            // The Linux console's, too.
            Key::BackTab | Key::Alt('\t') => return self.complete(words, user, true),
            Key::Paste(text) => Key::Paste(words.pasted(&text, self.draft.is_at_line_start())),
            key => key,
        };
        match self.draft.press(key) {
            Effect::Painted => {}
            Effect::Refused => self.screen.ring(),
            Effect::Entered => return Wish::Enter,
            Effect::Cleared => self.screen.clear(),
            Effect::Suspended => self.screen.give_away(),
            Effect::Ended => return Wish::End,
            Effect::Left => return Wish::Leave,
        }
        Wish::Nothing
    }

    /// Completes the word before the cursor, with the next candidate or the one before.
    fn complete(&mut self, words: Words, user: Option<&str>, goes_back: bool) -> Wish {
        let names = self.screen.style().people().names(user);
        let vocabulary = Vocabulary { commands: words.completed(), names };
        if self.draft.complete(&vocabulary, goes_back) == Effect::Refused {
            self.screen.ring();
        }
        Wish::Nothing
    }

    /// Sets what stands dim in the draft while nothing is typed.
    pub(crate) fn set_hint(&mut self, hint: String) {
        if self.draft.set_hint(hint) {
            self.screen.repaint();
        }
    }

    /// How lines are shown.
    pub(crate) fn style(&mut self) -> &mut Style {
        self.screen.style()
    }

    /// Puts lines before what is being written.
    pub(crate) fn put_before(&mut self, lines: &str) {
        self.screen.repaint();
        self.screen.warn(None);
        self.draft.put_before(lines);
    }

    /// Takes the draft, and begins a new one, unless too many bytes are `unsent` of those before. If
    /// anything in it looks like a mistyped command, the user is told first, and enters it again.
    pub(crate) fn enter(&mut self, words: Words, unsent: usize) -> Option<String> {
        if unsent >= MOST_UNSENT {
            // What is typed next does not become part of its last line.
            self.draft.begin_line();
            self.screen.ring();
            return None;
        }
        let was_told = self.screen.warn(None).is_some();
        if !was_told && words.are_doubtful(self.draft.view().text) {
            self.screen.warn(Some(DOUBT));
            return None;
        }
        Some(self.draft.take())
    }

    /// Rings the bell: what is asked for cannot be done.
    pub(crate) fn ring(&mut self) {
        self.screen.ring();
    }

    /// Returns up to how many bytes of lines are to be collected for the next frame.
    pub(crate) fn enough(&self) -> usize {
        self.screen.enough()
    }

    /// Shows what has changed.
    ///
    /// # Errors
    ///
    /// The terminal accepts nothing any more.
    pub(crate) fn show(
        &mut self,
        cx: &mut Context<'_>,
        feed: &mut impl Feed,
    ) -> io::Result<Progress> {
        self.screen.poll(cx, feed, &self.draft)
    }

    /// Has the task of `cx` woken when any part of the editor wants to be polled again although
    /// nothing else happens, or at `wanted_at`. Call when nothing else makes progress.
    pub(crate) fn tick(
        &mut self,
        cx: &mut Context<'_>,
        feed: &impl Feed,
        wanted_at: Option<Instant>,
    ) -> Progress {
        let times = [self.typing.decide_at(), wanted_at, self.screen.wanted_at(feed.waiting())];
        match self.alarm.poll(times.into_iter().flatten().min(), cx) {
            Poll::Ready(()) => Progress::Made,
            Poll::Pending => Progress::Stalled,
        }
    }

    /// Takes what is typed on while the program ends. Returns whether it is hurried (Ctrl+C).
    pub(crate) fn discard_typed(&mut self, cx: &mut Context<'_>) -> bool {
        let mut is_hurried = false;
        while let Poll::Ready(Some(keys)) = self.typing.poll(cx) {
            is_hurried |= keys.contains(&Key::Ctrl('c'));
            self.heed(&keys);
        }
        is_hurried
    }

    /// Takes what was being written, which is not going to be sent.
    pub(crate) fn give_up(&mut self) -> String {
        self.draft.give_up()
    }

    /// Shows what is left to show, takes the draft away, and gives the terminal back as it was, with
    /// `farewell` below what stands there.
    ///
    /// # Errors
    ///
    /// Not all of that could be written; the rest was tried all the same.
    pub(crate) async fn leave(&mut self, feed: &mut impl Feed, farewell: &str) -> io::Result<()> {
        self.screen.leave(feed, &self.draft, farewell).await
    }

    /// Gives the terminal back as it was, after [`Editor::leave`], and whatever printed on it.
    pub(crate) fn into_printer(self) -> Printer {
        self.screen.into_printer()
    }

    /// Takes what the terminal still answers, so that it is not left to whoever has the terminal
    /// next.
    pub(crate) async fn hear_out(&mut self) {
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

    /// Passes on what the terminal says of itself.
    fn heed(&mut self, keys: &[Key]) {
        for key in keys {
            if let Key::Report(report) = key {
                self.screen.heed(report);
            }
        }
    }
}
