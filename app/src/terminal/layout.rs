//! Layout: the rows that pending lines and a draft take up on a terminal of some width.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::draft::View;
use super::width::{least_width, most_width};

/// Columns between tab stops.
const TAB: usize = 8;

/// One row: text that is never wider than the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) text: String,
    /// The byte from which on it is no part of the draft: entered, but not sent yet, or about the
    /// connection, or a hint.
    pub(crate) dim_from: Option<usize>,
}

/// Rows, and the cursor in them. There is at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// The row with the cursor.
    pub(crate) cursor_row: usize,
    /// Bytes of that row before the cursor.
    pub(crate) cursor_byte: usize,
}

impl Rows {
    /// Puts a row above all others that says `status`, ASCII, as far as it fits.
    pub(crate) fn put_above(&mut self, status: &str, columns: usize) {
        let text = status.chars().take(columns).collect();
        self.rows.insert(0, Row { text, dim_from: Some(0) });
        self.cursor_row += 1;
    }
}

/// Lays out `pending`, lines that are entered and not sent, and the draft below them.
pub(crate) fn lay_out(pending: &str, draft: &View<'_>, columns: usize) -> Rows {
    let mut pen = Pen::new(columns);
    for line in pending.split_terminator('\n') {
        pen.begin_line(Some(0));
        pen.write(draft.label);
        pen.write(line);
    }
    let mut start = 0;
    for line in draft.text.split('\n') {
        let end = start + line.len();
        pen.begin_line(None);
        pen.write(if start == 0 { &draft.prompt } else { draft.label });
        if (start..=end).contains(&draft.cursor) {
            let (before, after) = line.split_at(draft.cursor - start);
            pen.write(before);
            pen.put_cursor(after);
            pen.write(after);
        } else {
            pen.write(line);
        }
        start = end + 1;
    }
    if draft.text.is_empty() {
        pen.write_hint(draft.hint);
    }
    pen.rows
}

/// Returns how many rows `text` and `more` columns behind it take up at least on a terminal that
/// wraps them.
pub(crate) fn least_height(text: &str, more: usize, columns: usize) -> usize {
    let mut pen = Pen { width: least_width, ..Pen::new(columns) };
    pen.begin_line(None);
    pen.write(text);
    pen.wrap_unless_fits(more);
    pen.rows.rows.len()
}

struct Pen {
    columns: usize,
    /// How many columns a character takes up.
    width: fn(&str) -> usize,
    rows: Rows,
    /// How many columns of the last row are filled.
    column: usize,
}

impl Pen {
    fn new(columns: usize) -> Self {
        Self { columns: columns.max(1), width: most_width, rows: Rows::default(), column: 0 }
    }

    fn begin_line(&mut self, dim_from: Option<usize>) {
        self.rows.rows.push(Row { text: String::new(), dim_from });
        self.column = 0;
    }

    fn begin_row(&mut self) {
        let dim_from = self.rows.rows.last().and_then(|row| row.dim_from);
        self.begin_line(dim_from);
    }

    fn write(&mut self, text: &str) {
        for grapheme in text.graphemes(true) {
            self.pieces(grapheme).for_each(|piece| self.put(piece));
        }
    }

    /// Writes dim text behind all else, if it fits into the row.
    fn write_hint(&mut self, hint: &str) {
        let width: usize = hint.graphemes(true).map(self.width).sum();
        if hint.is_empty() || self.column + width > self.columns {
            return;
        }
        if let Some(row) = self.rows.rows.last_mut() {
            row.dim_from = Some(row.text.len());
        }
        self.write(hint);
    }

    fn put(&mut self, piece: &str) {
        let (shown, width) = self.measure(piece);
        self.wrap_unless_fits(width);
        if let Some(row) = self.rows.rows.last_mut() {
            row.text.push_str(&shown);
        }
        self.column += width;
    }

    /// Splits a grapheme that may be wider than a row, as there is no limit to what may be joined,
    /// into its characters.
    fn pieces<'a>(&self, grapheme: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let is_whole = (self.width)(grapheme) <= self.columns;
        let whole = is_whole.then_some(grapheme).into_iter();
        let parts = if is_whole { "" } else { grapheme };
        whole.chain(parts.char_indices().map(|(at, c)| &parts[at..at + c.len_utf8()]))
    }

    /// Puts the cursor where `after` will be written or, if that is empty, where the next character
    /// would be.
    fn put_cursor(&mut self, after: &str) {
        let next = after.graphemes(true).next().and_then(|next| self.pieces(next).next());
        let (_, width) = self.measure(next.unwrap_or(" "));
        self.wrap_unless_fits(width);
        self.rows.cursor_row = self.rows.rows.len().saturating_sub(1);
        self.rows.cursor_byte = self.rows.rows.last().map_or(0, |row| row.text.len());
    }

    /// Begins a new row if `width` more columns do not fit into this one.
    fn wrap_unless_fits(&mut self, width: usize) {
        if self.column > 0 && self.column + width > self.columns {
            self.begin_row();
        }
    }

    /// Returns what is written for a character, and how many columns that takes up.
    fn measure<'a>(&self, grapheme: &'a str) -> (Cow<'a, str>, usize) {
        if grapheme == "\t" {
            let width = (TAB - self.column % TAB).min(self.columns);
            return (Cow::Owned(" ".repeat(width)), width);
        }
        (Cow::Borrowed(grapheme), (self.width)(grapheme))
    }
}
