//! What comes over the wire in other ways than a line client's: with pauses in it, from programs
//! that send no newlines, from telnet, and from what is no chat client at all.

use std::io::{self, ErrorKind, Read};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{iter, thread};

use socket2::SockRef;

use crate::harness::{LIMIT, Peer, Program, Server, wait_until};

/// A room with somebody who hears everything, and one by whom silences are measured.
struct Room {
    server: Server,
    ann: Peer,
    clock: Peer,
}

impl Room {
    fn open() -> Self {
        let server = Server::start(&[]);
        let mut ann = server.member();
        let clock = server.member();
        ann.line();
        Self { server, ann, clock }
    }

    /// A newcomer that has read its greeting.
    fn enter(&mut self) -> Peer {
        let peer = self.server.member();
        self.ann.line();
        peer
    }

    /// The next that is said is this.
    #[track_caller]
    fn hears(&mut self, peer: &Peer, text: &str) {
        assert_eq!(self.ann.line(), format!("[{}] {text}", peer.addr()));
    }

    /// Waits as long as the silence that ends a message of a peer without newlines; nothing else is
    /// said meanwhile.
    #[track_caller]
    fn waits(&mut self) {
        self.clock.send("째깍");
        assert_eq!(self.ann.line(), format!("[{}] 째깍", self.clock.addr()));
    }

    /// What others say reaches the peer line by line, each with its newline.
    #[track_caller]
    fn frames(&mut self, peer: &mut Peer) {
        let addr = self.ann.addr();
        for text in ["하나", "둘"] {
            self.ann.send(format!("{text}\n"));
            peer.line_where(|line| line == format!("[{addr}] {text}"));
        }
    }

    #[track_caller]
    fn sees_leave(&mut self, peer: &Peer) {
        assert_eq!(self.ann.line(), format!("< The user {} left (2 users online)", peer.addr()));
    }
}

// Pauses.

#[test]
fn a_pause_before_the_first_newline() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send("hel");
    room.hears(&ben, "hel");
    ben.send("lo\n");
    room.hears(&ben, "lo");
    room.frames(&mut ben);
    // From its first newline on nothing else ends its messages.
    ben.send("wor");
    room.waits();
    ben.send("ld\n");
    room.hears(&ben, "world");
    room.frames(&mut ben);
}

/// As the telnet of Windows sends what is typed.
#[test]
fn a_key_at_a_time() {
    let mut room = Room::open();
    let mut ben = room.enter();
    for key in ["안", "녕"] {
        ben.send(key);
        room.hears(&ben, key);
    }
    ben.send("\r\n");
    for key in ["다", "들", "?"] {
        ben.send(key);
        room.waits();
    }
    ben.send("\r\n");
    room.hears(&ben, "다들?");
    room.frames(&mut ben);
}

#[test]
fn a_carriage_return_and_a_newline_that_come_apart() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send("네\r");
    room.waits();
    ben.send("\n그래요\r");
    room.hears(&ben, "네");
    room.waits();
    ben.send("\n");
    room.hears(&ben, "그래요");
    room.frames(&mut ben);
}

#[test]
fn a_carriage_return_that_no_newline_follows() {
    let mut room = Room::open();
    let mut ben = room.enter();
    for end in ["\r", "\r\0"] {
        ben.send(format!("네{end}"));
        room.hears(&ben, "네");
    }
}

#[test]
fn a_pause_inside_a_character() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send(b"\xed\x95");
    room.waits();
    ben.send(b"\x9c\n");
    room.hears(&ben, "한");
    room.frames(&mut ben);
}

#[test]
fn a_pause_inside_a_character_of_one_that_sends_no_newline() {
    let mut room = Room::open();
    let mut ben = room.enter();
    for (first, second) in [(&b"\xf0"[..], &b"\x9f\x91\x8d"[..]), (b"ok \xf0\x9f\x91", b"\x8d")] {
        ben.send(first);
        room.waits();
        ben.send(second);
        let text = String::from_utf8([first, second].concat()).unwrap();
        room.hears(&ben, &text);
    }
}

#[test]
fn our_client_is_framed_before_its_first_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ours = Program::join(listener.local_addr().unwrap().port(), &[]);
    ours.type_in("안녕하세요?\n");
    let mut server = Peer::new(listener.accept().unwrap().0);
    server.send("> Connected to the chat server (1 user online)\n");
    assert_eq!(server.line(), "");
    assert_eq!(server.line(), "안녕하세요?");
}

#[test]
fn a_pause_after_an_empty_line() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send("\n안녕하");
    room.waits();
    ben.send("세요?\n");
    room.hears(&ben, "안녕하세요?");
    room.frames(&mut ben);
}

