//! How a filter ends when one of its sides does: its output, or the room.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::net::{Shutdown, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::harness::{Peer, Server, executable, wait_until};

fn join(port: u16, options: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &port.to_string()]).args(options);
    command
}

/// `chat join --stay </dev/null | head -1`, and other inputs that bring nothing: nobody speaks, and
/// it leaves all the same.
#[test]
fn a_closed_output_is_noticed_in_silence() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    for (options, input) in
        [(&["--stay"][..], Stdio::null()), (&[], Stdio::piped()), (&["--stay"], Stdio::piped())]
    {
        let mut ben = join(server.port, options)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // Taken, and so closed at the end of the statement.
        BufReader::new(ben.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "> Connected to the chat server (2 users online)\n");
        assert!(ann.line().ends_with("entered (2 users online)"));
        assert!(ann.line().ends_with("left (1 user online)"));
        let status = wait_until("it ends", || ben.try_wait().unwrap());
        assert!(status.success());
        let mut said = String::new();
        ben.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "");
    }
}

/// An output may be a socket too.
#[test]
fn an_output_that_is_a_socket() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    let (output, ours) = UnixStream::pair().unwrap();
    let mut command = join(server.port, &["--stay"]);
    let mut ben = command.stdin(Stdio::null()).stdout(OwnedFd::from(output)).spawn().unwrap();
    drop(command);
    ann.line();
    let mut line = String::new();
    BufReader::new(&ours).read_line(&mut line).unwrap();
    assert_eq!(line, "> Connected to the chat server (2 users online)\n");
    ours.shutdown(Shutdown::Both).unwrap();
    assert!(ann.line().ends_with("left (1 user online)"));
    assert!(ben.wait().unwrap().success());
}

/// `printf … | chat join | true`: what has come in is said before it leaves, though nobody wants to
/// see that.
#[test]
fn what_was_entered_is_sent_though_the_output_is_closed() {
    let server = Server::start(&[]);
    let mut ann = server.member();
    let (closed, output) = io::pipe().unwrap();
    drop(closed);
    let (input, mut writer) = io::pipe().unwrap();
    writer.write_all("하나\n둘\n셋".as_bytes()).unwrap();
    let mut command = join(server.port, &["--stay"]);
    let mut ben = command.stdin(input).stdout(output).spawn().unwrap();
    drop(command);
    ann.line();
    assert!(ann.line().ends_with("] 하나"));
    assert!(ann.line().ends_with("] 둘"));
    assert!(ann.line().starts_with('<'), "there may be more of the third one");
    assert!(ben.wait().unwrap().success());
    drop(writer);
}

/// Runs a filter on an input to its end; returns what became of it.
fn filter(port: u16, input: impl Into<Stdio>) -> Output {
    join(port, &[]).stdin(input).output().unwrap()
}

/// A file with so many lines, to be read from its beginning.
fn file(lines: usize) -> File {
    let mut file = tempfile::tempfile().unwrap();
    let text: String = (1..=lines).map(|number| format!("{number}번 줄\n")).collect();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    file
}

/// Asserts that it failed, that it said `reason`, and how many lines it said were not sent.
#[track_caller]
fn assert_unsent(output: &Output, port: u16, reason: &str, unsent: &str) {
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("chat: the connection to 127.0.0.1:{port} ended: {reason}{unsent}\n");
    assert_eq!(str::from_utf8(&output.stderr).unwrap(), expected);
}

#[test]
fn a_room_that_is_full() {
    let server = Server::start(&["--max-users", "1"]);
    let _ann = server.member();
    for (lines, unsent) in [
        (0, ""),
        (1, "; 1 line was not sent"),
        (12, "; 12 lines were not sent"),
        // More than is read at once.
        (100_000, "; 100000 lines were not sent"),
    ] {
        let output = filter(server.port, file(lines));
        assert_unsent(&output, server.port, "the server closed it", unsent);
        let shown = str::from_utf8(&output.stdout).unwrap();
        assert_eq!(shown, "> The chat server is full (1 user online)\n");
    }
}

