//! Readers: observers, what is only for one of them, and what the shell is told of it.

use chat_core::{Delivered, Event, Limits, MemberId, Start};

use crate::world::{ANN, BEN, World};

fn room_of_one() -> (World, MemberId) {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    (world, ann)
}

#[test]
fn an_observer_from_now_on() {
    let (mut world, ann) = room_of_one();
    world.receive(ann, "one\n");
    let late = world.server.observe(Start::Now);
    assert_eq!(world.writes(late), [""; 0]);
    world.receive(ann, "two\n");
    assert_eq!(world.writes(late), [format!("[{ANN}] two\n")]);
    assert_eq!(world.console(), format!("[{ANN}] one\n[{ANN}] two\n"));
}

#[test]
fn an_observer_of_the_last_lines() {
    let (mut world, ann) = room_of_one();
    (0..10).for_each(|number| world.receive(ann, format!("{number}\n")));
    for count in 0..10 {
        let observer = world.server.observe(Start::Last(count));
        let lines: String = (10 - count..10).map(|number| format!("[{ANN}] {number}\n")).collect();
        assert_eq!(world.writes(observer).concat(), lines);
    }
    // The notice that Ann came is the first line of all.
    for count in [11, 12, usize::MAX] {
        let observer = world.server.observe(Start::Last(count));
        let heard = world.writes(observer).concat();
        assert!(heard.starts_with("> New user ") && heard.lines().count() == 11, "{heard}");
    }
}

#[test]
fn an_observer_of_what_is_still_kept() {
    let limits = Limits { max_line: 100, ..Limits::default() };
    let mut world = World::with(Limits { backlog: limits.least_backlog(), ..limits });
    let ann = world.join_quietly(ANN);
    world.console();
    for number in 0..1_000 {
        world.receive(ann, format!("{number}\n"));
        world.console();
        let [two, all] = [2, usize::MAX].map(|count| world.server.observe(Start::Last(count)));
        let all = world.writes(all).concat();
        assert!(all.ends_with(&world.writes(two).concat()));
        assert!(all.ends_with(&format!("[{ANN}] {number}\n")), "{all}");
        assert!(all.starts_with(['[', '>']) && !all.contains("skipped"), "{all}");
    }
}

/// What was kept when it came and is not any more counts as skipped, as for any reader.
#[test]
fn an_observer_of_the_past_that_does_not_read() {
    let (mut world, ann) = room_of_one();
    world.receive(ann, "one\ntwo\nthree\n");
    let observer = world.server.observe(Start::Last(2));
    let mut lines = 2;
    while world.server.said() < 4 * Limits::default().backlog as u64 {
        world.receive(ann, "x".repeat(1_000) + "\n");
        lines += 1;
    }
    let heard = world.writes(observer).concat();
    let kept = heard.lines().count() - 1;
    let skipped = lines - kept;
    let notice = format!("> {skipped} messages skipped: this connection reads too slowly\n");
    assert!(heard.starts_with(&notice), "{}", &heard[..100]);
}

#[test]
fn an_observer_that_is_dismissed_is_waited_for_by_nobody() {
    let (mut world, ann) = room_of_one();
    let observer = world.server.observe(Start::Now);
    while !world.server.is_waiting() {
        world.receive(ann, "x".repeat(1_000) + "\n");
        world.console();
    }
    world.events.clear();
    world.server.dismiss(observer);
    world.settle();
    assert_eq!(world.events, [Event::Resumed]);
    assert!(!world.server.is_waiting());
    assert_eq!(world.take(observer, 1), (Vec::new(), Delivered::Finished));
}

#[test]
fn what_the_shell_is_told() {
    let mut world = World::new();
    world.server.open(world.console, 3333);
    world.settle();
    assert_eq!(world.events, [Event::Addressed(world.console)]);
    world.events.clear();

    let ann = world.join(ANN);
    assert_eq!(world.events, [Event::Grown], "of one that has joined the shell knows itself");
    world.events.clear();
    assert_eq!(world.take(ann, 5).1, Delivered::Partial);
    assert_eq!(world.take(ann, usize::MAX).1, Delivered::CaughtUp);
    assert_eq!(world.take(ann, usize::MAX), (Vec::new(), Delivered::Nothing));
    assert_eq!(world.events, [], "who reads tells nobody anything");

    world.receive(ann, "half");
    assert!(world.tick_at.is_some());
    assert_eq!(world.events, []);
    world.receive(ann, " a line\n");
    assert_eq!(world.events, [Event::Grown]);
    world.events.clear();

    world.end_of_input(ann);
    assert_eq!(world.take(ann, 1), (Vec::new(), Delivered::Finished));
    assert_eq!(world.events, [Event::Grown], "that it left the shell has said itself");
    world.leave(ann);
    assert_eq!(world.take(ann, 1), (Vec::new(), Delivered::Finished));
}

#[test]
fn a_delivery_that_fails_takes_nothing() {
    let (mut world, ann) = room_of_one();
    let ben = world.join_quietly(BEN);
    world.receive(ann, "one\n");
    assert_eq!(world.server.deliver(ben, |_| Err("no")), Err("no"));
    assert_eq!(world.hear(ben), format!("[{ANN}] one\n"));
}

#[test]
#[should_panic = "are taken of"]
fn more_than_was_lent_cannot_be_taken() {
    let (mut world, ann) = room_of_one();
    let ben = world.join_quietly(BEN);
    world.receive(ann, "one\n");
    let _ = world.server.deliver(ben, |slices| Ok::<_, ()>(slices[0].len() + 1));
}

/// Slices of at most a certain number are lent at once, and none is empty.
#[test]
fn own_lines_among_others_are_cut_out() {
    let (mut world, ann) = room_of_one();
    let ben = world.join_quietly(BEN);
    world.hear(ann);
    let mut expected = String::new();
    for number in 0..100 {
        world.receive(ann, format!("{number}\n"));
        expected += &format!("[{ANN}] {number}\n");
        world.receive(ben, "own\n");
    }
    let mut heard = Vec::new();
    let mut rounds = 0;
    loop {
        let delivered = world.server.deliver(ben, |slices| {
            assert!((1..=chat_core::MAX_SLICES).contains(&slices.len()));
            assert!(slices.iter().all(|slice| !slice.is_empty()));
            heard.extend(slices.concat());
            Ok::<_, ()>(slices.concat().len())
        });
        rounds += 1;
        if delivered == Ok(Delivered::CaughtUp) {
            break;
        }
    }
    assert_eq!(String::from_utf8(heard).unwrap(), expected);
    assert_eq!(rounds, 100_usize.div_ceil(chat_core::MAX_SLICES));
}
