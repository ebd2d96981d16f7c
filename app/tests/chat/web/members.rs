//! Pages as members of a room, beside others.

use std::thread;

use super::client::{PING, TEXT, frame};
use super::{Got, Page, Web};
use crate::stalls::{message, skipped};

/// One room, whatever each came by.
#[test]
fn one_session() {
    let web = Web::start(&[]);
    let mut ann = web.member();
    let mut ben = web.server.member();
    let mut cat = web.member();
    let (ann_is, ben_is, cat_is) = (ann.addr(), ben.addr(), cat.addr());
    assert_eq!(ann.line(), format!("> New user {ben_is} entered (2 users online)"));
    for line in [ann.line(), ben.line()] {
        assert_eq!(line, format!("> New user {cat_is} entered (3 users online)"));
    }
    ann.send("안녕하세요?\n");
    assert_eq!(ben.line(), format!("[{ann_is}] 안녕하세요?"));
    assert_eq!(cat.line(), format!("[{ann_is}] 안녕하세요?"));
    ben.send("네 안녕하세요ㅋㅋ\n");
    assert_eq!(
        ann.line(),
        format!("[{ben_is}] 네 안녕하세요ㅋㅋ"),
        "and its own did not come back"
    );
    assert_eq!(cat.line(), format!("[{ben_is}] 네 안녕하세요ㅋㅋ"));
    cat.send("/name 지민\n/msg ");
    cat.send("오타\n");
    // The end of a message is the end of a line.
    assert_eq!(cat.line(), format!("> The user {cat_is} is now 지민"));
    assert!(cat.line().starts_with("> "), "what /msg needs");
    for line in [ann.line(), ben.line()] {
        assert_eq!(line, format!("> The user {cat_is} is now 지민"));
    }
    assert_eq!(ann.line(), "[지민] 오타");
    ann.send("/msg 지민 둘만의 말");
    assert_eq!(ann.line(), "[you -> 지민] 둘만의 말");
    assert_eq!(cat.line(), format!("[{ann_is} -> you] 둘만의 말"));
    drop(ann);
    assert_eq!(cat.line(), format!("< The user {ann_is} left (2 users online)"));
    assert_eq!(ben.line(), "[지민] 오타", "and nothing that was private");
    assert_eq!(ben.line(), format!("< The user {ann_is} left (2 users online)"));
}

/// Messages are said as they are sent, wherever frames and reads cut them.
#[test]
fn frames_in_parts() {
    let web = Web::start(&[]);
    let mut ann = web.member();
    let mut ben = web.server.member();
    let label = format!("[{}] ", ann.addr());
    let text = "여러 조각\n".as_bytes();
    let pieces = [
        frame(0x01, &text[..1]),
        frame(PING, b"?"),
        frame(0x00, &text[1..4]),
        frame(0x00, b""),
        frame(0x80, &text[4..]),
        frame(TEXT, "둘\n셋".as_bytes()),
        frame(TEXT, b""),
        frame(TEXT, b"GET / HTTP/1.1"),
    ]
    .concat();
    for length in [1, 2, 7, pieces.len()] {
        for piece in pieces.chunks(length) {
            ann.peer.send(piece);
        }
        for expected in ["여러 조각", "둘", "셋", "GET / HTTP/1.1"] {
            let line = ben.line_where(|line| !line.starts_with("> "));
            assert_eq!(line, format!("{label}{expected}"), "in parts of {length} bytes");
        }
    }
    assert_eq!(ann.line(), format!("> New user {} entered (2 users online)", ben.addr()));
    for _ in 0..4 {
        assert_eq!(ann.end(), Got::Pong(b"?".to_vec()));
    }
}

/// A line that is longer than a frame is one message.
#[test]
fn long_lines() {
    let web = Web::start(&["--max-line", "64K"]);
    let mut ann = web.member();
    let mut ben = web.server.member();
    let long = "가나다라".repeat(5_000);
    ben.send(format!("하나\n{long}\n둘\n"));
    let label = format!("[{}] ", ben.addr());
    for expected in ["하나", &long, "둘"] {
        let line = std::iter::repeat_with(|| ann.line()).find(|line| !line.starts_with("> "));
        assert!(line.unwrap() == format!("{label}{expected}"));
    }
    ann.send(&long);
    let line = ben.line_where(|line| !line.starts_with("> "));
    assert!(line == format!("[{}] {long}", ann.addr()));
}

