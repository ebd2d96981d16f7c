//! `chat join`: colours, times, and the plain client.

use std::process::Stdio;

use pty_process::blocking::Command;

use crate::emulator::Emulator;
use crate::harness::{Peer, Server, executable, wait_until};
use crate::terminal::{CTRL_C, Kind, Terminal, anonymous};

/// Shows a room with one message, as somebody with these options and this environment sees it.
fn seen(options: &[&str], environment: &[(&str, &str)]) -> (Terminal, Peer, Server) {
    let server = Server::start(&["--quiet"]);
    let mut peer = server.member();
    let terminal = Terminal::join_with(server.port, Kind::WIDE, options, environment);
    peer.line();
    peer.send("안녕\n");
    let text = format!("[{}] 안녕", peer.addr());
    terminal.wait("the message is there", |seen| seen.emulator.lines().concat().contains(&text));
    (terminal, peer, server)
}

/// Returns colour and dimness of the first cells of the greeting and of the message.
fn looks(terminal: &Terminal) -> [(vt100::Color, bool); 2] {
    terminal.look(|emulator| {
        let Emulator::Cutting(parser) = emulator else { panic!() };
        [0, 1].map(|row| {
            let cell = parser.screen().cell(row, 0).unwrap();
            (cell.fgcolor(), cell.dim())
        })
    })
}

const PLAIN: (vt100::Color, bool) = (vt100::Color::Default, false);

#[test]
fn notices_are_dim_and_addresses_have_colours() {
    for (options, environment) in [
        (&[][..], &[][..]),
        (&["--color", "auto"], &[("NO_COLOR", "")]),
        (&["--color", "always"], &[("NO_COLOR", "1")]),
    ] {
        let (terminal, peer, _server) = seen(options, environment);
        let [greeting, message] = looks(&terminal);
        assert_eq!(greeting, (vt100::Color::Default, true));
        assert!(matches!(message, (vt100::Color::Idx(16..=231), false)), "{message:?}");
        // The text behind the label has no colour.
        terminal.look(|emulator| {
            let Emulator::Cutting(parser) = emulator else { panic!() };
            let text = u16::try_from(peer.addr().len() + "[] ".len()).unwrap();
            let cell = parser.screen().cell(1, text).unwrap();
            assert_eq!((cell.contents(), cell.fgcolor()), ("안", vt100::Color::Default));
        });
    }
}

#[test]
fn none_where_it_hurts() {
    for (options, environment) in [
        (&[][..], &[("NO_COLOR", "1")][..]),
        (&["--color", "never"], &[]),
        (&["--color=never"], &[("NO_COLOR", "")]),
    ] {
        let (terminal, _peer, _server) = seen(options, environment);
        assert_eq!(looks(&terminal), [PLAIN, PLAIN]);
    }
}

#[test]
fn the_time() {
    let (mut terminal, _peer, _server) = seen(&["--time"], &[("TZ", "KST-9")]);
    terminal.types("네\r");
    // What can still change has no time.
    terminal.wait("it is sent", |seen| {
        let lines = seen.emulator.lines();
        lines.len() == 4 && lines[3] == "[You]"
    });
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    let date = |zone: &str| {
        let date = std::process::Command::new("date").arg("+%H:%M").env("TZ", zone).output();
        String::from_utf8(date.unwrap().stdout).unwrap().trim().to_owned()
    };
    let lines = terminal.lines();
    let minutes = |time: &str| -> i32 {
        let (hours, minutes) = time.split_once(':').unwrap();
        hours.parse::<i32>().unwrap() * 60 + minutes.parse::<i32>().unwrap()
    };
    let now = minutes(&date("KST-9"));
    for (line, rest) in lines.iter().zip(["> Connected", "[127.0.0.1:", "[You] 네"]) {
        let (time, text) = line.split_once(' ').unwrap();
        assert!(text.starts_with(rest), "{line}");
        // Since it was shown a minute may have passed, or a day begun.
        assert!((now - minutes(time)).rem_euclid(24 * 60) <= 1, "{time}, {now}");
        assert_eq!(time.len(), 5);
    }
}

/// A zone that cannot be read, or that does not say what time it is now, is named, and the time is
/// UTC's.
#[test]
fn no_time_zone() {
    for zone in ["no/such zone", "right/UTC", "/dev/null", "!"] {
        let (terminal, _peer, _server) = seen(&["--time"], &[("TZ", zone)]);
        let lines = terminal.lines();
        let complaint = format!("chat: cannot use the time zone of TZ={zone}: times are UTC");
        // Where it can be read it is as good as any other.
        let is_named = lines[0] == complaint;
        assert!(is_named || zone == "right/UTC", "{lines:?}");
        for line in &lines[usize::from(is_named)..lines.len() - 1] {
            let (time, _) = line.split_once(' ').unwrap();
            assert!(time.len() == 5 && time.contains(':'), "{line}");
        }
    }
    for environment in [&[("TZ", "")][..], &[("TZ", "KST-9")], &[("TZ", "UTC0")]] {
        let (terminal, _peer, _server) = seen(&["--time"], environment);
        assert!(terminal.lines().iter().all(|line| !line.starts_with("chat:")));
    }
}

/// On terminals that cannot do more, and where it is asked for: what a pipe would get, apart from
/// the terminal's own echo, and from what the user is called.
#[test]
fn the_plain_client_on_a_terminal() {
    for (options, environment) in [
        (&["--plain"][..], &[][..]),
        (&[], &[("TERM", "dumb")]),
        (&[], &[("TERM", "")]),
        (&["--plain", "--color", "auto"], &[]),
    ] {
        let (mut terminal, peer, _server) = seen(options, environment);
        terminal.types("네\r");
        let addr = peer.addr();
        let all = format!(
            "> Connected to the chat server (2 users online)\r\n[{addr}] 안녕\r\n네\r\n[You] 네\r\n"
        );
        let text = |bytes: &[u8]| anonymous(String::from_utf8_lossy(bytes).into_owned());
        terminal.wait("it is sent", |seen| text(&seen.bytes) == all);
        terminal.types(CTRL_C);
        assert_eq!(terminal.status(), 0);
        // The terminal echoes the key at a time of its own.
        let shown = text(&terminal.bytes()).replacen("^C", "", 1);
        assert_eq!(shown, format!("{all}\r\nexit\r\n"));
    }
}

/// With one end at a terminal, and with options that change lines only on request.
#[test]
fn the_plain_client_in_a_pipe() {
    for (options, dim, plain) in [
        (&[][..], "", ""),
        (&["--color", "auto"], "", ""),
        (&["--color", "never"], "", ""),
        (&["--color", "always"], "\x1b[2m", "\x1b[0m"),
    ] {
        let server = Server::start(&["--quiet"]);
        let port = server.port.to_string();
        let (pty, pts) = pty_process::blocking::open().unwrap();
        let command = Command::new(executable()).args(["join", "127.0.0.1", &port]).args(options);
        let command = command.env("TERM", "xterm").stdout(Stdio::piped());
        let mut child = command.spawn(pts).unwrap();
        // Ctrl+D on an empty line: the end of the input.
        std::io::Write::write_all(&mut &pty, b"\x04").unwrap();
        wait_until("it ends", || child.try_wait().unwrap());
        let mut out = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut out).unwrap();
        let expected = format!("{dim}> Connected to the chat server (1 user online){plain}\n");
        assert_eq!(out, expected, "{options:?}");
    }
}
