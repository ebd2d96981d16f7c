//! Whatever a server sends, however it is cut, and whatever the user types meanwhile: what is shown
//! is lines of text that command nothing, and what is sent are the lines that were typed.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;

use std::time::Duration;

use bytes::Bytes;
use chat_core::{Client, Instant};
use choices::Choices;
use libfuzzer_sys::fuzz_target;

/// What a user types: it is clean, and no line is too long.
const TYPED: [&str; 5] = ["안녕", "hello", "\n", "ㅋㅋ\n", "\n\n"];

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, decisions) = input;
    let mut choices = Bytes(&decisions);
    let mut now = Instant::default();
    let mut client = Client::new(now);
    let (mut rest, mut shown, mut typed, mut sent) =
        (&bytes[..], Vec::new(), String::new(), Vec::new());
    while !choices.is_exhausted() {
        match choices.below(8) {
            0..3 if client.wants_received() => {
                let (chunk, after) = rest.split_at(choices.below(256).min(rest.len()));
                client.receive(now, chunk);
                rest = after;
            }
            3 if client.wants_typed() => {
                let piece = choices.one(&TYPED);
                client.type_in(piece.as_bytes());
                typed.push_str(piece);
            }
            4 => now = now + Duration::from_millis(choices.below(1_200) as u64),
            5 => {
                let lent = client.transmit(now).to_vec();
                let count = choices.below(lent.len().min(65_535) + 1);
                client.sent(now, count);
                sent.extend_from_slice(&lent[..count]);
            }
            6.. if choices.once_in(2) => shown.extend(client.take_display(Vec::new())),
            _ => {
                if let Some(at) = client.next_tick(now) {
                    now = now.max(at);
                    client.tick(now);
                }
            }
        }
    }
    client.receive(now, rest);
    client.end_of_stream();
    shown.extend(client.take_display(Vec::new()));
    let shown = String::from_utf8(shown).expect("text");
    assert!(shown.is_empty() || shown.ends_with('\n'));
    for line in shown.lines() {
        assert!(line.chars().all(|c| c == '\n' || chat_core::shown(c) == c), "{line:?}");
    }
    // Empty lines are not sent, and an unframed server is sent no newlines.
    let bare =
        |bytes: &[u8]| bytes.iter().copied().filter(|&byte| byte != b'\n').collect::<Vec<_>>();
    assert!(bare(typed.as_bytes()).starts_with(&bare(&sent)), "{sent:?} of {typed:?}");
});
