//! Answers: what a request is given.

use data_encoding::BASE64;
use sha1_smol::Sha1;

use super::hosts::Hosts;
use super::page::File;
use super::request::{Request, Wrong};

/// Where the WebSocket is.
const SOCKET: &str = "/ws";

/// The version of the protocol (RFC 6455, 4.4).
const VERSION: &str = "13";

/// What stands behind a WebSocket's key in what proves that it was understood (RFC 6455, 1.3).
const KEY_END: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Bytes of such a key.
const KEY: usize = 16;

/// An answer, as it goes over the wire.
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: &'static [u8],
    /// Whether the connection is a WebSocket's from now on. If not, it is closed.
    pub(super) upgrades: bool,
}

impl Answer {
    /// Answers a request to a server that is one of `hosts`.
    pub(super) fn to(request: &Request<'_>, hosts: &Hosts) -> Self {
        let answer = Self::whole(request, hosts);
        let body = if request.method == "HEAD" { b"" } else { answer.body };
        Self { body, ..answer }
    }

    fn whole(request: &Request<'_>, hosts: &Hosts) -> Self {
        let Some(host) = request.only("Host") else {
            return Self::refusal("400 Bad Request", "Which host is meant?\n");
        };
        if !hosts.include(host) {
            return Self::refusal(
                "421 Misdirected Request",
                "Ask for this page by an address, or start it with --web-name.\n",
            );
        }
        let Some(path) = request.path() else {
            return Self::refusal("400 Bad Request", "That is no path.\n");
        };
        if path == SOCKET {
            return Self::to_socket(request, host);
        }
        let Some(file) = File::at(path) else {
            return Self::refusal("404 Not Found", "There is no such page.\n");
        };
        match request.method {
            "GET" | "HEAD" => Self::page(file, request, host),
            _ => Self::refusal("405 Method Not Allowed\r\nAllow: GET, HEAD", ""),
        }
    }

    /// Answers what is no request.
    pub(super) fn to_wrong(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Syntax => Self::refusal("400 Bad Request", "That is no HTTP.\n"),
            Wrong::Version => Self::refusal("505 HTTP Version Not Supported", ""),
            Wrong::TooLarge => Self::refusal("431 Request Header Fields Too Large", ""),
        }
    }

    fn page(file: &'static File, request: &Request<'_>, host: &str) -> Self {
        let is_packed = takes_gzip(request);
        let body = if is_packed { file.packed } else { file.text };
        let encoding = if is_packed { "Content-Encoding: gzip\r\n" } else { "" };
        // Safari before 15.4 takes 'self' for http alone. No policy can name an address of IPv6.
        let socket = match host.starts_with('[') {
            true => String::new(),
            // The latter behind a proxy that speaks TLS.
            false => format!(" ws://{host} wss://{host}"),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\n\
             Content-Type: {kind}\r\n\
             {encoding}\
             Vary: Accept-Encoding\r\n\
             Content-Length: {length}\r\n\
             Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             connect-src 'self'{socket}; img-src 'self' data:; manifest-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'\r\n\
             {ALWAYS}\r\n",
            kind = file.kind(),
            length = body.len(),
        );
        Self { head, body, upgrades: false }
    }

    fn to_socket(request: &Request<'_>, host: &str) -> Self {
        if request.method != "GET" {
            return Self::refusal("405 Method Not Allowed\r\nAllow: GET", "");
        }
        if !request.is_recent
            || !request.list("Upgrade").any(|what| what.eq_ignore_ascii_case("websocket"))
            || !request.list("Connection").any(|what| what.eq_ignore_ascii_case("upgrade"))
        {
            let text = "A WebSocket is expected here.\n";
            return Self::refusal(&upgrade_required(), text);
        }
        if request.only("Sec-WebSocket-Version") != Some(VERSION) {
            return Self::refusal(&upgrade_required(), "Of another version.\n");
        }
        // A browser says whose page it is that connects. What is no browser says nothing, and could
        // as well join without HTTP.
        if request.has("Origin") && !request.only("Origin").is_some_and(|page| is_of(page, host)) {
            return Self::refusal("403 Forbidden", "That is another page's room.\n");
        }
        // What came behind the head would be taken for frames.
        let has_body = request.has("Content-Length") || request.has("Transfer-Encoding");
        let key = request.only("Sec-WebSocket-Key").filter(|key| is_key(key));
        match key {
            Some(key) if !has_body => Self::upgrade(key),
            _ => Self::refusal("400 Bad Request", "That is no handshake of a WebSocket.\n"),
        }
    }

    fn upgrade(key: &str) -> Self {
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\n\
             Upgrade: websocket\r\n\
             Connection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            proof(key)
        );
        Self { head, body: b"", upgrades: true }
    }

    fn refusal(status: &str, text: &'static str) -> Self {
        let head = format!(
            "HTTP/1.1 {status}\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {length}\r\n\
             Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
             {ALWAYS}\r\n",
            length = text.len(),
        );
        Self { head, body: text.as_bytes(), upgrades: false }
    }
}

