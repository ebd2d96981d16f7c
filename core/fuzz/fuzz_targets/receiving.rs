//! Whatever a member sends, and however it is cut on its way: others get the same lines of text,
//! which command nothing.

#![no_main]

#[path = "../../tests/protocol/simulation/screen.rs"]
mod screen;

use std::convert::Infallible;
use std::time::Duration;

use chat_core::{Delivered, Instant, Limits, MemberId, Server, Wire};
use libfuzzer_sys::fuzz_target;
use screen::Screen;

/// What a listener gets of the bytes of a framed member, that come in chunks of these lengths.
fn heard(bytes: &[u8], lengths: &mut dyn Iterator<Item = usize>) -> Vec<u8> {
    let mut now = Instant::default();
    let mut server = Server::new(Limits { max_line: 64, ..Limits::default() });
    let mut join = |port| {
        let origin = ([127, 0, 0, 1], port).into();
        server.connect(now, origin, Wire::Lines).expect("there is no limit")
    };
    let (talker, listener) = (join(1), join(2));
    server.receive(now, talker, b"framed\n");
    let mut rest = bytes;
    let (mut heard, mut answers) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        hear(&mut server, talker, &mut answers);
        let length = lengths.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let budget = server.budget(now, talker);
        if budget == 0 && server.users() < 2 {
            // It has left.
            break;
        }
        if budget == 0 {
            now = rest_of_commands(&mut server, now, listener, &mut heard);
            continue;
        }
        let length = length.min(budget);
        let (chunk, after) = rest.split_at(length);
        server.receive(now, talker, chunk);
        rest = after;
        hear(&mut server, listener, &mut heard);
    }
    server.end_of_input(now, talker);
    while server.users() == 2 {
        now = rest_of_commands(&mut server, now, listener, &mut heard);
        hear(&mut server, talker, &mut answers);
    }
    hear(&mut server, listener, &mut heard);
    hear(&mut server, talker, &mut answers);
    Screen::default().show(&answers);
    heard
}

/// Time passes, in which commands are dealt with.
fn rest_of_commands(
    server: &mut Server,
    now: Instant,
    listener: MemberId,
    heard: &mut Vec<u8>,
) -> Instant {
    let now = now + Duration::from_millis(1);
    server.tick(now);
    hear(server, listener, heard);
    now
}

/// A member takes all that it has pending.
fn hear(server: &mut Server, id: MemberId, heard: &mut Vec<u8>) {
    loop {
        let Ok(delivered) = server.deliver(id, |slices| {
            slices.iter().for_each(|slice| heard.extend_from_slice(slice));
            Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
        });
        if delivered != Delivered::Partial {
            return;
        }
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
