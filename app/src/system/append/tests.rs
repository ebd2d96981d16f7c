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
