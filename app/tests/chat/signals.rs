//! Signals that ask a program to end: sent twice, or ignored since before it was started.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::ioctl_fionread;
use rustix::pipe::fcntl_getpipe_size;

use crate::harness::{Program, Server, Signal, executable, wait_until};
use crate::serve::server_with_a_full_member;
use crate::terminal::{GREETING, Kind, Terminal};

/// Returns whether a signal is in one of a program's sets (`proc_pid_status(5)`).
fn has_signal(id: u32, set: &str, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix(':'));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}

/// Waits until a program catches a signal.
pub(crate) fn wait_for_handler(id: u32, signal: Signal) {
    wait_until("the signal is caught", || has_signal(id, "SigCgt", signal).then_some(()));
}

/// Sends a signal, and waits until it has arrived: another one is not taken for the same.
fn send(program: &Program, signal: Signal) {
    program.signal(signal);
    wait_until("the signal has arrived", || {
        (!has_signal(program.id(), "ShdPnd", signal)).then_some(())
    });
}

/// Returns whether one of several attempts succeeds. What takes longer than a second is cut off, as
/// it may be on a machine that stalls.
fn succeeds_once(attempt: impl Fn() -> bool) -> bool {
    (0..5).any(|_| attempt())
}

/// Returns whether a program still runs after a while that is long for a signal, and short beside
/// the second that an end may take.
fn goes_on(program: &mut Program) -> bool {
    let until = Instant::now() + Duration::from_millis(100);
    while Instant::now() < until {
        if program.exit_status().is_some() {
            return false;
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    true
}

/// `timeout` of the GNU coreutils sends a program two: its own, and one for all of its group.
#[test]
fn a_second_request_to_end_changes_nothing() {
    let ended_whole = succeeds_once(|| {
        let (mut server, mut stalled) = server_with_a_full_member();
        send(&server.program, Signal::TERM);
        let place = ("127.0.0.1", server.port);
        wait_until("it has stopped listening", || TcpStream::connect(place).err());
        send(&server.program, Signal::TERM);
        let goes_on = goes_on(&mut server.program);
        let is_whole = goes_on && stalled.rest().contains("] 끝\n");
        assert_eq!(server.program.status(), 0);
        is_whole && server.program.out.all().ends_with("\n\nexit\n")
    });
    assert!(ended_whole);
}

/// The same by the program that does it.
#[test]
fn a_server_that_timeout_ends() {
    let ended_whole = succeeds_once(|| {
        let mut command = Command::new("timeout");
        command.args(["1000", &executable(), "serve", "127.0.0.1", "0", "--backlog", "16M"]);
        let mut server = Server::from(Program::run(&mut command));
        let mut stalled = server.member();
        let mut talker = server.member();
        let text = "x".repeat(4000);
        (0..2000).for_each(|_| talker.send(format!("{text}\n")));
        talker.send("끝\n");
        server.says("끝\n");
        server.program.signal(Signal::TERM);
        let is_whole = stalled.rest().contains("] 끝\n");
        assert_eq!(server.program.status(), 0);
        is_whole && server.program.out.all().ends_with("\n\nexit\n")
    });
    assert!(ended_whole);
}

/// A filter whose output is full when it is asked to end.
#[test]
fn a_second_request_to_end_a_filter() {
    let ended_whole = succeeds_once(|| {
        let server = Server::start(&[]);
        let mut command = Command::new(executable());
        command.args(["join", "127.0.0.1", &server.port.to_string()]);
        let (mut ben, mut out) = Program::run_unread(&mut command);
        let mut ann = server.member();
        server.says("(2 users online)\n");
        // More than fits into the pipe.
        let text = "x".repeat(1000);
        (0..4000).for_each(|_| ann.send(format!("{text}\n")));
        let size = fcntl_getpipe_size(&out).unwrap() as u64;
        wait_until("its output is nearly full", || {
            (ioctl_fionread(&out).unwrap() > size - size / 16).then_some(())
        });
        // And then quite.
        assert!(goes_on(&mut ben));
        send(&ben, Signal::TERM);
        send(&ben, Signal::TERM);
        let goes_on = goes_on(&mut ben);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(ben.status(), 0);
        goes_on && rest.ends_with("\n\nexit\n")
    });
    assert!(ended_whole);
}

/// A shell without job control ignores the keyboard's signals for what it runs in the background.
#[test]
fn what_a_shell_runs_in_the_background() {
    let line = format!("{} serve 127.0.0.1 0 & echo $! >&2; wait", executable());
    let shell = Program::run(Command::new("sh").args(["-c", &line]));
    let id: u32 = shell.err.wait_for("\n").trim().parse().unwrap();
    let server = Server::from(shell);
    assert_goes_on(id, &[Signal::INT, Signal::QUIT]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    ben.send("아직 있어요?\n");
    assert!(ann.line().ends_with("] 아직 있어요?"));
    rustix::process::kill_process(pid(id), Signal::TERM).unwrap();
    server.says("\n\nexit\n");
}

/// Each of these can be ignored, for either command.
#[test]
fn a_signal_that_was_ignored_stays_so() {
    let server = Server::start(&[]);
    let join = format!("join 127.0.0.1 {}", server.port);
    for command in ["serve 127.0.0.1 0", &join] {
        for (ignored, other) in [(Signal::INT, Signal::TERM), (Signal::TERM, Signal::INT)] {
            let number = ignored.as_raw();
            let line = format!("trap '' {number}; exec {} {command}", executable());
            let mut program = Program::run(Command::new("sh").args(["-c", &line]));
            program.out.wait_for("\n");
            assert_goes_on(program.id(), &[ignored]);
            program.signal(other);
            assert_eq!(program.status(), 0);
            assert!(program.out.all().ends_with("\nexit\n"));
        }
    }
}

/// As `nohup` and `trap ''` start it.
#[test]
fn what_was_ignored_stays_so_on_a_terminal() {
    let server = Server::start(&[]);
    let line =
        format!("trap '' INT HUP QUIT USR1; exec {} join 127.0.0.1 {}", executable(), server.port);
    let command = pty_process::blocking::Command::new("sh").args(["-c", &line]);
    let mut terminal = Terminal::run(command, Kind::WIDE, &[]);
    terminal.shows(&[GREETING, "[You]"]);
    assert_goes_on(terminal.id(), &[Signal::INT, Signal::HUP, Signal::QUIT, Signal::USR1]);
    let mut ann = server.member();
    ann.send("아직 있어요?\n");
    terminal.ends_with(&[&format!("[{}] 아직 있어요?", ann.addr()), "[You]"]);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.status(), 0);
}

/// The signals, sent now, do nothing, as the system does not even pass them on.
fn assert_goes_on(id: u32, signals: &[Signal]) {
    for &signal in signals {
        assert!(has_signal(id, "SigIgn", signal), "{signal:?}");
        assert!(!has_signal(id, "SigCgt", signal), "{signal:?}");
        rustix::process::kill_process(pid(id), signal).unwrap();
    }
}

fn pid(id: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap()
}
