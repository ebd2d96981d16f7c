//! HOST and PORT: where a room is.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use smol::channel::bounded;

use crate::system;

/// A host and a port as the user named them; displayed with IPv6 in brackets.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Place {
    /// Returns the addresses that it means, each once, in the system's order.
    ///
    /// A name is looked up on a thread, as a lookup cannot be cancelled. Not by
    /// `async_net::resolve`: that uses the pool of the `blocking` crate (see `system/worker.rs`).
    pub(crate) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![(ip.to_canonical(), self.port).into()]);
        }
        let (sender, found) = bounded(1);
        let (host, port) = (self.host.clone(), self.port);
        system::spawn(move || {
            let addresses = (host.as_str(), port).to_socket_addrs();
            // If the program ends meanwhile, nobody waits for it any more.
            let _ = sender.send_blocking(addresses.map(Vec::from_iter));
        })?;
        Ok(distinct(found.recv().await.map_err(io::Error::other)??))
    }
}

/// Each address once, in order. An IPv4-mapped IPv6 address is the IPv4 address: a socket of IPv6
/// alone cannot be bound to it.
fn distinct(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let canonical = addresses.into_iter().map(|mut addr| {
        addr.set_ip(addr.ip().to_canonical());
        addr
    });
    canonical.filter(|&addr| seen.insert(addr)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_meant_once() {
        let addresses = ["127.0.0.1:1", "[::1]:1", "127.0.0.1:1", "[::ffff:127.0.0.1]:1"];
        let addresses = addresses.map(|addr| addr.parse().unwrap()).into();
        let expected: [SocketAddr; 2] = ["127.0.0.1:1", "[::1]:1"].map(|a| a.parse().unwrap());
        assert_eq!(distinct(addresses), expected);
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address() {
        let place = Place { host: "::ffff:127.0.0.1".to_owned(), port: 1 };
        let expected: SocketAddr = ([127, 0, 0, 1], 1).into();
        assert_eq!(smol::block_on(place.resolve()).unwrap(), [expected]);
    }
}
