//! Debian's logrotate, with the example that is packaged, while all talk.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::crashes::Talk;
use super::{Recorded, read, said};
use crate::harness::wait_until;
use crate::surroundings::leave_out;

/// Every line is in one of the files, in order.
#[test]
fn files_that_are_renamed() {
    let Some(mut rotated) = Rotated::start() else { return };
    let talk = Talk::start(rotated.port(), 4);
    rotated.rotate_beside(&talk);
    let files = rotated.end(talk);
    let files: Vec<String> = files.iter().map(|file| read(file)).collect();
    let lines: Vec<&str> = files.iter().flat_map(|file| said(file)).collect();
    assert_eq!(files.len(), 6);
    assert!(lines == rotated.console(), "lines are lost, or are not in order");
}

/// `copytruncate` loses by its nature what is said between the two: nothing else is lost, and no line is
/// torn where it cuts.
#[test]
fn files_that_are_copied_and_cut() {
    let Some(mut rotated) = Rotated::start() else { return };
    rotated.edit(|config| config.replace("create", "copytruncate"));
    let talk = Talk::start(rotated.port(), 4);
    rotated.rotate_beside(&talk);
    let files = rotated.end(talk);
    assert_eq!(files.len(), 6);
    let console = rotated.console();
    let mut rest = console.iter();
    for file in &files {
        let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        // What is copied while it is written may end within a line.
        let whole = if *file == rotated.recorded.record {
            text.len()
        } else {
            text.rfind('\n').map_or(0, |at| at + 1)
        };
        for line in said(&text[..whole]) {
            assert!(rest.any(|shown| *shown == line), "{line} in {}", file.display());
        }
    }
    assert_eq!(rest.next(), None, "what is said last is there");
}

/// A server whose record logrotate rotates, by the example that is packaged.
struct Rotated {
    program: &'static str,
    recorded: Recorded,
    console: String,
    folder: TempDir,
}

/// Where the example has the record.
const PLACE: &str = "/var/lib/private/chat/record";

impl Rotated {
    fn start() -> Option<Self> {
        // Where Debian puts it, which is not on every user's path.
        let places = ["logrotate", "/usr/sbin/logrotate"];
        let is_there = |place: &&str| Command::new(place).arg("--version").output().is_ok();
        let Some(program) = places.into_iter().find(is_there) else {
            leave_out("logrotate is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let recorded = Recorded::start(&record, &["--backlog", "16M"]);
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/chat.logrotate");
        let example = fs::read_to_string(example).unwrap();
        let reload = "systemctl reload chat";
        assert!(example.contains(PLACE) && example.contains(reload));
        let id = recorded.server.program.id();
        let example = example.replace(PLACE, record.to_str().unwrap());
        let example = example.replace(reload, &format!("kill -HUP {id}"));
        // To be read by the test.
        let example = example.replace("    compress\n", "").replace("    delaycompress\n", "");
        let rotated = Self { program, recorded, console: String::new(), folder };
        rotated.edit(|_| example);
        Some(rotated)
    }

    fn port(&self) -> u16 {
        self.recorded.server.port
    }

    fn edit(&self, change: impl FnOnce(String) -> String) {
        let path = self.folder.path().join("config");
        let config = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, change(config)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// Has it rotated five times while all talk.
    fn rotate_beside(&self, talk: &Talk) {
        for _ in 0..5 {
            let heard = talk.heard();
            self.rotate();
            talk.wait_for(heard + 500);
        }
    }

    /// Rotates now, whatever the time, once there is something to rotate.
    fn rotate(&self) {
        wait_until("the file has lines", || {
            (fs::metadata(&self.recorded.record).unwrap().len() > 0).then_some(())
        });
        let mut logrotate = Command::new(self.program);
        logrotate.args(["--force", "--state", "state", "config"]).current_dir(&self.folder);
        let output = logrotate.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }

    /// Returns the files, the oldest first.
    fn end(&mut self, talk: Talk) -> Vec<PathBuf> {
        talk.end();
        // What the disk has not taken a second after it is asked to end would be missing.
        self.recorded.wait_for_end(" left (0 user online)\n");
        self.recorded.end_well();
        self.console = self.recorded.server.program.out.all();
        let old = (1..100).map(|number| self.folder.path().join(format!("record.{number}")));
        let old: Vec<PathBuf> = old.take_while(|path| path.exists()).collect();
        old.into_iter().rev().chain([self.recorded.record.clone()]).collect()
    }

    fn console(&self) -> Vec<&str> {
        self.console.lines().filter(|line| !line.is_empty()).collect()
    }
}
