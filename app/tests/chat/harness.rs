//! A small language for the tests: programs that are run, and peers that are plain sockets.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::time::{Duration, Instant};
use std::{mem, process, thread};

use async_signal::{Signal as CaughtSignal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::block_on;
pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// How long anything that must happen may take. Only a failure takes so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Returns the executable under test: the one that was built with these tests, unless the
/// environment names another.
pub(crate) fn executable() -> String {
    catch_interrupts();
    std::env::var("CHAT_UNDER_TEST").unwrap_or_else(|_| env!("CARGO_BIN_EXE_chat").to_owned())
}

/// Has what the tests start heed interrupts, also where the tests were started with these ignored, as
/// by a shell without job control in its background: a signal that is caught is not ignored in what
/// is started.
fn catch_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut interrupts = Signals::new([CaughtSignal::Int, CaughtSignal::Quit]).unwrap();
        thread::spawn(move || {
            let _ = block_on(interrupts.next());
            process::exit(130);
        });
    });
}

/// A running program whose output is read all the time.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) out: Stream,
    pub(crate) err: Stream,
}

impl Program {
    pub(crate) fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::run(Command::new(executable()).args(args))
    }

    /// `chat join` to a server on this machine, with nothing typed yet.
    pub(crate) fn join(port: u16, options: &[&str]) -> Self {
        let port = port.to_string();
        Self::start(["join", "127.0.0.1", &port].iter().chain(options))
    }

    pub(crate) fn run(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            input: child.stdin.take(),
            out: Stream::read(child.stdout.take().unwrap()),
            err: Stream::read(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Runs a program whose standard output the test reads itself, or not at all.
    pub(crate) fn run_unread(command: &mut Command) -> (Self, std::process::ChildStdout) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let program = Self {
            input: child.stdin.take(),
            out: Stream::read(io::empty()),
            err: Stream::read(child.stderr.take().unwrap()),
            child,
        };
        (program, out)
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.input.take().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end, and returns the exit status as a shell shows it.
    pub(crate) fn status(&mut self) -> i32 {
        let status = wait_until("the program ends", || self.child.try_wait().unwrap());
        status.code().unwrap_or_else(|| panic!("ended by {status}"))
    }

    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- stdout:\n{}\n--- stderr:\n{}", self.out.tail(), self.err.tail());
        }
    }
}

/// `chat serve` on a free port.
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_on("127.0.0.1", options)
    }

    pub(crate) fn start_on(host: &str, options: &[&str]) -> Self {
        Self::from(Program::start(["serve", host, "0"].iter().chain(options)))
    }

    pub(crate) fn from(program: Program) -> Self {
        let port = port_in(&program.out.wait_for("\n"));
        Self { port, program }
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer::connect(("127.0.0.1", self.port))
    }

    /// Connects a peer, and reads its greeting.
    pub(crate) fn member(&self) -> Peer {
        let mut peer = self.peer();
        let line = peer.line();
        assert!(line.starts_with("> Connected to the chat server ("), "{line}");
        peer
    }

    /// Waits until the console has said `needle`.
    pub(crate) fn says(&self, needle: &str) -> String {
        self.program.out.wait_for(needle)
    }
}

/// Returns the port in the first line of a server.
pub(crate) fn port_in(console: &str) -> u16 {
    console
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("Chat Server started on port "))
        .and_then(|rest| rest.strip_suffix('.'))
        .and_then(|port| port.parse().ok())
        .unwrap_or_else(|| panic!("{console:?}"))
}

/// The bytes of a pipe, collected by a thread.
pub(crate) struct Stream {
    collected: Arc<(Mutex<Collected>, Condvar)>,
}

