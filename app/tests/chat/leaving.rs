//! `chat join` on a terminal: the ways out, for a while and for good.

use std::fs;
use std::net::TcpListener;

use pty_process::blocking::Command;

use crate::clients::installed;
use crate::harness::{Peer, Server, Signal, executable, wait_until};
use crate::terminal::{CTRL_C, CTRL_D, CTRL_Z, GREETING, Kind, Terminal};

#[test]
fn keys_and_signals_that_end_it() {
    let server = Server::start(&[]);
    for draft in ["", "쓰다 만 글"] {
        for way in ["^C", "^D", "INT", "TERM", "HUP", "QUIT", "ALRM"] {
            let mut terminal = Terminal::member(&server, &[]);
            terminal.types(draft);
            let standing = format!("[You] {draft}");
            terminal.ends_with(&[&standing]);
            match way {
                "^C" => terminal.types(CTRL_C),
                "^D" if draft.is_empty() => terminal.types(CTRL_D),
                // In a draft this deletes what is right of the cursor: nothing.
                "^D" => terminal.types(&[CTRL_D, CTRL_C].concat()),
                "INT" => terminal.signal(Signal::INT),
                "TERM" => terminal.signal(Signal::TERM),
                "HUP" => terminal.signal(Signal::HUP),
                "QUIT" => terminal.signal(Signal::QUIT),
                _ => terminal.signal(Signal::ALARM),
            }
            assert_eq!(terminal.status(), 0, "{way}");
            match draft {
                "" => terminal.shows(&[GREETING, "", "exit"]),
                _ => terminal.shows(&[GREETING, "chat: not sent:", &standing, "", "exit"]),
            }
            server.says("(0 user online)\n");
        }
    }
}

/// What was not sent must not stand there as if it had been said: it is named, also in the middle
/// of a search, whose result is no draft.
#[test]
fn a_draft_that_is_not_sent_is_named() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::member(&server, &[]);
    terminal.types("벌써 한 말\r");
    terminal.ends_with(&["[You] 벌써 한 말", "[You]"]);
    terminal.pastes("하나\n\n둘\n셋");
    terminal.types("\x1b[A\x1b[A\x12벌써");
    terminal.ends_with(&["(reverse-i-search)`벌써': 벌써 한 말"]);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.status(), 0);
    let named = ["chat: not sent:", "[You] 하나", "[You] 둘", "[You] 셋", "", "exit"];
    terminal.shows(&[&[GREETING, "[You] 벌써 한 말"], &named[..]].concat());
}

/// A terminal may answer late, or never: it is waited for, though not for long, so that its answer
/// is not typed into the shell.
#[test]
fn answers_are_not_left_to_the_shell() {
    let server = Server::start(&[]);
    for kind in [Kind::WIDE, Kind::WIDE.mute()] {
        let join = format!("{} join 127.0.0.1 {}", executable(), server.port);
        let mut shell = Terminal::shell(kind);
        shell.types(&format!("{join}\r"));
        shell.ends_with(&[GREETING, "[You]"]);
        if !kind.answers {
            // It does, once the program is about to end.
            shell.types(&format!("{CTRL_C}\x1bP>|slow 1\x1b\\\x1b[?2026;0$y\x1b[?6c"));
        } else {
            shell.types(CTRL_C);
        }
        shell.ends_with(&["", "exit", "$"]);
        shell.types("echo $((40 + 2))\r");
        shell.ends_with(&["$ echo $((40 + 2))", "42", "$"]);
        shell.types("exit\r");
        assert_eq!(shell.status(), 0);
        server.says("(0 user online)\n");
    }
}

/// What was typed for the program is not left to the shell, however much it is.
#[test]
fn what_was_typed_is_not_left_to_the_shell() {
    let server = Server::start(&[]);
    let join = format!("{} join 127.0.0.1 {}", executable(), server.port);
    let mut shell = Terminal::before_a_read(&join);
    shell.shows(&[GREETING, "[You]"]);
    shell.types_while_stopped(&[CTRL_C, &"지워짐\r".repeat(900)].concat());
    shell.shows(&[GREETING, "", "exit", "끝"]);
    shell.types("셸의 것\r");
    shell.ends_with(&["셸의 것", "<셸의 것>"]);
    assert_eq!(shell.status(), 0);
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
        assert!(lines.ends_with(&["[You] 하나", "[You] 둘", "", "exit"].map(str::to_owned)));
    }
}

