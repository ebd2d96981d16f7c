//! What is recorded, and when it was said.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::{Recorded, TOLD, read, said, serve, split};
use crate::harness::{Program, executable};
use crate::host::Hosted;
use crate::surroundings::leave_out;
use crate::terminal::{CTRL_C, Kind};

/// The record is the console with times: the same lines, in the same order.
#[test]
fn one_session() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("기록");
    // Even where nobody may read what is made, its owner may; and nobody else ever.
    let line = format!("umask 777; exec {} serve 127.0.0.1 0 --log 기록", executable());
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(&folder);
    let mut recorded = Recorded::run(&mut command, &record);
    let port = recorded.server.port;
    assert_eq!(fs::metadata(&record).unwrap().permissions().mode() & 0o7777, 0o600);

    let mut ann = recorded.server.member();
    assert_eq!(ann.line(), TOLD);
    let mut ben = recorded.server.member();
    assert_eq!(ben.line(), TOLD);
    let (ann_addr, ben_addr) = (ann.addr(), ben.addr());
    ann.send("/name 지민\n안녕하세요?\n");
    ben.line_where(|line| line == "[지민] 안녕하세요?");
    ann.line_where(|line| line == format!("> The user {ann_addr} is now 지민"));
    // What is for one member alone is none of the record's business.
    ben.send("/msg 지민 비밀\n/who\n/history\n");
    ben.line_where(|line| line == "> That was earlier");
    assert_eq!(ann.line(), format!("[{ben_addr} -> you] 비밀"));
    ben.send("네 안녕하세요ㅋㅋ\n");
    assert_eq!(ann.line(), format!("[{ben_addr}] 네 안녕하세요ㅋㅋ"));
    drop(ben);
    assert_eq!(ann.line(), format!("< The user {ben_addr} left (1 user online)"));
    recorded.wait_for(&format!("< The user {ben_addr} left (1 user online)"));
    recorded.end_well();

    let console = recorded.server.program.out.all();
    let expected: Vec<&str> = console.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(said(&recorded.text()), expected);
    assert_eq!(
        expected,
        [
            format!("Chat Server started on port {port}."),
            format!("> New user {ann_addr} entered (1 user online)"),
            format!("> New user {ben_addr} entered (2 users online)"),
            format!("> The user {ann_addr} is now 지민"),
            "[지민] 안녕하세요?".to_owned(),
            format!("[{ben_addr}] 네 안녕하세요ㅋㅋ"),
            format!("< The user {ben_addr} left (1 user online)"),
            "exit".to_owned(),
        ]
    );
}

/// A console that shows nothing changes nothing; and clients show what newcomers are told.
#[test]
fn a_quiet_server_and_a_client() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::start(&folder.path().join("record"), &["--quiet"]);
    let mut client = Program::join(recorded.server.port, &[]);
    client.out.wait_for(&format!("> Connected to the chat server (1 user online)\n{TOLD}\n"));
    client.type_in("안녕\n");
    recorded.wait_for("] 안녕");
    client.close_input();
    assert_eq!(client.status(), 0);
    recorded.wait_for(" left (0 user online)");
    recorded.end_well();
    let text = recorded.text();
    let kinds: Vec<&str> = said(&text).iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(kinds.len(), 5, "{text}");
    assert!(kinds[2].starts_with('['), "{text}");
    assert_eq!([kinds[0], kinds[1], kinds[3], kinds[4]], ["Chat", ">", "<", "exit"]);
}

/// What the host says and does is recorded, what it asks and is answered is not. The topic stands
/// last in what newcomers are told.
#[test]
fn a_host() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let options = ["--log", record.to_str().unwrap()];
    let mut hosted = Hosted::start_with(Kind::WIDE, "127.0.0.1", &options, &[("NO_COLOR", "")]);
    let mut ann = hosted.member();
    assert_eq!(ann.line(), TOLD);
    hosted.terminal.types("/topic 받아쓰기\r시작합니다\r/who\r");
    ann.line_where(|line| line == "[Host] 시작합니다");
    let answer = format!("> {}, ", ann.addr());
    hosted.terminal.wait("it is answered", |seen| {
        seen.emulator.lines().iter().any(|line| line.starts_with(&answer))
    });
    let mut ben = hosted.member();
    assert_eq!((ben.line(), ben.line()), (TOLD.to_owned(), "> Topic: 받아쓰기".to_owned()));
    hosted.terminal.types(&format!("/msg {} 조용히\r/kick {0} 장난\r", ben.addr()));
    let removed = format!("> Host removed {} (장난)", ben.addr());
    ann.line_where(|line| line == removed);
    hosted.terminal.types(CTRL_C);
    assert_eq!(hosted.terminal.status(), 0);
    let text = read(&record);
    let said = said(&text);
    assert!(said.contains(&"[Host] 시작합니다") && said.contains(&removed.as_str()), "{text}");
    assert!(!text.contains("조용히") && !text.contains(&answer), "{text}");
    assert_eq!(said.last(), Some(&"exit"));
}

