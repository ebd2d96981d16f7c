//! `chat join` on a terminal: more lines than the eye can follow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::SetAtEnd;
use crate::interactive::{CONNECTED, room};
use crate::terminal::{Kind, Terminal};

/// A flood is shown in bursts, and typing goes on meanwhile.
#[test]
fn a_flood() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    let label = format!("[{}] ", peer.addr());
    let began = Instant::now();
    let is_typed = AtomicBool::new(false);
    let draft = "홍수 속에서 씁니다";
    let count = thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let mut count = 0;
            // At least once: everything may be typed before this thread first runs.
            loop {
                let lines = (count..count + BURST).map(|number| format!("{number}\n"));
                peer.send(lines.collect::<String>());
                count += BURST;
                // At the speed of the emulator, which is slower than the program.
                terminal.wait("most is there", |seen| {
                    let last = seen.rows.iter().rev().find_map(|row| row.strip_prefix(&label));
                    last.is_some_and(|last| last.parse::<usize>().unwrap() + 4 * BURST > count)
                });
                if is_typed.load(Ordering::Relaxed) {
                    break count;
                }
            }
        });
        let end = SetAtEnd(&is_typed);
        for (count, c) in (1..).zip(draft.chars()) {
            terminal.types(&c.to_string());
            let so_far: String = draft.chars().take(count).collect();
            terminal.has_rows(&[format!("[You] {so_far}").trim_end()]);
        }
        drop(end);
        flood.join().unwrap()
    });
    terminal.has_rows(&[&format!("{label}{}", count - 1), &format!("[You] {draft}")]);
    let took = began.elapsed();

    let mut expected = vec![CONNECTED.to_owned()];
    expected.extend((0..count).map(|number| format!("{label}{number}")));
    expected.push(format!("[You] {draft}"));
    let lines = terminal.lines();
    // The emulator forgets the oldest lines.
    let kept = expected.len().min(lines.len());
    assert!(lines.ends_with(&expected[expected.len() - kept..]), "each once, in order, of {count}");

    few_frames(&terminal, took);
}

/// What arrives line by line is shown in bursts too, if it arrives fast.
#[test]
fn many_lines_one_by_one() {
    let (server, mut peer, terminal) = room(Kind::WIDE);
    let mut listener = server.member();
    peer.line();
    terminal.wait("the listener is in", |seen| seen.emulator.lines().concat().contains("(3 users"));
    let began = Instant::now();
    for number in 0..2000 {
        peer.send(format!("{number}\n"));
        // So that each is delivered alone.
        assert!(listener.line().ends_with(&format!("] {number}")));
    }
    terminal.has_rows(&[&format!("[{}] 1999", peer.addr()), "[You]"]);
    few_frames(&terminal, began.elapsed());
}

/// At most 60 a second, for lines and keys alike.
fn few_frames(terminal: &Terminal, took: Duration) {
    let bytes = terminal.bytes();
    let frames = String::from_utf8_lossy(&bytes).matches("\x1b[?2026h").count();
    let most = took.as_millis() as usize * 60 / 1000 + 20;
    assert!(frames <= most, "{frames} frames in {took:?}");
}

/// Lines per write in a flood.
const BURST: usize = 500;
