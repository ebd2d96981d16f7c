//! Whatever terminals send, cut anywhere, with any pause between: a network does that.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

use crate::terminal::keys::{Key, Keys, Meaning, Parameters, SEQUENCE, TABLE};
use crate::terminal::{Draft, Effect};

/// What stands between an introducer and a final byte: keys, their modifiers and events.
const PARAMETERS: [&str; 19] = [
    "1",
    "2",
    "3",
    "7",
    "15",
    "24",
    "1;2",
    "1;5",
    "3;6",
    "15;256",
    "1;5:1",
    "3;1:2",
    "99;5",
    "13;2",
    "97:65;2",
    "97:65:97;2:1",
    "1089::99;5",
    "27;5;99",
    "201",
];

/// Every sequence of the table, with what is typed by it.
fn sequences() -> Vec<String> {
    let mut all = Vec::new();
    for row in TABLE {
        let samples: &[&str] = match row.parameters {
            Parameters::None => &[""],
            Parameters::Some => &PARAMETERS,
            Parameters::Private => &["?1;2", ">41;379;0", "<0;120;40", "?2026;2$"],
            Parameters::Several => &["8;24;80", "32;120;40", "1;2;3;4;0&", "20;1$"],
            Parameters::Optional => &[&[""], &["1;2", "1;5", "1;256", "5", "1;5:3"][..]].concat(),
        };
        for parameters in samples {
            for &last in row.last {
                let is_rxvts =
                    last == b'$' && !parameters.bytes().all(|byte| byte.is_ascii_digit());
                // That one is whole without it.
                if is_rxvts || parameters.ends_with(['$', '&']) != b"yw".contains(&last) {
                    continue;
                }
                let rest = match (row.parameters, last) {
                    (Parameters::None, b'M') => " !\"",
                    (Parameters::None, b't') => "!~",
                    (Parameters::None, b'T') => "!\"#$%&",
                    (Parameters::None, b'[') => "A",
                    _ => "",
                };
                let (introducer, last) = (char::from(row.introducer), char::from(last));
                all.push(format!("\x1b{introducer}{parameters}{last}{rest}"));
            }
        }
    }
    all
}

/// Whether a sequence types something.
fn types(sequence: &str) -> bool {
    let is_coded = |meaning| {
        let row = TABLE.iter().find(|row| row.meaning == meaning).unwrap();
        row.last.contains(sequence.as_bytes().last().unwrap())
    };
    is_coded(Meaning::CodePoint) || sequence.contains("27;")
}

/// Somebody at a keyboard, far away.
struct Link {
    keys: Keys,
    draft: Draft,
    entered: usize,
}

impl Link {
    fn new() -> Self {
        Self { keys: Keys::default(), draft: Draft::new(), entered: 0 }
    }

    fn carries(&mut self, bytes: &[u8]) {
        let mut pressed = Vec::new();
        self.keys.feed(bytes, &mut |key| pressed.push(key));
        self.press(pressed);
    }

    fn pauses(&mut self, mut pause: Duration) {
        while let Some(undecided) = self.keys.undecided_for().filter(|time| *time <= pause) {
            pause -= undecided;
            let mut pressed = Vec::new();
            self.keys.decide(&mut |key| pressed.push(key));
            self.press(pressed);
        }
    }

    fn press(&mut self, keys: Vec<Key>) {
        for key in keys {
            self.entered += usize::from(self.draft.press(key) == Effect::Entered);
        }
    }

    fn text(&self) -> &str {
        self.draft.view().text
    }
}

const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(60),
    Duration::from_millis(120),
    Duration::from_secs(1),
    Duration::from_secs(9),
];

/// Returns the forms of a sequence: with ESC, with another one for Alt, with a C1 control as one
/// character and as one byte.
fn forms(sequence: &str) -> [Vec<u8>; 4] {
    let (introducer, rest) = sequence.as_bytes()[1..].split_first().unwrap();
    let c1 = introducer + 0x40;
    [
        sequence.into(),
        [b"\x1b", sequence.as_bytes()].concat(),
        [&[0xc2, c1], rest].concat(),
        [&[c1], rest].concat(),
    ]
}

