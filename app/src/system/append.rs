//! A file that whole lines are appended to, by one program at a time.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{kind, linux};

/// How often a file is opened that somebody else keeps putting another one in the place of.
const MOST_ATTEMPTS: usize = 16;

/// Bytes of a pipe that are taken all at once, or not yet (`pipe(7)`, "PIPE_BUF").
const PIPE_BUF: usize = 4096;

/// A file that whole lines are appended to.
pub(crate) struct AppendFile {
    /// Where it was opened, and is opened again.
    path: PathBuf,
    file: Arc<File>,
    is_regular: bool,
    /// The part of a line that is in the file while the rest is not: it is to be cut off.
    torn: Vec<u8>,
    /// Whether a newline is owed to what stands there.
    owes_newline: bool,
    /// Why it is not locked, if the system cannot lock it.
    pub(crate) lock_error: Option<io::Error>,
}

impl AppendFile {
    /// Opens the file at `path`, to which nobody else who uses this may append meanwhile. If there
    /// is none it is made, for its owner only. Devices and pipes are opened too, without waiting.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or another process has it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        for _ in 0..MOST_ATTEMPTS {
            let file = open_or_make(path)?;
            let metadata = file.metadata()?;
            let lock_error =
                if kind::is_lockable(&metadata) { lock(&file, &metadata)? } else { None };
            // Before it was locked it may have been renamed or removed.
            if is_at(&metadata, path) {
                let (file, is_regular) = (Arc::new(file), metadata.is_file());
                let path = path.to_owned();
                return Ok(Self {
                    path,
                    file,
                    is_regular,
                    torn: Vec::new(),
                    owes_newline: false,
                    lock_error,
                });
            }
        }
        Err(io::Error::other("it is replaced again and again"))
    }

    /// The file, to synchronize it meanwhile.
    pub(crate) fn handle(&self) -> Arc<File> {
        self.file.clone()
    }

    /// Reads its last bytes, `most` at the most. Returns whether they are all. A device or a pipe
    /// has none.
    pub(crate) fn tail(&self, most: u64) -> io::Result<(Vec<u8>, bool)> {
        if !self.is_regular {
            return Ok((Vec::new(), true));
        }
        let length = self.file.metadata()?.len();
        let first = length.saturating_sub(most);
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(first))?;
        let mut bytes = Vec::new();
        file.take(length - first).read_to_end(&mut bytes)?;
        Ok((bytes, first == 0))
    }

    /// What is written next begins a line, although the last one has no end.
    pub(crate) fn owe_newline(&mut self) {
        self.owes_newline = true;
    }

    /// Cuts `end` off, if the file still ends with it; whoever copies a file to truncate it may have
    /// been there. Returns whether it has.
    pub(crate) fn cut(&self, end: &[u8]) -> io::Result<bool> {
        if !self.is_regular {
            return Ok(false);
        }
        let (bytes, _) = self.tail(end.len() as u64)?;
        let length = self.file.metadata()?.len();
        let is_there = bytes == end;
        if is_there {
            self.file.set_len(length.saturating_sub(end.len() as u64))?;
        }
        Ok(is_there)
    }

    /// Appends what is left of `lines`, of which `count` bytes are written: all of it, or what a pipe
    /// takes at once. Counts those that it writes, also if it fails. A file keeps no part of a line
    /// then, unless it cannot be cut.
    pub(crate) fn append(&mut self, lines: &[u8], count: &mut usize) -> io::Result<()> {
        self.mend()?;
        let rest = lines.get(*count..).unwrap_or_default();
        let most = if self.is_regular { rest.len() } else { rest.len().min(PIPE_BUF) };
        let appended = self.write(&lines[..*count + most], count);
        if appended.is_err() && self.is_regular {
            let whole = line_start(lines, *count);
            self.torn = lines[whole..*count].to_vec();
            *count = whole;
            // If it cannot be cut now it is before anything else is written.
            let _ = self.mend();
        }
        appended
    }

    fn write(&self, lines: &[u8], count: &mut usize) -> io::Result<()> {
        while let Some(rest @ [_, ..]) = lines.get(*count..) {
            match (&*self.file).write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => *count += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sees to it that what is written next begins a line.
    fn mend(&mut self) -> io::Result<()> {
        if !self.torn.is_empty() {
            // A file that cannot be cut, as it may only grow, is gone on with.
            self.owes_newline |= self.cut(&self.torn).is_err();
            self.torn.clear();
        }
        if self.owes_newline {
            self.write(b"\n", &mut 0)?;
            self.owes_newline = false;
        }
        Ok(())
    }

    /// Waits until what is written is on its disk. A device or a pipe may have none.
    pub(crate) fn sync(&self) -> io::Result<()> {
        sync(&self.file)
    }

    /// Whether nobody can find it any more, as it is removed.
    pub(crate) fn is_gone(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| kind::is_unlinked(&metadata))
    }

    /// Whether it is what is at its path now. Not if that is not known.
    pub(crate) fn is_in_place(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| is_at(&metadata, &self.path))
    }
}

/// Waits until what is written to `file` is on its disk, if it has one.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    let synced = file.sync_data();
    match synced {
        Err(error) if kind::has_no_disk(&error) && !file.metadata()?.is_file() => Ok(()),
        synced => synced,
    }
}

/// Returns where the line begins that has got `count` bytes of `lines`.
pub(crate) fn line_start(lines: &[u8], count: usize) -> usize {
    let written = lines.get(..count).unwrap_or(lines);
    written.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1)
}

fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = kind::append_options();
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    match options.create_new(true).open(path) {
        Ok(file) => {
            kind::keep_to_owner(&file);
            sync_folder_of(path);
            Ok(file)
        }
        // Somebody else has made it, or it is a link to what is not there yet.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = options.create_new(false).create(true).open(path)?;
            sync_folder_of(path);
            Ok(file)
        }
        Err(error) => Err(error),
    }
}

/// Has the name of a new file survive a power failure. Not every file system can do that.
fn sync_folder_of(path: &Path) {
    let Ok(path) = fs::canonicalize(path) else { return };
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// Locks a file. Returns why not, if the system cannot lock it.
///
/// # Errors
///
/// Another process has it.
fn lock(file: &File, metadata: &Metadata) -> io::Result<Option<io::Error>> {
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(error)) => Ok(Some(error)),
        Err(TryLockError::WouldBlock) => {
            let holder = linux::lock_holder(metadata);
            let holder =
                holder.map_or("another process".to_owned(), |pid| format!("process {pid}"));
            Err(io::Error::new(io::ErrorKind::ResourceBusy, format!("{holder} records to it")))
        }
    }
}

/// Whether that is what is at `path`. Where files cannot be told apart, it is.
fn is_at(metadata: &Metadata, path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| kind::is_same_file(metadata, &there))
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
