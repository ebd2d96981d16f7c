//! Connecting: each address of a name is tried in order, all within one deadline.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use smol::Async;
use socket2::SockRef;

use super::place::Place;
use super::socket::configure;
use crate::clock::within;
use crate::failure::Failure;

/// How long resolving the name and trying all of its addresses may take.
const WITHIN: Duration = Duration::from_secs(10);

/// A connection to one of the addresses of a place.
pub(crate) struct Reached {
    pub(crate) socket: Arc<Async<TcpStream>>,
    /// All addresses of the place, and those of them that were tried, of which it is the last.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) tried: Vec<SocketAddr>,
}

/// Connects to the first address of `place` that answers, but for those that were `tried` before.
pub(crate) async fn connect(place: &Place, tried: Vec<SocketAddr>) -> Result<Reached, Failure> {
    let deadline = Instant::now() + WITHIN;
    let connected = match in_time(WITHIN, place.resolve()).await {
        Ok(addresses) => connect_to_first(addresses, tried, deadline).await,
        Err(error) => Err(error),
    };
    connected.map_err(|error| Failure::new(format!("cannot connect to {place}"), &error))
}

/// Connects to the first address that answers and was not tried before; fails with the error of the
/// last one.
async fn connect_to_first(
    addresses: Vec<SocketAddr>,
    mut tried: Vec<SocketAddr>,
    deadline: Instant,
) -> io::Result<Reached> {
    let untried: Vec<_> = addresses.iter().filter(|addr| !tried.contains(addr)).collect();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (index, &&addr) in untried.iter().enumerate() {
        // An address that does not answer leaves the others their share of the time.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(untried.len() - index).unwrap_or(u32::MAX);
        tried.push(addr);
        match in_time(share, connect_to(addr)).await {
            Ok(socket) => return Ok(Reached { socket, addresses, tried }),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

async fn connect_to(addr: SocketAddr) -> io::Result<Arc<Async<TcpStream>>> {
    let stream: Arc<Async<TcpStream>> = async_net::TcpStream::connect(addr).await?.into();
    // A TCP socket connects to itself if it happens to be assigned the port that it connects to
    // (RFC 9293, section 3.5, simultaneous open). Nobody listens there.
    if stream.get_ref().local_addr()? == stream.get_ref().peer_addr()? {
        return Err(io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error()));
    }
    configure(&SockRef::from(stream.get_ref()));
    Ok(stream)
}

async fn in_time<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let too_late = || Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
    within(time, work).await.unwrap_or_else(too_late)
}

#[cfg(test)]
mod tests {
    use super::super::socket::tests::assert_configured;
    use super::*;
    use socket2::{Domain, Socket, Type};
    use std::net::TcpListener;

    fn listener(waiting: i32) -> TcpListener {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(waiting).unwrap();
        socket.into()
    }

    /// An address that does not answer, as its queue is full, for as long as the second value
    /// lives.
    fn mute() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
        let listener = listener(0);
        let addr = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&addr, Duration::from_millis(200)) {
            waiting.push(stream);
        }
        (addr, (listener, waiting))
    }

    #[test]
    fn each_address_is_tried_in_its_share_of_the_time() {
        let dead = listener(1).local_addr().unwrap();
        let (mute, _alive) = mute();
        let live = listener(1);
        let addresses = [dead, mute, live.local_addr().unwrap()];
        let deadline = Instant::now() + Duration::from_secs(2);
        let reached = connect_to_first(addresses.to_vec(), Vec::new(), deadline);
        let reached = smol::block_on(reached).unwrap();
        assert_eq!(reached.socket.get_ref().peer_addr().unwrap(), addresses[2]);
        assert_eq!(reached.tried, addresses);
        assert!(Instant::now() < deadline);
    }

    #[test]
    fn what_was_tried_before_is_not_tried_again() {
        let [first, second] = [listener(1), listener(1)];
        let addresses = [first.local_addr().unwrap(), second.local_addr().unwrap()];
        let mut tried = Vec::new();
        for addr in addresses {
            let deadline = Instant::now() + Duration::from_secs(30);
            let reached = connect_to_first(addresses.to_vec(), tried, deadline);
            let reached = smol::block_on(reached).unwrap();
            assert_eq!(
                (reached.tried.last(), &reached.addresses[..]),
                (Some(&addr), &addresses[..])
            );
            tried = reached.tried;
        }
        assert_eq!(tried, addresses);
        let none = smol::block_on(connect_to_first(addresses.to_vec(), tried, Instant::now()));
        assert_eq!(none.err().map(|error| error.kind()), Some(io::ErrorKind::AddrNotAvailable));
    }

    /// So that a dead link is noticed even when nobody talks.
    #[test]
    fn a_connection_has_the_rooms_options() {
        let listener = listener(1);
        let stream = smol::block_on(connect_to(listener.local_addr().unwrap())).unwrap();
        assert_configured(&SockRef::from(stream.get_ref()));
    }

    #[test]
    fn the_last_ones_reason_is_given() {
        let (mute, _alive) = mute();
        let dead = listener(1).local_addr().unwrap();
        for (addresses, reason) in [
            (&[mute, dead][..], io::ErrorKind::ConnectionRefused),
            (&[dead, mute], io::ErrorKind::TimedOut),
            (&[], io::ErrorKind::AddrNotAvailable),
        ] {
            let deadline = Instant::now() + Duration::from_millis(500);
            let reached =
                smol::block_on(connect_to_first(addresses.to_vec(), Vec::new(), deadline));
            assert_eq!(reached.err().map(|error| error.kind()), Some(reason));
        }
    }
}
