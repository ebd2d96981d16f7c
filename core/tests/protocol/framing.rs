//! Where messages end, and what that means for what is sent back.

use chat_core::{Event, MemberId};

use crate::world::{ANN, BEN, World};

fn quiet_room() -> (World, MemberId) {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.console();
    (world, ann)
}

#[test]
fn a_framed_peer_may_pause() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "first\nsec");
    world.pass_millis(10_000);
    assert_eq!(world.tick_at, None, "nothing waits for a time");
    world.receive(ann, "ond\n");
    assert_eq!(world.console(), "[127.0.0.1:45390] first\n[127.0.0.1:45390] second\n");
}

#[test]
fn a_silence_ends_the_message_of_one_that_sends_no_newline() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "안녕");
    world.pass_millis(99);
    assert_eq!(world.console(), "");
    world.pass_millis(1);
    assert_eq!(world.console(), "[127.0.0.1:45390] 안녕\n");
}

#[test]
fn the_silence_counts_from_the_last_byte() {
    let (mut world, ann) = quiet_room();
    for _ in 0..10 {
        world.receive(ann, "x");
        world.pass_millis(99);
    }
    assert_eq!(world.console(), "");
    world.pass_millis(1);
    assert_eq!(world.console(), "[127.0.0.1:45390] xxxxxxxxxx\n");
    assert_eq!(world.tick_at, None);
}

/// The original program never sends one.
#[test]
fn the_first_newline_frames_for_good() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "hel");
    world.pass_millis(250);
    let ben = world.join_quietly(BEN);
    assert_eq!(world.writes(ann), ["> New user 127.0.0.1:45392 entered (2 users online)"]);
    world.events.clear();
    world.receive(ann, "lo\nthr");
    assert_eq!(world.events, [Event::Addressed(ann.into()), Event::Grown]);
    assert_eq!(world.writes(ann), ["\n"], "what the line before lacked");
    world.pass_millis(5_000);
    world.receive(ann, "ee\n");
    for text in ["x", "y"] {
        world.receive(ben, format!("{text}\n"));
        assert_eq!(world.writes(ann), [format!("[127.0.0.1:45392] {text}\n")]);
    }
    assert!(world.console().ends_with(
        "[127.0.0.1:45390] lo\n[127.0.0.1:45390] three\n[127.0.0.1:45392] x\n[127.0.0.1:45392] y\n"
    ));
}

#[test]
fn one_that_was_owed_no_newline_gets_none() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "hel");
    world.pass_millis(250);
    let ben = world.join_quietly(BEN);
    world.receive(ann, "lo\n");
    let notice = "> New user 127.0.0.1:45392 entered (2 users online)\n";
    assert_eq!(world.writes(ann), [notice], "nothing was sent to it meanwhile");
    world.receive(ben, "x\n");
    assert_eq!(world.writes(ann), ["[127.0.0.1:45392] x\n"]);
}

/// Half a line was sent when it turned out to be framed: its own newline ends it.
#[test]
fn one_that_becomes_framed_inside_a_line() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "hel");
    world.pass_millis(250);
    let ben = world.join_quietly(BEN);
    world.hear(ann);
    world.receive(ben, "x\n");
    assert_eq!(world.hear_bytes(ann, 3), b"[12");
    world.receive(ann, "lo\n");
    assert_eq!(world.writes(ann), ["7.0.0.1:45392] x\n"]);
}

#[test]
fn a_message_that_never_pauses_ends_after_a_second() {
    let (mut world, ann) = quiet_room();
    for _ in 0..100 {
        world.receive(ann, "ㅋ");
        world.pass_millis(50);
    }
    let said = world.console();
    assert_eq!(said.lines().count(), 5, "{said}");
    assert_eq!(said.matches('ㅋ').count(), 100);
}

#[test]
fn no_silence_ends_a_message_inside_a_character() {
    for millis in [200, 5_000] {
        let (mut world, ann) = quiet_room();
        world.receive(ann, b"\xed\x95");
        world.pass_millis(millis);
        assert_eq!(world.tick_at, None, "nothing waits for a time");
        world.receive(ann, b"\x9c\n");
        assert_eq!(world.console(), "[127.0.0.1:45390] 한\n");
    }
}

