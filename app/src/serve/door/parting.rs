//! Parting: closing a connection so that its peer can still read what it was sent.
//!
//! A connection that is closed with its input unread is reset, and what its peer has not read yet
//! is lost with it. So the sending side is closed first, and input is discarded.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use futures_lite::future;
use mio::net::TcpStream;

use crate::clock::within;
use crate::net::Socket;
use crate::serve::hub::Hub;

/// How long a peer has to read what it was sent last.
const PARTING: Duration = Duration::from_secs(1);

/// Most bytes of unread input that are discarded before a connection is closed.
const DISCARD: usize = 1024 * 1024;

/// Tells a peer why it cannot join, then parts.
pub(super) async fn turn_away(hub: Rc<Hub>, socket: Socket<TcpStream>, notice: Vec<u8>) {
    // A new socket's buffer is empty: it takes so few bytes at once, or none at all.
    if socket.get_ref().write_all(&notice).is_ok() {
        part(&hub, &socket, || Ok(true)).await;
    }
}

/// Sends what is left to be sent, closes the sending side, and gives the peer time to read and to
/// close its own. `flush` sends as much as the socket takes, and returns whether that was all.
pub(super) async fn part(
    hub: &Hub,
    socket: &Socket<TcpStream>,
    mut flush: impl FnMut() -> io::Result<bool>,
) {
    let parting = async {
        while let Ok(false) = flush() {
            socket.clear_writable();
            socket.writable().await;
        }
        let _ = socket.get_ref().shutdown(Shutdown::Write);
        let mut discarded = 0;
        while discarded < DISCARD {
            socket.readable().await;
            match socket.get_ref().read(&mut hub.buffer()) {
                Ok(count @ 1..) => discarded += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.clear_readable(),
                _ => break,
            }
            // Others get to run in between.
            future::yield_now().await;
        }
    };
    within(PARTING, parting).await;
}

/// Closes the sending side, and discards only the input that has arrived already.
pub(super) fn part_now(hub: &Hub, socket: &Socket<TcpStream>) {
    let mut stream = socket.get_ref();
    let _ = stream.shutdown(Shutdown::Write);
    let mut discarded = 0;
    while let Ok(count @ 1..) = stream.read(&mut hub.buffer()) {
        discarded += count;
        if discarded >= DISCARD {
            break;
        }
    }
}
