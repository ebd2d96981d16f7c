//! A small terminal emulator that measures as a [`Table`] says. It knows what the painter writes.

use super::tables::Table;

pub(crate) struct Grid<'a> {
    table: &'a Table,
    columns: usize,
    rows: usize,
    /// All rows, those that have scrolled away first.
    lines: Vec<Line>,
    /// The cursor's line and column; behind the last column when the next character wraps.
    line: usize,
    column: usize,
    saved: (usize, usize),
    wraps: bool,
    /// How often something was overwritten because it did not fit into a row.
    pub(crate) overwritten: usize,
}

#[derive(Clone, Default)]
struct Line {
    /// What stands in each column; a second column of something wide is empty.
    cells: Vec<String>,
    is_wrapped: bool,
}

impl<'a> Grid<'a> {
    pub(crate) fn new(table: &'a Table, columns: usize, rows: usize) -> Self {
        Self {
            table,
            columns,
            rows,
            lines: vec![Line::default()],
            line: 0,
            column: 0,
            saved: (0, 0),
            wraps: true,
            overwritten: 0,
        }
    }

    pub(crate) fn feed(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match first {
                '\r' => self.column = 0,
                '\n' | '\x0b' => self.line_feed(),
                '\x07' => {}
                '\x1b' => {
                    rest = self.escape(&rest[1..]);
                    continue;
                }
                _ => {
                    let end = rest.find(|c: char| c < ' ').unwrap_or(rest.len());
                    let (written, after) = rest.split_at(end);
                    for (text, columns) in self.table.places(written) {
                        self.put(&text, columns);
                    }
                    rest = after;
                    continue;
                }
            }
            rest = &rest[1..];
        }
    }

    /// Returns the cursor's line among all, and its column.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// Returns all rows without trailing blanks, joined where the terminal wrapped, with whether it
    /// did.
    pub(crate) fn lines(&self) -> Vec<(String, bool)> {
        let mut lines: Vec<(String, bool)> = Vec::new();
        let mut joins = false;
        for line in &self.lines {
            let text = line.cells.concat();
            match lines.last_mut() {
                Some((last, _)) if joins => last.push_str(&text),
                _ => lines.push((text, line.is_wrapped)),
            }
            joins = line.is_wrapped;
        }
        for (line, _) in &mut lines {
            line.truncate(line.trim_end().len());
        }
        while lines.last().is_some_and(|(line, _)| line.is_empty()) {
            lines.pop();
        }
        lines
    }

    fn top(&self) -> usize {
        self.lines.len().saturating_sub(self.rows)
    }

    fn line_feed(&mut self) {
        self.line += 1;
        if self.line == self.lines.len() {
            self.lines.push(Line::default());
        }
    }

    fn put(&mut self, text: &str, columns: usize) {
        if columns == 0 {
            self.attach(text);
            return;
        }
        if self.column + columns > self.columns {
            if self.wraps {
                self.lines[self.line].is_wrapped = true;
                self.line_feed();
                self.column = 0;
            } else {
                self.overwritten += 1;
                self.column = self.columns.saturating_sub(columns);
            }
        }
        let cells = &mut self.lines[self.line].cells;
        let width = cells.len().max(self.column + columns);
        cells.resize(width, " ".to_owned());
        cells[self.column] = text.to_owned();
        cells[self.column + 1..self.column + columns].fill(String::new());
        self.column = (self.column + columns).min(self.columns);
    }

    /// Puts marks on the character before the cursor, if there is one.
    fn attach(&mut self, marks: &str) {
        let cells = &mut self.lines[self.line].cells;
        cells.resize(cells.len().max(self.column), " ".to_owned());
        if let Some(cell) = cells[..self.column].iter_mut().rfind(|cell| !cell.is_empty()) {
            cell.push_str(marks);
        }
    }

    /// Obeys the sequence behind an ESC, and returns what follows.
    fn escape<'t>(&mut self, text: &'t str) -> &'t str {
        match text.as_bytes()[0] {
            b'7' => self.saved = (self.line, self.column),
            b'8' => (self.line, self.column) = self.saved,
            b'[' => {
                let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                self.control(&text[1..end], text.as_bytes()[end]);
                return &text[end + 1..];
            }
            other => panic!("ESC {other}"),
        }
        &text[1..]
    }

    fn control(&mut self, parameters: &str, end: u8) {
        let count = parameters.parse().unwrap_or(1);
        match (parameters, end) {
            ("?7", b'h') => self.wraps = true,
            ("?7", b'l') => self.wraps = false,
            (_, b'h' | b'l' | b'm') => {}
            (_, b'A') => self.line = self.line.saturating_sub(count).max(self.top()),
            (_, b'B') => {
                let bottom = self.top() + self.rows - 1;
                self.lines.resize(self.lines.len().max(bottom + 1), Line::default());
                self.line = (self.line + count).min(bottom);
            }
            (_, b'L') => {
                let bottom = self.top() + self.rows;
                let blank = std::iter::repeat_n(Line::default(), count);
                self.lines.splice(self.line..self.line, blank);
                self.lines.truncate(bottom);
            }
            (_, b'C') => self.column = (self.column + count).min(self.columns - 1),
            ("", b'K') => self.lines[self.line].cells.truncate(self.column),
            ("", b'J') => {
                self.lines[self.line].cells.truncate(self.column);
                self.lines[self.line + 1..].fill(Line::default());
            }
            _ => panic!("CSI {parameters} {}", char::from(end)),
        }
        self.lines[self.line].is_wrapped &= !matches!(end, b'K' | b'J');
    }
}
