//! How many rows a line takes up on a terminal that wraps it.

/// Columns that a tab moves the cursor by at most.
const TAB: usize = 8;

/// Columns that a character takes up at most, wherever terminals do not agree on that.
const WIDEST: usize = 2;

/// How high a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Height {
    /// Rows, at most.
    pub(super) most: usize,
    /// Whether it is exactly that on every terminal.
    pub(super) is_certain: bool,
    /// Whether there is space behind it in its last row, for certain.
    pub(super) has_space: bool,
}

impl Height {
    /// Returns the height of `line`, which contains no control characters but tabs and sequences
    /// that choose a colour, where there are so many columns.
    pub(super) fn of(line: &str, columns: usize) -> Self {
        // No character takes up more columns than bytes, but for a tab.
        if line.len() <= columns && !line.contains('\t') {
            return Self { most: 1, is_certain: true, has_space: line.len() < columns };
        }
        let mut place = Place::new(columns);
        let mut is_certain = true;
        for c in visible(line) {
            is_certain &= certain_width(c).is_some();
            place.advance(c);
        }
        Self {
            most: place.row + 1,
            is_certain: is_certain || place.row == 0,
            has_space: is_certain && place.column < columns,
        }
    }
}

/// Returns how many columns a row's text takes up at most.
pub(super) fn most_columns(text: &str) -> usize {
    visible(text).map(most_width).sum()
}

/// Returns how many bytes of `line` fit into so many rows, of which there is at least one, whatever
/// the terminal takes them for: at least its first character.
pub(super) fn fitting(line: &str, columns: usize, rows: usize) -> usize {
    let mut place = Place::new(columns);
    let mut is_colour = false;
    for (index, c) in line.char_indices() {
        if is_colour || c == '\x1b' {
            is_colour = c != 'm';
        } else if place.advance(c) >= rows {
            return index;
        }
    }
    line.len()
}

/// Where the next character goes.
struct Place {
    columns: usize,
    row: usize,
    column: usize,
}

impl Place {
    fn new(columns: usize) -> Self {
        Self { columns: columns.max(1), row: 0, column: 0 }
    }

    /// Returns the row of `c`.
    fn advance(&mut self, c: char) -> usize {
        let width = most_width(c).min(self.columns);
        if self.column + width > self.columns {
            self.row += 1;
            self.column = 0;
        }
        self.column += width;
        self.row
    }
}

/// Returns the characters of `line` that are not part of a sequence that chooses a colour.
fn visible(line: &str) -> impl Iterator<Item = char> {
    let mut is_colour = false;
    line.chars().filter(move |&c| {
        let is_part = is_colour || c == '\x1b';
        is_colour = is_part && c != 'm';
        !is_part
    })
}

fn most_width(c: char) -> usize {
    let uncertain = if c == '\t' { TAB } else { WIDEST };
    certain_width(c).unwrap_or(uncertain)
}

/// Returns the width of a character that has the same on every terminal: ASCII's, and those of
/// Korean, Chinese and Japanese that are wide in every edition of UAX #11 and in no font narrow.
fn certain_width(c: char) -> Option<usize> {
    match c {
        ' '..='~' => Some(1),
        // Hangul's syllables and its compatibility jamo, without the filler among them.
        '가'..='힣' | 'ㄱ'..='ㅣ' | 'ㅥ'..='ㆎ' => Some(2),
        // Hanja, and kana without their combining marks.
        '一'..='\u{9fa5}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' => Some(2),
        // Punctuation, and ASCII's wide forms.
        '\u{3000}'..='。' | '〈'..='】' | '！'..='～' => Some(2),
        _ => None,
    }
}