/// A server that neither reads nor closes does not keep it from leaving.
#[test]
fn a_mute_server_does_not_hold_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut terminal = Terminal::join(port, Kind::WIDE, &[]);
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send(format!("{GREETING}\n"));
    terminal.ends_with(&[GREETING, "[You]"]);
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    terminal.shows(&[GREETING, "", "exit"]);
}

/// Closing the window ends the terminal and the program, but nothing that was entered is lost.
#[test]
fn a_terminal_that_is_gone() {
    let server = Server::start(&["--quiet"]);
    let mut peer = server.member();
    let terminal = Terminal::join(server.port, Kind::WIDE, &[]);
    peer.line();
    let lines: Vec<String> = (0..2000).map(|number| format!("{number}번 줄")).collect();
    terminal.pastes(&lines.join("\n"));
    terminal.ends_with(&["[You] 1999번 줄"]);
    terminal.types("\r쓰다 만 글");
    terminal
        .wait("it is entered", |seen| seen.emulator.screen().last().unwrap().contains("쓰다 만"));
    terminal.hang_up();
    for line in &lines {
        assert_eq!(peer.line().split_once("] ").unwrap().1, line);
    }
    assert!(peer.line().starts_with("< "));
}

#[test]
fn nothing_is_stored() {
    let home = std::env::temp_dir().join(format!("chat-test-{}", std::process::id()));
    fs::create_dir_all(&home).unwrap();
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let command = Command::new(executable()).args(["join", "127.0.0.1", &port]);
    let at_home = home.to_str().unwrap();
    let environment = [("HOME", at_home), ("XDG_STATE_HOME", at_home)];
    let mut terminal = Terminal::run(command.current_dir(&home), Kind::WIDE, &environment);
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
    // A shell with job control: when its job stops, it continues with the next command.
    let script = format!("set -m; {join}; echo 쉽니다; fg >/dev/null; echo 끝");
    let command = Command::new("sh").args(["-c", &script]);
    let mut shell = Terminal::run(command, Kind::WIDE, &[]);
    shell.shows(&[GREETING, "[You]"]);
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
    shell.ends_with(&["[You] 쓰다 만 글", "", "exit", "끝"]);
}

/// Stopped and continued from outside, while nobody else uses the terminal: nothing is torn.
#[test]
fn it_goes_on_where_it_was() {
    let server = Server::start(&["--quiet"]);
    let mut peer = server.member();
    let terminal = Terminal::join(server.port, Kind::cutting(30), &[]);
    peer.line();
    terminal.types("가나다라마바사아자차카타파하가나다라마바사아자차카타파하");
    let draft = ["[You] 가나다라마바사아자차카타", "파하가나다라마바사아자차카타파", "하"];
    terminal.has_rows(&draft);
    terminal.stop();
    peer.send("멈춘 사이\n멈춘 사이\n");
    terminal.signal(Signal::CONT);
    terminal.wait("both lines are there", |seen| {
        seen.emulator.lines().concat().matches("멈춘 사이").count() == 2
    });
    terminal.has_rows(&draft);
    let rows = terminal.lines();
    assert_eq!(rows.iter().filter(|row| row.starts_with("[You]")).count(), 1, "{rows:#?}");
}

/// In the background it paints nothing. A shell does not say when it gives the terminal back to a
/// job that is running already.
#[test]
fn it_waits_in_the_background() {
    let server = Server::start(&[]);
    let mut shell = Terminal::shell(Kind::WIDE);
    shell.types(&format!("{} join 127.0.0.1 {}\r", executable(), server.port));
    shell.ends_with(&[GREETING, "[You]"]);
    shell.types("쓰다 만 글");
    shell.ends_with(&["[You] 쓰다 만 글"]);
    shell.types(CTRL_Z);
    shell.ends_with(&["$"]);
    shell.types("bg; echo $((40 + 2))\r");
    shell.ends_with(&["42", "$"]);
    let mut peer = server.member();
    peer.send("어디 계세요?\n");
    server.says("어디 계세요?");
    shell.types("fg\r");
    shell.ends_with(&[&format!("[{}] 어디 계세요?", peer.addr()), "[You] 쓰다 만 글"]);
    shell.types("\r");
    assert!(peer.line().ends_with("] 쓰다 만 글"));
    shell.types(CTRL_C);
    shell.ends_with(&["[You] 쓰다 만 글", "", "exit", "$"]);
    shell.types("exit\r");
    assert_eq!(shell.status(), 0);
}

