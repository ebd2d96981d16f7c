//! Lines, as any line client sends and prints them: a wire of plain bytes. Its handshake is empty.

use std::io;

use chat_core::MAX_SLICES;
use mio::net::TcpStream;

use super::wire::{End, Sent, Taken, Wire, send};

/// The wire of `chat join`, of `nc`, and of the original client.
pub(super) struct Lines;

impl Wire for Lines {
    const CARRIES: chat_core::Wire = chat_core::Wire::Lines;
    /// It may have closed its sending side alone.
    const ENDS_ABRUPTLY: bool = false;

    fn take(&self, bytes: &mut [u8], hear: &mut dyn FnMut(&[u8])) -> Taken {
        hear(bytes);
        Taken::Everything
    }

    fn send(&self, stream: &TcpStream, lines: &[&[u8]]) -> io::Result<Sent> {
        send::<MAX_SLICES>(stream, lines)
    }

    fn flush(&self, _: &TcpStream) -> io::Result<bool> {
        Ok(true)
    }

    fn is_flushed(&self) -> bool {
        true
    }

    fn close(&self, _: End) {}

    fn refusal(&self, notice: &str) -> Vec<u8> {
        notice.into()
    }
}