/// What each answer says that is no handshake.
const ALWAYS: &str = "X-Content-Type-Options: nosniff\r\n\
                      Referrer-Policy: no-referrer\r\n\
                      Cross-Origin-Resource-Policy: same-origin\r\n\
                      Cache-Control: no-cache\r\n\
                      Connection: close\r\n";

/// The status of a request that should be a handshake.
fn upgrade_required() -> String {
    format!(
        "426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: {VERSION}"
    )
}

/// Whether whoever asks takes what is compressed by gzip.
fn takes_gzip(request: &Request<'_>) -> bool {
    request.list("Accept-Encoding").any(|element| {
        let (coding, weight) = element.split_once(';').unwrap_or((element, ""));
        let refuses = weight.trim_ascii().trim_end_matches(['0', '.']).eq_ignore_ascii_case("q=");
        coding.trim_ascii().eq_ignore_ascii_case("gzip") && !refuses
    })
}

/// Whether a page is this server's own: it came from the same host and port. The scheme may be that
/// of a proxy before this server, which speaks TLS for it.
fn is_of(page: &str, host: &str) -> bool {
    let its_host = page.strip_prefix("http://").or_else(|| page.strip_prefix("https://"));
    its_host.is_some_and(|its_host| its_host.eq_ignore_ascii_case(host))
}

fn is_key(key: &str) -> bool {
    BASE64.decode(key.as_bytes()).is_ok_and(|key| key.len() == KEY)
}

/// Returns what proves that a WebSocket's key was understood.
fn proof(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(KEY_END);
    BASE64.encode(&hash.digest().bytes())
}

#[cfg(test)]
mod tests {
    use super::super::request::tests::answered;
    use super::*;

    /// The example of RFC 6455, 1.3.
    #[test]
    fn the_proof_of_a_key() {
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(proof("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for wrong in ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZWU=", "dGhlIHNhbXBsZS!="]
        {
            assert!(!is_key(wrong), "{wrong}");
        }
    }

    /// RFC 9110, 12.4.2 and 12.5.3.
    #[test]
    fn who_takes_gzip() {
        for (accepted, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip ; q=0.001", true),
            ("gzip;q=0", false),
            ("gzip; Q=0.000", false),
            ("br, identity", false),
            ("xgzip", false),
            ("", false),
        ] {
            let head = format!("GET / HTTP/1.1\r\nAccept-Encoding: {accepted}\r\n\r\n");
            assert_eq!(answered(&head, takes_gzip), Some(takes), "{accepted}");
        }
    }

    #[test]
    fn whose_page_it_is() {
        for page in ["http://lab:8080", "https://lab:8080", "http://LAB:8080"] {
            assert!(is_of(page, "lab:8080"), "{page}");
        }
        for page in [
            "null",
            "",
            "lab:8080",
            "http://lab",
            "http://lab:8081",
            "http://evil:8080",
            "file://",
            "ws://lab:8080",
        ] {
            assert!(!is_of(page, "lab:8080"), "{page}");
        }
    }
}