/// While the room waits for a reader it takes only so much of what anybody says. That it does not
/// listen is nobody's silence.
#[test]
fn a_pause_that_the_room_makes() {
    const FLOOD_END: &str = "도배";
    /// A pause that would end a message.
    const LONG: Duration = Duration::from_millis(200);
    let server = Server::start(&["--quiet", "--max-line", "8192", "--backlog", "256K"]);
    let mut stalled = server.member();
    SockRef::from(&stalled.stream).set_recv_buffer_size(4096).unwrap();
    let mut ann = server.member();
    let heard = ann.read_at_once(FLOOD_END);
    let mut others: Vec<_> = (0..20)
        .map(|_| {
            let mut peer = server.member();
            (peer.read_at_once(FLOOD_END), peer)
        })
        .collect();
    let flood = Flood::of(&server, FLOOD_END);

    // Some say their first words when the flood stands still; others do again, unless that was
    // because the room was waiting, and it went on doing so.
    let text = "x".repeat(6000);
    let held = others.chunks_mut(5).find_map(|others| {
        flood.stands_still();
        let begin = Instant::now();
        for (_, other) in others.iter_mut() {
            other.send(format!("{text}\n"));
        }
        let said =
            iter::from_fn(|| heard.recv_timeout(LIMIT).ok()).filter(|it| it.starts_with('['));
        let mut said: Vec<String> = said.take(others.len()).collect();
        let mut expected: Vec<String> =
            others.iter().map(|(_, other)| format!("[{}] {text}", other.addr())).collect();
        said.sort();
        expected.sort();
        assert!(said == expected, "{said:?}");
        (begin.elapsed() > LONG).then_some(others)
    });
    let held = held.unwrap();
    drop(flood);
    for text in ["하나", "둘"] {
        ann.send(format!("{text}\n"));
        let line = format!("[{}] {text}", ann.addr());
        for (heard, _) in held.iter() {
            iter::from_fn(|| heard.recv_timeout(LIMIT).ok()).find(|it| *it == line).unwrap();
        }
    }
    // It was this one that the room has waited for.
    stalled.line_where(|line| line.ends_with("this connection reads too slowly"));
}

/// Somebody who says the same as fast as it is taken, until it is dropped.
struct Flood {
    is_over: Arc<AtomicBool>,
    sender: Option<JoinHandle<()>>,
    /// Bytes that have come to another member.
    heard: Arc<AtomicUsize>,
}

impl Flood {
    fn of(server: &Server, text: &str) -> Self {
        let (mut flooder, mut hearer) = (server.member(), server.member().stream);
        let (is_over, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut sink = flooder.stream.try_clone().unwrap();
        thread::spawn(move || io::copy(&mut sink, &mut io::sink()));
        let (is_over_now, rows) =
            (is_over.clone(), format!("{}{text}\n", "말".repeat(100)).repeat(100));
        let sender = thread::spawn(move || {
            while !is_over_now.load(Ordering::Relaxed) {
                flooder.send(&rows);
            }
        });
        let heard_now = heard.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = hearer.read(&mut buffer) {
                heard_now.fetch_add(count, Ordering::Relaxed);
            }
        });
        Self { is_over, sender: Some(sender), heard }
    }

    /// Waits until nothing of it has come for a while.
    fn stands_still(&self) {
        let (mut heard, mut since) = (0, Instant::now());
        wait_until("the flood stands still", || {
            let heard_now = self.heard.load(Ordering::Relaxed);
            if heard_now != heard {
                (heard, since) = (heard_now, Instant::now());
            }
            (heard > 0 && since.elapsed() > Duration::from_millis(150)).then_some(())
        });
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.sender.take().map(JoinHandle::join);
    }
}

// Programs that send no newlines.

/// It is heard while it talks, and not only once it pauses or has said all that fits in a message.
#[test]
fn one_that_sends_no_newline_and_never_pauses() {
    let server = Server::start(&["--max-line", "64K"]);
    let mut ann = server.member();
    let mut ben = server.member();
    ann.line();
    let heard = ann.read_at_once("(nothing is dull)");
    let line = wait_until("it is heard", || {
        ben.send("가");
        heard.try_recv().ok()
    });
    let text = line.strip_prefix(&format!("[{}] ", ben.addr())).unwrap();
    assert!(text.chars().all(|char| char == '가'), "{text}");
}

