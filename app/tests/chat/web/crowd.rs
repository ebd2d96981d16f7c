//! Many at once: pages that are members, and connections that are nothing yet.

use std::fs;
use std::process::Command;

use super::heads::is_closed;
use super::{Got, Web};
use crate::harness::{Peer, Program, executable, wait_until};

/// More than may be unfinished at once.
const MANY: usize = 300;

/// Connections that say nothing cost the oldest of them their place, and members nothing.
#[test]
fn unfinished_handshakes_use_nothing_up() {
    let web = Web::start(&[]);
    let mut ann = web.member();
    let before = descriptors(&web);
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
    wait_until("all are closed", || (descriptors(&web) <= before).then_some(()));
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
    let before = descriptors(&web);
    let mut pages: Vec<_> = (0..MANY).map(|_| web.member()).collect();
    pages[0].send("모두에게\n");
    let said = format!("[{}] 모두에게", pages[0].addr());
    for page in &mut pages[1..] {
        assert!(std::iter::repeat_with(|| page.line()).any(|line| line == said));
    }
    let last = pages.last_mut().unwrap();
    last.peer.send(super::client::frame(super::client::CLOSE, b""));
    while last.next() != Got::Close(1000) {}
    drop(pages);
    wait_until("all are gone", || (descriptors(&web) <= before).then_some(()));
    web.server.says("(0 user online)");
}

/// Descriptors that the server has open.
fn descriptors(web: &Web) -> usize {
    fs::read_dir(format!("/proc/{}/fd", web.server.program.id())).unwrap().count()
}
