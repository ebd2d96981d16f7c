//! Heads that come in parts, are too long, never end, or are none at all.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::client::{Response, TEXT, frame, handshake};
use super::{Page, Web};

/// Wherever a head is cut, and whatever comes along right behind it.
#[test]
fn heads_in_parts() {
    let web = Web::start(&[]);
    let head = format!("{}\r\n", handshake(web.port));
    let said = frame(TEXT, "이어서\n".as_bytes());
    let all = [head.as_bytes(), &said].concat();
    for cut in [1, 3, 4, 20, head.len() - 3, head.len() - 1, head.len(), head.len() + 1] {
        let mut peer = web.peer();
        peer.send(&all[..cut]);
        web.gets("/", "");
        peer.send(&all[cut..]);
        let page = Page::begin(peer);
        web.server.says(&format!("[{}] 이어서", page.addr()));
    }
    let mut peer = web.peer();
    all.iter().for_each(|byte| peer.send([*byte]));
    let page = Page::begin(peer);
    web.server.says(&format!("[{}] 이어서", page.addr()));
}

/// The first lines of those who send the whole of what they have to say at once.
#[test]
fn much_behind_a_head() {
    let web = Web::start(&["--max-line", "64K"]);
    let mut peer = web.peer();
    let long = "말".repeat(20_000);
    let said = frame(TEXT, format!("{long}\n끝\n").as_bytes());
    peer.send([format!("{}\r\n", handshake(web.port)).as_bytes(), &said].concat());
    let page = Page::begin(peer);
    let console = web.server.says(&format!("[{}] 끝", page.addr()));
    assert!(console.contains(&format!("] {long}\n")));
}

#[test]
fn heads_that_are_too_long() {
    let web = Web::start(&[]);
    let long = format!("X: {}\r\n", "x".repeat(16 * 1024));
    assert_eq!(web.gets("/", &long).status, "431 Request Header Fields Too Large");
    let many = "Cookie: a=b\r\n".repeat(100);
    assert_eq!(web.gets("/", &many).status, "431 Request Header Fields Too Large");
    // What other services at the address have left.
    let cookies = format!("Cookie: {}\r\n", "a=b; ".repeat(3_000));
    assert_eq!(web.gets("/", &cookies).status, "200 OK");
}

#[test]
fn what_is_no_http() {
    let web = Web::start(&[]);
    for (sent, status) in [
        // What a browser tries first that is asked for `https:`.
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], "400 Bad Request"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "400 Bad Request"),
        ("안녕하세요\n".as_bytes(), "400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", "400 Bad Request"),
        (b"GET /\r\n\r\n", "400 Bad Request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported"),
    ] {
        let mut peer = web.peer();
        peer.send(sent);
        assert_eq!(Response::read(peer).status, status, "{sent:?}");
    }
    web.peer().close_sending();
    web.peer().reset();
    assert_eq!(web.gets("/", "").status, "200 OK");
}

/// Slowloris: who sends nothing, half a head, or a byte now and then, is closed soon, and others do
/// not wait.
#[test]
fn heads_that_never_end() {
    let web = Web::start(&[]);
    let mut member = web.member();
    let mut silent = web.peer();
    let mut half = web.peer();
    half.send("GET / HTTP/1.1\r\nHost: ");
    let mut slow = web.peer();
    slow.send("GET / HTTP/1.1\r\nX: ");
    slow.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    while !is_closed(&mut slow.stream) {
        // It may be closed right now.
        let _ = slow.stream.write_all(b"x");
    }
    assert_eq!(silent.rest(), "");
    assert_eq!(half.rest(), "");
    member.send("아직 있어요\n");
    web.server.says(&format!("[{}] 아직 있어요", member.addr()));
}

/// Whether a socket, from which nothing comes any more, is closed; waits until its timeout.
pub(super) fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(count) => {
            assert_eq!(count, 0, "nothing is answered");
            true
        }
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}
