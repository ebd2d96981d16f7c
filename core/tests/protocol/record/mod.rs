//! The record: what an observer keeps of the room, and what the room knows of an earlier run.

mod gate;
mod keeping;
mod restoring;

use std::convert::Infallible;

use chat_core::{Delivered, Instant, ReaderId, Wall};

use crate::world::World;

/// A second of a day in 2026, nine hours ahead of UTC.
fn second(second: i64) -> Wall {
    Wall { unix_seconds: 1_780_000_000 + second, offset_seconds: 9 * 3600 }
}

/// The clock on the wall says a second from now on.
fn set_second(world: &mut World, number: i64) {
    world.now = Instant::from_micros(1_000_000 * number.unsigned_abs());
    world.server.set_wall(world.now, second(number));
    world.settle();
}

/// All that a record has pending: each delivery's second, and what it lends.
fn read(world: &mut World, record: ReaderId) -> Vec<(i64, String)> {
    let mut read = Vec::new();
    loop {
        let Ok(delivered) = world.server.deliver_timed(record, |wall, slices| {
            let text = String::from_utf8(slices.concat()).unwrap();
            let length = text.len();
            read.push((wall.unix_seconds - second(0).unix_seconds, text));
            Ok::<_, Infallible>(length)
        });
        world.settle();
        if delivered != Delivered::Partial {
            return read;
        }
    }
}

/// What a record has pending, whenever it was said.
fn lines(world: &mut World, record: ReaderId) -> String {
    read(world, record).into_iter().map(|(_, text)| text).collect()
}
