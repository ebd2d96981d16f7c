//! `chat serve`: listening, limits, and its end.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::{Peer, Program, Server, Signal, executable, wait_until};
use crate::surroundings::{leave_out, with_own_mounts};

fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

#[test]
fn a_port_in_use() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let mut second = Program::start(["serve", "127.0.0.1", &port]);
    assert_eq!(second.status(), 1);
    let expected = format!("chat: cannot listen on 127.0.0.1:{port}: Address already in use\n");
    assert_eq!(second.err.all(), expected);
    assert_eq!(second.out.all(), "", "nothing has started");
}

#[test]
fn a_port_in_use_of_ipv6() {
    if !has_ipv6() {
        return;
    }
    let server = Server::start_on("::1", &[]);
    for host in ["::1", "[::1]"] {
        let mut second = Program::start(["serve", host, &server.port.to_string()]);
        assert_eq!(second.status(), 1);
        let port = server.port;
        let expected = format!("chat: cannot listen on [::1]:{port}: Address already in use\n");
        assert_eq!(second.err.all(), expected);
    }
}

#[test]
fn it_can_be_started_again_on_its_port_at_once() {
    let mut server = Server::start(&[]);
    let port = server.port.to_string();
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        // A member's connection, which the server closes first, stays behind in TIME_WAIT.
        let mut member = server.member();
        server.program.signal(signal);
        wait_until("the server has ended", || server.program.exit_status());
        assert_eq!(member.rest(), "");
        server = Server::from(Program::start(["serve", "127.0.0.1", &port]));
    }
}

#[test]
fn addresses_that_are_not_to_be_had() {
    for (host, reason) in
        [("192.0.2.1", "Cannot assign requested address"), ("no.such.name.invalid", "")]
    {
        let mut server = Program::start(["serve", host, "0"]);
        assert_eq!(server.status(), 1);
        let said = server.err.all();
        let expected = format!("chat: cannot listen on {host}:0: {reason}");
        assert!(said.starts_with(&expected) && said.lines().count() == 1, "{said}");
        assert_eq!(server.out.all(), "");
    }
}

#[test]
fn ipv6() {
    if !has_ipv6() {
        return;
    }
    let server = Server::start_on("::1", &[]);
    let mut ann = Peer::connect(("::1", server.port));
    let mut ben = Peer::connect(("::1", server.port));
    ann.line();
    ben.line();
    ann.line();
    ben.send("여섯\n");
    let addr = ben.stream.local_addr().unwrap().to_string();
    assert!(addr.starts_with("[::1]:"));
    assert_eq!(ann.line(), format!("[{addr}] 여섯"));
}

#[test]
fn an_empty_host_is_every_interface() {
    let server = Server::start_on("", &[]);
    let mut four = Peer::connect(("127.0.0.1", server.port));
    four.line();
    server.says(&format!("> New user {} entered (1 user online)\n", four.addr()));
    if has_ipv6() {
        let mut six = Peer::connect(("::1", server.port));
        six.line();
        assert_eq!(four.line(), format!("> New user {} entered (2 users online)", six.addr()));
    }
}

#[test]
fn a_name() {
    let server = Server::start_on("localhost", &[]);
    let mut join = Program::start(["join", "localhost", &server.port.to_string()]);
    join.out.wait_for("> Connected to the chat server (1 user online)\n");
    join.close_input();
    assert_eq!(join.status(), 0);
}

#[test]
fn a_full_room() {
    let server = Server::start(&["--max-users", "2"]);
    let mut ann = server.member();
    let mut ben = server.member();
    let mut third = server.peer();
    assert_eq!(third.rest(), "> The chat server is full (2 users online)\n");
    // Also a peer that has sent something already, which is never read.
    let mut eager = server.peer();
    let _ = std::io::Write::write_all(&mut eager.stream, b"hello\n");
    assert_eq!(eager.rest(), "> The chat server is full (2 users online)\n");

    ann.line();
    ann.close_sending();
    assert_eq!(ann.rest(), "");
    ben.line();
    let mut fourth = server.peer();
    assert_eq!(fourth.line(), "> Connected to the chat server (2 users online)");
}

#[test]
fn a_full_room_as_our_client_sees_it() {
    let server = Server::start(&["--max-users", "1"]);
    let _ann = server.member();
    let mut second = Program::join(server.port, &[]);
    assert_eq!(second.status(), 1);
    assert_eq!(second.out.all(), "> The chat server is full (1 user online)\n");
    assert!(second.err.all().starts_with("chat: the connection to 127.0.0.1:"));
}

#[test]
fn a_long_message_becomes_several() {
    let server = Server::start(&["--max-line", "16"]);
    let mut ann = server.member();
    ann.send("0123456789abcdef한글\n");
    server.says(&format!("[{0}] 0123456789abcdef\n[{0}] 한글\n", ann.addr()));
}

