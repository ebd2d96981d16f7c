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
//! The draft is never taken away for a new line: a terminal may show its screen after any byte. The
//! screen is scrolled by line feeds at its end, which every terminal keeps in its scrollback; blank
//! rows are inserted where the draft begins now, which brings that back to where it was; and the
//! lines are written into them. The draft itself is written over the one before. What the terminal
//! wraps, and where, is its own business: of a line of which no one can know how many rows it
//! takes up, the most that it can are inserted, and the draft is written anew where it has ended.
//!
//! When a terminal becomes narrower, the number of rows is a guess: it wraps rows or cuts them off,
//! perhaps while a frame for another width is on its way. The guess is the least number: a surplus
//! row of the draft may stay, but no line that was said is erased. When it becomes so low that rows
//! of the draft leave it at the top, they cannot be taken back: they are the draft's one copy.

use std::mem::take;

use super::answers::{Answer, QUESTIONS};
use super::block::Block;
use super::gone::Gone;
use super::height::{Height, fitting, most_columns};
use super::layout::{Row, Rows, least_height};
use super::size::Size;
use super::width::may_be_mark;

/// Begins and ends synchronized output (mode 2026).
const BEGIN: &str = "\x1b[?2026h";
const SHOW: &str = "\x1b[?2026l";
/// Moves the cursor down a row, and scrolls at the screen's end: a vertical tab, which terminals
/// take for a line feed since the VT100. The system passes it on as it is, at half the price of a
/// line feed, which it would process as for any program.
const DOWN: char = '\x0b';
const CLEAR_ROW: &str = "\x1b[K";
/// Clears all behind the cursor, and below it.
const CLEAR_REST: &str = "\x1b[J";
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

/// Rows of lines that are inserted at once, if there is room for them: by so many the draft is
/// moved up and down again. More would be seen on terminals that do not synchronize their output;
/// fewer would be more to write for each line.
const STEP: usize = 8;

/// Most bytes of lines of a frame that is written into any terminal before it shows its screen. In
/// a larger one, a line higher than the screen is broken into several, so that the draft stands.
const CALM: usize = 8 * 1024;

/// Gives a terminal that has been painted on back as it was found.
pub(crate) const RELEASE: &str = "\x1b[?7h\x1b[?2004l";

/// Knows what stands on the terminal and can still change.
pub(crate) struct Painter {
    size: Size,
    /// Whether the terminal rewraps rows that have become too wide for it.
    reflows: bool,
    /// Whether it shows nothing of a frame before the frame's end.
    synchronizes: bool,
    /// What is written before and after dim text.
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
    /// Bytes of the rows before that.
    before_shown: usize,
    /// What has left the screen at its top.
    gone: Option<Gone>,
    has_begun: bool,
    /// Whether it is uncertain what stands where `painted` should: it is cleared first.
    is_torn: bool,
    /// Whether the next frame rings the bell.
    rings: bool,
    /// Whether the next frame clears the screen.
    clears: bool,
    /// Whether the next frame asks the terminal what it is.
    asks: bool,
}

impl Painter {
    pub(crate) fn new(size: Size, reflows: bool, dim: (&'static str, &'static str)) -> Self {
        Self {
            size,
            reflows,
            synchronizes: false,
            dim,
            painted: Vec::new(),
            cursor_row: 0,
            cursor_byte: 0,
            cursor_below: 0,
            first_shown: 0,
            before_shown: 0,
            gone: None,
            has_begun: false,
            is_torn: true,
            rings: false,
            clears: false,
            asks: false,
        }
    }

    /// Returns the number of columns to lay out rows for.
    pub(crate) fn columns(&self) -> usize {
        self.size.columns
    }

