//! The host: whoever is at the server's own terminal, with a line editor below what is said.
//!
//! | module | noun |
//! |---|---|
//! | `showing` | the lines that the host is shown, and those that it has entered and not said yet |

mod showing;

use std::future::poll_fn;
use std::task::{Context, Poll};

use chat_core::FAREWELL;
use smol::channel::Sender;

use super::console::{self, Console};
use super::invitation::{WaysIn, screen};
use super::transcript::Transcript;
use crate::editor::{Editor, Entered, Wish, Words};
use crate::failure::{Failure, settle};
use crate::progress::Progress;
use crate::settings::Seat;
use crate::style::Style;
use crate::system::Printer;
use crate::terminal::{CommandWord, Draft, Key, Takes};
use showing::Showing;

/// What the host is called, and what stands before what it says, as in the log.
const NAME: &str = "Host";
const LABEL: &str = "[Host] ";

/// Shows how others join.
const JOIN: CommandWord = CommandWord { word: "join", takes: Takes::Nothing };

/// The words that mean something in what the host writes.
fn words() -> Words {
    Words::of_host(&[JOIN])
}

/// The console with a host at it.
pub(super) struct Host {
    editor: Editor,
    showing: Showing,
    ways_in: WaysIn,
    /// Where it is told, each time, that the host asks the server to end.
    ends: Sender<()>,
    has_asked: bool,
}

/// Why nobody is at the console any more.
enum End {
    /// The server ends, and all that was said is shown.
    Stopped,
    /// There is nothing more to read, or to write to.
    Gone,
}

impl Host {
    /// Seats whoever is at the terminal. While nothing is typed the command stands there by which
    /// others join.
    pub(super) fn sit_down(
        transcript: Transcript,
        printer: Printer,
        seat: Seat,
        ways_in: WaysIn,
        ends: Sender<()>,
    ) -> Result<Self, Failure> {
        // What was complained of stands above.
        settle();
        let style = Style::new(seat.look());
        // Where it cannot be dim it must not look like something written.
        let command = &ways_in.command;
        let hint =
            if style.dim().0.is_empty() { format!("({command})") } else { command.to_owned() };
        let clock = transcript.hub().clock();
        let editor = Editor::start(printer, style, seat.reflows, clock)?
            .with(Draft::new().labelled(LABEL, hint))
            .printing_in_background();
        transcript.hub().tell(|server, _| server.seat_host(transcript.reader()));
        let mut showing = Showing::new(transcript, seat.sees_failures);
        if let Some(invitation) = &ways_in.invitation {
            showing.tell_next(invitation.text(screen()));
        }
        Ok(Self { editor, showing, ways_in, ends, has_asked: false })
    }

    /// Shows what is said until the server ends, then the farewell, and says what is typed. Should
    /// the terminal go before that, the console is one without a host.
    ///
    /// # Errors
    ///
    /// Those of [`Console::run`].
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let end = poll_fn(|cx| self.poll(cx)).await;
        if let End::Stopped = end {
            self.showing.give_up(&self.editor.give_up());
            let left = self.editor.leave(&mut self.showing, FAREWELL).await;
            self.editor.hear_out().await;
            return console::end(left);
        }
        self.showing.unseat();
        // The console finds out what can be printed.
        let _ = self.editor.leave(&mut self.showing, "").await;
        let transcript = self.showing.end();
        Console::new(transcript, self.editor.into_printer()).run(false).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let typed = match self.editor.poll_typed(cx) {
                Poll::Ready(Some(keys)) => {
                    keys.into_iter().for_each(|key| self.press(key));
                    Progress::Made
                }
                Poll::Ready(None) if !self.showing.is_stopping() => return Poll::Ready(End::Gone),
                Poll::Ready(None) | Poll::Pending => Progress::Stalled,
            };
            let moved = self.showing.poll(cx, self.editor.enough());
            if self.showing.has_ended() {
                return Poll::Ready(End::Stopped);
            }
            let Ok(shown) = self.editor.show(cx, &mut self.showing) else {
                return Poll::Ready(End::Gone);
            };
            let progress = typed | moved | shown;
            if progress == Progress::Stalled
                && self.editor.tick(cx, &self.showing, None) == Progress::Stalled
            {
                return Poll::Pending;
            }
        }
    }

    fn press(&mut self, key: Key) {
        if self.has_asked || self.showing.is_stopping() {
            // It is too late to say anything.
            match key {
                Key::Ctrl('c') => self.ask_to_end(),
                key @ Key::Report(_) => drop(self.editor.press(key, words(), Some(NAME))),
                _ => {}
            }
            return;
        }
        match self.editor.press(key, words(), Some(NAME)) {
            Wish::Nothing => {}
            Wish::Enter => self.enter(),
            // One stray key does not end a room for everybody.
            Wish::End => self.editor.ring(),
            Wish::Leave => {
                self.showing.say_all();
                self.ask_to_end();
            }
        }
    }

    fn enter(&mut self) {
        let words = words();
        let Some(draft) = self.editor.enter(words, self.showing.unsaid_len()) else { return };
        for line in words.entered(&draft) {
            match line {
                Entered::Sent(line) | Entered::Doubtful(line) => self.showing.enter(&line),
                // The room obeys all other words of the host.
                Entered::Own(..) => self.showing.tell(&self.ways_in.text(screen())),
            }
        }
    }

    fn ask_to_end(&mut self) {
        self.has_asked = true;
        // If it is full, enough was asked.
        let _ = self.ends.try_send(());
    }
}
