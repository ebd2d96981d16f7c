//! What README.md tells whoever runs an engine: its settings are tried as they stand there.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use crate::asking::ask;
use crate::engine::{Engine, free_port, is_installed, run};
use crate::harness::{Peer, Program, Signal, wait_until};
use crate::room::{AWAY, BACK, Room, start};

/// Returns the indented lines that stand in README.md behind the one in which `mark` does.
fn block(mark: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(path).unwrap();
    let behind = readme.lines().skip_while(|line| !line.contains(mark)).skip(1);
    let block = behind.skip_while(|line| !line.starts_with("    "));
    let block = block.take_while(|line| line.starts_with("    "));
    let block: Vec<String> = block.map(|line| line.trim().to_owned()).collect();
    assert!(!block.is_empty(), "nothing stands behind {mark:?}");
    block
}

/// The commands that an engine was given since it was started, by scripts too.
fn given(engine: &Engine) -> BTreeSet<String> {
    let stats = engine.ask(&["INFO", "commandstats"]);
    let given = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split(':').next());
    given.map(str::to_owned).collect()
}

/// Lines that are worth a snapshot.
const FLOOD: usize = 200_000;

/// The user of a server may give the commands that it gives, and no others.
#[test]
fn the_rights_of_a_server() {
    let settings = block("make a user that can do what a server does");
    let [_, user] = &settings[..] else { panic!("{settings:?}") };
    // It keeps nothing, and is given it back.
    let text = format!("appendonly no\nsave \"\"\n{}\n", settings.join("\n"));
    let Some(mut engine) = Engine::start_with(&text) else { return };
    let url = |room: &str| format!("redis://chat:ANOTHER@127.0.0.1:{}/{room}", engine.port);
    let (lobby, other) = (url("lobby"), url("other"));

    let room = Room::open(&lobby, 2);
    let mut peer = room.peer(0);
    let mut flood = Program::join(room.servers[0].port, &[]);
    let lines: String = (0..FLOOD).map(|number| format!("{number}번 줄\n")).collect();
    flood.take_input().write_all(lines.as_bytes()).unwrap();
    assert_eq!(flood.status(), 0);
    room.servers[1].says(&format!("] {}번 줄\n", FLOOD - 1));
    wait_until("a snapshot is kept", || given(&engine).contains("xtrim").then_some(()));
    // One that begins with it, and ends as it is told to.
    let mut third = start(&lobby, free_port(), &[]);
    third.out.wait_for("Chat Server started on port ");
    third.signal(Signal::TERM);
    assert_eq!(third.status(), 0);
    let mut used = given(&engine);
    engine.kill();
    engine.start_again();
    peer.send("다시\n");
    room.servers[1].says("] 다시\n");
    used.extend(given(&engine));
    let may = user.split(' ').filter_map(|word| word.strip_prefix('+'));
    let unused: Vec<_> = may.filter(|command| !used.contains(*command)).collect();
    assert!(unused.is_empty(), "a server never gives {unused:?}");

    let mut stranger = start(&other, free_port(), &[]);
    assert_eq!(stranger.status(), 1);
    stranger.err.wait_for("chat: cannot share the room other at ");
}

/// The addresses that stand for three machines: each of them is this one.
const MACHINES: [&str; 3] = ["127.0.77.1", "127.0.77.2", "127.0.77.3"];

/// What runs on one of them.
struct Machine {
    engine: Program,
    sentinel: Program,
    _folders: [TempDir; 2],
}

impl Machine {
    /// Starts both with the settings of README.md, on other addresses and ports.
    fn start(number: usize, engine_port: u16, sentinel_port: u16) -> Self {
        let own = MACHINES[number];
        let here = |line: &String| {
            let line = line.replace("10.0.0.", "127.0.77.");
            line.replace(" 6379", &format!(" {engine_port}"))
        };
        let mut settings: Vec<String> =
            block("At the end of `/etc/redis/redis.conf`").iter().map(here).collect();
        let bind = settings.iter_mut().find(|line| line.starts_with("bind ")).unwrap();
        // The other address is the same on all.
        *bind = format!("bind {own}");
        if number == 0 {
            settings.retain(|line| !line.starts_with("replicaof "));
        }
        // From which address it comes is nothing to go by where all are one machine.
        settings.push(format!("port {engine_port}\nreplica-announce-ip {own}\n"));
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        fs::write(folders[0].path().join("redis.conf"), settings.join("\n")).unwrap();
        let engine = run(&folders[0], &["redis.conf"]);
        engine.out.wait_for("Ready to accept connections");

        let mut settings: Vec<String> =
            block("In `/etc/redis/sentinel.conf`").iter().map(here).collect();
        settings.push(format!("port {sentinel_port}\nbind {own}\nprotected-mode no\n"));
        settings.push(format!("sentinel announce-ip {own}\n"));
        fs::write(folders[1].path().join("sentinel.conf"), settings.join("\n")).unwrap();
        let sentinel = run(&folders[1], &["sentinel.conf", "--sentinel"]);
        Self { engine, sentinel, _folders: folders }
    }

    /// Its power fails.
    fn fail(&mut self) {
        for program in [&mut self.engine, &mut self.sentinel] {
            program.signal(Signal::KILL);
            wait_until("it is gone", || program.exit_status());
        }
    }
}

/// Says something in the first room, and waits until it is said in the other.
fn is_one_room(peer: &mut Peer, room: &Room, text: &str) {
    peer.send(format!("{text}\n"));
    room.servers[1].says(&format!("] {text}\n"));
}

#[test]
fn three_machines() {
    if !is_installed() {
        return;
    }
    let (engine_port, sentinel_port) = (free_port(), free_port());
    let mut machines: Vec<Machine> =
        (0..3).map(|number| Machine::start(number, engine_port, sentinel_port)).collect();
    for machine in &machines {
        for address in &MACHINES[1..] {
            machine.sentinel.out.wait_for(&format!("+slave slave {address}:{engine_port} "));
        }
        wait_until("each sentinel knows the others", || {
            let known = machine.sentinel.out.so_far().matches("+sentinel sentinel ").count();
            (known >= 2).then_some(())
        });
    }
    let sentinels = MACHINES.map(|address| format!("{address}:{sentinel_port}")).join(",");
    let url = format!("redis+sentinel://:SECRET@{sentinels}/rooms/lobby");
    let room = Room::open(&url, 2);
    let (mut peer, mut other) = (room.peer(0), room.peer(1));
    is_one_room(&mut peer, &room, "하나");

    machines[0].fail();
    peer.send("그동안\n");
    other.line_where(|line| line.starts_with(AWAY));
    // Either may be the first.
    let mut told = [false; 2];
    while told != [true; 2] {
        let line = other.line();
        told[usize::from(line == BACK)] |= line == BACK || line.ends_with("] 그동안");
    }
    is_one_room(&mut peer, &room, "둘");

    // The last one takes nothing: it could lose it.
    let replica = usize::from(is_master(MACHINES[1], engine_port)) + 1;
    machines[replica].fail();
    peer.send("셋\n");
    other.line_where(|line| line.starts_with(AWAY));
    assert!(!room.servers[1].program.out.so_far().contains("] 셋\n"));
}

/// Whether the engine there is the master.
fn is_master(address: &str, port: u16) -> bool {
    let replication = ask((address, port), "SECRET", &["INFO", "replication"]);
    replication.is_some_and(|replication| replication.contains("role:master"))
}
