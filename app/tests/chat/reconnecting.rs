//! `chat join` on a terminal: connections that end, and are made again.

use std::cell::Cell;
use std::net::TcpListener;

use crate::harness::{Peer, Program, Server, Signal, wait_until};
use crate::terminal::{CTRL_C, CTRL_D, GREETING, Kind, Terminal, anonymous};

/// Ends a server, and waits until its member has noticed.
fn end(server: Server, terminal: &Terminal) {
    drop(server);
    terminal
        .wait("it is said", |seen| seen.emulator.lines().concat().contains("; connecting again"));
}

const NEW_ROOM: &str =
    "chat: the room is a new one; what it had not heard is below: Enter sends it";

/// Begins the row that says when the next attempt is made.
const STATUS: &str = "chat: trying again";

/// Waits until these are all lines but for that row.
#[track_caller]
fn shows(terminal: &Terminal, expected: &[&str]) {
    terminal.wait(&format!("it shows {expected:#?}"), |seen| {
        let mut lines = seen.emulator.lines();
        lines.retain(|line| !line.starts_with(STATUS));
        lines.into_iter().map(anonymous).eq(expected.iter().copied())
    });
}

fn again(port: u16, reason: &str) -> String {
    format!("chat: {reason}; connecting again").replace("PLACE", &format!("127.0.0.1:{port}"))
}

#[test]
fn it_connects_again_and_keeps_the_draft() {
    for signal in [Signal::INT, Signal::KILL] {
        let mut server = Server::start(&[]);
        let port = server.port;
        let mut terminal = Terminal::member(&server, &[]);
        terminal.types("쓰다 만");
        terminal.ends_with(&["[You] 쓰다 만"]);
        server.program.signal(signal);
        wait_until("the server ends", || server.program.exit_status());
        let ended = again(port, "the connection to PLACE ended: the server closed it");
        terminal.wait("it is said", |seen| seen.emulator.lines().contains(&ended));
        // The draft can still be edited, and what is entered waits.
        terminal.types(" 글\r다음");
        let refused = again(port, "cannot connect to PLACE: Connection refused");
        shows(&terminal, &[GREETING, &ended, &refused, "[You] 쓰다 만 글", "[You] 다음"]);

        let server = Server::from(Program::start(["serve", "127.0.0.1", &port.to_string()]));
        // It was not meant for this room, in which nobody may be.
        let returned =
            [GREETING, &ended, &refused, GREETING, NEW_ROOM, "[You] 쓰다 만 글", "[You] 다음"];
        terminal.shows(&returned);
        assert!(!server.program.out.so_far().contains("쓰다"));
        terminal.types("\r");
        server.says("] 쓰다 만 글\n");
        server.says("] 다음\n");
        terminal.shows(&[&returned[..], &["[You]"]].concat());
        terminal.types(CTRL_C);
        assert_eq!(terminal.status(), 0);
    }
}

/// It can be left while it waits. What was entered and not sent is listed.
#[test]
fn leaving_without_a_connection() {
    for (typed, left) in [
        (CTRL_C, &["", "exit"][..]),
        (CTRL_D, &["", "exit"]),
        ("하나\r둘\x03", &["chat: not sent:", "[You] 하나", "[You] 둘", "", "exit"]),
        ("하나\r\x03", &["chat: not sent:", "[You] 하나", "", "exit"]),
    ] {
        let server = Server::start(&[]);
        let mut terminal = Terminal::member(&server, &[]);
        end(server, &terminal);
        terminal.types(typed);
        assert_eq!(terminal.status(), 0);
        terminal.ends_with(left);
    }
}

/// All of that is listed, however much there is.
#[test]
fn what_is_not_sent_is_named() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::member(&server, &[]);
    end(server, &terminal);
    let lines: Vec<String> = (0..100).map(|number| format!("{number}번 줄")).collect();
    terminal.types(&(lines.join("\r") + "\r초안" + CTRL_C));
    assert_eq!(terminal.status(), 0);
    let own: Vec<String> = lines.iter().map(|line| format!("[You] {line}")).collect();
    let mut expected = vec!["chat: not sent:"];
    expected.extend(own.iter().map(String::as_str));
    expected.extend(["[You] 초안", "", "exit"]);
    terminal.ends_with(&expected);
}

