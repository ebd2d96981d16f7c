//! Servers that cannot be one of a room, and members who come while nobody can.

use crate::engine::{Engine, Keeps, free_port};
use crate::harness::{Peer, Program};
use crate::room::{AWAY, BACK, Room, start};

/// Returns the status of a server that is started at a place, and what it says.
fn started(url: &str) -> (i32, String) {
    let mut program = start(url, free_port(), &[]);
    let status = program.status();
    assert_eq!(program.out.all(), "");
    (status, program.err.all())
}

/// One line says why.
#[track_caller]
fn fails(url: &str, why: &str) {
    let (status, said) = started(url);
    let line = said.strip_suffix('\n').unwrap();
    assert!(line.starts_with("chat: cannot share the room ") && !line.contains('\n'), "{said}");
    assert!(line.contains(why), "{said}");
    assert_eq!(status, 1, "{said}");
}

#[test]
fn no_engine() {
    fails(&format!("redis://127.0.0.1:{}/room", free_port()), "Connection refused");
    let Some(mut engine) = Engine::start(Keeps::Nothing) else { return };
    engine.freeze();
    fails(&engine.url("room"), "no answer in time");
    engine.kill();
    fails(&engine.url("room"), "Connection refused");
}

#[test]
fn places_that_are_none() {
    for url in [
        "",
        "redis",
        "127.0.0.1:6379/room",
        "http://127.0.0.1/room",
        "redis://127.0.0.1",
        "redis://127.0.0.1/",
        "redis://127.0.0.1:0/room",
        "redis://127.0.0.1:65536/room",
        "redis:///room",
        "redis://127.0.0.1/a/b",
        "redis://127.0.0.1/a b",
        "redis://127.0.0.1/방",
        "redis+sentinel://127.0.0.1/room",
    ] {
        let (status, said) = started(url);
        assert_eq!(status, 2, "{url:?}: {said}");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{url:?}: {said}");
        assert!(lines[0].starts_with("chat: "), "{url:?}: {said}");
    }
}

#[test]
fn passwords() {
    let settings = "requirepass secret\nuser room on >geheim ~chat:* &* +@all\n\
                    user guest on >gast ~chat:* &* +@read +@connection\n\
                    user other on >anders ~other:* &* +@all\n";
    let Some(engine) = Engine::start_with(settings) else { return };
    let known = engine.known("room");
    let place = |user: &str| known.replace("://", &format!("://{user}"));
    fails(&place(""), "it wants a password");
    fails(&place(":wrong@"), "wrong user or password");
    fails(&place("room:wrong@"), "wrong user or password");
    fails(&place("guest:gast@"), "the user may not do that");
    fails(&place("other:anders@"), "the user may not do that");
    for user in [":secret@", "default:secret@", "room:geheim@"] {
        let mut room = Room::open(&place(user), 2);
        room.talk(2);
        room.goes_on();
        room.end();
    }
}

/// Who comes is let in when the engine is back.
#[test]
fn newcomers_wait() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.known("room"), 2);
    room.talk(2);
    engine.freeze();
    room.is_away();
    let mut peers = [0, 1].map(|at| Peer::connect(("127.0.0.1", room.servers[at].port)));
    for at in [0, 1] {
        room.servers[at].says(AWAY);
    }
    engine.thaw();
    for peer in &mut peers {
        assert!(peer.line().starts_with("> Connected to the chat server ("));
    }
    for (server, peer) in room.servers.iter().zip(&peers) {
        let said = server.says("(4 users online)\n");
        let (_, before) = said.split_once(AWAY).unwrap();
        let (before, _) = before.split_once(BACK).unwrap();
        // That of the other server may have been let in, which goes on earlier.
        assert!(!before.contains(&format!("> New user {} ", peer.addr())), "{said}");
    }
    drop(peers);
    room.end();
}

/// After a while they are told that they may try again.
#[test]
fn newcomers_are_told() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.known("room"), 2);
    room.talk(2);
    engine.freeze();
    room.is_away();
    let mut early = Peer::connect(("127.0.0.1", room.servers[0].port));
    assert_eq!(early.rest(), "> The room's log cannot be reached: try again later\n");
    let mut late = Peer::connect(("127.0.0.1", room.servers[0].port));
    assert_eq!(late.rest(), "> The room's log cannot be reached: try again later\n");
    // By a program too.
    let mut program = Program::join(room.servers[0].port, &[]);
    assert_eq!(program.status(), 1);
    assert_eq!(program.out.all(), "> The room's log cannot be reached: try again later\n");
    engine.thaw();
    room.is_back();
    // From now on everybody is let in again.
    drop(room.peer(0));
    room.end();
}
