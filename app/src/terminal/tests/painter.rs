//! What stands on a terminal, after any mixture of keys, lines and sizes.

use unicode_width::UnicodeWidthStr;

use super::Typist;
use super::emulator::Emulator;
use crate::terminal::layout::{Rows, lay_out};
use crate::terminal::{Draft, Painter, Size};

/// A terminal, the painter that writes to it, and everything that should stand there.
struct Rig {
    emulator: Emulator,
    painter: Painter,
    typist: Typist,
    transcript: Vec<String>,
}

impl Rig {
    fn new(columns: usize, rows: usize, reflows: bool) -> Self {
        let size = Size { columns, rows };
        Self {
            emulator: Emulator::new(columns, rows, reflows),
            painter: Painter::new(size, reflows, ("\x1b[2m", "\x1b[0m")),
            typist: Typist::new(),
            transcript: Vec::new(),
        }
    }

    fn rows(&self) -> Rows {
        lay_out("", &self.typist.draft.view(), self.painter.columns())
    }

    fn paint(&mut self, lines: &[String]) {
        let above: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.transcript.extend_from_slice(lines);
        let frame = self.painter.frame(&above, &self.rows());
        self.emulator.feed(&frame);
    }

    fn types(&mut self, keys: &str) {
        let before = self.typist.sent.len();
        self.typist.types(keys);
        let sent = self.typist.sent[before..].join("\n");
        let own: Vec<String> = match before == self.typist.sent.len() {
            true => Vec::new(),
            false => sent.split('\n').map(|line| format!("[You] {line}")).collect(),
        };
        self.paint(&own);
    }

    fn resize(&mut self, columns: usize, rows: usize) {
        self.emulator.resize(columns, rows);
        self.painter.resize(Size { columns, rows });
        self.paint(&[]);
    }

    /// Asserts that everything that was said stands there once and in order, the draft below it row
    /// by row, and nothing else.
    #[track_caller]
    fn check(&mut self, context: &str) {
        let rows = self.rows();
        let draft = rows.rows.iter().map(|row| row.text.trim_end().to_owned());
        let draft: Vec<String> = draft.collect();
        // Where a line is wrapped is up to the terminal.
        let bare = |text: String| text.replace(' ', "");
        let expected = bare(self.transcript.concat() + &draft.concat());
        assert_eq!(bare(self.emulator.lines().concat()), expected, "{context}");
        let screen = self.emulator.screen();
        let shown = draft.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        assert!(screen.ends_with(&draft[..shown]), "{context}: {screen:?}, {draft:?}");
        let before = &rows.rows[rows.cursor_row].text[..rows.cursor_byte];
        let column = before.width();
        assert_eq!(self.emulator.cursor().1, column, "{context}: {before:?}");
    }
}

fn message(number: usize) -> String {
    format!("[127.0.0.1:45390] {number}번째 이야기 {}", "가나다라 ".repeat(number % 7))
}

#[test]
fn lines_stand_above_a_draft_at_every_key() {
    for reflows in [true, false] {
        for columns in [12, 20, 33, 80] {
            let mut rig = Rig::new(columns, 24, reflows);
            let keys = "안녕하세요? abc 반갑습니다ㅋㅋ \x1b[D\x1b[D나\x7f\x1b[H머리\x1b[F꼬리 漢字 😀\r다음";
            let mut number = 0;
            let mut chars = keys.chars().peekable();
            while let Some(c) = chars.next() {
                let mut key = c.to_string();
                if c == '\x1b' {
                    key.extend(chars.by_ref().take(2));
                }
                rig.types(&key);
                rig.check(&format!("{columns} columns, after {key:?}"));
                number += 1;
                rig.paint(&[message(number)]);
                rig.check(&format!("{columns} columns, line {number}"));
            }
            rig.paint(&(100..200).map(message).collect::<Vec<_>>());
            rig.check("a burst");
        }
    }
}

/// A draft with more rows than the terminal does not fill the scrollback.
#[test]
fn a_draft_that_is_too_high_is_shown_in_part() {
    for reflows in [true, false] {
        let mut rig = Rig::new(40, 10, reflows);
        let text: Vec<String> = (1..=30).map(|number| format!("줄 {number}")).collect();
        rig.types(&format!("\x1b[200~{}\x1b[201~", text.join("\n")));
        for number in 0..20 {
            rig.paint(&[message(number)]);
            rig.types("\x1b[A");
        }
        let lines = rig.emulator.lines();
        let shown: Vec<&String> = lines.iter().filter(|line| line.starts_with("[You] ")).collect();
        assert_eq!(
            shown,
            ["[You] 줄 10", "[You] 줄 11", "[You] 줄 12", "[You] 줄 13", "[You] 줄 14"]
        );
        let said = lines.iter().filter(|line| line.contains("이야기")).count();
        assert_eq!(said, 20);
    }
}

