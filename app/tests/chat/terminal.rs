//! Programs on a pseudo-terminal, and what it shows.

use std::fs;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pty, open};
use regex::Regex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, kill_process};
use rustix::termios::{LocalModes, tcgetattr};

use crate::emulator::Emulator;
use crate::harness::{LIMIT, Server, Signal, executable, wait_until};

// Keys, as terminals send them.
pub(crate) const BACK_TAB: &str = "\x1b[Z";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
pub(crate) const CTRL_Z: &str = "\x1a";

/// The greeting of a room's only member.
pub(crate) const GREETING: &str = "> Connected to the chat server (1 user online)";

/// A terminal, somebody at its keyboard, and the program that has it.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

/// What the program has written.
pub(crate) struct Seen {
    pub(crate) emulator: Emulator,
    pub(crate) bytes: Vec<u8>,
    /// The screen, but for a synchronized frame that is not complete: what a terminal shows.
    pub(crate) rows: Vec<String>,
    /// Bytes that the emulator was fed: whole characters.
    fed: usize,
    /// Whether the terminal answers questions, and how many it has answered.
    answers: bool,
    answered: usize,
    /// Whether a synchronized frame has begun and not ended.
    is_in_frame: bool,
    has_ended: bool,
    /// Whether the terminal is no longer needed.
    is_closed: bool,
}

const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// What is asked of the terminal last, and what one answers that synchronizes its output.
const QUESTION: &[u8] = b"\x1b[c";
const ANSWERS: &str = "\x1bP>|NAME\x1b\\\x1b[?2026;2$y\x1b[?62;22c";

/// So many columns that no line of these tests is wrapped.
pub(crate) const NEVER_WRAPS: usize = 100;

/// What a terminal is.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Whether it rewraps rows when it becomes narrower.
    pub(crate) reflows: bool,
    /// Whether it answers what it is asked, and knows synchronized output.
    pub(crate) answers: bool,
}

impl Kind {
    /// A terminal that wraps no line of these tests.
    pub(crate) const WIDE: Self = Self::cutting(NEVER_WRAPS);

    pub(crate) const fn cutting(columns: usize) -> Self {
        Self { columns, rows: 24, reflows: false, answers: true }
    }

    pub(crate) const fn reflowing(columns: usize) -> Self {
        Self { columns, rows: 24, reflows: true, answers: true }
    }

    /// The same, but it answers nothing.
    pub(crate) const fn mute(self) -> Self {
        Self { answers: false, ..self }
    }

    /// Returns the name of a terminal of its kind.
    fn name(self) -> &'static str {
        if self.reflows { "alacritty" } else { "xterm-256color" }
    }
}

impl Terminal {
    /// `chat join` to a server on this machine.
    pub(crate) fn join(port: u16, kind: Kind, options: &[&str]) -> Self {
        Self::join_with(port, kind, options, &[])
    }

    /// The same with an environment.
    pub(crate) fn join_with(
        port: u16,
        kind: Kind,
        options: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let port = port.to_string();
        // What was said before is the business of the tests that ask for it.
        let asks = options.iter().any(|option| option.starts_with("--history"));
        let history: &[&str] = if asks { &[] } else { &["--history=0"] };
        let args = ["join", "127.0.0.1", &port];
        let args = args.iter().chain(options).chain(history).copied();
        Self::run(Command::new(executable()).args(args), kind, environment)
    }

    /// The only member of a room.
    pub(crate) fn member(server: &Server, options: &[&str]) -> Self {
        let terminal = Self::join(server.port, Kind::WIDE, options);
        terminal.shows(&[GREETING, "[You]"]);
        terminal
    }

    pub(crate) fn run(command: Command, kind: Kind, environment: &[(&str, &str)]) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(size(kind.columns, kind.rows)).unwrap();
        // Without the variables of the terminal that the tests are run from.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let command = command.env_clear().env("PATH", path).env("TERM", kind.name());
        let command = command.envs(environment.iter().copied());
        let child = command.spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let seen = Seen {
            emulator: Emulator::new(kind.columns, kind.rows, kind.reflows),
            bytes: Vec::new(),
            rows: Vec::new(),
            fed: 0,
            answers: kind.answers,
            answered: 0,
            is_in_frame: false,
            has_ended: false,
            is_closed: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let (reader, shared) = (pty.clone(), seen.clone());
        let reader = Some(thread::spawn(move || read(&reader, &shared)));
        Self { pty, child, seen, reader }
    }

    /// A shell on which commands are typed.
    pub(crate) fn shell(kind: Kind) -> Self {
        let shell = Command::new("bash").args(["--norc", "--noprofile", "-i"]);
        let shell = Self::run(shell, kind, &[("PS1", "$ ")]);
        shell.ends_with(&["$"]);
        shell
    }