#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Stream {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let collected = Arc::new((Mutex::new(Collected::default()), Condvar::new()));
        let shared = collected.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let count = pipe.read(&mut buffer).unwrap_or(0);
                let mut collected = shared.0.lock().unwrap();
                collected.bytes.extend_from_slice(&buffer[..count]);
                collected.has_ended = count == 0;
                shared.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { collected }
    }

    /// Waits until the text contains `needle`, and returns the text so far.
    pub(crate) fn wait_for(&self, needle: &str) -> String {
        self.wait(&format!("{needle:?} is printed"), |text, _| text.contains(needle))
    }

    /// Waits for the end of the stream, and returns all of it.
    pub(crate) fn all(&self) -> String {
        self.wait("the output ends", |_, has_ended| has_ended)
    }

    /// Returns what there is so far.
    pub(crate) fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.collected.0.lock().unwrap().bytes).into_owned()
    }

    fn tail(&self) -> String {
        let text = self.so_far();
        let start = text.len().saturating_sub(2000);
        text[text.ceil_char_boundary(start)..].to_owned()
    }

    fn wait(&self, what: &str, is_met: impl Fn(&str, bool) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        let (lock, changed) = &*self.collected;
        let mut collected = lock.lock().unwrap();
        loop {
            let text = String::from_utf8_lossy(&collected.bytes).into_owned();
            if is_met(&text, collected.has_ended) {
                return text;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let is_over = left.is_zero() || collected.has_ended;
            if is_over {
                // Without poisoning the lock for whoever prints the text after this.
                drop(collected);
                panic!("waited in vain until {what}; there is: {text:?}");
            }
            collected = changed.wait_timeout(collected, left).unwrap().0;
        }
    }
}

/// A plain socket to a server, like `nc`.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    /// What was read last, and how much of it has been taken.
    chunk: Vec<u8>,
    taken: usize,
}

impl Peer {
    pub(crate) fn connect(place: impl ToSocketAddrs + Debug) -> Self {
        Self::new(TcpStream::connect(place).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, chunk: Vec::new(), taken: 0 }
    }

    /// Returns its own address, as the room shows it.
    pub(crate) fn addr(&self) -> String {
        self.stream.local_addr().unwrap().to_string()
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The same to somebody who may be gone.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Returns the next line, without its newline.
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        loop {
            let rest = &self.chunk[self.taken..];
            if let Some(newline) = rest.iter().position(|&byte| byte == b'\n') {
                line.extend_from_slice(&rest[..newline]);
                self.taken += newline + 1;
                return String::from_utf8(line).unwrap();
            }
            line.extend_from_slice(rest);
            self.chunk = self.read();
            self.taken = 0;
            assert!(!self.chunk.is_empty(), "closed after {:?}", String::from_utf8_lossy(&line));
        }
    }

    /// The next bytes, so many.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = self.chunk.split_off(self.taken);
        while bytes.len() < count {
            let more = self.read();
            assert!(!more.is_empty(), "closed after {bytes:?}");
            bytes.extend(more);
        }
        self.chunk = bytes.split_off(count);
        self.taken = 0;
        bytes
    }

    /// From now on a thread reads its lines as they arrive, so that it is not a slow reader, and
    /// sends on all but those that end with `dull`.
    pub(crate) fn read_at_once(&mut self, dull: &'static str) -> Receiver<String> {
        let (lines, heard) = mpsc::channel();
        let before = io::Cursor::new(self.chunk.split_off(self.taken));
        let stream = self.stream.try_clone().unwrap();
        thread::spawn(move || {
            let mut reader = BufReader::with_capacity(64 * 1024, before.chain(stream));
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok() && line.pop() == Some(b'\n') {
                // Dull lines are not converted to text, so that a flood is read fast.
                if !line.ends_with(dull.as_bytes())
                    && lines.send(String::from_utf8(mem::take(&mut line)).unwrap()).is_err()
                {
                    break;
                }
                line.clear();
            }
        });
        heard
    }

    /// Reads lines until one satisfies the predicate, and returns that.
    pub(crate) fn line_where(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.line();
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Returns what one read returns.
    pub(crate) fn read(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                // A read with a timeout is interrupted even by signals without a handler
                // (`signal(7)`).
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    buffer.truncate(result.unwrap());
                    return buffer;
                }
            }
        }
    }

    /// Returns everything until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = self.chunk.split_off(self.taken);
        self.taken = self.chunk.len();
        self.stream.read_to_end(&mut rest).unwrap();
        String::from_utf8(rest).unwrap()
    }

    pub(crate) fn close_sending(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Sends a byte of urgent data: a read on the other side stops before it.
    pub(crate) fn send_urgently(&self, byte: u8) {
        socket2::SockRef::from(&self.stream).send_out_of_band(&[byte]).unwrap();
    }

    /// Closes with a reset.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// Polls until there is a value, and returns that.
pub(crate) fn wait_until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// Sets its flag when it is dropped, even if the test fails.
pub(crate) struct SetAtEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