#[test]
fn quiet() {
    let mut server = Server::start(&["--quiet"]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    ann.send("조용\n");
    ben.line();
    server.program.signal(Signal::TERM);
    assert_eq!(server.program.status(), 0);
    let expected = format!("Chat Server started on port {}.\n", server.port);
    assert_eq!(server.program.out.all(), expected, "and no farewell");
}

/// A name may mean an address more than once, and ones that this machine does not have.
#[test]
fn a_name_of_many_addresses() {
    let hosts = "127.0.0.1 127.0.0.2 ::ffff:127.0.0.1 192.0.2.1 127.0.0.1 ::ffff:127.0.0.2";
    let mounting = format!(
        "mount -t tmpfs tmpfs /mnt
        for address in {hosts}; do echo $address classroom >>/mnt/hosts; done
        mount --bind /mnt/hosts /etc/hosts"
    );
    let serve = format!("{} serve classroom 0", executable());
    let Some(mut command) = with_own_mounts(&mounting, &serve) else {
        return leave_out("mounts are not allowed");
    };
    let mut server = Server::from(Program::run(&mut command));
    for host in ["127.0.0.1", "127.0.0.2"] {
        let mut peer = Peer::connect((host, server.port));
        assert_eq!(peer.line(), "> Connected to the chat server (1 user online)");
        peer.close_sending();
        assert_eq!(peer.rest(), "");
    }
    server.program.signal(Signal::TERM);
    assert_eq!(server.program.status(), 0);
    let said = server.program.err.all();
    let rest = said.strip_prefix("chat: cannot listen on 192.0.2.1:");
    let reason = rest.and_then(|rest| rest.split_once(": ")).map(|(_, reason)| reason);
    assert_eq!(reason, Some("Cannot assign requested address\n"), "{said}");
}

#[test]
fn a_mapped_address() {
    let server = Server::start_on("::ffff:127.0.0.1", &[]);
    let mut ann = server.member();
    let port = server.port.to_string();
    let mut ben = Program::start(["join", "[::ffff:127.0.0.1]", &port]);
    ben.out.wait_for("> Connected to the chat server (2 users online)\n");
    assert!(ann.line().starts_with("> New user 127.0.0.1:"));
    ben.close_input();
    assert_eq!(ben.status(), 0);
}

/// At its end the server delivers what was said, even to a member whose input is no longer read.
#[test]
fn its_end_hands_out_what_is_said() {
    let mut server = Server::start(&[]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    let text = "x".repeat(1000);
    for _ in 0..500 {
        ann.send(format!("{text}\n"));
    }
    ann.send("마지막\n");
    server.says("마지막\n");
    server.program.signal(Signal::TERM);
    let lines = ben.rest();
    assert_eq!(lines.lines().count(), 501);
    assert!(lines.ends_with("마지막\n"));
    assert_eq!(ann.rest(), "");
    assert_eq!(server.program.status(), 0);
}

/// A server with a member that takes nothing of what it has pending, 8 MB that end with `끝`.
pub(crate) fn server_with_a_full_member() -> (Server, Peer) {
    let server = Server::start(&["--backlog", "16M"]);
    let stalled = server.member();
    let mut talker = server.member();
    let text = "x".repeat(4000);
    for _ in 0..2000 {
        talker.send(format!("{text}\n"));
    }
    talker.send("끝\n");
    server.says("끝\n");
    (server, stalled)
}

#[test]
fn its_end_does_not_wait_for_a_stalled_member() {
    let (mut server, _stalled) = server_with_a_full_member();
    server.program.signal(Signal::INT);
    assert_eq!(server.program.status(), 0);
    assert!(server.program.out.all().ends_with("\n\nexit\n"));
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    // Without the second one the end takes a second. A machine that stalls for half a second would
    // not show the difference, so there are several attempts.
    let ended_at_once = (0..5).any(|_| {
        let (mut server, _stalled) = server_with_a_full_member();
        server.program.signal(Signal::INT);
        let place = ("127.0.0.1", server.port);
        wait_until("it has stopped listening", || TcpStream::connect(place).err());
        let begin = Instant::now();
        server.program.signal(Signal::INT);
        assert_eq!(server.program.status(), 0);
        begin.elapsed() < Duration::from_millis(500)
    });
    assert!(ended_at_once);
}

#[test]
fn no_history_is_given_where_none_is_kept() {
    let server = Server::start(&["--history", "0"]);
    let mut member = server.member();
    member.send("하나\n/history\n");
    assert_eq!(member.line(), "> No history is kept here");
    let server = Server::start(&["--history=1"]);
    let mut member = server.member();
    member.send("하나\n둘\n/history 5\n");
    let told = member.line();
    assert!(told.starts_with("> 1 earlier message, "), "{told}");
    let said = member.line();
    assert!(said.ends_with("] 둘"), "{said}");
    assert_eq!(member.line(), "> That was earlier");
}
