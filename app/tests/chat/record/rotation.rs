//! Files that are renamed, cut and removed while they are written, and the signal that says so.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Recorded, read, said};
use crate::harness::{Peer, Program, Signal, executable, wait_until};
use crate::host::Hosted;
use crate::terminal::{CTRL_C, Kind};

/// A room with two members that are told all the time what the other says.
struct Room {
    recorded: Recorded,
    ann: Peer,
    ben: Peer,
    folder: TempDir,
}

impl Room {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let recorded = Recorded::start(&record, &[]);
        Self::of(recorded, folder)
    }

    fn of(recorded: Recorded, folder: TempDir) -> Self {
        let (ann, ben) = (recorded.server.member(), recorded.server.member());
        recorded.wait_for("(2 users online)");
        Self { recorded, ann, ben, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ann says something, and Ben hears it.
    fn says(&mut self, text: &str) {
        self.ann.send(format!("{text}\n"));
        self.ben.line_where(|line| line.ends_with(text));
    }

    /// Sends the signal of logrotate, and waits until it has had its effect.
    fn reopens(&self) {
        self.recorded.server.program.signal(Signal::HUP);
        wait_until("the file is opened", || self.is_open(&self.recorded.record).then_some(()));
    }

    /// Whether the server has a file open, by whatever name.
    fn is_open(&self, path: &Path) -> bool {
        let folder = format!("/proc/{}/fd", self.recorded.server.program.id());
        let Ok(wanted) = fs::metadata(path) else { return false };
        let mut open = fs::read_dir(folder).unwrap().flatten();
        open.any(|entry| {
            fs::metadata(entry.path())
                .is_ok_and(|file| (file.dev(), file.ino()) == (wanted.dev(), wanted.ino()))
        })
    }
}

/// A file that is renamed is written on until the signal comes, and then the new one.
#[test]
fn a_file_that_is_renamed() {
    let mut room = Room::open();
    room.says("하나");
    fs::rename(room.path("record"), room.path("record.1")).unwrap();
    room.says("둘");
    wait_until("it is recorded", || read(&room.path("record.1")).contains("] 둘\n").then_some(()));
    assert!(!room.path("record").exists());
    room.reopens();
    room.says("셋");
    room.recorded.wait_for("] 셋");
    room.recorded.end_well();
    let mode = fs::metadata(room.path("record")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let (old, new) = (read(&room.path("record.1")), room.recorded.text());
    assert!(said(&old).last().unwrap().ends_with("] 둘"), "{old}");
    assert!(said(&new)[0].ends_with("] 셋"), "{new}");
    // Together they are what the console says.
    let console = room.recorded.server.program.out.all();
    let expected: Vec<&str> = console.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!([said(&old), said(&new)].concat(), expected);
}

/// The signal changes nothing where the file is still the same.
#[test]
fn a_file_that_is_still_there() {
    let mut room = Room::open();
    for number in 0..10 {
        room.recorded.server.program.signal(Signal::HUP);
        room.says(&number.to_string());
    }
    room.recorded.wait_for("] 9");
    room.recorded.end_well();
    assert_eq!(said(&room.recorded.text()).len(), 14);
}

/// If the new one cannot be had, the old one goes on.
#[test]
fn a_new_file_that_cannot_be_opened() {
    let mut room = Room::open();
    let old = room.path("record.1");
    fs::rename(room.path("record"), &old).unwrap();
    fs::create_dir(room.path("record")).unwrap();
    room.recorded.server.program.signal(Signal::HUP);
    let why = format!("chat: cannot record to {}: Is a directory\n", room.path("record").display());
    room.recorded.complains(&why, 1);
    room.says("하나");
    wait_until("it is recorded", || read(&old).contains("] 하나\n").then_some(()));
    // And a file of somebody else.
    fs::remove_dir(room.path("record")).unwrap();
    fs::write(room.path("record"), "hello\n").unwrap();
    room.recorded.server.program.signal(Signal::HUP);
    let no_record = "it is not a record of a room\n";
    room.recorded.complains(no_record, 1);
    room.says("둘");
    wait_until("it is recorded", || read(&old).contains("] 둘\n").then_some(()));
    assert_eq!(room.recorded.text(), "hello\n");
    // And one to which another server records.
    fs::remove_file(room.path("record")).unwrap();
    let mut other = Recorded::start(&room.path("record"), &[]);
    room.recorded.server.program.signal(Signal::HUP);
    room.recorded.complains(" records to it\n", 1);
    room.says("셋");
    wait_until("it is recorded", || read(&old).contains("] 셋\n").then_some(()));
    other.end_well();
    assert_eq!(said(&room.recorded.text()).len(), 2);
    room.reopens();
    room.says("넷");
    room.recorded.wait_for("] 넷");
    let (status, complaints) = room.recorded.end();
    assert_eq!((status, complaints.lines().count()), (0, 3), "{complaints}");
    let old = read(&old);
    let heard = ["하나", "둘", "셋"].map(|word| format!("[{}] {word}", room.ann.addr()));
    assert_eq!(said(&old)[3..], heard);
}

/// A file that is removed would be lost with the last descriptor: it is made anew.
#[test]
fn a_file_that_is_removed() {
    let mut room = Room::open();
    for round in 1..=2 {
        fs::remove_file(room.path("record")).unwrap();
        room.says("하나");
        room.says("둘");
        let gone = format!("chat: {} is gone; it is made anew\n", room.path("record").display());
        room.recorded.complains(&gone, round);
        room.says("셋");
        room.recorded.wait_for("] 셋");
    }
    room.recorded.end();
    let text = room.recorded.text();
    assert!(said(&text).contains(&format!("[{}] 셋", room.ann.addr()).as_str()), "{text}");
    assert_eq!(said(&text).last(), Some(&"exit"));
}

/// As copytruncate does: it goes on where the file ends then.
#[test]
fn a_file_that_is_cut() {
    let mut room = Room::open();
    room.says("하나");
    room.recorded.wait_for("] 하나");
    fs::OpenOptions::new().write(true).truncate(true).open(room.path("record")).unwrap();
    room.says("둘");
    room.recorded.wait_for("] 둘");
    room.recorded.end_well();
    let text = room.recorded.text();
    assert_eq!(said(&text), [format!("[{}] 둘", room.ann.addr()).as_str(), "exit"]);
}

/// `nohup` keeps it from the terminal's end; logrotate's signal is heeded all the same.
#[test]
fn a_server_without_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let line = format!("exec nohup {} serve 127.0.0.1 0 --log record", executable());
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(&folder);
    let recorded = Recorded::run(&mut command, &record);
    let mut room = Room::of(recorded, folder);
    room.says("하나");
    fs::rename(room.path("record"), room.path("record.1")).unwrap();
    room.reopens();
    room.says("둘");
    room.recorded.wait_for("] 둘");
    room.recorded.server.program.signal(Signal::TERM);
    assert_eq!(room.recorded.server.program.status(), 0);
    assert_eq!(said(&room.recorded.text()).last(), Some(&"exit"));
}

/// Without a record the signal ends it, as ever.
#[test]
fn a_server_without_a_record() {
    let mut server = Program::start(["serve", "127.0.0.1", "0"]);
    server.out.wait_for("\n");
    server.signal(Signal::HUP);
    let status = wait_until("it ends", || server.exit_status());
    assert!(!status.success(), "{status}");
}

/// At a terminal the signal opens the file, and only the terminal's end is the room's.
#[test]
fn a_host_whose_terminal_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let options = ["--log", record.to_str().unwrap()];
    let hosted = Hosted::start_with(Kind::WIDE, "127.0.0.1", &options, &[("NO_COLOR", "")]);
    let mut ann = hosted.member();
    hosted.terminal.types("하나\r");
    ann.line_where(|line| line == "[Host] 하나");
    wait_until("it is recorded", || read(&record).ends_with("[Host] 하나\n").then_some(()));
    fs::rename(&record, folder.path().join("record.1")).unwrap();
    hosted.terminal.signal(Signal::HUP);
    wait_until("the file is opened", || record.exists().then_some(()));
    hosted.terminal.types("둘\r");
    ann.line_where(|line| line == "[Host] 둘");
    hosted.terminal.hang_up();
    assert_eq!(ann.rest(), "");
    let text = read(&record);
    assert_eq!(said(&text), ["[Host] 둘", "exit"]);
    // And the keys end it as ever.
    let mut hosted = Hosted::start_with(Kind::WIDE, "127.0.0.1", &options, &[("NO_COLOR", "")]);
    hosted.terminal.types(CTRL_C);
    assert_eq!(hosted.terminal.status(), 0);
    assert_eq!(said(&read(&record)).last(), Some(&"exit"));
}
