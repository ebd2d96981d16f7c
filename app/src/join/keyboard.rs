//! Standard input, read on a thread of its own: a read of it cannot be given up.

use std::io;

use smol::channel::{Receiver, bounded};

use crate::stdio;

/// Bytes read at once, at the most: a pipe's whole buffer.
const CHUNK: usize = 64 * 1024;

/// What standard input gives, chunk by chunk.
pub(crate) type Typed = Receiver<io::Result<Vec<u8>>>;

/// Starts to read standard input. Its end closes the channel; so does an error, which is given
/// last.
///
/// One chunk waits at the most, so that an input without end is read only as fast as it is sent.
pub(crate) fn read() -> io::Result<Typed> {
    let (sender, receiver) = bounded(1);
    stdio::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            let chunk = match stdio::read(&mut buffer) {
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
