//! `chat join` as a Unix filter.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::harness::{Peer, Program, Server, Signal, executable, wait_until};
use crate::signals::wait_for_handler;

#[test]
fn the_end_of_input() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    let mut ben = Program::join(server.port, &[]);
    ann.line();
    ben.type_in("하나\n둘\n끝");
    ben.close_input();
    assert!(ann.line().ends_with("] 하나"));
    assert!(ann.line().ends_with("] 둘"));
    assert!(ann.line().ends_with("] 끝"));
    assert!(ann.line().starts_with("< The user "));
    assert_eq!(ben.status(), 0);
    let expected =
        "> Connected to the chat server (2 users online)\n[You] 하나\n[You] 둘\n[You] 끝\n";
    assert_eq!(ben.out.all(), expected);
    assert_eq!(ben.err.all(), "");
}

#[test]
fn no_input_at_all() {
    let server = Server::start(&[]);
    let mut ben = Program::join(server.port, &[]);
    ben.close_input();
    assert_eq!(ben.status(), 0);
    assert_eq!(ben.out.all(), "> Connected to the chat server (1 user online)\n");
}

#[test]
fn stay() {
    let server = Server::start(&[]);
    let mut ben = Program::join(server.port, &["--stay"]);
    ben.out.wait_for("(1 user online)\n");
    ben.type_in("조용히 듣기\n");
    ben.close_input();
    let mut ann = server.member();
    ann.send("아직 있어요?\n");
    ben.out.wait_for("아직 있어요?\n");
    server.program.signal(Signal::INT);
    assert_eq!(ben.status(), 1);
}

#[test]
fn the_servers_end() {
    for signal in [Signal::INT, Signal::KILL] {
        let server = Server::start(&[]);
        let mut ben = Program::join(server.port, &[]);
        // With input unread at its end, even an empty line, the connection would be reset.
        ben.type_in("안녕\n");
        server.says("안녕\n");
        server.program.signal(signal);
        assert_eq!(ben.status(), 1);
        let port = server.port;
        let expected =
            format!("chat: the connection to 127.0.0.1:{port} ended: the server closed it\n");
        assert_eq!(ben.err.all(), expected);
        let shown = "> Connected to the chat server (1 user online)\n[You] 안녕\n";
        assert_eq!(ben.out.all(), shown);
    }
}

#[test]
fn a_server_that_resets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut ben = Program::join(port, &[]);
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send("> Connected to the chat server (1 user online)\n");
    ben.out.wait_for("\n");
    server.reset();
    assert_eq!(ben.status(), 1);
    let expected =
        format!("chat: the connection to 127.0.0.1:{port} ended: Connection reset by peer\n");
    assert_eq!(ben.err.all(), expected);
}

/// Returns a socket that is bound to a port but does not listen.
fn bound_socket() -> (socket2::Socket, std::net::SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

#[test]
fn nobody_listens() {
    let (_socket, addr) = bound_socket();
    let port = addr.port();
    let mut ben = Program::join(port, &[]);
    assert_eq!(ben.status(), 1);
    let expected = format!("chat: cannot connect to 127.0.0.1:{port}: Connection refused\n");
    assert_eq!(ben.err.all(), expected);
    assert_eq!(ben.out.all(), "");
}

#[test]
fn no_such_name() {
    let mut ben = Program::start(["join", "no.such.name.invalid", "3333"]);
    assert_eq!(ben.status(), 1);
    let said = ben.err.all();
    assert!(said.starts_with("chat: cannot connect to no.such.name.invalid:3333: "), "{said}");
    assert_eq!(said.lines().count(), 1);
}

/// Nobody answers at all: the listening queue of a server that does not accept is full.
#[test]
fn interrupts_end_it_while_it_connects() {
    let (socket, addr) = bound_socket();
    socket.listen(0).unwrap();
    let listener: TcpListener = socket.into();
    let mut filling = Vec::new();
    let short = std::time::Duration::from_millis(200);
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&addr, short) {
        filling.push(stream);
    }
    for signal in [Signal::INT, Signal::TERM] {
        let mut ben = Program::join(addr.port(), &[]);
        wait_for_handler(ben.id(), signal);
        ben.signal(signal);
        assert_eq!(ben.status(), 0);
        assert_eq!(ben.out.all(), "\nexit\n");
    }
    // It had not connected: only those who filled the queue are in it.
    listener.set_nonblocking(true).unwrap();
    let accepted = listener.incoming().take_while(|stream| stream.is_ok()).count();
    assert_eq!(accepted, filling.len());
}

#[test]
fn a_signal_ends_it_with_a_farewell() {
    let server = Server::start(&[]);
    for signal in [Signal::INT, Signal::TERM] {
        let mut ben = Program::join(server.port, &[]);
        ben.out.wait_for("user online)\n");
        ben.signal(signal);
        assert_eq!(ben.status(), 0);
        assert!(ben.out.all().ends_with(" online)\n\nexit\n"));
        assert_eq!(ben.err.all(), "");
    }
}

