//! What a server sends: frames of whole lines around what it lends, however little a socket takes.

use std::convert::Infallible;

use chat_core::{CloseCode, FrameWriter, MAX_PARTS};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use super::page::Page;

/// The most that one frame holds.
const MAX_FRAME: usize = 16 * 1024;

/// A connection that lends what it has to say, and the page at its other end.
#[derive(Default)]
struct Connection {
    writer: FrameWriter,
    page: Page,
    /// What is to be said, and how much of that is taken.
    log: Vec<u8>,
    taken: usize,
}

impl Connection {
    /// Lends all that is pending, in slices that end after so many bytes; the socket takes so many.
    fn write(&mut self, slice_ends: &[usize], most: usize) {
        let pending = &self.log[self.taken..];
        let (mut slices, mut start) = (Vec::new(), 0);
        for end in slice_ends.iter().map(|end| (*end).min(pending.len())).chain([pending.len()]) {
            if start < end {
                slices.push(&pending[start..end]);
                start = end;
            }
        }
        let page = &mut self.page;
        let Ok(taken) = self.writer.write(&slices, |parts| {
            assert!((1..=MAX_PARTS).contains(&parts.len()), "{} parts", parts.len());
            assert!(parts.iter().all(|part| !part.is_empty()));
            let mut sent = parts.concat();
            sent.truncate(most);
            page.take(&sent);
            Ok::<_, Infallible>(sent.len())
        });
        self.taken += taken;
    }

    fn write_all(&mut self) {
        while self.taken < self.log.len() || !self.writer.is_clean() {
            self.write(&[], usize::MAX);
        }
    }

    fn say(&mut self, text: &str) {
        self.log.extend(text.bytes());
    }
}

/// RFC 6455, section 5.7: an unmasked text message, and a pong.
#[test]
fn the_examples_of_the_rfc() {
    let mut writer = FrameWriter::default();
    writer.pong(b"Hello");
    let mut sent = Vec::new();
    let taken = writer.write(&[b"Hel", b"l\n"], |parts| {
        sent = parts.concat();
        Ok::<_, Infallible>(sent.len())
    });
    assert_eq!(taken, Ok(5));
    assert_eq!(sent, b"\x8a\x05Hello\x81\x05Hell\n");
    assert!(writer.is_clean());
}

#[test]
fn lines_that_fit_go_out_in_one_frame() {
    let mut connection = Connection::default();
    connection.say("[ann] 안녕\n[ben] 네\n");
    connection.write(&[3, 9], usize::MAX);
    assert_eq!(connection.page.messages, ["[ann] 안녕\n[ben] 네\n"]);
    assert!(connection.writer.is_clean());
    // Nothing is written where there is nothing.
    let written = connection.writer.write(&[], |_| -> Result<usize, ()> { panic!("nothing") });
    assert_eq!(written, Ok(0));
}

#[test]
fn a_frame_ends_with_the_last_line_that_fits() {
    let mut connection = Connection::default();
    let line = format!("{}\n", "x".repeat(999));
    connection.say(&line.repeat(40));
    connection.write(&[500, 16_383, 16_384, 16_385], usize::MAX);
    let lengths: Vec<usize> = connection.page.messages.iter().map(String::len).collect();
    assert_eq!(lengths, [16_000, 16_000, 8_000]);
}

/// The page sees one message; of what is in no frame yet nothing is copied.
#[test]
fn a_line_longer_than_a_frame_is_one_message() {
    let mut connection = Connection::default();
    let line = format!("{}\n", "한".repeat(20_000));
    connection.say(&line);
    connection.say("ㅋㅋ\n");
    connection.write_all();
    assert!(connection.page.messages == [line + "ㅋㅋ\n"]);
    // Also if it is lent bit by bit.
    connection.say("one ");
    connection.write_all();
    assert_eq!(connection.page.messages.len(), 1);
    connection.say("line\n");
    connection.write_all();
    assert_eq!(connection.page.messages.last().unwrap(), "one line\n");
}

