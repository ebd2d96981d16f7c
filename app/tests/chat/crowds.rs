//! Many peers at once that misbehave, and a few that just want to talk.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{LIMIT, Peer, Server, SetAtEnd, Signal, wait_until};
use crate::stalls::resident_kib;

/// How long a crowd misbehaves.
const WHILE: Duration = Duration::from_secs(3);

/// Returns how many descriptors a server has open.
pub(crate) fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.program.id())).unwrap().count()
}

/// What flooders say.
const FLOOD: &str = "홍수가 났다";

/// Two members who talk with each other, and lose nothing.
struct Friends {
    ann: Friend,
    ben: Friend,
    said: usize,
}

/// A member that reads at once whatever is said: the room gives up readers that take a second.
struct Friend {
    peer: Peer,
    heard: Receiver<String>,
}

impl Friend {
    fn new(mut peer: Peer) -> Self {
        let heard = peer.read_at_once(FLOOD);
        Self { peer, heard }
    }

    fn addr(&self) -> String {
        self.peer.addr()
    }

    fn send(&mut self, text: impl AsRef<[u8]>) {
        self.peer.send(text);
    }

    fn line(&self) -> String {
        self.heard.recv_timeout(LIMIT).unwrap()
    }

    fn line_where(&self, is_it: impl Fn(&str) -> bool) -> String {
        std::iter::repeat_with(|| self.line()).find(|line| is_it(line)).unwrap()
    }
}

impl Friends {
    fn new(server: &Server) -> Self {
        let mut ann = server.member();
        let ben = server.member();
        ann.line_where(|line| line.contains("entered"));
        Self { ann: Friend::new(ann), ben: Friend::new(ben), said: 0 }
    }

    /// Has each say something to the other. Whatever else they hear is from the crowd.
    fn talk(&mut self) {
        let (ann, ben) = (self.ann.addr(), self.ben.addr());
        let said = self.said;
        self.ann.send(format!("{said}번째, 들려요?\n"));
        self.ben.line_where(|line| {
            is_next(line, &format!("[{ann}] "), &format!("{said}번째, 들려요?"))
        });
        self.ben.send(format!("{said}번째, 들려요!\n"));
        self.ann.line_where(|line| {
            is_next(line, &format!("[{ben}] "), &format!("{said}번째, 들려요!"))
        });
        self.said += 1;
    }

    /// Asserts that they are alone again, and that the count is right.
    fn are_alone(&mut self, server: &Server) {
        wait_until("all others have left", || {
            (server.peer().line() == "> Connected to the chat server (3 users online)")
                .then_some(())
        });
        self.talk();
    }
}

/// Returns whether a line is what a friend says next. Any other line of that friend means that one
/// was lost.
fn is_next(line: &str, label: &str, text: &str) -> bool {
    assert!(!line.contains("skipped"), "{line}");
    line.strip_prefix(label).is_some_and(|said| {
        assert_eq!(said, text);
        true
    })
}

/// Lets peers that behave in one way connect, one after another, until the time is over.
fn misbehave(port: u16, way: usize, is_enough: &AtomicBool) {
    let mut kept = Vec::new();
    let mut rounds = 0;
    while !is_enough.load(Ordering::Relaxed) {
        rounds += 1;
        // Some thousands a second altogether: if there were more than the friends can read within a
        // second, they would lose their place in the backlog, and be told so.
        thread::sleep(Duration::from_millis(1));
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { continue };
        stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        // Whether all of it is taken does not matter here, only that the friends can talk.
        match way {
            // Garbage of all bytes, then a reset with input unread.
            0 => {
                let garbage: Vec<u8> =
                    (0..4_000_u32).map(|number| (number * 7 + rounds) as u8).collect();
                let _ = stream.write_all(&garbage);
                Peer::new(stream).reset();
            }
            // Half a line, then it is gone.
            1 => drop(stream.write_all("끝나지 않은".as_bytes())),
            // A half-close; what arrives is still read.
            2 => {
                let _ = stream.write_all("안녕\n반".as_bytes());
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read(&mut [0; 512]);
            }
            // Says something and reads nothing, for as long as this lasts.
            3 => {
                let _ = stream.write_all("듣지 않는다\n".as_bytes());
                kept.push(stream);
                if kept.len() > 20 {
                    kept.remove(0);
                }
            }
            // One line that is too long, in a single write.
            4 => drop(stream.write_all(&[b'x'; 20_000])),
            // Characters cut in two, and no newline.
            _ => {
                let _ = stream.write_all(&[0xed, 0x95]);
                let _ = stream.read(&mut [0; 64]);
                let _ = stream.write_all(&[0x9c, b'\r', 0xff]);
            }
        }
    }
}

#[test]
fn a_crowd_that_behaves_in_every_bad_way() {
    let server = Server::start(&["--quiet"]);
    withstand(&server, 6, |way, is_enough| misbehave(server.port, way, is_enough));
    assert_eq!(server.program.err.so_far(), "");
}

