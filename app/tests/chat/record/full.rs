//! Files that take no more: for a while, as those on a full disk, or ever.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::lines::{now, seconds};
use super::{Pipe, Recorded, missing, read, said, split};
use crate::harness::{Program, Server, Signal, executable, wait_until};
use crate::stalls::{message, resident_kib};
use crate::surroundings::{leave_out, with_own_mounts};

/// Messages that exceed the backlog of these tests many times.
const FLOOD: usize = 10_000;
const OPTIONS: [&str; 2] = ["--backlog", "64K"];

const IS_OVER: &str = "chat: what is said is recorded again\n";

fn begins(record: &Path, why: &str) -> String {
    format!("chat: cannot record to {} for now: {why}\n", record.display())
}

/// Lets the files of a server grow up to a size, or as they like.
fn limit(server: &Server, size: Option<usize>) {
    let process = Pid::from_raw(server.program.id().try_into().unwrap());
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = size.map(|size| size as u64).or(maximum);
    prlimit(process, Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

/// A line is recorded whole, wherever the disk was full.
#[test]
fn a_line_that_is_cut_anywhere_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut recorded = Recorded::start(&record, &[]);
    let mut ann = recorded.server.member();
    let mut expected = recorded.wait_for("(1 user online)");
    let line = format!("2026-11-25T14:02:07+09:00 [{}] 말\n", ann.addr());
    // In a time, in an address, in a character, and between two lines.
    let parts = [0, 1, 30, line.len() - 3, line.len()];
    for (round, part) in (1..).zip(parts) {
        let full = expected.len() + part;
        limit(&recorded.server, Some(full));
        ann.send("말\n말\n");
        recorded.complains(&begins(&record, "File too large"), round);
        assert!(expected.as_bytes() == &fs::read(&record).unwrap()[..expected.len()]);
        limit(&recorded.server, None);
        recorded.complains(IS_OVER, round);
        let text = wait_until("both are recorded", || {
            let text = recorded.text();
            (said(&text).len() == said(&expected).len() + 2).then_some(text)
        });
        let own = format!("[{}] 말", ann.addr());
        assert_eq!(said(text.strip_prefix(&expected).unwrap()), [&own, &own], "{part}");
        expected = text;
    }
    let (status, complaints) = recorded.end();
    assert_eq!((status, complaints.lines().count()), (0, 2 * parts.len()), "{complaints}");
    assert_eq!(said(recorded.text().strip_prefix(&expected).unwrap()), ["exit"]);
}

/// What is done to a file of which the last line is torn: what others have made of it is theirs.
#[test]
fn a_torn_line_that_somebody_else_has_touched() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let old = folder.path().join("record.1");
    let torn = |recorded: &Recorded, text: &str, round| {
        let mut ann = recorded.server.member();
        recorded.wait_for(&format!("> New user {} entered (1 user online)", ann.addr()));
        limit(&recorded.server, Some(recorded.text().len() + 30));
        ann.send(format!("{text}\n"));
        recorded.complains(&begins(&record, "File too large"), round);
        ann
    };
    let mut recorded = Recorded::start(&record, &[]);
    // Cut to nothing, as by logrotate's copytruncate.
    let ann = torn(&recorded, "하나", 1);
    File::options().write(true).truncate(true).open(&record).unwrap();
    recorded.complains(IS_OVER, 1);
    limit(&recorded.server, None);
    assert_eq!(said(&recorded.text())[0], format!("[{}] 하나", ann.addr()));
    drop(ann);
    recorded.wait_for("left (0 user online)");
    // Renamed, as by its create: the line is whole in one of the two.
    let ann = torn(&recorded, "둘", 2);
    fs::rename(&record, &old).unwrap();
    recorded.server.program.signal(Signal::HUP);
    limit(&recorded.server, None);
    recorded.complains(IS_OVER, 2);
    drop(ann);
    recorded.wait_for("left (0 user online)");
    assert_eq!(recorded.end().0, 0);
    let (old, new) = (read(&old), recorded.text());
    let lines = [said(&old), said(&new)].concat();
    let messages: Vec<&&str> = lines.iter().filter(|line| line.starts_with('[')).collect();
    assert_eq!(messages.len(), 2, "{old}{new}");
    assert!(messages[1].ends_with("] 둘"));
}

/// Files for which the room, or its end, waits a second; all at once, as the tests wait too.
#[test]
fn files_that_take_nothing_for_long() {
    thread::scope(|scope| {
        scope.spawn(a_full_disk);
        scope.spawn(a_pipe_whose_reader_sleeps);
        scope.spawn(a_pipe_that_nobody_reads);
    });
}

/// A full disk costs what the backlog goes over meanwhile. The record says how much that is, and has
/// all the rest.
fn a_full_disk() {
    let mounting = "mount -t tmpfs -o size=256k tmpfs /mnt";
    let serve = format!("{} serve 127.0.0.1 0 --backlog 64K --log /mnt/record", executable());
    let Some(mut command) = with_own_mounts(mounting, &serve) else {
        return leave_out("mounts are not allowed");
    };
    let server = Server::from(Program::run(&mut command));
    let record = PathBuf::from(format!("/proc/{}/root/mnt/record", server.program.id()));
    let mut recorded = Recorded { server, record };
    let filler = recorded.record.with_file_name("filler");
    flood(&recorded, || {
        recorded.wait_for("(2 users online)");
        let full = File::create(&filler).unwrap().write_all(&vec![0; 1024 * 1024]).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    });
    let begins = begins(Path::new("/mnt/record"), "No space left on device");
    recorded.complains(&begins, 1);
    fs::remove_file(&filler).unwrap();
    recorded.complains(IS_OVER, 1);
    let text = recorded.wait_for("left (0 user online)");
    let (messages, gaps) = flooded(&text);
    assert!(gaps == 1 && messages < FLOOD, "{messages} messages, {gaps} gaps");
    assert_eq!(recorded.end(), (0, begins + IS_OVER));
}

