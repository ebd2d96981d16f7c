//! `chat join` on a terminal: the ways out, and the way back.

use std::fs;
use std::net::TcpListener;

use pty_process::blocking::Command;

use crate::harness::{Peer, Program, Server, Signal, executable, wait_until};
use crate::terminal::{Kind, Terminal};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_Z: &str = "\x1a";
const CONNECTED: &str = "> Connected to the chat server (1 user online)";

fn member(server: &Server, options: &[&str]) -> Terminal {
    let terminal = Terminal::join(server.port, Kind::WIDE, options);
    terminal.shows(&[CONNECTED, "[You]"]);
    terminal
}

#[test]
fn keys_and_signals_that_end_it() {
    let server = Server::start(&[]);
    for draft in ["", "쓰다 만 글"] {
        for way in ["^C", "^D", "INT", "TERM", "HUP"] {
            let mut terminal = member(&server, &[]);
            terminal.types(draft);
            let standing = format!("[You] {draft}");
            terminal.ends_with(&[&standing]);
            match way {
                "^C" => terminal.types(CTRL_C),
                "^D" if draft.is_empty() => terminal.types(CTRL_D),
                // On a draft it deletes what is right of the cursor: nothing.
                "^D" => terminal.types(&[CTRL_D, CTRL_C].concat()),
                "INT" => terminal.signal(Signal::INT),
                "TERM" => terminal.signal(Signal::TERM),
                _ => terminal.signal(Signal::HUP),
            }
            assert_eq!(terminal.status(), 0, "{way}");
            terminal.shows(&[CONNECTED, &standing, "exit"]);
            server.says("(0 user online)\n");
        }
    }
}

/// A search, several rows, and the cursor in the first of them.
#[test]
fn what_stands_below_the_cursor_stays() {
    let server = Server::start(&[]);
    let mut terminal = member(&server, &[]);
    terminal.pastes("하나\n둘\n셋");
    terminal.types("\x1b[A\x1b[A");
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    terminal.shows(&[CONNECTED, "[You] 하나", "[You] 둘", "[You] 셋", "exit"]);
}

#[test]
fn what_was_entered_is_sent_before_it_ends() {
    let server = Server::start(&[]);
    let mut peer = server.member();
    for key in [CTRL_C, CTRL_D] {
        let mut terminal = Terminal::join(server.port, Kind::WIDE, &[]);
        terminal.wait("it takes keys", |seen| seen.emulator.lines().concat().contains("[You]"));
        terminal.types(&["하나\r둘\r", key].concat());
        assert_eq!(terminal.status(), 0);
        peer.line_where(|line| line.ends_with("] 하나"));
        assert!(peer.line().ends_with("] 둘"));
        assert!(peer.line().starts_with("< "));
        let lines = terminal.lines();
        assert!(lines.ends_with(&["[You] 하나", "[You] 둘", "[You]", "exit"].map(str::to_owned)));
    }
}

/// A server that takes nothing and closes nothing does not hold it.
#[test]
fn a_mute_server_does_not_hold_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut terminal = Terminal::join(port, Kind::WIDE, &[]);
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send(format!("{CONNECTED}\n"));
    terminal.ends_with(&[CONNECTED, "[You]"]);
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    terminal.shows(&[CONNECTED, "[You]", "exit"]);
}

/// Closing the window: the terminal is gone, and so is the program.
#[test]
fn a_terminal_that_is_gone() {
    let server = Server::start(&[]);
    let terminal = member(&server, &[]);
    drop(terminal);
    server.says("(0 user online)\n");
}

#[test]
fn nothing_is_stored() {
    let home = std::env::temp_dir().join(format!("chat-test-{}", std::process::id()));
    fs::create_dir_all(&home).unwrap();
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let command = Command::new(executable()).args(["join", "127.0.0.1", &port]);
    let command = command.current_dir(&home).env("HOME", &home).env("XDG_STATE_HOME", &home);
    let mut terminal = Terminal::run(command, Kind::WIDE, &[]);
    terminal.types("비밀\r");
    terminal.ends_with(&["[You] 비밀", "[You]"]);
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    let left: Vec<_> = fs::read_dir(&home).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    fs::remove_dir(&home).unwrap();
}

#[test]
fn it_stops_and_goes_on_as_any_job() {
    let server = Server::start(&[]);
    let join = format!("{} join 127.0.0.1 {}", executable(), server.port);
    // A shell with job control: when its job stops it goes on with the next command.
    let script = format!("set -m; {join}; echo 쉽니다; fg >/dev/null; echo 끝");
    let command = Command::new("sh").args(["-c", &script]);
    let mut shell = Terminal::run(command, Kind::WIDE, &[]);
    shell.shows(&[CONNECTED, "[You]"]);
    shell.types("쓰다 만 글");
    shell.ends_with(&["[You] 쓰다 만 글"]);
    shell.types(CTRL_Z);
    shell.wait("it goes on", |seen| {
        let screen = seen.emulator.screen();
        screen.iter().any(|row| row == "쉽니다")
            && screen.last().is_some_and(|row| row == "[You] 쓰다 만 글")
    });
    let mut peer = server.member();
    peer.send("돌아왔어요?\n");
    shell.ends_with(&[&format!("[{}] 돌아왔어요?", peer.addr()), "[You] 쓰다 만 글"]);
    shell.types("\r");
    assert!(peer.line().ends_with("] 쓰다 만 글"));
    shell.types(CTRL_C);
    assert_eq!(shell.status(), 0);
    shell.ends_with(&["[You]", "exit", "끝"]);
}