/// On the original server one read is one message, however soon the next one comes.
#[test]
fn an_original_room_in_which_nobody_pauses() {
    const MESSAGES: u32 = 100;
    const SILENCE: Duration = Duration::from_millis(100);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = Program::join(listener.local_addr().unwrap().port(), &[]);
    let mut original = Peer::new(listener.accept().unwrap().0);
    original.send("> Connected to the chat server (1 user online)");
    ours.out.wait_for("> Connected to the chat server (1 user online)\n");
    let begin = Instant::now();
    for number in 0..MESSAGES {
        original.send(format!("[127.0.0.1:1] {number}번째"));
        ours.out.wait_for(&format!("\n[127.0.0.1:1] {number}번째\n"));
    }
    let elapsed = begin.elapsed();
    assert!(elapsed < SILENCE * MESSAGES, "each takes a silence to be shown: {elapsed:?}");

    // Except where a read ends inside a character.
    let text = "[127.0.0.1:1] 한글".as_bytes();
    original.send(&text[..text.len() - 1]);
    original.send(&text[text.len() - 1..]);
    ours.out.wait_for("\n[127.0.0.1:1] 한글\n");
}

// Telnet (RFC 854).

/// What whoever sends a command is asked for: all eight bits of each byte (RFC 856).
const DO_BINARY: &[u8] = b"\xff\xfd\x00";

#[test]
fn telnet_commands_are_no_text() {
    let mut room = Room::open();
    let mut ben = room.enter();
    let commands: &[&[u8]] = &[
        b"\xff\xf1",                                         // NOP
        b"\xff\xf2",                                         // a data mark
        b"\xff\xf6",                                         // AYT
        b"\xff\xf9",                                         // GA
        b"\xff\xfb\x18",                                     // WILL TERMINAL-TYPE
        b"\xff\xfc\x18",                                     // WONT
        b"\xff\xfd\x0a", // DO, with the option's number a newline
        b"\xff\xfe\x0a", // DONT
        b"\xff\xfa\x18\x00xterm\n\xff\xff\xff\xf0", // a subnegotiation
        b"\xff\xfa\x27\x00\xff\xf0\xff\xfa\x27\x00\xff\xf0", // two
    ];
    for command in commands {
        // Whole, and wherever reads may cut it.
        ben.send([b"ga", *command, b"na\n"].concat());
        room.hears(&ben, "gana");
        for byte in [b"ga", *command, b"na\n"].concat() {
            ben.send([byte]);
        }
        room.hears(&ben, "gana");
    }
    // A byte 0xFF, which is not UTF-8.
    ben.send(b"ga\xff\xffna\n");
    room.hears(&ben, "ga\u{fffd}na");
}

/// Each option is refused, once. All that a telnet is asked for is all eight bits of each byte.
#[test]
fn telnet_options_are_refused() {
    let room = Room::open();
    let mut ben = room.server.member();
    ben.send(b"\xff\xfd\x01");
    assert_eq!(ben.bytes(6), [DO_BINARY, b"\xff\xfc\x01"].concat());
    ben.send(b"\xff\xfb\x1f\xff\xfb\x00");
    assert_eq!(ben.bytes(3), b"\xff\xfe\x1f");
    // Neither any answer to its agreement, nor to what was refused, nor to a refusal.
    ben.send(b"\xff\xfd\x01\xff\xfb\x1f\xff\xfc\x03\xff\xfe\x03\xff\xfd\x03");
    assert_eq!(ben.bytes(3), b"\xff\xfc\x03");
}

/// A client that has sent an interrupt shows nothing until its timing mark is answered.
#[test]
fn each_timing_mark_is_answered() {
    let room = Room::open();
    let mut ben = room.server.member();
    ben.send(b"\xff\xfd\x06");
    assert_eq!(ben.bytes(6), [DO_BINARY, b"\xff\xfc\x06"].concat());
    for _ in 0..3 {
        ben.send(b"\xff\xfd\x06");
        assert_eq!(ben.bytes(3), b"\xff\xfc\x06");
    }
}

/// As PuTTY begins.
#[test]
fn a_client_that_negotiates_at_once() {
    let mut room = Room::open();
    let mut ben = room.enter();
    // WILL NAWS, TERMINAL-SPEED, TERMINAL-TYPE, NEW-ENVIRON; DO ECHO; WILL SGA; DO SGA.
    ben.send(b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27");
    ben.send(b"\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03");
    let dont = b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27";
    let rest = b"\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03";
    assert_eq!(ben.bytes(24), [DO_BINARY, dont, rest].concat());
    ben.send("안녕하세요?\r\n");
    room.hears(&ben, "안녕하세요?");
    room.frames(&mut ben);
}

/// What inetutils' telnet sends for Ctrl+C.
const INTERRUPT: &[u8] = b"\xff\xf4\xff\xfd\x06";

#[test]
fn an_interrupt_of_telnet_leaves() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send("먼저\r\n");
    room.hears(&ben, "먼저");
    ben.send(INTERRUPT);
    room.sees_leave(&ben);
    assert_eq!(everything(&mut ben), [DO_BINARY, b"\xff\xfc\x06"].concat());
}