/// Has one member flood another, which hears everything; `before`, both have entered. Returns the second in which the first of it
/// had been heard.
fn flood(recorded: &Recorded, before: impl FnOnce()) -> u64 {
    let mut healthy = recorded.server.member();
    let mut sender = recorded.server.member();
    healthy.line_where(|line| line.contains("(2 users online)"));
    before();
    let label = format!("[{}] ", sender.addr());
    let flooding = thread::spawn(move || {
        (0..FLOOD).for_each(|number| sender.send(message(number) + "\n"));
        sender
    });
    let mut first = 0;
    for number in 0..FLOOD {
        assert_eq!(healthy.line(), format!("{label}{}", message(number)));
        if number == 0 {
            first = now();
        }
    }
    drop(flooding.join().unwrap());
    first
}

/// Returns how many messages of a flood are recorded, and in how many gaps others are counted. Each is
/// either, once, in order.
fn flooded(record: &str) -> (usize, usize) {
    let (mut next, mut messages, mut gaps) = (0, 0, 0);
    for line in said(record) {
        if line.starts_with('[') {
            assert!(line.ends_with(&message(next)), "{line} instead of {next}");
            (next, messages) = (next + 1, messages + 1);
        } else if missing(line) > 0 {
            (next, gaps) = (next + missing(line), gaps + 1);
        }
    }
    assert_eq!(next, FLOOD, "{messages} messages and {gaps} gaps");
    (messages, gaps)
}

/// A pipe whose reader sleeps costs nobody else more than a second, and no memory; then it gets what is
/// kept, with the times at which it was said.
fn a_pipe_whose_reader_sleeps() {
    let folder = tempfile::tempdir().unwrap();
    let mut pipe = Pipe::new(&folder.path().join("pipe"));
    let recorded = Recorded::start(&pipe.path, &OPTIONS);
    let before = resident_kib(recorded.server.program.id());
    let first = flood(&recorded, || {
        pipe.wait_for("(2 users online)\n");
        pipe.fill();
    });
    let after = resident_kib(recorded.server.program.id());
    assert!(after < before + 4 * 1024, "{before} KiB, {after} KiB");
    let text = pipe.wait_for("left (0 user online)\n");
    let (messages, gaps) = flooded(&text);
    assert!(gaps == 1 && messages < FLOOD, "{messages} messages, {gaps} gaps");
    let (time, _) = text.lines().map(split).find(|(_, said)| said.starts_with('[')).unwrap();
    assert!(seconds(&[time])[0] <= first, "{time} is when it was written");
}

/// Nobody ever reads: the end does not wait for long, and says what is lost.
fn a_pipe_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut pipe = Pipe::new(&folder.path().join("pipe"));
    let mut recorded = Recorded::start(&pipe.path, &OPTIONS);
    pipe.wait_for("Chat Server started");
    pipe.fill();
    let mut ann = recorded.server.member();
    ann.send("하나\n둘\n");
    recorded.server.says("] 둘\n");
    let (status, complaints) = recorded.end();
    assert_eq!(status, 1);
    // Somebody has come, and said two words.
    let lost = format!("chat: 3 lines are not in the record {}: ", pipe.path.display());
    assert!(complaints.starts_with(&lost) && complaints.lines().count() == 1, "{complaints}");
}

/// Room is made only as it is asked to end: the last attempt is made then.
#[test]
fn an_end_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut recorded = Recorded::start(&record, &[]);
    let mut ann = recorded.server.member();
    let before = recorded.wait_for("(1 user online)");
    limit(&recorded.server, Some(before.len() + 5));
    ann.send("말\n");
    let begins = begins(&record, "File too large");
    recorded.complains(&begins, 1);
    limit(&recorded.server, None);
    assert_eq!(recorded.end(), (0, begins + IS_OVER));
    let text = recorded.text();
    assert_eq!(
        said(text.strip_prefix(&before).unwrap()),
        [&format!("[{}] 말", ann.addr()), "exit"]
    );
}

/// No room is ever made: the room is served all the same, and its end says what is missing.
#[test]
fn a_disk_that_stays_full() {
    for options in [&[][..], &["--quiet"]] {
        let mut recorded = Recorded::start(Path::new("/dev/full"), options);
        let mut ann = recorded.server.member();
        let mut ben = recorded.server.member();
        ann.line_where(|line| line.contains("(2 users online)"));
        ann.send("들려요?\n");
        ben.line_where(|line| line.ends_with("] 들려요?"));
        let begins = begins(Path::new("/dev/full"), "No space left on device");
        recorded.complains(&begins, 1);
        let (status, complaints) = recorded.end();
        // Its start, two who came, what was said.
        let end = "chat: 4 lines are not in the record /dev/full: No space left on device\n";
        assert_eq!((status, complaints), (1, begins + end));
    }
}
