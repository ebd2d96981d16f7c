//! The console's output when it is a file, and the file takes no more: a full disk, a file that has
//! become as large as it may be.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, kill_process, prlimit};
use tempfile::TempDir;

use crate::harness::{Peer, Program, Signal, executable, port_in, wait_until};
use crate::stalls::{listening_port, message, skipped};
use crate::surroundings::{leave_out, with_own_mounts};

/// Messages that exceed the backlog many times.
const FLOOD: usize = 20_000;

const BEGINS: &str = "chat: cannot print what is said for now: ";
const IS_OVER: &str = "chat: what is said is printed again\n";

/// A server whose console goes to a file.
struct Recording {
    program: Program,
    port: u16,
    record: PathBuf,
    /// Removed at the end.
    _folder: Option<TempDir>,
}

impl Recording {
    /// In a folder on the disk of all tests.
    fn start(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let serve = format!("exec {} serve 127.0.0.1 0 {options}", executable());
        let line = format!("{serve} >>{}", record.display());
        let program = Program::run(Command::new("sh").args(["-c", &line]));
        Self::of(program, record, Some(folder))
    }

    /// On a small disk of its own, at `/mnt`.
    fn start_on_a_small_disk(options: &str) -> Option<Self> {
        let mounting = "mount -t tmpfs -o size=256k tmpfs /mnt";
        let serve = format!("{} serve 127.0.0.1 0 {options} >/mnt/record", executable());
        let program = Program::run(&mut with_own_mounts(mounting, &serve)?);
        let record = format!("/proc/{}/root/mnt/record", program.id());
        Some(Self::of(program, record.into(), None))
    }

    fn of(program: Program, record: PathBuf, folder: Option<TempDir>) -> Self {
        let first = wait_until("the server has started", || {
            fs::read_to_string(&record).ok().filter(|text| text.ends_with('\n'))
        });
        Self { port: port_in(&first), program, record, _folder: folder }
    }

    fn member(&self) -> Peer {
        let mut peer = Peer::connect(("127.0.0.1", self.port));
        assert!(peer.line().starts_with("> Connected"));
        peer
    }

    /// Waits until it has said something on stderr so often.
    fn says(&self, what: &str, times: usize) {
        wait_until(&format!("it says {what:?}"), || {
            (self.program.err.so_far().matches(what).count() == times).then_some(())
        });
    }

    fn wait_for(&self, needle: &str) -> String {
        wait_until(&format!("{needle:?} is recorded"), || {
            let text = String::from_utf8_lossy(&fs::read(&self.record).unwrap()).into_owned();
            text.contains(needle).then_some(text)
        })
    }

    /// Lets the record grow up to a size, or as it likes.
    fn limit(&self, size: Option<u64>) {
        let process = Pid::from_raw(self.program.id().try_into().unwrap());
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = size.or(maximum);
        prlimit(process, Resource::Fsize, Rlimit { current, maximum }).unwrap();
    }

    /// Asks it to end; returns its status and all that it has said on stderr.
    fn end(&mut self) -> (i32, String) {
        self.program.signal(Signal::TERM);
        (self.program.status(), self.program.err.all())
    }
}

/// A record that may not grow is full after each byte of a line.
#[test]
fn a_line_that_is_cut_anywhere_goes_on_there() {
    let mut recording = Recording::start("");
    let mut ann = recording.member();
    let line = format!("[{}] 말\n", ann.addr());
    let mut expected = recording.wait_for("(1 user online)\n");
    for part in 0..=line.len() {
        let full = expected.len() + part;
        recording.limit(Some(full as u64));
        ann.send("말\n말\n");
        expected.push_str(&line.repeat(2));
        recording.says(BEGINS, part + 1);
        assert_eq!(fs::read(&recording.record).unwrap(), &expected.as_bytes()[..full]);
        recording.limit(None);
        recording.says(IS_OVER, part + 1);
        assert_eq!(fs::read_to_string(&recording.record).unwrap(), expected);
    }
    let (status, said) = recording.end();
    assert_eq!(status, 0);
    assert_eq!(fs::read_to_string(&recording.record).unwrap(), expected + "\nexit\n");
    let once = format!("{BEGINS}File too large\n{IS_OVER}");
    assert_eq!(said, once.repeat(line.len() + 1), "once each, and one after the other");
}

