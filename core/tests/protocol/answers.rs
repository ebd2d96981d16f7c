//! Answers: what one member alone gets, among what everybody gets.

use allocation_counter::measure;
use chat_core::{Limits, MemberId};

use crate::world::{ANN, BEN, World};

/// A telnet client asks whether the server has come so far (RFC 860), and what it is told.
const ASKED: &[u8] = b"\xff\xfd\x06";
const TOLD: &[u8] = b"\xff\xfc\x06";

/// A reader whose negotiation is over, and somebody who talks.
fn telnet_and_talker(limits: Limits) -> (World, MemberId, MemberId) {
    let mut world = World::with(limits);
    world.close_console();
    let [telnet, talker] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.receive(telnet, ASKED);
    world.catch_up(telnet);
    (world, telnet, talker)
}

/// Bytes that a reader has pending.
fn raw(world: &mut World, id: MemberId) -> Vec<u8> {
    world.raw_writes(id).concat()
}

/// A member whose messages end by silence.
fn become_unframed(world: &mut World, id: MemberId) {
    world.receive(id, "hi");
    world.pass_millis(100);
}

#[test]
fn an_answer_has_its_place_among_what_is_said() {
    let (mut world, telnet, talker) = telnet_and_talker(Limits::default());
    world.receive(talker, "one\n");
    world.receive(telnet, ASKED);
    world.receive(talker, "two\n");
    let expected = [b"[127.0.0.1:45392] one\n", TOLD, b"[127.0.0.1:45392] two\n"].concat();
    assert_eq!(raw(&mut world, telnet), expected);
}

#[test]
fn one_that_asks_and_does_not_read_is_not_read_from_and_costs_little() {
    let (mut world, telnet, _) = telnet_and_talker(Limits::default());
    let memory = measure(|| {
        for _ in 0..100_000 {
            world.server.receive(world.now, telnet, ASKED);
            while world.server.poll().is_some() {}
        }
    });
    assert!(memory.bytes_current < 32 * 1024, "{} bytes", memory.bytes_current);
    assert_eq!(world.budget(telnet), 0);
    world.events.clear();
    let heard = raw(&mut world, telnet);
    assert!(heard.len() > 300 && heard.chunks(3).all(|answer| answer == TOLD));
    assert!(world.budget(telnet) > 0);
    assert_eq!(world.events, [chat_core::Event::Resumed]);
}

/// The last byte of an answer may be the same as a newline.
#[test]
fn an_unframed_peer_gets_its_answers_whole() {
    let (mut world, telnet, talker) = telnet_and_talker(Limits::default());
    become_unframed(&mut world, telnet);
    world.receive(telnet, b"\xff\xfd\x0a");
    assert_eq!(raw(&mut world, telnet), b"\xff\xfc\x0a");
    world.receive(talker, "yo\n");
    assert_eq!(raw(&mut world, telnet), b"[127.0.0.1:45392] yo");
}

#[test]
fn an_answer_is_no_newline() {
    let (mut world, telnet, talker) = telnet_and_talker(Limits::default());
    become_unframed(&mut world, telnet);
    world.receive(talker, "yo\n");
    assert_eq!(raw(&mut world, telnet), b"[127.0.0.1:45392] yo");
    world.receive(telnet, ASKED);
    assert_eq!(raw(&mut world, telnet), TOLD);
    world.receive(telnet, "framed\n");
    assert_eq!(raw(&mut world, telnet), b"\n", "the one that its last line lacks");
}

/// What was missed is told before an answer that stands among it, however often it is more.
#[test]
fn a_count_that_grows_before_it_is_told() {
    let limits = Limits { max_line: 100, ..Limits::default() };
    let limits = Limits { backlog: limits.least_backlog(), ..limits };
    let (mut world, telnet, talker) = telnet_and_talker(limits);
    let line = |number: u32| format!("message {number:013}\n");
    world.receive(talker, line(0));
    world.receive(telnet, ASKED);
    for number in 1..100 {
        world.receive(talker, line(number));
    }
    assert_eq!(world.hear_bytes(telnet, 0), b"", "the socket takes nothing yet");
    for number in 100..200 {
        world.receive(talker, line(number));
    }
    let heard = raw(&mut world, telnet);
    let kept = heard.iter().filter(|&&byte| byte == b'\n').count() - 1;
    let skipped = 200 - kept;
    let notice = format!("> {skipped} messages skipped: this connection reads too slowly\n");
    assert!(heard.starts_with(&[notice.as_bytes(), TOLD].concat()));
}

/// The room's own waiting is no part of a message's second either.
#[test]
fn a_message_that_goes_on_after_the_room_has_waited() {
    let (mut world, reader, ann) = World::held_back();
    let said = world.server.said();
    world.pass_millis(90);
    world.catch_up(reader);
    for _ in 0..10 {
        world.receive(ann, ".");
        world.pass_millis(90);
    }
    world.receive(ann, ".");
    world.pass_millis(90);
    assert_eq!(
        world.server.said(),
        said,
        "1,080 ms after its first byte, of which 90 do not count"
    );
    world.receive(ann, " and the rest\n");
    assert!(world.hear(reader).ends_with("half of a line........... and the rest\n"));
}

/// What its last line lacks comes between two answers, of which the first is sent in part.
#[test]
fn a_newline_that_is_owed_behind_half_an_answer() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    become_unframed(&mut world, ann);
    world.receive(ben, "one\n");
    assert_eq!(raw(&mut world, ann), b"[127.0.0.1:45392] one");
    world.receive(ann, ASKED);
    assert_eq!(world.hear_bytes(ann, 1), b"\xff");
    world.receive(ann, ASKED);
    world.receive(ann, "\n");
    world.receive(ben, "two\n");
    let rest = [&b"\xfd\x00"[..], TOLD, b"\n", TOLD, b"[127.0.0.1:45392] two\n"].concat();
    assert_eq!(raw(&mut world, ann), rest);
}

/// However much one read asks, a client that reads is answered.
#[test]
fn one_that_reads_is_answered_whatever_it_asks_at_once() {
    const READ: usize = 16 * 1024;
    let (mut world, telnet, _) = telnet_and_talker(Limits::default());
    for _ in 0..3 {
        world.receive(telnet, ASKED.repeat(READ / ASKED.len()));
        assert_eq!(raw(&mut world, telnet), TOLD.repeat(READ / ASKED.len()));
    }
}