    /// The terminal has this size now, and has done with its rows what it does.
    pub(crate) fn resize(&mut self, size: Size) {
        if size == self.size {
            return;
        }
        let is_narrower = size.columns < self.size.columns;
        self.size = size;
        self.is_torn = true;
        let rewraps = self.reflows && is_narrower;
        if rewraps {
            self.cursor_below = self.reflowed();
        }
        self.note_gone(rewraps);
    }

    /// Returns how many rows, at least, are above the cursor's once the terminal has rewrapped
    /// those that have become too wide for it.
    fn reflowed(&self) -> usize {
        let columns = self.size.columns;
        let above = self.painted.iter().take(self.cursor_row);
        let above: usize = above.map(|row| rewrapped(row, columns)).sum();
        // Terminals differ in where they leave the cursor if it is behind the text, or on a wide
        // character that is wrapped.
        let own =
            self.painted.get(self.cursor_row).map_or("", |row| row.text.trim_end_matches(' '));
        let (before, after) = own.split_at_checked(self.cursor_byte).unwrap_or((own, ""));
        above + least_height(before, usize::from(!after.is_empty()), columns) - 1
    }

    /// Notes which rows have left the screen at its top, as every terminal keeps the cursor on it.
    fn note_gone(&mut self, rewraps: bool) {
        let lost = self.cursor_below.saturating_sub(self.size.rows.saturating_sub(1));
        self.cursor_below -= lost;
        let columns = self.size.columns;
        let height = |row: &Row| if rewraps { rewrapped(row, columns) } else { 1 };
        if let Some(gone) = Gone::of(&self.painted, self.before_shown, lost, height) {
            self.gone = Some(gone);
        }
    }

    /// The terminal is as another program left it: the draft begins anew where the cursor is.
    pub(crate) fn forget(&mut self) {
        self.painted.clear();
        self.cursor_below = 0;
        self.gone = None;
        self.has_begun = false;
        self.is_torn = true;
    }

    /// Rings the terminal's bell with the next frame.
    pub(crate) fn ring(&mut self) {
        self.rings = true;
    }

    /// Clears the screen with the next frame.
    pub(crate) fn clear(&mut self) {
        self.clears = true;
    }

    /// Asks the terminal what it is with the next frame.
    pub(crate) fn ask(&mut self) {
        self.asks = true;
    }

    /// The terminal has sent a report. Returns whether that was the last of its answers.
    pub(crate) fn heed(&mut self, report: &str) -> bool {
        match Answer::read(report) {
            Some(Answer::Reflows(reflows)) => self.reflows = reflows,
            Some(Answer::Synchronizes(synchronizes)) => self.synchronizes = synchronizes,
            Some(Answer::Last) => return true,
            None => {}
        }
        false
    }

    /// Returns what to write so that `above`, lines as they are to be shown, each with its newline,
    /// stands above `rows`.
    pub(crate) fn frame(&mut self, above: &str, rows: &Rows) -> Vec<u8> {
        let mut frame = String::with_capacity(above.len() + above.len() / 2 + 512);
        let synchronizes = self.synchronizes;
        frame.push_str(if synchronizes { BEGIN } else { "" });
        if !self.has_begun {
            self.has_begun = true;
            frame.push_str(PASTE_MARKED);
        }
        if take(&mut self.asks) {
            frame.push_str(QUESTIONS);
            self.is_torn = true;
        }
        frame.push_str(if take(&mut self.rings) { BELL } else { "" });
        if take(&mut self.clears) {
            frame.push_str(CLEAR_SCREEN);
            self.painted.clear();
            self.cursor_below = 0;
            self.is_torn = false;
        }
        self.paint(rows, &mut frame);
        self.insert(above, &mut frame);
        self.place_cursor(rows, &mut frame);
        frame.push_str(if synchronizes { SHOW } else { "" });
        frame.into_bytes()
    }

    /// Returns what to write to take the draft away and leave the terminal as it was found.
    pub(crate) fn withdraw(&mut self) -> Vec<u8> {
        let mut frame = String::new();
        self.go_to(0, &mut frame);
        frame.push_str(CLEAR_BELOW);
        frame.push_str(PASTE_PLAIN);
        self.forget();
        frame.into_bytes()
    }

