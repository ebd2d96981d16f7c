//! Whatever a member sends, and however it is cut on its way: others get the same lines of text,
//! which command nothing.

#![no_main]

#[path = "../../tests/protocol/simulation/screen.rs"]
mod screen;

use chat_core::{Instant, Limits, Room};
use libfuzzer_sys::fuzz_target;
use screen::Screen;

/// What a listener gets of the bytes of a framed member, that come in chunks of these lengths.
fn heard(bytes: &[u8], lengths: &mut dyn Iterator<Item = usize>) -> Vec<u8> {
    let now = Instant::default();
    let mut room = Room::new(Limits { max_line: 64, ..Limits::default() });
    room.close_console();
    let mut join = |port| room.join(now, ([127, 0, 0, 1], port).into()).expect("there is no limit");
    let (talker, listener) = (join(1), join(2));
    room.receive(now, talker, b"framed\n");
    let mut rest = bytes;
    let mut heard = Vec::new();
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let length = length.min(room.input_budget(now, talker));
        let (chunk, after) = rest.split_at(length);
        room.receive(now, talker, chunk);
        rest = after;
        hear(&mut room, listener, &mut heard);
    }
    room.end_of_input(now, talker);
    hear(&mut room, listener, &mut heard);
    heard
}

fn hear(room: &mut Room, listener: chat_core::MemberId, heard: &mut Vec<u8>) {
    while !room.has_caught_up(listener) {
        let lent = room.transmit(listener).concat();
        room.sent(listener, lent.len());
        heard.extend(lent);
    }
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, lengths) = input;
    let whole = heard(&bytes, &mut std::iter::empty());
    let cut = heard(&bytes, &mut lengths.iter().map(|length| usize::from(*length)));
    assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&cut));
    let mut screen = Screen::default();
    screen.show(&whole);
});
