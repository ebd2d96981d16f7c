//! The gate: nobody gets a line before the record has confirmed it.

use std::time::Duration;

use chat_core::{Delivered, Event, Limits, MemberId, ReaderId};

use super::{lines, read};
use crate::world::{ANN, BEN, CAT, World};

/// A room with a record that confirms, and a console that nobody looks at.
fn gated(limits: Limits) -> (World, ReaderId) {
    let mut world = World::with(limits);
    world.close_console();
    let record = world.server.record();
    world.server.set_gate(Some(record));
    world.settle();
    (world, record)
}

/// What the record is delivered is safe at once.
fn confirm(world: &mut World, record: ReaderId) -> String {
    let kept = lines(world, record);
    world.server.confirm(world.now, record);
    world.settle();
    kept
}

/// A member that has read its greeting and what came before that.
fn join(world: &mut World, record: ReaderId, addr: &str) -> MemberId {
    let id = world.join(addr);
    confirm(world, record);
    world.hear(id);
    id
}

/// The smallest backlog of short lines.
fn small() -> Limits {
    let limits = Limits { max_line: 100, ..Limits::default() };
    Limits { backlog: limits.least_backlog(), ..limits }
}

/// A message; as a line of the room it is 40 bytes long.
fn text(number: usize) -> String {
    format!("message {number:013}\n")
}

fn line(number: usize) -> String {
    format!("[{ANN}] {}", text(number))
}

#[test]
fn nobody_gets_a_line_before_it_is_confirmed() {
    let mut world = World::new();
    let record = world.server.record();
    world.server.set_gate(Some(record));
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.hear(ann);
    world.console();
    world.events.clear();
    assert!(!world.server.holds_back());
    let said = world.server.said();

    world.receive(ann, "안녕\n");
    assert!(world.server.holds_back());
    assert_eq!(world.server.said(), said);
    assert_eq!(world.events, [Event::Addressed(record)]);
    world.events.clear();
    assert!(!world.server.has_pending(ben));
    assert_eq!(world.take(ben, usize::MAX), (Vec::new(), Delivered::Nothing));
    assert_eq!(world.console(), "");
    // It is delivered to the record, but not confirmed.
    assert_eq!(lines(&mut world, record), format!("[{ANN}] 안녕\n"));
    assert_eq!(world.hear(ben), "");

    world.server.confirm(world.now, record);
    world.settle();
    assert_eq!(world.events, [Event::Grown]);
    assert!(!world.server.holds_back());
    let expected = format!("[{ANN}] 안녕\n");
    assert_eq!(world.server.said(), said + expected.len() as u64);
    assert_eq!(world.take(ben, usize::MAX), (expected.clone().into(), Delivered::CaughtUp));
    assert_eq!(world.console(), expected);
    assert_eq!(world.hear(ann), "");
}

#[test]
fn what_was_said_before_is_let_through() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.receive(ann, "one\n");
    let record = world.server.record();
    world.server.set_gate(Some(record));
    world.receive(ann, "two\n");
    assert_eq!(world.hear(ben), format!("[{ANN}] one\n"));
    // It is the same gate.
    world.server.set_gate(Some(record));
    assert_eq!(world.hear(ben), "");
    confirm(&mut world, record);
    assert_eq!(world.hear(ben), format!("[{ANN}] two\n"));
}

/// What only one reader gets comes after the lines before it, also where these are its own.
#[test]
fn answers_and_greetings_keep_their_places() {
    let (mut world, record) = gated(Limits::default());
    let ann = world.join(ANN);
    assert_eq!(world.hear(ann), "");
    confirm(&mut world, record);
    assert_eq!(world.hear(ann), "> Connected to the chat server (1 user online)\n");
    // With nothing held back they need no line.
    world.receive(ann, "/name\n");
    assert_eq!(
        world.hear(ann),
        format!("> You are {ANN} ({ANN})\n").replace(&format!(" ({ANN})"), "")
    );

    let ben = world.join(BEN);
    world.receive(ann, "one\n/name\n/history\n");
    world.receive(ben, "two\n/name\n");
    assert_eq!([ann, ben].map(|id| world.hear(id)), ["", ""]);
    let kept = confirm(&mut world, record);
    let entered = format!("> New user {BEN} entered (2 users online)\n");
    let [one, two] = [format!("[{ANN}] one\n"), format!("[{BEN}] two\n")];
    assert_eq!(kept, format!("{entered}{one}{two}"));
    assert_eq!(
        world.hear(ann),
        format!("{entered}> You are {ANN}\n> 1 earlier message:\n{one}> That was earlier\n{two}")
    );
    assert_eq!(
        world.hear(ben),
        format!("> Connected to the chat server (2 users online)\n{one}> You are {BEN}\n")
    );
}

