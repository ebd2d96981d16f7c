//! Servers that are killed while all talk. What a process has written is the system's, which does not
//! end with it: what shows here is where lines are cut, and what `--log-sync always` promises.

use std::collections::HashSet;
use std::fs;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use fastrand::Rng;

use super::gate::SLOW;
use super::{Recorded, TOLD, cut_off, said};
use crate::harness::{Peer, Signal, wait_until};
use crate::stalls::message;

/// Lines that a member says before it waits for somebody to have heard them.
const TURN: usize = 50;

/// Members that all talk all the time.
pub(super) struct Talk {
    heard: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    pairs: Vec<JoinHandle<Vec<String>>>,
}

impl Talk {
    /// So many pairs of one that talks and one that listens.
    pub(super) fn start(port: u16, pairs: usize) -> Self {
        let (heard, is_over) = (Arc::default(), Arc::default());
        let connect = || Peer::connect(("127.0.0.1", port));
        let peers: Vec<_> = (0..pairs).map(|_| (connect(), connect())).collect();
        let pairs = peers.into_iter().map(|(talker, listener)| {
            let (heard, is_over) = (Arc::clone(&heard), Arc::clone(&is_over));
            thread::spawn(move || talk(talker, listener, &heard, &is_over))
        });
        Self { pairs: pairs.collect(), heard, is_over }
    }

    /// Returns how many lines they have heard, all together.
    pub(super) fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    pub(super) fn wait_for(&self, heard: usize) {
        wait_until("they have heard enough", || (self.heard() >= heard).then_some(()));
    }

    /// Has them leave, if they are still there, and returns what each listener has heard.
    pub(super) fn end(self) -> Vec<Vec<String>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.pairs.into_iter().map(|pair| pair.join().unwrap()).collect()
    }
}

/// Talks until it is over, or the room is gone; returns what the listener has heard.
fn talk(
    mut talker: Peer,
    mut listener: Peer,
    heard: &AtomicUsize,
    is_over: &AtomicBool,
) -> Vec<String> {
    let label = format!("[{}] ", talker.addr());
    let hearing = listener.read_at_once("\0");
    let _not_listening = talker.read_at_once("");
    let mut lines = Vec::new();
    let mut next = 0;
    while !is_over.load(Ordering::Relaxed) {
        let turn: String = (next..next + TURN).map(|number| message(number) + "\n").collect();
        next += TURN;
        if talker.try_send(&turn).is_err() {
            break;
        }
        let last = format!("{label}{}", message(next - 1));
        while lines.last() != Some(&last) {
            let Ok(line) = hearing.recv() else { return lines };
            lines.push(line);
            heard.fetch_add(1, Ordering::Relaxed);
        }
    }
    // What reads has them open too.
    for peer in [talker, listener] {
        let _ = peer.stream.shutdown(Shutdown::Both);
    }
    lines
}

#[test]
fn servers_that_are_killed() {
    kill(5, "second");
}

#[test]
fn nothing_that_was_heard_is_lost() {
    kill(5, "always");
}

#[test]
#[ignore = "takes minutes"]
fn hundreds_of_servers_that_are_killed() {
    kill(200, "second");
    kill(200, "always");
}

/// Kills so many servers in a row, each in its time, that all record to one file.
fn kill(times: usize, sync: &str) {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut rng = Rng::with_seed(times as u64);
    // The record when the last one was started again, and what was torn off it then.
    let (mut before, mut torn) = (String::new(), 0);
    let mut last = None;
    for run in 0..times {
        let mut recorded = Recorded::start(&record, &["--log-sync", sync, "--backlog", "16M"]);
        ask_for_history(&recorded, last.as_deref());
        let talk = Talk::start(recorded.server.port, 4);
        talk.wait_for(rng.usize(..2000));
        recorded.server.program.signal(Signal::KILL);
        wait_until("it is gone", || recorded.server.program.exit_status());
        let heard = talk.end();
        let complaints = recorded.server.program.err.all();
        let cut_off = if torn == 0 { String::new() } else { cut_off(&record, torn) };
        let others = complaints.strip_prefix(&cut_off).unwrap_or_else(|| panic!("{complaints}"));
        // On a machine that stalls the room does not wait for ever.
        assert!(others.is_empty() || others.contains(SLOW), "{complaints}");
        let has_waited = sync == "always" && others.is_empty();

        let bytes = fs::read(&record).unwrap();
        let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        torn = bytes.len() - end;
        let text = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let lines = said(text.strip_prefix(&before).unwrap());
        let console = recorded.server.program.out.all();
        let shown: Vec<&str> =
            console.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).collect();
        let both = lines.len().min(shown.len());
        assert!(lines[..both] == shown[..both], "run {run}: neither begins as the other");
        let message = lines.iter().rfind(|line| line.starts_with('['));
        last = message.map(|line| (*line).to_owned()).or(last);
        if has_waited {
            let lines: HashSet<&str> = lines.into_iter().collect();
            for line in heard.iter().flatten() {
                let is_its_own = line == TOLD || line.starts_with("> Connected to ");
                assert!(is_its_own || lines.contains(line.as_str()), "run {run}: {line} is lost");
            }
        }
        before = text;
    }
}

/// What was recorded last is the room's history.
fn ask_for_history(recorded: &Recorded, last: Option<&str>) {
    let Some(last) = last else { return };
    let mut peer = recorded.server.member();
    peer.send("/history 1\n");
    peer.line_where(|line| line.starts_with("> 1 earlier message"));
    assert_eq!(peer.line(), last);
}
