//! Connecting: to each address of a name in turn, all within one time.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::or;
use smol::{Async, Timer};
use socket2::SockRef;

use crate::failure::Failure;
use crate::listen::Place;
use crate::socket;

/// How long finding and trying all addresses may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Connects to the first address of `place` that answers.
pub(crate) async fn connect(place: &Place<'_>) -> Result<Arc<Async<TcpStream>>, Failure> {
    let failed = |error| Failure::new(format!("cannot connect to {place}"), &error);
    let deadline = Instant::now() + WITHIN;
    let found = async_net::resolve((place.host, place.port));
    let addresses = within(WITHIN, found).await.map_err(failed)?;

    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (index, &addr) in addresses.iter().enumerate() {
        // An address that does not answer leaves the others their share of the time.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        match within(share, connect_to(addr)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(failed(last_error))
}

async fn connect_to(addr: SocketAddr) -> io::Result<Arc<Async<TcpStream>>> {
    let stream: Arc<Async<TcpStream>> = async_net::TcpStream::connect(addr).await?.into();
    // TCP lets a socket connect to itself if it happened to be given the port that it asks for
    // (RFC 9293, section 3.5, simultaneous open). Nobody listens there.
    if stream.get_ref().local_addr()? == stream.get_ref().peer_addr()? {
        return Err(io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error()));
    }
    socket::configure(&SockRef::from(stream.get_ref()))?;
    Ok(stream)
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let too_late = async {
        Timer::after(time).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
    };
    or(work, too_late).await
}
