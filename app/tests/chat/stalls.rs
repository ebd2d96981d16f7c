//! Readers that read too slowly or not at all, beside others that keep up.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::harness::{Peer, Program, Server, Signal, executable, port_in, wait_until};

/// Enough to exceed the backlog and all socket buffers several times.
const FLOOD: usize = 100_000;

/// Returns message `number`, 70 bytes with its newline.
pub(crate) fn message(number: usize) -> String {
    format!("{number:08} {}{MESSAGE_END}", "말".repeat(19))
}

const MESSAGE_END: &str = "끝";

const SKIPPED: &str = "messages skipped: this connection reads too slowly";

/// Returns how many messages a line says were skipped.
pub(crate) fn skipped(line: &str) -> usize {
    line.strip_suffix(SKIPPED)
        .and_then(|rest| rest.strip_prefix("> "))
        .map_or(0, |count| count.trim_end().parse().unwrap())
}

#[test]
fn a_stalled_reader_beside_a_flood() {
    let server = Server::start(&["--quiet"]);
    let mut healthy = server.member();
    let mut stalled = server.member();
    let mut sender = server.member();
    healthy.line_where(|line| line.contains("(3 users online)"));
    stalled.line_where(|line| line.contains("(3 users online)"));
    let label = format!("[{}] ", sender.addr());

    let expected = label.clone();
    let reader = thread::spawn(move || {
        for number in 0..FLOOD {
            assert_eq!(healthy.line(), format!("{expected}{}", message(number)));
        }
        healthy
    });
    let mut flood = String::new();
    for number in 0..FLOOD {
        flood.push_str(&message(number));
        flood.push('\n');
    }
    sender.send(flood);
    let mut healthy = reader.join().unwrap();

    // The stalled one reads now: whole messages in order, and exactly the number that it missed.
    let mut next = 0;
    let mut notices = 0;
    while next < FLOOD {
        let line = stalled.line();
        if let Some(rest) = line.strip_prefix("> ") {
            let (count, text) = rest.split_once(' ').unwrap();
            assert_eq!(text, SKIPPED);
            next += count.parse::<usize>().unwrap();
            notices += 1;
        } else if line == format!("{label}{}", message(next)) {
            next += 1;
        } else {
            // Half of a message, which counts as skipped.
            assert!(format!("{label}{}", message(next)).starts_with(&line), "{line}");
        }
    }
    assert_eq!((next, notices), (FLOOD, 1));
    sender.send("이제\n");
    assert_eq!(healthy.line(), format!("{label}이제"));
    assert_eq!(stalled.line(), format!("{label}이제"), "and it goes on as before");
}

/// A member that sends as fast as it can, and reads as fast, does not delay the others.
#[test]
fn a_flood_delays_nobody() {
    let server = Server::start(&["--quiet"]);
    let mut ann = server.member();
    let mut ben = server.member();
    let mut flooder = server.member();
    let (ann_addr, ben_addr) = (ann.addr(), ben.addr());
    let is_over = Arc::new(AtomicBool::new(false));
    let floods = thread::spawn({
        let is_over = is_over.clone();
        let mut sink = flooder.stream.try_clone().unwrap();
        thread::spawn(move || std::io::copy(&mut sink, &mut std::io::sink()));
        move || {
            let row = (message(0) + "\n").repeat(100);
            let mut rows = 0;
            while !is_over.load(Ordering::Relaxed) {
                flooder.send(&row);
                rows += 1;
            }
            rows
        }
    });
    ben.line_where(|line| line.ends_with(MESSAGE_END));
    for number in 0..20 {
        ann.send(format!("{number}?\n"));
        ben.line_where(|line| line == format!("[{ann_addr}] {number}?"));
        ben.send(format!("{number}!\n"));
        ann.line_where(|line| line == format!("[{ben_addr}] {number}!"));
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(floods.join().unwrap() > 0);
}

/// Starts a server of whose console only the first line is read; returns it and its port.
fn server_with_its_console_unread() -> (Program, ChildStdout, u16) {
    let mut command = Command::new(executable());
    command.args(["serve", "127.0.0.1", "0"]);
    let (program, mut out) = Program::run_unread(&mut command);
    let mut first = [0; 64];
    let count = out.read(&mut first).unwrap();
    let port = port_in(std::str::from_utf8(&first[..count]).unwrap());
    (program, out, port)
}

/// A pipe that nobody reads fills up; the room goes on, and the console is told how much it missed.
#[test]
fn a_stopped_console_stalls_nobody() {
    let (mut program, mut out, port) = server_with_its_console_unread();

    let mut reader = Peer::connect(("127.0.0.1", port));
    let mut sender = Peer::connect(("127.0.0.1", port));
    reader.line_where(|line| line.contains("(2 users online)"));
    let flood = thread::spawn(move || {
        for number in 0..FLOOD {
            sender.send(message(number) + "\n");
        }
        sender
    });
    for number in 0..FLOOD {
        assert!(reader.line().ends_with(&message(number)));
    }
    let _sender = flood.join().unwrap();

    program.signal(Signal::TERM);
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(program.status(), 0);
    let whole = rest.lines().filter(|line| line.ends_with(MESSAGE_END)).count();
    let skipped: usize = rest.lines().map(skipped).sum();
    assert!(skipped > FLOOD / 10, "{skipped}");
    assert_eq!(whole + skipped, FLOOD);
}

#[test]
fn a_closed_console_ends_nobody() {
    let (mut program, out, port) = server_with_its_console_unread();
    drop(out);
    let mut ann = Peer::connect(("127.0.0.1", port));
    let mut ben = Peer::connect(("127.0.0.1", port));
    ann.line_where(|line| line.contains("(2 users online)"));
    ben.line();
    for number in 0..100 {
        ann.send(message(number) + "\n");
        assert!(ben.line().ends_with(&message(number)));
    }
    program.signal(Signal::INT);
    assert_eq!(program.status(), 0);
    assert_eq!(program.err.all(), "");
}

/// Returns the port on which a process listens that prints nothing.
pub(crate) fn listening_port(process: u32) -> Option<u16> {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let of_process: Vec<_> =
        descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect();
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let mut columns = line.split_whitespace();
        let address = columns.nth(1)?;
        let is_listening = columns.nth(1)? == "0A";
        let socket = format!("socket:[{}]", columns.nth(5)?);
        let is_its_own = of_process.iter().any(|file| file.as_os_str() == socket.as_str());
        let port = address.rsplit(':').next().filter(|_| is_listening && is_its_own)?;
        u16::from_str_radix(port, 16).ok()
    })
}

