//! Whatever a server sends, however it is cut, and whatever the user types meanwhile: what is shown is
//! the server's lines, cleaned, with the user's own among them, and what is sent is the lines that were
//! typed: in the end all of them, unless the room is full. One that may come back shows no line of its
//! user's twice, and holds no more than it should.

#![no_main]

mod bytes;
#[path = "../../tests/protocol/simulation/choices.rs"]
mod choices;
#[path = "../../tests/protocol/comeback/torment.rs"]
mod torment;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use chat_core::{Client, Instant, Lines, YOU};
use choices::Choices;
use libfuzzer_sys::fuzz_target;

/// What a user types: it is clean.
const TYPED: [&str; 5] = ["안녕", "hello", "\n", "ㅋㅋ\n", "\n\n"];

/// Longer than the greeting is waited for, and than a silence.
const LONG: Duration = Duration::from_secs(2);

/// Bytes of a line that is certainly not too long.
const SHORT: usize = 4096;

/// How often a chunk of the server's is repeated, at the most: a few of these are more than is wanted
/// at once.
const OFTEN: usize = 64;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, decisions) = input;
    torment::torment(&mut Bytes(&decisions), &bytes, usize::MAX);
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
                let is_full = choices.once_in(4);
                clients.iter_mut().for_each(|client| client.receive(now, &chunk, is_full));
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
                if let Some(at) = clients[0].next_tick() {
                    now = now.max(at);
                    clients.iter_mut().for_each(|client| client.tick(now));
                }
            }
        }
        are_alike &= clients[0].wants_received() == clients[1].wants_received();
    }
    let took_no_time = now == Instant::default();
    received.extend_from_slice(rest);
    clients.iter_mut().for_each(|client| client.receive(now, rest, false));
    loop {
        now = now + LONG;
        let lent = clients[0].transmit(now).to_vec();
        if lent.is_empty() {
            break;
        }
        clients[0].sent(now, lent.len());
        sent.extend_from_slice(&lent);
    }
    clients.iter_mut().for_each(Client::end_of_stream);
    show(&mut clients, &mut shown);
    let [shown, servers] = shown.map(|shown| String::from_utf8(shown).expect("text"));
    for text in [&shown, &servers] {
        assert!(text.is_empty() || text.ends_with('\n'));
        let is_clean = |line: &str| line.chars().all(|c| chat_core::shown(c) == c);
        assert!(text.lines().all(is_clean), "{text:?}");
    }
    let is_short = |text: &str| text.split('\n').all(|line| line.len() <= SHORT);
    let text = clean(&received);
    if took_no_time && is_short(&text) {
        let lines: String = lines(&text).flat_map(|line| [line, "\n"]).collect();
        assert_eq!(servers, lines);
    }
    if received.is_ascii() && !received.contains(&b'\r') {
        // A silence can only end a line.
        assert!(lines(&servers).flat_map(str::chars).eq(lines(&text).flat_map(str::chars)));
    }
    if is_short(&typed) {
        let typed = &typed[..typed.rfind('\n').map_or(0, |last| last + 1)];
        let is_all = !clients[0].is_turned_away();
        let are_merged = || are_merged(&shown, &servers, typed, is_all);
        assert!(!are_alike || are_merged(), "{shown:?} of {servers:?}, {typed:?}");
        assert_sent(&sent, typed, is_framed, is_all);
    }
});

fn show(clients: &mut [Client; 2], shown: &mut [Vec<u8>; 2]) {
    for (client, shown) in clients.iter_mut().zip(shown) {
        let lines = client.take_lines(Lines::default());
        let text: String = lines.iter().map(|shown| format!("{}\n", shown.line)).collect();
        assert_eq!(text.as_bytes(), lines.as_bytes(), "its parts give a line back");
        shown.extend_from_slice(lines.as_bytes());
    }
}

/// What a server's bytes are as text, one character after the other.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\0\n", "\n").replace("\r\n", "\n");
    // The end of all ends the last line too.
    let text = text.strip_suffix("\r\0").or(text.strip_suffix('\r')).unwrap_or(&text);
    text.chars().map(|c| if c == '\n' { c } else { chat_core::shown(c) }).collect()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').filter(|line| !line.is_empty())
}

/// Whether the lines shown are the server's, all of them and in order, with the user's own among them, in
/// order: all of them or the first.
fn are_merged(shown: &str, servers: &str, typed: &str, is_all: bool) -> bool {
    let servers: Vec<&str> = servers.lines().collect();
    let own: Vec<&str> = typed.split_terminator('\n').collect();
    if is_all && shown.lines().count() != servers.len() + own.len() {
        return false;
    }
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

/// What was sent is the lines that were typed, but for the empty ones, all of them or the first; to a
/// server that was unframed at any time their newlines may be missing.
fn assert_sent(sent: &[u8], typed: &str, is_framed: bool, is_all: bool) {
    let typed: String = lines(typed).flat_map(|line| [line, "\n"]).collect();
    let mut unsent = typed.as_bytes();
    // An empty line before all others says that newlines end them.
    for &byte in sent.strip_prefix(b"\n").unwrap_or(sent) {
        if byte != b'\n' && !is_framed {
            unsent = unsent.strip_prefix(b"\n").unwrap_or(unsent);
        }
        let Some(after) = unsent.strip_prefix(&[byte]) else { panic!("{sent:?} of {typed:?}") };
        unsent = after;
    }
    let is_at_end = unsent.is_empty() || unsent == b"\n" && !is_framed;
    assert!(is_at_end || !is_all, "{unsent:?} of {typed:?} is not sent");
}
