//! Programs that run while a task does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};

use crate::shell::{Outcome, Tried, shown, spawn};

/// How long a program may take for any one step.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A running program. Dropping this kills it.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the resident set of a process in KiB.
pub(crate) fn resident_kib(process: u32) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
    kib.parse().tried(format_args!("/proc/{process}/status: VmRSS: {kib:?}"))
}

/// Connects to a port of this machine.
#[expect(clippy::disallowed_methods, reason = "this says what was tried")]
pub(crate) fn connect(port: u16) -> Outcome<TcpStream> {
    TcpStream::connect(("127.0.0.1", port)).tried(format_args!("connecting to 127.0.0.1:{port}"))
}

/// A running program that reads and prints lines.
pub(crate) struct Program {
    /// What was run, for errors.
    command: String,
    running: Running,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command)?;
        let output = lines(child.stdout.take().ok_or("no stdout")?);
        let errors = lines(child.stderr.take().ok_or("no stderr")?);
        let input = child.stdin.take();
        Ok(Self { command: shown(command), running: Running(child), input, output, errors })
    }

    /// Waits for the next line of its output and returns it without its newline.
    pub(crate) fn line(&self) -> Outcome<String> {
        self.output.recv_timeout(LIMIT).map_err(|_| {
            let errors: Vec<String> = self.errors.try_iter().collect();
            format!("{} printed no further line; its errors: {errors:?}", self.command).into()
        })
    }

    /// Waits for the address of a server's page, which it names if it has chosen the port.
    pub(crate) fn page(&self) -> Outcome<String> {
        let line = self.errors.recv_timeout(LIMIT).tried(&self.command)?;
        let address = line.strip_prefix("chat: the page is at ");
        Ok(address.ok_or_else(|| format!("{}: {line}", self.command))?.to_owned())
    }

    pub(crate) fn type_in(&mut self, text: &str) -> Outcome<()> {
        let input = self.input.as_mut().ok_or("its input has ended").tried(&self.command)?;
        input.write_all(text.as_bytes()).tried(&self.command)
    }

    /// Sends SIGINT, as Ctrl+C does.
    pub(crate) fn interrupt(&self) -> Outcome<()> {
        kill_process(Pid::from_child(&self.running.0), Signal::INT).tried(&self.command)
    }

    /// Waits for its end and returns its status, the rest of its output, and its errors.
    pub(crate) fn end(mut self) -> Outcome<(ExitStatus, Vec<String>, Vec<String>)> {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.running.0.try_wait()? {
                break status;
            }
            if Instant::now() > deadline {
                return Err(format!("{} has not ended", self.command).into());
            }
            thread::sleep(Duration::from_millis(5));
        };
        Ok((status, self.output.iter().collect(), self.errors.iter().collect()))
    }
}

/// Reads lines on a thread, so that waiting for one can have a timeout.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// A running `chat serve`, on a port that it has chosen.
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server: `command`, followed by `serve 127.0.0.1 0`.
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        Self::start_with(command, &[])
    }

    /// As [`Self::start`], with options.
    pub(crate) fn start_with(command: &mut Command, options: &[&str]) -> Outcome<Self> {
        let program = Program::start(command.args(["serve", "127.0.0.1", "0"]).args(options))?;
        let line = program.line()?;
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
        let port = port.parse().tried(format_args!("the port in {line:?}"))?;
        Ok(Self { program, port })
    }
}
