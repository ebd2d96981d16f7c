//! What a server makes of the file that is there when it starts.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::{Recorded, TOLD, cut_off, said, serve};
use crate::harness::{Program, Signal, wait_until};
use crate::terminal::{Kind, Terminal};

/// Lines of a room that was recorded before.
const BEFORE: &str = "\
2026-11-25T14:01:59+09:00 Chat Server started on port 3333.
2026-11-25T14:02:00+09:00 > New user 192.0.2.1:1000 entered (1 user online)
2026-11-25T14:02:00+09:00 > New user 192.0.2.2:2000 entered (2 users online)
2026-11-25T14:02:03+09:00 > The user 192.0.2.1:1000 is now 지민
2026-11-25T14:02:07+09:00 [지민] 안녕하세요?
2026-11-25T14:03:08+09:00 < The user 192.0.2.1:1000 left (1 user online)
2026-11-25T14:05:09+09:00 [192.0.2.2:2000] 네 안녕하세요ㅋㅋ
2026-11-25T14:06:00+09:00 exit
";

/// What `/history` gives of it.
const HISTORY: [&str; 5] = [
    "> 2 earlier messages, 14:02 to 14:05:",
    "[지민] 안녕하세요?",
    "< The user 192.0.2.1:1000 left (1 user online)",
    "[192.0.2.2:2000] 네 안녕하세요ㅋㅋ",
    "> That was earlier",
];

/// A server that is started again knows its history, and goes on in the file.
#[test]
fn a_history() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    fs::write(&record, BEFORE).unwrap();
    // As the user has made it.
    fs::set_permissions(&record, Permissions::from_mode(0o644)).unwrap();
    let mut recorded = Recorded::start(&record, &[]);
    let mut ann = recorded.server.member();
    assert_eq!(ann.line(), TOLD);
    ann.send("/history\n");
    assert_eq!(HISTORY.map(|_| ann.line()), HISTORY);
    // Both are one history.
    let own = format!("[{}] 이제", ann.addr());
    ann.send("이제\n/history 2\n");
    let since = ann.line();
    assert!(since.starts_with("> 2 earlier messages, 14:05 to "), "{since}");
    assert_eq!(ann.line(), "[192.0.2.2:2000] 네 안녕하세요ㅋㅋ");
    ann.line_where(|line| line == own);
    assert_eq!(ann.line(), "> That was earlier");
    // At a terminal it is there at once.
    let options = ["--history", "20", "--color", "never"];
    let terminal = Terminal::join(recorded.server.port, Kind::WIDE, &options);
    terminal.wait("the history is shown", |seen| {
        let lines = seen.emulator.lines();
        let shown = |line: &str| lines.iter().any(|shown| shown == line);
        HISTORY[1..].iter().all(|line| shown(line)) && shown(TOLD)
    });
    drop(terminal);
    recorded.wait_for(" left (1 user online)");
    recorded.end_well();
    let text = recorded.text();
    let now = said(text.strip_prefix(BEFORE).unwrap());
    assert_eq!(now[0], format!("Chat Server started on port {}.", recorded.server.port));
    assert_eq!(now[1], format!("> New user {} entered (1 user online)", ann.addr()));
    assert_eq!(now[2], own);
    assert_eq!(fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o644);
}

/// Whoever wants none gets none, and the file is as good.
#[test]
fn no_history() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    fs::write(&record, BEFORE).unwrap();
    let mut recorded = Recorded::start(&record, &["--history", "0"]);
    let mut ann = recorded.server.member();
    ann.send("/history\n");
    ann.line();
    assert!(!ann.line().contains("earlier message"));
    recorded.end_well();
    assert!(recorded.text().starts_with(BEFORE));
}

