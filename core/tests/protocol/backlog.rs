//! A room that cannot be stalled: readers that fall behind, and what the room does about it.

use std::time::Duration;

use chat_core::{Limits, MemberId};

use crate::world::{ANN, BEN, CAT, World};

/// The smallest backlog of short lines, so that a few of them fill it.
fn small() -> Limits {
    let limits = Limits { max_line: 100, ..Limits::default() };
    Limits { backlog: limits.least_backlog(), ..limits }
}

/// Messages of which a small backlog keeps only the last.
const MANY: u64 = 200;

/// A room with a reader and a talker, in which nobody has anything pending but the console, which
/// is closed.
fn room_of_two() -> (World, MemberId, MemberId) {
    let mut world = World::with(small());
    world.close_console();
    let [reader, talker] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(reader);
    (world, reader, talker)
}

/// The text of message `number`; as a line of the room it is 40 bytes long.
fn text(number: u64) -> String {
    format!("message {number:013}\n")
}

fn line(number: u64) -> String {
    format!("[{BEN}] {}", text(number))
}

fn far_behind() -> u64 {
    (small().backlog * 3 / 4) as u64
}

/// Checks that `heard` begins with `start` and the notice that the rest of `total` messages were
/// skipped, of which the last ones are in `heard` whole.
fn assert_skipped(heard: &str, start: &str, total: u64) {
    let kept = heard.matches(&format!("[{BEN}] message")).count();
    let skipped = total - kept as u64;
    let expected =
        format!("{start}> {skipped} messages skipped: this connection reads too slowly\n");
    assert!(heard.starts_with(&expected), "{skipped}: {:?}", &heard[..80]);
}

/// The talker says messages until the log ends at `end` or just before. Gives their number.
fn talk_until(world: &mut World, talker: MemberId, end: u64) -> u64 {
    let mut count = 0;
    while world.server.said() + line(0).len() as u64 <= end {
        world.receive(talker, text(count));
        count += 1;
    }
    count
}

#[test]
fn a_reader_in_time_misses_nothing() {
    let (mut world, reader, talker) = room_of_two();
    let expected: String = (0..MANY).map(line).collect();
    let mut heard = String::new();
    for number in 0..MANY {
        world.receive(talker, text(number));
        heard += &world.hear(reader);
    }
    assert_eq!(heard, expected);
}

#[test]
fn one_that_fell_behind_is_told_the_exact_number() {
    let (mut world, reader, talker) = room_of_two();
    let kept = small().backlog as u64 / line(0).len() as u64;
    for number in 0..MANY {
        world.receive(talker, text(number));
    }
    let skipped = MANY - kept;
    let expected = format!("> {skipped} messages skipped: this connection reads too slowly\n")
        + &(skipped..MANY).map(line).collect::<String>();
    assert_eq!(world.hear(reader), expected);
    world.receive(talker, text(MANY));
    assert_eq!(world.hear(reader), line(MANY), "and goes on as before");
}

#[test]
fn one_message_is_one() {
    let (mut world, reader, talker) = room_of_two();
    let kept = small().backlog as u64 / line(0).len() as u64;
    for number in 0..=kept {
        world.receive(talker, text(number));
    }
    let heard = world.hear(reader);
    let (notice, rest) = heard.split_once('\n').unwrap();
    assert_eq!(notice, "> 1 message skipped: this connection reads too slowly");
    assert_eq!(rest, (1..=kept).map(line).collect::<String>());
}

#[test]
fn half_a_message_is_ended_first_and_counts_as_skipped() {
    let (mut world, reader, talker) = room_of_two();
    world.receive(talker, text(0));
    let half = world.hear_bytes(reader, 10);
    assert_eq!(half, line(0).as_bytes()[..10]);
    for number in 1..MANY {
        world.receive(talker, text(number));
    }
    let heard = world.hear(reader);
    assert_skipped(&heard, "\n", MANY);
}

#[test]
fn half_a_message_is_not_ended_inside_a_character() {
    for got in 0..=12 {
        let (mut world, reader, talker) = room_of_two();
        world.receive(talker, "한é😀a\n");
        let label = format!("[{BEN}] ");
        let mut heard = world.hear_bytes(reader, label.len() + got);
        for number in 1..MANY {
            world.receive(talker, text(number));
        }
        heard.extend(world.hear_bytes(reader, usize::MAX));
        let heard = String::from_utf8(heard).unwrap();
        // As much of the message as the character needs in which the first part ended.
        let expected = ["", "한", "한é", "한é😀", "한é😀a"]
            .into_iter()
            .find(|text| text.len() >= got)
            .map_or_else(|| format!("{label}한é😀a\n"), |text| format!("{label}{text}\n"));
        // It is missed unless it lacks nothing but its newline.
        assert_skipped(&heard, &expected, MANY - u64::from(expected.ends_with("a\n")));
    }
}

