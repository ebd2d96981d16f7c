//! How connections end, and what a page is told of it.

use super::client::{BINARY, CLOSE, PING, TEXT, frame};
use super::heads::is_closed;
use super::{Got, Page, Web, client};
use crate::harness::{Peer, Signal, executable, wait_until};
use crate::terminal::{Kind, Terminal};

/// Who closes is answered with the same code, and has left at once.
#[test]
fn a_page_closes() {
    let web = Web::start(&[]);
    let mut ben = web.server.member();
    for (payload, answer) in [
        (&[][..], 1000),
        (&[0x03, 0xe8], 1000),
        (&[0x03, 0xe9, b'b', b'y', b'e'], 1001),
        (&[0x0f, 0xa0], 4000),
        // Codes that may not be sent, half of one, and a reason that is no text (7.4.1, 5.5.1).
        (&[0x03, 0xed], 1002),
        (&[0x03], 1002),
        (&[0x03, 0xe8, 0xff], 1007),
    ] {
        let mut ann = web.member();
        assert!(ben.line().contains("entered"));
        ann.send("갑니다\n");
        ann.peer.send(frame(CLOSE, payload));
        // Nothing behind it counts.
        ann.peer.send(frame(TEXT, "아직\n".as_bytes()));
        assert_eq!(ann.end(), Got::Close(answer), "{payload:?}");
        assert_eq!(ben.line(), format!("[{}] 갑니다", ann.addr()));
        assert_eq!(ben.line(), format!("< The user {} left (1 user online)", ann.addr()));
    }
}

/// What may not be sent ends the connection, with the reason; what came before is said.
#[test]
fn a_page_breaks_the_rules() {
    let web = Web::start(&[]);
    let mut ben = web.server.member();
    for (sent, code) in [
        (vec![TEXT, 0x03, b'h', b'e', b'y'], 1002), // not masked
        (frame(0xc1, b"x"), 1002),                  // a bit of an extension
        (frame(0x83, b"x"), 1002),                  // an unknown opcode
        (frame(0x80, b"x"), 1002),                  // more of nothing
        (frame(PING, &[b'x'; 126]), 1002),
        (frame(PING & 0x0f, b"x"), 1002),
        (frame(BINARY, b"x"), 1003),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"\xed\xa0\x80"), 1007),
        (frame(TEXT, b"\xed\x95"), 1007),
    ] {
        let mut ann = web.member();
        assert!(ben.line().contains("entered"));
        ann.send("전에\n");
        ann.peer.send(&sent);
        assert_eq!(ann.end(), Got::Close(code), "{sent:x?}");
        assert_eq!(ben.line(), format!("[{}] 전에", ann.addr()));
        assert_eq!(ben.line(), format!("< The user {} left (1 user online)", ann.addr()));
    }
}

/// Whoever ends without a close has left, as with any line client; half of a message is not said.
#[test]
fn a_page_is_gone() {
    let web = Web::start(&[]);
    let mut ben = web.server.member();
    let ends: [fn(Peer); 3] = [drop, Peer::reset, |peer| peer.close_sending()];
    for end in ends {
        let mut ann = web.member();
        let addr = ann.addr();
        assert!(ben.line().contains("entered"));
        let half = frame(0x01, "반".as_bytes());
        ann.peer.send(half);
        end(ann.peer);
        assert_eq!(ben.line(), format!("< The user {addr} left (1 user online)"));
    }
}

#[test]
fn a_full_room_says_so() {
    let web = Web::start(&["--max-users", "1"]);
    let _ann = web.member();
    let mut late = Page::connect(web.port);
    assert_eq!(late.line(), "> The chat server is full (1 user online)");
    assert_eq!(late.end(), Got::Close(1008));
}

/// What is said when the server ends still arrives, then why.
#[test]
fn the_server_ends() {
    let mut web = Web::start(&[]);
    let mut ann = web.member();
    let mut ben = web.server.member();
    assert!(ann.line().contains("entered"));
    let mut half = web.peer();
    half.send("GET / HTTP/1.1\r\n");
    ben.send("마지막\n");
    web.server.says("] 마지막");
    web.server.program.signal(Signal::TERM);
    assert_eq!(ann.line(), format!("[{}] 마지막", ben.addr()));
    assert_eq!(ann.end(), Got::Close(1001));
    assert_eq!(web.server.program.status(), 0);
    assert!(is_closed(&mut half.stream));
}

/// What a page is told that is removed, or not let in; and how a key that two have ends.
#[test]
fn the_host_decides() {
    let args = ["serve", "--web", "0", "127.0.0.1", "0"];
    let mut command = pty_process::blocking::Command::new(executable());
    command = command.args(args);
    let host = Terminal::run(command, Kind::WIDE, &[]);
    let port = wait_until("it says where the page is", || {
        let lines = host.lines();
        let line = lines.iter().find(|line| line.starts_with("Join with a browser: http://"))?;
        line.ends_with('/').then(|| client::port_of(line))
    });
    let mut ann = Page::connect(port);
    assert!(ann.line().starts_with("> Connected"));
    ann.send("\n\r\n");
    let session = ann.line();
    let key = session.split(' ').nth(2).unwrap().to_owned();
    let mut second = Page::connect(port);
    second.send(&format!("/resume {key} 0\n"));
    assert_eq!(second.line(), "> /resumed 0");
    assert_eq!(ann.end(), Got::Close(1000), "another connection goes on as it");

    second.send("/name Ann\n");
    assert!(second.line().ends_with(" is now Ann"));
    host.types("/lock\r");
    wait_until("the room is locked", || {
        let mut late = Page::connect(port);
        let line = late.line();
        (line == "> The room is locked").then(|| assert_eq!(late.end(), Got::Close(1008)))
    });
    host.types("/kick Ann 그만\r");
    let told = std::iter::repeat_with(|| second.line()).find(|line| line.contains("removed"));
    assert!(told.unwrap().contains("그만"));
    assert_eq!(second.end(), Got::Close(1008));
}
