//! The pen: what writes to the file of a record, on a thread of its own.

use std::fs::File;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chat_core::Wall;

use super::stamp;
use super::tail::{End, Tail};
use crate::failure::{Failure, complain};
use crate::system::{AppendFile, line_start};

/// Most bytes that are said in one job. So many leave the log before they are written; the longest
/// line is shorter.
pub(super) const CHUNK: usize = 256 * 1024;

/// Bytes that are enough to find what a file ends with, of whatever length its last lines are.
const LEAST_TAIL: u64 = 256 * 1024;

/// A file, and what is done with it.
pub(super) struct Pen {
    path: String,
    file: AppendFile,
    left: Left,
}

/// How many lines the pen has been given and has not written.
pub(super) type Left = Arc<AtomicUsize>;

/// What the pen is given to write, and gives back.
#[derive(Default)]
pub(super) struct Job {
    /// Lines as they were said, each with its newline.
    said: Vec<u8>,
    /// From where on in them which second it was.
    times: Vec<(usize, Wall)>,
    /// The same lines with their times, once that is made.
    lines: Vec<u8>,
    /// How many bytes of those are written.
    count: usize,
    /// Whether the file is to be opened anew before that.
    pub(super) reopens: bool,
    /// Whether it is to be on its disk after that.
    pub(super) syncs: bool,
    /// The file that was written to.
    pub(super) file: Option<Arc<File>>,
}

impl Job {
    /// An empty job, with this one's memory.
    pub(super) fn emptied(mut self) -> Self {
        self.said.clear();
        self.times.clear();
        self.lines.clear();
        Self { said: self.said, times: self.times, lines: self.lines, ..Self::default() }
    }

    /// How many bytes are said.
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// Adds whole lines of what is said at one time, as many as there is space for. Returns how many
    /// bytes that are.
    pub(super) fn add(&mut self, wall: Wall, slices: &[&[u8]]) -> usize {
        let before = self.said.len();
        for slice in slices {
            let length = slice.len().min(CHUNK - self.said.len());
            self.said.extend_from_slice(&slice[..length]);
        }
        let end = self.said.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        // A line that does not end yet is taken only if nothing is before it.
        if end > 0 {
            self.said.truncate(end.max(before));
        }
        if self.times.last().is_none_or(|&(_, last)| last != wall) {
            self.times.push((before, wall));
        }
        self.said.len() - before
    }

    /// How many lines are to be written.
    pub(super) fn count_lines(&self) -> usize {
        newlines(&self.said)
    }

    /// Puts the time before each line, unless that is done.
    fn stamp(&mut self) {
        if !self.lines.is_empty() {
            return;
        }
        let mut ends = self.times.iter().skip(1).map(|&(start, _)| start);
        for &(start, wall) in &self.times {
            let end = ends.next().unwrap_or(self.said.len());
            let mut before = Vec::with_capacity(stamp::LENGTH);
            stamp::push(wall, &mut before);
            for line in self.said[start..end].split_inclusive(|&byte| byte == b'\n') {
                self.lines.extend_from_slice(&before);
                self.lines.extend_from_slice(line);
            }
        }
    }
}

/// A record that was opened, and what was said in it last.
pub(crate) struct Opened {
    pen: Pen,
    tail: Vec<u8>,
    is_all: bool,
}

impl Opened {
    /// The last lines, with their times: as many as have no more than `most` bytes.
    pub(super) fn last_said(&self, most: usize) -> Vec<(Wall, &[u8])> {
        Tail::of(&self.tail, self.is_all).map(|tail| tail.last_said(most)).unwrap_or_default()
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
    let (tail, is_all) = file.tail(most.max(LEAST_TAIL))?;
    let end = Tail::of(&tail, is_all).map(|tail| tail.end);
    let end = end.ok_or_else(|| io::Error::other("it is not a record of a room"))?;
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

pub(super) fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}