/// A file is not trusted: what would command a terminal is shown instead, what is no line of a room
/// is left out, and what is too long is bounded.
#[test]
fn a_history_that_somebody_has_edited() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let time = "2026-11-25T14:02:07+09:00";
    let mut text = format!("{time} Chat Server started on port 1.\n").into_bytes();
    for line in [
        &b"[a] \x1b[2J\x07\x9b"[..],
        b"no line of a room",
        b"",
        b"[a] \xff\xfe\xed\xa0\x80",
        b"[a] \xe2\x80\xae\r",
    ] {
        text.extend_from_slice(time.as_bytes());
        text.push(b' ');
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(b"no time at all\n\n\0\0\0\n[a] no time\n");
    text.extend_from_slice(format!("{time} [a] {}\n", "가".repeat(100_000)).as_bytes());
    text.extend_from_slice(format!("{time} [a] 끝\n").as_bytes());
    fs::write(&record, &text).unwrap();
    let recorded = Recorded::start(&record, &[]);
    let mut ann = recorded.server.member();
    assert_eq!(ann.line(), TOLD);
    ann.send("/history 100\n");
    let told = ann.line();
    assert!(told.ends_with(" earlier messages, 14:02:"), "{told}");
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line| line != "> That was earlier") {
        let line = ann.line();
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
        assert!(line.len() < 10_000, "{} bytes", line.len());
        assert!(!line.contains("no "), "{line}");
        lines.push(line);
    }
    assert_eq!(lines[0], "[a] ␛[2J␇�");
    assert_eq!(lines[lines.len() - 2], "[a] 끝");
    assert!(fs::read(&record).unwrap().starts_with(&text));
}

/// What a crash can leave of a line is cut off, and said; all before it stays.
#[test]
fn a_torn_line() {
    let line = "2026-11-25T14:02:07+09:00 [지민] 안녕하세요?".as_bytes();
    // Also inside a character.
    let mut torn: Vec<Vec<u8>> =
        [1, 4, 5, 19, 24, 25, 26, 28, 36, 37].map(|cut| line[..cut].to_vec()).into();
    // A file system that knew only the length before the power failed.
    torn.extend([[line, &[0; 100]].concat(), vec![0], vec![0; 4096], vec![0; 2 * 1024 * 1024]]);
    for torn in &torn {
        starts_behind(BEFORE, torn);
    }
    // A file that was made just before.
    for torn in [line, &[0; 4096]] {
        starts_behind("", torn);
    }
}

/// Asserts that a server cuts off what is torn, and nothing else.
fn starts_behind(before: &str, torn: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    fs::write(&record, [before.as_bytes(), torn].concat()).unwrap();
    let mut recorded = Recorded::start(&record, &[]);
    assert_eq!(recorded.end(), (0, cut_off(&record, torn.len())));
    let text = recorded.text();
    let now = said(text.strip_prefix(before).unwrap());
    let started = format!("Chat Server started on port {}.", recorded.server.port);
    assert_eq!(now, [&started, "exit"]);
}

/// What somebody else has begun to write behind the last line stays, as a line of its own.
#[test]
fn a_note_without_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let before = format!("{BEFORE}숙제: 3쪽");
    fs::write(&record, &before).unwrap();
    let mut recorded = Recorded::start(&record, &[]);
    recorded.end_well();
    let text = recorded.text();
    let now = said(text.strip_prefix(&format!("{before}\n")).unwrap());
    assert_eq!(now.last(), Some(&"exit"));
}

/// A file that is no record is the user's: nothing of it is touched.
#[test]
fn a_file_that_is_no_record() {
    let photo = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0".as_slice();
    let notes = [BEFORE.as_bytes(), b"what is to be done\n"].concat();
    for content in [
        photo,
        b"\x89PNG",
        b"\n",
        b"hello\n",
        b"hello",
        b"20 eggs, 26 apples",
        b"2026-11-25 14:02:07 a line of another program\n",
        b"[Wed] 2026-11-25T14:02:07+09:00 another one\n",
        &notes,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        fs::write(&record, content).unwrap();
        let before = fs::metadata(&record).unwrap();
        assert_refused(&record, "it is not a record of a room");
        assert_eq!(fs::read(&record).unwrap(), content);
        let after = fs::metadata(&record).unwrap();
        let traces =
            |file: &fs::Metadata| (file.ino(), file.mtime(), file.mtime_nsec(), file.mode());
        assert_eq!(traces(&before), traces(&after));
    }
}

