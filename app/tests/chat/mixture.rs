//! `chat join` on a terminal: any mixture of keys, pastes, lines, bursts and sizes, against a
//! model.

use unicode_width::UnicodeWidthStr;

use crate::harness::{Peer, Server};
use crate::terminal::{Kind, Terminal};

/// Mixtures in one run, unless the environment variable `MIXTURES` asks for another number. The
/// random numbers are the same in every run; a failure names its seed.
const SEEDS: u64 = 24;
const STEPS: usize = 150;

/// One emulator does not know the last one: to it an accent is a character of its own.
const CHARACTERS: [&str; 13] =
    ["가", "나", "다", " ", "漢", "😀", "a", "ㅋ", "한", "é", "→", "ক", "e\u{301}"];

/// A draft as a text and a place in it, counted in graphemes.
#[derive(Default)]
struct Model {
    /// The characters that are typed.
    characters: &'static [&'static str],
    draft: Vec<String>,
    cursor: usize,
    killed: Vec<String>,
    /// Whether the key before has killed something: then this one adds to it.
    has_killed: bool,
    history: Vec<String>,
    /// The entry of the history that is shown, and what was being written before that.
    shown: Option<(usize, Vec<String>)>,
    sent: Vec<String>,
}

impl Model {
    /// What others are to hear: a line with nothing to see in it is not relayed.
    fn said(&self) -> impl Iterator<Item = &String> {
        self.sent.iter().filter(|line| !line.trim().is_empty())
    }

    fn write(&mut self, characters: &[&str]) {
        for character in characters {
            self.draft.insert(self.cursor, (*character).to_owned());
            self.cursor += 1;
        }
    }

    fn kill(&mut self, from: usize, to: usize, adds: bool) {
        if from == to {
            return;
        }
        let killed: Vec<String> = self.draft.drain(from..to).collect();
        self.killed = match adds {
            false => killed,
            true if self.cursor > from => [killed, self.killed.clone()].concat(),
            true => [self.killed.clone(), killed].concat(),
        };
        self.cursor = from;
        self.has_killed = true;
    }

    fn line_start(&self) -> usize {
        self.draft[..self.cursor].iter().rposition(|it| it == "\n").map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        let rest = self.draft[self.cursor..].iter().position(|it| it == "\n");
        rest.map_or(self.draft.len(), |at| self.cursor + at)
    }

    /// Returns where the word before the cursor begins: back over blanks, then to the next blank.
    fn word_start(&self) -> usize {
        let is_blank = |it: &String| it == " " || it == "\n";
        let before = &self.draft[..self.cursor];
        let end = before.iter().rposition(|it| !is_blank(it)).map_or(0, |at| at + 1);
        before[..end].iter().rposition(is_blank).map_or(0, |at| at + 1)
    }

    fn show(&mut self, draft: Vec<String>) {
        self.cursor = draft.len();
        self.draft = draft;
    }

    fn enter(&mut self) {
        let text = self.draft.concat();
        if !text.is_empty() && self.history.last() != Some(&text) {
            self.history.push(text.clone());
        }
        let text = text.strip_suffix('\n').unwrap_or(&text);
        self.sent.extend(text.split('\n').map(str::to_owned));
        self.show(Vec::new());
        self.shown = None;
    }

