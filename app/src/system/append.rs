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
            kind::keep_to_owner(&file)?;
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
mod tests {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::sync::mpsc;
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    /// A folder, and the path of a file in it that is not there yet.
    fn place() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("대화.log");
        (folder, path)
    }

    fn append(file: &mut AppendFile, lines: &str) -> io::Result<()> {
        let mut count = 0;
        while count < lines.len() {
            file.append(lines.as_bytes(), &mut count)?;
        }
        Ok(())
    }

    #[test]
    fn a_file_is_made_for_its_owner() {
        let (_folder, path) = place();
        let mut file = AppendFile::open(&path).unwrap();
        append(&mut file, "안녕\n").unwrap();
        file.sync().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "안녕\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(file.lock_error.is_none());
    }

    #[test]
    fn a_file_that_is_there_keeps_its_mode_and_its_text() {
        let (_folder, path) = place();
        fs::write(&path, "하나\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        let mut file = AppendFile::open(&path).unwrap();
        append(&mut file, "둘\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "하나\n둘\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
    }

    #[test]
    fn a_link_to_what_is_not_there_is_followed() {
        let (folder, path) = place();
        let target = folder.path().join("target");
        symlink(&target, &path).unwrap();
        append(&mut AppendFile::open(&path).unwrap(), "a\n").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "a\n");
    }

    #[test]
    fn what_cannot_be_opened() {
        let (folder, path) = place();
        let directory = AppendFile::open(folder.path()).err().unwrap();
        assert_eq!(directory.kind(), io::ErrorKind::IsADirectory);
        let missing = AppendFile::open(&path.join("file")).err().unwrap();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn only_one_may_append() {
        let (_folder, path) = place();
        let first = AppendFile::open(&path).unwrap();
        let second = AppendFile::open(&path).err().unwrap();
        assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
        assert!(second.to_string().ends_with(" records to it"), "{second}");
        drop(first);
        assert!(AppendFile::open(&path).is_ok());
    }

    #[test]
    fn a_tail_is_not_longer_than_asked_for() {
        let (_folder, path) = place();
        fs::write(&path, "0123456789").unwrap();
        let file = AppendFile::open(&path).unwrap();
        assert_eq!(file.tail(4).unwrap(), (b"6789".to_vec(), false));
        assert_eq!(file.tail(10).unwrap(), (b"0123456789".to_vec(), true));
        assert_eq!(file.tail(u64::MAX).unwrap(), (b"0123456789".to_vec(), true));
    }

    #[test]
    fn only_what_is_there_is_cut_off() {
        let (_folder, path) = place();
        fs::write(&path, "하나\n2026-").unwrap();
        let file = AppendFile::open(&path).unwrap();
        assert!(!file.cut(b"2025-").unwrap());
        assert!(file.cut(b"2026-").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "하나\n");
        assert!(!file.cut(b"longer than the file").unwrap());
    }

    /// As after a full disk took a part of it; and if a program that rotates files by copying has
    /// truncated it since.
    #[test]
    fn a_torn_line_is_written_again_whole() {
        let (_folder, path) = place();
        for truncated in [false, true] {
            fs::write(&path, "하나\n둘").unwrap();
            let mut file = AppendFile::open(&path).unwrap();
            file.torn = "둘".into();
            if truncated {
                File::create(&path).unwrap();
            }
            append(&mut file, "둘셋\n").unwrap();
            let expected = if truncated { "둘셋\n" } else { "하나\n둘셋\n" };
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        }
    }

    #[test]
    fn an_owed_newline_is_written_once() {
        let (_folder, path) = place();
        fs::write(&path, "a note").unwrap();
        let mut file = AppendFile::open(&path).unwrap();
        file.owe_newline();
        append(&mut file, "하나\n").unwrap();
        append(&mut file, "둘\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a note\n하나\n둘\n");
    }

    #[test]
    fn a_file_is_noticed_to_be_gone_or_replaced() {
        let (folder, path) = place();
        let file = AppendFile::open(&path).unwrap();
        assert!(!file.is_gone() && file.is_in_place());
        let renamed = folder.path().join("대화.log.1");
        fs::rename(&path, &renamed).unwrap();
        assert!(!file.is_gone() && !file.is_in_place());
        fs::write(&path, "").unwrap();
        assert!(!file.is_gone() && !file.is_in_place());
        fs::remove_file(&renamed).unwrap();
        assert!(file.is_gone() && !file.is_in_place());
    }

    #[test]
    fn a_device_takes_what_it_takes() {
        let mut full = AppendFile::open(Path::new("/dev/full")).unwrap();
        let mut count = 0;
        let error = full.append(b"a\nb\n", &mut count).err().unwrap();
        assert_eq!((error.kind(), count), (io::ErrorKind::StorageFull, 0));
        let mut null = AppendFile::open(Path::new("/dev/null")).unwrap();
        append(&mut null, "a\n").unwrap();
        null.sync().unwrap();
        // Devices are not locked.
        assert!(AppendFile::open(Path::new("/dev/null")).is_ok());
    }

    /// Nobody has to read it when it is opened, and what it was given before it was full counts.
    #[test]
    fn a_pipe_does_not_wait_for_its_reader_to_come() {
        let (_folder, path) = place();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
        let mut file = AppendFile::open(&path).unwrap();
        assert!(AppendFile::open(&path).is_err(), "it is locked");
        assert_eq!(file.tail(10).unwrap(), (Vec::new(), true));
        let mut reader = File::open(&path).unwrap();
        let (report, reported) = mpsc::channel();
        let lines = "안녕하세요\n".repeat(10_000);
        let length = lines.len();
        thread::spawn(move || {
            append(&mut file, &lines).unwrap();
            report.send(file.sync()).unwrap();
        });
        let mut read = vec![0; length];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(read, "안녕하세요\n".repeat(10_000).into_bytes());
        reported.recv().unwrap().unwrap();
    }

    #[test]
    fn where_a_line_starts() {
        for (count, expected) in [(0, 0), (1, 0), (2, 2), (3, 2), (4, 4), (9, 4)] {
            assert_eq!(line_start(b"a\nb\n", count), expected);
        }
    }
}