#[test]
fn only_whole_lines_are_let_through() {
    let (mut world, record) = gated(Limits::default());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.hear(ann);
    world.receive(ann, "one\ntwo\n");
    let [one, two] = ["one", "two"].map(|text| format!("[{ANN}] {text}\n"));
    for count in [3, one.len() - 4, 1, two.len() - 1, 1] {
        let _ = world.server.deliver_timed(record, |_, _| Ok::<_, ()>(count));
        world.server.confirm(world.now, record);
        world.settle();
        let expected = match count {
            1 if world.server.holds_back() => &one,
            1 => &two,
            _ => "",
        };
        assert_eq!(world.hear(ben), *expected, "{count}");
    }
}

#[test]
fn an_open_gate_holds_nothing_back() {
    for is_dismissed in [true, false] {
        let (mut world, record) = gated(Limits::default());
        let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
        confirm(&mut world, record);
        world.receive(ann, "one\n");
        assert_eq!(world.hear(ben), "");
        if is_dismissed {
            world.server.dismiss(record);
        } else {
            world.server.set_gate(None);
        }
        world.settle();
        assert!(!world.server.holds_back());
        assert_eq!(world.hear(ben), format!("[{ANN}] one\n"));
        world.receive(ann, "two\n");
        assert_eq!(world.hear(ben), format!("[{ANN}] two\n"));
        // Nobody is asked any more.
        world.server.confirm(world.now, record);
        world.receive(ann, "three\n");
        assert_eq!(world.hear(ben), format!("[{ANN}] three\n"));
    }
}

#[test]
fn only_the_gates_reader_confirms() {
    let (mut world, record) = gated(Limits::default());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.receive(ann, "one\n");
    let other = world.server.record();
    lines(&mut world, other);
    for id in [other, ann.into(), ben.into()] {
        world.server.confirm(world.now, id);
    }
    assert_eq!(world.hear(ben), "");
    // Who is nobody opens it.
    world.leave(ben);
    world.server.set_gate(Some(ben.into()));
    assert!(!world.server.holds_back());
}

#[test]
fn one_that_left_gets_the_lines_before_that() {
    let (mut world, record) = gated(Limits::default());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.receive(ann, "bye\n");
    world.end_of_input(ben);
    assert_eq!(world.take(ben, usize::MAX), (Vec::new(), Delivered::Nothing));
    confirm(&mut world, record);
    let bye = format!("[{ANN}] bye\n").into_bytes();
    assert_eq!(world.take(ben, usize::MAX), (bye, Delivered::Finished));
}

#[test]
fn one_that_comes_back_gets_what_was_held_back() {
    let (mut world, record) = gated(Limits::default());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.hear(ann);
    world.receive(ben, "\n\r\n");
    let session = world.hear(ben);
    let key = session.strip_prefix("> /session ").unwrap().split(' ').next().unwrap().to_owned();
    world.receive(ann, "one\n");
    world.receive(ben, "mine\n");
    world.leave(ben);
    confirm(&mut world, record);
    world.receive(ann, "two\n");
    let again = world.join(CAT);
    world.receive(again, format!("/resume {key} 0\n"));
    world.receive(ann, "three\n");
    let [one, two, three] = ["one", "two", "three"].map(|text| format!("[{ANN}] {text}\n"));
    let heard = world.hear(ben);
    assert_eq!(heard.strip_prefix("> /resumed 5\n"), Some(one.as_str()), "{heard}");
    confirm(&mut world, record);
    assert_eq!(world.hear(ben), format!("{two}{three}"));
}

