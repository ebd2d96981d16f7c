//! Whatever has been used to attack terminals and those who look at them is sent through every way
//! in, and comes out as text.

mod list;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpListener;

use crate::harness::{Peer, Program, Server};
use crate::terminal::{Kind, Terminal};
use list::ATTACKS;

const END: &str = "끝났다";

/// All attacks, one message each, and a last one which shows that all have arrived.
fn all() -> Vec<u8> {
    let lines = ATTACKS.iter().flat_map(|(_, attack)| [attack, b"\n".as_slice()]);
    lines.chain([END.as_bytes(), b"\n"]).flatten().copied().collect()
}

/// Returns whether a character changes the direction of text, or ends a line or a paragraph.
fn turns(c: char) -> bool {
    let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
    marks.contains(&c) || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Asserts that nothing in `text` commands a terminal.
fn assert_commands_nothing(text: &str) {
    let is_command = |c: char| (c.is_control() && c != '\n' && c != '\t') || turns(c);
    assert_eq!(text.find(is_command), None, "{text:?}");
}

/// Asserts the same, and that each line is a member's, or a notice that is true.
fn assert_harmless(text: &str) {
    assert_commands_nothing(text);
    for line in text.lines() {
        let is_true =
            ["(99 users", "10.0.0.9:1 ", "> 7 messages"].iter().all(|lie| !line.contains(lie));
        let begins = |begin: &str| line.starts_with(begin);
        assert!(
            begins("[")
                || is_true
                    && (begins("> ") || begins("< ") || begins("Chat Server") || line.is_empty()),
            "{line:?}"
        );
        assert!(!begins("[10.0.0.9"), "{line:?}");
    }
}

/// Everything that the program tells a terminal as long as nobody asks it to clear the screen,
/// apart from colours and short moves.
const OWN: [&str; 16] = [
    "\n",
    "\x0b",
    "\r",
    "\x1b7",
    "\x1b8",
    "\x1b[B",
    "\x1b[J",
    "\x1b[K",
    "\x1b[m",
    "\x1b[0m",
    "\x1b[2m",
    "\x1b[?7h",
    "\x1b[?7l",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[?2004h",
];

/// What it asks a terminal.
const QUESTIONS: &str = "\x1b[>q\x1b[?2026$p\x1b[c";

/// Returns whether the program may have told a terminal this of its own accord.
fn is_own(command: &str) -> bool {
    let number = |begin, end: &str| -> Option<usize> {
        command.strip_prefix(begin)?.strip_suffix(end)?.parse().ok()
    };
    let is_colour = number("\x1b[38;5;", "m").is_some();
    // Moves to a row of the draft, and rows inserted above it: no more than a terminal has.
    let is_way = |end| number("\x1b[", end).is_some_and(|ways| ways < Kind::WIDE.rows);
    OWN.contains(&command) || is_colour || ["A", "C", "L"].into_iter().any(is_way)
}

/// Returns the control sequences in what a program has written.
fn commands(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut commands = BTreeSet::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        let length = match rest[at..].strip_prefix("\x1b[") {
            Some(parameters) => 3 + parameters.find(|c: char| ('@'..='~').contains(&c)).unwrap(),
            None if rest[at..].starts_with('\x1b') => 2,
            None => rest[at..].chars().next().unwrap().len_utf8(),
        };
        let command = &rest[at..at + length];
        commands.insert(command.to_owned());
        rest = &rest[at + length..];
    }
    commands
}

/// A server with its console, a listener, a plain client and one on a terminal.
struct Room {
    server: Server,
    listener: Peer,
    plain: Program,
    terminal: Terminal,
}

impl Room {
    fn new() -> Self {
        let server = Server::start(&[]);
        let listener = server.member();
        let plain = Program::join(server.port, &[]);
        plain.out.wait_for("> Connected");
        let terminal = Terminal::join(server.port, Kind::WIDE, &[]);
        terminal
            .wait("it is in", |seen| seen.emulator.lines().concat().contains("(3 users online)"));
        Self { server, listener, plain, terminal }
    }

    /// Asserts that everything arrives, and that none of it is a command anywhere.
    fn is_unharmed(&mut self) {
        assert_harmless(&hear_until(&mut self.listener, END));
        assert_harmless(&self.server.says(END));
        assert_harmless(&self.plain.out.wait_for(END));
        self.terminal_is_unharmed();
    }

    /// Asserts the same, and that the terminal shows members' lines and true notices: whatever the
    /// program itself may tell a terminal, such as to begin a new row, nothing that was sent has.
    fn is_unharmed_row_by_row(&mut self) {
        self.is_unharmed();
        let rows = self.terminal.lines();
        assert!(rows.len() > 3, "{rows:?}");
        assert_harmless(&rows.join("\n"));
    }

    fn terminal_is_unharmed(&mut self) {
        self.terminal.wait("all has come", |seen| seen.rows.concat().contains(END));
        let bytes = self.terminal.bytes();
        // What it asks the terminal once. Nobody else may ask.
        let text = String::from_utf8(bytes).unwrap().replacen(QUESTIONS, "", 1);
        let bytes = text.into_bytes();
        assert_eq!(str::from_utf8(&bytes).unwrap().find(turns), None);
        let mut commands = commands(&bytes);
        commands.retain(|command| !is_own(command));
        assert!(commands.is_empty(), "{commands:?}");
    }
}

/// Returns what a peer hears until a line that ends so.
fn hear_until(peer: &mut Peer, end: &str) -> String {
    let mut heard = String::new();
    while !heard.trim_end_matches('\n').ends_with(end) {
        heard += &(peer.line() + "\n");
    }
    heard
}

#[test]
fn from_a_socket() {
    let mut room = Room::new();
    room.server.member().send(all());
    room.is_unharmed_row_by_row();
}

/// Sent byte by byte, so that nothing is recognized only because it arrives in one piece.
#[test]
fn from_a_socket_byte_by_byte() {
    let mut room = Room::new();
    let mut peer = room.server.member();
    for byte in all() {
        peer.send([byte]);
    }
    room.is_unharmed_row_by_row();
}

/// Sent without newlines, as by the original program.
#[test]
fn from_one_that_sends_no_newlines() {
    let mut room = Room::new();
    let mut peer = room.server.member();
    peer.send("조용");
    // A silence has ended that message: it ends all of them from now on.
    room.listener.line_where(|line| line.ends_with("조용"));
    for (_, attack) in ATTACKS.iter().filter(|(_, attack)| !attack.contains(&b'\n')) {
        peer.send(attack);
    }
    peer.send(END);
    peer.close_sending();
    room.is_unharmed_row_by_row();
}

#[test]
fn typed_into_a_plain_client() {
    let mut room = Room::new();
    let mut client = Program::join(room.server.port, &[]);
    client.out.wait_for("> Connected");
    client.take_input().write_all(&all()).unwrap();
    room.is_unharmed_row_by_row();
    assert_harmless(&client.out.all());
}

/// A terminal puts marks around what is pasted, and removes the closing mark from within.
#[test]
fn pasted_into_a_terminal() {
    let mut room = Room::new();
    for (_, attack) in ATTACKS {
        let text = String::from_utf8_lossy(attack).replace("\x1b[201~", "");
        room.terminal.pastes(&text);
    }
    room.terminal.types("\r");
    room.terminal.types(&format!("{END}\r"));
    room.is_unharmed();
}

#[test]
fn from_a_server() {
    let mut room = Room::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = Program::join(port, &[]);
    let mut to_plain = Peer::new(listener.accept().unwrap().0);
    room.terminal = Terminal::join(port, Kind::WIDE, &[]);
    let mut to_terminal = Peer::new(listener.accept().unwrap().0);
    for peer in [&mut to_plain, &mut to_terminal] {
        peer.send("> Connected to the chat server (1 user online)\n");
        peer.send(all());
    }
    let shown = plain.out.wait_for(END);
    assert_commands_nothing(&shown);
    room.terminal_is_unharmed();
}

/// What a program says about its arguments does not command a terminal either.
#[test]
fn as_an_argument() {
    let as_text = |(_, attack): &(&str, &'static [u8])| str::from_utf8(attack).ok();
    for text in ATTACKS.iter().filter_map(as_text).filter(|text| !text.contains('\0')) {
        for args in [["serve", "127.0.0.1", text], ["join", "--color", text], ["join", text, "1"]] {
            let mut program = Program::start(args);
            assert_ne!(program.status(), 0);
            assert_commands_nothing(&program.err.all());
        }
    }
}
