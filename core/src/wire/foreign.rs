//! Peers that do not chat: browsers, TLS and SSH clients that come to the wrong door.
//!
//! A web page can have its reader's browser send a request to any machine that the browser reaches.
//! Nothing of it is said.

/// The first bytes of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Opening {
    #[default]
    Nothing,
    /// The first of a TLS record's.
    Handshake,
    /// Nothing that need be looked at any more.
    Passed,
}

impl Opening {
    /// Looks at bytes as they came. Returns whether the connection begins with a TLS record (RFC 8446,
    /// section 5.1: a handshake of any version from SSL 3.0 on).
    pub(crate) fn is_tls(&mut self, bytes: &[u8]) -> bool {
        const HANDSHAKE: u8 = 22;
        const MAJOR_VERSION: u8 = 3;
        let mut is_tls = false;
        for byte in bytes {
            *self = match (*self, *byte) {
                (Self::Nothing, HANDSHAKE) => Self::Handshake,
                (Self::Handshake, MAJOR_VERSION) => {
                    is_tls = true;
                    Self::Passed
                }
                _ => Self::Passed,
            };
            if *self == Self::Passed {
                break;
            }
        }
        is_tls
    }
}

/// Methods of requests (RFC 9110, section 9; RFC 5789; RFC 4918; RFC 9113, section 3.4).
const METHODS: [&str; 17] = [
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LOCK",
    "MKCOL",
    "MOVE",
    "OPTIONS",
    "PATCH",
    "POST",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "TRACE",
    "UNLOCK",
];

/// Whether a first line is one of a client of another protocol: the request line of HTTP or of its
/// relatives (`METHOD target HTTP/1.1`), or SSH's identification (`SSH-2.0-…`, RFC 4253, section 4.2).
///
/// Of a request line that does not fit into `limit` bytes the beginning is enough.
pub(crate) fn is_request(line: &str, limit: usize) -> bool {
    if is_ssh(line) {
        return true;
    }
    let Some((method, rest)) = line.split_once(' ') else { return false };
    let is_token = !method.is_empty() && method.bytes().all(is_token_byte);
    let Some((target, version)) = rest.rsplit_once(' ') else {
        return begins_request(line) && line.len() + REPLACEMENT > limit;
    };
    let is_target = !target.is_empty() && !target.contains(' ');
    (is_token && is_target && is_version(version))
        || (begins_request(line) && (is_version(version) || line.len() + REPLACEMENT > limit))
}

/// Bytes that a piece of a longer message may be short of the limit: a character is not cut.
const REPLACEMENT: usize = 3;

/// Whether a text may become a request line: a known method and the beginning of a target.
pub(crate) fn begins_request(text: &str) -> bool {
    METHODS.iter().any(|method| {
        let target = text.strip_prefix(method).and_then(|rest| rest.strip_prefix(' '));
        target.is_some_and(|target| target.starts_with(['/', '*']) || target.starts_with("http"))
    })
}

/// `HTTP/1.1`, `RTSP/1.0`, `SIP/2.0`.
fn is_version(word: &str) -> bool {
    let Some((protocol, number)) = word.split_once('/') else { return false };
    let Some((major, minor)) = number.split_once('.') else { return false };
    let is_digit = |text: &str| matches!(text.as_bytes(), [b'0'..=b'9']);
    matches!(protocol, "HTTP" | "RTSP" | "SIP") && is_digit(major) && is_digit(minor)
}

/// `SSH-`, a version with a dot, and another `-`.
fn is_ssh(line: &str) -> bool {
    let version = line.strip_prefix("SSH-").and_then(|rest| rest.split_once('-'));
    version.is_some_and(|(version, _)| {
        version.split_once('.').is_some_and(|(major, minor)| {
            let is_number =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number(major) && is_number(minor)
        })
    })
}

/// Bytes of a token (RFC 9110, section 5.6.2) as methods have them.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
