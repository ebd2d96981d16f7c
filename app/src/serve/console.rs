//! The console: the server's own terminal, a reader like any other.

use std::convert::Infallible;
use std::future;
use std::io;
use std::mem;
use std::rc::Rc;
use std::task::Poll;

use chat_core::{FAREWELL, ReaderId, Start};

use super::hub::Hub;
use super::wakers::Entered;
use crate::failure::{Failure, complain};
use crate::system::Printer;

/// Most bytes printed at once. They leave the log before they are printed, so they are what a
/// stopped console still gets of what the room has gone on without.
const CHUNK: usize = 64 * 1024;

/// Prints what is said.
pub(crate) struct Console {
    hub: Rc<Hub>,
    printer: Printer,
    reader: ReaderId,
    growth: Entered,
}

impl Console {
    /// A console that sees everything from now on, and first that the server listens on `port`.
    pub(crate) fn new(hub: Rc<Hub>, printer: Printer, port: u16) -> Self {
        let reader = hub.tell(|server, _| {
            let reader = server.observe(Start::Now);
            server.open(reader, port);
            reader
        });
        Self { hub, printer, reader, growth: Entered::default() }
    }

    /// Prints what is said until the server ends, then the farewell. A quiet console prints only
    /// the first line of what is said, and no farewell.
    pub(crate) async fn run(mut self, is_quiet: bool) {
        loop {
            let chunk = self.take();
            if is_quiet {
                self.dismiss();
            }
            if chunk.is_empty() {
                if self.hub.is_stopping() {
                    break;
                }
                self.await_growth().await;
                continue;
            }
            if let Err(error) = self.printer.print(chunk).await {
                // The room goes on; nobody waits for its console.
                self.dismiss();
                if error.kind() != io::ErrorKind::BrokenPipe {
                    complain([Failure::new("cannot print what is said", &error)]);
                }
                return;
            }
        }
        if !is_quiet {
            let _ = self.printer.print(FAREWELL).await;
        }
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
