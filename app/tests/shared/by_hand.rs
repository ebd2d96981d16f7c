//! A member with a session whose program is nobody's: it follows what `protocol.md` says of coming back, and
//! nothing else.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{LIMIT, wait_until};

/// How long it waits for the room before it sees whether there is something to say.
const TURN: Duration = Duration::from_millis(10);

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// After so long it acknowledges what it has got.
const SOON: Duration = Duration::from_secs(2);

/// Gives its key back.
const FAREWELL: &str = "/bye";

/// A member that goes to the next server when the one that it was at is gone.
pub(crate) struct ByHand {
    seen: Arc<Mutex<Seen>>,
    does: Sender<Deed>,
}

/// What it is to do.
enum Deed {
    Say(String),
    /// Take another connection: to the next server, or to the same.
    MoveOn,
    ComeAgain,
}

/// What has come of it.
#[derive(Default)]
struct Seen {
    /// What the room calls it when it has come.
    address: String,
    key: String,
    /// All lines that it has got, but for those that are for programs.
    lines: Vec<String>,
    /// How many of those it has counted.
    counted: usize,
    /// As how many the next one counts.
    counts: Option<usize>,
    /// What it has said, and how many bytes of that the room has.
    said: Vec<u8>,
    heard: usize,
    /// How many of its connections have ended.
    lost: usize,
    has_left: bool,
    /// Why it is no more a member as it should be.
    wrong: Option<String>,
}

impl ByHand {
    /// Joins the first of these ports of this machine, and the next one if that is gone.
    pub(crate) fn join(ports: &[u16]) -> Self {
        let (does, deeds) = channel();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let member = Self { seen: seen.clone(), does };
        let ports = ports.to_owned();
        thread::spawn(move || be_a_member(&ports, &seen, &deeds));
        member.wait("it is in", |seen| !seen.key.is_empty());
        member
    }

    /// Something that says lines for it.
    pub(crate) fn voice(&self) -> impl FnMut(&str) + use<> {
        let does = self.does.clone();
        // If it has gone, that is told by who waits for it.
        move |line| drop(does.send(Deed::Say(line.to_owned())))
    }

    pub(crate) fn say(&self, line: &str) {
        self.voice()(line);
    }

    /// Goes on by another connection, at the next server. It does not say so to the one that it was at, as a
    /// phone that comes into another network.
    pub(crate) fn move_on(&self) {
        self.does.send(Deed::MoveOn).unwrap();
    }

    /// The same to the server that it is at.
    pub(crate) fn come_again(&self) {
        self.does.send(Deed::ComeAgain).unwrap();
    }

    pub(crate) fn address(&self) -> String {
        self.seen.lock().unwrap().address.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().lines.clone()
    }

    /// Returns how many of its lines the room has for good.
    pub(crate) fn heard(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.said[..seen.heard].iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Returns how many of its connections have ended.
    pub(crate) fn lost(&self) -> usize {
        self.seen.lock().unwrap().lost
    }

    /// Waits until it has got a line.
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&str) -> bool) {
        self.wait(what, |seen| seen.lines.iter().rev().any(|line| is_it(line)));
    }

    /// Waits until the room has heard a line that it has said, and all before that.
    pub(crate) fn is_heard(&self, line: &str) {
        self.wait(&format!("{line:?} is heard"), |seen| {
            let said = String::from_utf8_lossy(&seen.said);
            let at = said.rfind(&format!("{line}\n"));
            at.is_some_and(|at| at + line.len() < seen.heard)
        });
    }

    /// Leaves for good.
    pub(crate) fn leave(&self) {
        self.say(FAREWELL);
        self.wait("it has left", |seen| seen.has_left);
    }

    fn wait(&self, what: &str, is_met: impl Fn(&Seen) -> bool) {
        wait_until(what, || {
            let seen = self.seen.lock().unwrap();
            let wrong = seen.wrong.clone();
            let is_met = is_met(&seen);
            drop(seen);
            match wrong {
                Some(wrong) => panic!("{what}: {wrong}"),
                None => is_met.then_some(()),
            }
        });
    }
}

/// How a connection has ended.
enum End {
    Lost,
    /// It takes another one to the same server.
    Again,
    Left,
    /// Nobody has a use for it any more.
    Dropped,
}

fn be_a_member(ports: &[u16], seen: &Mutex<Seen>, deeds: &Receiver<Deed>) {
    // Its connections before, which it does not close: a server that has one does not know it is over.
    let mut before = Vec::new();
    let mut ports = ports.iter().cycle();
    let mut port = ports.next();
    while let Some(&at) = port {
        let attempt = attend(at, seen, deeds, &mut before);
        let mut seen = seen.lock().unwrap();
        match attempt {
            Ok(End::Lost) => port = ports.next(),
            Ok(End::Again) => {}
            Ok(End::Left) => {
                seen.has_left = true;
                return;
            }
            Ok(End::Dropped) => return,
            Err(wrong) => {
                seen.wrong = Some(wrong);
                return;
            }
        }
        drop(seen);
        thread::sleep(PAUSE);
    }
}

