//! Connections that end badly, and a system without descriptors.

use std::process::Command;

use crate::harness::{Peer, Program, Server, executable};

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

#[test]
fn what_was_pending_at_the_half_close_is_handed_out() {
    let server = Server::start(&["--quiet"]);
    let mut ann = server.member();
    let mut ben = server.member();
    let text = "x".repeat(1000);
    for _ in 0..600 {
        ann.send(format!("{text}\n"));
    }
    ann.send("표시\n");
    // Its own line comes after all of those in the one order there is.
    ben.line_where(|line| line.ends_with("표시"));
    let mut cat = server.member();
    ben.line();
    for _ in 0..600 {
        ann.send(format!("{text}\n"));
    }
    ann.send("표시\n");
    cat.line();
    ben.close_sending();
    cat.line_where(|line| line.starts_with("< The user"));
    let heard = ben.rest();
    assert!(heard.lines().all(|line| line.len() > 1000 || line.ends_with("표시")));
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
        // The half may have been received before the reset came, or not.
        let left = ann.line_where(|line| !line.starts_with('['));
        assert_eq!(left, format!("< The user {addr} left (1 user online)"));
    }
    // Some that are gone before they are accepted, all at once.
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

    // Those who are in go on talking.
    let mut waiting = peers.split_off(20);
    for peer in &mut peers {
        peer.line_where(|line| line.starts_with("> Connected"));
    }
    peers[0].send("들려요?\n");
    for peer in &mut peers[1..] {
        peer.line_where(|line| line.ends_with("들려요?"));
    }

    // As places become free the others come in, and everybody can be heard.
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
