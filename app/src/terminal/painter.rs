//! Painting: what is written to a terminal so that new lines stand above the draft.
//!
//! What the terminal shows of the draft is known row by row. Each row ends with a line feed instead
//! of being wrapped by the terminal; it is laid out for the greatest width that any known terminal
//! gives a character, so that none of them wraps it anywhere else. Where that can be had, wrapping
//! is off while it is written: on a terminal that gives a character more, or is narrower than one,
//! the row's end is overwritten, and it is still one row. What was said is the terminal's to wrap;
//! each line of it ends with a line feed, so that the draft begins at the beginning of a row,
//! whichever that is. The cursor is moved to its place by writing the text before it once more, so
//! that the terminal itself measures that text.
//!
//! When a terminal becomes narrower, the number of rows is a guess: it wraps rows or cuts them off,
//! perhaps while a frame for another width is on its way. The guess is the least number: a surplus
//! row of the draft may stay, but no line that was said is erased.

use std::mem::take;

use super::layout::{Row, Rows, least_height};
use super::size::Size;
use super::width::may_be_mark;

/// Begins and ends synchronized output (mode 2026, which terminals without it ignore).
const BEGIN: &str = "\x1b[?2026h";
const SHOW: &str = "\x1b[?2026l";
/// Clears the row at whose beginning the cursor is, and all below. Not in one sequence: in the
/// topmost row tmux takes that for clearing the screen, and first copies the screen into its
/// scrollback.
const CLEAR_BELOW: &str = "\x1b[K\x1b7\x1b[B\x1b[J\x1b8";
/// Keep the cursor's place and go back to it.
const KEEP: &str = "\x1b7";
const BACK: &str = "\x1b8";
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J";
/// Whether the terminal wraps what is wider than a row (DECAWM). A terminal that rewraps rows always
/// does: what is written for its old width just after it has become narrower must be as high as what
/// was rewrapped, or it would not be known what to take away.
const WRAP: &str = "\x1b[?7h";
const NO_WRAP: &str = "\x1b[?7l";
const PASTE_MARKED: &str = "\x1b[?2004h";
const PASTE_PLAIN: &str = "\x1b[?2004l";
const BELL: &str = "\x07";

/// Gives a terminal that has been painted on back as it was found.
pub(crate) const RELEASE: &str = "\x1b[?7h\x1b[?2004l";

/// Knows what stands on the terminal and can still change.
pub(crate) struct Painter {
    size: Size,
    /// Whether the terminal rewraps rows that have become too wide for it.
    reflows: bool,
    /// What is written before and after pending text.
    dim: (&'static str, &'static str),
    /// The rows on the terminal.
    painted: Vec<Row>,
    /// The cursor's row among them.
    cursor_row: usize,
    /// Bytes of that row before the cursor.
    cursor_byte: usize,
    /// How many rows below the first of them the cursor is on the terminal.
    cursor_below: usize,
    /// The first row of the draft that is shown, if not all of them fit.
    first_shown: usize,
    has_begun: bool,
    /// Whether the next frame rings the bell.
    rings: bool,
    /// Whether the next frame clears the screen.
    clears: bool,
}

impl Painter {
    pub(crate) fn new(size: Size, reflows: bool, dim: (&'static str, &'static str)) -> Self {
        Self {
            size,
            reflows,
            dim,
            painted: Vec::new(),
            cursor_row: 0,
            cursor_byte: 0,
            cursor_below: 0,
            first_shown: 0,
            has_begun: false,
            rings: false,
            clears: false,
        }
    }

    /// Returns the number of columns to lay out rows for.
    pub(crate) fn columns(&self) -> usize {
        self.size.columns
    }

    /// The terminal has this size now, and has done with its rows what it does.
    pub(crate) fn resize(&mut self, size: Size) {
        let is_narrower = size.columns < self.size.columns;
        self.size = size;
        if self.reflows && is_narrower {
            self.cursor_below = self.reflowed();
        }
    }

    /// Returns how many rows, at least, are above the cursor's once the terminal has rewrapped
    /// those that have become too wide for it.
    fn reflowed(&self) -> usize {
        let columns = self.size.columns;
        let above = self.painted.iter().take(self.cursor_row);
        let above: usize =
            above.map(|row| least_height(row.text.trim_end_matches(' '), 0, columns)).sum();
        // Terminals differ in where they leave the cursor if it is behind the text, or on a wide
        // character that is wrapped.
        let own =
            self.painted.get(self.cursor_row).map_or("", |row| row.text.trim_end_matches(' '));
        let (before, after) = own.split_at_checked(self.cursor_byte).unwrap_or((own, ""));
        above + least_height(before, usize::from(!after.is_empty()), columns) - 1
    }

