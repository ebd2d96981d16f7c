//! Painting: what is written to a terminal so that new lines stand above the draft.
//!
//! What the terminal shows of the draft is known row by row. Each row ends with a line feed instead
//! of being wrapped by the terminal; it is laid out for the widest that terminals take a character
//! for, so that none of them wraps it otherwise than meant. The cursor is brought to its place by
//! writing what stands before it once more, so that the terminal itself measures that.
//!
//! When a terminal becomes narrower, how many rows there are is a guess: it wraps rows or cuts them
//! off, maybe with a frame on its way that was made for another width. The least is guessed: rather
//! a row of the draft too many stays than a line of what was said goes.

use std::mem::take;

use super::layout::{Row, Rows, least_height};
use super::size::Size;

/// Take what follows at once (`?2026`, which terminals without it ignore), or show it now.
const BEGIN: &str = "\x1b[?2026h";
const SHOW: &str = "\x1b[?2026l";
/// Clears the row that the cursor is at the beginning of, and all below. Not all in one: tmux takes
/// that, in the topmost row, for clearing the screen, and copies it into its scrollback first.
const CLEAR_BELOW: &str = "\x1b[K\x1b7\x1b[B\x1b[J\x1b8";
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J";
const PASTE_MARKED: &str = "\x1b[?2004h";
const PASTE_PLAIN: &str = "\x1b[?2004l";
const BELL: &str = "\x07";

/// Gives a terminal that has been painted on back as it was found.
pub(crate) const RELEASE: &str = PASTE_PLAIN;

/// Knows what stands on the terminal of what can still change.
pub(crate) struct Painter {
    size: Size,
    /// Whether the terminal wraps rows that have become too wide for it.
    reflows: bool,
    /// What stands before and after what is pending.
    dim: (&'static str, &'static str),
    /// The rows that stand there.
    painted: Vec<Row>,
    /// The cursor's row among them, from the first.
    cursor_row: usize,
    /// Bytes of it before the cursor.
    cursor_byte: usize,
    /// Rows that the cursor is below the first that stands there.
    cursor_below: usize,
    /// The first row of the draft that is shown, if not all of them fit.
    first_shown: usize,
    has_begun: bool,
    /// Whether the next frame rings the bell, and whether it clears the screen.
    rings: bool,
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

    /// Columns to lay out rows for.
    pub(crate) fn columns(&self) -> usize {
        self.size.columns
    }

    /// The terminal has this size now. What stands there stands as it has left it.
    pub(crate) fn resize(&mut self, size: Size) {
        let is_narrower = size.columns < self.size.columns;
        self.size = size;
        if self.reflows && is_narrower {
            self.cursor_below = self.reflowed();
        }
    }

    /// Rows between the first that stands there and the cursor's if the terminal has wrapped those
    /// that have become too wide for it; at least so many.
    fn reflowed(&self) -> usize {
        let columns = self.size.columns;
        let above = self.painted.iter().take(self.cursor_row);
        let above: usize =
            above.map(|row| least_height(row.text.trim_end_matches(' '), 0, columns)).sum();
        // Behind the text, or on a wide character that is wrapped, terminals differ in where they
        // leave the cursor.
        let own =
            self.painted.get(self.cursor_row).map_or("", |row| row.text.trim_end_matches(' '));
        let (before, after) = own.split_at_checked(self.cursor_byte).unwrap_or((own, ""));
        above + least_height(before, usize::from(!after.is_empty()), columns) - 1
    }

    /// The terminal is as another program has left it: the draft begins anew where the cursor is.
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

    /// What to write so that `above`, whole lines as they are to be shown, stands above `rows`.
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

    /// What to write so that the draft goes and the terminal is as it was found.
    pub(crate) fn withdraw(&mut self) -> Vec<u8> {
        let frame = format!("\r{}{CLEAR_BELOW}{PASTE_PLAIN}", moved(self.cursor_below, 'A'));
        self.forget();
        frame.into_bytes()
    }

    /// What to write so that the draft stays, `farewell` stands below it, and the terminal is as it
    /// was found.
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
        for (index, row) in shown.iter().enumerate() {
            if index > 0 {
                push("\r\n");
            }
            // Terminals differ in what they do with blanks at a row's end when they wrap it anew.
            let text = row.text.trim_end_matches(' ');
            match row.is_pending {
                true => [dim, text, plain].into_iter().for_each(&mut push),
                false => push(text),
            }
        }
        let cursor_row = rows.cursor_row - self.first_shown;
        push("\r");
        push(&moved(shown.len() - 1 - cursor_row, 'A'));
        let before = shown.get(cursor_row).and_then(|row| row.text.get(..rows.cursor_byte));
        let before = before.unwrap_or_default();
        let text = before.trim_end_matches(' ');
        push(text);
        push(&moved(before.len() - text.len(), 'C'));
        self.painted = shown.to_vec();
        self.cursor_row = cursor_row;
        self.cursor_byte = rows.cursor_byte;
        self.cursor_below = cursor_row;
    }

    /// The rows that are shown: all, or as many as fit into half the screen, with the cursor.
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

/// Moves the cursor by so many rows or columns; `A` is up, `B` down, `C` right.
fn moved(by: usize, direction: char) -> String {
    if by == 0 { String::new() } else { format!("\x1b[{by}{direction}") }
}