/// Asserts that no server starts with such a record, and that it says why.
fn assert_refused(record: &Path, why: &str) {
    let mut server = Program::run(&mut serve(record, &[]));
    assert_eq!(server.status(), 1, "{}", record.display());
    let expected = format!("chat: cannot record to {}: {why}\n", record.display());
    assert_eq!((server.err.all(), server.out.all()), (expected, String::new()));
}

/// The reasons are those that the system gives anybody.
#[test]
fn a_file_that_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let _socket = UnixListener::bind(path("socket")).unwrap();
    symlink(path("loop"), path("loop")).unwrap();
    let paths = [
        folder.path().to_owned(),
        path("socket"),
        path("loop"),
        path("missing/record"),
        path("socket/record"),
        path(&"long".repeat(100)),
        // Not even for root.
        "/sys/kernel/uevent_seqnum".into(),
    ];
    for path in paths {
        let refused = OpenOptions::new().append(true).create(true).open(&path).unwrap_err();
        let why = refused.to_string();
        assert_refused(&path, why.split(" (os error").next().unwrap());
    }
}

/// Two servers cannot record to one file, by whatever name they call it.
#[test]
fn two_servers() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut first = Recorded::start(&record, &[]);
    let before = first.wait_for(&format!("Chat Server started on port {}.", first.server.port));
    let names = [record.clone(), folder.path().join("hard"), folder.path().join("symbolic")];
    fs::hard_link(&record, &names[1]).unwrap();
    symlink(&record, &names[2]).unwrap();
    // proc(5): in a container the process may have another number, or none.
    let inode = format!(":{} ", fs::metadata(&record).unwrap().ino());
    let id = first.server.program.id().to_string();
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let is_known = locks
        .lines()
        .any(|lock| lock.contains(&inode) && lock.split_whitespace().any(|word| word == id));
    let who = if is_known { format!("process {id}") } else { "another process".to_owned() };
    for name in &names {
        assert_refused(name, &format!("{who} records to it"));
        assert_eq!(first.text(), before);
    }
    // Neither that it is killed, nor what it has started, keeps the file.
    first.server.program.signal(Signal::KILL);
    wait_until("it has ended", || first.server.program.exit_status());
    Recorded::start(&record, &[]).end_well();
}

/// Of a large file only the end is read.
#[test]
fn a_file_of_a_gigabyte() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    // A hole, and more than the history takes.
    let mut file = File::create(&record).unwrap();
    file.seek(SeekFrom::Start(1 << 30)).unwrap();
    let lines = 20_000;
    let mut text = String::from("\n");
    for number in 0..lines {
        text.push_str(&format!("2026-11-25T14:02:07+09:00 [지민] {number}번째 안녕하세요\n"));
    }
    file.write_all(text.as_bytes()).unwrap();
    let mut recorded = Recorded::start(&record, &[]);
    let mut ann = recorded.server.member();
    assert_eq!(ann.line(), TOLD);
    ann.send("/history 1\n");
    ann.line();
    assert_eq!(ann.line(), format!("[지민] {}번째 안녕하세요", lines - 1));
    // proc(5): all that it has read, from whatever.
    let io = fs::read_to_string(format!("/proc/{}/io", recorded.server.program.id())).unwrap();
    let read: u64 =
        io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap();
    assert!(read < 2 * 1024 * 1024, "{read} bytes");
    recorded.end_well();
    let size = fs::metadata(&record).unwrap();
    assert!(
        size.len() > (1 << 30) + text.len() as u64 && size.blocks() < 16 * 1024,
        "still a hole"
    );
}