    /// A shell's command, after which the shell reads a line and shows it.
    pub(crate) fn before_a_read(command: &str) -> Self {
        let script = format!("{command}; echo 끝; read -r line; echo \"<$line>\"");
        Self::run(Command::new("bash").args(["-c", &script]), Kind::WIDE, &[])
    }

    /// Returns the program that the terminal's own one has started and waits for.
    pub(crate) fn child(&self) -> Pid {
        let id = self.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        Pid::from_raw(children.trim().parse().unwrap()).unwrap()
    }

    /// Stops the program, as nobody who waits for it is told.
    pub(crate) fn stop(&self) {
        stop(Pid::from_child(&self.child));
    }

    /// Types something while the program that a shell waits for is stopped: all of it is there when
    /// it reads the first of it.
    pub(crate) fn types_while_stopped(&self, keys: &str) {
        let program = self.child();
        stop(program);
        self.types(keys);
        kill_process(program, Signal::CONT).unwrap();
    }

    pub(crate) fn types(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn pastes(&self, text: &str) {
        // As terminals do.
        self.types(&format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r")));
    }

    pub(crate) fn resize(&self, columns: usize, rows: usize) {
        self.lock().emulator.resize(columns, rows);
        self.pty.resize(size(columns, rows)).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until what is seen satisfies a predicate.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&mut Seen) -> bool) {
        let deadline = Instant::now() + LIMIT;
        let mut seen = self.lock();
        while !is_so(&mut seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let lines = seen.emulator.lines();
                let tail = &lines[lines.len().saturating_sub(30)..];
                let cursor = seen.emulator.cursor();
                drop(seen);
                panic!("waited in vain until {what}; there is {tail:#?}, cursor {cursor:?}");
            }
            // Output wakes this up; the timeout is for conditions that depend on something else.
            seen = self.seen.1.wait_timeout(seen, left.min(Duration::from_millis(50))).unwrap().0;
        }
    }

    /// Waits until the last lines are these. Where one is wrapped is the terminal's business.
    #[track_caller]
    pub(crate) fn ends_with(&self, expected: &[&str]) {
        self.wait(&format!("it ends with {expected:#?}"), |seen| {
            let columns = seen.emulator.columns();
            let shown = joined(seen.emulator.lines().iter().map(String::as_str), columns);
            shown.ends_with(&joined(expected.iter().copied(), columns))
        });
    }

    /// Waits until its last line satisfies a predicate.
    #[track_caller]
    pub(crate) fn ends_with_where(&self, what: &str, is_it: impl Fn(&str) -> bool) {
        self.wait(what, |seen| seen.emulator.lines().last().is_some_and(|last| is_it(last)));
    }

    /// Waits until these are all lines.
    #[track_caller]
    pub(crate) fn shows(&self, expected: &[&str]) {
        self.wait(&format!("it shows {expected:#?}"), |seen| {
            let columns = seen.emulator.columns();
            let shown = joined(seen.emulator.lines().iter().map(String::as_str), columns);
            shown == joined(expected.iter().copied(), columns)
        });
    }

    /// Waits until the screen's last rows are these, row by row.
    #[track_caller]
    pub(crate) fn has_rows(&self, expected: &[&str]) {
        self.wait(&format!("its rows end with {expected:?}"), |seen| {
            seen.rows.ends_with(&expected.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>())
        });
    }

    /// Waits until the cursor is in this column, from 0.
    #[track_caller]
    pub(crate) fn has_cursor_in(&self, column: usize) {
        self.wait(&format!("the cursor is in column {column}"), |seen| {
            seen.emulator.cursor().1 == column
        });
    }

    /// Waits until these are all lines, with what the greeting says of the user.
    #[track_caller]
    pub(crate) fn shows_exactly(&self, expected: &[&str]) {
        self.wait(&format!("it shows exactly {expected:#?}"), |seen| {
            seen.emulator.lines() == expected
        });
    }

    /// Returns all lines that it shows now, without what a greeting says of the user.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().emulator.lines().into_iter().map(anonymous).collect()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Inspects the emulator as it is now.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Emulator) -> T) -> T {
        at(&self.lock().emulator)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Waits for the program's end and for all that it wrote, and returns its exit status. Asserts
    /// that the terminal is as it was.
    #[track_caller]
    pub(crate) fn status(&mut self) -> i32 {
        let status = wait_until("the program ends", || self.child.try_wait().unwrap());
        self.wait("the output ends", |seen| seen.has_ended);
        let modes = tcgetattr(&*self.pty).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
        let bytes = self.bytes();
        let last = |text| String::from_utf8_lossy(&bytes).rfind(text);
        assert!(last("\x1b[?2004h") <= last("\x1b[?2004l"), "pastes stay marked");
        status.code().unwrap_or_else(|| panic!("ended by {status}"))
    }

