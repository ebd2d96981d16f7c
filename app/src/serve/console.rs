//! The console: the server's own terminal, a reader like any other.

use std::future;
use std::io;
use std::mem;
use std::rc::Rc;
use std::task::Poll;

use chat_core::FAREWELL;

use super::hub::Hub;
use super::wakers::Entered;
use crate::failure::{Failure, complain};
use crate::system::Printer;

/// Most bytes printed at once. They leave the log before they are printed, so they are what a
/// stopped console still gets of what the room has gone on without.
const CHUNK: usize = 64 * 1024;

/// Prints what is said until the server ends, then the farewell.
pub(crate) async fn run(hub: Rc<Hub>, mut printer: Printer, is_quiet: bool) {
    let entered = Entered::default();
    loop {
        let chunk = take(&hub, printer.memory());
        if is_quiet {
            hub.tell(|room, _| room.close_console());
        }
        if chunk.is_empty() {
            if hub.is_stopping() {
                break;
            }
            await_growth(&hub, &entered).await;
            continue;
        }
        if let Err(error) = printer.print(chunk).await {
            // The room goes on; nobody waits for its console.
            hub.tell(|room, _| room.close_console());
            if error.kind() != io::ErrorKind::BrokenPipe {
                complain([Failure::new("cannot print what is said", &error)]);
            }
            return;
        }
    }
    let _ = printer.print(FAREWELL).await;
}

/// Takes what the console has pending out of the room and puts it into `chunk`: as much as fits, cut
/// after its last whole line if there is one.
fn take(hub: &Hub, mut chunk: Vec<u8>) -> Vec<u8> {
    hub.tell(|room, _| {
        for slice in room.console().iter() {
            let length = slice.len().min(CHUNK - chunk.len());
            chunk.extend_from_slice(&slice[..length]);
        }
        if let Some(last) = chunk.iter().rposition(|&byte| byte == b'\n') {
            chunk.truncate(last + 1);
        }
        room.console_sent(chunk.len());
    });
    chunk
}

/// Waits until the log grows or the server is to end.
async fn await_growth(hub: &Hub, entered: &Entered) {
    let mut is_first = true;
    future::poll_fn(|cx| {
        hub.await_growth(entered, cx);
        if mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}
