//! Members that flood, beside people who chat: the room is never held up for these.

use std::time::Duration;

use chat_core::{Limits, MemberId};

use crate::world::{ANN, BEN, CAT, World};

const TEXT: &str = "message 0123456789012\n";

/// What a member may say of which nothing is said otherwise: a whole allowance, once the first eight
/// seconds have passed.
const WHOLE: Duration = Duration::from_secs(9);

#[test]
fn while_the_room_waits_a_little_may_be_said() {
    let mut world = World::new();
    world.close_console();
    let [reader, flooder, chatter] = [ANN, BEN, CAT].map(|addr| world.join_quietly(addr));
    world.pass(WHOLE);
    world.hear(reader);
    flood_until_far_behind(&mut world, flooder, &[chatter]);
    assert!(world.server.is_waiting());
    assert_eq!(world.budget(flooder), 0, "that was more than a little already");

    let before = world.server.said();
    while world.budget(chatter) > TEXT.len() {
        world.receive(chatter, TEXT);
        world.hear(flooder);
    }
    let said = world.server.said() - before;
    assert!((3_500..4_096).contains(&said), "{said} bytes of the log are a little");
    let refused = world.budget(chatter);
    world.pass_millis(500);
    let after = world.budget(chatter);
    assert!(after > refused, "time gives it back: {refused}, {after}");

    world.hear(reader);
    assert!(!world.server.is_waiting());
    for id in [flooder, chatter] {
        assert!(world.budget(id) > 4_096, "{}: now nothing is counted", world.budget(id));
    }
}

#[test]
fn a_newcomer_may_say_less_at_first() {
    let mut world = World::new();
    world.close_console();
    let [reader, flooder] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(reader);
    flood_until_far_behind(&mut world, flooder, &[]);
    let mut said = 0;
    for again in 0..8 {
        let newcomer = world.join(&format!("{}{again}", &CAT[..CAT.len() - 1]));
        let before = world.server.said();
        while world.budget(newcomer) > TEXT.len() {
            world.receive(newcomer, TEXT);
        }
        said += world.server.said() - before;
        world.leave(newcomer);
    }
    assert!((8 * 40..=8 * 500).contains(&said), "{said}: coming again gives nobody a whole one");
    assert!(world.server.is_waiting());
}

/// Thirty flood, and a dozen read for half a second and then do not for up to three, so that the room
/// waits most of the time. Two who chat are listened to at any moment.
#[test]
fn floods_and_lazy_readers_together_hold_up_nobody_who_chats() {
    const STEP: u64 = 5;
    // Under Miri there is time for one of the room's waits.
    let steps = if cfg!(miri) { 50 } else { 2_000 };
    let mut world = World::new();
    let mut join = |net: u8, count: u16| -> Vec<MemberId> {
        (0..count).map(|port| world.join(&format!("127.0.0.{net}:{}", 10_000 + port))).collect()
    };
    let (chatters, flooders, lazy_ones) = (join(1, 2), join(2, 30), join(3, 12));
    world.pass(WHOLE);
    let flood = TEXT.repeat(50);
    let (mut waits, mut was_waiting, mut refusals) = (0, false, 0);
    for step in 0..steps {
        for &id in &flooders {
            let budget = world.budget(id);
            refusals += usize::from(budget == 0);
            world.receive(id, &flood[..budget.min(flood.len())]);
        }
        waits += usize::from(world.server.is_waiting() && !was_waiting);
        was_waiting = world.server.is_waiting();
        if step % 10 == 0 {
            for &id in &chatters {
                let budget = world.budget(id);
                assert!(budget >= TEXT.len(), "{budget} bytes of one who chats, {}", step * STEP);
                world.receive(id, TEXT);
            }
        }
        for (index, &id) in lazy_ones.iter().enumerate() {
            let period = 1_500 + index as u64 * 200;
            if step * STEP % period < 500 {
                world.hear(id);
            }
        }
        chatters.iter().chain(&flooders).for_each(|&id| world.catch_up(id));
        world.console();
        world.pass_millis(STEP);
    }
    let least = if cfg!(miri) { 0 } else { 8 };
    assert!(waits >= least && refusals > 0, "{waits} waits, {refusals} refusals");
}

/// A member floods until the room waits for whoever does not read; the console and `others` do.
fn flood_until_far_behind(world: &mut World, flooder: MemberId, others: &[MemberId]) {
    let end = world.server.said() + Limits::default().backlog as u64;
    while !world.server.is_waiting() {
        world.receive(flooder, TEXT);
        world.hear(flooder);
        others.iter().for_each(|&id| world.catch_up(id));
        assert!(world.server.said() < end, "nobody is waited for");
    }
}