    /// Writes the draft over what stands there of it, if it has changed.
    fn paint(&mut self, rows: &Rows, frame: &mut String) {
        let shown = self.choose(rows);
        if take(&mut self.is_torn) {
            self.go_to(0, frame);
            frame.push_str(CLEAR_BELOW);
            self.painted.clear();
        } else if shown == self.painted {
            return;
        }
        let shown = shown.to_vec();
        self.write_over(shown, frame);
    }

    /// Writes `rows` from where the painted ones begin, and clears those that are left of these.
    fn write_over(&mut self, rows: Vec<Row>, frame: &mut String) {
        self.go_to(0, frame);
        let height = rows.len().max(self.painted.len());
        let (dim, plain) = self.dim;
        let (no_wrap, wrap) = self.wrapping();
        frame.push_str(no_wrap);
        for index in 0..height {
            if index > 0 {
                frame.extend(['\r', DOWN]);
            }
            let Some(row) = rows.get(index) else {
                frame.push_str(CLEAR_ROW);
                continue;
            };
            // Terminals differ in what they do with blanks at a row's end when they rewrap it.
            let text = row.text.trim_end_matches(' ');
            // Behind a text that fills the row, a terminal would clear the last character.
            let fills = most_columns(text) >= self.size.columns;
            frame.push_str(if fills { CLEAR_ROW } else { "" });
            match row.dim_from.and_then(|from| text.split_at_checked(from)) {
                Some((before, rest)) => frame.extend([before, dim, rest, plain]),
                None => frame.push_str(text),
            }
            frame.push_str(if fills { "" } else { CLEAR_ROW });
        }
        frame.push_str(wrap);
        self.cursor_below = height.saturating_sub(1);
        self.painted = rows;
    }