/// Is at a server until that ends.
fn attend(
    port: u16,
    seen: &Mutex<Seen>,
    deeds: &Receiver<Deed>,
    before: &mut Vec<TcpStream>,
) -> Result<End, String> {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return Ok(End::Lost) };
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut connection = Connection { stream, bytes: Vec::new(), seen };
    if connection.begin()?.is_none() {
        return Ok(End::Lost);
    }
    connection.stream.set_read_timeout(Some(TURN)).unwrap();
    let end = connection.go_on(deeds);
    seen.lock().unwrap().lost += 1;
    before.push(connection.stream);
    end
}

struct Connection<'a> {
    stream: TcpStream,
    /// What has come of the next line.
    bytes: Vec<u8>,
    seen: &'a Mutex<Seen>,
}

impl Connection<'_> {
    /// Becomes a member, or is one again; `None` if this connection ends before that.
    fn begin(&mut self) -> Result<Option<()>, String> {
        let (key, counted) = {
            let seen = self.seen.lock().unwrap();
            (seen.key.clone(), seen.counted)
        };
        let first = match key.is_empty() {
            true => "\n\r\n".to_owned(),
            false => format!("/resume {key} {counted}\n"),
        };
        if self.stream.write_all(first.as_bytes()).is_err() {
            return Ok(None);
        }
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            if let Some(heard) = number(&line, "> /resumed ") {
                let mut seen = self.seen.lock().unwrap();
                if heard < seen.heard || heard > seen.said.len() {
                    return Err(format!("{line}, after {} of {}", seen.heard, seen.said.len()));
                }
                seen.heard = heard;
                seen.counts = None;
                let again = seen.said[heard..].to_owned();
                drop(seen);
                return Ok(self.stream.write_all(&again).ok());
            }
            if let Some(session) = line.strip_prefix("> /session ") {
                if !key.is_empty() {
                    return Err(format!("the room knows it no more: {line}"));
                }
                let (key, address) = session.split_once(' ').ok_or_else(|| line.clone())?;
                let mut seen = self.seen.lock().unwrap();
                (seen.key, seen.address) = (key.to_owned(), address.to_owned());
                return Ok(Some(()));
            }
        }
    }

    /// Gets what comes, and says what there is to say.
    fn go_on(&mut self, deeds: &Receiver<Deed>) -> Result<End, String> {
        let (mut got, mut acknowledged) = (self.seen.lock().unwrap().counted, Instant::now());
        let mut has_left = false;
        loop {
            loop {
                let line = match deeds.try_recv() {
                    Ok(Deed::Say(line)) => line,
                    Ok(Deed::MoveOn) => return Ok(End::Lost),
                    Ok(Deed::ComeAgain) => return Ok(End::Again),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(End::Dropped),
                };
                has_left |= line == FAREWELL;
                if self.say(&line).is_none() {
                    return Ok(if has_left { End::Left } else { End::Lost });
                }
                if has_left {
                    let _ = self.stream.shutdown(Shutdown::Write);
                }
            }
            let counted = self.seen.lock().unwrap().counted;
            if counted > got && acknowledged.elapsed() > SOON && !has_left {
                (got, acknowledged) = (counted, Instant::now());
                if self.say(&format!("/got {got}")).is_none() {
                    return Ok(End::Lost);
                }
            }
            match self.read() {
                Some(0) => return Ok(if has_left { End::Left } else { End::Lost }),
                Some(_) => {
                    while let Some(line) = self.next_line()? {
                        self.take(line)?;
                    }
                }
                None => {}
            }
        }
    }

    /// Says a line, and keeps it until the room has it for good.
    fn say(&mut self, line: &str) -> Option<()> {
        let line = format!("{line}\n");
        self.seen.lock().unwrap().said.extend_from_slice(line.as_bytes());
        self.stream.write_all(line.as_bytes()).ok()
    }

    fn take(&self, line: String) -> Result<(), String> {
        let mut seen = self.seen.lock().unwrap();
        if let Some(heard) = number(&line, "> /heard ") {
            if heard < seen.heard || heard > seen.said.len() {
                return Err(format!("{line}, after {} of {}", seen.heard, seen.said.len()));
            }
            seen.heard = heard;
        } else if let Some(count) = number(&line, "> /counts ") {
            seen.counts = Some(count);
        } else if !line.starts_with("> /") {
            seen.counted += seen.counts.take().unwrap_or(1);
            seen.lines.push(line);
        }
        Ok(())
    }

    /// Waits for the next line; `None` if there will be none.
    fn line(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(line) = self.next_line()? {
                return Ok(Some(line));
            }
            match self.read() {
                Some(0) => return Ok(None),
                Some(_) => {}
                None => return Err("the room says nothing".to_owned()),
            }
        }
    }

    fn next_line(&mut self) -> Result<Option<String>, String> {
        let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
        let rest = self.bytes.split_off(end + 1);
        self.bytes.pop();
        let line = std::mem::replace(&mut self.bytes, rest);
        String::from_utf8(line).map(Some).map_err(|error| error.to_string())
    }

    /// Reads what there is; `None` if that is nothing for now.
    fn read(&mut self) -> Option<usize> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.bytes.extend_from_slice(&buffer[..count]);
                Some(count)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => None,
                _ => Some(0),
            },
        }
    }
}

fn number(line: &str, before: &str) -> Option<usize> {
    line.strip_prefix(before)?.parse().ok()
}