    /// Closes the terminal as when its window is closed, and waits for the program's end.
    pub(crate) fn hang_up(mut self) {
        self.lock().is_closed = true;
        self.reader.take().unwrap().join().unwrap();
        // The last descriptor that holds it open.
        let (nobodys, _) = open().unwrap();
        self.pty = Arc::new(nobodys);
        let status = wait_until("the program ends", || self.child.try_wait().unwrap());
        // It is chance whether it first learns that it is asked to end, or that it cannot write.
        assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Stops a process, and waits until it is stopped.
fn stop(process: Pid) {
    kill_process(process, Signal::STOP).unwrap();
    wait_until("it is stopped", || {
        let state = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap();
        state.contains(") T ").then_some(())
    });
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what the program writes, until nobody has the terminal open any more.
fn read(pty: &Pty, seen: &(Mutex<Seen>, Condvar)) {
    let mut reader = pty;
    let mut buffer = vec![0; 64 * 1024];
    let a_while = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    loop {
        let is_readable = poll(&mut [PollFd::new(pty, PollFlags::IN)], Some(&a_while)) != Ok(0);
        // The end is an error (EIO).
        let count = if is_readable { reader.read(&mut buffer).unwrap_or(0) } else { 0 };
        let mut seen_now = seen.0.lock().unwrap();
        if is_readable {
            seen_now.take(&buffer[..count]);
            if seen_now.is_asked() {
                // A terminal that is gone needs no answer.
                let rewraps = matches!(seen_now.emulator, Emulator::Reflowing(_));
                let name = if rewraps { "foot(1.16.2)" } else { "XTerm(379)" };
                let _ = reader.write_all(ANSWERS.replace("NAME", name).as_bytes());
            }
            seen.1.notify_all();
        }
        if seen_now.has_ended || seen_now.is_closed {
            return;
        }
    }
}

impl Seen {
    fn take(&mut self, bytes: &[u8]) {
        self.has_ended = bytes.is_empty();
        self.bytes.extend_from_slice(bytes);
        let new = &self.bytes[self.fed..];
        let whole = match str::from_utf8(new) {
            Ok(text) => text.len(),
            Err(error) => {
                assert!(error.error_len().is_none(), "not UTF-8 is written");
                error.valid_up_to()
            }
        };
        // What may be the beginning of a frame, or its end, waits for the rest of it.
        let whole = whole
            - [FRAME_BEGIN, FRAME_END]
                .map(|mark| begun(&new[..whole], mark))
                .into_iter()
                .max()
                .unwrap_or(0);
        let mut rest = &new[..whole];
        while let Some(at) = rest.windows(FRAME_END.len()).position(|bytes| bytes == FRAME_END) {
            let (frame, after) = rest.split_at(at + FRAME_END.len());
            self.emulator.feed(frame);
            self.rows = self.emulator.screen();
            self.is_in_frame = false;
            rest = after;
        }
        self.emulator.feed(rest);
        self.is_in_frame |= rest.windows(FRAME_BEGIN.len()).any(|bytes| bytes == FRAME_BEGIN);
        if !self.is_in_frame {
            self.rows = self.emulator.screen();
        }
        self.fed += whole;
    }

    /// Returns whether the terminal is asked something that it answers.
    fn is_asked(&mut self) -> bool {
        let new = &self.bytes[self.answered..];
        let Some(at) = new.windows(QUESTION.len()).position(|bytes| bytes == QUESTION) else {
            // It may be cut off.
            self.answered = self.bytes.len().saturating_sub(QUESTION.len()).max(self.answered);
            return false;
        };
        self.answered += at + QUESTION.len();
        self.answers
    }
}

/// Joins lines to one text. On a narrow terminal, which wraps some of them, without line ends and
/// without the blanks that it leaves where a wide character does not fit.
fn joined<'a>(lines: impl Iterator<Item = &'a str>, columns: usize) -> String {
    let lines = lines.map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
    anonymous(if columns >= NEVER_WRAPS { lines } else { lines.replace([' ', '\n'], "") })
}

/// Leaves out what a greeting says of the user's own address, which only the tests of that expect.
pub(crate) fn anonymous(text: String) -> String {
    let greetings = Regex::new(r"(users? ?online\)) ?as ?127\.0\.0\.1:[0-9]{1,5}").unwrap();
    greetings.replace_all(&text, "$1").into_owned()
}

/// How many bytes at the end of `bytes` are the beginning of a mark, and not all of it.
fn begun(bytes: &[u8], mark: &[u8]) -> usize {
    (1..mark.len()).rev().find(|&length| bytes.ends_with(&mark[..length])).unwrap_or(0)
}

fn size(columns: usize, rows: usize) -> pty_process::Size {
    pty_process::Size::new(rows.try_into().unwrap(), columns.try_into().unwrap())
}
