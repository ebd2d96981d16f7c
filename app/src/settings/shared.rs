//! Where the log of a room is that several servers share.

use std::fmt;

use super::surroundings::Surroundings;
use crate::failure::Failure;
use crate::net::Place;

/// A room that several servers share, and the engine that keeps its log.
#[cfg_attr(test, derive(Clone, Debug, PartialEq, Eq))]
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    /// What the room is called there.
    pub(crate) room: String,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.engine.places.iter().map(Place::to_string).collect();
        write!(f, "the room {} at {}", self.room, places.join(", "))
    }
}

/// How to reach an engine: a Redis or a Valkey.
///
/// Without `Debug` outside of tests: nothing is to print its password.
#[cfg_attr(test, derive(Clone, Debug, PartialEq, Eq))]
pub(crate) struct Engine {
    /// Any of them may be the master, or any of them a sentinel.
    pub(crate) places: Vec<Place>,
    /// What the sentinels call the master; `None` where there are none.
    pub(crate) master: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) encryption: Option<Encryption>,
}

/// That connections are encrypted, and how their peer proves who it is.
#[cfg_attr(test, derive(Clone, Debug, PartialEq, Eq))]
pub(crate) struct Encryption {
    /// A file of certificates that are trusted, instead of the system's.
    pub(crate) trusted: Option<String>,
}

/// The forms of a URL. The first one's port is that of engines, the other's that of sentinels.
const SCHEMES: [(&str, Scheme); 4] = [
    ("redis", Scheme { is_encrypted: false, is_sentinel: false }),
    ("rediss", Scheme { is_encrypted: true, is_sentinel: false }),
    ("redis+sentinel", Scheme { is_encrypted: false, is_sentinel: true }),
    ("rediss+sentinel", Scheme { is_encrypted: true, is_sentinel: true }),
];

#[derive(Clone, Copy)]
struct Scheme {
    is_encrypted: bool,
    is_sentinel: bool,
}

/// The ports that engines and sentinels listen on where nobody says otherwise.
const ENGINE_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Most bytes of the name of a room, and of that of a master.
const MAX_NAME: usize = 64;

const FORMS: &str =
    "not redis://HOST:PORT/ROOM, rediss://HOST:PORT/ROOM or redis+sentinel://HOST:PORT/MASTER/ROOM";

const NO_PERSON: &str = "before @ a / is written as %2F, and a ? as %3F";

/// What is said of encryption by a program that has none.
#[cfg(not(feature = "tls"))]
const NO_TLS: &str = "this executable is built without TLS (build it with cargo, or let a proxy on \
                      this machine, such as stunnel, encrypt)";

impl Shared {
    /// What `url` means, with what the environment has to say of it.
    ///
    /// # Errors
    ///
    /// It is no such URL. What is said of it does not show the password.
    pub(super) fn resolve(url: &str, surroundings: &Surroundings<'_>) -> Result<Self, Failure> {
        let mut shared = parse(url, surroundings.engine_password()?)
            .map_err(|reason| Failure::usage(Some("serve"), format_args!("--shared: {reason}")))?;
        if let Some(encryption) = &mut shared.engine.encryption
            && encryption.trusted.is_none()
        {
            encryption.trusted = surroundings.trusted()?;
        }
        Ok(shared)
    }
}

fn parse(url: &str, password: Option<String>) -> Result<Shared, String> {
    let (scheme, rest) = url.split_once("://").ok_or(FORMS)?;
    let known = SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme));
    let &(_, scheme) = known.ok_or(FORMS)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let Some((authority, path)) = rest.split_once('/') else {
        return Err(if query.contains('@') { NO_PERSON } else { FORMS }.to_owned());
    };
    if path.contains('@') {
        return Err(NO_PERSON.to_owned());
    }
    // The last one: a password may have others.
    let (person, hosts) =
        authority.rsplit_once('@').map_or((None, authority), |(p, h)| (Some(p), h));
    let (user, own_password) = person.map_or(Ok((None, None)), credentials)?;
    let (master, room) = match path.split_once('/') {
        Some((master, room)) if scheme.is_sentinel => (Some(name("MASTER", master)?), room),
        None if !scheme.is_sentinel => (None, path),
        _ => return Err(FORMS.to_owned()),
    };
    let port = if scheme.is_sentinel { SENTINEL_PORT } else { ENGINE_PORT };
    let engine = Engine {
        places: hosts.split(',').map(|host| place(host, port)).collect::<Result<_, _>>()?,
        master,
        user,
        password: own_password.or(password),
        encryption: encryption(scheme, query)?,
    };
    if engine.user.is_some() && engine.password.is_none() {
        return Err("a user without a password: that may be in REDISCLI_AUTH".to_owned());
    }
    Ok(Shared { engine, room: name("ROOM", room)? })
}