/// Each sequence of the table, in each of its forms, cut once.
#[test]
fn a_sequence_of_the_table_is_no_text() {
    let all = sequences();
    assert!(all.len() > 300, "{}", all.len());
    for sequence in all {
        for bytes in forms(&sequence) {
            for cut in 1..=bytes.len() {
                for pause in PAUSES {
                    let mut link = Link::new();
                    link.carries(&bytes[..cut]);
                    link.pauses(pause);
                    link.carries(&bytes[cut..]);
                    link.pauses(Duration::MAX);
                    let typed = link.text().to_owned();
                    // Shift and Enter make a line.
                    let is_silent = matches!(&*typed, "" | "\n");
                    assert!(is_silent || types(&sequence), "{typed:?} of {sequence:?}");
                    link.carries(b"x");
                    assert_eq!(link.text(), typed + "x", "{sequence:?}, {cut}, {pause:?}");
                }
            }
        }
    }
}

/// What is pasted, typed and sent by a terminal, and what of it is text.
fn items() -> impl Strategy<Value = (Vec<u8>, String)> {
    let silent: Vec<String> = sequences().into_iter().filter(|it| !types(it)).collect();
    // Leaves what stands there as it is: Enter would send it, and others move or delete.
    let silent = silent.into_iter().filter(|it| {
        let mut link = Link::new();
        link.carries("\x1b[200~하\n가\x1b[201~".as_bytes());
        link.carries(it.as_bytes());
        link.carries("나".as_bytes());
        link.entered == 0 && link.text() == "하\n가나"
    });
    let silent: Vec<String> = silent.collect();
    assert!(silent.len() > 200);
    const ANSWERS: &[&str] = &[
        "\x1b]11;rgb:0000/0000/0000\x07",
        "\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
        "\x1b]lexit 위로\x1b\\",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\x1bP0$r\x1b\\",
        "\x1bP>|tmux 3.3a\x1b\\",
        "\x1bP!|00000000\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
    ];
    // A raw value that is the first byte of a character can be told from one by chance only.
    let raw = vec(prop_oneof![0x20_u8..0xc2, 0xe0_u8..=0xff, Just(0)], 3);
    let mouse = raw.prop_map(|raw| [b"\x1b[M", &raw[..]].concat());
    let character = any::<char>().prop_map(|c| if c.is_control() { '\n' } else { c });
    let pasted = prop_oneof![character, select(&['\x1b', '[', '2', '0', '1', '가'][..])];
    let pasted = vec(pasted, 0..8);
    let pasted =
        pasted.prop_map(|chars| chars.into_iter().collect::<String>().replace("\x1b[201~", ""));
    prop_oneof![
        3 => select(&["x", "가", "안녕", " ", "[A", "ㅋㅋ"][..])
            .prop_map(|text| (text.into(), text.to_owned())),
        4 => select(silent).prop_map(|it| (it.into_bytes(), String::new())),
        2 => select(ANSWERS).prop_map(|it| (it.into(), String::new())),
        1 => mouse.prop_map(|it| (it, String::new())),
        1 => pasted.prop_map(|text| {
            (format!("\x1b[200~{text}\x1b[201~").into(), text.replace('\x1b', "␛"))
        }),
    ]
}

proptest! {
    // What was found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What stands there is what was typed and pasted.
    #[test]
    fn anything_that_is_cut_anywhere(
        items in vec(items(), 1..8),
        cuts in vec((1_usize..12, select(&PAUSES[..])), 1..30),
    ) {
        let (bytes, texts): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        let (bytes, expected) = (bytes.concat(), texts.concat());
        let (mut link, mut rest) = (Link::new(), &bytes[..]);
        for (length, pause) in cuts.iter().cycle() {
            let (chunk, after) = rest.split_at((*length).min(rest.len()));
            link.carries(chunk);
            link.pauses(*pause);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        link.pauses(SEQUENCE);
        link.carries(b"x");
        let mut plain = Link::new();
        plain.press(vec![Key::Paste(expected + "x")]);
        assert_eq!(link.text(), plain.text(), "{:?}", String::from_utf8_lossy(&bytes));
        assert_eq!(link.entered, 0);
    }

    /// Nothing that a terminal has sent keeps the user from leaving, or the memory from being free.
    #[test]
    fn leaving_after_anything(
        bytes in vec(prop_oneof![select(b"\x1b[]OP_M200~;:u".as_slice()), any::<u8>()], 0..40),
    ) {
        let mut keys = Keys::default();
        keys.feed(&bytes, &mut |_| {});
        while keys.undecided_for().is_some() {
            keys.decide(&mut |_| {});
        }
        for ctrl_c in ["\x03", "\x1b[99;5u", "\x1b[27;5;99~"] {
            let mut pressed = Vec::new();
            keys.feed(ctrl_c.as_bytes(), &mut |key| pressed.push(key));
            assert_eq!(pressed.last(), Some(&Key::Ctrl('c')), "{bytes:x?}");
        }
    }
}