/// Whatever was not lent again is kept, and nothing twice.
#[test]
fn a_socket_may_take_any_part() {
    let text = format!("[ann] 안녕\n{}\n[ben] 네\n", "x".repeat(300));
    for most in 1..=text.len() {
        let mut connection = Connection::default();
        connection.say(&text);
        let mut writes = 0;
        while connection.taken < text.len() || !connection.writer.is_clean() {
            connection.write(&[5, 8], most);
            writes += 1;
        }
        assert_eq!(connection.page.messages, [&text[..]]);
        assert_eq!(writes, (text.len() + 4).div_ceil(most), "nothing is written twice");
    }
}

#[test]
fn what_fails_counts_as_nothing() {
    let mut connection = Connection::default();
    connection.say("안녕\n");
    connection.writer.pong(b"?");
    assert_eq!(connection.writer.write(&[b"x\n"], |_| Err("full")), Err("full"));
    connection.write(&[], 0);
    assert!(!connection.writer.is_clean());
    connection.write_all();
    assert_eq!(connection.page.messages, ["안녕\n"]);
    assert_eq!(connection.page.pongs, [b"?"]);
}

#[test]
fn control_frames_wait_for_the_end_of_a_frame_not_of_a_line() {
    let mut connection = Connection::default();
    let line = format!("{}\n", "x".repeat(3 * MAX_FRAME));
    connection.say(&line);
    connection.write(&[], 100);
    connection.writer.pong(b"now");
    connection.write(&[], usize::MAX);
    assert_eq!(connection.page.pongs, [b"now"]);
    connection.write_all();
    assert!(connection.page.messages == [line]);
}

/// Of many pongs that nobody reads the last ones are sent (5.5.3), and all that fit.
#[test]
fn pongs_are_bounded() {
    let mut connection = Connection::default();
    for number in 0..10_u32 {
        connection.writer.pong(&[number as u8; 125]);
    }
    connection.write_all();
    let all: Vec<Vec<u8>> = (0..10).map(|number| vec![number; 125]).collect();
    assert_eq!(connection.page.pongs, all);
    let held = allocation_counter::measure(|| {
        for number in 0..100_000_u32 {
            connection.writer.pong(&number.to_be_bytes());
        }
    });
    assert!(held.bytes_max < 8 * 1024, "{held:?}");
    connection.write_all();
    let last = connection.page.pongs.last().unwrap();
    assert_eq!(last[..], 99_999_u32.to_be_bytes());
    // More than a frame can hold is never asked for, and never sent.
    connection.writer.pong(&[0; 126]);
    connection.write_all();
    assert_eq!(connection.page.pongs.last().unwrap().len(), 125);
}

#[test]
fn nothing_comes_behind_a_close_frame() {
    let mut connection = Connection::default();
    connection.say("first\n");
    connection.write(&[], 3);
    connection.writer.close(CloseCode::GOING_AWAY);
    connection.writer.close(CloseCode::NORMAL);
    connection.writer.pong(b"?");
    connection.writer.heartbeat();
    connection.say("last\n");
    for _ in 0..20 {
        connection.write(&[], 2);
    }
    assert_eq!(connection.page.messages, ["first\n"]);
    assert_eq!(connection.page.closed, Some(1001));
    assert_eq!(connection.page.pongs, [b""; 0]);
    assert_eq!(connection.taken, "first\n".len());
    assert!(connection.writer.is_clean());
}

/// A page shows messages once they have ended: what one is told who is turned away may have no
/// newline.
#[test]
fn a_close_ends_the_message_that_has_begun() {
    let mut connection = Connection::default();
    connection.say("> The room is locked");
    connection.write(&[], 5);
    connection.writer.close(CloseCode::POLICY);
    connection.write_all();
    assert_eq!(connection.page.messages, ["> The room is locked"]);
    assert_eq!(connection.page.closed, Some(1008));
}

