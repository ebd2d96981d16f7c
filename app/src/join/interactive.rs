//! The client on a terminal: a line editor below what the room says.

use std::future::poll_fn;
use std::task::{Context, Poll};

use chat_core::{FAREWELL, Wishes};
use futures_lite::future::or;

use super::ignoring::{self, obey};
use super::link::Link;
use crate::clock::Clock;
use crate::editor::{Editor, Entered, Wish, Words};
use crate::failure::Failure;
use crate::net::Place;
use crate::progress::Progress;
use crate::settings::Patience;
use crate::style::Style;
use crate::system::{Interrupts, Printer};
use crate::terminal::Key;

/// Joins a room, again and again if the connection ends, until the user or a signal ends it.
pub(super) async fn join(
    places: &[Place],
    style: Style,
    patience: Patience,
    wishes: Option<Wishes>,
    reflows: bool,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::all().map_err(Failure::signals)?;
    let clock = Clock::new();
    let printer = Printer::start().map_err(Failure::thread)?;
    let editor = Editor::start(printer, style, reflows, clock)?;
    let link = Link::new(places, patience, wishes, clock);
    let mut session = Session { link, editor, hurries: false };
    let ended = async { Some(poll_fn(|cx| session.poll(cx)).await) };
    let end = or(ended, interrupts.interrupted()).await.unwrap_or(Ok(()));

    interrupts.finish_within_patience(session.leave_room()).await;
    let Session { mut link, mut editor, .. } = session;
    link.give_up(&editor.give_up());
    let farewell = if end.is_ok() { FAREWELL } else { "" };
    interrupts.finish_within_patience(editor.leave(&mut link, farewell)).await;
    interrupts.finish_within_patience(editor.hear_out()).await;
    end
}

/// Moves what is typed to the room, and what the room says to the terminal.
struct Session<'a> {
    link: Link<'a>,
    editor: Editor,
    /// Whether the user has asked to leave twice.
    hurries: bool,
}

impl Session<'_> {
    /// Ready when the session is over: because the user leaves, or by a failure.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        loop {
            let typed = match self.editor.poll_typed(cx) {
                Poll::Ready(Some(keys)) => {
                    let mut keys = keys.into_iter();
                    if keys.any(|key| matches!(self.press(key), Wish::End | Wish::Leave)) {
                        self.hurries = keys.any(|key| key == Key::Ctrl('c'));
                        return Poll::Ready(Ok(()));
                    }
                    Progress::Made
                }
                // The terminal is gone.
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => Progress::Stalled,
            };
            let moved = self.link.poll(cx, self.editor.enough())?;
            self.introduce();
            let shown = self.editor.show(cx, &mut self.link);
            let shown = shown.map_err(|error| Failure::output(&error))?;
            let progress = typed | moved | shown;
            if progress == Progress::Stalled && self.tick(cx) == Progress::Stalled {
                return Poll::Pending;
            }
        }
    }

    /// Has the editor know what the connection has found out.
    fn introduce(&mut self) {
        let name = self.link.own_name();
        self.editor.style().call_user(name);
        // An address holds a colon, a name does not.
        let name = name.filter(|name| !name.contains(':'));
        self.editor.set_hint(name.map(|name| format!("as {name}")).unwrap_or_default());
        if let Some(lines) = self.link.take_returned() {
            self.editor.put_before(&lines);
        }
    }

    fn press(&mut self, key: Key) -> Wish {
        if !matches!(key, Key::Other | Key::Report(_)) {
            self.link.hurry();
        }
        let wish = self.editor.press(key, self.words(), self.link.own_name());
        if wish == Wish::Enter {
            self.enter();
        }
        wish
    }

    /// Does what the draft asks for.
    fn enter(&mut self) {
        let words = self.words();
        let Some(draft) = self.editor.enter(words, self.link.unheard_len()) else { return };
        for line in words.entered(&draft) {
            match line {
                Entered::Sent(line) | Entered::Doubtful(line) => self.link.send(&line),
                Entered::Own(word, rest) => {
                    let told = obey(self.editor.style().people(), word, rest);
                    told.iter().for_each(|line| self.link.say(line));
                }
            }
        }
    }

    fn words(&self) -> Words {
        ignoring::words(self.link.knows_commands())
    }

    /// Waits for the next time at which something is to be done.
    fn tick(&mut self, cx: &mut Context<'_>) -> Progress {
        self.editor.tick(cx, &self.link, self.link.wanted_at())
    }

    /// Sends what was entered, and closes so that none of it is lost. A second Ctrl+C ends that.
    async fn leave_room(&mut self) {
        self.link.begin_close();
        poll_fn(|cx| {
            let is_closed = self.link.poll_close(cx).is_ready();
            self.hurries |= self.editor.discard_typed(cx);
            if is_closed || self.hurries { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
