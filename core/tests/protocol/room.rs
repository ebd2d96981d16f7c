//! The rules of the room, each as the transcript that shows it.

use crate::world::{ANN, BEN, CAT, World};
use std::time::Duration;

use chat_core::{Instant, Limits, MIN_LINE, Wire};

#[test]
fn one_session() {
    let mut world = World::new();
    world.server.open(world.console, 3333);

    let ann = world.join(ANN);
    let ben = world.join(BEN);
    world.receive(ann, "안녕하세요?\n");
    world.receive(ben, "네 안녕하세요ㅋㅋ\n");
    let ben_heard = world.hear(ben);
    world.leave(ben);
    let ann_heard = world.hear(ann);
    world.leave(ann);

    assert_eq!(
        world.console(),
        "Chat Server started on port 3333.\n\
         > New user 127.0.0.1:45390 entered (1 user online)\n\
         > New user 127.0.0.1:45392 entered (2 users online)\n\
         [127.0.0.1:45390] 안녕하세요?\n\
         [127.0.0.1:45392] 네 안녕하세요ㅋㅋ\n\
         < The user 127.0.0.1:45392 left (1 user online)\n\
         < The user 127.0.0.1:45390 left (0 user online)\n"
    );
    assert_eq!(
        ann_heard,
        "> Connected to the chat server (1 user online)\n\
         > New user 127.0.0.1:45392 entered (2 users online)\n\
         [127.0.0.1:45392] 네 안녕하세요ㅋㅋ\n\
         < The user 127.0.0.1:45392 left (1 user online)\n"
    );
    assert_eq!(
        ben_heard,
        "> Connected to the chat server (2 users online)\n\
         [127.0.0.1:45390] 안녕하세요?\n"
    );
}

#[test]
fn addresses() {
    let mut world = World::new();
    for (addr, shown) in [
        ("192.0.2.7:80", "192.0.2.7:80"),
        ("[::1]:3333", "[::1]:3333"),
        ("[::ffff:192.0.2.7]:80", "192.0.2.7:80"),
        ("[fe80::1%2]:80", "[fe80::1]:80"),
    ] {
        let id = world.join(addr);
        assert_eq!(world.console(), format!("> New user {shown} entered (1 user online)\n"));
        world.receive(id, "여기\n");
        assert_eq!(world.console(), format!("[{shown}] 여기\n"));
        world.leave(id);
        assert_eq!(world.console(), format!("< The user {shown} left (0 user online)\n"));
    }
}

#[test]
fn the_sender_gets_nothing_back() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join(addr));
    world.hear(ann);
    world.receive(ann, "one\n");
    assert_eq!(world.hear(ann), "");

    // Also when it has other people's messages pending, and its own lie among them.
    world.receive(ben, "two\n");
    world.receive(ann, "three\nfour\n");
    world.receive(ben, "five\n");
    world.receive(ann, "six\n");
    assert_eq!(world.hear(ann), "[127.0.0.1:45392] two\n[127.0.0.1:45392] five\n");
    assert!(world.hear(ben).ends_with(
        "[127.0.0.1:45390] one\n\
         [127.0.0.1:45390] three\n\
         [127.0.0.1:45390] four\n\
         [127.0.0.1:45390] six\n"
    ));
}

#[test]
fn a_message_that_its_members_end_cut_off_is_not_said() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    world.receive(ann, "all of it\nhalf of i");
    world.leave(ann);
    assert_eq!(
        world.console(),
        "[127.0.0.1:45390] all of it\n< The user 127.0.0.1:45390 left (0 user online)\n"
    );
}

#[test]
fn an_empty_line_is_not_relayed() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    world.receive(ann, "\n\r\n\n");
    assert_eq!(world.console(), "");
}

#[test]
fn a_text_with_nothing_to_see_is_an_empty_line() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    for text in [" ", "\t", "\u{3164}", "\u{2800}\u{200b}", "\u{feff}\u{3000}", "\u{ad}"] {
        world.receive(ann, format!("{text}\n"));
        world.receive(ann, text.repeat(10_000) + "\n");
        assert_eq!(world.console(), "", "{text:?}");
    }
    world.receive(ann, " \u{3164}한\n");
    assert_eq!(world.console(), format!("[{ANN}]  \u{3164}한\n"));
}

#[test]
fn one_that_left_gets_what_was_pending() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    world.receive(ben, "before\n");
    world.receive(ann, "the last word, with no end");
    world.end_of_input(ann);
    world.receive(ben, "after\n");
    world.receive(ann, "ignored\n");
    assert!(!world.is_finished(ann));
    assert_eq!(world.hear(ann), "[127.0.0.1:45392] before\n");
    assert!(world.is_finished(ann));
    assert_eq!(
        world.hear(ben),
        "[127.0.0.1:45390] the last word, with no end\n\
         < The user 127.0.0.1:45390 left (1 user online)\n"
    );
    world.leave(ann);
    assert_eq!(world.hear(ben), "", "it does not leave twice");
}

