//! Connections that end badly, and a system without descriptors.

use std::fs;
use std::io::{ErrorKind, Write};
use std::process::Command;

use rustix::process::{Resource, getrlimit};

use crate::harness::{Peer, Program, Server, executable, wait_until};
#[cfg(target_arch = "x86_64")]
use crate::refusals::without_socket_options;

#[test]
fn half_close() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    ben.send("먼저\n끝에 줄바꿈이 없다");
    ben.close_sending();
    let addr = ben.addr();
    assert_eq!(ann.line(), format!("[{addr}] 먼저"));
    assert_eq!(ann.line(), format!("[{addr}] 끝에 줄바꿈이 없다"));
    assert_eq!(ann.line(), format!("< The user {addr} left (1 user online)"));
    assert_eq!(ben.rest(), "", "and the server closes");
}

/// Some telnet clients send it. What follows it is not forgotten.
#[test]
fn urgent_data() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    for number in 0..20 {
        ben.send(format!("{number} 앞\n"));
        ben.send_urgently(b'!');
        ben.send(format!("{number} 뒤\n"));
        assert_eq!(ann.line(), format!("[{}] {number} 앞", ben.addr()));
        assert_eq!(ann.line(), format!("[{}] {number} 뒤", ben.addr()));
    }
}

#[test]
fn what_was_pending_at_the_half_close_is_handed_out() {
    let server = Server::start(&["--quiet", "--backlog", "4M"]);
    let mut ann = server.member();
    let mut ben = server.member();
    let mut cat = server.member();
    let text = "x".repeat(1000);
    // More than fits into the sockets, so that most of it is pending in the room.
    for number in 0..2500 {
        ann.send(format!("{number} {text}\n"));
    }
    ann.send("마지막\n");
    cat.line_where(|line| line.ends_with("마지막"));
    ben.close_sending();
    cat.line_where(|line| line == format!("< The user {} left (2 users online)", ben.addr()));
    ben.line();
    for number in 0..2500 {
        assert_eq!(ben.line(), format!("[{}] {number} {text}", ann.addr()));
    }
    assert_eq!(ben.line(), format!("[{}] 마지막", ann.addr()));
    assert_eq!(ben.rest(), "", "its own leaving is not told to it");
}

/// What a peer sends after it was turned away is not read for long.
#[test]
fn a_flood_from_one_that_was_turned_away() {
    let server = Server::start(&["--max-users", "2"]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    let mut third = server.peer();
    let row = "x".repeat(100_000);
    let gone =
        wait_until("its connection is closed", || third.stream.write_all(row.as_bytes()).err());
    assert!(matches!(gone.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{gone}");
    ann.send("둘이서\n");
    assert!(ben.line().ends_with("둘이서"));
}

/// A peer that is plainly no chat client is closed and not heard, however much it sends. It can
/// still read everything that it was sent: its connection is not reset.
#[test]
fn what_is_no_chat_client() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    let body = "x".repeat(256 * 1024);
    for beginning in ["POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n"] {
        let mut other = server.member();
        assert!(ann.line().starts_with("> New user "));
        other.send(format!("{beginning}{body}"));
        other.close_sending();
        assert_eq!(other.rest(), "");
        assert!(ann.line().starts_with("< The user "));
    }
}

#[test]
fn resets() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    for _ in 0..50 {
        let mut gone = server.member();
        gone.send("half a mess");
        let addr = gone.addr();
        ann.line();
        gone.reset();
        // The half may or may not have been received before the reset.
        let left = ann.line_where(|line| !line.starts_with('['));
        assert_eq!(left, format!("< The user {addr} left (1 user online)"));
    }
    // Several at once that are gone before they are accepted.
    let storm: Vec<Peer> = (0..100).map(|_| server.peer()).collect();
    storm.into_iter().for_each(Peer::reset);
    let mut ben = server.peer();
    assert!(ben.line().starts_with("> Connected to the chat server ("));
    ann.line_where(|line| line.contains(&ben.addr()) && line.contains("entered"));
    ben.send("아직 있다\n");
    ann.line_where(|line| line.ends_with("아직 있다"));
}

#[test]
fn forty_descriptors_and_sixty_peers() {
    let line = format!("ulimit -n 40 && exec {} serve 127.0.0.1 0", executable());
    let server = Server::from(Program::run(Command::new("sh").args(["-c", &line])));
    let mut peers: Vec<Peer> = (0..60).map(|_| server.peer()).collect();
    server.program.err.wait_for("chat: cannot accept connections for now: Too many open files\n");

    // Members go on talking.
    let mut waiting = peers.split_off(20);
    for peer in &mut peers {
        peer.line_where(|line| line.starts_with("> Connected"));
    }
    peers[0].send("들려요?\n");
    for peer in &mut peers[1..] {
        peer.line_where(|line| line.ends_with("들려요?"));
    }

    // As descriptors become free the others get in, and everybody can be heard.
    drop(peers);
    waiting.truncate(20);
    for peer in &mut waiting {
        peer.line_where(|line| line.starts_with("> Connected"));
    }
    waiting[19].send("이제 다 들어왔다\n");
    for peer in &mut waiting[..19] {
        peer.line_where(|line| line.ends_with("이제 다 들어왔다"));
    }
    assert_eq!(server.program.err.so_far().lines().count(), 1, "it says so once");
}

#[test]
fn the_descriptor_limit_is_raised() {
    let line = format!("ulimit -S -n 20 && exec {} serve 127.0.0.1 0", executable());
    let server = Server::from(Program::run(Command::new("sh").args(["-c", &line])));
    let mut peers: Vec<Peer> = (0..60).map(|_| server.peer()).collect();
    for peer in &mut peers {
        peer.line_where(|line| line.starts_with("> Connected"));
    }
    assert_eq!(server.program.err.so_far(), "");
}

/// While the table of descriptors grows nobody is accepted, until the system is sure that the old
/// one is no longer in use.
#[test]
fn there_is_room_for_descriptors_from_the_beginning() {
    let line = format!("ulimit -S -n 2000; exec {} serve 127.0.0.1 0", executable());
    let server = Server::from(Program::run(Command::new("sh").args(["-c", &line])));
    let limit = usize::try_from(getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", server.program.id())).unwrap();
    let room = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
    assert!(room.trim().parse::<usize>().unwrap() >= limit.min(16 * 1024), "{room}");
}

/// Systems differ in what they let be set (WSL 1 has no `TCP_USER_TIMEOUT`), and sandboxes too.
#[cfg(target_arch = "x86_64")]
#[test]
fn socket_options_are_done_without() {
    // ENOPROTOOPT, EINVAL, EPERM, ENOSYS
    for errno in [92, 22, 1, 38] {
        let (server, mut ben) = without_socket_options(errno, || {
            let server = Server::start_on("", &[]);
            let ben = Program::join(server.port, &[]);
            (server, ben)
        });
        ben.out.wait_for("(1 user online)\n");
        let mut ann = server.member();
        ben.type_in("들려요?\n");
        assert!(ann.line().ends_with("] 들려요?"));
        ann.send("네\n");
        ben.out.wait_for("] 네\n");
        ben.close_input();
        assert_eq!(ben.status(), 0);
        assert_eq!(server.program.err.so_far(), "");
    }
}