#[test]
fn a_heartbeat_is_an_empty_message_where_nothing_else_is_said() {
    let mut connection = Connection::default();
    connection.writer.heartbeat();
    connection.writer.heartbeat();
    connection.write_all();
    assert_eq!(connection.page.messages, [""]);
    // Inside a line it would be an error, and is not needed.
    connection.say("a line ");
    connection.write_all();
    connection.writer.heartbeat();
    connection.say("goes on\n");
    connection.write_all();
    assert_eq!(connection.page.messages[1..], ["a line goes on\n"]);
}

/// Only what is left of a frame is copied, and given back.
#[test]
fn a_writer_that_has_nothing_left_holds_no_memory() {
    assert_eq!(size_of::<FrameWriter>(), size_of::<usize>());
    let mut connection = Connection::default();
    connection.say(&"12345678901234567890\n".repeat(10_000));
    let Connection { writer, log, .. } = &mut connection;
    let held = allocation_counter::measure(|| {
        let taken = writer.write(&[log], |_| Ok::<_, Infallible>(100));
        assert!(taken.unwrap() <= MAX_FRAME);
    });
    assert!(held.bytes_current > 15_000 && held.bytes_max <= 17_000, "{held:?}");
    let held = allocation_counter::measure(|| {
        let _ = writer.write(&[], |parts| Ok::<_, Infallible>(parts[0].len()));
    });
    assert!(held.bytes_current < -15_000, "{held:?}");
    let held = allocation_counter::measure(|| {
        let taken = writer.write(&[log], |parts| Ok::<_, Infallible>(parts.concat().len()));
        assert!(taken.unwrap() > MAX_FRAME);
    });
    assert_eq!(held.bytes_current, 0);
}

/// More slices than one write is given.
#[test]
fn any_number_of_slices_may_be_lent() {
    let mut connection = Connection::default();
    connection.say(&"1234567\n".repeat(500));
    let ends: Vec<usize> = (0..2_000).map(|end| end * 2).collect();
    while connection.taken < connection.log.len() || !connection.writer.is_clean() {
        connection.write(&ends, usize::MAX);
    }
    assert_eq!(connection.page.messages.concat(), "1234567\n".repeat(500));
}

/// Something that happens to a connection.
#[derive(Clone, Debug)]
enum Act {
    Say(String),
    Pong,
    Heartbeat,
    Write { ends: Vec<usize>, most: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => "[a-z가-힣\n]{0,30}\n".prop_map(Act::Say),
        1 => (1..40_000_usize).prop_map(|length| Act::Say("x".repeat(length))),
        1 => (1..2_000_usize).prop_map(|count| Act::Say("line after line\n".repeat(count))),
        1 => prop_oneof![Just(Act::Pong), Just(Act::Heartbeat)],
        6 => (vec(0..50_000_usize, 0..16), 0..40_000_usize)
            .prop_map(|(ends, most)| Act::Write { ends, most }),
        2 => (vec(0..100_usize, 0..16), 0..20_usize)
            .prop_map(|(ends, most)| Act::Write { ends, most }),
    ]
}

proptest! {
    #[test]
    fn whatever_a_socket_takes_all_lines_come_once(acts in vec(act(), 0..60)) {
        let mut connection = Connection::default();
        for act in acts {
            match act {
                Act::Say(text) => connection.say(&text),
                Act::Pong => connection.writer.pong(b"?"),
                Act::Heartbeat => connection.writer.heartbeat(),
                Act::Write { mut ends, most } => {
                    ends.sort_unstable();
                    connection.write(&ends, most);
                }
            }
        }
        connection.say("\n");
        connection.write_all();
        let Connection { page, log, .. } = connection;
        assert!(page.is_between_frames());
        assert!(page.messages.concat().as_bytes() == log);
        for message in page.messages {
            assert!(message.is_empty() || message.ends_with('\n'), "{} bytes", message.len());
        }
    }
}
