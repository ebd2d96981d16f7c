//! Standard input, read on a thread of its own: a read of it cannot be given up.

use std::io;
use std::thread;
use std::time::Duration;

use smol::channel::{Receiver, bounded};

use crate::stdio;
use crate::system::is_foreground;

/// Bytes read at once, at the most: a pipe's whole buffer.
const CHUNK: usize = 64 * 1024;

/// How long to look away when there is input for another program.
const IN_BACKGROUND: Duration = Duration::from_millis(100);

/// What standard input gives, chunk by chunk.
pub(crate) type Typed = Receiver<io::Result<Vec<u8>>>;

/// Starts to read standard input. Its end closes the channel; so does an error, which is given
/// last.
///
/// One chunk waits at the most, so that an input without end is read only as fast as it is sent.
pub(crate) fn read() -> io::Result<Typed> {
    start(stdio::read)
}

/// The same from a terminal, of which nothing is read while other programs have it: a read then
/// would stop this program, also when it is asked to end.
pub(crate) fn read_terminal() -> io::Result<Typed> {
    start(|buffer| {
        loop {
            stdio::wait_for_input()?;
            if is_foreground() {
                return stdio::read(buffer);
            }
            thread::sleep(IN_BACKGROUND);
        }
    })
}

fn start(read: fn(&mut [u8]) -> io::Result<usize>) -> io::Result<Typed> {
    let (sender, receiver) = bounded(1);
    stdio::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            let chunk = match read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => Ok(buffer[..count].to_vec()),
                Err(error) => Err(error),
            };
            let is_last = chunk.is_err();
            if sender.send_blocking(chunk).is_err() || is_last {
                break;
            }
        }
    })?;
    Ok(receiver)
}