/// The room waits for the record as it waits for a reader, for a second. Then the gate is open, and who
/// could get no further has a second too.
#[test]
fn a_record_that_never_confirms_is_waited_for_once() {
    let (mut world, record) = gated(small());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.hear(ann);
    let mut count = 0;
    while !world.server.is_waiting() {
        world.receive(ann, text(count));
        count += 1;
    }
    assert_eq!(world.hear(ben), "");
    world.pass_millis(999);
    assert!(world.server.holds_back());
    world.pass_millis(1);
    assert!(!world.server.holds_back());
    // Nothing is lost by that, if it is read in time.
    assert!(world.server.is_waiting());
    world.pass_millis(999);
    assert!(world.server.is_waiting());
    assert_eq!(world.hear(ben), (0..count).map(line).collect::<String>());
    assert!(!world.server.is_waiting());

    // The room does not wait for it again, whatever it misses.
    let first = count;
    while count < first + 1_000 {
        assert!(world.budget(ann) > 0);
        world.receive(ann, text(count));
        assert_eq!(world.hear(ben), line(count));
        count += 1;
    }
    let kept = lines(&mut world, record);
    let missing = count - (kept.lines().count() - 1);
    let notice = format!("> {missing} messages are missing here: they could not be recorded\n");
    assert_eq!(kept, notice + &(missing..count).map(line).collect::<String>());
    // What it got is safe, and it has caught up: the gate is closed again.
    world.receive(ann, text(count));
    assert_eq!(world.hear(ben), line(count));
    world.server.confirm(world.now, record);
    world.receive(ann, text(count + 1));
    assert_eq!(world.hear(ben), "");
    assert_eq!(confirm(&mut world, record), line(count) + &line(count + 1));
    assert_eq!(world.hear(ben), line(count + 1));
}

/// Who has not read what it might have read is given up in the end, all the same.
#[test]
fn a_reader_holds_the_room_no_longer_than_the_record_and_a_second() {
    let (mut world, record) = gated(small());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    for number in 0..10 {
        world.receive(ann, text(number));
    }
    confirm(&mut world, record);
    for number in 10..200 {
        world.receive(ann, text(number));
    }
    let begin = world.now;
    while world.server.is_waiting() {
        world.pass_millis(1);
    }
    assert_eq!(world.now, begin + Duration::from_secs(2));
    assert!(world.hear(ben).contains(" skipped: "));
}

/// Who can get no further is not given up with others that do not read.
#[test]
fn what_is_held_back_is_nobodys_delay() {
    let (mut world, record) = gated(small());
    let [ann, ben, _slow] = [ANN, BEN, CAT].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    [ann, ben].iter().for_each(|&id| world.catch_up(id));
    while !world.server.is_waiting() {
        world.receive(ann, text(0));
        confirm(&mut world, record);
        world.catch_up(ben);
    }
    world.pass_millis(500);
    // More than budgets allow.
    let much = small().backlog * 8 / 10 / line(0).len();
    (0..much).for_each(|number| world.receive(ann, text(number)));
    world.pass_millis(500);
    assert!(world.server.is_waiting() && world.server.holds_back());
    world.pass_millis(500);
    assert!(world.server.is_waiting() && !world.server.holds_back());
    world.receive(ann, text(much));
    assert_eq!(world.hear(ben), (0..=much).map(line).collect::<String>());
    assert!(!world.server.is_waiting());
}

/// What one gets only after a second of waiting it has a second for.
#[test]
fn what_is_let_through_late_is_read_in_time() {
    let (mut world, record) = gated(small());
    let [ann, ben, _slow] = [ANN, BEN, CAT].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    [ann, ben].iter().for_each(|&id| world.catch_up(id));
    (0..12).for_each(|number| world.receive(ann, text(number)));
    confirm(&mut world, record);
    world.catch_up(ben);
    let mut count = 12;
    while !world.server.is_waiting() {
        world.receive(ann, text(count));
        count += 1;
    }
    world.pass_millis(990);
    confirm(&mut world, record);
    world.pass_millis(990);
    assert!(world.server.is_waiting());
    assert_eq!(world.hear(ben), (12..count).map(line).collect::<String>());
}