#[test]
fn a_signal_ends_it_though_its_output_is_full() {
    let server = Server::start(&["--quiet"]);
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    let (mut ben, _out) = Program::run_unread(&mut command);
    let mut ann = server.member();
    // More than fits into the pipe and the sockets.
    for _ in 0..50_000 {
        ann.send(format!("{}\n", "x".repeat(100)));
    }
    ben.signal(Signal::INT);
    assert_eq!(ben.status(), 0);
}

/// A child that is killed when it is dropped, even if the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Neither input nor output ever makes it wait.
#[test]
fn a_signal_ends_it_in_the_middle_of_a_flood() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut endless = Killed(Command::new("yes").stdout(Stdio::piped()).spawn().unwrap());
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &port]).stdin(endless.0.stdout.take().unwrap());
    let mut ben = Killed(command.stdout(Stdio::null()).spawn().unwrap());
    drop(command);
    let mut server = listener.accept().unwrap().0;
    let mut from_ben = server.try_clone().unwrap();
    let heard = Arc::new(AtomicU64::new(0));
    let hears = Arc::clone(&heard);
    let hearing = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from_ben.read(&mut buffer) {
            hears.fetch_add(count as u64, Ordering::Relaxed);
        }
    });
    let flood = "> 홍수\n".repeat(5_000);
    let flooding = thread::spawn(move || while server.write_all(flood.as_bytes()).is_ok() {});
    wait_until("it is in the middle of it", || {
        (heard.load(Ordering::Relaxed) > 10_000_000).then_some(())
    });
    rustix::process::kill_process(rustix::process::Pid::from_child(&ben.0), Signal::INT).unwrap();
    assert!(wait_until("it has ended", || ben.0.try_wait().unwrap()).success());
    hearing.join().unwrap();
    flooding.join().unwrap();
}

/// Programs that share a terminal may leave it non-blocking.
#[test]
fn a_non_blocking_input() {
    let server = Server::start(&[]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&reader, true).unwrap();
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    command.stdin(reader).stdout(Stdio::null());
    let mut ben = command.spawn().unwrap();
    server.says("(1 user online)\n");
    for text in ["하나", "둘"] {
        writeln!(writer, "{text}").unwrap();
        server.says(&format!("] {text}\n"));
    }
    drop((writer, command));
    assert!(ben.wait().unwrap().success());
}

#[test]
fn an_input_that_cannot_be_read() {
    let server = Server::start(&[]);
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    command.stdin(std::fs::File::open("/").unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "chat: cannot read standard input: Is a directory\n");
}

/// Nobody reads its last words, and it still has to end.
#[test]
fn a_full_standard_error() {
    let server = Server::start(&[]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(writer);
    let mut ben = command.spawn().unwrap();
    let _input = ben.stdin.take();
    server.says("(1 user online)\n");
    drop(server);
    assert_eq!(ben.wait().unwrap().code(), Some(1));
    drop(reader);
}

#[test]
fn a_closed_output() {
    let server = Server::start(&[]);
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    let (mut ben, out) = Program::run_unread(&mut command);
    drop(out);
    let mut ann = server.member();
    // A program that another test is just starting may hold the pipe's other end for a moment.
    let status = wait_until("it ends", || {
        ann.send("누가 들어요?\n");
        ben.exit_status()
    });
    assert!(status.success());
    assert_eq!(ben.err.all(), "");
}

#[test]
fn an_output_that_fails() {
    let server = Server::start(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "chat: cannot write to standard output: No space left on device\n");
}

/// A socket reports an error only once.
#[test]
fn an_input_that_was_reset() {
    let server = Server::start(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = Peer::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let input = listener.accept().unwrap().0;
    other.reset();
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    let output = command.stdin(OwnedFd::from(input)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "chat: cannot read standard input: Connection reset by peer\n");
}

#[test]
fn a_long_input_arrives_whole() {
    let server = Server::start(&["--quiet"]);
    let mut ann = server.member();
    let mut ben = Program::join(server.port, &[]);
    ann.line();
    let mut input = ben.take_input();
    let writer = thread::spawn(move || {
        for number in 0..20_000 {
            writeln!(input, "줄 {number}").unwrap();
        }
    });
    for number in 0..20_000 {
        assert!(ann.line().ends_with(&format!("] 줄 {number}")));
    }
    writer.join().unwrap();
    assert_eq!(ben.status(), 0);
    let shown = ben.out.all();
    let expected: String = (0..20_000).map(|number| format!("[You] 줄 {number}\n")).collect();
    assert_eq!(shown.split_once('\n').unwrap().1, expected);
}

#[test]
fn what_a_server_sends_is_cleaned() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ben = Program::join(listener.local_addr().unwrap().port(), &[]);
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send("> Connected\n\u{1b}]0;title\u{7}\u{9b}2J\u{202e}\r\n");
    ben.out.wait_for("> Connected\n␛]0;title␇\u{fffd}2J\u{fffd}\n");
}
