//! The options of every TCP socket of the program, and why.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::system;

/// An idle peer is probed after this long, and again every `PROBE_INTERVAL`.
const PROBE_AFTER: Duration = Duration::from_secs(20);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// How long sent bytes may stay unacknowledged before the peer counts as vanished.
///
/// A peer can vanish just before it would be probed, and something can be sent to it just before it
/// would have failed to answer, so the two times add up: 20 s + 3 × 5 s + 35 s = 70 s, within the
/// promised 75 s.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(35);

/// Unsent bytes that the kernel holds for one peer. What a slow reader has pending stays in the
/// room's log, once for everybody, instead of being copied into each socket.
const UNSENT: u32 = 64 * 1024;

/// Sets the options, also of a listener: where connections inherit them, accepting one costs no
/// further system calls.
///
/// All of them only make things better, so one that the system refuses is done without.
pub(crate) fn configure(socket: &SockRef<'_>) {
    // Messages are small and go out whole: waiting for more of them (Nagle) only delays them.
    let _ = socket.set_tcp_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(PROBE_AFTER)
        .with_interval(PROBE_INTERVAL)
        .with_retries(PROBES);
    let _ = socket.set_tcp_keepalive(&keepalive);
    system::bound_sending(socket, ACKNOWLEDGED_WITHIN, UNSENT);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn a_peer_that_vanished_is_noticed_within_75_seconds() {
        let idle = PROBE_AFTER + PROBE_INTERVAL * PROBES;
        assert!(idle + ACKNOWLEDGED_WITHIN <= Duration::from_secs(75));
    }

    pub(in crate::net) fn assert_configured(socket: &SockRef<'_>) {
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBE_AFTER);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), PROBE_INTERVAL);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), PROBES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(ACKNOWLEDGED_WITHIN));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), UNSENT);
    }
}
