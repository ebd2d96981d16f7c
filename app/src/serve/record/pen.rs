//! The pen: what writes to the file of a record, on a thread of its own.

use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::job::{Job, newlines};
use super::tail::{End, Said, Tail};
use crate::failure::{Failure, complain};
use crate::system::{AppendFile, line_start};

/// Bytes that are enough to find what a file ends with, of whatever length its last lines are.
const LEAST_TAIL: u64 = 256 * 1024;

/// Bytes among which there must be a line of a record, whatever a power failure has made of those
/// after it: more than a file is written to in the second between two synchronizations.
const MOST_TAIL: u64 = 64 * 1024 * 1024;

/// A file, and what is done with it.
pub(super) struct Pen {
    path: String,
    file: AppendFile,
    left: Left,
}

/// How many lines the pen has been given and has not written.
pub(super) type Left = Arc<AtomicUsize>;

/// A record that was opened, and what was said in it last.
pub(crate) struct Opened {
    pen: Pen,
    tail: Vec<u8>,
    is_all: bool,
}

impl Opened {
    /// The last lines, with their times: as many as have no more than `most` bytes.
    pub(super) fn last_said(&self, most: usize) -> Vec<Said<'_>> {
        Tail::of(&self.tail, self.is_all).map(|tail| tail.last_said(most)).unwrap_or_default()
    }

    /// Whether nothing was ever recorded in it.
    pub(super) fn is_new(&self) -> bool {
        self.is_all && self.tail.is_empty()
    }

    pub(super) fn into_pen(self) -> Pen {
        self.pen
    }
}

