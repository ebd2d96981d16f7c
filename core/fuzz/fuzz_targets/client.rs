//! Whatever a server sends, however it is cut, and whatever the user types meanwhile: what is shown
//! are the server's lines, cleaned, with the user's own among them, and what is sent are the lines that
//! were typed.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use chat_core::{Client, Instant, YOU};
use choices::Choices;
use libfuzzer_sys::fuzz_target;

/// What a user types: it is clean.
const TYPED: [&str; 5] = ["안녕", "hello", "\n", "ㅋㅋ\n", "\n\n"];

/// Bytes of a line that is certainly not too long.
const SHORT: usize = 4096;

/// Of a line that the server sends, so often as much is taken as comes: more than is wanted at once.
const OFTEN: usize = 64;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, decisions) = input;
    let mut choices = Bytes(&decisions);
    let mut now = Instant::default();
    // The second one's user types nothing: it shows what is the server's.
    let mut clients = [Client::new(now), Client::new(now)];
    let mut shown = [Vec::new(), Vec::new()];
    let (mut rest, mut received) = (&bytes[..], Vec::new());
    let (mut typed, mut sent) = (String::new(), Vec::new());
    // Whether the first newline came at once: no silence was heard before it.
    let mut is_framed = false;
    let mut are_alike = true;
    while !choices.is_exhausted() {
        match choices.below(8) {
            decision @ 0..3 if clients[0].wants_received() => {
                let (chunk, after) = rest.split_at(choices.below(256).min(rest.len()));
                let chunk = chunk.repeat(if decision == 2 { 1 + choices.below(OFTEN) } else { 1 });
                clients.iter_mut().for_each(|client| client.receive(now, &chunk));
                received.extend_from_slice(&chunk);
                is_framed |= now == Instant::default() && chunk.contains(&b'\n');
                rest = after;
            }
            3 if clients[0].wants_typed() => {
                let piece = choices.one(&TYPED);
                clients[0].type_in(piece.as_bytes());
                typed.push_str(piece);
            }
            4 => now = now + Duration::from_millis(choices.below(1_200) as u64),
            5 => {
                let lent = clients[0].transmit(now).to_vec();
                let count = choices.below(lent.len().min(65_535) + 1);
                clients[0].sent(now, count);
                sent.extend_from_slice(&lent[..count]);
            }
            6.. if choices.once_in(2) => show(&mut clients, &mut shown),
            _ => {
                if let Some(at) = clients[0].next_tick(now) {
                    now = now.max(at);
                    clients.iter_mut().for_each(|client| client.tick(now));
                }
            }
        }
        are_alike &= clients[0].wants_received() == clients[1].wants_received();
    }
    for client in &mut clients {
        client.receive(now, rest);
        client.end_of_stream();
    }
    received.extend_from_slice(rest);
    show(&mut clients, &mut shown);
    let [shown, servers] = shown.map(|shown| String::from_utf8(shown).expect("text"));
    for text in [&shown, &servers] {
        assert!(text.is_empty() || text.ends_with('\n'));
        let is_clean = |line: &str| line.chars().all(|c| chat_core::shown(c) == c);
        assert!(text.lines().all(is_clean), "{text:?}");
    }
    let is_short = |text: &str| text.split('\n').all(|line| line.len() <= SHORT);
    let text = clean(&received);
    if now == Instant::default() && is_short(&text) {
        let lines: String = lines(&text).flat_map(|line| [line, "\n"]).collect();
        assert_eq!(servers, lines);
    }
    if is_short(&typed) {
        assert!(!are_alike || are_merged(&shown, &servers, &typed), "{shown:?} of {servers:?}");
        assert_sent(&sent, &typed, is_framed);
    }
});

fn show(clients: &mut [Client; 2], shown: &mut [Vec<u8>; 2]) {
    for (client, shown) in clients.iter_mut().zip(shown) {
        shown.extend(client.take_display(Vec::new()));
    }
}

/// What a server's bytes are as text, one character after the other.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    text.chars().map(|c| if c == '\n' { c } else { chat_core::shown(c) }).collect()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').filter(|line| !line.is_empty())
}

/// Whether the lines shown are the server's, all of them and in order, with the first of the user's own
/// among them, in order.
fn are_merged(shown: &str, servers: &str, typed: &str) -> bool {
    let servers: Vec<&str> = servers.lines().collect();
    let own: Vec<&str> = typed.split('\n').collect();
    // How many are the server's of those that were looked at; a line may be either's.
    let mut counts = BTreeSet::from([0]);
    for (number, line) in shown.lines().enumerate() {
        let is_own = |count: &usize| {
            line.strip_prefix(YOU).is_some_and(|text| own.get(number - count) == Some(&text))
        };
        let is_servers = |count: &usize| servers.get(*count) == Some(&line);
        let owns = counts.iter().copied().filter(is_own);
        counts =
            owns.chain(counts.iter().filter(|count| is_servers(count)).map(|n| n + 1)).collect();
    }
    counts.contains(&servers.len())
}

/// What was sent are the lines that were typed, but for the empty ones; to a server that was unframed
/// at any time their newlines may be missing.
fn assert_sent(sent: &[u8], typed: &str, is_framed: bool) {
    let typed: String = lines(typed).flat_map(|line| [line, "\n"]).collect();
    let mut typed_bytes = typed.bytes();
    for &byte in sent {
        let mut expected = typed_bytes.next();
        if expected != Some(byte) && expected == Some(b'\n') && !is_framed {
            expected = typed_bytes.next();
        }
        assert_eq!(expected, Some(byte), "{sent:?} of {typed:?}");
    }
}