/// The client shows that it sends lines, and asks whether it can come back; it cannot.
fn is_asked(server: &mut Peer) {
    assert_eq!([server.line(), server.line()], ["", "\r"]);
}

/// Each loss is reported, even if the one before was the same.
#[test]
fn connections_that_end_again_and_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let terminal = Terminal::join(port, Kind::WIDE, &[]);
    let ended = again(port, "the connection to PLACE ended: the server closed it");
    let mut expected = Vec::new();
    for _ in 0..3 {
        let mut server = Peer::new(listener.accept().unwrap().0);
        server.send(format!("{GREETING}\n"));
        is_asked(&mut server);
        drop(server);
        expected.extend([GREETING, &ended]);
        let shown: Vec<&str> = expected.iter().copied().chain(["[You]"]).collect();
        shows(&terminal, &shown);
    }
}

/// A server that is back, but full, is not sent what was entered.
#[test]
fn a_room_that_is_full_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let terminal = Terminal::join(port, Kind::WIDE, &[]);
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send(format!("{GREETING}\n"));
    terminal.shows(&[GREETING, "[You]"]);
    is_asked(&mut server);
    drop(server);
    let ended = again(port, "the connection to PLACE ended: the server closed it");
    shows(&terminal, &[GREETING, &ended, "[You]"]);
    terminal.types("중요한 말\r");
    let full = "> The chat server is full (1 user online)";
    // Said once, although each attempt ends so.
    let expected = [GREETING, &ended, full, "[You] 중요한 말", "[You]"];
    for _ in 0..2 {
        let mut server = Peer::new(listener.accept().unwrap().0);
        server.send(format!("{full}\n"));
        server.close_sending();
        assert_eq!(server.rest(), "");
        shows(&terminal, &expected);
    }
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send(format!("{GREETING}\n"));
    is_asked(&mut server);
    assert_eq!(server.line(), "중요한 말");
    terminal.shows(&[GREETING, &ended, full, GREETING, "[You] 중요한 말", "[You]"]);
}

/// If far too much is entered while nothing can be sent, it stays in the draft, line by line.
#[test]
fn more_than_can_wait() {
    let server = Server::start(&["--quiet"]);
    let port = server.port;
    let terminal = Terminal::member(&server, &[]);
    end(server, &terminal);
    let lines: Vec<String> =
        (0..1000).map(|number| format!("{number}{}", "가".repeat(20))).collect();
    terminal.types(&(lines.join("\r") + "\r"));
    terminal.wait("all is there", |seen| {
        seen.emulator.screen().contains(&format!("[You] {}", lines[999]))
    });
    let server = Server::from(Program::start(["serve", "127.0.0.1", &port.to_string()]));
    terminal.wait("the room is back", |seen| seen.emulator.lines().concat().contains(NEW_ROOM));
    // Too much is entered at once now, which is no reason to refuse it.
    terminal.types("\r");
    let all = server.says(&lines[999]);
    let said = all.lines().filter_map(|line| line.split_once("] ")).map(|(_, text)| text);
    assert!(said.eq(lines.iter().map(String::as_str)));
}

#[test]
fn no_reconnect() {
    for draft in ["", "쓰다 만 글"] {
        let server = Server::start(&[]);
        let port = server.port;
        let mut terminal = Terminal::member(&server, &["--no-reconnect"]);
        terminal.types(draft);
        let standing = format!("[You] {draft}");
        terminal.ends_with(&[&standing]);
        drop(server);
        assert_eq!(terminal.status(), 1);
        let why = format!("chat: the connection to 127.0.0.1:{port} ended: the server closed it");
        match draft {
            "" => terminal.shows(&[GREETING, &why]),
            _ => terminal.shows(&[GREETING, "chat: not sent:", &standing, &why]),
        }
    }
}

#[test]
fn a_first_connection_that_fails() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut terminal = Terminal::join(port, Kind::WIDE, &[]);
    assert_eq!(terminal.status(), 1);
    terminal.shows(&[
        &format!("chat: cannot connect to 127.0.0.1:{port}: Connection refused"),
        &format!("Try: chat join --wait 127.0.0.1 {port}"),
    ]);

    let server = Server::start(&["--max-users", "1"]);
    let _member = server.member();
    let mut terminal = Terminal::join(server.port, Kind::WIDE, &[]);
    assert_eq!(terminal.status(), 1);
    terminal.shows(&[
        "> The chat server is full (1 user online)",
        &format!("chat: the connection to 127.0.0.1:{} ended: the server closed it", server.port),
        &format!("Try: chat join --wait 127.0.0.1 {}", server.port),
    ]);
}

