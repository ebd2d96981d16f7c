//! What is set on every TCP socket of the room, and why.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::system;

/// An idle peer is asked whether it is there after this long, and again every `ASK_AGAIN`.
const ASK_AFTER: Duration = Duration::from_secs(20);
const ASK_AGAIN: Duration = Duration::from_secs(5);
const ASK_TIMES: u32 = 3;

/// How long sent bytes may stay unacknowledged before the peer counts as vanished.
///
/// A peer can vanish just before it would be asked, and something can be sent to it just before it
/// would have failed to answer, so the two times add up:
/// 20 s + 3 × 5 s + 35 s = 70 s, within the 75 s that the room promises.
const ANSWER_WITHIN: Duration = Duration::from_secs(35);

/// Bytes that the kernel holds of what was not sent yet to one peer. What a slow reader has
/// pending stays in the room's log, once for all, instead of being copied into each socket.
const NOT_SENT: u32 = 64 * 1024;

/// Sets the options, of a listener too: where a connection takes them over from it, accepting one
/// costs no further system calls.
pub(crate) fn configure(socket: &SockRef<'_>) -> io::Result<()> {
    // Messages are small and go out whole: waiting for more of them (Nagle) only delays them.
    socket.set_tcp_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_AGAIN).with_retries(ASK_TIMES);
    socket.set_tcp_keepalive(&keepalive)?;
    system::bound_sending(socket, ANSWER_WITHIN, NOT_SENT)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::listen::listen;
    use crate::place::Place;
    use std::net::TcpStream;

    #[test]
    fn a_peer_that_vanished_is_noticed_within_75_seconds() {
        let idle = ASK_AFTER + ASK_AGAIN * ASK_TIMES;
        assert!(idle + ANSWER_WITHIN <= Duration::from_secs(75));
    }

    #[test]
    fn an_accepted_connection_has_its_listeners_options() {
        let place = Place { host: "127.0.0.1", port: 0 };
        let (listeners, port) = smol::block_on(listen(&place)).unwrap();
        let _peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (accepted, _) = listeners[0].accept().unwrap();
        assert_configured(&SockRef::from(&accepted));
    }

    pub(crate) fn assert_configured(socket: &SockRef<'_>) {
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), ASK_AFTER);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), ASK_AGAIN);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), ASK_TIMES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(ANSWER_WITHIN));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), NOT_SENT);
    }
}
