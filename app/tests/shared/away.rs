//! Engines that are away for a while: killed, frozen, full.

use std::thread;
use std::time::Duration;

use crate::engine::{Engine, Keeps};
use crate::room::Room;

/// A room in which all talk.
fn talking(engine: &Engine) -> Room {
    let mut room = Room::open(&engine.known("room"), 3);
    room.talk(12);
    room.goes_on();
    room
}

/// The engine is killed, and is back with what it has kept, less what it loses then.
fn killed(keeps: Keeps, loses: u64) {
    let Some(mut engine) = Engine::start(keeps) else { return };
    let mut room = talking(&engine);
    if let Keeps::Saved = keeps {
        engine.ask(&["SAVE"]);
        room.goes_on();
    }
    engine.kill();
    if loses > 0 {
        engine.lose(loses);
    }
    room.is_away();
    engine.start_again();
    room.is_back();
    room.goes_on();
    room.end();
}

#[test]
fn killed_and_keeps_all() {
    killed(Keeps::Always, 0);
}

#[test]
fn killed_and_keeps_all_but_a_second() {
    killed(Keeps::EverySecond, 0);
}

/// As when the power fails: what was written last is gone.
#[test]
fn killed_and_loses_the_last_second() {
    killed(Keeps::EverySecond, 4000);
}

#[test]
fn killed_and_keeps_what_was_saved() {
    killed(Keeps::Saved, 0);
}

#[test]
fn killed_and_keeps_nothing() {
    killed(Keeps::Nothing, 0);
}

/// By hand: `cargo test --package chat --test shared -- --ignored away::`.
#[test]
#[ignore = "takes minutes"]
fn killed_again_and_again() {
    for keeps in [Keeps::Always, Keeps::EverySecond, Keeps::Saved, Keeps::Nothing] {
        let Some(mut engine) = Engine::start(keeps) else { return };
        let mut room = talking(&engine);
        room.was_away = true;
        for round in 0..25 {
            thread::sleep(Duration::from_millis(fastrand::u64(..2000)));
            if let (Keeps::Saved, true) = (keeps, fastrand::bool()) {
                engine.ask(&["SAVE"]);
            }
            engine.kill();
            if let (Keeps::EverySecond | Keeps::Always, true) = (keeps, fastrand::bool()) {
                engine.lose(fastrand::u64(..8000));
            }
            thread::sleep(Duration::from_millis(fastrand::u64(..2000)));
            engine.start_again();
            eprintln!("{keeps:?}: round {round}");
            room.goes_on();
        }
        room.end();
    }
}

/// Its clock goes on meanwhile: all leases have run out when it is back, and nobody is taken for gone.
#[test]
fn frozen() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = talking(&engine);
    engine.freeze();
    room.is_away();
    thread::sleep(Duration::from_secs(8));
    engine.thaw();
    room.is_back();
    room.goes_on();
    let log = room.end();
    assert!(!log.lines().iter().any(|line| line.contains("their server is gone")));
}

/// Members come back meanwhile, at the server that they were at, and at the next: what they have said that is
/// not in the log yet is said once.
#[test]
fn members_come_back_meanwhile() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = talking(&engine);
    engine.freeze();
    room.is_away();
    for member in &room.members {
        member.come_again();
    }
    thread::sleep(Duration::from_secs(1));
    for member in room.members.iter().step_by(2) {
        member.move_on();
    }
    thread::sleep(Duration::from_secs(1));
    engine.thaw();
    // Who is on the way between two servers is not told that the room goes on.
    room.goes_on();
    room.end();
}

/// The engine has lost the last of what it had, and a server stands still while the others heal that.
#[test]
fn a_server_is_late() {
    let Some(mut engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = talking(&engine);
    room.stop(2);
    room.was_away = true;
    engine.kill();
    engine.lose(4000);
    engine.start_again();
    thread::sleep(Duration::from_secs(2));
    room.go_on(2);
    room.goes_on();
    room.end();
}

/// The engine has lost all, and a new server is the first to come to it.
#[test]
fn a_new_server_is_first() {
    let Some(mut engine) = Engine::start(Keeps::Nothing) else { return };
    let mut room = talking(&engine);
    for at in 0..3 {
        room.stop(at);
    }
    room.was_away = true;
    engine.kill();
    engine.start_again();
    let further = room.serve();
    for at in 0..3 {
        room.go_on(at);
    }
    room.join(further);
    room.go_on_talking();
    room.goes_on();
    room.end();
}

#[test]
fn full() {
    let Some(engine) = Engine::start(Keeps::EverySecond) else { return };
    let mut room = talking(&engine);
    engine.fill();
    room.is_away();
    engine.make_space();
    room.is_back();
    room.goes_on();
    room.end();
}