/// The user and the password, either of which may be empty.
fn credentials(text: &str) -> Result<(Option<String>, Option<String>), String> {
    let (user, password) = text.split_once(':').ok_or("what stands before @ is not USER:PASS")?;
    let part = |text| decoded(text).map(|text| Some(text).filter(|text| !text.is_empty()));
    Ok((part(user)?, part(password)?))
}

/// A name that is part of keys, so without what means something there or in a URL.
fn name(what: &str, text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=MAX_NAME).contains(&text.len()) && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!("{what} is not 1 to {MAX_NAME} letters, digits, '-', '_' or '.', in ASCII"))
}

/// `HOST` or `HOST:PORT`; an IPv6 address in brackets.
fn place(text: &str, default_port: u16) -> Result<Place, String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or("a bracket is not closed")?;
            let port = match behind {
                "" => None,
                behind => Some(behind.strip_prefix(':').ok_or("no port behind a bracket")?),
            };
            // Behind `%` stands an interface.
            let address = host.split('%').next().unwrap_or_default();
            let is_address = address.parse::<std::net::Ipv6Addr>().is_ok();
            (is_address.then_some(host).ok_or("not an IPv6 address in brackets")?, port)
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_word = |c: char| !c.is_whitespace() && !c.is_control() && !"[]#".contains(c);
    if host.is_empty() || !host.chars().all(is_word) {
        return Err("a host is not an address or a name".to_owned());
    }
    let port = match port {
        None => default_port,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err(wrong_port(port)),
            Ok(port) => port,
        },
    };
    // In a URL the sign before an interface is encoded (RFC 6874).
    Ok(Place { host: host.replacen("%25", "%", 1), port })
}

fn wrong_port(text: &str) -> String {
    if text.contains(':') {
        return "an IPv6 address stands in brackets".to_owned();
    }
    "a port is not 1 to 65535".to_owned()
}

fn encryption(scheme: Scheme, query: &str) -> Result<Option<Encryption>, String> {
    let trusted = match query.split_once('=') {
        None if query.is_empty() => None,
        Some(("ca", file)) if scheme.is_encrypted && !file.is_empty() => Some(decoded(file)?),
        Some(("ca", _)) if !scheme.is_encrypted => {
            return Err("?ca=FILE says nothing without rediss".to_owned());
        }
        _ => return Err("behind ? stands something other than ca=FILE".to_owned()),
    };
    #[cfg(not(feature = "tls"))]
    if scheme.is_encrypted {
        return Err(NO_TLS.to_owned());
    }
    Ok(scheme.is_encrypted.then_some(Encryption { trusted }))
}

/// `text` with each `%` and two hexadecimal digits as the byte that they stand for.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digit = |&byte: &u8| char::from(byte).to_digit(16);
        let [high, low, behind @ ..] = rest else { return Err(NOT_ENCODED.to_owned()) };
        let (high, low) = digit(high).zip(digit(low)).ok_or(NOT_ENCODED)?;
        // Two digits are one byte.
        bytes.push((high << 4 | low) as u8);
        rest = behind;
    }
    String::from_utf8(bytes).map_err(|_| NOT_ENCODED.to_owned())
}