/// A flood is as fast as the disk, and costs nobody anything: neither readers nor the record.
#[test]
fn a_flood_waits_for_the_disk() {
    for (limits, share) in [(small(), 4), (Limits::default(), 4), (Limits::default(), 1)] {
        let (mut world, record) = gated(limits.clone());
        let ids = [ANN, BEN, CAT].map(|addr| join(&mut world, record, addr));
        confirm(&mut world, record);
        let ann = ids[0];
        ids.iter().for_each(|&id| world.catch_up(id));
        let [mut kept, mut heard, mut flood] = [const { String::new() }; 3];
        let (mut count, mut waits) = (0, 0);
        for _ in 0..60 {
            // As much as is taken, until the disk is done with what it was given.
            let most = limits.backlog / share;
            let mut batch = Vec::new();
            while batch.len() < most {
                let Ok(delivered) = world.server.deliver_timed(record, |_, slices| {
                    let before = batch.len();
                    batch.extend(slices.concat());
                    batch.truncate(most);
                    Ok::<_, ()>(batch.len() - before)
                }) else {
                    unreachable!("it takes all")
                };
                if delivered != Delivered::Partial {
                    break;
                }
            }
            kept += std::str::from_utf8(&batch).unwrap();
            loop {
                let budget = world.budget(ann);
                if budget == 0 {
                    break;
                }
                while flood.len() < budget {
                    flood += &text(count);
                    count += 1;
                }
                world.receive(ann, flood.drain(..budget).as_str());
            }
            assert!(world.server.is_waiting());
            waits += 1;
            world.pass_millis(400 / share as u64);
            world.server.confirm(world.now, record);
            world.settle();
            heard += &world.hear(ids[1]);
            assert!(kept.starts_with(&heard), "a line that was not confirmed");
        }
        assert!(waits == 60 && count > 60, "{count}");
        world.pass_millis(60_000);
        world.receive(ann, flood);
        kept += &confirm(&mut world, record);
        heard += &world.hear(ids[1]);
        let all: String = (0..count).map(line).collect();
        assert!(kept == all && heard == all, "something is missing");
    }
}

/// The gate alone may lack much, or its readers, or both: what they lack together is what counts.
#[test]
fn a_reader_behind_a_record_that_is_late_misses_nothing() {
    let (mut world, record) = gated(Limits::default());
    let [ann, ben] = [ANN, BEN].map(|addr| join(&mut world, record, addr));
    confirm(&mut world, record);
    world.hear(ann);
    let half = Limits::default().backlog / 2 / 40;
    for number in 0..half {
        world.receive(ann, text(number));
    }
    confirm(&mut world, record);
    let mut count = half;
    while !world.server.is_waiting() {
        world.receive(ann, text(count));
        count += 1;
    }
    // Three quarters of the backlog.
    assert_eq!(count, half * 3 / 2 + 1);
    assert_eq!(world.hear(ben), (0..half).map(line).collect::<String>());
    assert!(!world.server.is_waiting());
    confirm(&mut world, record);
    assert_eq!(world.hear(ben), (half..count).map(line).collect::<String>());
}

/// Moments and seconds are the record's affair too.
#[test]
fn a_record_that_was_stopped_has_its_second_anew() {
    let (mut world, record) = gated(small());
    let ann = join(&mut world, record, ANN);
    for number in 0..200 {
        world.receive(ann, text(number));
    }
    assert!(world.server.is_waiting());
    // The server itself was stopped.
    world.now = world.now + Duration::from_secs(60);
    world.tick();
    assert!(world.server.is_waiting() && world.server.holds_back());
    world.pass_millis(1_000);
    assert!(!world.server.holds_back());
    assert!(read(&mut world, record).len() == 1);
}
