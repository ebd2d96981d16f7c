//! What real terminals take characters for: their own tables, which are not ours. Where each comes
//! from says `tests/data/README.md`.

use std::rc::Rc;

use unicode_segmentation::UnicodeSegmentation;

/// A terminal with one setting.
pub(crate) struct Table {
    pub(crate) name: String,
    /// Whether it rewraps rows when it becomes narrower.
    pub(crate) reflows: bool,
    joins: Joins,
    /// Columns of what Unicode calls ambiguous.
    ambiguous: usize,
    /// What each character is: a number of columns, or one of the constants.
    kinds: Rc<[u8]>,
}

/// What a terminal puts into one place.
#[derive(Clone, Copy, PartialEq)]
enum Joins {
    /// Zero-width characters and the one before them.
    Marks,
    /// A grapheme, as wide as its first character.
    First,
    /// A grapheme, as wide as all its characters, and at most 2.
    Sum,
}

const AMBIGUOUS: u8 = b'A';
/// Narrow, and wide with U+FE0F behind it.
const EMOJI: u8 = b'E';
/// Not shown at all.
const UNKNOWN: u8 = b'-';

const EMOJI_STYLE: char = '\u{fe0f}';
const TEXT_STYLE: char = '\u{fe0e}';

/// All terminals, each with either setting for ambiguous characters if it has one.
pub(crate) fn tables() -> Vec<Table> {
    let files = [
        ("glibc", true, Joins::Marks),
        ("kitty", true, Joins::First),
        ("kitty-0.26", true, Joins::Marks),
        ("linux-6.12", false, Joins::Marks),
        ("screen", false, Joins::Marks),
        ("vte", true, Joins::Marks),
        ("windows-console", false, Joins::Marks),
        ("windows-terminal", true, Joins::Sum),
        ("xterm", false, Joins::Marks),
    ];
    let mut tables = Vec::new();
    for (name, reflows, joins) in files {
        let path = format!("{}/tests/data/width/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let kinds: Rc<[u8]> = parse(&std::fs::read_to_string(path).unwrap()).into();
        for ambiguous in 1..=(if kinds.contains(&AMBIGUOUS) { 2 } else { 1 }) {
            let name = format!("{name}, ambiguous {ambiguous}");
            tables.push(Table { name, reflows, joins, ambiguous, kinds: kinds.clone() });
        }
    }
    tables
}

/// Reads lines that say what the characters from a first to a last are. Others take one column.
fn parse(text: &str) -> Vec<u8> {
    let mut kinds = vec![1; CHARACTERS];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (range, kind) = line.split_once(' ').unwrap();
        let (first, last) = range.split_once("..").unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        let kind = kind.as_bytes()[0];
        let kind = if kind.is_ascii_digit() { kind - b'0' } else { kind };
        kinds[number(first)..=number(last)].fill(kind);
    }
    kinds
}

const CHARACTERS: usize = char::MAX as usize + 1;

impl Table {
    /// A terminal on which everything but ASCII takes so many columns.
    pub(crate) fn strange(columns: u8) -> Self {
        let kinds: Vec<u8> = (0..CHARACTERS).map(|c| if c < 0x80 { 1 } else { columns }).collect();
        Self {
            name: format!("a strange terminal of {columns}"),
            reflows: false,
            joins: Joins::Marks,
            ambiguous: 1,
            kinds: kinds.into(),
        }
    }

    fn kind(&self, c: char) -> u8 {
        self.kinds[c as usize]
    }

    pub(crate) fn knows(&self, c: char) -> bool {
        self.kind(c) != UNKNOWN
    }

    /// Returns the columns of a character on its own.
    pub(crate) fn of_char(&self, c: char) -> usize {
        match self.kind(c) {
            AMBIGUOUS => self.ambiguous,
            EMOJI => 1,
            UNKNOWN => 0,
            columns => columns.into(),
        }
    }

    /// Returns what the terminal puts into one place each, with its columns: none for what has
    /// nothing before it to be put to.
    pub(crate) fn places(&self, text: &str) -> Vec<(String, usize)> {
        let known: String = text.chars().filter(|&c| self.knows(c)).collect();
        let mut places: Vec<(String, usize)> = Vec::new();
        let mut put = |text: &str, columns| match places.last_mut() {
            Some((last, _)) if columns == 0 => last.push_str(text),
            _ => places.push((text.to_owned(), columns)),
        };
        match self.joins {
            Joins::Marks => {
                known.chars().for_each(|c| put(c.encode_utf8(&mut [0; 4]), self.of_char(c)));
            }
            Joins::First | Joins::Sum => {
                known.graphemes(true).for_each(|it| put(it, self.of_grapheme(it)));
            }
        }
        places
    }

    fn of_grapheme(&self, grapheme: &str) -> usize {
        let mut chars = grapheme.chars();
        if self.joins == Joins::Sum {
            let columns = |c| if c == EMOJI_STYLE { 2 } else { self.of_char(c) };
            return chars.map(columns).sum::<usize>().min(2);
        }
        let Some(first) = chars.next() else { return 0 };
        match chars.next() {
            Some(EMOJI_STYLE) if self.kind(first) == EMOJI => 2,
            Some(TEXT_STYLE) => self.of_char(first).min(1),
            _ => self.of_char(first),
        }
    }

    pub(crate) fn width(&self, text: &str) -> usize {
        self.places(text).iter().map(|(_, columns)| columns).sum()
    }
}

/// Every emoji sequence of the standard.
pub(crate) fn emoji() -> Vec<String> {
    let path = format!("{}/tests/data/emoji.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| characters(line.split(' ')))
        .collect()
}

/// Every text of the standard's test of graphemes.
pub(crate) fn grapheme_tests() -> Vec<String> {
    let path = format!("{}/../core/tests/data/GraphemeBreakTest.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| characters(line.split_whitespace().filter(|it| it.is_ascii())))
        .collect()
}

fn characters<'a>(numbers: impl Iterator<Item = &'a str>) -> String {
    numbers.map(|it| char::from_u32(u32::from_str_radix(it, 16).unwrap()).unwrap()).collect()
}
