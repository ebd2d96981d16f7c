//! Engines of which another one takes over.

use crate::room::Room;
use crate::sentinels::Sentinels;

/// A room in which all talk, on three engines.
fn talking(sentinels: &Sentinels) -> Room {
    let mut room = Room::open(&sentinels.known("room"), 3);
    room.talk(12);
    room.goes_on();
    room
}

#[test]
fn the_master_is_killed() {
    let Some(mut sentinels) = Sentinels::start() else { return };
    let mut room = talking(&sentinels);
    let master = sentinels.master();
    sentinels.engines[master].kill();
    room.is_away();
    sentinels.wait_for_another(master);
    room.is_back();
    room.goes_on();
    // It is back, and is told that it is the master no more.
    sentinels.engines[master].start_again();
    room.goes_on();
    room.end();
}

/// The master stands still for so long that another one takes over, and goes on as if nothing had been.
#[test]
fn the_master_is_frozen() {
    let Some(sentinels) = Sentinels::start() else { return };
    let mut room = talking(&sentinels);
    let master = sentinels.master();
    sentinels.engines[master].freeze();
    room.is_away();
    sentinels.wait_for_another(master);
    room.is_back();
    sentinels.engines[master].thaw();
    room.goes_on();
    sentinels.is_replica(master);
    room.goes_on();
    room.end();
}

/// The master goes on, also as one that takes orders, for some seconds in which there are two.
#[test]
fn the_master_is_replaced() {
    let Some(sentinels) = Sentinels::start() else { return };
    let mut room = talking(&sentinels);
    let master = sentinels.master();
    // It may take long enough to be told.
    room.was_away = true;
    sentinels.fail_over();
    sentinels.wait_for_another(master);
    room.goes_on();
    // This one is told the new one's place.
    let further = room.serve();
    room.join(further);
    room.go_on_talking();
    room.goes_on();
    room.end();
}
