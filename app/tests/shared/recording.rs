//! Records of servers that share a room: a server that was killed catches up with what it has missed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::engine::{Engine, Keeps, free_port};
use crate::harness::{Peer, Program, Server, Signal, wait_until};
use crate::room::start;

const MAY_BE_MISSING: &str =
    "> Messages may be missing here: the room's log does not go back so far";

/// Servers of one room, each with a record of its own.
struct Recorded {
    engine: Engine,
    folder: TempDir,
}

impl Recorded {
    fn start() -> Option<Self> {
        let engine = Engine::start(Keeps::EverySecond)?;
        Some(Self { engine, folder: tempfile::tempdir().unwrap() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn serve(&self, name: &str, sync: &str) -> Server {
        let log = self.path(name).to_str().unwrap().to_owned();
        let options = ["--log", &log, "--log-sync", sync].map(str::to_owned);
        Server::from(start(&self.engine.known("room"), free_port(), &options))
    }

    /// What is in a record: each line with its time.
    fn lines(&self, name: &str) -> Vec<String> {
        lines(&self.path(name))
    }

    /// The same of what all servers must agree on.
    fn common(&self, name: &str) -> Vec<String> {
        let is_common = |line: &String| {
            let said = line.split_once(' ').unwrap().1;
            let own = ["Chat Server started ", "exit", "> The room's log ", "> The room goes on"];
            !own.iter().any(|own| said.starts_with(own)) && said != MAY_BE_MISSING
        };
        self.lines(name).into_iter().filter(is_common).collect()
    }

    /// Waits until a record has a line that ends so.
    fn has(&self, name: &str, end: &str) {
        wait_until(&format!("{name} has {end}"), || {
            self.lines(name).iter().any(|line| line.ends_with(end)).then_some(())
        });
    }
}

/// The whole lines of a file that may be being written.
fn lines(path: &Path) -> Vec<String> {
    let mut bytes = fs::read(path).unwrap();
    bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1));
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

fn kill(mut server: Server) {
    server.program.signal(Signal::KILL);
    wait_until("it is gone", || server.program.exit_status());
}

fn end(mut server: Server) {
    server.program.signal(Signal::TERM);
    assert_eq!((server.program.status(), server.program.err.all().as_str()), (0, ""));
}

/// Says so many lines, the same one several times in a row among them, and waits until they are in a
/// record.
fn talk(recorded: &Recorded, peer: &mut Peer, word: &str, record: &str) {
    for number in 0..40 {
        peer.send(format!("{word} {}\n", number / 4));
    }
    peer.send(format!("{word} 끝\n"));
    recorded.has(record, &format!("] {word} 끝"));
}

/// Whether it is killed, or ends as it is told to: its record is that of the other one in the end, line for
/// line, with the same times.
#[test]
fn a_server_that_was_away_catches_up() {
    let Some(recorded) = Recorded::start() else { return };
    for sync in ["second", "always"] {
        let [first, second] = ["first", "second"].map(|name| format!("{name}-{sync}"));
        let lives = recorded.serve(&first, sync);
        let mut dies = recorded.serve(&second, sync);
        let mut peer = lives.member();
        let mut theirs = dies.member();
        for round in 0..4 {
            talk(&recorded, &mut theirs, &format!("저쪽 {round}"), &first);
            talk(&recorded, &mut peer, &format!("이쪽 {round}"), &second);
            // It does not matter what of its last lines it has recorded.
            peer.send("마지막\n");
            if round % 2 == 0 {
                kill(dies)
            } else {
                end(dies)
            }
            talk(&recorded, &mut peer, &format!("그동안 {round}"), &first);
            dies = recorded.serve(&second, sync);
            recorded.has(&second, &format!("] 그동안 {round} 끝"));
            theirs = dies.member();
        }
        talk(&recorded, &mut theirs, "모두", &first);
        end(dies);
        drop(peer);
        end(lives);
        let [all, caught_up] = [&first, &second].map(|name| recorded.common(name));
        // It began later, and ended before.
        let start = all.iter().position(|line| *line == caught_up[0]).unwrap();
        assert_eq!(caught_up, all[start..start + caught_up.len()]);
        assert!(caught_up.len() > 9 * 41);
        assert!(!recorded.lines(&second).iter().any(|line| line.ends_with(MAY_BE_MISSING)));
    }
}

/// A record that is new begins now, and one of which the log has forgotten the end goes on with what it has,
/// and says so.
#[test]
fn what_the_log_has_forgotten() {
    let Some(recorded) = Recorded::start() else { return };
    let lives = recorded.serve("first", "second");
    let mut peer = lives.member();
    talk(&recorded, &mut peer, "먼저", "first");
    let dies = recorded.serve("second", "second");
    talk(&recorded, &mut peer, "다음", "second");
    kill(dies);
    let kept = recorded.lines("second").len();
    // More than snapshots are made for.
    let mut flood = Program::join(lives.port, &[]);
    let text: String = (0..200_000).map(|number| format!("{number}번째 줄입니다\n")).collect();
    flood.take_input().write_all(text.as_bytes()).unwrap();
    assert_eq!(flood.status(), 0);
    wait_until("a snapshot is kept", || {
        let snapshot = recorded.engine.ask(&["HGET", "chat:{room}:state", "snap"]);
        snapshot.trim().parse::<u64>().is_ok().then_some(())
    });
    talk(&recorded, &mut peer, "나중", "first");
    let dies = recorded.serve("second", "second");
    recorded.has("second", "] 나중 끝");
    end(dies);
    end(lives);
    let second = recorded.lines("second");
    assert!(second[0].contains(" Chat Server started on port "), "{}", second[0]);
    assert!(!second.iter().any(|line| line.contains("] 먼저 ")), "it began later");
    assert!(second[kept].ends_with(MAY_BE_MISSING), "{}", second[kept]);
    let all = recorded.common("first");
    // All but the server's own first line.
    let rest = recorded.common("second").split_off(kept - 1);
    let start = all.iter().position(|line| *line == rest[0]).unwrap();
    assert_eq!(rest, all[start..start + rest.len()]);
    assert!(rest.len() > 1000);
}

/// Seconds of a room that was quiet, so that nearly each line has one of its own.
const SECONDS: usize = 1_500;

/// Has each batch in the log be of another second, three after the one before.
const SPREAD: &str = "local all = redis.call('XRANGE', KEYS[1], '-', '+') redis.call('DEL', KEYS[1]) \
                      for at, entry in ipairs(all) do local said = entry[2] \
                      redis.call('XADD', KEYS[1], entry[1], 'p', said[2], 'h', said[4], \
                      't', 1000000000 + 3 * at, 'd', said[8]) end return #all";

/// A long talk is caught up with in no time, and each line has its own time.
#[test]
fn each_line_has_its_own_second() {
    let Some(recorded) = Recorded::start() else { return };
    let server = recorded.serve("first", "second");
    let (mut peer, mut other) = (server.member(), server.member());
    peer.line();
    for number in 0..SECONDS {
        peer.send(format!("{number}\n"));
        let heard = format!("] {number}");
        other.line_where(|line| line.ends_with(&heard));
    }
    end(server);
    let batches = recorded.engine.ask(&["EVAL", SPREAD, "1", "chat:{room}:log"]);
    assert!(batches.trim().parse::<usize>().unwrap() >= SECONDS, "{batches}");
    // None of its lines is one of the log's any more.
    let server = recorded.serve("first", "second");
    recorded.has("first", &format!("] {}", SECONDS - 1));
    end(server);
    let lines = recorded.lines("first");
    let missing = lines.iter().position(|line| line.ends_with(MAY_BE_MISSING)).unwrap();
    let said = lines[missing..].iter().filter(|line| line.contains("] "));
    let times: Vec<&str> = said.map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(times.len(), SECONDS);
    assert!(times.is_sorted_by(|a, b| a < b), "two lines are of one second");
}
