//! The host: whoever is at the server's own terminal, with a line editor below what is said.
//!
//! | module | noun |
//! |---|---|
//! | `showing` | the lines that the host is shown, and those that it has entered and not said yet |

mod showing;

use std::future::poll_fn;
use std::task::{Context, Poll};

use chat_core::{Command, FAREWELL, Meaning};
use smol::channel::Sender;

use super::console::{self, Console};
use super::transcript::Transcript;
use crate::editor::{DOUBT, Editor, Wish, looks_like_a_command, pasted};
use crate::failure::{Failure, settle};
use crate::progress::Progress;
use crate::settings::Seat;
use crate::style::Style;
use crate::system::Printer;
use crate::terminal::{Draft, Key};
use showing::Showing;

/// What stands before what the host says, as in the log.
const LABEL: &str = "[Host] ";

/// The console with a host at it.
pub(super) struct Host {
    editor: Editor,
    showing: Showing,
    /// Where it is told, each time, that the host asks the server to end.
    ends: Sender<()>,
    has_asked: bool,
    /// Whether the host was told that the draft looks like a mistyped command.
    is_sure: bool,
}

/// Why nobody is at the console any more.
enum End {
    /// The server ends, and all that was said is shown.
    Stopped,
    /// There is nothing more to read, or to write to.
    Gone,
}

impl Host {
    /// Seats whoever is at the terminal. While nothing is typed `way_in` stands there, the command
    /// by which others join.
    pub(super) fn sit_down(
        transcript: Transcript,
        printer: Printer,
        seat: Seat,
        way_in: String,
        ends: Sender<()>,
    ) -> Result<Self, Failure> {
        // What was complained of stands above.
        settle();
        let style = Style::new(seat.look());
        // Where it cannot be dim it must not look like something written.
        let hint = if style.dim().0.is_empty() { format!("({way_in})") } else { way_in };
        let clock = transcript.hub().clock();
        let editor = Editor::start(printer, style, seat.reflows, clock)?
            .with(Draft::new().labelled(LABEL, hint))
            .printing_in_background();
        transcript.hub().tell(|server, _| server.seat_host(transcript.reader()));
        let showing = Showing::new(transcript, seat.sees_failures);
        Ok(Self { editor, showing, ends, has_asked: false, is_sure: false })
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
                key @ Key::Report(_) => drop(self.editor.press(key)),
                _ => {}
            }
            return;
        }
        let key = match key {
            Key::Paste(text) => {
                let is_at_start = self.editor.is_at_line_start();
                Key::Paste(pasted(&text, is_at_start, Command::needs_escape))
            }
            key => key,
        };
        if !matches!(key, Key::Enter | Key::Other | Key::Report(_)) {
            self.is_sure = false;
            self.showing.warn(None);
        }
        match self.editor.press(key) {
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
        if !self.showing.can_enter() {
            return self.editor.refuse();
        }
        if !self.is_sure && self.editor.text().split('\n').any(is_doubtful) {
            self.is_sure = true;
            self.editor.ring();
            return self.showing.warn(Some(DOUBT));
        }
        self.is_sure = false;
        self.showing.warn(None);
        self.showing.enter(&self.editor.take());
    }

    fn ask_to_end(&mut self) {
        self.has_asked = true;
        // If it is full, enough was asked.
        let _ = self.ends.try_send(());
    }
}

/// Whether a line would be said although it may not be meant so.
fn is_doubtful(line: &str) -> bool {
    matches!(Command::meaning(line), Meaning::Said(said) if said == line)
        && looks_like_a_command(line)
}