#[test]
fn a_server_that_closes_without_a_greeting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let closing = thread::spawn(move || drop(listener.accept().unwrap()));
    let output = filter(port, file(12));
    closing.join().unwrap();
    assert_unsent(&output, port, "the server closed it", "; 12 lines were not sent");
    assert_eq!(output.stdout, b"");
}

/// The original server is sent one message at a time.
#[test]
fn a_link_that_ends_between_two_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        let mut server = Peer::new(listener.accept().unwrap().0);
        server.send("> Connected to the chat server (1 user online)");
        for number in 1..=3 {
            assert_eq!(server.read(), format!("{number}번 줄").as_bytes());
        }
    });
    let output = filter(port, file(12));
    serving.join().unwrap();
    assert_unsent(&output, port, "the server closed it", "; 9 lines were not sent");
    assert!(str::from_utf8(&output.stdout).unwrap().ends_with("[You] 2번 줄\n[You] 3번 줄\n"));
}

/// Each line of the input is shown as sent, or counted, and none is both.
#[test]
fn a_link_that_ends_in_the_middle_of_a_file() {
    const LINES: usize = 300_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        let mut server = Peer::new(listener.accept().unwrap().0);
        server.send("> Connected to the chat server (1 user online)\n");
        server.bytes(100_000);
        server.reset();
    });
    let output = filter(port, file(LINES));
    serving.join().unwrap();
    let shown = str::from_utf8(&output.stdout).unwrap().matches("[You] ").count();
    assert!((1..LINES).contains(&shown), "{shown}");
    let unsent = format!("; {} lines were not sent", LINES - shown);
    assert_unsent(&output, port, "Connection reset by peer", &unsent);
}

/// What ends it may also be its output, at the greeting already.
#[test]
fn an_output_that_takes_no_more() {
    let server = Server::start(&[]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = join(server.port, &[])
        .stdin(file(12))
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let unsent = match server.says("left").matches("번 줄\n").count() {
        12 => String::new(),
        11 => "; 1 line was not sent".to_owned(),
        heard => format!("; {} lines were not sent", 12 - heard),
    };
    let reason = "cannot write to standard output: No space left on device";
    let said = str::from_utf8(&output.stderr).unwrap();
    assert_eq!(said, format!("chat: {reason}{unsent}\n"));
}

/// A last line that has no end counts, and empty ones do.
#[test]
fn lines_that_are_hardly_any() {
    let server = Server::start(&["--max-users", "1"]);
    let _ann = server.member();
    let mut input = file(0);
    input.write_all("하나\n\n\n셋".as_bytes()).unwrap();
    input.rewind().unwrap();
    let output = filter(server.port, input);
    assert_unsent(&output, server.port, "the server closed it", "; 4 lines were not sent");
}

/// It is not read to an end that it does not have.
#[test]
fn an_endless_input_is_not_counted_to_its_end() {
    let server = Server::start(&["--max-users", "1"]);
    let _ann = server.member();
    let mut endless = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    let output = filter(server.port, endless.stdout.take().unwrap());
    endless.wait().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let (said, count) = said.rsplit_once("; at least ").unwrap();
    assert!(said.ends_with("ended: the server closed it"), "{said}");
    let count = count.strip_suffix(" lines were not sent\n").unwrap();
    assert!(count.parse::<u64>().unwrap() > 0);
}

/// Nor is one waited for that brings nothing just now.
#[test]
fn an_input_that_pauses() {
    let server = Server::start(&["--max-users", "1"]);
    let _ann = server.member();
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all("하나\n둘\n세".as_bytes()).unwrap();
    let output = filter(server.port, reader);
    assert_unsent(&output, server.port, "the server closed it", "; 3 lines were not sent");
    drop(writer);
}
