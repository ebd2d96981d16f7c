//! Listening: on every address that a host means, all on one port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, SockRef, Socket, Type};

use super::place::Place;
use super::socket::configure;
use crate::failure::Failure;
use crate::system;

/// Connections that may wait to be accepted: a whole lab's at once. The kernel caps it at
/// `net.core.somaxconn`.
const WAITING: i32 = 4096;

/// Where a server can be reached.
pub(crate) struct Listening {
    /// At least one.
    pub(crate) listeners: Vec<TcpListener>,
    /// The port that all of them share.
    pub(crate) port: u16,
    /// Addresses that the host means too, and why they cannot be listened on.
    pub(crate) refused: Vec<Failure>,
}

/// Listens on each address of `place`, or on all interfaces if its host is empty.
///
/// # Errors
///
/// The host means no address, or none of its addresses can be listened on.
pub(crate) async fn listen(place: &Place) -> Result<Listening, Failure> {
    let failed = |error: &io::Error| Failure::new(format!("cannot listen on {place}"), error);
    if place.host.is_empty() {
        return listen_on_all_interfaces(place.port).map_err(|error| failed(&error));
    }
    let addresses = place.resolve().await.map_err(|error| failed(&error))?;
    listen_on_each(&addresses).map_err(|error| failed(&error))
}

/// Listens on IPv6's "any" address, which takes in IPv4 too, or on IPv4's on a machine that has no
/// IPv6.
fn listen_on_all_interfaces(port: u16) -> io::Result<Listening> {
    let any = |ip: IpAddr| bind((ip, port).into());
    let listener = match any(Ipv6Addr::UNSPECIFIED.into()) {
        Err(error) if is_missing(&error) => any(Ipv4Addr::UNSPECIFIED.into()),
        bound => bound,
    }?;
    let port = listener.local_addr()?.port();
    Ok(Listening { listeners: vec![listener], port, refused: Vec::new() })
}

/// Listens on as many of `addresses` as possible, all on the port of the first.
fn listen_on_each(addresses: &[SocketAddr]) -> io::Result<Listening> {
    let mut listeners = Vec::new();
    let mut errors: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut port = addresses.first().map_or(0, SocketAddr::port);
    for &(mut addr) in addresses {
        addr.set_port(port);
        match bind(addr) {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            Err(error) => errors.push((addr, error)),
        }
    }
    if listeners.is_empty() {
        // That an address is in use says more than that another one is not this machine's.
        let most_telling = errors.into_iter().max_by_key(|(_, error)| !is_missing(error));
        let unavailable = || io::ErrorKind::AddrNotAvailable.into();
        return Err(most_telling.map_or_else(unavailable, |(_, error)| error));
    }
    let refused = |(addr, error)| Failure::new(format!("cannot listen on {addr}"), &error);
    Ok(Listening { listeners, port, refused: errors.into_iter().map(refused).collect() })
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    system::reuse_address(&socket);
    if addr.is_ipv6() {
        // As for all options: where it is refused, the system's own way has to do.
        let _ = socket.set_only_v6(!addr.ip().is_unspecified());
    }
    configure(&SockRef::from(&socket));
    socket.bind(&addr.into())?;
    socket.listen(WAITING)?;
    Ok(socket.into())
}

/// Returns whether this machine does not have the address, or the whole address family.
fn is_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

#[cfg(test)]
mod tests {
    use super::super::socket::tests::assert_configured;
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn an_accepted_connection_has_its_listeners_options() {
        let place = Place { host: "127.0.0.1".to_owned(), port: 0 };
        let Listening { listeners, port, .. } = smol::block_on(listen(&place)).unwrap();
        let _peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (accepted, _) = listeners[0].accept().unwrap();
        assert_configured(&SockRef::from(&accepted));
    }

    #[test]
    fn what_cannot_be_bound_is_named_and_the_rest_is_served() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let addresses = [[127, 0, 0, 1], [127, 0, 0, 2], [192, 0, 2, 1]];
        let addresses = addresses.map(|ip| SocketAddr::from((ip, port)));
        let listening = listen_on_each(&addresses).unwrap();
        assert_eq!(listening.listeners.len(), 1);
        assert_eq!(listening.listeners[0].local_addr().unwrap(), addresses[1]);
        let refused: Vec<String> = listening.refused.iter().map(Failure::to_string).collect();
        assert_eq!(
            refused,
            [
                format!("chat: cannot listen on 127.0.0.1:{port}: Address already in use"),
                format!("chat: cannot listen on 192.0.2.1:{port}: Cannot assign requested address"),
            ]
        );
        drop(listening);
        let error = listen_on_each(&[addresses[0], addresses[2]]).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