/// `chat serve … >&-`
#[test]
fn no_console_from_the_start() {
    let line = format!("exec {} serve 127.0.0.1 0 >&-", executable());
    let mut program = Program::run(Command::new("sh").args(["-c", &line]));
    let port = wait_until("it listens", || listening_port(program.id()));
    let mut peer = Peer::connect(("127.0.0.1", port));
    assert_eq!(peer.line(), "> Connected to the chat server (1 user online)");
    program.signal(Signal::TERM);
    assert_eq!(program.status(), 0);
}

/// `chat join` whose output is full stops reading, and so becomes a slow reader of the room.
#[test]
fn a_client_with_a_full_output_waits() {
    // A pipe may also be non-blocking.
    for does_not_block in [false, true] {
        let server = Server::start(&["--quiet"]);
        let (out, writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, does_not_block).unwrap();
        let mut command = Command::new(executable());
        command.args(["join", "127.0.0.1", &server.port.to_string()]);
        command.stdin(Stdio::piped()).stdout(writer);
        let mut client = command.spawn().unwrap();
        drop(command);
        let mut lines = BufReader::new(out).lines().map(Result::unwrap);
        assert!(lines.next().unwrap().starts_with("> Connected"));

        let mut healthy = server.member();
        let mut sender = server.member();
        let flood = thread::spawn(move || {
            for number in 0..FLOOD {
                sender.send(message(number) + "\n");
            }
            sender.send("이제\n");
            sender
        });
        // The room has gone on without the client once somebody else has heard everything.
        healthy.line_where(|line| line.ends_with("이제"));
        let _sender = flood.join().unwrap();
        assert!(client.try_wait().unwrap().is_none());
        let heard: Vec<String> =
            lines.by_ref().take_while(|line| !line.ends_with("이제")).collect();
        let whole = heard.iter().filter(|line| line.ends_with(MESSAGE_END)).count();
        let skipped: usize = heard.iter().map(|line| skipped(line)).sum();
        assert!(skipped > 0);
        assert_eq!(whole + skipped, FLOOD);
        drop(client.stdin.take());
        assert!(client.wait().unwrap().success());
    }
}

/// Endless standard input is read only as fast as it is sent.
#[test]
fn an_input_without_end() {
    let server = Server::start(&["--quiet"]);
    let mut command = Command::new(executable());
    command.args(["join", "127.0.0.1", &server.port.to_string()]);
    command.stdin(File::open("/dev/zero").unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut peer = server.member();
    let mut client = command.spawn().unwrap();
    // Far more than could be buffered anywhere on the way.
    for _ in 0..5000 {
        peer.line_where(|line| line.contains("␀␀␀"));
    }
    let resident = resident_kib(client.id());
    assert!(resident < 32 * 1024, "{resident} KiB");
    client.kill().unwrap();
    client.wait().unwrap();
}

/// Returns the resident memory of a process, in KiB.
pub(crate) fn resident_kib(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