/// A full disk costs what the backlog goes over meanwhile. The record says how much that is, and
/// has all the rest.
#[test]
fn a_full_disk_costs_a_gap_that_is_counted() {
    let Some(mut recording) = Recording::start_on_a_small_disk("--backlog 64K") else {
        return leave_out("mounts are not allowed");
    };
    let mut healthy = recording.member();
    let mut sender = recording.member();
    recording.wait_for("(2 users online)\n");
    healthy.line();
    let filler = recording.record.with_file_name("filler");
    let full = File::create(&filler).unwrap().write_all(&vec![0; 1024 * 1024]).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);

    let label = format!("[{}] ", sender.addr());
    let flooding = thread::spawn(move || {
        (0..FLOOD).for_each(|number| sender.send(message(number) + "\n"));
        sender
    });
    for number in 0..FLOOD {
        assert_eq!(healthy.line(), format!("{label}{}", message(number)));
    }
    let mut sender = flooding.join().unwrap();
    recording.says(BEGINS, 1);
    fs::remove_file(&filler).unwrap();
    recording.says(IS_OVER, 1);
    sender.send("이제\n");
    let record = recording.wait_for("] 이제\n");

    let mut lines = record.lines().skip(3);
    let (mut next, mut gaps) = (0, 0);
    while next < FLOOD {
        let line = lines.next().unwrap();
        let missed = skipped(line);
        if missed == 0 {
            assert_eq!(line, format!("{label}{}", message(next)));
            next += 1;
        } else {
            next += missed;
            gaps += 1;
        }
    }
    assert_eq!((next, gaps), (FLOOD, 1));
    assert_eq!(lines.collect::<Vec<_>>(), [format!("{label}이제")]);
    let (status, said) = recording.end();
    assert_eq!((status, said), (0, format!("{BEGINS}No space left on device\n{IS_OVER}")));
}

/// Room is made only as it is asked to end: the last attempt is made then.
#[test]
fn an_end_in_time() {
    let mut recording = Recording::start("");
    let mut ann = recording.member();
    let mut expected = recording.wait_for("(1 user online)\n");
    recording.limit(Some(expected.len() as u64 + 5));
    ann.send("말\n");
    recording.says(BEGINS, 1);
    recording.limit(None);
    let (status, said) = recording.end();
    expected.push_str(&format!("[{}] 말\n\nexit\n", ann.addr()));
    assert_eq!(fs::read_to_string(&recording.record).unwrap(), expected);
    assert_eq!((status, said), (0, format!("{BEGINS}File too large\n{IS_OVER}")));
}

/// No room is ever made: the room is served all the same, and its end says what is missing.
#[test]
fn a_disk_that_stays_full() {
    for options in [&[][..], &["--quiet"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(executable());
        command.args(["serve", "127.0.0.1", "0"]).args(options);
        let mut server = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let port = wait_until("it listens", || listening_port(server.id()));
        let mut ann = Peer::connect(("127.0.0.1", port));
        let mut ben = Peer::connect(("127.0.0.1", port));
        ann.line_where(|line| line.contains("(2 users online)"));
        ben.line();
        ann.send("들려요?\n");
        assert!(ben.line().ends_with("] 들려요?"));
        kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
        let status = wait_until("it ends", || server.try_wait().unwrap());
        assert_eq!(status.code(), Some(1));
        let mut said = String::new();
        server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let reason = "No space left on device\n";
        assert_eq!(said, format!("{BEGINS}{reason}chat: cannot print what is said: {reason}"));
    }
}