#[test]
fn what_it_said_itself_it_did_not_miss() {
    let (mut world, reader, talker) = room_of_two();
    world.receive(talker, text(0));
    for number in 1..MANY {
        world.receive(if number % 3 == 0 { talker } else { reader }, text(number));
    }
    let heard = world.hear(reader);
    assert_skipped(&heard, "", MANY.div_ceil(3));
    assert!(!heard.contains(&format!("[{ANN}]")), "nothing of its own");
}

#[test]
fn skipped_again_before_it_is_told_it_is_told_once() {
    let (mut world, reader, talker) = room_of_two();
    for number in 0..MANY {
        world.receive(talker, text(number));
    }
    assert_eq!(world.hear_bytes(reader, 0), b"", "the socket takes nothing yet");
    for number in MANY..2 * MANY {
        world.receive(talker, text(number));
    }
    let heard = world.hear(reader);
    assert_skipped(&heard, "", 2 * MANY);
    assert_eq!(heard.matches("skipped").count(), 1);
}

#[test]
fn far_behind_is_three_quarters() {
    let (mut world, reader, talker) = room_of_two();
    let start = world.server.said();
    talk_until(&mut world, talker, start + far_behind() - 50);
    assert!(!world.server.is_waiting());
    let left = start + far_behind() - world.server.said();
    // A message that makes the log exactly as long as is far behind, or one byte shorter.
    for (length, waits) in [(left - 1, false), (left, true)] {
        let (mut world, _, talker) = room_of_two();
        talk_until(&mut world, talker, start + far_behind() - 50);
        let label = line(0).len() - text(0).len();
        let filler = "x".repeat(length as usize - label - 1);
        world.receive(talker, format!("{filler}\n"));
        assert_eq!(world.server.is_waiting(), waits, "{length} bytes");
    }
    assert_eq!(world.hear(reader).lines().count() as u64, (far_behind() - 50) / 40);
}

#[test]
fn the_room_waits_one_second_and_goes_on() {
    let (mut world, reader, talker) = room_of_two();
    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    assert!(world.server.is_waiting());
    world.pass_millis(999);
    assert!(world.server.is_waiting());
    world.pass_millis(1);
    assert!(!world.server.is_waiting());
    assert_eq!(world.tick_at, None);
    let _ = reader;
}

#[test]
fn one_that_trickles_is_not_waited_for_again() {
    let (mut world, reader, talker) = room_of_two();
    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    world.pass_millis(600);
    // It reads all but a byte: near again, but not caught up, so its second goes on.
    let pending = far_behind() as usize / 40 * 40;
    assert_eq!(world.hear_bytes(reader, pending - 1).len(), pending - 1);
    assert!(world.server.is_waiting());
    world.pass_millis(400);
    assert!(!world.server.is_waiting(), "a second in all");
    for _ in 0..3 {
        let end = world.server.said() + far_behind() + 40;
        talk_until(&mut world, talker, end);
        world.hear_bytes(reader, 5);
        assert!(!world.server.is_waiting());
    }
    // Once it has caught up it is waited for like any other.
    world.hear(reader);
    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    assert!(world.server.is_waiting());
}