#[test]
fn an_interrupt_of_telnet_before_more_text() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send([INTERRUPT, "아직 있어요\r\n".as_bytes()].concat());
    room.hears(&ben, "아직 있어요");
    // Another one's is the clock.
    let mut cat = room.enter();
    cat.send(INTERRUPT);
    assert_eq!(room.ann.line(), format!("< The user {} left (3 users online)", cat.addr()));
    ben.send("지금도요\r\n");
    room.hears(&ben, "지금도요");
}

/// Where telnet looks at seven bits of each byte, 0x83 is Ctrl+C.
#[test]
fn an_interrupt_of_telnet_inside_a_character() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send([b"\xec", INTERRUPT, b"\x81\r\n"].concat());
    room.hears(&ben, "상");
    ben.send([b"\xec", INTERRUPT].concat());
    let mut cat = room.enter();
    cat.send(INTERRUPT);
    assert_eq!(room.ann.line(), format!("< The user {} left (3 users online)", cat.addr()));
    ben.send(b"\x81\r\n");
    room.hears(&ben, "상");
}

#[test]
fn the_end_of_input_of_telnet_leaves() {
    let mut room = Room::open();
    let mut ben = room.enter();
    ben.send(["끝".as_bytes(), b"\xff\xec"].concat());
    room.hears(&ben, "끝");
    room.sees_leave(&ben);
    assert_eq!(everything(&mut ben), DO_BINARY);
}

/// A line that inetutils' telnet has taken a byte out of, of which no command tells. It may come in
/// two parts.
#[test]
fn a_line_that_a_telnet_may_have_spoilt() {
    for pauses in [false, true] {
        let mut room = Room::open();
        let mut ben = room.enter();
        ben.send(b"\xec\x95\x88\xeb");
        if pauses {
            room.waits();
            ben.line();
        }
        ben.send(b"\x95\r\n");
        room.hears(&ben, "안\u{fffd}");
        assert_eq!(ben.bytes(3), DO_BINARY);
    }
}

// What is no chat client.

#[test]
fn clients_of_other_protocols_are_closed_and_say_nothing() {
    let openings: &[&[u8]] = &[
        "POST / HTTP/1.1\r\nHost: 192.168.0.5:3333\r\nContent-Length: 10\r\n\r\n아무 말\n"
            .as_bytes(),
        b"GET /favicon.ico HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // A TLS record with the beginning of a ClientHello.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\nhello\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\nhello\n",
    ];
    let mut room = Room::open();
    for opening in openings {
        let mut stranger = room.enter();
        stranger.send(opening);
        room.sees_leave(&stranger);
        assert_eq!(everything(&mut stranger), b"");
    }
    // Also where it comes in parts.
    let mut stranger = room.enter();
    stranger.send("POST /a?b=c HT");
    room.waits();
    stranger.send("TP/1.1\r\n\r\n말\n");
    room.sees_leave(&stranger);
}

#[test]
fn what_only_looks_like_another_protocol_is_said() {
    let mut room = Room::open();
    let lines = [
        "GET이 뭐예요?",
        "GET / 하면 돼요",
        "POST",
        "SSH로 들어와요",
        "HTTP/1.1",
        "그냥 POST / HTTP/1.1",
    ];
    for line in lines {
        let mut ben = room.enter();
        ben.send(format!("{line}\n"));
        room.hears(&ben, line);
        // After its first line anything is.
        ben.send("GET / HTTP/1.1\n");
        room.hears(&ben, "GET / HTTP/1.1");
        ben.close_sending();
        room.sees_leave(&ben);
    }
}

// Nothing to see.

#[test]
fn text_with_nothing_to_see_is_an_empty_line() {
    let mut room = Room::open();
    let mut ben = room.enter();
    let nothing =
        ["\u{3164}", "\u{2800}", "\u{200b}", "\u{feff}", " ", "\u{3000}", "\t", "\u{ffa0}"];
    // Without newlines first.
    for text in nothing {
        ben.send(text);
        room.waits();
    }
    for text in nothing {
        ben.send(format!("{text}\n{}\r\n", text.repeat(3)));
    }
    ben.send(format!("{}\n", nothing.concat()));
    ben.send("보여요\n");
    room.hears(&ben, "보여요");
    // Beside what can be seen it stands.
    ben.send("\u{3164}보\u{200b}여요\u{feff}\n");
    room.hears(&ben, "\u{3164}보\u{200b}여요\u{feff}");
}

/// All that comes until the server closes. A connection on which it has left something unread is
/// reset.
fn everything(peer: &mut Peer) -> Vec<u8> {
    let mut all = Vec::new();
    match peer.stream.read_to_end(&mut all) {
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        result => drop(result.unwrap()),
    }
    all
}
