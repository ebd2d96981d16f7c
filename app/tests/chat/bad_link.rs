//! Members behind a link that loses connections at random, while all talk: nobody misses anything, nothing
//! comes twice, and what each has entered is said once.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use socket2::SockRef;

use crate::harness::{Program, Server};

/// Members behind the link, each with a name.
const NAMES: [&str; 4] = ["지민", "민수", "서연", "Ann"];

/// Between two lines of one of them.
const PAUSE: Duration = Duration::from_millis(10);

#[test]
fn a_link_that_loses_connections() {
    play(Duration::from_secs(6), 4);
}

/// By hand: `cargo test --package chat --test chat -- --ignored bad_link::`.
#[test]
#[ignore = "it takes a minute"]
fn a_link_that_loses_connections_for_a_minute() {
    play(Duration::from_secs(60), 12);
}

fn play(time: Duration, least_cuts: usize) {
    let server = Server::start(&["--backlog", "64M"]);
    let link = Link::to(server.port);
    let mut members: Vec<Program> = NAMES.map(|name| link.join(name)).into();
    let inputs: Vec<_> = members.iter_mut().map(Program::take_input).collect();
    link.cuts.store(true, Ordering::Relaxed);
    let said: Vec<usize> = thread::scope(|scope| {
        let speakers: Vec<_> = inputs
            .into_iter()
            .zip(NAMES)
            .map(|(mut input, name)| {
                scope.spawn(move || {
                    let (start, mut count) = (Instant::now(), 0);
                    while start.elapsed() < time {
                        writeln!(input, "{name}의 말 {count}").unwrap();
                        count += 1;
                        thread::sleep(PAUSE);
                    }
                    // Its end, when it is dropped, is an end of input.
                    count
                })
            })
            .collect();
        speakers.into_iter().map(|speaker| speaker.join().unwrap()).collect()
    });
    // From now on all gets through; each leaves when the room has heard it.
    link.cuts.store(false, Ordering::Relaxed);
    for member in &mut members {
        assert_eq!(member.status(), 0, "{}", member.err.all());
    }
    let heard = all_of(server);
    for (name, count) in NAMES.into_iter().zip(said) {
        let own: Vec<&str> = heard.iter().filter_map(|line| line.said_by(name)).collect();
        let expected: Vec<String> = (0..count).map(|at| format!("{name}의 말 {at}")).collect();
        assert_eq!(own, expected);
    }
    let lost = link.lost.load(Ordering::Relaxed);
    assert!(lost >= least_cuts, "only {lost} connections were lost");
    for (name, member) in NAMES.into_iter().zip(&members) {
        let text = member.out.all();
        let got: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let got: Vec<Heard> = got
            .iter()
            .filter(|object| object["kind"] == "message")
            .map(|object| ["from", "text"].map(|field| object[field].as_str().unwrap().to_owned()))
            .map(|[from, text]| Heard::Said(from, text))
            .collect();
        // All that others said before it left for good.
        let left = heard.iter().rposition(|line| *line == Heard::Left(name.to_owned())).unwrap();
        let of_others = |line: &&Heard| matches!(line, Heard::Said(from, _) if from != name);
        let expected: Vec<Heard> = heard[..left].iter().filter(of_others).cloned().collect();
        let first = got.iter().zip(&expected).position(|(got, expected)| got != expected);
        let lengths = (got.len(), expected.len());
        assert!(got == expected, "{name}: lines {lengths:?}, the first other one is {first:?}");
    }
}

/// What was said, and who left.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Said(String, String),
    Left(String),
}

impl Heard {
    fn said_by(&self, name: &str) -> Option<&str> {
        match self {
            Self::Said(from, text) if from == name => Some(text),
            _ => None,
        }
    }
}

/// What a server has said on its console, to its end.
fn all_of(server: Server) -> Vec<Heard> {
    server.program.signal(Signal::INT);
    let text = server.program.out.all();
    let heard = text.lines().filter_map(|line| {
        if let Some((from, text)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            return Some(Heard::Said(from.to_owned(), text.to_owned()));
        }
        let (name, _) = line.strip_prefix("< The user ")?.split_once(" left ")?;
        Some(Heard::Left(name.to_owned()))
    });
    heard.collect()
}

/// A link to a server, over which connections are made and lost.
struct Link {
    port: u16,
    /// Whether connections are lost.
    cuts: Arc<AtomicBool>,
    lost: Arc<AtomicUsize>,
}

impl Link {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cuts, lost) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let link = Self { port, cuts: cuts.clone(), lost: lost.clone() };
        thread::spawn(move || {
            let mut random = fastrand::Rng::with_seed(19);
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                // What each direction may still carry, and how the connection ends then.
                let most = [random.usize(1..12_000), random.usize(1..40_000)];
                let is_reset = random.bool();
                let (cuts, lost) = (cuts.clone(), lost.clone());
                let end = Arc::new(AtomicBool::new(false));
                for (from, to, most) in [(&client, &server, most[0]), (&server, &client, most[1])] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (cuts, lost, end) = (cuts.clone(), lost.clone(), end.clone());
                    thread::spawn(move || carry(&from, &to, most, is_reset, &cuts, &lost, &end));
                }
            }
        });
        link
    }

    /// A member behind it, once it has its name.
    fn join(&self, name: &str) -> Program {
        let program = Program::join(self.port, &["--json", "--reconnect", "--name", name]);
        program.out.wait_for(&format!("\"name\":\"{name}\""));
        program
    }
}

/// Carries bytes one way: so many, while connections are lost.
fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    most: usize,
    is_reset: bool,
    cuts: &AtomicBool,
    lost: &AtomicUsize,
    end: &AtomicBool,
) {
    let mut left = most;
    let mut buffer = [0; 1024];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            Ok(count) => count,
            Err(_) => return,
        };
        let is_cut = cuts.load(Ordering::Relaxed) && left < count;
        let count = if is_cut { left } else { count };
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
        left = left.saturating_sub(count);
        if is_cut {
            if !end.swap(true, Ordering::Relaxed) {
                lost.fetch_add(1, Ordering::Relaxed);
            }
            for stream in [from, to] {
                if is_reset {
                    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                }
                let _ = stream.shutdown(Shutdown::Both);
            }
            return;
        }
    }
}
