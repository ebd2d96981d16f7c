//! HOST and PORT: where a room is.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use smol::channel::bounded;

use crate::worker;

/// A host and a port as the user named them, for messages: IPv6 in brackets.
pub(crate) struct Place<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Place<'_> {
    /// The addresses that it means, each once, in the system's order.
    ///
    /// A name is looked up on a thread, as that cannot be given up. Not by `async_net::resolve`:
    /// that would be the pool of the `blocking` crate (see [`worker::Worker`]).
    pub(crate) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![(ip, self.port).into()]);
        }
        let (sender, found) = bounded(1);
        let (host, port) = (self.host.to_owned(), self.port);
        worker::spawn(move || {
            let addresses = (host.as_str(), port).to_socket_addrs();
            // Nobody waits for it any more if the program ends meanwhile.
            let _ = sender.send_blocking(addresses.map(Vec::from_iter));
        })?;
        let mut addresses = found.recv().await.map_err(io::Error::other)??;
        addresses.dedup();
        Ok(addresses)
    }
}