#[test]
fn a_return_and_its_newline_that_come_apart() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "안녕\r");
    world.pass_millis(250);
    assert_eq!(world.console(), "");
    world.receive(ann, "\n둘\r");
    world.pass_millis(5_000);
    assert_eq!(world.console(), "[127.0.0.1:45390] 안녕\n");
    world.receive(ann, "\n");
    assert_eq!(world.console(), "[127.0.0.1:45390] 둘\n");
}

#[test]
fn a_return_alone_ends_a_message_in_the_end() {
    for end in ["\r", "\r\0"] {
        let (mut world, ann) = quiet_room();
        world.receive(ann, format!("안녕{end}"));
        world.pass_millis(1_000);
        assert_eq!(world.console(), "[127.0.0.1:45390] 안녕\n");
        world.receive(ann, "\n");
        assert_eq!(world.console(), "");
    }
}

#[test]
fn a_newline_in_time_frames() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "sl");
    world.pass_millis(99);
    world.receive(ann, "ow\nnext");
    world.pass_millis(5_000);
    assert_eq!(world.console(), "[127.0.0.1:45390] slow\n");
}

/// The original client prints what one read returns, and a newline.
#[test]
fn an_unframed_peer_gets_no_newline_at_the_end_of_a_write() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "hi");
    world.pass_millis(100);
    let ben = world.join_quietly(BEN);
    assert_eq!(world.writes(ann), ["> New user 127.0.0.1:45392 entered (2 users online)"]);
    world.receive(ben, "one\ntwo\n");
    assert_eq!(world.writes(ann), ["[127.0.0.1:45392] one\n[127.0.0.1:45392] two"]);
    world.receive(ben, "three\n");
    assert_eq!(world.writes(ann), ["[127.0.0.1:45392] three"]);
    assert_eq!(world.writes(ann), [""; 0]);
}

#[test]
fn a_newline_between_the_messages_of_two_writes_is_kept() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "hi");
    world.pass_millis(100);
    let ben = world.join_quietly(BEN);
    world.hear(ann);
    world.receive(ben, "1\n2\n");
    let first = "[127.0.0.1:45392] 1";
    assert_eq!(world.hear_bytes(ann, first.len()), first.as_bytes());
    assert_eq!(world.writes(ann), ["\n[127.0.0.1:45392] 2"]);
}

/// Its last newline is pending when it becomes unframed: that one is not sent any more.
#[test]
fn a_newline_that_was_pending_before_it_was_unframed() {
    let (mut world, ann) = quiet_room();
    let ben = world.join_quietly(BEN);
    world.hear(ann);
    world.receive(ben, "hi\n");
    let all_but_the_newline = "[127.0.0.1:45392] hi";
    assert_eq!(world.hear_bytes(ann, 20), all_but_the_newline.as_bytes());
    world.receive(ann, "yo");
    world.pass_millis(100);
    world.end_of_input(ann);
    assert_eq!(world.writes(ann), [""; 0]);
    assert!(world.is_finished(ann));
}

#[test]
fn the_greeting_has_its_newline() {
    let mut world = World::new();
    let ann = world.join(ANN);
    world.receive(ann, "early");
    world.pass_millis(100);
    assert_eq!(world.writes(ann), ["> Connected to the chat server (1 user online)\n"]);
}

/// The room waits for a reader, and takes nothing of who has said enough: in that time nobody is
/// silent, however soon it ends.
#[test]
fn what_was_not_listened_to_was_no_silence() {
    for held in [10, 50, 99] {
        let (mut world, reader, ann) = World::held_back();
        let said = world.server.said();
        world.pass_millis(held);
        world.catch_up(reader);
        assert!(!world.server.is_waiting());
        world.pass_millis(99);
        assert_eq!(world.server.said(), said, "after {held} ms");
        world.receive(ann, " and the rest\n");
        assert!(world.hear(reader).ends_with("half of a line and the rest\n"));
    }
}