/// Any mixture of steps. The random numbers are the same in every run; a failure names its seed.
#[test]
fn nothing_is_torn() {
    for seed in 0..300 {
        let reflows = seed % 2 == 0;
        let mut random = fastrand::Rng::with_seed(seed);
        let least = if reflows { 20 } else { 40 };
        let mut rig = Rig::new(random.usize(least..60), 24, reflows);
        // A terminal whose screen is not full may push rows that it rewraps out of it.
        rig.paint(&vec![">".to_owned(); 30]);
        for step in 0..60 {
            let context = format!("seed {seed}, step {step}");
            // So little that it fits into half the screen at any width.
            if rig.rows().rows.len() > 3 {
                rig.typist.draft.take();
            }
            match random.u8(0..10) {
                0 | 1 => {
                    let count = if random.u8(0..10) == 0 { 40 } else { 1 };
                    let lines: Vec<String> = (0..count)
                        .map(|_| format!("> {}", "가a".repeat(random.usize(0..6))))
                        .collect();
                    rig.paint(&lines);
                }
                2 => rig.resize(random.usize(least..60), random.usize(20..30)),
                3 => rig.types(
                    random.choice(["\x1b[D", "\x1b[H", "\x1b[F", "\x1b[A", "\x12"]).unwrap(),
                ),
                4 => rig.types(random.choice(["\x7f", "\x15", "\x17", "\x0b", "\x1b[3~"]).unwrap()),
                // A terminal that cuts rows off loses what was said and is too wide for it.
                5 if reflows || rig.rows().rows.iter().all(|row| row.text.width() < 40) => {
                    rig.types("\r");
                }
                6 => rig.types("\x1b[200~하나\n둘 둘\n\x1b[201~"),
                _ => rig
                    .types(random.choice(["가", "안녕하세요 ", "abc ", "漢", "😀", "ㅋ"]).unwrap()),
            }
            rig.check(&context);
        }
    }
}

/// A terminal may have become narrower when a frame for its old width arrives.
#[test]
fn a_frame_that_comes_late_erases_nothing() {
    for reflows in [true, false] {
        for columns in 20..60 {
            let mut rig = Rig::new(60, 24, reflows);
            rig.paint(&(0..5).map(|number| format!("> {number}")).collect::<Vec<_>>());
            rig.types(&"가나다라 마바사".repeat(9));
            rig.emulator.resize(columns, 24);
            rig.paint(&["> late".to_owned()]);
            rig.painter.resize(Size { columns, rows: 24 });
            rig.paint(&["> then".to_owned()]);
            // Rows of the draft may stay among them.
            let shown = rig.emulator.lines().concat();
            let places = rig.transcript.iter().map(|line| shown.find(line.as_str()));
            assert!(places.clone().all(|place| place.is_some()), "{columns}: {shown}");
            assert!(places.is_sorted(), "{columns}: {shown}");
        }
    }
}

#[test]
fn withdrawing_takes_the_draft_away() {
    let mut rig = Rig::new(20, 24, true);
    rig.paint(&["> 안내".to_owned()]);
    rig.types("가나다라마바사아자차카타파하\x1b[H");
    let withdrawn = rig.painter.withdraw();
    rig.emulator.feed(&withdrawn);
    assert_eq!(rig.emulator.lines(), ["> 안내"]);
}

/// Lines of every kind: short and long, wide and in doubt, higher than the screen.
fn any_line(random: &mut fastrand::Rng) -> String {
    let piece = random.choice(["도배 ", "abc ", "é", "…", "😀", "\x1b[2m>\x1b[0m", "가"]);
    let most = *random.choice(&[3, 30, 200]).unwrap();
    format!("> {}", piece.unwrap().repeat(random.usize(0..most)))
}

