//! Reach: the address under which others reach a listener.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use crate::system;

/// Addresses that nobody has (RFC 5737, RFC 3849): the way to them is the way out of this machine.
const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// Returns an address under which others reach `listener`: its own or, if it listens on all
/// interfaces, that of the interface which leads out of this machine. On a machine that nothing
/// leads out of it is a loopback address.
pub(crate) fn reachable(listener: &TcpListener) -> IpAddr {
    let own = listener.local_addr().map(|addr| addr.ip().to_canonical());
    match own {
        Ok(ip) if !ip.is_unspecified() => ip,
        Ok(IpAddr::V6(_)) => leading_out(&ELSEWHERE),
        _ => leading_out(&ELSEWHERE[..1]),
    }
}

/// Returns every address under which others reach `listener`, [`reachable`] first. Where it listens
/// on all interfaces they are those of IPv4 that the system tells, without the loopback's.
pub(crate) fn all_reachable(listener: &TcpListener) -> Vec<IpAddr> {
    let first = reachable(listener);
    let mut all = vec![first];
    if listener.local_addr().is_ok_and(|addr| addr.ip().is_unspecified()) {
        let own = system::own_addresses().into_iter().filter(|ip| !ip.is_loopback());
        all.extend(own.map(IpAddr::from).filter(|&ip| ip != first));
    }
    all
}

fn leading_out(elsewhere: &[IpAddr]) -> IpAddr {
    let routed = elsewhere.iter().find_map(|&to| towards(to));
    let on_a_link = || system::own_addresses().into_iter().find(|ip| !ip.is_loopback());
    routed.or_else(|| Some(on_a_link()?.into())).unwrap_or(Ipv4Addr::LOCALHOST.into())
}

/// Returns this machine's address on the way to another. Nothing is sent.
fn towards(to: IpAddr) -> Option<IpAddr> {
    let any: IpAddr =
        if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::from((any, 0))).ok()?;
    // The port is that of "discard".
    socket.connect(SocketAddr::from((to, 9))).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified() && !own.is_loopback()).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine() {
        for (listening, expected) in [("127.0.0.2:0", Some("127.0.0.2")), ("0.0.0.0:0", None)] {
            let listener = TcpListener::bind(listening).unwrap();
            let ip = reachable(&listener);
            if let Some(expected) = expected {
                assert_eq!(ip.to_string(), expected);
            }
            // Only what is this machine's own can be listened on, and what leads nowhere is not it.
            assert!(!ip.is_unspecified());
            TcpListener::bind((ip, 0)).unwrap();
        }
    }
}