/// A room that is not there yet is waited for where that is wanted, also by a filter.
#[test]
fn it_waits_for_a_room() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let terminal = Terminal::join(port, Kind::WIDE, &["--wait"]);
    let refused = again(port, "cannot connect to PLACE: Connection refused");
    terminal.wait("it says why", |seen| seen.emulator.lines().contains(&refused));
    let mut filter = Program::join(port, &["--wait"]);
    filter.err.wait_for(&format!("chat: cannot connect to 127.0.0.1:{port}: Connection refused\n"));
    let server = Server::from(Program::start(["serve", "127.0.0.1", &port.to_string()]));
    server.says("(2 users online)\n");
    terminal.types("왔어요\r");
    filter.out.wait_for("] 왔어요\n");
    filter.close_input();
    assert_eq!(filter.status(), 0);
    server.says("] 왔어요\n");
    drop(server);
    terminal.wait("the next one too", |seen| {
        seen.emulator.lines().iter().any(|line| line.ends_with("; connecting again"))
    });
}

/// What is entered before there is a room stands above the draft, and nothing else does.
#[test]
fn what_is_entered_before_there_is_a_room() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let terminal = Terminal::join(port, Kind::WIDE, &["--wait"]);
    let refused = again(port, "cannot connect to PLACE: Connection refused");
    shows(&terminal, &[&refused, "[You]"]);
    terminal.types("하나\r둘\r");
    shows(&terminal, &[&refused, "[You] 하나", "[You] 둘", "[You]"]);
}

/// How long the wait is can be seen, and any key ends it.
#[test]
fn a_key_ends_the_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let terminal = Terminal::join(port, Kind::WIDE, &[]);
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send(format!("{GREETING}\n"));
    terminal.ends_with(&[GREETING, "[You]"]);
    drop(server);
    // Each wait that ends by itself doubles the next.
    let mut left = seconds_left(&terminal);
    while left < 4 {
        turn_away(&listener, &terminal);
        left = seconds_left(&terminal);
    }
    // Enter on an empty draft, and a key that does nothing there. The wait that they interrupt goes
    // on, if that was in vain; otherwise there would be a longer one now.
    for key in ["\r", "\x1b[H"] {
        terminal.types(key);
        turn_away(&listener, &terminal);
        assert!(seconds_left(&terminal) <= left, "it has waited for {left} s");
    }
    seconds_left(&terminal);
    terminal.types("x\x7f");
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send(format!("{GREETING}\n"));
    terminal.wait("nothing is waited for", |seen| {
        let lines = seen.emulator.lines();
        lines.ends_with(&[GREETING, "[You]"].map(str::to_owned))
            && !lines.iter().any(|line| line.starts_with(STATUS))
    });
}

/// Ends the next connection as soon as it is made.
fn turn_away(listener: &TcpListener, terminal: &Terminal) {
    let connection = listener.accept().unwrap();
    terminal.wait("nothing is waited for", |seen| {
        !seen.emulator.lines().iter().any(|line| line.starts_with(STATUS))
    });
    drop(connection);
}

/// Waits until it is shown how many seconds are left, and returns that.
fn seconds_left(terminal: &Terminal) -> u64 {
    let left = Cell::new(0);
    terminal.wait("it says how long it waits", |seen| {
        let rows = seen.emulator.screen();
        let status = rows.iter().find_map(|row| row.strip_prefix(STATUS)?.strip_prefix(" in "));
        let seconds = status.and_then(|status| status.split_once(" s")?.0.parse().ok());
        seconds.map(|seconds| left.set(seconds)).is_some()
    });
    left.get()
}

/// In one row, which is gone when the wait is.
#[test]
fn the_wait_is_counted_down() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let terminal = Terminal::join(port, Kind::WIDE, &["--wait"]);
    for left in ["2 s", "1 s"] {
        terminal.wait(&format!("{left} are left"), |seen| {
            let row = format!("{STATUS} in {left}");
            let lines = seen.emulator.lines();
            lines.iter().any(|line| line.starts_with(&row))
                && lines.iter().filter(|line| line.starts_with(STATUS)).count() == 1
        });
    }
}