#[test]
fn a_stale_id_is_inert() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.receive(ann, "half");
    world.leave(ann);
    let ben = world.join_quietly(BEN);
    assert_ne!(ann, ben);
    world.console();

    world.receive(ann, "ghost\n");
    world.end_of_input(ann);
    world.leave(ann);
    world.server.quiet(world.now, ann);
    world.pass_millis(5_000);
    assert_eq!(world.hear(ann), "");
    assert_eq!(world.console(), "");
    assert_eq!(world.server.users(), 1);
    assert_eq!(world.budget(ann), 0);
    assert!(world.is_finished(ann));
}

/// Whatever the numbers are, nothing fails and nothing lasts for ever.
#[test]
fn limits_and_times_out_of_range() {
    for (silence, grace) in [(Duration::ZERO, Duration::ZERO), (Duration::MAX, Duration::MAX)] {
        let limits =
            Limits { max_line: usize::MAX, backlog: 0, silence, grace, max_users: 3, history: 0 };
        assert!(limits.least_backlog() < 1_000_000);
        let mut world = World::with(limits);
        let [ann, ben, cat] = [ANN, BEN, CAT].map(|addr| world.join(addr));
        world.now = Instant::from_micros(u64::MAX);
        while !world.server.is_waiting() {
            world.receive(ann, format!("{}\n", "x".repeat(1000)));
        }
        while world.budget(ben) > 0 {
            world.receive(ben, "x");
        }
        world.tick();
        world.hear(cat);
        world.console();
        assert_eq!(world.server.users(), 3);
    }
}

#[test]
fn time_does_not_go_backwards() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    let past = world.now;
    world.pass_millis(1000);
    world.receive(ann, "late");
    world.server.receive(past, ann, b"r");
    world.server.tick(past);
    world.tick();
    assert_eq!(world.console(), "", "no silence has passed");
    world.receive(ann, "\n");
    assert_eq!(world.console(), "[127.0.0.1:45390] later\n");
}

#[test]
fn a_full_room() {
    let mut world = World::with(Limits { max_users: 2, ..Limits::default() });
    let [ann, _] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.console();
    let full = world.server.connect(world.now, CAT.parse().unwrap(), Wire::Lines).unwrap_err();
    assert_eq!(full.to_string(), "> The chat server is full (2 users online)\n");
    assert_eq!(world.console(), "", "nobody else is told");
    world.end_of_input(ann);
    world.join(CAT);
    assert_eq!(world.server.users(), 2, "one that has left takes no place");
}

#[test]
fn a_long_message_becomes_several() {
    let limit = MIN_LINE;
    for (length, pieces) in [(limit - 1, 1), (limit, 1), (limit + 1, 2), (3 * limit, 3)] {
        let mut world = World::with(Limits { max_line: limit, ..Limits::default() });
        let ann = world.join_quietly(ANN);
        world.console();
        world.receive(ann, ["x".repeat(length).as_bytes(), b"\r\n"].concat());
        let said = world.console();
        let texts: Vec<&str> =
            said.lines().map(|line| line.strip_prefix("[127.0.0.1:45390] ").unwrap()).collect();
        assert_eq!(texts.len(), pieces, "{length}");
        assert_eq!(texts.concat(), "x".repeat(length), "nothing is dropped");
    }
}

#[test]
fn a_message_without_an_end_takes_no_more_memory_than_the_limit() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    for _ in 0..1000 {
        world.receive(ann, [b'x'; 1000]);
    }
    let said = world.console();
    let relayed: usize =
        said.lines().filter_map(|line| line.find("] x").map(|at| line.len() - at - 2)).sum();
    assert!(relayed >= 1_000_000 - 4096, "all but what may still be held: {relayed}");
}

#[test]
fn what_could_command_a_terminal_is_shown() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    for (sent, shown) in [
        ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
        ("\u{1b}[2J\u{9b}2J", "␛[2J\u{fffd}2J"),
        ("a\rb\u{8}\u{b}\u{0}", "a␍b␈␋␀"),
        ("\u{202e}gnp.exe", "\u{fffd}gnp.exe"),
        ("a\u{2028}> New user", "a\u{fffd}> New user"),
        (
            "\t한글 ㅋㅋ \u{1112}\u{1161}\u{11ab} 👩\u{200d}🚀",
            "\t한글 ㅋㅋ \u{1112}\u{1161}\u{11ab} 👩\u{200d}🚀",
        ),
    ] {
        world.receive(ann, format!("{sent}\n"));
        assert_eq!(world.console(), format!("[127.0.0.1:45390] {shown}\n"));
    }
    world.receive(ann, b"a\xfe\xed\x95b\xed\n");
    assert_eq!(world.console(), "[127.0.0.1:45390] a\u{fffd}\u{fffd}b\u{fffd}\n");
}