    /// The terminal is as another program left it: the draft begins anew where the cursor is.
    pub(crate) fn forget(&mut self) {
        self.painted.clear();
        self.cursor_below = 0;
        self.has_begun = false;
    }

    /// Rings the terminal's bell with the next frame.
    pub(crate) fn ring(&mut self) {
        self.rings = true;
    }

    /// Clears the screen with the next frame.
    pub(crate) fn clear(&mut self) {
        self.clears = true;
    }

    /// Returns what to write so that `above`, whole lines as they are to be shown, stands above
    /// `rows`.
    pub(crate) fn frame(&mut self, above: &[u8], rows: &Rows) -> Vec<u8> {
        let mut frame = Vec::with_capacity(above.len() + 512);
        let mut push = |text: &str| frame.extend_from_slice(text.as_bytes());
        push(BEGIN);
        if !self.has_begun {
            self.has_begun = true;
            push(PASTE_MARKED);
        }
        push("\r");
        push(&moved(self.cursor_below, 'A'));
        push(if take(&mut self.rings) { BELL } else { "" });
        push(if take(&mut self.clears) { CLEAR_SCREEN } else { CLEAR_BELOW });
        frame.extend_from_slice(above);
        self.paint(rows, &mut frame);
        frame.extend_from_slice(SHOW.as_bytes());
        frame
    }

    /// Returns what to write to take the draft away and leave the terminal as it was found.
    pub(crate) fn withdraw(&mut self) -> Vec<u8> {
        let frame = format!("\r{}{CLEAR_BELOW}{PASTE_PLAIN}", moved(self.cursor_below, 'A'));
        self.forget();
        frame.into_bytes()
    }

    /// Returns what to write to keep the draft, with `farewell` below it, and leave the terminal as
    /// it was found.
    pub(crate) fn farewell(&mut self, farewell: &str) -> Vec<u8> {
        let mut frame = moved(self.painted.len().saturating_sub(self.cursor_row + 1), 'B');
        frame.push_str(&farewell.replace('\n', "\r\n"));
        frame.push_str(PASTE_PLAIN);
        self.forget();
        frame.into_bytes()
    }

    fn paint(&mut self, rows: &Rows, frame: &mut Vec<u8>) {
        let shown = self.choose(rows);
        let (dim, plain) = self.dim;
        let mut push = |text: &str| frame.extend_from_slice(text.as_bytes());
        let (no_wrap, wrap) = if self.reflows { ("", "") } else { (NO_WRAP, WRAP) };
        push(no_wrap);
        for (index, row) in shown.iter().enumerate() {
            if index > 0 {
                push("\r\n");
            }
            // Terminals differ in what they do with blanks at a row's end when they rewrap it.
            let text = row.text.trim_end_matches(' ');
            match row.is_pending {
                true => [dim, text, plain].into_iter().for_each(&mut push),
                false => push(text),
            }
        }
        let cursor_row = rows.cursor_row - self.first_shown;
        push("\r");
        push(&moved(shown.len() - 1 - cursor_row, 'A'));
        let own = shown.get(cursor_row).map_or("", |row| row.text.as_str());
        let (before, after) = own.split_at_checked(rows.cursor_byte).unwrap_or((own, ""));
        if may_be_mark(after) {
            // It may be shown in the place before it, so that is not written without it.
            [before, KEEP, after, BACK].into_iter().for_each(&mut push);
        } else {
            let text = before.trim_end_matches(' ');
            push(text);
            push(&moved(before.len() - text.len(), 'C'));
        }
        push(wrap);
        self.painted = shown.to_vec();
        self.cursor_row = cursor_row;
        self.cursor_byte = rows.cursor_byte;
        self.cursor_below = cursor_row;
    }

    /// Chooses the rows that are shown: all, or as many as fit into half the screen, among them the
    /// cursor's.
    fn choose<'a>(&mut self, rows: &'a Rows) -> &'a [Row] {
        let count = rows.rows.len();
        let fit = (self.size.rows / 2).max(1);
        let last_first = count.saturating_sub(fit);
        self.first_shown = self.first_shown.clamp(
            (rows.cursor_row + 1).saturating_sub(fit).min(last_first),
            rows.cursor_row.min(last_first),
        );
        &rows.rows[self.first_shown..(self.first_shown + fit).min(count)]
    }
}

/// Returns what moves the cursor by so many rows or columns; `A` is up, `B` down, `C` right.
fn moved(by: usize, direction: char) -> String {
    if by == 0 { String::new() } else { format!("\x1b[{by}{direction}") }
}
