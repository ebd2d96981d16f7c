//! What Unicode says of its own text, and of bytes that are no text, put through a room.

use chat_core::{Limits, MIN_LINE, MemberId, shown};

use crate::world::{ANN, World};

/// The Unicode Character Database's examples of where graphemes end (`../data/README.md`).
const GRAPHEME_BREAKS: &str = include_str!("../data/GraphemeBreakTest.txt");

/// Bytes that are UTF-8 and that are not, with what becomes of them (`../data/README.md`).
const UTF8_TESTS: &str = include_str!("../data/utf8tests.txt");

#[test]
fn the_examples_are_of_the_version_of_unicode_that_is_used() {
    let (major, minor, update) = unicode_segmentation::UNICODE_VERSION;
    let name = format!("# GraphemeBreakTest-{major}.{minor}.{update}.txt");
    assert_eq!(GRAPHEME_BREAKS.lines().next(), Some(name.as_str()));
}

/// Wherever the limit falls in it, a message is cut between graphemes.
#[test]
fn no_grapheme_that_fits_is_cut() {
    /// What stands before and after the graphemes may become part of the first and the last.
    const NEIGHBOURS: usize = 2;
    let mut room = Room::with(Limits { max_line: MIN_LINE, ..Limits::default() });
    let mut cuts = 0;
    let stride = if cfg!(miri) { 97 } else { 1 };
    for graphemes in grapheme_breaks().step_by(stride) {
        for before in 0..=MIN_LINE {
            let text = format!("{}{}y", "x".repeat(before), graphemes.concat());
            let pieces = room.hears(format!("{text}\n").as_bytes());
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| piece.len() <= MIN_LINE), "{pieces:?}");
            let mut start = before;
            for grapheme in &graphemes {
                let inside = start + 1..start + grapheme.len();
                if grapheme.len() + NEIGHBOURS <= MIN_LINE {
                    let is_cut = ends(&pieces).any(|end| inside.contains(&end));
                    assert!(!is_cut, "{grapheme:?} is cut: {pieces:?}");
                }
                start = inside.end;
            }
            cuts += pieces.len() - 1;
        }
    }
    assert!(cuts > 2_000 / stride, "each is cut somewhere: {cuts}");
}

/// Where each piece of a text ends in it.
fn ends(pieces: &[String]) -> impl Iterator<Item = usize> {
    pieces.iter().scan(0, |end, piece| {
        *end += piece.len();
        Some(*end)
    })
}

/// The examples, grapheme by grapheme: `÷ 1100 × 1161 ÷ 0061 ÷ # …`. Not those with a control
/// character: others are shown something else for it.
fn grapheme_breaks() -> impl Iterator<Item = Vec<String>> {
    let character =
        |number: &str| char::from_u32(u32::from_str_radix(number.trim(), 16).unwrap()).unwrap();
    let examples = GRAPHEME_BREAKS.lines().filter_map(|line| {
        let example = line.split('#').next()?.trim().strip_prefix('÷')?.strip_suffix('÷')?;
        Some(example)
    });
    examples
        .map(move |example| {
            let graphemes = example.split('÷');
            graphemes.map(|it| it.split('×').map(character).collect()).collect::<Vec<String>>()
        })
        .filter(|graphemes| graphemes.iter().flat_map(|it| it.chars()).all(|it| shown(it) == it))
}

/// Others see of each example what it says that a decoder makes of it, wherever reads cut it.
#[test]
fn what_is_not_utf8_is_replaced_as_others_replace_it() {
    let mut room = Room::with(Limits::default());
    let mut count = 0;
    for (number, bytes, expected) in utf8_tests() {
        let line = [b"|", &*bytes, b"|\n"].concat();
        let expected: String = expected.chars().map(shown).collect();
        for size in 1..=line.len() {
            let heard: Vec<String> = line.chunks(size).flat_map(|it| room.hears(it)).collect();
            assert_eq!(heard, [format!("|{expected}|")], "{number}, in chunks of {size}");
        }
        count += 1;
    }
    assert!(count > 150, "{count} examples");
}