/// Each time is the second in which a line was said, also where summer begins meanwhile.
#[test]
fn times() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    // A zone whose summer begins with the next second, by tzset(3): a day of the year from 0, and the
    // time of that day.
    let summer = now() + 1;
    let at = |format: &str| date(&["-d", &format!("@{summer}"), format], "");
    let day: u32 = at("+%j").parse().unwrap();
    let zone = format!("AAA0BBB,{}/{},J365/12", day - 1, at("+%T"));
    let mut recorded = Recorded::run(serve(&record, &[]).env("TZ", &zone), &record);
    let mut ann = recorded.server.member();
    let mut ben = recorded.server.member();
    ben.line();
    let mut bounds = Vec::new();
    let mut before = 0;
    while before < summer {
        before = now();
        let text = format!("지금 {}", bounds.len());
        ann.send(format!("{text}\n"));
        ben.line();
        bounds.push((before, now()));
        recorded.wait_for(&text);
    }
    recorded.end_well();

    let text = recorded.text();
    let times = text.lines().map(split).filter(|(_, said)| said.contains("] 지금 "));
    let times: Vec<&str> = times.map(|(time, _)| time).collect();
    assert_eq!(times.len(), bounds.len());
    for ((time, second), (before, after)) in times.iter().zip(seconds(&times)).zip(bounds) {
        assert!(before <= second && second <= after, "{before} <= {time} <= {after}");
        let offset = if second >= summer { "+01:00" } else { "+00:00" };
        assert!(time.ends_with(offset), "{time} in {zone}");
    }
    assert!(times.last().unwrap().ends_with("+01:00"), "{zone}");
}

#[test]
fn a_zone_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut recorded = Recorded::run(serve(&record, &[]).env("TZ", "No/Where"), &record);
    let complaint = "chat: cannot use the time zone of TZ=No/Where: times are UTC\n";
    assert_eq!(recorded.end(), (0, complaint.to_owned()));
    assert!(recorded.text().lines().all(|line| split(line).0.ends_with("+00:00")));
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Returns what seconds recorded times are.
pub(super) fn seconds(times: &[&str]) -> Vec<u64> {
    let seconds = date(&["-f", "-", "+%s"], &times.join("\n"));
    seconds.lines().map(|line| line.parse().unwrap()).collect()
}

/// Returns what `date` prints in UTC, without the last newline.
fn date(args: &[&str], input: &str) -> String {
    let mut date = Command::new("date");
    date.arg("-u").args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut date = date.spawn().unwrap();
    date.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = date.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The line of the README that tells who was there reads a record as it says.
#[test]
fn attendance() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::start(&folder.path().join("record"), &[]);
    let mut ann = recorded.server.member();
    ann.send("/name 지민\n");
    recorded.wait_for(" is now 지민");
    let mut ben = recorded.server.member();
    // Nobody is there by what is said, nor has anybody left.
    ben.send("> The user 127.0.0.1:1 is now 영수\n< The user 지민 left (0 users online)\n");
    ben.send("/name 민수\n");
    recorded.wait_for(" is now 민수");
    // Who comes again was there from the first time to the last.
    drop(ann);
    ben.line_where(|line| line == "< The user 지민 left (1 user online)");
    let mut ann = recorded.server.member();
    ann.send("/name 지민\n");
    ben.line_where(|line| line == format!("> The user {} is now 지민", ann.addr()));
    drop(ann);
    ben.line_where(|line| line == "< The user 지민 left (1 user online)");
    recorded.end_well();

    let text = recorded.text();
    let times = |end: &str| -> Vec<&str> {
        let lines = text.lines().map(split).filter(|(_, said)| said.ends_with(end));
        lines.map(|(time, _)| time).collect()
    };
    let left = times("< The user 지민 left (1 user online)");
    let mut expected = [
        format!("지민 {} {}", times(" is now 지민")[0], left[left.len() - 1]),
        format!("민수 {} ", times(" is now 민수")[0]),
    ];
    expected.sort_unstable();
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let line = readme.lines().find_map(|line| line.strip_prefix("    awk ")).unwrap();
    for awk in ["mawk", "busybox awk"] {
        let Some(printed) = run(&format!("{awk} {line}"), folder.path()) else {
            leave_out(&format!("{awk} is not installed"));
            continue;
        };
        let mut printed: Vec<&str> = printed.lines().collect();
        printed.sort_unstable();
        assert_eq!(printed, expected, "{awk}\n{text}");
    }
}

/// Returns what a shell prints of a line; `None` where the program is not installed.
fn run(line: &str, folder: &Path) -> Option<String> {
    let output = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    if complaints.contains("not found") {
        return None;
    }
    assert_eq!(complaints, "");
    Some(String::from_utf8(output.stdout).unwrap())
}
