//! Telnet clients: their commands are taken out, wherever a read cuts them, and answered.

use chat_core::MemberId;

use crate::world::{ANN, BEN, World};

const DO_BINARY: &[u8] = b"\xff\xfd\x00";
const DO_TIMING_MARK: &[u8] = b"\xff\xfd\x06";
const WONT_TIMING_MARK: &[u8] = b"\xff\xfc\x06";
const INTERRUPT: &[u8] = b"\xff\xf4";

fn room_of_two() -> (World, MemberId, MemberId) {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    world.console();
    (world, ann, ben)
}

/// What others get of bytes, and what their sender is answered, in chunks of this length.
fn said_and_answered(bytes: &[u8], length: usize) -> (String, Vec<u8>) {
    let (mut world, ann, ben) = room_of_two();
    bytes.chunks(length).for_each(|chunk| world.receive(ann, chunk));
    (world.hear(ben), world.raw_writes(ann).concat())
}

#[test]
fn commands_are_no_text_wherever_they_are_cut() {
    let sub = [b"\xff\xfa\x18\x00xterm\xff\xff\n\xff\xf0".as_slice(), b""].concat();
    for (bytes, said, answered) in [
        (&b"a\xff\xf1b\n"[..], "ab", &b""[..]),
        (b"a\xff\xfd\x18b\n", "ab", b"\xff\xfc\x18"),
        (b"a\xff\xfb\x1fb\n", "ab", b"\xff\xfe\x1f"),
        (b"a\xff\xfc\x1fb\xff\xfe\x01c\n", "abc", b""),
        (b"a\xff\xffb\n", "a\u{fffd}b", b""),
        (b"\xed\xff\xf9\x95\x9c\n", "한", b""),
        (&[b"a", &sub[..], b"b\n"].concat(), "ab", b""),
    ] {
        for length in 1..=bytes.len() {
            let (heard, answers) = said_and_answered(bytes, length);
            assert_eq!(heard, format!("[{ANN}] {said}\n"), "{}", bytes.escape_ascii());
            let is_command = !bytes.starts_with(b"a\xff\xff");
            let greeting = if is_command && sub.len() + 3 != bytes.len() { DO_BINARY } else { b"" };
            assert_eq!(answers, [greeting, answered].concat(), "{}", bytes.escape_ascii());
        }
    }
}

/// A byte that is no UTF-8, before one that is no command: that one stands.
#[test]
fn what_is_no_command_is_a_bad_byte() {
    for length in 1..=7 {
        let (heard, answers) = said_and_answered(b"a\xffb\xff\nc\n", length);
        assert_eq!(heard, format!("[{ANN}] a\u{fffd}b\u{fffd}\n[{ANN}] c\n"));
        assert_eq!(answers, b"");
    }
}

#[test]
fn each_option_is_refused_once_but_for_the_timing_mark() {
    let (mut world, ann, _) = room_of_two();
    for round in 0..3 {
        for option in 0..=255 {
            world.receive(ann, [0xff, 0xfd, option, 0xff, 0xfb, option]);
            let answers = world.raw_writes(ann).concat();
            let refusals = match option {
                0 if round == 0 => b"\xff\xfd\x00\xff\xfc\x00".to_vec(),
                6 if round > 0 => WONT_TIMING_MARK.to_vec(),
                _ if round > 0 => Vec::new(),
                _ => vec![0xff, 0xfc, option, 0xff, 0xfe, option],
            };
            assert_eq!(answers, refusals, "round {round}, option {option}");
        }
    }
}

/// A subnegotiation that never ends is none.
#[test]
fn a_subnegotiation_has_an_end() {
    let (mut world, ann, ben) = room_of_two();
    world.receive(ann, [b"\xff\xfa".as_slice(), &[b'x'; 2_000], b"\nafter\n"].concat());
    assert!(world.hear(ben).ends_with("] after\n"));
}

#[test]
fn answers_stand_between_lines() {
    let (mut world, ann, ben) = room_of_two();
    world.receive(ben, "one\n");
    world.receive(ann, DO_TIMING_MARK);
    world.receive(ben, "two\n");
    let line = format!("[{BEN}] one\n");
    assert_eq!(world.hear_bytes(ann, 3), &line.as_bytes()[..3]);
    let rest = world.raw_writes(ann).concat();
    let answer = [DO_BINARY, WONT_TIMING_MARK].concat();
    let two = format!("[{BEN}] two\n");
    assert_eq!(rest, [&line.as_bytes()[3..], &answer, two.as_bytes()].concat());
}

