//! A wire: how what a member says, and what it is sent, go over its socket.

use std::io::{self, IoSlice, Write};

use mio::net::TcpStream;

use crate::system::A_SHORT_WRITE_IS_ALL;

/// The two ways over one socket, as far as they are not plain bytes.
pub(super) trait Wire: 'static {
    /// How the core reads what comes out of it.
    const CARRIES: chat_core::Wire;

    /// Whether a peer that sends no more is gone, and wants nothing of what is pending.
    const ENDS_ABRUPTLY: bool;

    /// Takes bytes as they were read. What the member says goes to `hear`, in that order.
    fn take(&self, bytes: &mut [u8], hear: &mut dyn FnMut(&[u8])) -> Taken;

    /// Writes lines in one system call, as much as the socket takes. Returns how much of them needs
    /// not be sent again.
    fn send(&self, stream: &TcpStream, lines: &[&[u8]]) -> io::Result<Sent>;

    /// Writes what is left of something begun, and what the wire itself has to say. Returns whether
    /// that was all.
    fn flush(&self, stream: &TcpStream) -> io::Result<bool>;

    /// Whether nothing is left for [`Wire::flush`].
    fn is_flushed(&self) -> bool;

    /// Says that the connection is over, if it has not been said.
    fn close(&self, end: End);

    /// Returns all that one is sent that is turned away, with a notice of the room's.
    fn refusal(&self, notice: &str) -> Vec<u8>;
}

/// What became of bytes that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Everything,
    /// The wire has something to say to them.
    AndAnswers,
    /// The peer has closed, or has broken the wire's rules: there is nothing more to read.
    TheLast,
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    OfServer,
    /// The room wants no more of it, unless its peer has closed it.
    OfMember,
    /// Another connection goes on as its member.
    Replaced,
}

/// What a socket took of what it was given.
pub(super) struct Sent {
    pub(super) count: usize,
    /// Whether it takes no more for now.
    pub(super) is_full: bool,
}

/// Writes `slices`, of which there are at most `MOST`, in one system call, as much as the socket
/// takes.
pub(super) fn send<const MOST: usize>(stream: &TcpStream, slices: &[&[u8]]) -> io::Result<Sent> {
    match write::<MOST>(stream, slices) {
        Ok(count) => {
            let total: usize = slices.iter().map(|slice| slice.len()).sum();
            Ok(Sent { count, is_full: count < total && A_SHORT_WRITE_IS_ALL })
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Ok(Sent { count: 0, is_full: true })
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Ok(Sent { count: 0, is_full: false })
        }
        Err(error) => Err(error),
    }
}

fn write<const MOST: usize>(mut stream: &TcpStream, slices: &[&[u8]]) -> io::Result<usize> {
    if let [slice] = slices {
        return stream.write(slice);
    }
    let mut vectors = [IoSlice::new(&[]); MOST];
    for (vector, slice) in vectors.iter_mut().zip(slices) {
        *vector = IoSlice::new(slice);
    }
    stream.write_vectored(&vectors[..slices.len().min(MOST)])
}
