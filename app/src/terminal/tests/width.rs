//! Widths, rows and what is painted, by the tables of real terminals.

use std::collections::HashMap;

use chat_core::shown;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Typist;
use super::grid::Grid;
use super::tables::{Table, emoji, grapheme_tests, tables};
use crate::terminal::layout::{Rows, lay_out, least_height};
use crate::terminal::width::{least_width, most_width};
use crate::terminal::{Painter, Size};

/// Every character that is or may yet be assigned and may be shown; of the planes for private use
/// the first.
fn characters() -> impl Iterator<Item = char> {
    let assigned = ('\0'..='\u{3ffff}').chain('\u{e0000}'..='\u{e0fff}');
    assigned.chain(['\u{f0000}', '\u{100000}']).filter(|c| *c != '\t' && shown(*c) == *c)
}

/// Texts in which characters change each other's widths, as they may be shown.
fn sequences() -> Vec<String> {
    let texts = emoji().into_iter().chain(grapheme_tests());
    texts.map(|text| text.chars().map(shown).collect()).collect()
}

#[test]
fn no_terminal_gives_a_character_more_or_less() {
    let tables = tables();
    for c in characters() {
        let text = c.encode_utf8(&mut [0; 4]).to_owned();
        let (most, least) = (most_width(&text), least_width(&text));
        assert!(least <= c.width().unwrap_or(0) && c.width_cjk().unwrap_or(0) <= most, "{c:?}");
        for table in &tables {
            let columns = table.of_char(c);
            let is_least = !table.reflows || !table.knows(c) || least <= columns;
            assert!(
                is_least && columns <= most,
                "U+{:04X} on {}: {columns}, not {least} to {most}",
                u32::from(c),
                table.name
            );
        }
    }
}

#[test]
fn no_terminal_gives_a_sequence_more_or_less() {
    let sequences = sequences();
    assert!(sequences.len() > 5000, "{}", sequences.len());
    for grapheme in sequences.iter().flat_map(|text| text.graphemes(true)) {
        assert!(grapheme.width_cjk() <= most_width(grapheme), "{grapheme:?}");
        assert!(grapheme.width() >= least_width(grapheme), "{grapheme:?}");
    }
    for table in tables() {
        for text in &sequences {
            let columns = table.width(text);
            let most: usize = text.graphemes(true).map(most_width).sum();
            assert!(columns <= most, "{text:?} on {}: {columns}", table.name);
            if table.reflows && text.chars().all(|c| table.knows(c)) {
                let least: usize = text.graphemes(true).map(least_width).sum();
                assert!(columns >= least, "{text:?} on {}: {columns}", table.name);
            }
        }
    }
}

/// A terminal that rewraps a row never has fewer rows of it than are counted.
#[test]
fn no_terminal_rewraps_into_fewer_rows() {
    let texts: Vec<String> = sequences().chunks(25).map(<[String]>::concat).collect();
    for table in tables().iter().filter(|table| table.reflows) {
        for (number, text) in texts.iter().enumerate() {
            let known: String = text.chars().filter(|&c| table.knows(c)).collect();
            let columns = 20 + number % 20;
            let mut grid = Grid::new(table, columns, 100);
            grid.feed(&known);
            let rows = grid.cursor().0 + 1;
            assert!(least_height(&known, 0, columns) <= rows, "{known:?} on {}", table.name);
        }
    }
}

/// Somebody who writes on a terminal that measures as a table says.
struct Session<'a> {
    table: &'a Table,
    grid: Grid<'a>,
    painter: Painter,
    typist: Typist,
    said: Vec<String>,
}

impl<'a> Session<'a> {
    fn new(table: &'a Table, columns: usize) -> Self {
        // So many rows that all of the draft is shown.
        let rows = 400;
        Self {
            table,
            grid: Grid::new(table, columns, rows),
            painter: Painter::new(Size { columns, rows }, table.reflows, ("", "")),
            typist: Typist::new(),
            said: Vec::new(),
        }
    }

    fn rows(&self) -> Rows {
        lay_out("", &self.typist.draft.view(), self.painter.columns())
    }