impl Pen {
    /// Opens the record at `path`, and reads so many of its last bytes at the least.
    ///
    /// # Errors
    ///
    /// It cannot be opened, another process records to it, or it is something else.
    pub(super) fn open(path: String, most: u64) -> Result<Opened, Failure> {
        match open(&path, most) {
            Ok((file, tail, is_all)) => {
                Ok(Opened { pen: Self { path, file, left: Left::default() }, tail, is_all })
            }
            Err(error) => Err(cannot_record_to(&path, &error)),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// How many lines it has been given and has not written. Whoever gives it a job sets that.
    pub(super) fn left(&self) -> Left {
        self.left.clone()
    }

    /// Does a job, or what is left of one that has failed.
    pub(super) fn run(&mut self, job: &mut Job) -> io::Result<()> {
        if mem::take(&mut job.reopens) && !self.file.is_in_place() {
            match self.replace(job) {
                Ok(()) => {}
                // What is renamed is better than nothing.
                Err(error) => complain([cannot_record_to(&self.path, &error)]),
            }
        }
        if self.file.is_gone() {
            self.replace(job)?;
            complain([Failure::over(format_args!("{} is gone; it is made anew", self.path))]);
        }
        job.stamp();
        let before = job.count;
        while job.count < job.lines.len() {
            let from = job.count;
            let appended = self.file.append(&job.lines, &mut job.count);
            let written = newlines(job.lines.get(from..job.count).unwrap_or_default());
            self.left.fetch_sub(written, Ordering::Relaxed);
            job.file = Some(self.file.handle());
            appended?;
        }
        if job.syncs { self.sync(job, before) } else { Ok(()) }
    }

    /// Waits until a job's lines, which are written from `before` on, are on their disk.
    ///
    /// A system that could not write them may think that it has nothing more to write, and say so
    /// the next time. So they are taken out again, to be written anew.
    fn sync(&self, job: &mut Job, before: usize) -> io::Result<()> {
        let synced = self.file.sync();
        if synced.is_err() && matches!(self.file.cut(&job.lines[before..job.count]), Ok(true)) {
            self.left.fetch_add(newlines(&job.lines[before..job.count]), Ordering::Relaxed);
            job.count = before;
        }
        synced
    }

    /// Goes on in the file that is at the path now, with a whole line.
    fn replace(&mut self, job: &mut Job) -> io::Result<()> {
        let (file, ..) = open(&self.path, LEAST_TAIL)?;
        if let Err(error) = self.file.sync() {
            complain([cannot_record_to(&self.path, &error)]);
        }
        self.file = file;
        job.count = line_start(&job.lines, job.count);
        Ok(())
    }
}

fn cannot_record_to(path: &str, error: &io::Error) -> Failure {
    Failure::new(format_args!("cannot record to {path}"), error)
}

/// Opens a record, so that a line can be written to it next. Returns its last bytes too, and whether
/// they are all.
fn open(path: &str, most: u64) -> io::Result<(AppendFile, Vec<u8>, bool)> {
    let mut file = AppendFile::open(Path::new(path))?;
    let mut most = most.max(LEAST_TAIL);
    let (tail, is_all, end) = loop {
        let (tail, is_all) = file.tail(most)?;
        match Tail::of(&tail, is_all).map(|found| found.end) {
            Some(end) => break (tail, is_all, end),
            None if !is_all && tail.ends_with(b"\0") && most < MOST_TAIL => most *= 4,
            None => return Err(io::Error::other("it is not a record of a room")),
        }
    };
    if let Some(error) = file.lock_error.take() {
        let failure = Failure::new(format_args!("cannot lock {path}"), &error);
        complain([failure.with("another program may write to it too")]);
    }
    match end {
        End::Whole => {}
        End::Foreign => file.owe_newline(),
        End::Torn(length) => match file.cut(&tail[tail.len() - length..]) {
            Ok(true) => complain([cut_off(path, length)]),
            // Somebody else has, or the file may only grow.
            Ok(false) | Err(_) => file.owe_newline(),
        },
    }
    Ok((file, tail, is_all))
}

fn cut_off(path: &str, length: usize) -> Failure {
    let bytes = match length {
        1 => "byte is".to_owned(),
        _ => format!("{length} bytes are"),
    };
    Failure::over(format_args!("{path} ended in the middle of a line: its last {bytes} cut off"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use chat_core::Wall;
    use tempfile::TempDir;

    use super::*;

    const NOON: Wall = Wall { unix_seconds: 1_795_582_927, offset_seconds: 9 * 60 * 60 };

    /// A folder for records.
    struct Folder(TempDir);

    impl Folder {
        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            assert!(fs::write(self.path(name), text).is_ok());
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).unwrap_or_default()
        }

        fn open(&self, name: &str) -> Result<Opened, Failure> {
            Pen::open(self.path(name).display().to_string(), 0)
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}")))
    }

    fn job(said: &str) -> Job {
        let mut job = Job::default();
        assert_eq!(job.add(NOON, &[said.as_bytes()]), said.len());
        job
    }

    /// A file that was named by mistake stays as it is.
    #[test]
    fn what_is_no_record_is_left_alone() {
        let folder = folder();
        for text in ["\u{89}PNG\r\n", "dear diary", "2026-11-25 [a] b\n2026-11"] {
            folder.write("f", text);
            let refused = folder.open("f").err().unwrap().to_string();
            assert!(refused.ends_with("f: it is not a record of a room"), "{refused}");
            assert_eq!(folder.read("f"), text);
        }
    }

    #[test]
    fn a_record_is_gone_on_with() {
        let folder = folder();
        let before = "2026-11-25T14:02:06+09:00 [a] a\n";
        let after = "2026-11-25T14:02:07+09:00 [a] b\n";
        for (end, stays) in [("", ""), ("2026-11-25T14:02:0", ""), ("# a note", "# a note\n")] {
            folder.write("f", &format!("{before}{end}"));
            let opened = folder.open("f").unwrap();
            let said = opened.last_said(usize::MAX);
            let second_before = Wall { unix_seconds: NOON.unix_seconds - 1, ..NOON };
            assert_eq!(said, [(second_before, b"[a] a".as_slice())]);
            let mut pen = opened.into_pen();
            pen.left().store(1, Ordering::Relaxed);
            let mut job = job("[a] b\n");
            job.syncs = true;
            pen.run(&mut job).unwrap();
            assert_eq!(folder.read("f"), format!("{before}{stays}{after}"));
            assert_eq!(pen.left().load(Ordering::Relaxed), 0);
        }
    }

    /// A file system may have known how long the file is to be, and not what it says.
    #[test]
    fn many_nuls_after_a_record() {
        let folder = folder();
        let record = "2026-11-25T14:02:06+09:00 [a] a\n";
        for nuls in [1, 256 * 1024 - 40, 256 * 1024 - 1, 3 * 1024 * 1024] {
            folder.write("f", &format!("{record}{}", "\0".repeat(nuls)));
            folder.open("f").unwrap();
            assert_eq!(folder.read("f"), record);
        }
        // An empty disk image is none.
        let blank = "\0".repeat(1024 * 1024);
        folder.write("f", &blank);
        assert!(folder.open("f").is_err());
        assert!(folder.read("f") == blank);
    }

    #[cfg(unix)]
    #[test]
    fn a_renamed_file_is_written_on_until_it_is_to_be_opened_anew() {
        let folder = folder();
        let mut pen = folder.open("f").unwrap().into_pen();
        let mut say = |said: &str, reopens| {
            let mut job = job(said);
            job.reopens = reopens;
            pen.run(&mut job).unwrap();
        };
        say("[a] 1\n", false);
        say("[a] 2\n", true);
        fs::rename(folder.path("f"), folder.path("old")).unwrap();
        say("[a] 3\n", false);
        assert!(!folder.path("f").exists());
        say("[a] 4\n", true);
        assert_eq!(newlines(folder.read("old").as_bytes()), 3);
        assert!(folder.read("f").ends_with(" [a] 4\n"));
        // What is no record is left alone here too.
        fs::rename(folder.path("f"), folder.path("newer")).unwrap();
        folder.write("f", "\u{89}PNG");
        say("[a] 5\n", true);
        assert!(folder.read("newer").ends_with(" [a] 5\n"));
        assert_eq!(folder.read("f"), "\u{89}PNG");
    }

    #[cfg(unix)]
    #[test]
    fn a_removed_file_is_made_anew() {
        let folder = folder();
        let mut pen = folder.open("f").unwrap().into_pen();
        pen.run(&mut job("[a] 1\n")).unwrap();
        fs::remove_file(folder.path("f")).unwrap();
        pen.run(&mut job("[a] 2\n")).unwrap();
        assert!(folder.read("f").ends_with(" [a] 2\n"));
        assert_eq!(newlines(folder.read("f").as_bytes()), 1);
    }

    /// Nothing is written that was not, and what was not is counted.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_disk_does_not_take() {
        let opened = Pen::open("/dev/full".to_owned(), 0).unwrap();
        let mut pen = opened.into_pen();
        let mut job = job("[a] 1\n[a] 2\n");
        pen.left().store(job.count_lines(), Ordering::Relaxed);
        for _ in 0..2 {
            let error = pen.run(&mut job).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(pen.left().load(Ordering::Relaxed), 2);
        }
    }
}