/// Many that read nothing, each a little less far behind than the one before, hold the room no
/// longer than one does, whatever is said meanwhile.
#[test]
fn the_room_is_not_held_by_one_reader_after_the_other() {
    for is_loud in [true, false] {
        let mut world = World::new();
        world.close_console();
        let talkers: Vec<MemberId> =
            (0..40).map(|port| world.join(&format!("127.0.0.2:{}", 1000 + port))).collect();
        let lazy_ones = 60;
        let say = |world: &mut World, length: usize| {
            world.receive(talkers[0], "x".repeat(length) + "\n");
            talkers.iter().for_each(|&id| world.catch_up(id));
        };
        talkers.iter().for_each(|&id| world.catch_up(id));
        for port in 0..lazy_ones {
            world.join_quietly(&format!("127.0.0.3:{}", 1000 + port));
            say(&mut world, 100);
        }
        let Limits { backlog, grace, .. } = Limits::default();
        while world.server.said() < backlog as u64 / 2 {
            say(&mut world, 4_000);
        }
        while !world.server.is_waiting() {
            say(&mut world, 1_000);
        }
        let begin = world.now;
        while world.server.is_waiting() {
            for &talker in talkers.iter().filter(|_| is_loud) {
                let budget = world.budget(talker);
                world.receive(talker, "y".repeat(budget));
                talkers.iter().for_each(|&id| world.catch_up(id));
            }
            world.pass_millis(100);
            // Notices are said whatever happens.
            let guest = world.join(CAT);
            world.leave(guest);
            assert!(world.now <= begin + grace);
        }
        assert_eq!(world.now, begin + grace);
        // All of them were waited for.
        for _ in 0..lazy_ones {
            say(&mut world, 100);
            assert!(!world.server.is_waiting());
        }
    }
}

/// One that left with nothing but its greeting to read can miss nothing.
#[test]
fn one_that_can_miss_nothing_is_not_waited_for() {
    let (mut world, reader, talker) = room_of_two();
    world.leave(reader);
    let guest = world.join(CAT);
    world.end_of_input(guest);
    world.hear(talker);
    let end = world.server.said() + far_behind() + 400;
    talk_until(&mut world, talker, end);
    assert!(!world.server.is_waiting());
    assert_eq!(world.hear(guest), "> Connected to the chat server (2 users online)\n");
}

#[test]
fn one_that_leaves_is_not_waited_for() {
    let (mut world, reader, talker) = room_of_two();
    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    assert!(world.server.is_waiting());
    world.leave(reader);
    assert!(!world.server.is_waiting());
}

#[test]
fn the_console_is_a_reader_like_any_other() {
    let mut world = World::with(small());
    let talker = world.join_quietly(BEN);
    world.console();
    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    assert!(world.server.is_waiting());
    world.pass(Duration::from_secs(1));
    assert!(!world.server.is_waiting());
    for number in 0..MANY {
        world.receive(talker, text(number));
    }
    assert!(world.console().contains("messages skipped: this connection reads too slowly\n["));

    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    assert!(world.server.is_waiting());
    world.close_console();
    assert!(!world.server.is_waiting(), "a closed one is not waited for");
}

#[test]
fn one_that_left_is_told_what_it_missed_before_that() {
    let (mut world, reader, talker) = room_of_two();
    for number in 0..3 {
        world.receive(talker, text(number));
    }
    world.end_of_input(reader);
    for number in 3..MANY {
        world.receive(talker, text(number));
    }
    let notice = "> 3 messages skipped: this connection reads too slowly\n";
    assert_eq!(world.hear(reader), notice);
    assert!(world.is_finished(reader));
}

/// While a member is held back nobody listens to it, so its silence ends no message.
#[test]
fn one_that_is_held_back_is_not_silent() {
    let (mut world, reader, talker) = room_of_two();
    let muller = world.join_quietly(CAT);
    world.hear(reader);
    world.hear(talker);
    let end = world.server.said() + far_behind() + 40;
    talk_until(&mut world, talker, end);
    assert!(world.server.is_waiting());
    world.hear(muller);
    while world.budget(muller) > 0 {
        world.receive(muller, "x".repeat(world.budget(muller)));
    }
    let said = world.server.said();
    world.pass_millis(500);
    assert_eq!(world.server.said(), said);
    world.hear(reader);
    world.receive(muller, "the end\n");
    assert!(world.hear(reader).ends_with("xthe end\n"));
}

/// What is said of newcomers costs a reader in time nothing either: while the room waits, no more of
/// them are taken than that.
#[test]
fn newcomers_wait_for_readers_too() {
    let mut world = World::new();
    let slow = world.join_quietly(ANN);
    let talker = world.join_quietly(BEN);
    while !world.server.is_waiting() {
        world.receive(talker, [&[b'x'; 999], b"\n".as_slice()].concat());
        world.catch_up(talker);
        world.console();
    }
    let mut newcomers = 0;
    while world.server.takes_newcomers() {
        world.join(&format!("127.0.0.1:{}", 50_000 + newcomers));
        newcomers += 1;
        assert!(newcomers < 10_000, "too many are taken");
    }
    assert!(newcomers > 0, "a few are taken");
    assert!(!world.hear(slow).contains("skipped"));
    assert!(world.server.takes_newcomers(), "now all are");
}