/// It costs no memory to ask and not to read: it is not listened to until it has.
#[test]
fn one_that_reads_no_answers_is_held_back() {
    let (mut world, ann, ben) = room_of_two();
    let mut asked = 0;
    while world.budget(ann) > 0 {
        world.receive(ann, DO_TIMING_MARK);
        asked += 1;
        assert!(asked < 100_000, "it is asked without an end");
    }
    assert!(world.budget(ben) > 0);
    world.events.clear();
    let answers = world.raw_writes(ann).concat();
    assert!(answers.len() >= asked * WONT_TIMING_MARK.len());
    assert!(world.events.contains(&chat_core::Event::Resumed));
    assert!(world.budget(ann) > 0);
}

/// inetutils' telnet, before it is asked for all eight bits, makes commands of the bytes 0x83, 0x8f,
/// 0x9a and 0x9c, also inside characters, and asks for a timing mark after each.
#[test]
fn a_command_inside_a_character_is_a_byte_of_it() {
    for (text, sent) in [
        ("상", &b"\xec\xff\xf4\xff\xfd\x06\x81\n"[..]),
        ("요", b"\xec\xff\xed\xff\xfd\x06\x94\n"),
        ("한", b"\xed\x95\xff\xf3\xff\xfd\x06\n"),
        ("쏘", b"\xec\xff\xf5\xff\xfd\x06\x98\n"),
    ] {
        for length in 1..=sent.len() {
            let (heard, answers) = said_and_answered(sent, length);
            assert_eq!(heard, format!("[{ANN}] {text}\n"));
            assert_eq!(answers, [DO_BINARY, WONT_TIMING_MARK].concat());
        }
    }
}

#[test]
fn an_interrupt_leaves() {
    let (mut world, ann, ben) = room_of_two();
    world.receive(ben, "one\n");
    world.receive(ann, [INTERRUPT, DO_TIMING_MARK].concat());
    world.pass_millis(499);
    assert_eq!(world.console(), format!("[{BEN}] one\n"));
    world.pass_millis(1);
    assert_eq!(world.console(), format!("< The user {ANN} left (1 user online)\n"));
    assert!(world.events.contains(&chat_core::Event::Closed(ann)));
    let answers = [DO_BINARY, WONT_TIMING_MARK].concat();
    let heard = world.raw_writes(ann).concat();
    assert_eq!(heard, [format!("[{BEN}] one\n").as_bytes(), &answers].concat());
    assert!(world.is_finished(ann));
}

#[test]
fn an_interrupt_before_other_text_does_not() {
    let (mut world, ann, _) = room_of_two();
    world.receive(ann, INTERRUPT);
    world.pass_millis(400);
    world.receive(ann, "그래도\n");
    world.pass_millis(5_000);
    assert_eq!(world.console(), format!("[{ANN}] 그래도\n"));
}

#[test]
fn the_end_of_a_file_leaves() {
    let (mut world, ann, _) = room_of_two();
    world.receive(ann, ["하나\n둘".as_bytes(), b"\xff\xec"].concat());
    world.receive(ann, "셋\n");
    let left = format!("< The user {ANN} left (1 user online)\n");
    assert_eq!(world.console(), format!("[{ANN}] 하나\n[{ANN}] 둘\n{left}"));
}

/// A telnet that sends seven bits of each byte shows itself by a first line that is damaged.
#[test]
fn a_damaged_line_with_a_return_is_taken_for_telnet() {
    let spoilt = b"\xec\x95\x88\xeb\x95\r\n";
    for length in 1..=spoilt.len() {
        let (mut world, ann, _) = room_of_two();
        spoilt.chunks(length).for_each(|chunk| world.receive(ann, chunk));
        assert_eq!(world.raw_writes(ann).concat(), DO_BINARY);
        world.receive(ann, spoilt);
        assert_eq!(world.raw_writes(ann).concat(), b"", "it is asked once");
    }
    for innocent in [&b"\xec\x95\x88\xeb\x95\n"[..], "안녕\r\n".as_bytes(), b"abc\r\n"] {
        let (mut world, ann, _) = room_of_two();
        world.receive(ann, innocent);
        assert_eq!(world.raw_writes(ann).concat(), b"");
    }
}