fn again(port: u16, reason: &str) -> String {
    format!("chat: {reason}; connecting again").replace("PLACE", &format!("127.0.0.1:{port}"))
}

#[test]
fn it_connects_again_and_keeps_the_draft() {
    for signal in [Signal::INT, Signal::KILL] {
        let mut server = Server::start(&[]);
        let port = server.port;
        let mut terminal = member(&server, &[]);
        terminal.types("쓰다 만");
        terminal.ends_with(&["[You] 쓰다 만"]);
        server.program.signal(signal);
        wait_until("the server ends", || server.program.exit_status());
        let ended = again(port, "the connection to PLACE ended: the server closed it");
        terminal.shows(&[CONNECTED, &ended, "[You] 쓰다 만"]);
        // It can be written on, and what is entered waits.
        terminal.types(" 글\r다음");
        terminal.ends_with(&[&ended, "[You] 쓰다 만 글", "[You] 다음"]);
        let refused = again(port, "cannot connect to PLACE: Connection refused");
        terminal.ends_with(&[&refused, "[You] 쓰다 만 글", "[You] 다음"]);

        let server = Server::from(Program::start(["serve", "127.0.0.1", &port.to_string()]));
        server.says("] 쓰다 만 글\n");
        terminal.shows(&[CONNECTED, &ended, &refused, CONNECTED, "[You] 쓰다 만 글", "[You] 다음"]);
        terminal.types("\r");
        server.says("] 다음\n");
        terminal.types(CTRL_C);
        assert_eq!(terminal.status(), 0);
    }
}

/// While it waits, it can be left.
#[test]
fn leaving_without_a_connection() {
    for key in [CTRL_C, CTRL_D] {
        let server = Server::start(&[]);
        let port = server.port;
        let mut terminal = member(&server, &[]);
        drop(server);
        let ended = again(port, "the connection to PLACE ended: the server closed it");
        terminal.ends_with(&[&ended, "[You]"]);
        terminal.types(key);
        assert_eq!(terminal.status(), 0);
        assert_eq!(terminal.lines().last().unwrap(), "exit");
    }
}

#[test]
fn no_reconnect() {
    for draft in ["", "쓰다 만 글"] {
        let server = Server::start(&[]);
        let port = server.port;
        let mut terminal = member(&server, &["--no-reconnect"]);
        terminal.types(draft);
        let standing = format!("[You] {draft}");
        terminal.ends_with(&[&standing]);
        drop(server);
        assert_eq!(terminal.status(), 1);
        let why = format!("chat: the connection to 127.0.0.1:{port} ended: the server closed it");
        match draft {
            "" => terminal.shows(&[CONNECTED, &why]),
            _ => terminal.shows(&[CONNECTED, &standing, &why]),
        }
    }
}

#[test]
fn a_first_connection_that_fails() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut terminal = Terminal::join(port, Kind::WIDE, &[]);
    assert_eq!(terminal.status(), 1);
    terminal.shows(&[&format!("chat: cannot connect to 127.0.0.1:{port}: Connection refused")]);

    let server = Server::start(&["--max-users", "1"]);
    let _member = server.member();
    let mut terminal = Terminal::join(server.port, Kind::WIDE, &[]);
    assert_eq!(terminal.status(), 1);
    terminal.shows(&[
        "> The chat server is full (1 user online)",
        &format!("chat: the connection to 127.0.0.1:{} ended: the server closed it", server.port),
    ]);
}

/// A terminal that somebody has stopped holds nothing up but itself.
#[test]
fn a_terminal_that_takes_nothing() {
    let server = Server::start(&["--quiet"]);
    let port = server.port.to_string();
    let (pty, pts) = pty_process::blocking::open().unwrap();
    let command =
        Command::new(executable()).args(["join", "127.0.0.1", &port]).env("TERM", "xterm");
    let mut child = command.spawn(pts).unwrap();
    let mut peer = server.member();
    for _ in 0..1000 {
        peer.send(format!("{}\n", "가".repeat(100)));
    }
    let id = rustix::process::Pid::from_child(&child);
    crate::join::wait_for_handler(child.id(), Signal::TERM);
    rustix::process::kill_process(id, Signal::TERM).unwrap();
    let status = wait_until("it ends", || child.try_wait().unwrap());
    assert!(status.success());
    let modes = rustix::termios::tcgetattr(&pty).unwrap().local_modes;
    assert!(modes.contains(rustix::termios::LocalModes::ICANON));
}
