//! Hosts: the names under which the page may be asked for.
//!
//! A browser lets a page talk to whatever the page's own name means. Somebody on the internet can
//! let a name mean this machine after their page is loaded (DNS rebinding), and would be a member
//! for whoever looks at that page. So the page is there for addresses, and for names that nobody on
//! the internet gives away, alone.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Zones of which no public server tells anything: RFC 6762, 6761 and 8375, ICANN's reserved
/// `internal`, and two that routers are known to use.
const LOCAL_ZONES: [&str; 6] = ["local", "localhost", "home.arpa", "internal", "lan", "home"];

/// The names under which the page may be asked for.
pub(super) struct Hosts {
    /// Beside those that are local, in lower case.
    named: Vec<String>,
}

impl Hosts {
    pub(super) fn new(named: &[String]) -> Self {
        Self { named: named.to_vec() }
    }

    /// Whether they include `host`, the value of a header field `Host`.
    pub(super) fn include(&self, host: &str) -> bool {
        let (name, rest) = match host.split_once(']') {
            Some((name, rest)) => (name, rest),
            None => host.split_at(host.find(':').unwrap_or(host.len())),
        };
        let has_port = match rest.strip_prefix(':') {
            Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
            None => rest.is_empty(),
        };
        has_port
            && match name.strip_prefix('[') {
                Some(address) => address.parse::<Ipv6Addr>().is_ok(),
                None => !host.contains(']') && self.include_name(name),
            }
    }

    fn include_name(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        name.parse::<Ipv4Addr>().is_ok()
            || is_name(&name) && (is_local(&name) || self.named.contains(&name))
    }
}

/// Whether it could be a name at all.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_part))
}

/// Whether it is a single label, or in a zone of this network's own.
fn is_local(name: &str) -> bool {
    let is_in = |zone: &str| name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || LOCAL_ZONES.into_iter().any(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_local() {
        let hosts = Hosts::new(&[]);
        for host in [
            "192.168.0.5",
            "192.168.0.5:8080",
            "127.0.0.1:80",
            "[::1]",
            "[fe80::1]:8080",
            "[::ffff:192.0.2.1]:8080",
            "localhost:8080",
            "lab-pc:8080",
            "LAB_PC",
            "pc.local:80",
            "Pc.LAN.:8080",
            "a.b.home",
            "chat.internal",
            "pc.home.arpa:8080",
            "chat.localhost",
        ] {
            assert!(hosts.include(host), "{host}");
        }
    }

    #[test]
    fn what_is_not() {
        let hosts = Hosts::new(&[]);
        for host in [
            "",
            ":8080",
            ".",
            "evil.example:8080",
            "192.168.0.5.evil.example",
            "192.168.0.5.nip.io:8080",
            "local.evil.example",
            "evillocal.example",
            "xlan.example",
            "arpa.example",
            "evil.notlocal",
            "evil.arpa",
            "..local",
            "a..local",
            "1.2.3.4:x",
            "1.2.3.4:80:80",
            "1.2.3.4:80, lab",
            "lab@evil.example",
            "evil.example@lab",
            "evil.example/lab",
            "http://lab",
            "a b",
            "a\"b",
            "[::1",
            "::1]",
            "::1",
            "[::1]x",
            "[::1]:x",
            "[lab]",
            "[1.2.3.4]",
            "[fe80::1%eth0]",
            "lab]:80",
            "한.local",
        ] {
            assert!(!hosts.include(host), "{host}");
        }
    }

    #[test]
    fn what_is_named() {
        let hosts = Hosts::new(&["chat.example.org".to_owned()]);
        for host in ["chat.example.org", "Chat.Example.Org:8443", "chat.example.org."] {
            assert!(hosts.include(host), "{host}");
        }
        for host in ["example.org", "a.chat.example.org", "chat.example.org.evil.example"] {
            assert!(!hosts.include(host), "{host}");
        }
    }
}