/// A silent room says now and then that it is there, as a page cannot see pings; nobody else gets
/// anything of it.
#[test]
fn a_silent_room_is_heard() {
    let web = Web::start(&[]);
    let mut ben = web.server.member();
    let mut ann = web.member();
    for _ in 0..2 {
        assert_eq!(ann.end(), Got::Text(String::new()));
    }
    ann.send("들려요?\n");
    ben.line_where(|line| line.contains("entered"));
    assert_eq!(ben.line(), format!("[{}] 들려요?", ann.addr()));
}

/// A page that reads nothing delays nobody. Once it reads, it gets whole messages in order, and the
/// exact number of those that it did not get.
#[test]
fn a_stalled_page_beside_a_flood() {
    const FLOOD: usize = 100_000;
    let web = Web::start(&["--quiet"]);
    let mut stalled = web.member();
    let mut healthy = web.member();
    let mut sender = web.server.member();
    assert!(stalled.line().ends_with("entered (2 users online)"));
    for page in [&mut stalled, &mut healthy] {
        assert!(page.line().ends_with("entered (3 users online)"));
    }
    let label = format!("[{}] ", sender.addr());
    let expected = label.clone();
    let reader = thread::spawn(move || {
        for number in 0..FLOOD {
            assert_eq!(healthy.line(), format!("{expected}{}", message(number)));
        }
        healthy
    });
    let flood: String = (0..FLOOD).map(|number| message(number) + "\n").collect();
    sender.send(flood);
    let _healthy = reader.join().unwrap();
    let (mut next, mut notices) = (0, 0);
    while next < FLOOD {
        let line = stalled.line();
        let count = skipped(&line);
        if count > 0 {
            notices += 1;
        } else if line != format!("{label}{}", message(next)) {
            // Half of a message, which counts as skipped.
            assert!(format!("{label}{}", message(next)).starts_with(&line), "{line}");
        }
        next += if line.starts_with("> ") { count } else { usize::from(line.ends_with('끝')) };
    }
    assert!(notices > 0, "it was not stalled");
    assert_eq!(next, FLOOD);
    stalled.send("이제 읽어요\n");
    assert_eq!(sender.line(), format!("[{}] 이제 읽어요", stalled.addr()));
}

/// A page that comes back is the same member, has missed nothing, and says nothing twice.
#[test]
fn a_page_comes_back() {
    let web = Web::start(&[]);
    let mut ben = web.server.member();
    let mut ann = web.member();
    let addr = ann.addr();
    assert_eq!(ben.line(), format!("> New user {addr} entered (2 users online)"));
    ann.send("\n\r\n");
    let session = ann.line();
    let key = session.strip_prefix("> /session ").and_then(|rest| rest.split(' ').next());
    let key = key.unwrap_or_else(|| panic!("{session:?}")).to_owned();
    ben.send("하나\n");
    assert_eq!(ann.line(), format!("[{}] 하나", ben.addr()));
    // Half of a message is on its way when the link ends.
    ann.send("안녕\n");
    assert_eq!(ben.line(), format!("[{addr}] 안녕"));
    let half = frame(TEXT, "다시\n".as_bytes());
    ann.peer.send(&half[..half.len() - 3]);
    ann.peer.reset();
    ben.send("둘\n");
    let mut back = Page::connect(web.port);
    back.send(&format!("/resume {key} 1\n"));
    let resumed = back.line();
    let arrived = resumed.strip_prefix("> /resumed ").unwrap_or_else(|| panic!("{resumed:?}"));
    assert_eq!(back.line(), format!("[{}] 둘", ben.addr()));
    let sent = "안녕\n다시\n";
    back.send(&sent[arrived.parse().unwrap()..]);
    // Whether others were told that it was away depends on what the server noticed first.
    let said = ben.line_where(|line| line.starts_with('['));
    assert_eq!(said, format!("[{addr}] 다시"));
}