/// Started in the background, it has the terminal only once it is brought to the front: what the
/// mode is before that is the shell's own, whose line editor may have switched the echo off.
#[test]
fn a_job_that_begins_in_the_background() {
    for (shell, name) in [("busybox", "ash"), ("bash", "bash")] {
        if installed(shell, shell).is_none() {
            continue;
        }
        let server = Server::start(&[]);
        let command = match name {
            "ash" => Command::new(shell).args([name, "-i"]),
            _ => Command::new(shell).args(["--norc", "--noprofile", "-i"]),
        };
        let mut shell = Terminal::run(command, Kind::WIDE, &[("PS1", "$ ")]);
        shell.ends_with(&["$"]);
        shell.types(&format!("{} join 127.0.0.1 {} &\r", executable(), server.port));
        server.says("(1 user online)\n");
        shell.types("fg\r");
        shell.ends_with(&[GREETING, "[You]"]);
        shell.types("앞으로");
        shell.ends_with(&["[You] 앞으로"]);
        shell.types("\r");
        server.says("] 앞으로\n");
        shell.types(CTRL_C);
        shell.ends_with(&["", "exit", "$"]);
        shell.types("stty -a | grep -ow -e '-*echo' -e '-*icanon' -e '-*opost'\r");
        shell.ends_with(&["icanon", "echo", "$"]);
        shell.wait("the output is processed", |seen| {
            seen.emulator.lines().iter().rev().take(5).any(|line| line == "opost")
        });
        shell.types("exit\r");
        assert_eq!(shell.status(), 0, "{name}");
    }
}

/// Jobs in the background know nothing of the editor: their lines begin at the left.
#[test]
fn what_a_job_prints_is_no_staircase() {
    let server = Server::start(&[]);
    let join = format!("{} join 127.0.0.1 {}", executable(), server.port);
    let job = "(read go < fifo; printf '가\\n나\\n다\\n'; exec 3> done)";
    let folder = std::env::temp_dir().join(format!("chat-job-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let script = format!("cd {}; mkfifo fifo done; {job} & {join}", folder.display());
    let terminal = Terminal::run(Command::new("sh").args(["-c", &script]), Kind::WIDE, &[]);
    terminal.ends_with(&[GREETING, "[You]"]);
    fs::write(folder.join("fifo"), "go\n").unwrap();
    fs::read(folder.join("done")).unwrap();
    terminal.wait("each begins at the left", |seen| {
        let lines = seen.emulator.lines();
        lines.ends_with(&["나".to_owned(), "다".to_owned()])
    });
    fs::remove_dir_all(&folder).unwrap();
}

/// It can be left at any moment of a stop.
#[test]
fn leaving_while_it_stops() {
    let server = Server::start(&[]);
    let mut peer = server.member();
    for keys in ["하나\r\x1a\x03", "하나\r둘\x1a\x03\x03"] {
        let mut terminal = Terminal::join(server.port, Kind::WIDE, &[]);
        terminal.wait("it is in", |seen| seen.emulator.lines().concat().contains("(2 users"));
        terminal.types(keys);
        assert_eq!(terminal.status(), 0);
        terminal.wait("it is left", |seen| {
            let lines = seen.emulator.lines();
            lines.contains(&"[You] 하나".to_owned()) && lines.last().unwrap() == "exit"
        });
        peer.line_where(|line| line.ends_with("] 하나"));
    }
}

/// A stopped job can be ended, like any other.
#[test]
fn it_can_be_ended_while_it_is_stopped() {
    let server = Server::start(&[]);
    let join = format!("{} join 127.0.0.1 {}", executable(), server.port);
    let script = format!("set -m; {join}; echo 쉽니다; kill %1; wait; echo 끝");
    let mut shell = Terminal::run(Command::new("sh").args(["-c", &script]), Kind::WIDE, &[]);
    shell.shows(&[GREETING, "[You]"]);
    shell.types(CTRL_Z);
    server.says("(0 user online)\n");
    shell.wait("it ends", |seen| seen.emulator.lines().iter().any(|line| line == "끝"));
    assert_eq!(shell.status(), 0);
}

/// A stopped terminal holds up nothing but itself.
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
    crate::signals::wait_for_handler(child.id(), Signal::TERM);
    rustix::process::kill_process(id, Signal::TERM).unwrap();
    let status = wait_until("it ends", || child.try_wait().unwrap());
    assert!(status.success());
    let modes = rustix::termios::tcgetattr(&pty).unwrap().local_modes;
    assert!(modes.contains(rustix::termios::LocalModes::ICANON));
}
