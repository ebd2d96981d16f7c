//! The console: the server's standard output, a reader like any other.

use std::future::{self, Future};
use std::io;
use std::mem;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use chat_core::FAREWELL;

use super::transcript::Transcript;
use super::trouble::Trouble;
use crate::failure::{Failure, complain};
use crate::system::{Outlook, Printer, outlook};

/// The first pause when nothing can be printed: little beside the time that it takes to make room
/// on a disk.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Prints what is said.
pub(crate) struct Console {
    transcript: Transcript,
    printer: Printer,
    trouble: Trouble,
    /// What is printed behind what is said first.
    invitation: String,
}

/// The end of a console that has printed all, or cannot print any more.
///
/// # Errors
///
/// It could have printed more, had the server not ended.
pub(super) fn end(printed: io::Result<()>) -> Result<(), Failure> {
    let Err(error) = printed else { return Ok(()) };
    let failure = Failure::new("cannot print what is said", &error);
    match outlook(&error) {
        Outlook::Later => return Err(failure),
        Outlook::Never => complain([failure]),
        Outlook::Unread => {}
    }
    Ok(())
}

impl Console {
    /// A console that shows `transcript`.
    pub(crate) fn new(transcript: Transcript, printer: Printer) -> Self {
        let trouble = Trouble::new("cannot print what is said for now", FIRST_PAUSE);
        Self { transcript, printer, trouble, invitation: String::new() }
    }

    /// The same with an invitation to browsers, which stands behind the first line.
    pub(crate) fn inviting(self, invitation: String) -> Self {
        Self { invitation, ..self }
    }

    /// Prints what is said until the server ends, then the farewell; of what is said only the first
    /// line, if it is to be quiet.
    ///
    /// While standard output cannot take anything the console is a reader that reads nothing: the
    /// room goes on, and what the backlog has gone over by then is counted where it would stand.
    ///
    /// # Errors
    ///
    /// The server has ended in such a time.
    pub(crate) async fn run(mut self, is_quiet: bool) -> Result<(), Failure> {
        let printed = self.print_all(is_quiet).await;
        // The room goes on; nobody waits for its console.
        self.transcript.dismiss();
        end(printed)
    }

    /// As [`Console::run`]; fails as soon as it is known that nothing more can be printed.
    async fn print_all(&mut self, is_quiet: bool) -> io::Result<()> {
        loop {
            let chunk = self.transcript.take(self.printer.memory());
            if is_quiet {
                self.transcript.dismiss();
            }
            if !chunk.is_empty() {
                self.print(chunk).await?;
                let invitation = mem::take(&mut self.invitation);
                if !invitation.is_empty() {
                    self.print(invitation.into()).await?;
                }
                continue;
            }
            if self.trouble.end() {
                complain([Failure::over("what is said is printed again")]);
            }
            if self.transcript.may_end() {
                break;
            }
            self.await_growth().await;
        }
        if is_quiet { Ok(()) } else { self.print(FAREWELL.into()).await }
    }

    /// Prints `chunk`, in as many attempts as it takes, each from where the one before has got to.
    /// Once the server is to end, only one more is made.
    async fn print(&mut self, chunk: Vec<u8>) -> io::Result<()> {
        let mut printed = self.printer.print(chunk).await;
        while let Err(error) = printed {
            if outlook(&error) != Outlook::Later || self.transcript.is_stopping() {
                return Err(error);
            }
            self.pause(&error).await;
            printed = self.printer.print_rest().await;
        }
        Ok(())
    }

    /// Pauses before the next attempt, unless the server is to end.
    async fn pause(&mut self, error: &io::Error) {
        let mut pause = pin!(self.trouble.pause(error));
        future::poll_fn(|cx| {
            self.transcript.await_growth(cx);
            if self.transcript.is_stopping() { Poll::Ready(()) } else { pause.as_mut().poll(cx) }
        })
        .await;
    }

    /// Waits until the log grows or the server is to end.
    async fn await_growth(&self) {
        let mut is_first = true;
        future::poll_fn(|cx| {
            self.transcript.await_growth(cx);
            if mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}
