//! Listening: every address that a HOST means, on one port.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, SockRef, Socket, Type};

use crate::failure::Failure;
use crate::place::Place;
use crate::socket;
use crate::system;

/// Connections that may wait to be accepted: a whole lab's at once. The kernel takes its own
/// `net.core.somaxconn` if that is less.
const WAITING: i32 = 4096;

/// Listens on each address of `place`, or on all interfaces if its host is empty. Gives the
/// listeners, which share one port, and that port.
pub(crate) async fn listen(place: &Place<'_>) -> Result<(Vec<TcpListener>, u16), Failure> {
    let failed = |error: &io::Error| Failure::new(format!("cannot listen on {place}"), error);
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut port = place.port;
    let mut unavailable = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for mut addr in addresses(place).await.map_err(|error| failed(&error))? {
        addr.set_port(port);
        match bind(addr) {
            Ok(listener) => {
                port = listener.local_addr().map_err(|error| failed(&error))?.port();
                listeners.push(listener);
                if place.host.is_empty() {
                    break;
                }
            }
            // One that this machine does not have: a name's, or all of IPv6.
            Err(error) if is_missing(&error) => unavailable = error,
            Err(error) => return Err(failed(&error)),
        }
    }
    if listeners.is_empty() {
        return Err(failed(&unavailable));
    }
    Ok((listeners, port))
}

/// The addresses to listen on. For an empty host, IPv6's "any", which takes IPv4 in too, and
/// IPv4's for a machine that has no IPv6.
async fn addresses(place: &Place<'_>) -> io::Result<Vec<SocketAddr>> {
    if place.host.is_empty() {
        let any: [std::net::IpAddr; 2] =
            [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
        return Ok(any.map(|ip| (ip, place.port).into()).into());
    }
    place.resolve().await
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    system::reuse_address(&socket)?;
    if addr.is_ipv6() {
        socket.set_only_v6(!addr.ip().is_unspecified())?;
    }
    socket::configure(&SockRef::from(&socket))?;
    socket.bind(&addr.into())?;
    socket.listen(WAITING)?;
    Ok(socket.into())
}

fn is_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}
