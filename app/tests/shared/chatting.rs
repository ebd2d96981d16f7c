//! What members do, wherever they are.

use std::time::Duration;

use crate::check::of_room;
use crate::engine::{Engine, Keeps};
use crate::harness::{Program, Signal, wait_until};
use crate::host::Host;
use crate::member::Member;
use crate::room::Room;

#[test]
fn sixty_members_at_three_servers() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.url("room"), 3).with_pause(Duration::from_millis(600));
    room.talk(60);
    for number in 0..60 {
        // Both are at other servers.
        let to = (number + 1) % 60;
        room.members[number].say(&format!("/msg 학생{to} 학생{number}의 비밀"));
    }
    room.goes_on();
    for (server, looks_for) in [(0, 1), (1, 4), (2, 5)] {
        let mut peer = room.peer(server);
        peer.send(format!("\n/who 학생{looks_for}\n"));
        let mut listed = peer.line_where(|line| line.contains(&format!("학생{looks_for}, ")));
        while listed.ends_with(',') {
            listed += &peer.line_where(|line| line.starts_with("> "));
        }
        let names: Vec<&str> =
            listed.split([' ', ',']).filter(|word| word.starts_with("학생")).collect();
        let expected: Vec<String> = (0..60)
            .map(|number| format!("학생{number}"))
            .filter(|name| name.starts_with(&format!("학생{looks_for}")))
            .collect();
        for name in &expected {
            assert!(names.contains(&name.as_str()), "{name}: {listed}");
        }
        peer.send("/name 학생7\n");
        let taken = peer.line_where(|line| line.starts_with("> The name"));
        assert_eq!(taken, "> The name 학생7 is taken; 학생60 is free");
    }
    let log = room.end();
    assert!(log.lines().iter().all(|line| !line.contains("비밀")));
    for (member, number) in room.members.iter().zip(0..) {
        let lines = member.lines();
        let got: Vec<_> = lines.iter().filter(|line| line.contains(" -> you] ")).collect();
        let from = (number + 59) % 60;
        assert_eq!(got, [&format!("[학생{from} -> you] 학생{from}의 비밀")], "{}", member.name);
    }
}

/// Names, and what the host does to whoever is elsewhere.
#[test]
fn a_host_has_a_say_at_all_servers() {
    let Some(engine) = Engine::start(Keeps::Nothing) else { return };
    let url = engine.known("room");
    let mut host = Host::start(&url);
    let room = Room::open(&url, 1);
    let mut near = host.peer();
    let (mut ann, mut ben) = (room.peer(0), room.peer(0));
    ann.send("\n/name 지민\n");
    ben.send("\n/name 민수\n");
    near.line_where(|line| line.ends_with(" is now 민수"));
    near.send("\n/msg 지민 안녕\n");
    let heard = ann.line_where(|line| line.contains(" -> you] "));
    assert_eq!(heard, format!("[{} -> you] 안녕", near.addr()));
    ann.send("/reply 응\n/msg Host 선생님\n");
    assert_eq!(near.line_where(|line| line.contains(" -> you] ")), "[지민 -> you] 응");
    host.sees(" 선생님");
    host.enters("/mute 민수");
    // At his server it is known then.
    ann.line_where(|line| line.contains("민수") && line.contains("muted"));
    ben.send("안 들려요\n");
    ben.line_where(|line| line == "> You are muted: that was not said");
    host.enters("/kick 지민 그만");
    assert!(ann.rest().ends_with("> Host removed you (그만)\n"));
    let said = near.line_where(|line| line.starts_with("> Host removed "));
    assert_eq!(said, "> Host removed 지민 (그만)");
    host.enters("/hush");
    near.line_where(|line| line.contains("Only Host speaks"));
    host.enters("선생님의 말");
    assert_eq!(ben.line_where(|line| line.starts_with("[Host]")), "[Host] 선생님의 말");
    room.servers[0].says("[Host] 선생님의 말\n");
    assert!(!room.servers[0].program.out.so_far().contains("안 들려요"));
}

/// Whoever comes late gets the same at each server, and so does whoever comes to new ones.
#[test]
fn history() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.known("room"), 3);
    room.talk(6);
    room.goes_on();
    room.goes_on();
    room.quiet();
    let last: Vec<String> = {
        room.say_last_word();
        // All was heard, so that each server has it, sooner or later.
        let lines = of_room(&room.servers[1].program.out.so_far());
        let messages: Vec<_> = lines.into_iter().filter(|line| line.starts_with('[')).collect();
        messages[messages.len() - 10..].to_vec()
    };
    let ports: Vec<u16> = room.servers.iter().map(|server| server.port).collect();
    for &port in &ports {
        assert_eq!(history_at(port), last);
    }
    for server in &mut room.servers {
        server.program.signal(Signal::TERM);
        assert_eq!(server.program.status(), 0);
    }
    let again: Vec<usize> = ports.into_iter().map(|port| room.serve_on(port)).collect();
    for at in again {
        assert_eq!(history_at(room.servers[at].port), last);
    }
}

/// Returns what somebody is shown who joins, and asks for 10 messages.
fn history_at(port: u16) -> Vec<String> {
    let late = Program::join(port, &["--history", "10", "--stay"]);
    let shown = late.out.wait_for("> That was earlier\n");
    let (_, earlier) = shown.split_once("> 10 earlier messages").unwrap();
    let (earlier, _) = earlier.split_once("> That was earlier").unwrap();
    // What else has happened between the first and the last of them stands there too.
    earlier.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect()
}

/// All servers are killed at once, and others take their places.
#[test]
fn new_servers() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.known("room"), 3);
    room.listen();
    room.talk(8);
    room.goes_on();
    let ports: Vec<u16> = room.servers.iter().map(|server| server.port).collect();
    for server in &room.servers {
        server.program.signal(Signal::KILL);
    }
    wait_until("all are gone", || room.living().is_empty().then_some(()));
    for port in ports {
        room.serve_on(port);
    }
    room.goes_on();
    room.end_as_heard();
}

/// Members whose connections end go on at the next server, and nobody notices.
#[test]
fn members_move() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = Room::open(&engine.known("room"), 3);
    room.talk(12);
    room.members_move_on(5);
    let log = room.end();
    let lost = room.members.iter().map(Member::lost);
    assert!(lost.max() >= Some(5));
    // The connections before do not end before they are taken over.
    assert!(!log.lines().iter().any(|line| line.starts_with("> New user 학생")));
}

/// Two rooms on one engine have nothing to do with each other.
#[test]
fn two_rooms() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut rooms = ["room", "room-2"].map(|name| Room::open(&engine.known(name), 2));
    for room in &mut rooms {
        room.talk(4);
    }
    for room in &mut rooms {
        room.goes_on();
    }
    let logs = rooms.each_mut().map(Room::end);
    for (log, other) in [(&logs[0], &logs[1]), (&logs[1], &logs[0])] {
        let entered = |line: &&String| line.starts_with("> New user ");
        for line in log.lines().iter().filter(entered) {
            let addr = line.split(' ').nth(3).unwrap();
            assert!(!other.lines().iter().any(|line| line.contains(addr)), "{addr}");
        }
    }
}
