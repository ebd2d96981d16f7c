//! The values of arguments: from a word to what it stands for, or why it stands for nothing.

use std::net::Ipv6Addr;

use chat_core::shown;

/// What the bell rings for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BellFor {
    #[default]
    Nothing,
    /// What is meant for the user: their name in a message, and private ones.
    Mention,
    /// Whatever anybody says.
    All,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// When what is recorded is made to survive a power failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogSync {
    /// Within about a second.
    #[default]
    Second,
    /// Before anybody gets it.
    Always,
}

/// An address or a name, or nothing; IPv6 with or without brackets.
///
/// Whether there is such a name is found out when it is looked up; that nothing can be called so is
/// known here.
pub(super) fn host(word: &str) -> Result<String, String> {
    if word.contains(char::is_whitespace) {
        return Err("not an address or a name".to_owned());
    }
    let inner = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = inner.unwrap_or(word);
    // Behind `%` stands an interface.
    let address = host.split('%').next().unwrap_or_default();
    if address.parse::<Ipv6Addr>().is_err() {
        if inner.is_some() {
            return Err("not an IPv6 address in brackets".to_owned());
        }
        if host.contains(':') {
            return Err("not an address or a name (PORT is an argument of its own)".to_owned());
        }
    }
    Ok(host.to_owned())
}

/// Where a room is, as the first argument says it.
pub(crate) enum Whereabouts {
    /// The host. The port is an argument of its own.
    Host(String),
    /// Hosts and ports, one at least.
    Places(Vec<(String, u16)>),
}

/// The host of a room, or a list of places, `HOST:PORT` with commas between them.
pub(super) fn whereabouts(word: &str) -> Result<Whereabouts, String> {
    match host_of_room(word) {
        Ok(host) => Ok(Whereabouts::Host(host)),
        Err(error) if !word.contains([':', ',']) => Err(error),
        Err(_) => {
            word.split(',').map(place_of_room).collect::<Result<_, _>>().map(Whereabouts::Places)
        }
    }
}

/// As [`host`], but it must be given: that of a machine to connect to.
fn host_of_room(word: &str) -> Result<String, String> {
    if word.is_empty() || word.contains(',') {
        return Err("not an address or a name".to_owned());
    }
    host(word)
}

/// `HOST:PORT`, IPv6 in brackets.
fn place_of_room(word: &str) -> Result<(String, u16), String> {
    let wrong = |what: &str| format!("{word:?} is {what}");
    let (host, port) = word.rsplit_once(':').ok_or_else(|| wrong("without its port"))?;
    let port = port_of_room(port).map_err(|_| wrong("without a port from 1 to 65535"))?;
    if host.contains(':') && !host.starts_with('[') {
        return Err(wrong("not HOST:PORT (IPv6 is in brackets)"));
    }
    let host = host_of_room(host).map_err(|_| wrong("not HOST:PORT"))?;
    Ok((host, port))
}

pub(super) fn port(word: &str) -> Result<u16, String> {
    word.parse().map_err(|_| "not a port from 0 to 65535".to_owned())
}

/// The port of a machine to connect to: nobody listens on 0.
pub(super) fn port_of_room(word: &str) -> Result<u16, String> {
    let port = word.parse().ok().filter(|&port| port > 0);
    port.ok_or_else(|| "not a port from 1 to 65535".to_owned())
}

pub(super) fn count(word: &str) -> Result<usize, String> {
    match word.parse() {
        Ok(0) | Err(_) => Err("not a whole number above 0".to_owned()),
        Ok(count) => Ok(count),
    }
}

/// A whole number, also 0.
pub(super) fn number(word: &str) -> Result<usize, String> {
    word.parse().map_err(|_| "not a whole number".to_owned())
}

/// What can be a name as far as the command line goes: one word. The room has further rules, and
/// says so.
pub(crate) fn name(word: &str) -> Result<String, String> {
    let is_word = !word.is_empty() && word.chars().all(|c| !c.is_whitespace() && shown(c) == c);
    if is_word { Ok(word.to_owned()) } else { Err("not a name of one word".to_owned()) }
}

/// A name that a browser asks for, as it asks for it: without a port, in lower case.
pub(super) fn name_of_page(word: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let name = word.strip_suffix('.').unwrap_or(word);
    if name.split('.').all(is_label) {
        return Ok(name.to_ascii_lowercase());
    }
    Err("not a name such as chat.example.org, in ASCII, without a port".to_owned())
}

pub(super) fn bell(word: &str) -> Result<BellFor, String> {
    match word {
        "never" => Ok(BellFor::Nothing),
        "mention" => Ok(BellFor::Mention),
        "all" => Ok(BellFor::All),
        _ => Err("not never, mention or all".to_owned()),
    }
}

pub(super) fn color(word: &str) -> Result<Color, String> {
    match word {
        "auto" => Ok(Color::Auto),
        "always" => Ok(Color::Always),
        "never" => Ok(Color::Never),
        _ => Err("not auto, always or never".to_owned()),
    }
}

/// The path of a file. Whether it can be used is found out when it is opened.
pub(super) fn file(word: &str) -> Result<String, String> {
    if word.is_empty() { Err("not a file".to_owned()) } else { Ok(word.to_owned()) }
}

pub(super) fn log_sync(word: &str) -> Result<LogSync, String> {
    match word {
        "second" => Ok(LogSync::Second),
        "always" => Ok(LogSync::Always),
        _ => Err("not second or always".to_owned()),
    }
}

/// A number of bytes: `4096`, `64K`, `4M`, `1G`.
pub(super) fn size(word: &str) -> Result<usize, String> {
    let (digits, shift) = match word.char_indices().last() {
        Some((at, 'k' | 'K')) => (&word[..at], 10),
        Some((at, 'm' | 'M')) => (&word[..at], 20),
        Some((at, 'g' | 'G')) => (&word[..at], 30),
        _ => (word, 0),
    };
    let number: Option<usize> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "not a size such as 4096, 64K or 4M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_web_servers() {
        assert_eq!(name_of_page("Chat.Example.ORG."), Ok("chat.example.org".to_owned()));
        assert_eq!(name_of_page("xn--9t4b11yi5a.example"), Ok("xn--9t4b11yi5a.example".to_owned()));
        for wrong in ["", ".", "a..b", "a:80", "http://a", "a/", "*.a", "한.example", "a b"] {
            assert!(name_of_page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("64K"), Ok(64 * 1024));
        assert_eq!(size("4m"), Ok(4 * 1024 * 1024));
        assert_eq!(size("1G"), Ok(1024 * 1024 * 1024));
        for wrong in ["", "K", "-1", "1.5M", "1T", "4KB", "99999999999G", "한"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
