//! Where messages end, and what that means for what is sent back.

use chat_core::MemberId;

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
    assert_eq!(world.room.next_tick(), None, "nothing waits for a time");
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
    assert_eq!(world.room.next_tick(), None);
}

#[test]
fn once_unframed_both_end_a_message() {
    let (mut world, ann) = quiet_room();
    world.receive(ann, "one");
    world.pass_millis(100);
    world.receive(ann, "two\nthree");
    world.pass_millis(100);
    let said = "[127.0.0.1:45390] one\n[127.0.0.1:45390] two\n[127.0.0.1:45390] three\n";
    assert_eq!(world.console(), said);
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
    assert!(world.room.is_finished(ann));
}

#[test]
fn the_greeting_has_its_newline() {
    let mut world = World::new();
    let ann = world.join(ANN);
    world.receive(ann, "early");
    world.pass_millis(100);
    assert_eq!(world.writes(ann), ["> Connected to the chat server (1 user online)\n"]);
}