const NOT_ENCODED: &str = "a % is not followed by two hexadecimal digits of UTF-8 (%25 is %)";

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str, port: u16) -> Place {
        Place { host: host.to_owned(), port }
    }

    fn parsed(url: &str) -> Shared {
        parse(url, None).unwrap_or_else(|reason| panic!("{url}: {reason}"))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_engine_is_at_one_place_or_several() {
        let shared = parsed("redis://a.example/lobby");
        let expected = Engine {
            places: vec![place("a.example", 6379)],
            master: None,
            user: None,
            password: None,
            encryption: None,
        };
        assert_eq!(shared, Shared { engine: expected, room: "lobby".to_owned() });
        let zones = ["redis://[fe80::1%eth0]/r", "redis://[fe80::1%25eth0]/r"];
        for url in zones {
            assert_eq!(parsed(url).engine.places, [place("fe80::1%eth0", 6379)]);
        }
        let places = parsed("REDIS://10.0.0.1:7000,b,[2001:db8::1]:7001,[::1]/3-b");
        let expected = [
            place("10.0.0.1", 7000),
            place("b", 6379),
            place("2001:db8::1", 7001),
            place("::1", 6379),
        ];
        assert_eq!(places.engine.places, expected);
    }

    #[test]
    fn sentinels_are_asked_for_a_master() {
        let shared = parsed("redis+sentinel://a,b:26380/my-master/r.1");
        assert_eq!(shared.engine.places, [place("a", 26379), place("b", 26380)]);
        assert_eq!(shared.engine.master, some("my-master"));
        assert_eq!((shared.engine.encryption, shared.room), (None, "r.1".to_owned()));
        let shared = parsed("rediss+sentinel://a/m/r");
        assert_eq!(shared.engine.encryption, Some(Encryption { trusted: None }));
    }

    #[test]
    fn who_it_is() {
        for (url, user, password) in [
            ("redis://:비밀@h/r", None, some("비밀")),
            ("redis://chat:a%40b%2Fc%3A%25@h/r", some("chat"), some("a@b/c:%")),
            ("redis://chat:a@b@h/r", some("chat"), some("a@b")),
            ("redis://%EC%A7%80:p:q@h/r", some("지"), some("p:q")),
            ("redis://:@h/r", None, None),
        ] {
            let engine = parsed(url).engine;
            assert_eq!((engine.user, engine.password), (user, password), "{url}");
            assert_eq!(engine.places, [place("h", 6379)], "{url}");
        }
    }

    #[test]
    fn a_password_may_be_in_the_environment() {
        let password = |url| parse(url, some("env")).unwrap().engine.password;
        assert_eq!(password("redis://h/r"), some("env"));
        assert_eq!(password("redis://chat:@h/r"), some("env"));
        assert_eq!(password("redis://:url@h/r"), some("url"));
        assert!(parse("redis://chat:@h/r", None).is_err());
    }

    #[cfg(feature = "tls")]
    #[test]
    fn certificates() {
        let trusted = |url| parsed(url).engine.encryption.unwrap().trusted;
        assert_eq!(trusted("rediss://h/r"), None);
        assert_eq!(trusted("rediss://h/r?ca=/etc/ca%20a.pem"), some("/etc/ca a.pem"));
    }

    /// In one line, and whatever is said of it does not show the password.
    #[test]
    fn what_is_no_such_place() {
        for url in [
            "",
            "redis",
            "http://h/r",
            "redis:h/r",
            "redis://h",
            "redis://h/",
            "redis:///r",
            "redis://h/0/r",
            "redis://h/한",
            "redis://h/a b",
            "redis+sentinel://h/r",
            "redis+sentinel://h//r",
            "redis+sentinel://h/m/r/s",
            "redis://h,/r",
            "redis://h:0/r",
            "redis://h:65536/r",
            "redis://h:port/r",
            "redis://::1/r",
            "redis://[::1/r",
            "redis://[::1]6379/r",
            "redis://[h]/r",
            "redis://h h/r",
            "redis://secret@h/r",
            "redis://:secret%@h/r",
            "redis://:secret%4x@h/r",
            "redis://:secret%ff@h/r",
            "redis://:secret/@h/r",
            "redis://:secret/?@h/r",
            "redis://:secret?a@h/r",
            "redis+sentinel://:secret/a@h/m/r",
            "redis://h/r?ca=f",
            "rediss://h/r?ca=",
            "rediss://h/r?cert=f",
            "rediss://h/r?x",
        ] {
            let reason = parse(url, None).expect_err(url);
            assert!(!reason.contains("secret") && !reason.contains('\n'), "{url}: {reason}");
        }
        let unencoded = parse("redis://:secret/a@h/r", None);
        assert_eq!(unencoded, Err(NO_PERSON.to_owned()));
        let long = format!("redis://h/{}", "r".repeat(65));
        assert!(parse(&long, None).is_err() && parse(&long[..long.len() - 1], None).is_ok());
    }
}
