//! Many at once: pages that are members, and connections that are nothing yet.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::client::{CLOSE, PING, Page, TEXT, connect, frame, handshake};
use super::heads::is_closed;
use super::{Got, Web};
use crate::crowds::{descriptors, withstand};
use crate::harness::{Peer, Program, Signal, executable, wait_until};

/// More than may be unfinished at once.
const MANY: usize = 300;

/// Connections that say nothing cost the oldest of them their place, and members nothing.
#[test]
fn unfinished_handshakes_use_nothing_up() {
    let web = Web::start(&[]);
    let mut ann = web.member();
    let before = descriptors(&web.server);
    let mut idle: Vec<Peer> = (0..MANY).map(|_| web.peer()).collect();
    // Not because its time is over: that takes longer than a few answers.
    idle[0].stream.set_nonblocking(true).unwrap();
    let is_closed = (0..MANY).any(|_| {
        assert_eq!(web.gets("/", "").status, "200 OK");
        is_closed(&mut idle[0].stream)
    });
    assert!(is_closed, "it was there the longest");
    for early in &mut idle[1..MANY - 256] {
        assert_eq!(early.rest(), "");
    }
    // The last ones may go on.
    let last = idle.last_mut().unwrap();
    last.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(last.rest().starts_with("HTTP/1.1 200 OK\r\n"));
    drop(idle);
    wait_until("all are closed", || (descriptors(&web.server) <= before).then_some(()));
    ann.send("아직 있어요\n");
    web.server.says(&format!("[{}] 아직 있어요", ann.addr()));
}

/// Without descriptors both doors wait, and that is said once.
#[test]
fn no_descriptor_is_left_for_either_door() {
    let line = format!("ulimit -n 40 && exec {} serve --web 0 127.0.0.1 0", executable());
    let web = Web::from(Program::run(Command::new("sh").args(["-c", &line])));
    let mut members: Vec<Peer> = (0..60).map(|_| web.server.peer()).collect();
    web.server
        .program
        .err
        .wait_for("chat: cannot accept connections for now: Too many open files\n");
    let mut asking = web.peer();
    asking.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut waiting = members.split_off(20);
    for member in &mut members {
        member.line_where(|line| line.starts_with("> Connected"));
    }
    drop(members);
    // Those that have waited get in, by whichever door.
    waiting[0].line_where(|line| line.starts_with("> Connected"));
    waiting.clear();
    assert!(asking.rest().starts_with("HTTP/1.1 200 OK\r\n"));
    let said = web.server.program.err.so_far();
    assert_eq!(said.matches("cannot accept").count(), 1, "{said}");
}

/// As many as ever are members, once they are.
#[test]
fn many_pages_are_members() {
    let web = Web::start(&[]);
    let before = descriptors(&web.server);
    let mut pages: Vec<_> = (0..MANY).map(|_| web.member()).collect();
    pages[0].send("모두에게\n");
    let said = format!("[{}] 모두에게", pages[0].addr());
    for page in &mut pages[1..] {
        assert!(std::iter::repeat_with(|| page.line()).any(|line| line == said));
    }
    let last = pages.last_mut().unwrap();
    last.peer.send(frame(CLOSE, b""));
    while last.next() != Got::Close(1000) {}
    drop(pages);
    wait_until("all are gone", || (descriptors(&web.server) <= before).then_some(()));
    web.server.says("(0 user online)");
}

/// A school that opens the page while the server is held up for a moment: all get in, though they are
/// more than may be unfinished at once.
#[test]
fn a_storm_of_pages() {
    let web = Web::start(&["--quiet"]);
    web.server.program.signal(Signal::STOP);
    let head = format!("{}\r\n", handshake(web.port));
    let mut pages: Vec<Peer> = (0..3 * MANY).map(|_| web.peer()).collect();
    pages.iter_mut().for_each(|page| page.send(&head));
    web.server.program.signal(Signal::CONT);
    for page in pages {
        let greeting = Page::begin(page).line();
        assert!(greeting.starts_with("> Connected to the chat server ("), "{greeting}");
    }
}

/// Pages, and what only looks like one, that misbehave in every way beside others who talk.
#[test]
fn pages_that_behave_in_every_bad_way() {
    let web = Web::start(&["--quiet"]);
    let head = format!("{}\r\n", handshake(web.port));
    let after = |bytes: &[u8]| [head.as_bytes(), bytes].concat();
    let garbage: Vec<u8> = (0..4_000_u32).map(|number| (number * 7) as u8).collect();
    let ping = frame(PING, &[b'?'; 125]);
    // What it sends, whether it reads what comes then, and whether it stays for a while.
    let ways = [
        (garbage.clone(), false, false),
        (after(&garbage), false, false),
        (head.as_bytes()[..head.len() / 2].to_vec(), false, true),
        (after(&frame(TEXT, "반쪽".as_bytes())[..7]), true, false),
        (after(&frame(TEXT, "듣지 않는다\n".as_bytes())), false, true),
        (after(&ping.repeat(100)), false, true),
        (after(&ping.repeat(100)), true, false),
        // More than there is: it only begins to come.
        (
            after(&[&[TEXT, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], &garbage[..]].concat()),
            true,
            false,
        ),
        (after(&[frame(CLOSE, b""), frame(TEXT, b"x\n").repeat(100)].concat()), false, false),
        (b"GET /chat.js HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), false, true),
    ];
    withstand(&web.server, ways.len(), |way, is_enough| {
        let (bytes, reads, stays) = &ways[way];
        let mut kept = VecDeque::new();
        while !is_enough.load(Ordering::Relaxed) {
            // A hundred a second of each: a busy machine, too, has to get on with all of them.
            thread::sleep(Duration::from_millis(10));
            let Ok(mut stream) = connect(web.port) else { continue };
            stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            // Whether all of it is taken does not matter here.
            let _ = stream.write_all(bytes);
            if *reads {
                let _ = stream.read(&mut [0; 512]);
            }
            if *stays {
                kept.push_back(stream);
                if kept.len() > 20 {
                    kept.pop_front();
                }
            } else {
                Peer::new(stream).reset();
            }
        }
    });
    let said = web.server.program.err.so_far();
    assert_eq!(said.lines().count(), 1, "{said}");
}
