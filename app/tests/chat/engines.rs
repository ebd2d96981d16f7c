//! A room whose log an engine keeps that does what no real one does at a wish: it is played here.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::harness::{Program, Signal};

const GENESIS: &str = "0000000000000000";

/// An engine that lets a server begin and take part, for as long as it answers.
struct Engine {
    port: u16,
    is_mute: Arc<AtomicBool>,
}

impl Engine {
    /// One whose log begins with that batch, if there is one.
    fn start(batch: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_mute = Arc::new(AtomicBool::new(false));
        let mute = is_mute.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mute = mute.clone();
                thread::spawn(move || answer(&stream.unwrap(), batch, &mute));
            }
        });
        Self { port, is_mute }
    }

    fn serve(&self, password: &str) -> Program {
        let url = format!("redis://{password}127.0.0.1:{}/lobby", self.port);
        Program::start(["serve", "--shared", &url, "127.0.0.1", "0"])
    }
}

/// Answers on one connection, until it ends.
fn answer(mut stream: &TcpStream, batch: Option<&str>, is_mute: &AtomicBool) {
    let mut reader = BufReader::new(stream);
    let mut asked = 0;
    while let Some(command) = command(&mut reader) {
        let reply = match &command[..] {
            [info, ..] if info == "INFO" => text(
                "run_id:1\r\nuptime_in_seconds:99\r\nrole:master\r\nmaster_replid:1\r\n\
                 second_repl_offset:-1\r\n",
            ),
            [read, .., behind] if read == "XREAD" => match batch {
                Some(batch) if behind == "0-0" => {
                    list(&[list(&[text("log"), list(&[entry(batch)])])])
                }
                _ => {
                    // It waits for more, as it is asked to.
                    thread::sleep(Duration::from_secs(1));
                    "*-1\r\n".to_owned()
                }
            },
            [eval, ..] if eval == "EVALSHA" => script(&command, asked, batch.is_some()),
            // As an engine does that does not know a command.
            [word, rest @ ..] => format!("-ERR unknown command '{word}', with args: {rest:?}\r\n"),
            [] => return,
        };
        asked += 1;
        if is_mute.load(Ordering::Relaxed) {
            continue;
        }
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// What a script answers: the first one attaches, the second one says that the server is ready, and
/// others that say nothing more renew its lease.
fn script(command: &[String], asked: usize, has_batch: bool) -> String {
    let tail = if has_batch { "1" } else { "0" };
    let done = list(&[text("done"), text(tail), text(GENESIS), text("0")]);
    // The number of keys, the keys, the run and the node stand in each.
    match (command[8].as_str(), command.len()) {
        ("", _) => {
            let words = ["attached", tail, GENESIS, "7", "0", "1", "same", "0"];
            list(&words.map(text))
        }
        (_, 9) if asked > 2 => list(&[text("nodes"), text("0")]),
        _ => done,
    }
}

fn entry(payload: &str) -> String {
    let fields = ["p", GENESIS, "h", GENESIS, "t", "1", "d", payload];
    list(&[text("1-0"), list(&fields.map(text))])
}

fn text(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn list(items: &[String]) -> String {
    format!("*{}\r\n{}", items.len(), items.concat())
}

/// Reads a command; `None` at the end.
fn command(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let number = |reader: &mut dyn BufRead| {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.get(1..)?.trim_end().parse::<usize>().ok()
    };
    let count = number(reader)?;
    (0..count)
        .map(|_| {
            let length = number(reader)?;
            let mut bytes = vec![0; length + 2];
            reader.read_exact(&mut bytes).ok()?;
            bytes.truncate(length);
            Some(String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// The server says farewell although its log cannot be asked any more.
#[test]
fn one_that_does_not_answer_at_the_end() {
    let engine = Engine::start(None);
    let mut server = engine.serve("");
    server.out.wait_for("Chat Server started on port ");
    engine.is_mute.store(true, Ordering::Relaxed);
    server.signal(Signal::TERM);
    assert_eq!(server.status(), 0);
    assert!(server.out.all().ends_with("\nexit\n"));
}

/// A server that cannot read the log has not started.
#[test]
fn one_that_holds_what_no_server_says() {
    let mut server = Engine::start(Some("무엇")).serve("");
    assert_eq!(server.status(), 1);
    assert_eq!(server.out.all(), "");
    let said = server.err.all();
    assert!(said.starts_with("chat: cannot go on in the room lobby: "), "{said}");
}

/// An engine may repeat what it is told.
#[test]
fn one_that_knows_no_passwords() {
    let engine = Engine::start(None);
    let mut server = engine.serve("chat:secret@");
    assert_eq!(server.status(), 1);
    let port = engine.port;
    let why = "it takes no password";
    let said = format!("chat: cannot share the room lobby at 127.0.0.1:{port}: {why}\n");
    assert_eq!(server.err.all(), said);
}