    /// Writes lines above the draft.
    fn insert(&mut self, above: &str, frame: &mut String) {
        let columns = self.size.columns;
        let room = self.size.rows.saturating_sub(self.painted.len());
        let mut block = Block::default();
        for line in above.split_terminator('\n') {
            let height = Height::of(line, columns);
            if height.most <= room {
                if block.rows + height.most > room.min(STEP) {
                    self.insert_block(&mut block, frame);
                }
                block.add(line, height);
                continue;
            }
            self.insert_block(&mut block, frame);
            if above.len() <= CALM || room == 0 {
                self.insert_tall(line, frame);
                continue;
            }
            let mut rest = line;
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(fitting(rest, columns, room));
                block.add(piece, Height::of(piece, columns));
                self.insert_block(&mut block, frame);
                rest = after;
            }
        }
        self.insert_block(&mut block, frame);
        if !above.is_empty() {
            // The same once more: on a terminal that has become narrower, and has not said so yet,
            // it is as high now as what is wrapped anew.
            let rows = take(&mut self.painted);
            self.write_over(rows, frame);
        }
    }

    fn insert_block(&mut self, block: &mut Block<'_>, frame: &mut String) {
        let Block { lines, rows, is_certain } = take(block);
        if lines.is_empty() {
            return;
        }
        let last = self.painted.len().saturating_sub(1);
        self.go_to(last + rows, frame);
        self.go_to(0, frame);
        frame.push_str(&csi(rows, 'L'));
        for (line, has_space) in lines {
            frame.push_str(line);
            // A terminal that has become narrower, and has not said so yet, may have wrapped it into
            // the draft, of which nothing must stand behind it.
            frame.push_str(if has_space { CLEAR_ROW } else { "" });
            frame.extend(['\r', DOWN]);
        }
        if !is_certain {
            self.write_anew(frame);
        }
    }

    /// Writes a line that is higher than the screen has room for.
    fn insert_tall(&mut self, line: &str, frame: &mut String) {
        self.go_to(0, frame);
        frame.push_str(CLEAR_BELOW);
        frame.push_str(line);
        frame.extend(['\r', DOWN]);
        let rows = take(&mut self.painted);
        self.write_over(rows, frame);
    }

    /// Writes the draft where the cursor is, and clears what is below, which may be an older one.
    fn write_anew(&mut self, frame: &mut String) {
        let rows = take(&mut self.painted);
        self.write_over(rows, frame);
        // No sequence that moves the cursor tells whether there is a row below.
        frame.extend(['\r', DOWN]);
        frame.push_str(CLEAR_REST);
        self.cursor_below += 1;
    }

    fn place_cursor(&mut self, rows: &Rows, frame: &mut String) {
        self.cursor_row = rows.cursor_row - self.first_shown;
        self.cursor_byte = rows.cursor_byte;
        self.go_to(self.cursor_row, frame);
        let (no_wrap, wrap) = self.wrapping();
        frame.push_str(no_wrap);
        let own = self.painted.get(self.cursor_row).map_or("", |row| row.text.as_str());
        let (before, after) = own.split_at_checked(self.cursor_byte).unwrap_or((own, ""));
        if may_be_mark(after) {
            // It may be shown in the place before it, so that is not written without it.
            [before, KEEP, after, BACK].into_iter().for_each(|text| frame.push_str(text));
        } else {
            let text = before.trim_end_matches(' ');
            frame.push_str(text);
            frame.push_str(&moved(before.len() - text.len(), 'C'));
        }
        frame.push_str(wrap);
    }

    /// Returns what is written before and after text that must not be wrapped.
    fn wrapping(&self) -> (&'static str, &'static str) {
        if self.reflows { ("", "") } else { (NO_WRAP, WRAP) }
    }

    /// Moves the cursor to the beginning of a row among those that are painted, or below them.
    ///
    /// Down by line feeds, which never stop at the screen's end: rows are counted from where the
    /// last line ended, even if that took up more rows than it should, as on a terminal that has
    /// become narrower and has not said so yet. So no way back leads into what was said.
    fn go_to(&mut self, row: usize, frame: &mut String) {
        frame.push('\r');
        frame.push_str(&moved(self.cursor_below.saturating_sub(row), 'A'));
        (self.cursor_below..row).for_each(|_| frame.push(DOWN));
        self.cursor_below = row;
    }

    /// Chooses the rows that are shown: all, or as many as fit into half the screen, among them the
    /// cursor's, but none before it that stands above the screen.
    fn choose<'a>(&mut self, rows: &'a Rows) -> &'a [Row] {
        let count = rows.rows.len();
        let fit = (self.size.rows / 2).max(1);
        let last_first = count.saturating_sub(fit);
        let gone = self.gone.as_ref().map_or(0, |gone| gone.count(&rows.rows));
        self.first_shown = self
            .first_shown
            .clamp(
                (rows.cursor_row + 1).saturating_sub(fit).min(last_first),
                rows.cursor_row.min(last_first),
            )
            .max(gone.min(rows.cursor_row));
        if gone == 0 || self.first_shown < gone {
            self.gone = None;
        }
        let (hidden, rest) = rows.rows.split_at(self.first_shown);
        self.before_shown = hidden.iter().map(|row| row.text.len()).sum();
        &rest[..rest.len().min(fit)]
    }
}

/// Returns how many rows, at least, a row becomes that has become too wide.
fn rewrapped(row: &Row, columns: usize) -> usize {
    least_height(row.text.trim_end_matches(' '), 0, columns)
}

/// Returns what moves the cursor by so many rows or columns; `A` is up, `C` right.
fn moved(by: usize, direction: char) -> String {
    if by == 0 { String::new() } else { csi(by, direction) }
}

fn csi(count: usize, last: char) -> String {
    format!("\x1b[{count}{last}")
}
