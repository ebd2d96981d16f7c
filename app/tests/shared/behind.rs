//! Rooms in which more is said than an engine keeps.

use crate::engine::{Engine, Keeps};
use crate::harness::{LIMIT, Peer, wait_until};
use crate::room::Room;

/// Bytes of a line of a flood.
const LINE: usize = 3000;

/// Bytes behind which a snapshot is taken: the log is cut behind one when as much has come since.
const INTERVAL: usize = 2 * 1024 * 1024;

/// Somebody who says much, as fast as the room takes it.
struct Flooder {
    peer: Peer,
    server: usize,
    turns: usize,
}

impl Flooder {
    fn join(room: &Room, server: usize) -> Self {
        let mut peer = room.peer(server);
        drop(peer.read_at_once(""));
        peer.send("\n");
        Self { peer, server, turns: 0 }
    }

    /// Says about so many bytes, waits until the room has heard them, and returns the last line.
    fn says(&mut self, room: &Room, bytes: usize) -> String {
        self.turns += 1;
        let line = "도배".repeat(LINE / "도배".len()) + "\n";
        for _ in 0..bytes / LINE {
            self.peer.send(&line);
        }
        let last = format!("도배 {}", self.turns);
        self.peer.send(format!("{last}\n"));
        room.servers[self.server].says(&format!("{last}\n"));
        last
    }
}

/// Waits until the engine has cut off the beginning of the log.
fn is_cut_off(engine: &Engine, room: &str) {
    let log = format!("chat:{{{room}}}:log");
    wait_until("the log is cut", || {
        let first = engine.ask(&["XRANGE", &log, "-", "+", "COUNT", "1"]);
        (!first.starts_with("1-0\n")).then_some(())
    });
}

/// Whoever comes later begins with what is kept.
#[test]
fn what_is_kept_is_enough() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.known("room"), 2);
    room.talk(4);
    let mut flooder = Flooder::join(&room, 0);
    flooder.says(&room, 5 * INTERVAL / 2);
    is_cut_off(&engine, "room");
    let further = room.serve();
    let mut late = room.peer(further);
    late.send("\n/name 학생0\n");
    late.line_where(|line| line.starts_with("> The name 학생0 is taken; "));
    late.send("/history 1\n");
    late.line_where(|line| line.starts_with("> 1 earlier message"));
    room.join(further);
    room.go_on_talking();
    room.goes_on();
}

/// A server that stands still meanwhile goes on behind what is kept, and its members are told how much they
/// have missed.
#[test]
fn a_server_that_falls_behind() {
    let Some(engine) = Engine::start(Keeps::Nothing) else { return };
    // On a machine that is too busy it is taken for gone before that.
    let is_behind = (0..5).any(|attempt| falls_behind(&engine, &format!("room-{attempt}")));
    assert!(is_behind, "it was taken for gone each time");
}

/// Returns whether the server fell behind; not if it was taken for gone.
fn falls_behind(engine: &Engine, name: &str) -> bool {
    let mut room = Room::open(&engine.known(name), 2);
    room.talk(4);
    let mut flooder = Flooder::join(&room, 0);
    let mut peer = room.peer(1);
    let (addr, heard) = (peer.addr(), peer.read_at_once("\0"));
    room.goes_on();
    flooder.says(&room, INTERVAL * 7 / 10);
    room.stop(1);
    flooder.says(&room, INTERVAL * 8 / 5);
    is_cut_off(engine, name);
    room.go_on(1);
    let mut got: Vec<String> = Vec::new();
    let is_behind = wait_until("it is behind, or gone", || {
        got.extend(heard.try_iter());
        let skipped = got.iter().any(|line| skipped(line) > 0).then_some(true);
        skipped.or_else(|| room.servers[1].program.exit_status().map(|_| false))
    });
    if !is_behind {
        return false;
    }
    room.goes_on();
    let last = flooder.says(&room, 0);
    while !got.last().is_some_and(|line| line.ends_with(&last)) {
        got.push(heard.recv_timeout(LIMIT).unwrap());
    }
    let skipped: usize = got.iter().map(|line| skipped(line)).sum();
    let got = got.iter().filter(|line| line.starts_with('['));
    // Members come before it does, and only talk from then on.
    let console = room.servers[0].says(&last);
    let (_, since) = console.split_once(&format!("> New user {addr} entered")).unwrap();
    let (said, _) = since.rsplit_once(&last).unwrap();
    assert_eq!(got.count() + skipped, said.lines().filter(|line| line.starts_with('[')).count());
    true
}

/// Returns how many messages a line says are missing.
fn skipped(line: &str) -> usize {
    let count = line.strip_prefix("> ").and_then(|rest| rest.split_once(" messages skipped: "));
    count.map_or(0, |(count, _)| count.parse().unwrap())
}
