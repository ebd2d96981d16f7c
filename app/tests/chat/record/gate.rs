//! `--log-sync always`: nobody hears what is not on the disk, unless that takes too long.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{Pipe, Recorded, TOLD, said};
use crate::harness::{Peer, Signal, wait_until};
#[cfg(target_arch = "x86_64")]
use crate::refusals::without_syncing;

/// What nobody hears before. The room's own second begins a little later than that of the tests.
const NEARLY_A_SECOND: Duration = Duration::from_millis(900);

/// What a server of these tests says when it waits no more.
pub(super) const SLOW: &str = " takes longer than a second: what is said does not wait for it\n";

/// What it says when it waits again.
const AGAIN: &str = "what is said waits for the disk of ";

fn start(record: &Path) -> (Recorded, Peer, Peer) {
    let recorded = Recorded::start(record, &["--log-sync", "always"]);
    let mut ann = recorded.server.member();
    assert_eq!(ann.line(), TOLD);
    let mut ben = recorded.server.member();
    assert_eq!(ben.line(), TOLD);
    ann.line_where(|line| line.contains("(2 users online)"));
    (recorded, ann, ben)
}

/// What somebody has heard is in the file at that moment, to its last line.
#[test]
fn what_is_heard_is_recorded() {
    // A machine that stalls may take longer than a second for a line.
    assert!((0..5).any(|_| hears_what_is_recorded()));
}

/// Returns false if the disk has taken so long that what is heard need not be recorded.
fn hears_what_is_recorded() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let (mut recorded, mut ann, mut ben) = start(&folder.path().join("record"));
    let mut all_is_recorded = true;
    for number in 0..100 {
        let line = format!("[{}] {number}번째", ann.addr());
        ann.send(format!("{number}번째\n"));
        assert_eq!(ben.line(), line);
        all_is_recorded &= recorded.text().ends_with(&format!(" {line}\n"));
    }
    // Nor is anything lost, or heard in vain, when it ends.
    ann.send((0..20_000).map(|number| format!("{number}\n")).collect::<String>());
    let first = ben.line();
    recorded.server.program.signal(Signal::TERM);
    let rest = ben.rest();
    let (status, complaints) = recorded.end();
    if complaints.contains(SLOW) {
        return false;
    }
    assert!(all_is_recorded, "it is heard before");
    assert_eq!((status, complaints.as_str()), (0, ""));
    let text = recorded.text();
    let said = said(&text);
    let from = said.iter().rposition(|line| *line == first).unwrap();
    let heard: Vec<&str> = rest.lines().chain(["exit"]).collect();
    assert!(said[from + 1..] == heard, "{} lines, {} heard", said.len() - from - 1, heard.len());
    true
}

/// Disks that the room waits for, a second each; all at once, as the tests wait too.
#[test]
fn disks_that_take_too_long() {
    thread::scope(|scope| {
        scope.spawn(a_slow_disk);
        if cfg!(target_arch = "x86_64") {
            scope.spawn(|| a_disk_that_fails(&["--log-sync", "always"], NEARLY_A_SECOND));
            // Otherwise nobody waits, and it is said all the same.
            scope.spawn(|| a_disk_that_fails(&[], Duration::ZERO));
        }
    });
}

/// A pipe that nobody reads is a disk that takes its time: the room waits for it for a second, then
/// goes on without it until it has caught up.
fn a_slow_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut pipe = Pipe::new(&folder.path().join("pipe"));
    let (recorded, mut ann, mut ben) = start(&pipe.path);
    pipe.wait_for("(2 users online)\n");
    pipe.fill();
    let before = Instant::now();
    ann.send("하나\n");
    assert_eq!(ben.line(), format!("[{}] 하나", ann.addr()));
    let waited = before.elapsed();
    assert!(waited > NEARLY_A_SECOND, "{waited:?}");
    // Nobody waits a second time.
    ann.send("둘\n");
    assert_eq!(ben.line(), format!("[{}] 둘", ann.addr()));
    let complaints = || recorded.server.program.err.so_far();
    wait_until("it says so", || complaints().contains(SLOW).then_some(()));
    pipe.wait_for("] 둘\n");
    recorded.server.program.err.wait_for(AGAIN);
    for number in 0..20 {
        ann.send(format!("{number}번째\n"));
        assert_eq!(ben.line(), format!("[{}] {number}번째", ann.addr()));
        let is_recorded = pipe.take().contains(&format!("] {number}번째\n"));
        // Unless this machine has stalled for a second.
        assert!(is_recorded || complaints().matches(SLOW).count() > 1, "{number}");
    }
}

/// The system is asked to have each line on the disk, and nobody hears one before it has answered.
#[cfg(target_arch = "x86_64")]
fn a_disk_that_fails(options: &'static [&'static str], at_least: Duration) {
    const EIO: u32 = 5;
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    // For a file that is made its folder is synced too.
    std::fs::File::create(&record).unwrap();
    without_syncing(EIO, move || {
        let before = Instant::now();
        let mut recorded = Recorded::start(&record, options);
        let (mut ann, mut ben) = (recorded.server.peer(), recorded.server.peer());
        ben.line();
        ann.send("들려요?\n");
        ben.line_where(|line| line.ends_with("] 들려요?"));
        let waited = before.elapsed();
        assert!(waited > at_least, "{waited:?}");
        let record = record.display();
        recorded.complains(
            &format!("chat: cannot record to {record} for now: Input/output error\n"),
            1,
        );
        assert_eq!(recorded.end().0, 1);
    });
}

#[cfg(not(target_arch = "x86_64"))]
fn a_disk_that_fails(_: &'static [&'static str], _: Duration) {}