/// A terminal may show its screen after any byte, so after each of them the draft is there.
#[test]
fn the_draft_stands_after_every_byte() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (columns, rows) = (random.usize(12..60), random.usize(8..30));
        let mut rig = Rig::new(columns, rows, false);
        rig.types(random.choice(["초안", "abc", ""]).unwrap());
        let draft: Vec<String> = rig.rows().rows.into_iter().map(|row| row.text).collect();
        let draft = draft.concat();
        for is_calm in [true, false, false] {
            let count = if is_calm { 1 } else { 100 };
            let lines: Vec<String> = (0..count).map(|_| any_line(&mut random)).collect();
            let above: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let frame = rig.painter.frame(&above, &rig.rows());
            for character in String::from_utf8(frame).unwrap().chars() {
                rig.emulator.feed(character.encode_utf8(&mut [0; 4]).as_bytes());
                // So many steps are alike that some bytes of each are enough.
                if random.u8(0..16) > 0 {
                    continue;
                }
                let screen = rig.emulator.screen();
                let is_there = screen.iter().any(|row| row == draft.trim_end());
                // What is written in one go may be torn.
                assert!(is_there || is_calm, "seed {seed}, {columns} × {rows}: {screen:#?}");
            }
            let bare = |text: String| text.replace(' ', "");
            let shown = bare(rig.emulator.lines().concat());
            let last: String = lines.iter().map(|line| without_colours(line)).collect();
            assert!(shown.ends_with(&bare(last + &draft)), "seed {seed}: lines are torn");
        }
    }
}

fn without_colours(line: &str) -> String {
    line.replace("\x1b[2m", "").replace("\x1b[0m", "")
}

/// A draft of which rows left the screen at its top: there they are its only copy.
#[test]
fn a_lower_screen_leaves_one_copy_of_the_draft() {
    for grows_to in [14, 9, 30] {
        let mut rig = Rig::new(60, 14, true);
        rig.paint(&(0..20).map(message).collect::<Vec<_>>());
        let text: Vec<String> = (1..=12).map(|number| format!("줄 {number}.")).collect();
        rig.types(&format!("\x1b[200~{}\x1b[201~", text.join("\n")));
        for rows in [5, grows_to, 4, grows_to] {
            rig.resize(60, rows);
            rig.paint(&[message(rows)]);
            let all = rig.emulator.lines().concat();
            for line in &text {
                let copies = all.matches(line.as_str()).count();
                assert!(copies <= 1, "{copies} of {line} at {rows}: {:#?}", rig.emulator.lines());
            }
        }
        rig.types("끝");
        assert!(rig.emulator.lines().last().unwrap().ends_with("줄 12.끝"));
    }
}

/// Terminals that know synchronized output get it, once they have said so.
#[test]
fn a_frame_is_synchronized_where_that_is_understood() {
    let mut rig = Rig::new(60, 14, true);
    let is_synchronized = |rig: &mut Rig| {
        let frame = String::from_utf8(rig.painter.frame("> 안내\n", &rig.rows())).unwrap();
        let (begins, ends) = (frame.starts_with("\x1b[?2026h"), frame.ends_with("\x1b[?2026l"));
        assert_eq!(begins, ends);
        begins
    };
    assert!(!is_synchronized(&mut rig));
    rig.painter.ask();
    assert!(!is_synchronized(&mut rig));
    assert!(!rig.painter.heed("?2026;2$y"));
    assert!(rig.painter.heed("?1;2c"), "that is the last answer");
    assert!(is_synchronized(&mut rig));
    rig.painter.heed("?2026;0$y");
    assert!(!is_synchronized(&mut rig));
}

/// A hint gives way to what is typed, and stands dim.
#[test]
fn a_hint_stands_until_something_is_typed() {
    let mut rig = Rig::new(30, 10, false);
    rig.typist.draft = Draft::new().labelled("[Host] ", "chat join lab7 3333".to_owned());
    let frame = rig.painter.frame("> 안내\n", &rig.rows());
    assert!(str::from_utf8(&frame).unwrap().contains("[Host] \x1b[2mchat join lab7 3333\x1b[0m"));
    rig.emulator.feed(&frame);
    assert_eq!(rig.emulator.screen(), ["> 안내", "[Host] chat join lab7 3333"]);
    assert_eq!(rig.emulator.cursor(), (1, 7));
    rig.types("가");
    assert_eq!(rig.emulator.screen(), ["> 안내", "[Host] 가"]);
    rig.types("\x7f");
    assert_eq!(rig.emulator.screen(), ["> 안내", "[Host] chat join lab7 3333"]);
    rig.types("\x12");
    assert_eq!(rig.emulator.screen(), ["> 안내", "(reverse-i-search)`':"]);
}

#[test]
fn clearing_leaves_the_draft_alone_at_the_top() {
    let mut rig = Rig::new(30, 10, false);
    rig.paint(&[message(1)]);
    rig.types("초안");
    rig.painter.clear();
    rig.paint(&[]);
    assert_eq!(rig.emulator.screen(), ["[You] 초안"]);
    assert_eq!(rig.emulator.cursor(), (0, 10));
}