    /// Presses one of the keys that it knows, and returns what the terminal sends for it.
    fn press(&mut self, random: &mut fastrand::Rng) -> String {
        let is_one_line = !self.draft.contains(&"\n".to_owned());
        let (start, end) = (self.line_start(), self.line_end());
        let adds = std::mem::take(&mut self.has_killed);
        match random.u8(0..24) {
            0 => {
                self.cursor = self.cursor.saturating_sub(1);
                "\x1b[D".to_owned()
            }
            1 => {
                self.cursor = (self.cursor + 1).min(self.draft.len());
                "\x06".to_owned()
            }
            2 => {
                self.cursor = start;
                "\x1b[H".to_owned()
            }
            3 => {
                self.cursor = end;
                "\x05".to_owned()
            }
            4 | 5 => {
                if self.cursor > 0 {
                    self.cursor -= 1;
                    self.draft.remove(self.cursor);
                }
                "\x7f".to_owned()
            }
            6 => {
                if self.cursor < self.draft.len() {
                    self.draft.remove(self.cursor);
                }
                "\x1b[3~".to_owned()
            }
            // At a line's edge these two delete its end and kill nothing.
            7 if start < self.cursor => {
                self.kill(start, self.cursor, adds);
                "\x15".to_owned()
            }
            8 if self.cursor < end => {
                self.kill(self.cursor, end, adds);
                "\x0b".to_owned()
            }
            9 => {
                self.kill(self.word_start(), self.cursor, adds);
                "\x17".to_owned()
            }
            10 => {
                let killed = self.killed.clone();
                self.write(&killed.iter().map(String::as_str).collect::<Vec<_>>());
                "\x19".to_owned()
            }
            11 if is_one_line => {
                let at = self.shown.as_ref().map_or(self.history.len(), |(at, _)| *at);
                if let Some(older) = at.checked_sub(1) {
                    let before = match self.shown.take() {
                        Some((_, before)) => before,
                        None => self.draft.clone(),
                    };
                    self.shown = Some((older, before));
                    self.show(characters(&self.history[older]));
                }
                "\x1b[A".to_owned()
            }
            12 => {
                let pasted = ["하", "나", "\n", "둘", " ", "둘", "\n"];
                self.write(&pasted);
                format!("\x1b[200~{}\x1b[201~", pasted.concat().replace('\n', "\r"))
            }
            13 => {
                self.enter();
                "\r".to_owned()
            }
            14 => {
                // A search that is abandoned.
                "\x12하\x07".to_owned()
            }
            _ => {
                let one = *random.choice(self.characters).unwrap();
                self.write(&[one]);
                one.to_owned()
            }
        }
    }
}

/// The texts of these tests consist of characters of one code point, and of one with an accent.
fn characters(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for c in text.chars() {
        match all.last_mut() {
            Some(last) if c == '\u{301}' => last.push(c),
            _ => all.push(c.to_string()),
        }
    }
    all
}

#[test]
fn the_draft_and_what_was_sent_are_what_a_model_says() {
    let seeds = std::env::var("MIXTURES").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let mut random = fastrand::Rng::with_seed(seed);
        let reflows = seed % 2 == 0;
        let server = Server::start(&["--quiet"]);
        let mut peer = server.member();
        let mut other = server.member();
        peer.line();
        let columns = random.usize(20..100);
        let kind = Kind { columns, rows: 40, reflows, answers: true };
        let terminal = Terminal::join(server.port, kind, &[]);
        peer.line();
        other.line();
        terminal.ends_with(&["[You]"]);
        let characters = &CHARACTERS[..CHARACTERS.len() - usize::from(reflows)];
        let mut model = Model { characters, ..Model::default() };
        let mut said = 0;
        for _ in 0..STEPS {
            match random.u8(0..12) {
                0 => terminal.resize(random.usize(20..100), random.usize(20..50)),
                1 => say(&mut other, &mut said, 1),
                2 if random.bool() => say(&mut other, &mut said, 300),
                _ => terminal.types(&model.press(&mut random)),
            }
        }
        say(&mut other, &mut said, 1);

        // What the others got.
        let mut heard = Vec::new();
        let mut lines = 0;
        while lines < said || heard.len() < model.said().count() {
            let line = peer.line();
            let (from, text) = line.split_once("] ").unwrap();
            if from[1..] == other.addr() {
                assert_eq!(text, format!("{lines}번째"), "seed {seed}");
                lines += 1;
            } else {
                heard.push(text.to_owned());
            }
        }
        assert!(heard.iter().eq(model.said()), "seed {seed}: {heard:?}, {:?}", model.sent);

        // What is shown, at a size at which nothing has to be wrapped or left out.
        terminal.resize(400, 200);
        let text = model.draft.concat();
        let draft: String = text.split('\n').map(|line| format!("[You] {line}")).collect();
        let last = format!("{}번째", said - 1);
        terminal.wait(&format!("seed {seed} shows {draft:?}"), |seen| {
            let shown = bare(&seen.emulator.screen().concat());
            shown.contains(&last) && shown.ends_with(&bare(&draft))
        });
        let before = model.draft[model.line_start()..model.cursor].concat();
        terminal.has_cursor_in("[You] ".len() + before.width());
    }
}

/// Removes blanks, which rows do not show at their ends.
fn bare(text: &str) -> String {
    text.replace(' ', "")
}

fn say(peer: &mut Peer, said: &mut usize, count: usize) {
    for _ in 0..count {
        peer.send(format!("{said}번째\n"));
        *said += 1;
    }
}
