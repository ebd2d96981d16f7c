//! Servers that are gone, or that the others take for that.

use crate::engine::{Engine, Keeps};
use crate::harness::{Peer, Signal, wait_until};
use crate::room::Room;

/// Members without a session at the server that will be gone.
const LOST: usize = 3;

/// A room in which all talk, and who else is at its last server.
fn talking(engine: &Engine) -> (Room, Vec<Peer>) {
    let mut room = Room::open(&engine.known("room"), 3);
    room.talk(12);
    let peers = (0..LOST).map(|_| room.peer(2)).collect();
    room.goes_on();
    (room, peers)
}

/// Waits until two servers say that the third one is gone, and returns how they do.
fn is_gone(room: &Room) -> String {
    let lines = [0, 1].map(|at| {
        let said = room.servers[at].says("left: their server is gone (");
        let line = said.lines().find(|line| line.contains("their server is gone"));
        line.unwrap().split(" left").next().unwrap().to_owned()
    });
    assert_eq!(lines[0], lines[1]);
    lines[0].clone()
}

/// Those who can come back do at once; the others are gone when the server is.
#[test]
fn killed() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let (mut room, _peers) = talking(&engine);
    room.kill(2);
    room.goes_on();
    assert_eq!(is_gone(&room), "< 3 users");
    room.goes_on();
    let log = room.end();
    // Nobody else was away for long enough to be missed.
    assert!(!log.lines().iter().any(|line| line.starts_with("> New user 학생")));
    assert!(room.members.iter().any(|member| member.lost() > 0));
}

/// It stands still, is taken for gone, and finds that out.
#[test]
fn frozen() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let (mut room, peers) = talking(&engine);
    room.stop(2);
    // Four members are still there, and do not know.
    assert_eq!(is_gone(&room), "< 7 users");
    room.go_on(2);
    assert_eq!(room.servers[2].program.status(), 1);
    let said = room.servers[2].program.err.all();
    assert_eq!(said, "chat: the room has taken this server for gone\n");
    for mut peer in peers {
        peer.rest();
    }
    room.goes_on();
    let log = room.end();
    let back = log.lines().iter().filter(|line| line.starts_with("> New user 학생"));
    assert_eq!(back.count(), 4);
}

/// It is killed, and the engine too.
#[test]
fn killed_with_the_engine() {
    let Some(mut engine) = Engine::start(Keeps::Always) else { return };
    let (mut room, _peers) = talking(&engine);
    engine.kill();
    room.kill(2);
    engine.start_again();
    room.goes_on();
    assert_eq!(is_gone(&room), "< 3 users");
    room.was_away = true;
    room.end();
}

/// Somebody who has just come to it goes on at a server that has not heard of that yet.
#[test]
fn killed_when_somebody_has_come() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let (mut room, _peers) = talking(&engine);
    for at in [0, 1] {
        room.stop(at);
    }
    let name = room.join_by_hand(2).name.clone();
    room.go_on_talking();
    room.kill(2);
    // By now it tries the next one, which is in its backlog.
    wait_until("it has noticed", || (room.members[12].lost() > 0).then_some(()));
    for at in [0, 1] {
        room.go_on(at);
    }
    room.goes_on();
    let log = room.end();
    let named = log.lines().iter().filter(|line| line.ends_with(&format!(" is now {name}")));
    assert_eq!(named.count(), 1);
}

/// It ends as it is told to, and says so to the others.
#[test]
fn ended() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let (mut room, peers) = talking(&engine);
    room.servers[2].program.signal(Signal::TERM);
    assert_eq!(room.servers[2].program.status(), 0);
    assert_eq!(is_gone(&room), "< 7 users");
    for mut peer in peers {
        peer.rest();
    }
    room.goes_on();
    room.end();
}

/// It ends as it is told to while the engine is away, and says what may be lost by that.
#[test]
fn ended_without_the_engine() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let (mut room, mut peers) = talking(&engine);
    engine.freeze();
    peers[0].send("하나\n둘\n");
    room.is_away();
    room.servers[2].program.signal(Signal::TERM);
    assert_eq!(room.servers[2].program.status(), 1);
    let said = room.servers[2].program.err.all();
    let last = said.lines().last();
    assert_eq!(last, Some("chat: the room may lack 2 messages said here"), "{said}");
    engine.thaw();
    assert_eq!(is_gone(&room), "< 3 users");
    room.goes_on();
    room.end();
}

/// A server that is started while they talk knows all that was said.
#[test]
fn a_further_server() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let (mut room, peers) = talking(&engine);
    let further = room.serve();
    room.join(further);
    room.go_on_talking();
    room.goes_on();
    drop(peers);
    room.end();
}
