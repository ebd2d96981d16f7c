//! `chat serve --log`: the record of a room, as whoever reads the file finds it.
//!
//! | module | what it shows |
//! |---|---|
//! | `lines` | what is recorded, and when it was said |
//! | `starts` | what a server makes of the file that is there |
//! | `rotation` | files that are renamed, cut, removed, and the signal that says so |
//! | `logrotate` | the program that does it |
//! | `full` | files that take no more for a while, or ever |
//! | `gate` | `--log-sync always`: nobody hears what is not recorded |
//! | `crashes` | servers that are killed while all talk |

mod crashes;
mod full;
mod gate;
mod lines;
mod logrotate;
mod rotation;
mod starts;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use regex::Regex;
use rustix::io::ioctl_fionbio;

use crate::harness::{Program, Server, Signal, executable, wait_until};

/// What newcomers are told.
const TOLD: &str = "> What is said here is recorded";

/// A server whose room is recorded.
struct Recorded {
    server: Server,
    record: PathBuf,
}

impl Recorded {
    fn start(record: &Path, options: &[&str]) -> Self {
        Self::run(&mut serve(record, options), record)
    }

    fn run(command: &mut Command, record: &Path) -> Self {
        Self { server: Server::from(Program::run(command)), record: record.into() }
    }

    fn text(&self) -> String {
        read(&self.record)
    }

    /// Waits until a line is recorded that ends so, and returns all of the record.
    fn wait_for(&self, end: &str) -> String {
        wait_until(&format!("{end:?} is recorded"), || {
            let text = fs::read(&self.record).ok()?;
            let text = String::from_utf8_lossy(&text).into_owned();
            text.contains(&format!("{end}\n")).then_some(text)
        })
    }

    /// Waits until the record ends so, however long it is.
    fn wait_for_end(&self, end: &str) {
        wait_until(&format!("{end:?} is recorded"), || {
            let file = File::open(&self.record).ok()?;
            let from = file.metadata().ok()?.len().checked_sub(end.len() as u64)?;
            let mut last = vec![0; end.len()];
            file.read_exact_at(&mut last, from).ok()?;
            (last == end.as_bytes()).then_some(())
        });
    }

    /// Waits until it has said something on stderr, so often in all.
    fn complains(&self, what: &str, times: usize) {
        wait_until(&format!("it says {what:?}"), || {
            (self.server.program.err.so_far().matches(what).count() == times).then_some(())
        });
    }

    /// Asks it to end; returns its status and all that it has said on stderr.
    fn end(&mut self) -> (i32, String) {
        self.server.program.signal(Signal::TERM);
        (self.server.program.status(), self.server.program.err.all())
    }

    /// Ends it, and asserts that it did well and complained about nothing.
    fn end_well(&mut self) {
        assert_eq!(self.end(), (0, String::new()));
    }
}

/// `chat serve` on a free port with a record, in a zone of its own.
fn serve(record: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command.args(["serve", "127.0.0.1", "0"]).args(options);
    command.args([OsStr::new("--log"), record.as_os_str()]).env("TZ", "KST-9");
    command
}

fn read(record: &Path) -> String {
    String::from_utf8(fs::read(record).unwrap()).unwrap()
}

/// Returns the lines of a record without their times. Each of them has one, and is whole.
fn said(record: &str) -> Vec<&str> {
    assert!(record.is_empty() || record.ends_with('\n'), "a torn line");
    record.lines().map(|line| split(line).1).collect()
}

/// Splits a recorded line into its time and what was said.
fn split(line: &str) -> (&str, &str) {
    static SHAPE: OnceLock<Regex> = OnceLock::new();
    // RFC 3339, 5.6.
    let shape = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$";
    let shape = SHAPE.get_or_init(|| Regex::new(shape).unwrap());
    let (time, said) = line.split_once(' ').unwrap_or_else(|| panic!("no time: {line:?}"));
    assert!(shape.is_match(time), "no time: {line:?}");
    (time, said)
}

/// Returns how many messages a line says are missing.
fn missing(line: &str) -> usize {
    if line == "> 1 message is missing here: it could not be recorded" {
        return 1;
    }
    line.strip_prefix("> ")
        .and_then(|rest| {
            rest.strip_suffix(" messages are missing here: they could not be recorded")
        })
        .map_or(0, |count| count.parse().unwrap())
}

/// Returns what is said on stderr of a torn line so long.
fn cut_off(record: &Path, bytes: usize) -> String {
    let bytes = if bytes == 1 { "last byte is".into() } else { format!("last {bytes} bytes are") };
    format!("chat: {} ended in the middle of a line: its {bytes} cut off\n", record.display())
}

/// A named pipe in a file's place, and whoever reads it now and then.
struct Pipe {
    path: PathBuf,
    end: File,
}

impl Pipe {
    fn new(path: &Path) -> Self {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        let end = File::options().read(true).write(true).open(path).unwrap();
        // Of this end alone.
        ioctl_fionbio(&end, true).unwrap();
        Self { path: path.into(), end }
    }

    /// Leaves no room for a single byte.
    fn fill(&mut self) {
        for chunk in [&[0; 4096][..], &[0]] {
            let full = loop {
                if let Err(full) = self.end.write_all(chunk) {
                    break full;
                }
            };
            assert_eq!(full.kind(), ErrorKind::WouldBlock);
        }
    }

    /// Reads what there is but what it was filled with.
    fn read(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let full = self.end.read_to_end(&mut bytes).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        bytes.retain(|&byte| byte != 0);
        bytes
    }

    /// Returns what there is of whole lines.
    fn take(&mut self) -> String {
        String::from_utf8(self.read()).unwrap()
    }

    /// Reads until a text has come, and returns all up to there.
    fn wait_for(&mut self, needle: &str) -> String {
        let mut bytes = Vec::new();
        wait_until(&format!("{needle:?} is recorded"), || {
            bytes.extend(self.read());
            let text = String::from_utf8_lossy(&bytes);
            text.contains(needle).then(|| text.into_owned())
        })
    }
}