    fn types(&mut self, keys: &str) {
        self.typist.types(keys);
        self.paint("");
    }

    fn pastes(&mut self, text: &str) {
        self.types(&format!("\x1b[200~{text}\x1b[201~"));
    }

    fn hears(&mut self, line: &str) {
        self.said.push(line.to_owned());
        self.paint(&format!("{line}\n"));
    }

    fn paint(&mut self, above: &str) {
        let frame = self.painter.frame(above, &self.rows());
        self.grid.feed(str::from_utf8(&frame).unwrap());
    }

    /// Asserts that what was said stands there, then the draft once and row by row, and nothing
    /// else, with the cursor behind the text before it.
    #[track_caller]
    fn check(&self, context: &str) {
        let context = format!("{context} on {}", self.table.name);
        let rows = self.rows();
        let mut expected = self.said.clone();
        expected.extend(rows.rows.iter().map(|row| self.seen(&row.text)));
        while expected.last().is_some_and(String::is_empty) {
            expected.pop();
        }
        let lines = self.grid.lines();
        let lines: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
        assert_eq!(lines, expected, "{context}");
        assert_eq!(self.grid.overwritten, 0, "{context}");
        let before = &rows.rows[rows.cursor_row].text[..rows.cursor_byte];
        let (line, column) = self.grid.cursor();
        assert_eq!(column, self.table.width(before), "{context}: {before:?}");
        // A said line that fills more than one row is one line.
        if self.said.iter().all(|line| line.len() < self.painter.columns()) {
            assert_eq!(line, self.said.len() + rows.cursor_row, "{context}");
        }
    }

    /// Returns what there is to see of a row.
    fn seen(&self, row: &str) -> String {
        let places = self.table.places(row);
        let seen = places.iter().filter(|(_, columns)| *columns > 0).map(|(text, _)| text.as_str());
        seen.collect::<String>().trim_end().to_owned()
    }
}

const HOME: &str = "\x1b[H";
const LEFT: &str = "\x1b[D";
const RIGHT: &str = "\x1b[C";
const END: &str = "\x1b[F";

/// Writes a text of one line and moves in it, while others speak.
fn write(table: &Table, columns: usize, text: &str) {
    let mut session = Session::new(table, columns);
    session.pastes(text);
    session.check(text);
    session.hears("> a line that is wrapped by the terminal, as it is wider than that");
    session.types(&[HOME, "x", RIGHT].concat());
    session.check(text);
    session.hears("> more");
    session.types(&[END, "y"].concat());
    session.check(text);
}

/// One character of each kind, at every place of a row, between others and among its like.
#[test]
fn no_character_tears_the_draft() {
    let tables = tables();
    let mut kinds: HashMap<Vec<usize>, char> = HashMap::new();
    for c in characters() {
        let text = c.encode_utf8(&mut [0; 4]).to_owned();
        let own = [most_width(&text), least_width(&text), format!("x{c}").graphemes(true).count()];
        let kind = own.into_iter().chain(tables.iter().map(|table| table.of_char(c))).collect();
        kinds.entry(kind).or_insert(c);
    }
    assert!(kinds.len() > 50, "{}", kinds.len());
    for table in &tables {
        for c in kinds.values() {
            write(table, 20, &String::from_iter([*c; 24]));
            write(table, 20, &format!("가a{c}b나{c}{c}c").repeat(3));
        }
    }
}

#[test]
fn no_sequence_tears_the_draft() {
    let texts: Vec<String> = sequences().chunks(20).map(<[String]>::concat).collect();
    for table in tables() {
        for (number, text) in texts.iter().enumerate() {
            write(&table, 40 + number % 20, text);
        }
    }
}

