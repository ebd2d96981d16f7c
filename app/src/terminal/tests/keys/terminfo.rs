//! The keys of all terminals that terminfo knows (Debian's ncurses-base and ncurses-term).

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use regex::bytes::Regex;

use crate::terminal::keys::{Key, Keys};

/// Where Debian has them.
const DATABASES: [&str; 2] = ["/usr/share/terminfo", "/lib/terminfo"];

/// A file of ncurses-term.
const WITNESS: &str = "/usr/share/terminfo/r/rxvt-16color";

/// Sequences by ECMA-48 (5.4, 5.6), with what terminals add to it, and each with another ESC for
/// Alt; a control character alone; Alt and a key.
const SENT: &str = r"(?xs-u) \A (?:
    \x1b? (?: \x1b\[ | \x9b ) (?: [0-?]* [\x20-/]* [@-~] | \[ [A-Z] | [0-9]+ \$ )
    | \x1b? (?: \x1bO | \x8f ) [0-9;]* [\x20-~]
    | (?: \x1b [P\]_] | [\x90\x9d\x9f] ) [^\x00-\x1f]* (?: \x1b\\ | \x9c | \x07 )
    | [\x00-\x1f\x7f]
    | \x1b [\x00-\x7f]
) \z";

/// Returns what the keys send of a terminal.
fn keys_of(terminal: &str) -> BTreeSet<Vec<u8>> {
    let output = Command::new("infocmp").args(["-1", "-x", terminal]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let capabilities =
        text.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once('='));
    capabilities.filter(|(name, _)| name.starts_with('k')).map(|(_, it)| unescape(it)).collect()
}

/// Undoes the escapes of terminfo's sources (`terminfo(5)`, "Types of Capabilities").
fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, after) {
            (b'^', [b'?', after @ ..]) => (0x7f, after),
            (b'^', [c, after @ ..]) => (c & 0x1f, after),
            (b'\\', [digits @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                ((digits - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), after)
            }
            (b'\\', [c, after @ ..]) => {
                let byte = match c {
                    b'E' | b'e' => 0x1b,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b's' => b' ',
                    b'0' => 0,
                    other => *other,
                };
                (byte, after)
            }
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn terminals() -> BTreeSet<String> {
    let folders = DATABASES.iter().filter_map(|path| fs::read_dir(path).ok()).flatten();
    let files = folders.filter_map(|folder| fs::read_dir(folder.ok()?.path()).ok()).flatten();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// Returns whether what a key sends, cut there, types something, or takes the next character away.
fn types(sequence: &[u8], cut: usize) -> bool {
    let mut keys = Keys::default();
    let mut typed = Vec::new();
    let mut press = |key| {
        if let Key::Char(_) | Key::Paste(_) = key {
            typed.push(key);
        }
    };
    keys.feed(&sequence[..cut], &mut press);
    keys.feed(&sequence[cut..], &mut press);
    while keys.undecided_for().is_some() {
        keys.decide(&mut press);
    }
    keys.feed(b"x", &mut press);
    typed != [Key::Char('x')]
}

#[test]
fn the_keys_of_all_terminals_are_no_text() {
    if !Path::new(WITNESS).exists() {
        let missing = "terminfo's entries are not installed (packages ncurses-bin, ncurses-term)";
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
        io::stderr().write_all(format!("A test is left out: {missing}\n").as_bytes()).unwrap();
        return;
    }
    let all: BTreeSet<Vec<u8>> = terminals().iter().flat_map(|name| keys_of(name)).collect();
    let sent = Regex::new(SENT).unwrap();
    // The others are those of terminals before ECMA-48, such as Ctrl+A, A and Enter: nothing tells
    // them from typing.
    let all: Vec<Vec<u8>> = all.into_iter().filter(|it| sent.is_match(it)).collect();
    assert!(all.len() > 800, "{}", all.len());
    for sequence in all.iter().filter(|it| **it != b"\t") {
        for cut in 0..=sequence.len() {
            assert!(!types(sequence, cut), "{}, {cut}", sequence.escape_ascii());
        }
    }
}
