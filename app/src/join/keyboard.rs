//! Standard input, read on a thread of its own: a read of it cannot be given up.

use std::io::{self, Read};
use std::thread;

use smol::channel::{Receiver, bounded};

/// Bytes read at once, at the most: a pipe's whole buffer.
const CHUNK: usize = 64 * 1024;

/// Starts to read standard input. Its end, or an error of it, closes the channel.
///
/// One chunk waits at the most, so that an input without end is read only as fast as it is sent.
pub(crate) fn read() -> Receiver<Vec<u8>> {
    let (sender, receiver) = bounded(1);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = vec![0; CHUNK];
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if sender.send_blocking(buffer[..count].to_vec()).is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    });
    receiver
}
