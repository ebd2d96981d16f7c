//! The console: the server's own terminal, a reader like any other.

use std::convert::Infallible;
use std::future::{self, Future};
use std::io;
use std::mem;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use chat_core::{FAREWELL, ReaderId, Start};

use super::hub::Hub;
use super::trouble::Trouble;
use super::wakers::Entered;
use crate::failure::{Failure, complain};
use crate::system::{Outlook, Printer, outlook};

/// Most bytes printed at once. They leave the log before they are printed, so they are what a
/// stopped console still gets of what the room has gone on without.
const CHUNK: usize = 64 * 1024;

/// The first pause when nothing can be printed: little beside the time that it takes to make room
/// on a disk.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Prints what is said.
pub(crate) struct Console {
    hub: Rc<Hub>,
    printer: Printer,
    reader: ReaderId,
    growth: Entered,
    trouble: Trouble,
}

impl Console {
    /// A console that sees everything from now on, and first that the server listens on `port`.
    pub(crate) fn new(hub: Rc<Hub>, printer: Printer, port: u16) -> Self {
        let reader = hub.tell(|server, _| {
            let reader = server.observe(Start::Now);
            server.open(reader, port);
            reader
        });
        let trouble = Trouble::new("cannot print what is said for now", FIRST_PAUSE);
        Self { hub, printer, reader, growth: Entered::default(), trouble }
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
        let Err(error) = self.print_all(is_quiet).await else { return Ok(()) };
        // The room goes on; nobody waits for its console.
        self.dismiss();
        let failure = Failure::new("cannot print what is said", &error);
        match outlook(&error) {
            Outlook::Later => return Err(failure),
            Outlook::Never => complain([failure]),
            Outlook::Unread => {}
        }
        Ok(())
    }

    /// As [`Console::run`]; fails as soon as it is known that nothing more can be printed.
    async fn print_all(&mut self, is_quiet: bool) -> io::Result<()> {
        loop {
            let chunk = self.take();
            if is_quiet {
                self.dismiss();
            }
            if !chunk.is_empty() {
                self.print(chunk).await?;
                continue;
            }
            if self.trouble.end() {
                complain([Failure::over("what is said is printed again")]);
            }
            if self.hub.is_stopping() {
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
            if outlook(&error) != Outlook::Later || self.hub.is_stopping() {
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
            self.hub.await_growth(&self.growth, cx);
            if self.hub.is_stopping() { Poll::Ready(()) } else { pause.as_mut().poll(cx) }
        })
        .await;
    }

    /// Takes what is pending out of the log: as much as fits into a chunk, cut after its last whole
    /// line if there is one.
    fn take(&mut self) -> Vec<u8> {
        let mut chunk = self.printer.memory();
        let fill = |slices: &[&[u8]]| {
            for slice in slices {
                let length = slice.len().min(CHUNK - chunk.len());
                chunk.extend_from_slice(&slice[..length]);
            }
            if let Some(last) = chunk.iter().rposition(|&byte| byte == b'\n') {
                chunk.truncate(last + 1);
            }
            Ok::<_, Infallible>(chunk.len())
        };
        let Ok(_) = self.hub.tell(|server, _| server.deliver(self.reader, fill));
        chunk
    }

    fn dismiss(&self) {
        self.hub.tell(|server, _| server.dismiss(self.reader));
    }

    /// Waits until the log grows or the server is to end.
    async fn await_growth(&self) {
        let mut is_first = true;
        future::poll_fn(|cx| {
            self.hub.await_growth(&self.growth, cx);
            if mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}