/// The examples: their numbers, bytes and texts, from lines such as `1.0:valid:text`,
/// `2.0:valid hex:31` and `6.0:invalid hex:F7BFBFBF:nothing:EFBFBDEFBFBD`. Not those with a newline,
/// nor with 0xFF, which begins a command of telnet here.
pub(crate) fn utf8_tests() -> impl Iterator<Item = (&'static str, Vec<u8>, String)> {
    let hex = |digits: &str| -> Vec<u8> {
        let digits = digits.replace(' ', "");
        let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let lines = UTF8_TESTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let examples = lines.map(move |line| {
        let (number, example) = line.split_once(':').unwrap();
        let (kind, rest) = example.split_once(':').unwrap();
        match kind.trim() {
            "valid" => (number, rest.as_bytes().to_vec(), rest.to_owned()),
            "valid hex" => (number, hex(rest), text(hex(rest))),
            _ => {
                let [bytes, _, replaced] = rest.split(':').collect::<Vec<_>>()[..] else {
                    panic!("{line}")
                };
                (number, hex(bytes), text(hex(replaced)))
            }
        }
    });
    examples.filter(|(_, bytes, _)| !bytes.contains(&b'\n') && !bytes.contains(&0xff))
}

/// Others see of bytes what [`String::from_utf8_lossy`] makes of them, wherever reads cut them.
#[test]
fn what_is_not_utf8_is_replaced() {
    let stride = if cfg!(miri) { 997 } else { 1 };
    let lines: Vec<Vec<u8>> =
        sequences().step_by(stride).map(|bytes| [b"|", &*bytes, b"|\n"].concat()).collect();
    let mut room = Room::with(Limits::default());
    for lines in lines.chunks(1000) {
        let expected: Vec<String> = lines.iter().map(|line| as_shown(line)).collect();
        // A byte 0xFF is sent twice: by itself it begins a command of telnet.
        let sent: Vec<u8> = lines
            .concat()
            .into_iter()
            .flat_map(|it| vec![it; if it == 0xff { 2 } else { 1 }])
            .collect();
        for size in [sent.len(), 1, 2, 3, 5] {
            let heard: Vec<String> =
                sent.chunks(size).flat_map(|bytes| room.hears(bytes)).collect();
            assert!(heard == expected, "in chunks of {size}: {heard:?}");
        }
    }
}

fn as_shown(line: &[u8]) -> String {
    let text = line.strip_suffix(b"\n").unwrap();
    String::from_utf8_lossy(text).chars().map(shown).collect()
}

/// Any byte that is not ASCII, before any of the bytes at which something becomes different by the
/// table of well-formed sequences (The Unicode Standard, table 3-7): the first and the last of
/// characters of each length, overlong forms, surrogates, what is beyond U+10FFFF, characters that
/// are cut off, continuations alone, bytes that never occur.
fn sequences() -> impl Iterator<Item = Vec<u8>> {
    const BOUNDARIES: [u8; 13] =
        [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xed, 0xf0, 0xf4, 0xff];
    const LAST: [u8; 3] = [b'a', 0x80, 0xbf];
    (0x80..=0xff).flat_map(|first| {
        let pairs = BOUNDARIES.iter().flat_map(|&second| BOUNDARIES.map(|third| (second, third)));
        let longer = pairs
            .flat_map(move |(second, third)| LAST.map(|fourth| vec![first, second, third, fourth]));
        [vec![first]].into_iter().chain(BOUNDARIES.map(|second| vec![first, second])).chain(longer)
    })
}

/// A room with one member that speaks.
struct Room {
    world: World,
    ann: MemberId,
}

impl Room {
    fn with(limits: Limits) -> Self {
        let mut world = World::with(limits);
        let ann = world.join_quietly(ANN);
        // From its first newline on no time passes for it.
        world.receive(ann, "\n");
        world.console();
        Self { world, ann }
    }

    /// What the room hears of bytes, message by message.
    fn hears(&mut self, bytes: &[u8]) -> Vec<String> {
        self.world.receive(self.ann, bytes);
        let label = format!("[{ANN}] ");
        let console = self.world.console();
        console.lines().map(|line| line.strip_prefix(&label).unwrap().to_owned()).collect()
    }
}