/// What is written in scripts of many marks, key by key.
#[test]
fn no_key_tears_the_draft() {
    let texts = [
        "বাংলাদেশের স্বাধীনতা দিবসে আমাদের বিদ্যালয়ে আলোচনা সভা হবে, সবাই আসবেন আশা করি ভাই",
        "தமிழ்நாட்டின் தலைநகரமான சென்னையில் நாளை மாலை கூட்டம் நடைபெறும், அனைவரும் வருக",
        "മലയാളത്തിൽ എഴുതുന്ന ഒരു നീണ്ട വാചകം ഇവിടെ കീറിപ്പോകാതെ നിൽക്കണം",
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} \u{110b}\u{1175}\u{11b8}\u{1105}\u{1167}\u{11a8}",
        "\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}",
        "👩\u{200d}🚀👨\u{200d}👩\u{200d}👧\u{200d}👦❤\u{fe0f}🇰🇷1\u{fe0f}\u{20e3}👍🏽🏴\u{200d}☠\u{fe0f}",
        "co\u{ad}op\u{ad}er\u{ad}a\u{ad}tion soft\u{ad}hy\u{ad}phens\u{ad}\u{ad}\u{ad}",
        "Привет, как дела? Žluťoučký kůň… → ←",
    ];
    for table in tables() {
        for text in texts {
            let mut session = Session::new(&table, 24);
            for (number, c) in text.chars().enumerate() {
                session.types(c.encode_utf8(&mut [0; 4]));
                session.check(text);
                session.hears(&format!("> {number}"));
                session.check(text);
            }
        }
    }
}

/// Any mixture of steps. The random numbers are the same in every run; a failure names its seed.
#[test]
fn no_mixture_tears_the_draft() {
    let pieces = [
        "가",
        "a",
        " ",
        "é",
        "я",
        "→",
        "\u{3164}",
        "\u{ffa0}",
        "\u{1112}",
        "\u{1161}",
        "\u{11ab}",
        "ক",
        "\u{9be}",
        "\u{9bf}",
        "ம",
        "\u{bca}",
        "\u{301}",
        "\u{ad}",
        "\u{200b}",
        "\u{200d}",
        "👩",
        "🚀",
        "❤",
        "\u{fe0f}",
        "🏽",
        "\u{1f1f0}",
        "\u{604}",
        "\u{102c}",
        "\u{e000}",
        "\t",
    ];
    let keys = [LEFT, RIGHT, HOME, END, "\x7f", "\x1b[3~", "\x17", "\x19", "\x14", "\x12", "\x07"];
    for table in tables() {
        for seed in 0..20 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut session = Session::new(&table, random.usize(7..40));
            for step in 0..50 {
                match random.u8(0..10) {
                    0 => session.hears("> -"),
                    1..4 => session.types(random.choice(keys).unwrap()),
                    4 => session.pastes("하나\nদুই"),
                    _ => session.types(random.choice(pieces).unwrap()),
                }
                session.check(&format!("seed {seed}, step {step}"));
            }
        }
    }
}

/// On a terminal that gives characters more columns than any that is known, or is narrower than
/// one of them, the draft is still one, row by row, and nothing that was said is erased: as long as
/// it does not rewrap rows, as then wrapping cannot be turned off.
#[test]
fn a_width_that_no_table_has() {
    let strange = Table::strange(4);
    for columns in 1..30 {
        let mut session = Session::new(&strange, columns);
        for text in ["가나다", "abc", "👨\u{200d}👩\u{200d}👧", "라마"] {
            session.pastes(text);
            session.hears("-");
            let lines = session.grid.lines();
            let said = session.said.len();
            assert!(lines[..said].iter().all(|(line, _)| line == "-"), "{columns}: {lines:?}");
            assert!(lines.iter().all(|(_, is_wrapped)| !is_wrapped), "{columns}: {lines:?}");
            assert_eq!(session.grid.cursor().0, said + session.rows().cursor_row, "{columns}");
        }
    }
}

/// Where nothing is in doubt, a row holds as much as the terminal is wide.
#[test]
fn what_is_certain_fills_its_row() {
    for (text, columns) in [("abc, 123!", 9), ("안녕ㅋㅋ", 8), ("漢字かなカナ", 12), ("ｱｲｳ", 3)]
    {
        assert_eq!(text.graphemes(true).map(most_width).sum::<usize>(), columns, "{text}");
        assert_eq!(text.graphemes(true).map(least_width).sum::<usize>(), columns, "{text}");
        for table in tables() {
            assert_eq!(table.width(text), columns, "{text} on {}", table.name);
        }
    }
}