/// Lets peers misbehave in so many ways, until they are told that it is enough, beside two friends
/// who lose nothing. Then all is as it was before.
pub(crate) fn withstand(
    server: &Server,
    ways: usize,
    misbehave: impl Fn(usize, &AtomicBool) + Sync,
) {
    let mut friends = Friends::new(server);
    let open = descriptors(server);
    let is_enough = AtomicBool::new(false);
    thread::scope(|scope| {
        for way in 0..ways {
            let (misbehave, is_enough) = (&misbehave, &is_enough);
            scope.spawn(move || misbehave(way, is_enough));
        }
        let end = SetAtEnd(&is_enough);
        let began = Instant::now();
        while began.elapsed() < WHILE {
            friends.talk();
        }
        drop(end);
    });
    friends.are_alone(server);
    wait_until("all descriptors are closed", || (descriptors(server) == open).then_some(()));
    let resident = resident_kib(server.program.id());
    assert!(resident < 32 * 1024, "{resident} KiB");
}

#[test]
fn a_storm_of_five_thousand() {
    const STORM: usize = 5_000;
    const THREADS: usize = 4;
    let server = Server::start(&["--quiet"]);
    let mut friends = Friends::new(&server);
    let open = descriptors(&server);
    let (entered, left) = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for number in 0..STORM / THREADS {
                    let mut peer = server.peer();
                    // Some are gone before they can be greeted.
                    if number % 3 == 0 {
                        assert!(peer.line().starts_with("> Connected"));
                    }
                    peer.reset();
                }
            });
        }
        let (mut entered, mut left) = (0, 0);
        while left < STORM {
            let line = friends.ann.line();
            entered += usize::from(line.contains(" entered ("));
            left += usize::from(line.contains(" left ("));
            assert!(!line.contains("skipped"), "{line}");
        }
        (entered, left)
    });
    assert_eq!((entered, left), (STORM, STORM));
    friends.are_alone(&server);
    wait_until("all descriptors are closed", || (descriptors(&server) == open).then_some(()));
}

/// Hundreds of messages arrive at once, byte by byte, even within characters.
#[test]
fn hundreds_who_send_one_byte_at_a_time() {
    let server = Server::start(&["--quiet"]);
    let mut listener = server.member();
    let mut slow: Vec<Peer> = (0..300).map(|_| server.peer()).collect();
    listener.line_where(|line| line.contains("(301 users online)"));
    // Newlines end their messages: a pause of this thread must not count as a silence.
    slow.iter_mut().for_each(|peer| peer.send("\n"));
    let text = "천천히 쓴다\n";
    for byte in text.bytes() {
        for peer in &mut slow {
            peer.send([byte]);
        }
    }
    let expected: BTreeSet<String> =
        slow.iter().map(|peer| format!("[{}] {}", peer.addr(), text.trim_end())).collect();
    let heard: BTreeSet<String> = (0..slow.len()).map(|_| listener.line()).collect();
    assert_eq!(heard, expected);
}

/// While one member says as much as it can, a message of another still arrives within a blink.
#[test]
fn a_flood_beside_a_chat() {
    let server = Server::start(&["--quiet"]);
    let mut friends = Friends::new(&server);
    let mut flooder = server.member();
    let mut sink = flooder.stream.try_clone().unwrap();
    let is_enough = AtomicBool::new(false);
    let rows = AtomicUsize::new(0);
    let mut times: Vec<Duration> = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let row = format!("{FLOOD}\n").repeat(100);
            while !is_enough.load(Ordering::Relaxed) {
                flooder.send(&row);
                rows.fetch_add(1, Ordering::Relaxed);
            }
            flooder.close_sending();
        });
        scope.spawn(move || std::io::copy(&mut sink, &mut std::io::sink()));
        let end = SetAtEnd(&is_enough);
        wait_until("the flood is there", || (rows.load(Ordering::Relaxed) > 100).then_some(()));
        for _ in 0..40 {
            let began = Instant::now();
            friends.talk();
            times.push(began.elapsed());
        }
        drop(end);
    });
    times.sort_unstable();
    // There and back: a few milliseconds, more on a machine that is busy with other things.
    assert!(times[times.len() / 2] < Duration::from_millis(200), "{times:?}");
}

/// What was said while the server was stopped is heard once it continues.
#[test]
fn a_server_that_is_stopped_for_some_seconds() {
    let server = Server::start(&["--quiet"]);
    let mut friends = Friends::new(&server);
    friends.talk();
    server.program.signal(Signal::STOP);
    let (ann, ben) = (friends.ann.addr(), friends.ben.addr());
    let mut late = server.peer();
    for number in 0..100 {
        friends.ann.send(format!("{number}\n"));
    }
    friends.ben.send("한 조각");
    // Longer than any timeout of the room.
    thread::sleep(Duration::from_secs(3));
    friends.ben.send("이다\n");
    server.program.signal(Signal::CONT);
    for number in 0..100 {
        let said = friends.ben.line_where(|line| !line.contains("entered"));
        assert_eq!(said, format!("[{ann}] {number}"));
    }
    friends.ann.line_where(|line| line == format!("[{ben}] 한 조각이다"));
    assert_eq!(late.line(), "> Connected to the chat server (3 users online)");
    friends.talk();
}
