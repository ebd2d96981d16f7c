//! Runs the transcripts of `protocol.md`.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::{Event, MemberId};

use crate::world::World;

const DOCUMENT: &str = include_str!("../../protocol.md");

/// How a transcript begins and ends.
const BEGIN: &str = "```text\n";
const END: &str = "```";

#[test]
fn every_transcript_is_what_happens() {
    let transcripts: Vec<&str> =
        DOCUMENT.split(BEGIN).skip(1).filter_map(|rest| rest.split(END).next()).collect();
    assert!(transcripts.len() >= 13, "{} transcripts", transcripts.len());
    for transcript in transcripts {
        let mut stage = Stage::new();
        for line in transcript.lines() {
            stage.play(line);
        }
    }
}

/// A room, and who plays in it.
struct Stage {
    world: World,
    members: BTreeMap<String, MemberId>,
    /// Those that have closed their sending sides.
    leavers: BTreeSet<MemberId>,
}

impl Stage {
    fn new() -> Self {
        Self { world: World::new(), members: BTreeMap::new(), leavers: BTreeSet::new() }
    }

    fn play(&mut self, line: &str) {
        if let Some(millis) = line.strip_suffix(" ms pass") {
            return self.world.pass_millis(millis.parse().unwrap());
        }
        if line == "the room is recorded" {
            return self.world.server.set_recorded(true);
        }
        if let Some(names) = line.strip_suffix(" have read") {
            for name in names.split(", ") {
                self.world.hear(self.members[name]);
            }
            return;
        }
        let (name, what) = line.split_once(' ').unwrap();
        if what == "connects" {
            let id = self.world.join(address(name));
            self.members.insert(name.to_owned(), id);
            return;
        }
        let id = self.members[name];
        match what.split_once(' ') {
            Some(("sends", text)) => self.world.receive(id, unescaped(text)),
            Some(("gets", "nothing")) => {
                assert_eq!(self.world.raw_writes(id), [b""; 0], "{line}");
            }
            Some(("gets", text)) => {
                let (write, _) = self.world.take(id, usize::MAX);
                let (write, expected) = (Bytes(write), Bytes(unescaped(text)));
                assert_eq!(write, expected, "{line}");
            }
            Some(("goes", rest)) => {
                let before = rest.strip_prefix("on as ").unwrap();
                let member = self.members[before];
                let replaced = Event::Replaced { connection: id, member };
                assert!(self.world.events.contains(&replaced), "{line}");
            }
            _ if what == "closes its sending side" => {
                self.leavers.insert(id);
                self.world.end_of_input(id);
            }
            _ if what == "is closed" => {
                // Whoever did not close is closed by the server.
                let is_told = self.world.events.contains(&Event::Closed(id));
                assert_ne!(is_told, self.leavers.contains(&id), "{line}");
                self.world.hear(id);
                assert!(self.world.is_finished(id), "{line}");
            }
            _ => panic!("not a line of a transcript: {line}"),
        }
    }
}

fn address(name: &str) -> &'static str {
    match name {
        "ann" => "192.0.2.1:1000",
        "ben" => "192.0.2.2:2000",
        "cat" => "192.0.2.3:3000",
        _ => panic!("nobody is called {name}"),
    }
}

/// Bytes that are shown as text where they fail to be equal.
#[derive(PartialEq)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The bytes of a text in quotes: `\n`, `\r`, `\t`, `\0` and `\xHH` stand for one each.
fn unescaped(quoted: &str) -> Vec<u8> {
    let text = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let (escape, after) = after.split_at(1);
        rest = after;
        match escape {
            "n" => bytes.push(b'\n'),
            "r" => bytes.push(b'\r'),
            "t" => bytes.push(b'\t'),
            "0" => bytes.push(b'\0'),
            "x" => {
                let (digits, after) = after.split_at(2);
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = after;
            }
            _ => panic!("\\{escape} in {quoted}"),
        }
    }
    bytes.extend(rest.bytes());
    bytes
}
